package web

import (
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/forum"
)

// TestGiven: without a script, an ESP gives a page from the conversation's own; the person finds it there and among their conversations, and puts it away.
func TestGiven(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	esp, tutor, _ := st.open(t)
	for _, title := range []string{"La riva", "I passi <b>piccoli</b>"} {
		require.NoError(t, st.Forum.PlantPage(t.Context(), account.System(st.service), forum.PageForm{Kind: forum.Leaflet, Title: title, Source: "Testo."}))
	}
	guest := st.guest(t, "Airone")
	require.Equal(t, http.StatusSeeOther, guest.post("/waiting", "topic", "il lavoro").StatusCode)
	room := location(t, esp.post(esp.get("/desk").Find(".offer form").First().AttrOr("action", "")))
	assert.Zero(t, guest.get(room).Find("[data-region=given] details").Length())

	form := esp.get(room).Find(`form[action$="/given"]`)
	require.Equal(t, 1, form.Length())
	page := form.Find(`option:contains("piccoli")`).AttrOr("value", "")
	require.NotEmpty(t, page)
	action := form.AttrOr("action", "")
	assert.Equal(t, http.StatusNotFound, esp.post(action, "page", "nessuna").StatusCode)
	for name, b := range map[string]*browser{"the person": guest, "a tutor": tutor, "a visitor": st.browser(t), "another guest": st.guest(t, "Gabbiano")} {
		assert.NotEqual(t, http.StatusSeeOther, b.post(action, "page", page).StatusCode, name)
	}
	assert.Equal(t, room, location(t, esp.post(action, "page", page)))
	assert.Zero(t, esp.get(room).Find(`#give option[value="`+page+`"]`).Length(), "what they have is not offered again")
	assert.Contains(t, esp.get(room).text("[data-region=given]"), "I passi <b>piccoli</b>")
	mine := guest.get(room)
	assert.Equal(t, "/information/"+page, mine.Find("[data-region=given] a").AttrOr("href", ""))
	assert.Contains(t, mine.text("[data-region=given] summary"), "1 pagina da leggere")

	list := guest.get("/rooms")
	assert.Contains(t, list.text("main"), "I passi <b>piccoli</b>")
	away := list.Find(`form[action^="/given/"]`).AttrOr("action", "")
	require.NotEmpty(t, away)
	assert.Zero(t, esp.get("/rooms").Find(`form[action^="/given/"]`).Length())
	require.Equal(t, http.StatusSeeOther, st.guest(t, "Cormorano").post(away).StatusCode)
	assert.Contains(t, guest.get("/rooms").text("main"), "piccoli", "nobody else puts it away")
	assert.Equal(t, http.StatusNotFound, guest.post("/given/nonsense/remove").StatusCode)
	require.Equal(t, http.StatusSeeOther, guest.post("/given/"+uuid.NewString()+"/remove").StatusCode)

	pages, err := st.Forum.Pages(t.Context(), account.Visitor(st.service))
	require.NoError(t, err)
	for _, p := range pages {
		if p.Slug == page {
			require.NoError(t, st.Forum.RemovePage(t.Context(), account.System(st.service), p.ID))
		}
	}
	assert.Contains(t, guest.get("/rooms").text("main"), "non c'è più")
	require.Equal(t, http.StatusSeeOther, guest.post(away).StatusCode)
	assert.NotContains(t, guest.get("/rooms").text("main"), "non c'è più")
}
