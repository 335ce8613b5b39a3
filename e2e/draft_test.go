package e2e

import (
	"testing"

	"github.com/mxschmitt/playwright-go"
	"github.com/stretchr/testify/require"
)

// TestDraftIsNeverLost: what somebody writes in the forum outlives a closed window, a line that is down, a second window and the end of their session,
// and none of it is left in the browser.
func TestDraftIsNeverLost(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2)
	at := c.instances[0]
	ch := newChromium(t)
	signIn(t, at, "localhost", "Amelia").holds(t, "0")
	w := ch.open(t, "the writer", at, manner{})
	w.forgive("Failed to load resource") // the line that is down, the session that is over, the draft of another window
	w.signIn("Vento di lago")
	const form = "/forum/categories/giorno-per-giorno/new"
	kept := w.text("forum.draft_kept")
	state, alert := w.find("[data-draft-state]"), w.find("[data-draft-alert]")
	title, text := w.field(w.text("forum.title_label")), w.field(w.text("forum.text_label"))

	// Closed in the middle, it is there again, also on another instance.
	w.visit(form)
	w.find("[data-draft-keep]").gone() // it is kept without a button
	title.fill("La pergola")
	text.fill("Oggi ho potato il glicine 🌿")
	state.says(kept)
	w.picture("draft-kept")
	w.accessible()
	other := ch.open(t, "the writer elsewhere", c.instances[1], manner{})
	other.forgive("Failed to load resource")
	other.signIn("Vento di lago")
	other.visit("/forum")
	other.find("a[href='/forum/drafts']").click()
	other.find("main").says("Oggi ho potato il glicine 🌿")
	other.picture("drafts")
	other.accessible()
	other.link(other.text("forum.draft_continue")).click()
	otherText := other.field(other.text("forum.text_label"))
	otherText.holds("Oggi ho potato il glicine 🌿")

	// Two windows write on in it: both are kept.
	otherText.fill("Dal telefono")
	other.find("[data-draft-state]").says(kept)
	text.fill("Dal computer")
	alert.says(w.text("forum.draft_beside"))

	// Without a line nothing is published and nothing lost; with it, it is.
	require.NoError(t, w.Context().SetOffline(true))
	text.fill("Dal computer, senza linea")
	w.button(w.text("forum.publish")).click()
	alert.says(w.text("forum.draft_failed"))
	w.picture("draft-offline")
	text.holds("Dal computer, senza linea")
	require.Equal(t, form, w.path())
	require.NoError(t, w.Context().SetOffline(false))
	state.says(kept)
	require.EqualValues(t, 0, w.ask(`() => localStorage.length + sessionStorage.length`), "nothing of it stays in the browser")
	w.button(w.text("forum.publish")).click()
	w.arrive(`/forum/threads/[^/]+`)
	w.find(".post-text").reads("Dal computer, senza linea")

	// The one that was published is no draft any more, the other still is.
	other.visit("/forum/drafts")
	other.find("li.draft .draft-text").reads("Dal telefono")
	require.Equal(t, 1, other.find("li.draft").count())

	// A session that ended meanwhile costs no word.
	answer := w.field(w.text("forum.answer_label"))
	answer.fill("Aggiungo una cosa")
	state.says(kept)
	require.NoError(t, w.Route("**/forum/drafts", func(r playwright.Route) { _ = r.Abort() }))
	answer.fill("Aggiungo una cosa, e un’altra")
	alert.says(w.text("forum.draft_failed"))
	signIn(t, at, "localhost", "Vento di lago").open(t, "/access").form(t, `form[action="/sign-out-everywhere"]`).submit(t)
	w.shows(`() => document.querySelectorAll(".post").length === 0`, "who is signed out reads nothing any more")
	require.NoError(t, w.Unroute("**/forum/drafts"))
	w.button(w.text("forum.answer_send")).click()
	alert.says(w.text("forum.draft_over"))
	answer.holds("Aggiungo una cosa, e un’altra")
	w.picture("draft-signed-out")
}
