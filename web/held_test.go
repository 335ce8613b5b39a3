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

// TestHeldStory: what a new member writes is read by somebody before it appears; they see that and when, and nobody else sees it. Without a script.
func TestHeldStory(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	people := newStaff(t, st)
	ctx := t.Context()
	category, err := st.Forum.CreateCategory(ctx, account.System(st.service), forum.NewCategory{Slug: "piazza", Audience: forum.ForMembers, Title: "Piazza"})
	require.NoError(t, err)
	require.NoError(t, st.Forum.AssignModerator(ctx, people.admin, category, people.esp.ID))
	asAuthor, asReader := st.signedIn(t, st.member(t, "Nuvola").ID), st.signedIn(t, st.member(t, "Pioggia").ID)
	asESP, asTutor, asAdmin := st.signedIn(t, people.esp.ID), st.signedIn(t, people.tutor.ID), st.signedIn(t, people.admin.ID)

	// An administrator says what is held back.
	page := asAdmin.get("/service")
	assert.Equal(t, "0", page.Find("#first").AttrOr("value", ""))
	assert.Zero(t, page.Find("#uncovered[checked]").Length())
	for _, wrong := range []string{"", "molti", "-1", "21", "3.5"} {
		page = asAdmin.post("/service/holding", "first", wrong, "uncovered", "true")
		assert.Equal(t, http.StatusUnprocessableEntity, page.StatusCode, wrong)
		assert.Equal(t, wrong, page.Find("#first").AttrOr("value", ""), "what was typed is kept")
	}
	require.Equal(t, "/service?done=holding_saved", asAdmin.post("/service/holding", "first", "3", "uncovered", "true").Header.Get("Location"))
	page = asAdmin.get("/service")
	assert.Equal(t, "3", page.Find("#first").AttrOr("value", ""))
	assert.Equal(t, 1, page.Find("#uncovered[checked]").Length())
	for _, b := range []*browser{asAuthor, asESP, asTutor, st.guest(t, "Gabbiano")} {
		assert.Contains(t, []int{http.StatusForbidden, http.StatusNotFound}, b.post("/service/holding", "first", "0").StatusCode)
	}

	assert.Equal(t, "45", page.Find("#minutes").AttrOr("value", ""))
	for _, wrong := range []string{"", "un'ora", "19", "121"} {
		page = asAdmin.post("/service/conversation", "minutes", wrong)
		assert.Equal(t, http.StatusUnprocessableEntity, page.StatusCode, wrong)
		assert.Equal(t, wrong, page.Find("#minutes").AttrOr("value", ""))
		assert.Equal(t, "3", page.Find("#first").AttrOr("value", ""), "the other forms stay as they are")
	}
	require.Equal(t, "/service?done=conversation_saved", asAdmin.post("/service/conversation", "minutes", "60").Header.Get("Location"))
	assert.Equal(t, "60", asAdmin.get("/service").Find("#minutes").AttrOr("value", ""))

	assert.Equal(t, "48", page.Find("#keep_guest").AttrOr("value", ""))
	assert.Contains(t, asAuthor.get("/privacy").text("main"), "Una conversazione senza accesso: 48 ore")
	page = asAdmin.post("/service/keeping", "keep_guest", "molte", "keep_member", "25", "keep_flagged", "24")
	assert.Equal(t, http.StatusUnprocessableEntity, page.StatusCode)
	assert.Equal(t, 2, page.Find(".error-summary li").Length())
	assert.Equal(t, "molte", page.Find("#keep_guest").AttrOr("value", ""), "what was typed is kept")
	assert.NotEqual(t, "/service?done=keeping_saved", asTutor.post("/service/keeping", "keep_guest", "1", "keep_member", "1", "keep_flagged", "6").Header.Get("Location"))
	require.Equal(t, "/service?done=keeping_saved", asAdmin.post("/service/keeping", "keep_guest", "1", "keep_member", "6", "keep_flagged", "36").Header.Get("Location"))
	assert.Equal(t, "36", asAdmin.get("/service").Find("#keep_flagged").AttrOr("value", ""))
	assert.Contains(t, asAuthor.get("/privacy").text("main"), "un'ora da quando finisce")
	assert.Contains(t, asAuthor.get("/privacy").text("main"), "6 mesi, o finché non la cancelli tu")

	write := func(title, text string) (held string) {
		t.Helper()
		held = asAuthor.post("/forum/categories/piazza/threads", "title", title, "text", text, "cid", strings.ReplaceAll(uuid.NewString(), "-", "")).Header.Get("Location")
		require.True(t, strings.HasPrefix(held, "/forum/held/"), held)
		return held
	}
	held := write("Mi presento", "Ciao a tutti, sono **nuova**.")
	page = asAuthor.get(held)
	assert.Equal(t, "Qualcuno lo legge, poi compare", page.text("h1"))
	assert.Contains(t, page.text(".notice"), "I primi messaggi di ogni persona")
	assert.Contains(t, page.text(".notice"), "prima persona che entra in turno", "nobody is planned to come: that is said, with a way out")
	assert.Contains(t, page.text(".notice"), "112")
	assert.Equal(t, "nuova", page.text(".post-text strong"))
	assert.Zero(t, page.Find(".held-decide").Length())
	assert.Contains(t, asAuthor.get("/forum").text(".held-own"), "Mi presento")
	for _, b := range []*browser{asReader, asAdmin, st.guest(t, "Cormorano"), st.browser(t)} {
		assert.NotEqual(t, http.StatusOK, b.get(held).StatusCode)
		for _, act := range []string{"/publish", "/refuse", "/withdraw"} {
			assert.NotEqual(t, "/moderation", strings.Split(b.post(held+act, "statement", "No.").Header.Get("Location"), "?")[0])
		}
	}
	assert.NotContains(t, asReader.get("/forum").Body, "Mi presento")
	assert.NotContains(t, asReader.get("/forum/categories/piazza").Body, "Mi presento")
	assert.NotContains(t, asReader.get("/moderation").Body, "Mi presento")
	assert.Equal(t, http.StatusNotFound, asAuthor.post(held+"/publish").StatusCode)
	assert.Equal(t, http.StatusNotFound, asESP.get(held+"/withdraw").StatusCode)

	page = asESP.get("/moderation")
	assert.Equal(t, held, page.Find("#to-read ~ ul a").AttrOr("href", ""))
	page = asESP.get(held)
	assert.Equal(t, 1, page.Find(".held-decide").Length())
	require.Equal(t, "/moderation?done=held_published", asESP.post(held+"/publish").Header.Get("Location"))
	assert.Equal(t, http.StatusConflict, asTutor.post(held+"/publish").StatusCode)
	assert.Contains(t, asReader.get("/forum/categories/piazza").Body, "Mi presento")
	assert.True(t, strings.HasPrefix(asAuthor.get(held).Header.Get("Location"), "/forum/threads/"), "its old address leads to where it stands")

	// Refused: the author is told why, and asks again.
	held = write("Un numero", "Chiamate il 333 1234567.")
	page = asESP.post(held+"/refuse", "statement", " ")
	assert.Equal(t, http.StatusUnprocessableEntity, page.StatusCode)
	assert.Equal(t, []string{"statement"}, page.mistakes(t))
	assert.Equal(t, 1, page.Find("details[open]").Length(), "the form that was wrong is open")
	require.Equal(t, "/moderation?done=held_refused", asESP.post(held+"/refuse", "statement", "È il telefono di qualcuno.").Header.Get("Location"))
	page = asAuthor.get("/notices")
	assert.Contains(t, page.text(".written"), "È il telefono di qualcuno.")
	assert.Equal(t, 1, page.Find(".notices a[href^='/appeal/']").Length())
	assert.Equal(t, "Non è comparso", asAuthor.get(held).text("h1"))

	// Taken back, and what shows danger.
	held = write("La ricetta del pane", "La scrivo un altro giorno.")
	assert.Contains(t, asAuthor.get(held+"/withdraw").text("blockquote"), "La scrivo un altro giorno.")
	require.Equal(t, "/forum?done=held_withdrawn", asAuthor.post(held+"/withdraw").Header.Get("Location"))
	assert.Equal(t, http.StatusNotFound, asAuthor.get(held).StatusCode)
	held = write("Basta", "Stanotte mi ammazzo, ho già preparato tutto.")
	page = asAuthor.get(held)
	assert.Positive(t, page.Find(".notice-red a[href='tel:112']").Length(), "who is in danger sees the numbers at once, held or not")
	assert.Equal(t, http.StatusConflict, asAuthor.post(held+"/withdraw").StatusCode)
	assert.NotContains(t, st.log.String(), "ammazzo")
	assert.NotContains(t, st.log.String(), "1234567")
}

