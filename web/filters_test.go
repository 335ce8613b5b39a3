package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/forum"
)

// TestFilters: without a script somebody says which words and whom they would rather not read; what was typed is never lost, and nobody else sees a difference.
func TestFilters(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	r := b.open(b.family, "La pioggia di ieri", "Piove ancora.")
	me, salvia := b.as(b.member), b.as(b.family)
	thread := forum.Path(r.Thread, 1)
	assert.Equal(t, 1, me.get("/forum").Find(`.filters-link a[href="/forum/filters"]`).Length())

	long := strings.Repeat("à", forum.MaxMuteWord+1)
	page := me.post("/forum/filters", "words", "pioggia\n"+long, "open", "true")
	assert.Equal(t, http.StatusUnprocessableEntity, page.StatusCode)
	assert.Equal(t, "pioggia\n"+long, page.Find("#words").Text())
	assert.Equal(t, 1, page.Find("input[name=open][checked]").Length())
	assert.Equal(t, 1, page.Find(`.error-summary a[href="#words"]`).Length())
	assert.Equal(t, "/forum/filters?done=filters_saved", location(t, me.post("/forum/filters", "words", "pioggia\n<i>ieri\npiov*", "open", "true")))
	page = me.get("/forum/filters")
	assert.Equal(t, "pioggia\n<i>ieri\npiov*", page.Find("#words").Text())
	assert.Equal(t, 1, page.Find("input[name=open][checked]").Length())

	assert.Contains(t, me.get(thread).text("details.folded:not([open]) summary"), "una parola che preferisci non leggere")
	assert.Contains(t, me.get("/forum/categories/every-day").text(".thread a"), "Titolo con una parola")
	assert.NotContains(t, me.get("/forum").text(".board"), "La pioggia di ieri")
	for _, other := range []*browser{salvia, b.as(b.esp)} {
		assert.Zero(t, other.get(thread).Find("details.folded").Length())
		assert.Contains(t, other.get("/forum/categories/every-day").text(".thread a"), "La pioggia di ieri")
		assert.Empty(t, other.get("/forum/filters").Find("#words").Text())
	}
	location(t, me.post("/forum/filters", "words", ""))

	mute := me.get(thread).Find(`.post-actions a[href$="/mute"]`).AttrOr("href", "")
	require.NotEmpty(t, mute)
	assert.Contains(t, me.get(mute).text("main"), "Salvia")
	assert.Equal(t, thread, location(t, me.post(me.get(mute).action(t, "Non leggere più"))))
	assert.Contains(t, me.get(thread).text("details.folded:not([open]) summary"), "Di qualcuno che preferisci non leggere")
	assert.Zero(t, salvia.get(thread).Find(`details.folded, a[href$="/mute"]`).Length())
	assert.Equal(t, http.StatusForbidden, salvia.get(mute).StatusCode)
	assert.Equal(t, http.StatusForbidden, salvia.post(mute).StatusCode)
	page = me.get("/forum/filters")
	assert.Contains(t, page.text(".filters-people li"), "Salvia")
	assert.NotContains(t, page.Body, b.family.ID.String(), "nobody's account is named")
	assert.Equal(t, "/forum/filters?done=unmuted", location(t, me.post(page.Find(".filters-people form").AttrOr("action", ""))))
	assert.Zero(t, me.get(thread).Find("details.folded").Length())
}
