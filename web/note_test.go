package web

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/forum"
)

// TestContentNotes: without a script, a text with notes is folded for others, and what was ticked is never lost.
func TestContentNotes(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	me := b.as(b.member)
	ticked := func(a answer) (list []string) {
		for _, box := range a.Find("input[name=notes][checked]").EachIter() {
			list = append(list, box.AttrOr("value", ""))
		}
		return list
	}
	form := "/forum/categories/every-day/new"
	assert.Empty(t, ticked(me.get(form)))
	assert.Zero(t, me.get(form).Find("details.notes-field[open]").Length())
	again := me.post("/forum/categories/every-day/threads", "title", "", "text", "Ciao.", "cid", newCID(), "notes", "loss", "notes", "eating", "notes", "<script>")
	require.Equal(t, http.StatusUnprocessableEntity, again.StatusCode)
	assert.Equal(t, []string{"eating", "loss"}, ticked(again))
	assert.Equal(t, 1, again.Find("details.notes-field[open]").Length(), "what is ticked is seen")
	thread := location(t, me.post("/forum/categories/every-day/threads", "title", "Un anno dopo", "text", "Ciao.", "cid", newCID(), "notes", "loss", "notes", "eating"))

	marta := b.as(b.esp)
	page := marta.get(thread)
	assert.Contains(t, page.text("details.folded:not([open]) > summary"), "Parla di: cibo e peso, lutto")
	assert.Contains(t, page.text("details.folded .post-text"), "Ciao.")
	assert.Equal(t, 1, me.get(thread).Find("details.folded[open]").Length(), "what one wrote stands open")
	assert.Contains(t, marta.get("/forum/categories/every-day").text(".thread"), "Parla di: cibo e peso, lutto")
	assert.Equal(t, []string{"eating", "loss"}, ticked(marta.get(page.Find(`.post-actions a[href*="quote="]`).AttrOr("href", ""))), "they belong to what is quoted")

	note := page.Find(`.post-actions a[href$="/notes"]`).AttrOr("href", "")
	require.NotEmpty(t, note)
	assert.Zero(t, me.get(thread).Find(`a[href$="/notes"]`).Length())
	assert.Equal(t, http.StatusNotFound, me.get(note).StatusCode)
	assert.Equal(t, http.StatusNotFound, me.post(note, "notes", "other").StatusCode)
	location(t, marta.post(note, "notes", "suicide"))
	assert.Equal(t, []string{"suicide"}, ticked(marta.get(note)), "the author's stay the author's")
	assert.Contains(t, me.get(thread).text(".post"), "Chi modera ha messo una nota")
	assert.Contains(t, me.get(thread).text("summary"), "Parla di: suicidio, cibo e peso, lutto")
	assert.Equal(t, []string{"eating", "loss"}, ticked(me.get(me.get(thread).Find(`.post-actions a[href$="/edit"]`).AttrOr("href", ""))))
	for _, n := range forum.ContentNotes() {
		assert.NotContains(t, marta.get(note).text("fieldset"), "forum.note_"+string(n), "it has a name in every language")
	}
}
