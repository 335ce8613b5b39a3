package web

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/forum"
)

// TestReactions: without a script a kind word is given and taken back by its button; everybody sees it, nobody how often.
func TestReactions(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	r := b.open(b.member, "Un titolo", "Ciao.")
	me, marta, other := b.as(b.member), b.as(b.esp), b.as(b.family)
	thread := forum.Path(r.Thread, 1)
	page := marta.get(thread)
	action := page.Find("form.reactions").AttrOr("action", "")
	require.NotEmpty(t, action)
	assert.Equal(t, 3, page.Find(`form.reactions button[name=give][aria-pressed=false]`).Length())
	assert.Zero(t, me.get(thread).Find(".reactions").Length(), "none to oneself")
	assert.Equal(t, thread, location(t, marta.post(action, "give", "thanks")))
	location(t, other.post(action, "give", "thanks"))
	page = marta.get(thread)
	assert.Equal(t, "thanks", page.Find(`button[name=take][aria-pressed=true]`).AttrOr("value", ""))
	assert.Equal(t, "Grazie Da chi", me.get(thread).text("p.reactions"), "no number")
	list := me.get(action)
	assert.Contains(t, list.text(".reacted"), "Marta")
	assert.Contains(t, list.text(".reacted"), "Salvia")
	location(t, marta.post(action, "take", "thanks"))
	assert.NotContains(t, me.get(action).text(".reacted"), "Marta")

	assert.Equal(t, http.StatusUnprocessableEntity, marta.post(action, "give", "<script>").StatusCode)
	assert.Equal(t, http.StatusUnprocessableEntity, marta.post(action).StatusCode)
	assert.Equal(t, http.StatusForbidden, me.post(action, "give", "thanks").StatusCode)
	b.hide(r, "Contiene un numero di telefono.")
	assert.Equal(t, http.StatusNotFound, other.get(action).StatusCode)
	assert.Zero(t, marta.get(thread).Find(".reactions").Length())
}
