package e2e

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestNothingTypedIsLost: a report of danger shows its clock in the queue that is open; what a moderator writes keeps it theirs, and comes back when it did not; what a
// tutor writes about an alert stays though a colleague takes it over meanwhile.
func TestNothingTypedIsLost(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2)
	here, there := c.instances[0], c.instances[1]
	conn := c.connect(t)
	ch := newChromium(t)
	signIn(t, here, "localhost", "Amelia").holds(t, "0")
	tommaso := ch.open(t, "Tommaso", here, manner{})
	tommaso.signIn("Tommaso")
	tommaso.goOn()
	tommaso.visit("/moderation")
	tommaso.awaitLine()
	long := "Una giornata molto lunga da raccontare, e più difficile di tutte quelle di prima"
	thread := signIn(t, here, "localhost", "Vento di lago").opens(t, long, strings.Repeat("Non so più da che parte girarmi. ", 20))
	reader := signIn(t, there, "localhost", "Girasole")
	reader.open(t, reader.open(t, thread).href(t, `.post-actions a[href*="/report/post/"]`)).form(t, `form[action*="/report/"]`).fill(t, "reason", "danger").submit(t)
	tommaso.find(".queue .badge-red").seen() // without a reload
	tommaso.find(".queue [data-left]").seen()
	tommaso.inspect("case-queue")
	tommaso.link(long).click()
	tommaso.button(tommaso.text("moderation.claim")).click()
	tommaso.find("[data-claim-state]").says(tommaso.text("moderation.held_working"))
	tommaso.find("input[name=decision][value=hide]").check()
	words := strings.TrimSpace(strings.Repeat("Parla di un'altra persona e la offende, con parole che fanno male a chi legge. ", 6))
	tommaso.find("textarea[name=statement]").fill(words)
	tommaso.inspect("case-mine")
	_, err := conn.Exec(t.Context(), `update moderation_cases set claimed_until = now()`)
	require.NoError(t, err)
	tommaso.forgive("422")
	tommaso.button(tommaso.text("moderation.decide")).click()
	tommaso.find("textarea[name=statement]").holds(words)
	tommaso.inspect("case-over")
	tommaso.button(tommaso.text("moderation.claim_again")).click()
	tommaso.find("textarea[name=statement]").holds(words)
	_, err = conn.Exec(t.Context(), `update moderation_cases set claimed_until = now(), due_at = now()`)
	require.NoError(t, err)

	// Nobody is at it: it is an alert, and leads back.
	teresa := signIn(t, there, "localhost", "Teresa")
	goOn(t, teresa)
	tommaso.visit("/console")
	tommaso.button(tommaso.text("console.acknowledge")).click()
	tommaso.link(tommaso.text("moderation.to_case")).seen()
	tommaso.find("textarea[name=note]").fill("Ho scritto alla persona e sta meglio.")
	tommaso.find("textarea[name=protective]").fill("La sorella è con lei.")
	tommaso.inspect("case-alert")
	alert := tommaso.path()
	second := signIn(t, there, "localhost", "Tommaso")
	opened := second.open(t, alert)
	opened.form(t, `form[action$="/hand-over"]`).fill(t, "to", opened.doc.Find("input[name=to]").AttrOr("value", "")).submit(t)
	tommaso.forgive("404") // the alert is not his any more
	teresa.open(t, alert).form(t, `.opened form[action$="/take-over"]`).submit(t)
	tommaso.find(".stays").seen() // without a reload
	tommaso.find("textarea[name=note]").holds("Ho scritto alla persona e sta meglio.")
	tommaso.inspect("case-stays")
	c.holdInvariants(t)
}
