package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/forum"
)

// TestRulesAndHistory: who looks after a category says what holds there and reads what a post said before; others do neither. Without a script.
func TestRulesAndHistory(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	people := newStaff(t, st)
	ctx := t.Context()
	category, err := st.Forum.CreateCategory(ctx, account.System(st.service), forum.NewCategory{Slug: "piazza", Audience: forum.ForMembers, Title: "Piazza"})
	require.NoError(t, err)
	_, err = st.Forum.CreateCategory(ctx, account.System(st.service), forum.NewCategory{Slug: "cortile", Audience: forum.ForMembers, Title: "Cortile"})
	require.NoError(t, err)
	require.NoError(t, st.Forum.AssignModerator(ctx, people.admin, category, people.esp.ID))
	author := st.member(t, "Nuvola")
	asAuthor, asReader, asESP, asAdmin := st.signedIn(t, author.ID), st.signedIn(t, st.member(t, "Pioggia").ID), st.signedIn(t, people.esp.ID), st.signedIn(t, people.admin.ID)

	rules := asESP.get("/forum/categories/piazza").Find("a[href$='/rules']").AttrOr("href", "")
	require.Equal(t, "/forum/categories/piazza/rules", rules)
	page := asESP.post(rules, "rules", strings.Repeat("a", forum.MaxRules+1))
	assert.Equal(t, http.StatusUnprocessableEntity, page.StatusCode)
	assert.Len(t, page.text("#rules"), forum.MaxRules+1, "what was typed is kept")
	mark := page.Find("[name=mark]").AttrOr("value", "")
	require.NotEmpty(t, mark)
	require.Equal(t, "/forum/categories/piazza?done=category_saved", asESP.post(rules, "rules", "Qui si parla <b>piano</b>.", "mark", mark).Header.Get("Location"))
	page = asESP.post(rules, "rules", "Scritto nel frattempo.", "mark", mark)
	require.Equal(t, http.StatusUnprocessableEntity, page.StatusCode, "an old form overwrites nothing")
	assert.Equal(t, "Scritto nel frattempo.", page.text("#rules"))
	assert.Contains(t, page.text("main .written"), "Qui si parla <b>piano</b>.")
	assert.Equal(t, "Qui si parla <b>piano</b>.", asReader.get("/forum/categories/piazza").text(".rules"))
	assert.Equal(t, 1, asAdmin.get("/people").Find("main a[href='/categories']").Length())
	require.Equal(t, "/categories/cortile?done=category_saved", asAdmin.post("/forum/categories/cortile/rules", "rules", "Si cammina.", "mark", asAdmin.get("/forum/categories/cortile/rules").Find("[name=mark]").AttrOr("value", "")).Header.Get("Location"))
	assert.Equal(t, http.StatusNotFound, asESP.get("/forum/categories/cortile/rules").StatusCode)
	for _, b := range []*browser{asReader, st.signedIn(t, people.tutor.ID), st.guest(t, "Gabbiano"), st.browser(t)} {
		assert.NotEqual(t, http.StatusOK, b.get(rules).StatusCode)
		assert.NotContains(t, b.post(rules, "rules", "No.").Header.Get("Location"), "done=")
	}

	post, err := st.Forum.OpenThread(ctx, author, forum.NewThread{Category: "piazza", Title: "Una discussione", Text: "Prima così.", CID: strings.ReplaceAll(uuid.NewString(), "-", "")})
	require.NoError(t, err)
	thread, history := "/forum/threads/"+post.Thread.String(), "/forum/posts/"+post.Post.String()+"/history"
	assert.Zero(t, asESP.get(thread).Find("a[href$='/history']").Length(), "there is none yet")
	_, err = st.Forum.EditPost(ctx, author, forum.Edit{Post: post.Post, Version: 1, Title: "Una discussione", Text: "Poi così."})
	require.NoError(t, err)
	for _, b := range []*browser{asAuthor, asESP, st.signedIn(t, people.tutor.ID)} {
		page = b.get(b.get(thread).Find("a[href$='/history']").AttrOr("href", ""))
		assert.Contains(t, page.text("main"), "Prima così.")
		assert.Contains(t, page.text("main"), "Poi così.")
	}
	assert.Zero(t, asReader.get(thread).Find("a[href$='/history']").Length())
	assert.Equal(t, http.StatusForbidden, asReader.get(history).StatusCode)
	assert.NotContains(t, asReader.get(history).Body, "Prima così")
}
