package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestReadersAreSpared: a text with a content note is opened by who wants to read it, and stays open while the page lives on; a note that a moderator adds shows at once; a
// kind word is given where one reads; and what somebody would rather not read is folded for them alone.
func TestReadersAreSpared(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2)
	at := c.instances[0]
	signIn(t, at, "localhost", "Amelia").holds(t, "0")
	author, marta := signIn(t, at, "localhost", "Girasole"), signIn(t, c.instances[1], "localhost", "Marta")
	thread := author.opens(t, "Un anno dopo", "Quel giorno sono rimasto senza di lui.")
	edit := author.open(t, thread).href(t, ".post-actions a[href$='/edit']")
	author.open(t, edit).form(t, ".forum-form").fill(t, "notes", "loss").submit(t)

	ch := newChromium(t)
	w := ch.open(t, "the reader", at, manner{width: 360})
	w.signIn("Vento di lago")
	w.visit("/forum/categories/giorno-per-giorno")
	w.find(".threads").says(w.text("forum.note_loss"))
	w.visit(thread)
	w.awaitLine()
	fold := w.find("#post-1 details.folded")
	fold.says(w.text("forum.noted"))
	w.find("#post-1 .post-text").gone()
	w.picture("folded")
	w.accessible()
	w.find("#post-1 summary").focus()
	w.press("Enter")
	w.find("#post-1 .post-text").says("Quel giorno")
	w.find("#post-1 summary").says(w.text("forum.note_loss"))

	// A kind word, where one reads: the button keeps the focus, and the text stays open.
	w.button(w.text("forum.reaction_understand")).focus()
	w.press("Enter")
	w.shows(`() => document.querySelector("#understand-1").getAttribute("aria-pressed") === "true"`, "it is given")
	w.shows(`() => document.activeElement.id === "understand-1"`, "the focus stays")
	w.find("#post-1 .post-text").says("Quel giorno")
	w.picture("reacted")
	w.accessible()

	// The author sees it without a reload; so does everybody a note that Marta adds.
	a := ch.open(t, "the author", c.instances[1], manner{dark: true})
	a.signIn("Girasole")
	a.visit(thread)
	a.awaitLine()
	a.find("p.reactions").says(a.text("forum.reaction_understand"))
	note := marta.open(t, thread).href(t, ".post-actions a[href$='/notes']")
	marta.open(t, note).form(t, ".forum-form").fill(t, "notes", "suicide").submit(t)
	a.find("#post-1").says(a.text("forum.note_mine"))
	a.find("#post-1 summary").says(a.text("forum.note_suicide"))
	a.picture("note-of-a-moderator")
	a.accessible()
	w.find("#post-1 summary").says(w.text("forum.note_suicide"))
	w.find("#post-1 .post-text").says("Quel giorno")
	w.button(w.text("forum.reaction_understand")).click()
	w.shows(`() => document.querySelector("#understand-1").getAttribute("aria-pressed") === "false"`, "it is taken back")
	a.shows(`() => !document.querySelector("#post-1 .reactions")`, "and nothing of it is left")

	// The note is written by hand, with a draft of it kept, and goes with the quote.
	w.visit("/forum/categories/giorno-per-giorno/new")
	w.find("details.notes-field summary").click()
	w.find("input[name=notes][value=eating]").check()
	w.field(w.text("forum.title_label")).fill("A tavola")
	w.field(w.text("forum.text_label")).fill("Mangio da solo, e poco.")
	w.find("[data-draft-state]").says(w.text("forum.draft_kept"))
	w.find("[data-hint=contact]").gone()
	w.field(w.text("forum.text_label")).fill("Mangio da solo, e poco. Chiamami al 333 1234567.")
	w.find("[data-hint=contact]").seen()
	w.picture("notes-field")
	w.accessible()
	w.visit("/forum/categories/giorno-per-giorno/new")
	w.find("[data-hint=contact]").seen()
	w.field(w.text("forum.text_label")).fill("Mangio da solo, e poco.")
	w.find("[data-hint=contact]").gone()
	w.shows(`() => document.querySelector("input[name=notes][value=eating]").checked`, "the draft has the note")
	w.button(w.text("forum.publish")).click()
	w.find(".folded summary").says(w.text("forum.note_eating"))

	// Without a script: whom one would rather not read.
	quiet := signIn(t, at, "localhost", "Passo lento")
	mute := quiet.open(t, thread).href(t, ".post-actions a[href$='/mute']")
	page := quiet.open(t, mute).form(t, "form[action$='/mute']").submit(t)
	require.Contains(t, page.text("#post-1 details.folded:not([open]) summary"), "Di qualcuno che preferisci non leggere")
	w.visit("/forum/filters")
	w.field(w.text("forum.filters_words")).fill("biscott*")
	w.button(w.text("forum.filters_save")).click()
	w.find("body").says(w.text("done.filters_saved"))
	w.picture("filters")
	w.accessible()
}
