package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestDigestPage: without a script somebody says how often they are told and where; nothing is sent to who did not ask, and nobody else sees what was chosen.
func TestDigestPage(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	me, other := b.as(b.member), b.as(b.family)
	assert.Equal(t, 1, me.get("/forum").Find(`a[href="/forum/digest"]`).Length())
	page := me.get("/forum/digest")
	require.Equal(t, http.StatusOK, page.StatusCode)
	assert.Equal(t, "never", page.Find("input[name=every][checked]").AttrOr("value", ""))
	assert.Contains(t, page.Header.Get("Content-Security-Policy"), "trusted-types")
	assert.NotEmpty(t, page.Find("[data-module=reach]").AttrOr("data-key", ""))
	assert.Contains(t, page.text("main"), "Da qui non partono mail")

	for field, sent := range map[string][]string{
		"every": {"every", "hour", "hour", "9", "weekday", "1"}, "hour": {"every", "day", "hour", "25", "weekday", "1"}, "weekday": {"every", "week", "hour", "9", "weekday", "Monday"},
	} {
		page = me.post("/forum/digest", sent...)
		assert.Equal(t, http.StatusUnprocessableEntity, page.StatusCode, field)
		assert.Equal(t, 1, page.Find(`.error-summary a[href="#`+field+`"]`).Length(), field)
	}
	assert.Equal(t, "/forum/digest?done=digest_saved", location(t, me.post("/forum/digest", "every", "week", "hour", "20", "weekday", "0", "account_id", b.family.ID.String(), "quiet_from", "1")))
	page = me.get("/forum/digest")
	assert.Equal(t, "week", page.Find("input[name=every][checked]").AttrOr("value", ""))
	assert.Equal(t, "20", page.Find("#hour option[selected]").AttrOr("value", ""))
	assert.Equal(t, "0", page.Find("#weekday option[selected]").AttrOr("value", ""))
	assert.Contains(t, page.text(".notice"), "Manca dove")
	assert.Equal(t, "never", other.get("/forum/digest").Find("input[name=every][checked]").AttrOr("value", ""))

	for _, wrong := range []string{"", "{}", subscription(t, "elsewhere.invalid"), strings.Repeat("x", 100<<10)} {
		assert.Equal(t, http.StatusUnprocessableEntity, me.post("/forum/digest/push", "subscription", wrong).StatusCode)
	}
	assert.Equal(t, "/forum/digest?done=digest_added", location(t, me.post("/forum/digest/push", "subscription", subscription(t, "push.invalid"))))
	remove := me.get("/forum/digest").Find(".way form").AttrOr("action", "")
	require.NotEmpty(t, remove)
	location(t, other.post(remove))
	assert.Equal(t, 1, me.get("/forum/digest").Find(".way").Length(), "somebody else's stays")
	for _, out := range []*browser{b.as(b.admin), b.guest(t, "Gabbiano"), b.browser(t)} {
		assert.NotEqual(t, http.StatusOK, out.get("/forum/digest").StatusCode)
		assert.NotContains(t, out.post(remove).Header.Get("Location"), "done=")
	}
	assert.Equal(t, "/forum/digest?done=digest_removed", location(t, me.post(remove)))
	assert.Zero(t, me.get("/forum/digest").Find(".way").Length())

	for _, wrong := range [][2]string{{"22:00", ""}, {"24:00", "07:00"}, {"22:60", "07:00"}, {"sera", "mattina"}, {"-1:00", "07:00"}} {
		page = me.post("/forum/digest/quiet", "from", wrong[0], "to", wrong[1])
		assert.Equal(t, http.StatusUnprocessableEntity, page.StatusCode, wrong)
		assert.Equal(t, wrong[0], page.Find("#from").AttrOr("value", ""), "what was typed is kept")
	}
	assert.Equal(t, "/forum/digest?done=digest_quiet", location(t, me.post("/forum/digest/quiet", "from", "22:30", "to", "07:00")))
	assert.Equal(t, "22:30", me.get("/forum/digest").Find("#from").AttrOr("value", ""))
	assert.Equal(t, "20", me.get("/forum/digest").Find("#hour option[selected]").AttrOr("value", ""), "and the rest stays")
	location(t, me.post("/forum/digest", "every", "day", "hour", "7", "weekday", "1"))
	assert.Equal(t, "07:00", me.get("/forum/digest").Find("#to").AttrOr("value", ""), "the other way round too")
	assert.Empty(t, other.get("/forum/digest").Find("#from").AttrOr("value", ""))
	location(t, me.post("/forum/digest/quiet", "from", "", "to", ""))
	assert.Empty(t, me.get("/forum/digest").Find("#from").AttrOr("value", ""))

	page = me.post("/forum/digest/mail", "address", "mirto@example.org")
	assert.Equal(t, http.StatusUnprocessableEntity, page.StatusCode)
	assert.Contains(t, page.text(".error-summary"), "Da qui non partono mail")
}

// TestLetterLinks: the links of letters tell nobody whether they are of use until they are used, and a mail program may use one by itself.
func TestLetterLinks(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	b := st.browser(t)
	for _, path := range []string{"/digest/confirm/X", "/digest/leave/X"} {
		page := b.get(path)
		assert.Equal(t, http.StatusOK, page.StatusCode)
		assert.Equal(t, 1, page.Find(`main form[method=post] button`).Length())
		assert.Equal(t, page.text("main"), b.get(path+"YZ").text("main"))
	}
	page := b.post("/digest/confirm/X")
	assert.Equal(t, http.StatusNotFound, page.StatusCode)
	assert.Contains(t, page.text("main h1"), "non serve più")
	assert.Equal(t, http.StatusOK, b.post("/digest/leave/X").StatusCode)

	send := func(path string, headers http.Header) int {
		r := httptest.NewRequest(http.MethodPost, siteURL+path, strings.NewReader("List-Unsubscribe=One-Click"))
		r.Header = headers
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		st.handler.ServeHTTP(w, r)
		return w.Code
	}
	assert.Equal(t, http.StatusOK, send("/digest/leave/X", http.Header{}))
	assert.Equal(t, http.StatusForbidden, send("/digest/confirm/X", http.Header{}), "nothing else comes from nowhere")
	assert.Equal(t, http.StatusTemporaryRedirect, send("/digest/leave/../confirm/X", http.Header{}), "nor by a detour")
	assert.Equal(t, http.StatusForbidden, send("/digest/leave/X", http.Header{"Origin": {"https://evil.example"}}))
	script := b.get("/digest.js")
	assert.Contains(t, script.Body, "qualcosa di nuovo")
	assert.NotContains(t, script.Body, "forum_")
}
