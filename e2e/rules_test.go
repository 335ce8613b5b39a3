package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestChangeTheRules: a tutor finds a rule, tries a sentence, writes a rule of the service's own, tries it on what is kept and asks; another approves on another
// instance; what somebody says on either is read by it at once, without a restart; and one goes back.
func TestChangeTheRules(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2)
	here, there := c.instances[0], c.instances[1]
	marta := signIn(t, there, "localhost", "Marta")
	goOn(t, signIn(t, there, "localhost", "Teresa"))
	goOn(t, marta)
	k := meet(t, enter(t, here), marta, nil)
	k.guest.post(t, k.room, "la lanterna del cortile è proprio spenta per me")
	db := c.connect(t)
	alarms := func() (n int) {
		require.NoError(t, db.QueryRow(t.Context(), `select count(*) from moderation_escalations where state <> 'closed' and subject_id = $1`, k.room).Scan(&n))
		return n
	}
	require.Zero(t, alarms())

	ch := newChromium(t)
	tommaso := ch.open(t, "Tommaso", here, manner{width: 360})
	tommaso.signIn("Tommaso")
	tommaso.visit("/rules")
	tommaso.find("#q").fill("want_die it.")
	tommaso.button(tommaso.text("rules.find_button")).click()
	tommaso.find(".rules-list").says("it.suicide.want_die")
	tommaso.accessible()
	tommaso.picture("rules-found")
	tommaso.link("it.suicide.want_die").click()
	tommaso.find("h1").reads("it.suicide.want_die")
	tommaso.accessible()
	tommaso.picture("rules-section")
	tommaso.link(tommaso.text("rules.back")).click()
	tommaso.link(tommaso.text("rules.to_new")).click()
	rule := "rule own.lanterna\n  level red\n  category suicide\n  owner clinica\n  match lanterna ..3 spenta\n  + la lanterna è spenta\n  - la lanterna è accesa\n"
	tommaso.field(tommaso.text("rules.text")).fill(strings.Replace(rule, "è accesa", "è spenta", 1))
	tommaso.button(tommaso.text("rules.save")).click()
	tommaso.find(".rules-wrong").says("own.lanterna")
	tommaso.accessible()
	tommaso.picture("rules-wrong")
	tommaso.field(tommaso.text("rules.text")).fill(rule)
	tommaso.button(tommaso.text("rules.save")).focus()
	tommaso.press("Enter")
	tommaso.find("main").says(tommaso.text("done.rules_saved"))
	tommaso.visit("/rules/try")
	tommaso.field(tommaso.text("rules.try_text")).fill("La lanterna ormai è spenta.")
	tommaso.button(tommaso.text("rules.try_button")).click()
	tommaso.find(".rules-tried mark").says("lanterna ormai è spenta")
	tommaso.accessible()
	tommaso.picture("rules-try")
	tommaso.visit("/rules")
	tommaso.button(tommaso.text("rules.trial")).click()
	tommaso.find(".rules-table tbody tr:first-child td").first().reads("1")
	tommaso.accessible()
	tommaso.picture("rules-trial")
	tommaso.forgive("422")
	tommaso.button(tommaso.text("rules.ask")).click()
	tommaso.find(".error-summary").says(tommaso.text("rules.why_missing"))
	tommaso.field(tommaso.text("rules.why")).fill("Da noi si dice così, e vuol dire che non ce la si fa più.")
	tommaso.button(tommaso.text("rules.ask")).click()
	tommaso.find("main").says(tommaso.text("rules.second"))

	teresa := ch.open(t, "Teresa", there, manner{dark: true, language: "en"})
	teresa.signIn("Teresa")
	teresa.visit("/rules")
	teresa.find("main").says("Da noi si dice così")
	teresa.accessible()
	teresa.picture("rules-asked")
	teresa.button(teresa.text("rules.approve")).click()
	teresa.find("main").says(teresa.text("done.rules_active"))
	teresa.accessible()
	teresa.picture("rules-active")

	// Said at the other instance, which has not been told, and was not restarted.
	require.Eventually(t, func() bool {
		k.guest.post(t, k.room, "la lanterna del cortile è proprio spenta, vedi")
		return alarms() == 1
	}, 20*time.Second, 500*time.Millisecond)
	var unread int
	require.NoError(t, db.QueryRow(t.Context(), `select count(*) from chat_messages where level = -1`).Scan(&unread))
	require.Zero(t, unread, "no text went unread meanwhile")
	teresa.visit("/rules")
	teresa.button(teresa.text("rules.return_program")).click()
	teresa.find("main").says(teresa.text("done.rules_returned"))
	teresa.find("main").says(teresa.text("rules.now_program"))
	c.holdInvariants(t)
}
