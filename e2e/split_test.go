package e2e

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSplitAndBack: who moderates splits a thread without a script while others read it live; old addresses lead on; a merge is taken back by the browser alone, too.
func TestSplitAndBack(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2)
	at := c.instances[0]
	ch := newChromium(t)
	signIn(t, at, "localhost", "Amelia").holds(t, "0")
	author := signIn(t, at, "localhost", "Girasole")
	thread := author.opens(t, "Il sentiero lungo il fiume", "Prima riga.")
	for _, text := range []string{"Uno sul sentiero.", "Invece del lavoro, chi ne sa qualcosa?", "Del lavoro so poco.", "Ancora sul sentiero."} {
		author.open(t, thread).form(t, ".forum-form").fill(t, "text", text).submit(t)
	}

	reader := ch.open(t, "the reader", c.instances[1], manner{width: 360})
	reader.signIn("Vento di lago")
	reader.visit(thread)
	reader.awaitLine()
	reader.find("#post-3").says("Invece del lavoro")

	tutor := ch.open(t, "Tommaso", at, manner{})
	tutor.signIn("Tommaso")
	tutor.visit(thread)
	tutor.link(tutor.text("split.open")).click()
	tutor.find(`input[name=post][value="3"]`).check()
	tutor.inspect("split-choose")
	tutor.button(tutor.text("split.next")).click()
	tutor.inspect("split-title")

	marta := ch.open(t, "Marta", at, manner{withoutJS: true})
	marta.forgive("status of 422") // the form that comes back
	marta.signIn("Marta")
	marta.visit(thread)
	marta.link(marta.text("split.open")).click()
	marta.button(marta.text("split.next")).click()
	marta.find(".error-summary").says(marta.text("split.nothing_chosen"))
	marta.find(`input[name=post][value="3"]`).check()
	marta.find(`input[name=post][value="4"]`).check()
	marta.button(marta.text("split.next")).click()
	marta.button(marta.text("split.go")).click()
	marta.find(".error-summary").seen()
	marta.field(marta.text("split.new_title")).fill("Tornare al lavoro")
	marta.button(marta.text("split.go")).click()
	marta.find("h1").reads("Tornare al lavoro")
	require.Equal(t, 2, marta.find("article.post").count())
	apart := marta.path()

	// Who reads it sees where they went, without a reload, and old addresses show the same.
	reader.find("#post-3.post-former").says("Tornare al lavoro")
	reader.find("#post-4.post-former").seen()
	reader.find("#post-5").says("Ancora sul sentiero.")
	reader.inspect("split-former")
	require.NoError(t, reader.SetViewportSize(360, 740))
	reader.find("#post-3 a").click()
	reader.arrive(`/forum/threads/[^/]+`)
	require.True(t, strings.HasPrefix(reader.path(), apart))
	reader.find("#post-1").says("Invece del lavoro")
	reader.link(reader.text("split.from")).click()
	reader.find("h1").reads("Il sentiero lungo il fiume")

	// Merged and taken back.
	marta.visit(apart)
	marta.link(marta.text("forum.merge")).click()
	marta.field("Il sentiero lungo il fiume").check()
	marta.button(marta.text("forum.merge_go")).click()
	marta.find("#post-6").says("Invece del lavoro")
	reader.find("#post-6").says("Invece del lavoro")
	reader.find("#post-3").says(reader.text("split.former_here", "Number", "3"))
	tutor.visit(thread)
	tutor.link(tutor.text("split.unmerge")).click()
	tutor.inspect("unmerge")
	marta.visit(thread)
	marta.link(marta.text("split.unmerge")).click()
	marta.field(marta.text("split.unmerge_title")).holds("Tornare al lavoro")
	marta.button(marta.text("split.unmerge_go")).click()
	marta.find("h1").reads("Tornare al lavoro")
	require.True(t, strings.HasPrefix(marta.path(), apart), "its old address is its own again")
	reader.find("#post-6.post-former").says("Tornare al lavoro")
	reader.find("#post-3.post-former").says("Tornare al lavoro")
}

// TestEditDraft: what somebody types over their own post outlives a closed window and another device, and meets what was changed there without a loss.
func TestEditDraft(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2)
	at := c.instances[0]
	ch := newChromium(t)
	signIn(t, at, "localhost", "Amelia").holds(t, "0")
	author := signIn(t, at, "localhost", "Vento di lago")
	thread := author.opens(t, "La pergola", "Oggi ho potato il glicine.")
	edit := author.open(t, thread).href(t, "#post-1 .post-actions a[href$='/edit']")
	w := ch.open(t, "the writer", at, manner{})
	w.forgive("Failed to load resource|status of 409") // the draft of another window, the post that changed
	w.signIn("Vento di lago")
	kept := w.text("forum.draft_kept")
	w.visit(edit)
	text := w.field(w.text("forum.text_label"))
	text.holds("Oggi ho potato il glicine.")
	text.fill("Oggi ho potato il glicine 🌿 e la rosa.")
	w.find("[data-draft-state]").says(kept)

	other := ch.open(t, "the writer elsewhere", c.instances[1], manner{})
	other.forgive("Failed to load resource")
	other.signIn("Vento di lago")
	other.visit(edit)
	otherText := other.field(other.text("forum.text_label"))
	otherText.holds("Oggi ho potato il glicine 🌿 e la rosa.")
	other.inspect("edit-draft")
	otherText.fill("Oggi ho potato la siepe.")
	other.button(other.text("forum.edit_save")).click()
	other.find("#post-1 .post-text").reads("Oggi ho potato la siepe.")

	// The first window goes on: its text is kept beside, and is refused in words, with both at hand.
	text.fill("Oggi ho potato il glicine 🌿, la rosa e il fico.")
	w.find("[data-draft-alert]").says(w.text("forum.draft_beside"))
	w.button(w.text("forum.edit_save")).click()
	w.find(".error-summary").seen()
	text.holds("Oggi ho potato il glicine 🌿, la rosa e il fico.")
	w.find(".edit-now").says("Oggi ho potato la siepe.")
	w.inspect("edit-changed")
	w.button(w.text("forum.edit_save")).click()
	w.find("#post-1 .post-text").reads("Oggi ho potato il glicine 🌿, la rosa e il fico.")
	w.visit("/forum/drafts")
	require.Zero(t, w.find("li.draft").count())

	// A session that ended costs nothing; nor does the post, when it is gone.
	w.visit(edit)
	text.fill("Ci penso ancora.")
	w.find("[data-draft-state]").says(kept)
	author.open(t, thread)
	author.open(t, strings.TrimSuffix(edit, "/edit")+"/delete").form(t, `form[action$="/delete"]`).submit(t)
	text.fill("Ci penso ancora un po'.")
	w.find("[data-draft-state]").says(kept)
	w.button(w.text("forum.edit_save")).click()
	w.field(w.text("split.edit_yours")).holds("Ci penso ancora un po'.")
	w.inspect("edit-gone")
	require.EqualValues(t, 0, w.ask(`() => localStorage.length + sessionStorage.length`), "nothing of it stays in the browser")
}
