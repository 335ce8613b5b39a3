package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
)

// TestInformation: an administrator writes pages in forms; everybody reads them without an account or a script, and search engines find them, and nothing of the forum.
func TestInformation(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	people := newStaff(t, st)
	admin, visitor := st.signedIn(t, people.admin.ID), st.browser(t)
	assert.Contains(t, visitor.get("/information").text("main"), "Qui non c’è ancora niente")

	page := admin.post("/pages", "kind", "service", "title", "Il centro", "text", "Vieni <b>quando</b> vuoi", "phone", "chiama!", "province", "Lago")
	require.Equal(t, http.StatusUnprocessableEntity, page.StatusCode)
	assert.Equal(t, []string{"chiama!", "Vieni <b>quando</b> vuoi"}, []string{page.Find("#phone").AttrOr("value", ""), page.Find("#text").Text()}, "nothing is lost")
	require.Equal(t, "/pages?done=page_saved",
		admin.post("/pages", "kind", "service", "title", "Il centro", "text", "Vieni <b>quando</b> vuoi", "phone", "000 555 01", "province", "Lago", "web", "prova.example").Header.Get("Location"))
	admin.post("/pages", "kind", "group", "title", "Il gruppo", "phone", "000 555 02", "province", "Valle")
	admin.post("/pages", "kind", "article", "title", "Chi siamo", "text", "## Noi\n\nDue righe.")

	page = visitor.get("/information")
	assert.Equal(t, "Due righe.", page.text(".readings .card p"))
	assert.Equal(t, 2, page.Find(".place").Length())
	page = visitor.get("/information?province=Valle")
	assert.Equal(t, "Il gruppo", page.text(".place h3"))
	assert.Contains(t, visitor.get("/information?province=Altrove").text("main"), "In questa provincia")
	page = visitor.get("/information/il-centro")
	assert.Equal(t, "tel:00055501", page.Find(".contacts a[href^='tel:']").AttrOr("href", ""))
	assert.Equal(t, "https://prova.example", page.Find(".contacts a[href^='https:']").AttrOr("href", ""))
	assert.Zero(t, page.Find(".post-text b").Length())
	assert.Empty(t, page.Header.Get("X-Robots-Tag"))
	assert.Equal(t, "Vieni <b>quando</b> vuoi", page.Find("meta[name=description]").AttrOr("content", ""))
	assert.Equal(t, http.StatusNotFound, visitor.get("/information/niente").StatusCode)
	assert.Contains(t, visitor.get("/robots.txt").Body, "Allow: /information\n")
	sitemap := visitor.get("/sitemap.xml")
	assert.Contains(t, sitemap.Body, "/information/il-gruppo</loc>")
	assert.Contains(t, sitemap.Body, "/numbers</loc>")
	assert.NotContains(t, sitemap.Body, "forum")
	assert.NotContains(t, sitemap.Body, "{")

	// Edited by two: the second one loses no word, and sees the other's version.
	list := admin.get("/pages")
	edit := list.Find(`a[aria-label="Modifica: Il centro"]`).AttrOr("href", "")
	form := []string{"kind", "service", "title", "Il centro", "phone", "000 555 01", "province", "Lago", "version", "1"}
	require.Equal(t, http.StatusSeeOther, admin.post(edit, append(form, "text", "Primo")...).StatusCode)
	page = admin.post(edit, append(form, "text", "Secondo")...)
	require.Equal(t, http.StatusUnprocessableEntity, page.StatusCode)
	assert.Equal(t, "Secondo", page.Find("#text").Text())
	assert.Contains(t, page.text(".error-summary"), "Qualcun altro")
	require.Equal(t, http.StatusSeeOther, admin.post(edit, append(form[:8], "version", page.Find("input[name=version]").AttrOr("value", ""), "text", "Secondo")...).StatusCode)
	page = admin.get(edit)
	assert.Contains(t, page.text("ol.readings"), "Primo")
	back := page.Find(`form[action*="/versions/"]`).First().AttrOr("action", "")
	require.Equal(t, http.StatusSeeOther, admin.post(back).StatusCode)
	assert.Contains(t, visitor.get("/information/il-centro").text(".post-text"), "Primo")
	remove := strings.TrimSuffix(edit, "edit") + "remove"
	require.Equal(t, http.StatusSeeOther, admin.post(remove).StatusCode)
	assert.Equal(t, http.StatusNotFound, visitor.get("/information/il-centro").StatusCode)

	for _, b := range []*browser{visitor, st.signedIn(t, people.esp.ID), st.signedIn(t, people.tutor.ID), st.guest(t, "Gabbiano")} {
		for _, path := range []string{"/pages", "/pages/new", edit} {
			assert.NotEqual(t, http.StatusOK, b.get(path).StatusCode, path)
		}
		for _, path := range []string{"/pages", edit, remove, back} {
			assert.Contains(t, []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound}, b.post(path, form...).StatusCode, path)
		}
	}
	for _, locale := range []string{"it", "en"} {
		for _, p := range st.DefaultPages(locale) {
			require.NoError(t, st.Forum.PlantPage(t.Context(), account.System(st.service), p))
			require.NoError(t, st.Forum.PlantPage(t.Context(), account.System(st.service), p), "once is enough")
		}
	}
	assert.Equal(t, 5, visitor.get("/information").Find(".readings .card").Length())
}
