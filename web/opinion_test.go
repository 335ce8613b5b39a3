package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/forum"
	"ponti/moderation"
)

// TestSecondOpinionPages: moderators write to each other beside a case, one asks for a second opinion and another gives it; nobody else sees a word of it.
func TestSecondOpinionPages(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	people := newStaff(t, st)
	anna, bruno := st.signedIn(t, people.tutor.ID), st.signedIn(t, st.staffMember(t, people.admin, account.RoleTutor, "Bruno").ID)
	writes := st.member(t, "Nuvola")
	author, reader := st.signedIn(t, writes.ID), st.signedIn(t, st.member(t, "Pioggia").ID)
	_, err := st.Forum.CreateCategory(t.Context(), account.System(st.service), forum.NewCategory{Slug: "piazza", Audience: forum.ForMembers, Title: "Piazza"})
	require.NoError(t, err)
	posted, err := st.Forum.OpenThread(t.Context(), writes, forum.NewThread{Category: "piazza", Title: "Una discussione", Text: "Ma che bravo che sei.", CID: newCID()})
	require.NoError(t, err)
	post := posted.Post.String()
	require.Equal(t, "/reported", reader.post("/report/post/"+post, "reason", "harassment", "note", "Mi offende.").Header.Get("Location"))
	link := anna.get("/moderation").Find(`.queue a[href^="/moderation/"]`).AttrOr("href", "")
	require.NotEmpty(t, link)

	long := strings.Repeat("è", moderation.MaxNote+1)
	page := anna.post(link+"/note", "note", long)
	assert.Equal(t, http.StatusUnprocessableEntity, page.StatusCode)
	assert.Equal(t, long, page.Find("#note").Text(), "what was typed is kept")
	page = anna.post(link+"/second", "note", "Ironia o insulto?")
	assert.Equal(t, http.StatusUnprocessableEntity, page.StatusCode, "it is not hers now")
	assert.Equal(t, "Ironia o insulto?", page.Find("#note").Text())
	assert.Contains(t, page.text(".error-summary"), "Prendila di nuovo")
	require.Equal(t, http.StatusSeeOther, anna.post(link+"/claim").StatusCode)
	assert.Equal(t, 1, anna.get(link).Find(`[formaction$="/second"]`).Length())
	assert.Equal(t, link+"?done=second_asked", anna.post(link+"/second", "note", "Ironia o insulto?").Header.Get("Location"))
	assert.Contains(t, anna.get(link).text("main"), "Hai chiesto un secondo parere")
	assert.Zero(t, anna.get(link).Find(`[formaction$="/opinion"]`).Length(), "nobody is their own second")
	assert.Contains(t, bruno.get("/moderation").text(".queue"), "secondo parere chiesto")
	assert.Contains(t, bruno.get(link).text("main"), "chiede un secondo parere")
	page = bruno.post(link+"/opinion", "note", "Insulto.")
	assert.Equal(t, http.StatusUnprocessableEntity, page.StatusCode)
	assert.Contains(t, page.text(".error-summary"), "Scegli che cosa faresti")
	assert.Equal(t, "Insulto.", page.Find("#note").Text())
	assert.Equal(t, link+"?done=opinion_given", bruno.post(link+"/opinion", "opinion", "hide", "note", "Insulto, <b>per me</b>.").Header.Get("Location"))
	assert.Contains(t, anna.get("/moderation").text(".queue"), "secondo parere dato")
	assert.Contains(t, anna.get(link).text("main"), "Insulto, <b>per me</b>.")
	assert.Contains(t, anna.get(link).text("main"), "Lo nasconderei")

	for _, act := range []string{"note", "second", "opinion"} {
		for _, b := range []*browser{author, reader, st.signedIn(t, people.admin.ID), st.signedIn(t, people.esp.ID), st.browser(t)} {
			assert.NotContains(t, b.post(link+"/"+act, "note", "Ciao.", "opinion", "hide").Header.Get("Location"), "done=")
		}
	}
	require.Equal(t, http.StatusSeeOther, anna.post(link+"/claim").StatusCode)
	require.Equal(t, http.StatusSeeOther, anna.post(link+"/decide", "decision", "hide", "statement", "È un insulto.").StatusCode)
	for _, b := range []*browser{author, reader} {
		assert.NotContains(t, b.get("/notices").Body, "per me")
	}
	page = bruno.post(link+"/note", "note", "Tardi.")
	assert.Equal(t, http.StatusUnprocessableEntity, page.StatusCode)
	assert.NotContains(t, st.log.String(), "Ironia")
}
