package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/forum"
)

// TestCategoryDesk: two administrators open a category and archive it again, in forms; a member reads it at once. Without a script.
func TestCategoryDesk(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	people := newStaff(t, st)
	first := st.signedIn(t, people.admin.ID)
	second := st.signedIn(t, st.staffMember(t, people.admin, account.RoleAdmin, "Berta").ID)
	reader := st.signedIn(t, st.member(t, "Pioggia").ID)
	page := first.get("/categories")
	require.Equal(t, http.StatusOK, page.StatusCode)
	assert.Contains(t, page.text(".empty"), "Non c'è ancora nessuna categoria")
	assert.Equal(t, 1, page.Find("a[href='/categories/proposals/new']").Length())

	// Nothing of what was typed is lost by a mistake.
	form := []string{"title", "Il <b>giardino</b> 🙂", "audience", "members", "rules", "Con calma.", "slug", "Giardino!", "why", "Lo chiedono in molti."}
	page = first.post("/categories/proposals", form...)
	require.Equal(t, http.StatusUnprocessableEntity, page.StatusCode)
	assert.Equal(t, []string{"slug"}, page.mistakes(t))
	assert.Equal(t, []string{"Il <b>giardino</b> 🙂", "Giardino!", "Con calma.", "Lo chiedono in molti."},
		[]string{page.Find("#title").AttrOr("value", ""), page.Find("#slug").AttrOr("value", ""), page.Find("#rules").Text(), page.Find("#why").Text()})
	assert.Equal(t, 1, page.Find("input[name=audience][value=members][checked]").Length())
	form[7] = "giardino"
	require.Equal(t, "/categories?done=second_awaited", first.post("/categories/proposals", append(form, "place", "99999999999999999999", "approved", "true", "state", "approved")...).Header.Get("Location"))
	at := first.get("/categories").Find(".proposal a").AttrOr("href", "")
	require.True(t, strings.HasPrefix(at, "/categories/proposals/"), at)
	page = first.get(at)
	assert.Zero(t, page.Find(`form[action$="/approve"], form[action$="/decline"]`).Length(), "nobody is offered to approve their own")
	assert.Equal(t, http.StatusConflict, first.post(at+"/approve").StatusCode)
	assert.Contains(t, first.post(at+"/approve").text("main"), "serve il sì di un altro amministratore")
	assert.Equal(t, http.StatusNotFound, reader.get("/forum/categories/giardino").StatusCode)

	// Nobody else sees anything of it, or does anything.
	for _, b := range []*browser{reader, st.signedIn(t, people.esp.ID), st.signedIn(t, people.tutor.ID), st.guest(t, "Gabbiano"), st.browser(t)} {
		for _, path := range []string{"/categories", "/categories/proposals/new", at, "/categories/giardino"} {
			answer := b.get(path)
			assert.NotEqual(t, http.StatusOK, answer.StatusCode, path)
			assert.NotContains(t, answer.Body, "Lo chiedono in molti", path)
		}
		for _, path := range []string{at + "/approve", at + "/decline", at + "/withdraw", "/categories/proposals", "/categories/giardino/texts", "/categories/giardino/archive", "/categories/giardino/move"} {
			assert.NotContains(t, b.post(path, append(form, "reason", "Non mi piace per niente.", "before", "x")...).Header.Get("Location"), "done=", path)
		}
	}
	page = second.post(at+"/decline", "reason", "no")
	assert.Equal(t, http.StatusUnprocessableEntity, page.StatusCode)
	assert.Equal(t, "no", page.Find("#reason").Text())
	_, open := page.Find("details").Attr("open")
	assert.True(t, open, "the form is not folded away")
	require.Equal(t, "/categories/giardino?done=category_create", second.post(at+"/approve").Header.Get("Location"))
	assert.Equal(t, http.StatusConflict, second.post(at+"/approve").StatusCode)
	assert.Equal(t, http.StatusNotFound, second.post("/categories/proposals/x/approve").StatusCode)
	page = reader.get("/forum/categories/giardino")
	assert.Equal(t, "Il <b>giardino</b> 🙂", page.text("h1"))
	assert.Equal(t, "Con calma.", page.text(".rules"))

	// What is one administrator's to change.
	texts := func(b *browser, title, mark string) answer {
		t.Helper()
		if mark == "" {
			mark = b.get("/categories/giardino").Find("input[name=mark]").AttrOr("value", "")
		}
		return b.post("/categories/giardino/texts", "title", title, "rules", "Con calma.", "mark", mark, "audience", "staff", "slug", "altro")
	}
	old := first.get("/categories/giardino").Find("input[name=mark]").AttrOr("value", "")
	require.Equal(t, "/categories/giardino?done=category_saved", texts(first, "L'orto", "").Header.Get("Location"))
	assert.Equal(t, "L'orto", reader.get("/forum/categories/giardino").text("h1"), "its address stays, and so does for whom it is")
	page = texts(second, "Il campo", old)
	require.Equal(t, http.StatusUnprocessableEntity, page.StatusCode)
	assert.Equal(t, "Il campo", page.Find("#title").AttrOr("value", ""))
	assert.Contains(t, page.text(".notice-amber"), "L'orto", "what it says now stands beside it")
	require.Equal(t, http.StatusSeeOther, texts(second, "Il campo", page.Find("input[name=mark]").AttrOr("value", "")).StatusCode)
	assert.Equal(t, http.StatusUnprocessableEntity, texts(second, strings.Repeat("a", 1<<16), "").StatusCode)
	assert.Equal(t, http.StatusRequestEntityTooLarge, texts(second, strings.Repeat("a", 1<<20), "x").StatusCode)

	// The archive.
	_, err := st.Forum.OpenThread(t.Context(), st.member(t, "Sole"), forum.NewThread{Category: "giardino", Title: "I pomodori", Text: "Sono verdi.", CID: newCID()})
	require.NoError(t, err)
	page = first.post("/categories/giardino/archive", "why", "no")
	assert.Equal(t, []string{"why"}, page.mistakes(t))
	assert.Equal(t, "Il campo", page.Find("#title").AttrOr("value", ""))
	require.Equal(t, "/categories/giardino?done=second_awaited", first.post("/categories/giardino/archive", "why", "Non ci scrive più nessuno.").Header.Get("Location"))
	page = second.post("/categories/giardino/archive", "why", "Non ci scrive più nessuno.")
	assert.Equal(t, http.StatusUnprocessableEntity, page.StatusCode, "one waits already")
	at = second.get("/categories").Find(".category a.badge").AttrOr("href", "")
	assert.Contains(t, second.get(at).text("main"), "Non ci scrive più nessuno.")
	require.Equal(t, "/categories/giardino?done=category_archive", second.post(at+"/approve").Header.Get("Location"))
	page = reader.get("/forum")
	assert.Zero(t, page.Find(".board").Length())
	assert.Equal(t, "Il campo", page.text(".archive li > a"))
	page = reader.get("/forum/categories/giardino")
	assert.Zero(t, page.Find(`a[href$="/new"]`).Length())
	assert.Contains(t, page.text(".notice"), "non si scrive più")
	page = reader.get(page.Find(".thread h2 a").AttrOr("href", ""))
	assert.Zero(t, page.Find("textarea").Length())
	assert.Contains(t, page.text(".thread-end"), "non si scrive più")
	require.Equal(t, "/categories/giardino?done=second_awaited", second.post("/categories/giardino/restore", "why", "La chiedono di nuovo.").Header.Get("Location"))
	at = first.get("/categories").Find(".proposal a").AttrOr("href", "")
	require.Equal(t, "/categories?done=proposal_declined", first.post(at+"/decline", "reason", "Aspettiamo la primavera.").Header.Get("Location"))
	assert.Contains(t, second.get(at).text("main"), "Aspettiamo la primavera.")
	require.Equal(t, http.StatusSeeOther, second.post("/categories/giardino/restore", "why", "La chiedono di nuovo.").StatusCode)
	at = second.get("/categories").Find(".proposal a").AttrOr("href", "")
	require.Equal(t, "/categories?done=proposal_withdrawn", second.post(at+"/withdraw").Header.Get("Location"))
}

