package web

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/forum"
)

// TestAnswerPages: who asked presses one button, and everybody finds the answer from the list and from the head of the thread.
func TestAnswerPages(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	r := b.open(b.member, "Il medico di base", "Che cosa gli dico?")
	_, err := b.Forum.WritePost(t.Context(), b.esp, forum.NewPost{Thread: r.Thread, Text: "Quello che hai scritto qui.", CID: newCID()})
	require.NoError(t, err)
	list, thread := "/forum/categories/every-day", "/forum/threads/"+r.Thread.String()
	asker, reader := b.as(b.member), b.as(b.family)

	assert.Zero(t, reader.get(thread).Find(`form[action$="/answer"], form[action$="/no-answer"]`).Length())
	button := asker.get(thread).Find(`form[action$="/answer"]`)
	require.Equal(t, 1, button.Length(), "the question itself has none")
	action := button.AttrOr("action", "")
	assert.Equal(t, thread+"#post-2", location(t, asker.post(action)))
	page := reader.get(thread)
	assert.Equal(t, thread+"#post-2", page.Find(".thread-meta a.badge").AttrOr("href", ""))
	assert.Contains(t, page.text("#post-2 .post-head"), "Risposta")
	assert.NotContains(t, page.text("#post-1 .post-head"), "Risposta")
	assert.Contains(t, reader.get(list).text(".thread"), "C'è una risposta")
	location(t, asker.post(asker.get(thread).Find(`form[action$="/no-answer"]`).AttrOr("action", "")))
	assert.NotContains(t, reader.get(list).text(".thread"), "risposta")
}
