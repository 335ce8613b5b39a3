package web

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/forum"
)

// TestSplitPages: without a script, who moderates chooses posts over several pages of a thread, gives a title, and old addresses lead on.
func TestSplitPages(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	a := b.open(b.member, "Le mattine", "Al mattino è più dura.")
	here := "/forum/threads/" + a.Thread.String()
	var all []forum.Receipt
	for i := range 60 {
		r, err := b.Forum.WritePost(t.Context(), b.family, forum.NewPost{Thread: a.Thread, Text: "Risposta " + strings.Repeat("i", i+1), CID: newCID()})
		require.NoError(t, err)
		all = append(all, r)
	}
	tutor, reader := b.as(b.tutor), b.as(b.member)
	assert.Zero(t, reader.get(here).Find(`a[href*="/split"]`).Length())
	assert.NotEqual(t, http.StatusOK, reader.get(here+"/split").StatusCode)
	assert.NotEqual(t, http.StatusSeeOther, reader.post(here+"/split", "chosen", "2", "title", "Un titolo", "to", "every-day", "cid", newCID()).StatusCode)

	// sent is the form as a browser sends it: what is ticked, and the button that was pressed.
	sent := func(page answer, tick []string, name, value string) answer {
		t.Helper()
		q := url.Values{name: {value}}
		for _, field := range []string{"chosen", "shown"} {
			q.Set(field, page.Find("form.split-choose input[name="+field+"]").AttrOr("value", ""))
		}
		for _, n := range tick {
			require.Equal(t, 1, page.Find(`input[name=post][value="`+n+`"]`).Length(), n)
			q.Add("post", n)
		}
		return tutor.get(here + "/split?" + q.Encode())
	}
	ticked := func(page answer) []string {
		return page.Find("input[name=post][checked]").Map(func(_ int, box *goquery.Selection) string { return box.AttrOr("value", "") })
	}
	page := tutor.get(tutor.get(here).Find(`a[href*="/split"]`).AttrOr("href", ""))
	assert.Equal(t, 49, page.Find("input[name=post]").Length(), "all of the page but the first")
	page = sent(page, []string{"3", "7"}, "at", "51")
	assert.Equal(t, 11, page.Find("input[name=post]").Length())
	assert.Contains(t, page.text(".split-count"), "2 messaggi scelti")
	page = sent(page, nil, "from", "58")
	assert.Equal(t, 4, page.Find("input[name=post][checked]").Length())
	assert.Contains(t, page.text(".split-count"), "2 messaggi scelti")
	page = sent(page, []string{"58", "60", "61"}, "at", "50") // one is taken out again
	assert.Equal(t, []string{"3", "7"}, ticked(page))
	page = sent(page, []string{"3", "7"}, "at", "51")
	assert.Equal(t, []string{"58", "60", "61"}, ticked(page))
	nothing := sent(tutor.get(here+"/split"), nil, "step", "title")
	assert.Equal(t, http.StatusUnprocessableEntity, nothing.StatusCode)
	assert.Equal(t, 1, nothing.Find(".error-summary").Length())
	assert.Equal(t, "5-9,20-", tutor.get(here+"/split?chosen=20-&first=5&last=9").Find("input[name=chosen]").AttrOr("value", ""))
	many := make([]string, 2*forum.MaxSpans)
	for i := range many {
		many[i] = strconv.Itoa(2 * i)
	}
	assert.Equal(t, http.StatusUnprocessableEntity, tutor.get(here+"/split?chosen="+strings.Join(many, ",")).StatusCode)

	page = sent(page, []string{"58", "60", "61"}, "step", "title")
	require.Equal(t, http.StatusOK, page.StatusCode)
	assert.Contains(t, page.text(".split-first"), "Risposta ii")
	field := func(name string) string {
		return page.Find(`form[method=post] input[name=`+name+`]`).AttrOr("value", "")
	}
	send := func(title, to string) answer {
		return tutor.post(here+"/split", "chosen", field("chosen"), "elsewhere", field("elsewhere"), "cid", field("cid"), "title", title, "to", to)
	}
	again := send("x", "every-day")
	assert.Equal(t, http.StatusUnprocessableEntity, again.StatusCode)
	assert.Equal(t, "x", again.Find("#title").AttrOr("value", ""), "nothing is lost")
	assert.Equal(t, field("chosen"), again.Find("input[name=chosen]").AttrOr("value", ""))
	assert.Equal(t, http.StatusUnprocessableEntity, send("Una cosa a parte", "families").StatusCode)
	to := location(t, send("Una cosa a parte", "every-day"))
	assert.Equal(t, to, location(t, send("Una cosa a parte", "every-day")), "the same form again")
	there, _, _ := strings.Cut(to, "#")
	assert.Equal(t, "Una cosa a parte", reader.get(there).text("h1"))
	assert.Equal(t, 5, reader.get(there).Find("article.post").Length())
	assert.Equal(t, here, reader.get(there).Find(`.forum-head a[href="`+here+`"]`).AttrOr("href", ""), "it says where it began")

	// An old address leads to the post; its own does; and so does answering it from an old page.
	first := all[1]
	old := reader.get(here)
	assert.Equal(t, 0, old.Find("article#post-3").Length())
	assert.Equal(t, "/forum/posts/"+first.Post.String(), old.Find("#post-3 a").AttrOr("href", ""))
	assert.Equal(t, there+"#post-1", location(t, reader.get("/forum/posts/"+first.Post.String())))
	assert.Contains(t, location(t, reader.get(here+"/reply?quote="+first.Post.String())), there+"/reply?quote=")
	assert.Contains(t, reader.get(here+"?after=50").text("#post-61"), "Una cosa a parte")
	assert.Contains(t, reader.get("/forum/categories/every-day").text(".threads"), "56 messaggi")
	assert.Equal(t, http.StatusNotFound, reader.get(here+"/reply?quote="+newCID()).StatusCode)
}
