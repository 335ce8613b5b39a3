package web

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"ponti/forum"
)

// TestUnmergePages: without a script, who moderates takes a merge back; the old address is the thread's own again, and where it cannot be taken back the page says why.
func TestUnmergePages(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	into, from, third := b.open(b.member, "Le mattine", "Al mattino è più dura."), b.open(b.family, "Di mattina", "Anche io."), b.open(b.esp, "Di chi modera", "Anche qui.")
	there, here := "/forum/threads/"+into.Thread.String(), "/forum/threads/"+from.Thread.String()
	tutor, esp, reader := b.as(b.tutor), b.as(b.esp), b.as(b.member)
	assert.Zero(t, tutor.get(there).Find(`a[href$="/unmerge"]`).Length(), "nothing was merged")
	assert.Contains(t, tutor.get(there+"/unmerge").text("main"), "Nessun")
	location(t, tutor.post(here+"/merge", "into", into.Thread.String()))
	assert.Equal(t, there+"#post-2", location(t, reader.get(here)))

	assert.Zero(t, reader.get(there).Find(`a[href$="/unmerge"]`).Length())
	assert.NotEqual(t, http.StatusOK, reader.get(there+"/unmerge").StatusCode)
	assert.NotEqual(t, http.StatusSeeOther, reader.post(there+"/unmerge", "from", from.Thread.String(), "title", "Mia").StatusCode)
	form := tutor.get(tutor.get(there).Find(`a[href$="/unmerge"]`).AttrOr("href", ""))
	assert.Equal(t, "Di mattina", form.Find("#title").AttrOr("value", ""))
	again := tutor.post(there+"/unmerge", "from", from.Thread.String(), "title", "x")
	assert.Equal(t, http.StatusUnprocessableEntity, again.StatusCode)
	assert.Equal(t, "x", again.Find("#title").AttrOr("value", ""))
	assert.Equal(t, http.StatusNotFound, tutor.post(there+"/unmerge", "from", newCID(), "title", "Un titolo").StatusCode)
	assert.Equal(t, http.StatusNotFound, tutor.post(there+"/unmerge", "from", "x", "title", "Un titolo").StatusCode)

	// Several: a list, which says of each whether it can be taken back.
	location(t, tutor.post("/forum/threads/"+third.Thread.String()+"/merge", "into", into.Thread.String()))
	list := esp.get(there + "/unmerge")
	assert.Equal(t, 1, list.Find("li a.button").Length())
	assert.Contains(t, list.text("li:last-child .notice"), "aperta tu")
	assert.Equal(t, http.StatusUnprocessableEntity, esp.post(there+"/unmerge", "from", third.Thread.String(), "title", "Un titolo").StatusCode)
	assert.Equal(t, here+"#post-1", location(t, tutor.post(there+"/unmerge", "from", from.Thread.String(), "title", "Di mattina")))
	assert.Equal(t, "Di mattina", reader.get(here).text("h1"))
	assert.Contains(t, reader.get(there).text("#post-2"), "Di mattina")
	assert.Equal(t, forum.Path(from.Thread, 1), location(t, reader.get("/forum/posts/"+from.Post.String())))
	assert.Equal(t, forum.Path(from.Thread, 1), location(t, tutor.post(there+"/unmerge", "from", from.Thread.String(), "title", "Di mattina")), "again is no mistake")
}