// TestMoveCategories: the order is changed by the buttons of the page, which name the neighbour they pass.
func TestMoveCategories(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	people := newStaff(t, st)
	for _, slug := range []string{"a", "b", "c"} {
		_, err := st.Forum.CreateCategory(t.Context(), account.System(st.service), forum.NewCategory{Slug: slug, Audience: forum.ForMembers, Title: "Categoria " + slug})
		require.NoError(t, err)
	}
	admin, reader := st.signedIn(t, people.admin.ID), st.signedIn(t, st.member(t, "Pioggia").ID)
	press := func(slug, where string) string {
		t.Helper()
		form := admin.get("/categories").Find("#c-" + slug + " input[name=" + where + "]")
		require.Equal(t, 1, form.Length())
		return admin.post("/categories/"+slug+"/move", where, form.AttrOr("value", "")).Header.Get("Location")
	}
	order := func() string {
		return strings.Join(reader.get("/forum").Find(".board h2").Map(func(_ int, s *goquery.Selection) string { return strings.TrimPrefix(s.Text(), "Categoria ") }), "")
	}
	assert.Zero(t, admin.get("/categories").Find("#c-a input[name=before], #c-c input[name=after]").Length(), "nothing stands beyond the ends")
	require.Equal(t, "/categories?done=category_moved#c-c", press("c", "before"))
	assert.Equal(t, "acb", order())
	press("a", "after")
	assert.Equal(t, "cab", order())
	assert.Equal(t, http.StatusNotFound, admin.post("/categories/a/move").StatusCode)
	assert.Equal(t, http.StatusNotFound, admin.post("/categories/a/move", "before", "z").StatusCode)
	assert.Equal(t, http.StatusConflict, admin.post("/categories/a/move", "before", "a").StatusCode)
	assert.Equal(t, "cab", order())
}
