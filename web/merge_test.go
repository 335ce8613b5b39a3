package web

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestMergePages: without a script, who moderates chooses the other thread from a list; old addresses lead on, and an answer that was begun before is not lost.
func TestMergePages(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	into, from := b.open(b.member, "Le mattine", "Al mattino è più dura."), b.open(b.family, "Di mattina", "Anche io.")
	there, here := "/forum/threads/"+into.Thread.String(), "/forum/threads/"+from.Thread.String()
	tutor, reader := b.as(b.tutor), b.as(b.member)

	assert.Zero(t, reader.get(here).Find(`a[href$="/merge"]`).Length())
	assert.NotEqual(t, http.StatusOK, reader.get(here+"/merge").StatusCode)
	assert.NotEqual(t, http.StatusSeeOther, reader.post(here+"/merge", "into", into.Thread.String()).StatusCode)
	form := tutor.get(tutor.get(here).Find(`a[href$="/merge"]`).AttrOr("href", ""))
	assert.Equal(t, 1, form.Find(`input[name=into][value="`+into.Thread.String()+`"]`).Length())
	assert.Zero(t, form.Find(`input[name=into][value="`+from.Thread.String()+`"]`).Length(), "not into itself")
	for _, nowhere := range []string{"", "x", from.Thread.String()} {
		again := tutor.post(here+"/merge", "into", nowhere)
		assert.Equal(t, http.StatusUnprocessableEntity, again.StatusCode, nowhere)
		assert.Equal(t, 1, again.Find(".error-summary").Length())
	}
	assert.Equal(t, there+"#post-2", location(t, tutor.post(here+"/merge", "into", into.Thread.String())))
	assert.Equal(t, there+"#post-2", location(t, reader.get(here)))
	assert.Contains(t, reader.get(there).text("#post-2"), "Anche io.")
	assert.Equal(t, there+"#post-3", location(t, reader.post(here+"/posts", "text", "Scritto prima.", "cid", newCID())))
	require.Contains(t, reader.get(there).text("#post-3"), "Scritto prima.")
}