// TestMoveStory: a tutor moves a discussion where the same people read; its address stays, and who reads it is told where it was. Without a script.
func TestMoveStory(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	people := newStaff(t, st)
	ctx := t.Context()
	for slug, audience := range map[string]forum.Audience{"piazza": forum.ForMembers, "cortile": forum.ForMembers, "familiari": forum.ForFamily} {
		_, err := st.Forum.CreateCategory(ctx, account.System(st.service), forum.NewCategory{Slug: slug, Audience: audience, Title: strings.ToUpper(slug)})
		require.NoError(t, err)
	}
	author := st.member(t, "Nuvola")
	post, err := st.Forum.OpenThread(ctx, author, forum.NewThread{Category: "piazza", Title: "Una discussione", Text: "Ciao.", CID: strings.ReplaceAll(uuid.NewString(), "-", "")})
	require.NoError(t, err)
	url := "/forum/threads/" + post.Thread.String()
	tutor, asAuthor := st.signedIn(t, people.tutor.ID), st.signedIn(t, author.ID)
	for _, b := range []*browser{asAuthor, st.signedIn(t, people.esp.ID), st.signedIn(t, people.admin.ID), st.guest(t, "Gabbiano")} {
		assert.Contains(t, []int{http.StatusForbidden, http.StatusNotFound}, b.get(url+"/move").StatusCode)
		assert.Contains(t, []int{http.StatusForbidden, http.StatusNotFound}, b.post(url+"/move", "to", "cortile").StatusCode)
	}
	page := tutor.get(tutor.get(url).Find("a[href$='/move']").AttrOr("href", ""))
	assert.Equal(t, "cortile", page.Find("input[name=to]").AttrOr("value", ""))
	assert.Equal(t, 1, page.Find("input[name=to]").Length())
	for _, to := range []string{"", "familiari", "nessuna"} {
		page = tutor.post(url+"/move", "to", to)
		assert.Equal(t, http.StatusUnprocessableEntity, page.StatusCode)
		assert.Equal(t, []string{"to"}, page.mistakes(t))
	}
	require.Equal(t, url, tutor.post(url+"/move", "to", "cortile").Header.Get("Location"))
	page = asAuthor.get(url)
	assert.Contains(t, page.text(".crumbs"), "CORTILE")
	assert.Contains(t, page.text(".thread-meta"), "Prima era in PIAZZA")
}
