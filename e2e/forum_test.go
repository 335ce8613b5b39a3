package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestForumStoryWithoutJavaScript: somebody writes, somebody reports, a moderator reads and decides, and both are told. All
// of it with scripts switched off.
func TestForumStoryWithoutJavaScript(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1)
	at := c.instances[0]
	ch := newChromium(t)
	plain := manner{withoutJS: true}
	signIn(t, at, "localhost", "Amelia").holds(t, "0")

	author := ch.open(t, "the author", at, plain)
	author.signIn("Vento di lago")
	author.visit("/forum/categories/giorno-per-giorno")
	author.link(author.text("forum.open_thread")).click()
	author.field(author.text("forum.title_label")).fill("Il numero della mia vicina")
	author.field(author.text("forum.text_label")).fill("Chi **non dorme** può chiamare la mia vicina:\n\n- ha tempo\n- sta al 333 1234567\n\n<script>alert(1)</script>")
	author.button(author.text("forum.publish")).click()
	author.arrive(`/forum/threads/[^/]+`)
	author.find(".post-text strong").reads("non dorme")
	author.find(".post-text li").reads("ha tempo", "sta al 333 1234567")
	require.Zero(t, author.find(".post-text script").count())
	thread := author.path()

	reporter := ch.open(t, "the reporter", at, plain)
	reporter.signIn("Girasole")
	reporter.visit(thread)
	reporter.find(".post-actions a[href*='/report/']").click()
	reporter.field(reporter.text("moderation.reason_privacy")).check()
	reporter.field(reporter.text("moderation.report_note")).fill("È il telefono di una persona che non sa niente")
	reporter.button(reporter.text("moderation.report")).click()
	reporter.find("h1").says(reporter.text("moderation.reported_title"))

	marta := ch.open(t, "Marta", at, plain)
	marta.forgive("status of 422") // the form that comes back
	marta.signIn("Marta")
	marta.visit("/moderation")
	marta.link("Il numero della mia vicina").click()
	marta.find("main").says("È il telefono di una persona che non sa niente")
	require.NotContains(t, marta.find("main").inner(), "Girasole", "who reports is not shown")
	marta.button(marta.text("moderation.claim")).click()

	// A decision without a reason comes back, with what is missing said first.
	marta.find("input[name=decision][value=hide]").check()
	marta.button(marta.text("moderation.decide")).click()
	marta.find(".error-summary").says(marta.text("moderation.statement_missing"))
	marta.find("textarea[name=statement]").fill("Contiene il telefono di un'altra persona.")
	marta.button(marta.text("moderation.decide")).click()
	marta.find("main").says(marta.text("done.case_decided"))

	// The author reads why, where it stood and among their notices; nobody else reads the text any more.
	author.visit(thread)
	author.find(".post").says(author.text("forum.hidden_mine"))
	author.find(".post").says("Contiene il telefono di un'altra persona.")
	author.visit("/notices")
	author.find(".notices").says("Contiene il telefono di un'altra persona.")
	author.picture("notice")
	author.link(author.text("moderation.appeal_link")).click()
	author.picture("appeal")
	author.field(author.text("moderation.appeal_text")).fill("Il numero è il mio, e posso darlo.")
	author.button(author.text("moderation.appeal_go")).click()
	author.find("main").says(author.text("done.appealed"))
	tommaso := ch.open(t, "Tommaso", at, plain)
	tommaso.signIn("Tommaso")
	tommaso.visit("/moderation")
	tommaso.link("Il numero della mia vicina").click()
	tommaso.find("main").says("Il numero è il mio, e posso darlo.")
	tommaso.button(tommaso.text("moderation.claim")).click()
	tommaso.picture("appeal-case")
	tommaso.find("input[name=decision][value=hide]").check()
	tommaso.find("textarea[name=statement]").fill("Il numero non è di chi scrive.")
	tommaso.button(tommaso.text("moderation.decide")).click()
	author.visit("/notices")
	author.find(".notices").says("Il numero non è di chi scrive.")
	reporter.visit("/notices")
	reporter.find(".notices").says(reporter.text("moderation.notice_report_hidden"))
	reporter.visit(thread)
	require.NotContains(t, reporter.find("main").inner(), "333 1234567")
	reporter.find(".post").says(reporter.text("forum.hidden_post"))
}

// TestConversationWithoutJavaScript: waiting, talking and ending by forms and reloading alone.
func TestConversationWithoutJavaScript(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2)
	ch := newChromium(t)
	_, desk := staffed(t, c.instances[0], c.instances[0], "Marta", "Tommaso")
	desk.close() // the test shows her desk itself
	plain := manner{withoutJS: true, width: 360}

	marta := ch.open(t, "Marta", c.instances[0], plain)
	marta.signIn("Marta")
	guest := ch.open(t, "guest", c.instances[1], plain)
	alias := guest.enter()
	guest.field(guest.text("chat.topic")).fill("La notte è lunga")
	guest.button(guest.text("chat.ask_go")).click()
	guest.link(guest.text("chat.waiting_look")).click()
	guest.find("main").says(guest.text("chat.waiting_by_hand"))

	marta.reloadUntil("/desk", ".offer")
	marta.find(".offer").says(alias)
	marta.button(marta.text("chat.offer_accept")).click()
	marta.arrive("/rooms/[^/]+")
	guest.reloadUntil("/waiting", "[data-in-session], .composer")
	if guest.path() == "/waiting" {
		guest.link(guest.text("chat.to_room")).click()
	}
	guest.arrive("/rooms/[^/]+")

	guest.field(guest.text("chat.write")).fill("Buonasera, sono qui")
	guest.button(guest.text("chat.send")).click()
	guest.find("#messages .message-text").reads("Buonasera, sono qui")
	marta.reloadUntil(marta.path(), "#messages .message-text")
	marta.field(marta.text("chat.write")).fill("Ciao, ti ascolto")
	marta.button(marta.text("chat.send")).click()
	marta.find("#messages .message-text").reads("Buonasera, sono qui", "Ciao, ti ascolto")
	guest.visit(guest.path())
	guest.find("#messages .message-text").reads("Buonasera, sono qui", "Ciao, ti ascolto")

	// What must never wait for a script: the numbers, when it is grave.
	guest.field(guest.text("chat.write")).fill(crisisSentence)
	guest.button(guest.text("chat.send")).click()
	guest.find(`[data-numbers] a[href="tel:112"]`).seen()
	guest.find("[data-region=care]").says(guest.text("chat.care_alerting_title"))

	guest.link(guest.text("chat.end")).click()
	guest.button(guest.text("chat.end_go")).click()
	guest.find("main").says(guest.text("chat.over_title"))
	guest.find(`input[name=feeling][value="4"]`).check()
	guest.button(guest.text("chat.feeling_send")).click()
	guest.find("main").says(guest.text("chat.feeling_kept", "Feeling", "4"))
	c.holdInvariants(t)
}

// reloadUntil loads a page again and again, as somebody without scripts does.
func (w *window) reloadUntil(path, selector string) {
	w.t.Helper()
	require.NoError(w.t, within(patience, func() error {
		w.visit(path)
		if w.find(selector).count() > 0 {
			return nil
		}
		return errNotYet
	}), "%s at %s waits for %s", w.name, path, selector)
}
