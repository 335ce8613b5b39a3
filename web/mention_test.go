package web

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"

	"ponti/forum"
)

// TestMentionPage: a name that calls somebody is marked and leads nowhere; who is called finds it on the forum's first page until they have read it, on any device.
func TestMentionPage(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	r := b.open(b.member, "La pioggia di ieri", "Piove ancora.")
	thread := forum.Path(r.Thread, 1)
	me, desk, salvia := b.as(b.member), b.as(b.member), b.as(b.family)
	form := salvia.get(thread)
	assert.Contains(t, form.text(".mention-hint"), "@")
	answer := location(t, salvia.post(form.Find(".answer form").AttrOr("action", ""), "text", "Anche qui, @mirto. E da te, @Nessuno?", "cid", newCID()))
	page := salvia.get(answer)
	assert.Equal(t, "@mirto", page.text(".mention"))
	assert.Zero(t, page.Find(".mention a, a .mention").Length())
	assert.Empty(t, salvia.get("/forum").text(".news .badge"))

	assert.Equal(t, "Ti chiamano per nome", desk.get("/forum").text(".news .badge"))
	assert.Equal(t, answer, desk.get("/forum").Find(".news a").AttrOr("href", ""))
	ahead := httptest.NewRequest(http.MethodGet, siteURL+"/forum/threads/"+r.Thread.String(), nil)
	ahead.Header.Set("Sec-Purpose", "prefetch")
	me.do(ahead)
	assert.Equal(t, "Ti chiamano per nome", desk.get("/forum").text(".news .badge"), "fetched ahead is not read")
	me.get(answer)
	assert.Zero(t, desk.get("/forum").Find(".news").Length())
}
