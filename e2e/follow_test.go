package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestThreadIsLive: who reads a thread sees what others write, change and hide there without a reload, is told of it quietly, loses neither their place nor
// what they are writing, and is shown nothing any more when the thread is not theirs to read.
func TestThreadIsLive(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2)
	at := c.instances[0]
	ch := newChromium(t)
	signIn(t, at, "localhost", "Amelia").holds(t, "0")
	author, writer := signIn(t, at, "localhost", "Girasole"), signIn(t, c.instances[1], "localhost", "Marta")
	thread := author.opens(t, "Il sentiero lungo il fiume", "Prima riga.\n\n"+long)
	say := func(text string) *page {
		t.Helper()
		return writer.open(t, thread).form(t, ".forum-form").fill(t, "text", text).submit(t)
	}
	say("Uno.\n\n" + long)

	w := ch.open(t, "the reader", at, manner{width: 360})
	w.signIn("Vento di lago")
	w.visit(thread)
	w.awaitLine()
	w.find("#post-2").says("Uno.")
	w.ask(`() => scrollTo(0, 200)`)
	still := `() => document.querySelector("#post-1").getBoundingClientRect().top`
	top := w.ask(still)
	say("Due, appena scritto.")
	w.find("#post-3").says("Due, appena scritto.")
	require.InDelta(t, top, w.ask(still), 1, "nothing moved under the reader")
	frames := `() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))`
	w.ask(frames)
	require.InDelta(t, top, w.ask(still), 1, "nor in the frames after it, where browsers hold the place themselves")
	w.find("#grown").says(w.text("forum.grown"))
	w.picture("thread-grown")
	w.ask(`() => scrollTo(0, 0)`) // the bar that stays on top covers half a link where it is scrolled to
	w.accessible()
	w.link(w.text("forum.grown")).click()
	w.shows(`() => document.querySelector("#grown").childNodes.length === 0`, "who has seen it is told no more")

	// What is being written stays, with the focus in it; what is changed and locked shows.
	answer := w.field(w.text("forum.answer_label"))
	answer.fill("Volevo dire")
	edit := say("Tre, con un errore.").href(t, "#post-4 .post-actions a[href$='/edit']")
	w.find("#post-4").says("Tre, con un errore.")
	answer.holds("Volevo dire")
	answer.focused()
	writer.open(t, edit).form(t, ".forum-form").fill(t, "text", "Tre, corretto.").submit(t)
	w.find("#post-4 .post-text").reads("Tre, corretto.")
	require.Equal(t, 4, w.find(".posts > .post").count())
	// What somebody has marked stays under their finger until they let go, and no longer.
	w.ask(`() => getSelection().selectAllChildren(document.querySelector("#post-4 .post-text"))`)
	writer.open(t, edit).form(t, ".forum-form").fill(t, "text", "Tre, corretto ancora.").submit(t)
	say("Quattro.")
	w.find("#post-5").says("Quattro.")
	w.find("#post-4 .post-text").reads("Tre, corretto.")
	w.ask(`() => getSelection().removeAllRanges()`)
	w.find("#post-4 .post-text").reads("Tre, corretto ancora.")
	w.button(w.text("forum.answer_send")).click()
	w.find("#post-6 .post-text").reads("Volevo dire")

	// Without a line it comes with the line.
	w.awaitLine()
	w.forgive("Failed to load resource|WebSocket connection")
	require.NoError(t, w.Context().SetOffline(true))
	w.shows(`() => document.documentElement.dataset.socket === "down"`, "the line is down")
	say("Scritto intanto.")
	require.NoError(t, w.Context().SetOffline(false))
	w.find("#post-7").says("Scritto intanto.")

	// Who wrote there is told of it on the first page, too.
	w.visit("/notices")
	say("Ancora una cosa.")
	w.visit("/forum")
	w.find(".news").says("Il sentiero lungo il fiume")
	w.picture("forum-news")
	w.accessible()
	w.link("Il sentiero lungo il fiume").first().click()
	w.find("#post-8").says("Ancora una cosa.")
	w.awaitLine()
	writer.open(t, thread+"/lock").form(t, ".forum-form").fill(t, "reason", "Se ne parla già altrove.").submit(t)
	w.find(".thread-end").says("Se ne parla già altrove.")
}

// long fills a small screen.
const long = "Una riga.\n\nUna riga.\n\nUna riga.\n\nUna riga.\n\nUna riga.\n\nUna riga.\n\nUna riga.\n\nUna riga.\n\nUna riga.\n\nUna riga.\n\nUna riga.\n\nUna riga.\n\nUna riga."
