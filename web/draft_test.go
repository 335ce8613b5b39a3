package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/forum"
)

// TestDraftWithoutScript: somebody keeps what they write by a button, goes on with it another day, and nobody else finds it.
func TestDraftWithoutScript(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	_, err := st.Forum.CreateCategory(t.Context(), account.System(st.service), forum.NewCategory{Slug: "piazza", Audience: forum.ForMembers, Title: "Piazza"})
	require.NoError(t, err)
	me, other := st.signedIn(t, st.member(t, "Nuvola").ID), st.signedIn(t, st.member(t, "Pioggia").ID)
	assert.NotContains(t, me.get("/forum").text("main"), "bozz")

	page := me.get("/forum/categories/piazza/new")
	cid := page.Find("input[name=cid]").AttrOr("value", "")
	keep := func(b *browser, cid, version, text string) answer {
		return b.post("/forum/drafts", "category", "piazza", "title", "Il glicine", "text", text, "cid", cid, "version", version)
	}
	require.Equal(t, "/forum/drafts?done=draft_kept", keep(me, cid, "0", "Prima riga\n<script>").Header.Get("Location"))
	page = me.get("/forum/drafts")
	assert.Contains(t, page.text("li.draft"), "Prima riga <script>")
	assert.Zero(t, page.Find("li.draft script").Length())
	assert.Contains(t, me.get("/forum").text("main"), "1 bozza")

	// Kept again from a page that a browser remembered, it becomes a second draft.
	require.Equal(t, "/forum/drafts?done=draft_kept", keep(me, cid, "0", "Altra riga").Header.Get("Location"))
	page = me.get("/forum/drafts")
	require.Equal(t, 2, page.Find("li.draft").Length())
	first := page.Find("li.draft").Last()
	on := first.Find("a.button").AttrOr("href", "")
	page = me.get(on)
	assert.Equal(t, "Prima riga\n<script>", page.Find("#text").Text())
	assert.Equal(t, "Il glicine", page.Find("#title").AttrOr("value", ""))
	assert.Equal(t, []string{cid, "1"}, []string{page.Find("input[name=cid]").AttrOr("value", ""), page.Find("input[name=version]").AttrOr("value", "")})

	// Nobody else reads it by its address, nor throws it away.
	assert.Empty(t, other.get(on).Find("#text").Text())
	discard := first.Find("form").AttrOr("action", "")
	other.post(discard)
	assert.Equal(t, 2, me.get("/forum/drafts").Find("li.draft").Length())
	assert.Equal(t, http.StatusSeeOther, st.browser(t).get("/forum/drafts").StatusCode, "a visitor is asked to sign in")
	assert.Equal(t, http.StatusUnauthorized, keep(st.browser(t), cid, "0", "Uno").StatusCode)
	assert.Equal(t, http.StatusForbidden, st.guest(t, "Gabbiano").get("/forum/drafts").StatusCode)

	// Too long: the form comes back with all of it.
	long := strings.Repeat("à", forum.MaxDraft+1)
	page = keep(me, newCID(), "0", long)
	assert.Equal(t, http.StatusUnprocessableEntity, page.StatusCode)
	assert.Equal(t, long, page.Find("#text").Text())

	// A script is told by the status alone.
	scripted := st.signedIn(t, st.member(t, "Ginepro").ID)
	scripted.headers.Set("Accept", "application/json")
	for _, c := range []struct {
		version, text string
		status        int
	}{{"0", "Uno", 200}, {"1", "Due", 200}, {"1", "Tre", 409}, {"2", long, 422}, {"2", "Tre", 200}} {
		got := keep(scripted, cid, c.version, c.text)
		assert.Equal(t, c.status, got.StatusCode, c.text)
		assert.NotContains(t, got.Body, c.text, "no text in an answer")
	}

	told := keep(scripted, cid, "3", "Chiamami al 333 1234567.")
	assert.JSONEq(t, `{"version": 4, "hints": ["contact"]}`, told.Body)
	assert.JSONEq(t, `{"version": 5, "hints": []}`, keep(scripted, cid, "4", "Ci vediamo qui.").Body)
	require.Equal(t, "/forum/drafts?done=draft_kept", keep(me, newCID(), "0", "Chiamami al 333 1234567.").Header.Get("Location"))
	form := me.get("/forum/categories/piazza/new")
	assert.Equal(t, "contact", form.Find("[data-hint]:not([hidden])").AttrOr("data-hint", ""), "without a script it stands at the form")
	me.post(form.Find(`button[formaction$="/discard"]`).AttrOr("formaction", ""))

	require.Equal(t, "/forum/drafts?done=draft_gone", me.post(discard).Header.Get("Location"))
	page = me.get("/forum/drafts")
	assert.Equal(t, 1, page.Find("li.draft").Length())
	assert.Equal(t, "Altra riga", me.get("/forum/categories/piazza/new").Find("#text").Text(), "the form begins with what was kept")
}
