package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestPublicationPages: staff who look after a category write an article on its own form; it stands in the list with what it is about, and is answered only if they want.
func TestPublicationPages(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	list := "/forum/categories/every-day"
	esp, reader := b.as(b.esp), b.as(b.member)
	form := esp.get(list).Find(`a[href$="/new?kind=publication"]`).AttrOr("href", "")
	require.Equal(t, list+"/new?kind=publication", form)
	assert.Zero(t, reader.get(list).Find(`a[href*="/new?kind=publication"]`).Length())
	assert.Zero(t, reader.get(form).Find("#abstract").Length(), "who may not write one gets the common form")
	kinds, _ := offered(esp.get(list + "/new"))
	assert.NotContains(t, kinds, "publication", "it has a form of its own")

	page := esp.post(list+"/threads", "kind", "publication", "title", "Dormire meglio", "text", "Un testo.", "abstract", "Poco", "closed", "true", "cid", newCID())
	assert.Equal(t, http.StatusUnprocessableEntity, page.StatusCode)
	assert.Equal(t, []string{"abstract"}, page.mistakes(t))
	assert.Equal(t, "Poco", page.text("#abstract"))
	assert.Equal(t, "Un testo.", page.text("#text"))
	assert.Equal(t, 1, page.Find("input[name=closed][checked]").Length())
	page = reader.post(list+"/threads", "kind", "publication", "title", "Dormire meglio", "text", "Un testo.", "abstract", "Che cosa aiuta quando la notte non passa.", "cid", newCID())
	assert.Equal(t, []string{"kind"}, page.mistakes(t))

	// A draft of it goes into its own form, and into no other.
	location(t, esp.post("/forum/drafts", "category", "every-day", "kind", "publication", "abstract", "Per ora solo questo.", "text", "", "cid", newCID(), "version", "0"))
	assert.Equal(t, "Per ora solo questo.", esp.get(form).text("#abstract"))
	assert.Zero(t, esp.get(list+"/new").Find("#abstract").Length())
	draft := esp.get("/forum/drafts").Find(`a[href*="draft="]`).AttrOr("href", "")
	assert.Equal(t, "Per ora solo questo.", esp.get(draft).text("#abstract"))

	thread := location(t, esp.post(list+"/threads", "kind", "publication", "title", "Dormire meglio", "text", strings.Repeat("Una riga dopo l'altra. ", 600),
		"abstract", "Che cosa aiuta quando la notte non passa.", "closed", "true", "cid", newCID()))
	page = reader.get(list)
	assert.Equal(t, "Che cosa aiuta quando la notte non passa.", page.text(".thread .abstract"))
	assert.Equal(t, "Articolo", page.text(".thread .badge-kind"))
	page = reader.get(thread)
	assert.Equal(t, "Che cosa aiuta quando la notte non passa.", page.text(".forum-head .lead"))
	assert.Contains(t, page.text("#post-1 .post-head"), "ESP")
	assert.Equal(t, 1, page.Find("#post-1 .post-head time").Length())
	assert.Equal(t, 1, page.Find(".post-article").Length())
	assert.Positive(t, page.Find("#post-1 .reaction").Length(), "reactions are not hidden")
	assert.Zero(t, page.Find(".answer form").Length())
	assert.Contains(t, page.text(".thread-end"), "si legge e basta")
	url, _, _ := strings.Cut(thread, "#")
	assert.Equal(t, http.StatusConflict, reader.post(url+"/posts", "text", "Grazie.", "cid", newCID()).StatusCode)

	edit := esp.get(thread).Find(`#post-1 a[href$="/edit"]`).AttrOr("href", "")
	page = esp.get(edit)
	assert.Equal(t, 1, page.Find("input[name=closed][checked]").Length())
	location(t, esp.post(edit, "version", "1", "title", "Dormire meglio", "text", "Più breve.", "abstract", "Che cosa aiuta, in poche parole."))
	assert.Equal(t, 1, reader.get(thread).Find(".answer form").Length(), "its author opened it to replies")
	location(t, reader.post(url+"/posts", "text", "Grazie.", "cid", newCID()))
}
