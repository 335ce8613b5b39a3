package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/chat"
)

// TestPrepared: without a script an administrator keeps the texts, and an ESP finds them in the conversation; the person's page has none.
func TestPrepared(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	esp, _, who := st.open(t)
	admin := st.signedIn(t, who.admin.ID)
	guest := st.guest(t, "Airone")
	require.Equal(t, http.StatusSeeOther, guest.post("/waiting", "topic", "il lavoro").StatusCode)
	room := location(t, esp.post(esp.get("/desk").action(t, "Ci sono io")))
	assert.Zero(t, esp.get(room).Find(".prepared").Length(), "nothing to fold out")

	long := strings.Repeat("à", chat.MaxPrepared+1)
	page := admin.post("/prepared", "title", "Il numero verde", "text", long, "version", "0")
	assert.Equal(t, http.StatusUnprocessableEntity, page.StatusCode)
	assert.Equal(t, long, page.Find("#text").Text())
	assert.Equal(t, "/prepared?done=prepared_saved", location(t, admin.post("/prepared", "title", "Il numero <verde>", "text", "Risponde <b>sempre</b>.", "version", "0")))
	edit := admin.get("/prepared").Find(`a[href$="/edit"]`).AttrOr("href", "")
	require.NotEmpty(t, edit)
	location(t, admin.post(edit, "title", "Il numero <verde>", "text", "Risponde a tutte le ore.", "version", "1"))
	page = admin.post(edit, "title", "Il numero <verde>", "text", "Altro.", "version", "1")
	assert.Equal(t, http.StatusUnprocessableEntity, page.StatusCode)
	assert.Contains(t, page.text(".error-summary"), "Intanto qualcun altro")
	assert.Equal(t, "Altro.", page.Find("#text").Text())
	assert.Contains(t, admin.get(edit).text(".held"), "Risponde <b>sempre</b>.")

	assert.Contains(t, esp.get(room).text(".prepared"), "Risponde a tutte le ore.")
	assert.NotContains(t, guest.get(room).Body, "tutte le ore")
	for _, other := range []*browser{esp, guest, st.signedIn(t, who.tutor.ID)} {
		assert.Equal(t, http.StatusForbidden, other.get("/prepared").StatusCode)
		assert.Equal(t, http.StatusForbidden, other.post("/prepared", "title", "Titolo", "text", "Uno.", "version", "0").StatusCode)
	}
	assert.Equal(t, "/prepared?done=prepared_removed", location(t, admin.post(strings.TrimSuffix(edit, "/edit")+"/remove")))
	assert.Zero(t, esp.get(room).Find(".prepared").Length())
}
