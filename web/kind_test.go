package web

import (
	"net/http"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/forum"
)

// offered are the kinds that a form offers, and the one that it begins with.
func offered(a answer) (kinds []string, chosen string) {
	a.Find("input[name=kind]").Each(func(_ int, s *goquery.Selection) { kinds = append(kinds, s.AttrOr("value", "")) })
	return kinds, a.Find("input[name=kind][checked]").AttrOr("value", "")
}

// TestKindPages: who opens a thread says what it is for, of what they may open there; lists, the thread and search say it, and lists can be had by it.
func TestKindPages(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	list := "/forum/categories/every-day"
	asker, esp := b.as(b.member), b.as(b.esp)
	b.open(b.member, "Una discussione", "Ciao.")

	kinds, chosen := offered(asker.get(list + "/new"))
	assert.Subset(t, kinds, []string{"discussion", "question"})
	assert.NotContains(t, kinds, "event")
	assert.NotContains(t, kinds, "round_table")
	assert.Equal(t, "discussion", chosen)
	_, chosen = offered(asker.get(list + "/new?kind=question"))
	assert.Equal(t, "question", chosen)
	kinds, _ = offered(esp.get(list + "/new"))
	assert.NotContains(t, kinds, "question", "ESPs are who is asked")

	for _, kind := range []string{"event", "round_table", "rant", "question'"} {
		page := asker.post(list+"/threads", "kind", kind, "title", "Un titolo", "text", "Un testo lungo.", "cid", newCID())
		assert.Equal(t, http.StatusUnprocessableEntity, page.StatusCode, kind)
		assert.Equal(t, []string{"kind"}, page.mistakes(t), kind)
		assert.Equal(t, "Un testo lungo.", page.text("textarea[name=text]"), "nothing is lost")
	}
	assert.Equal(t, http.StatusUnprocessableEntity, esp.post(list+"/threads", "kind", "question", "title", "Un titolo", "text", "Un testo.", "cid", newCID()).StatusCode)
	page := asker.post(list+"/threads", "kind", "question", "title", "", "text", "Un testo.", "cid", newCID())
	_, chosen = offered(page)
	assert.Equal(t, "question", chosen, "what was chosen is kept")

	thread := location(t, asker.post(list+"/threads", "kind", "question", "title", "Come si comincia", "text", "Chi mi aiuta?", "cid", newCID()))
	assert.Equal(t, "Domanda agli ESP", esp.get(thread).text(".thread-meta .badge-kind"))
	page = esp.get(list)
	assert.Equal(t, 1, page.Find(".thread .badge-kind").Length(), "a discussion carries no word")
	assert.Equal(t, "Tutto", page.text(".kinds [aria-current=page]"))
	page = esp.get(list + "?kind=question")
	assert.Equal(t, 1, page.Find("ol.threads .thread").Length())
	assert.Contains(t, page.text("ol.threads"), "Come si comincia")
	assert.Equal(t, "Domande agli ESP", page.text(".kinds [aria-current=page]"))
	assert.Equal(t, 2, esp.get(list+"?kind=rant").Find("ol.threads .thread").Length(), "a broken link shows all")
	assert.Contains(t, esp.get("/forum/categories/hello?kind=question").text(".empty"), "Qui non c'è ancora nulla di questo tipo")

	_, err := b.Forum.IndexPosts(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "Domanda agli ESP", esp.get("/forum/search?q=comincia").text(".found .badge-kind"))

	location(t, asker.post("/forum/drafts", "category", "every-day", "kind", "question", "title", "A metà", "text", "Ancora", "cid", newCID(), "version", "0"))
	_, chosen = offered(asker.get(list + "/new"))
	assert.Equal(t, "question", chosen, "a draft remembers it")
}

// TestKindOlder: the way to older threads of a kind stays among them.
func TestKindOlder(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	for range forum.ThreadsPerPage + 1 {
		_, err := b.Forum.OpenThread(t.Context(), b.member, forum.NewThread{Category: "every-day", Kind: forum.KindQuestion, Title: "Domanda", Text: "Testo.", CID: newCID()})
		require.NoError(t, err)
		b.open(b.member, "Discussione", "Testo.")
	}
	reader := b.as(b.family)
	page := reader.get("/forum/categories/every-day?kind=question")
	assert.Equal(t, forum.ThreadsPerPage, page.Find("ol.threads .thread").Length())
	page = reader.get(page.Find(".pages a[rel=next]").AttrOr("href", ""))
	assert.Equal(t, 1, page.Find("ol.threads .thread").Length())
	assert.Equal(t, "/forum/categories/every-day?kind=question", page.Find(".pages a[rel=prev]").AttrOr("href", ""))
}

// TestQuestionPages: an ESP finds what waits, answers, and who asked marks that answer alone.
func TestQuestionPages(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	asker, esp := b.as(b.member), b.as(b.esp)
	assert.Contains(t, esp.get("/forum/questions").text(".empty"), "Nessuna domanda aspetta")
	assert.Equal(t, 1, esp.get("/forum").Find(`a[href="/forum/questions"]`).Length())
	assert.Zero(t, asker.get("/forum").Find(`a[href="/forum/questions"]`).Length())
	assert.NotEqual(t, http.StatusOK, asker.get("/forum/questions").StatusCode)
	assert.NotEqual(t, http.StatusOK, b.as(b.admin).get("/forum/questions").StatusCode)
	thread := location(t, asker.post("/forum/categories/every-day/threads", "kind", "question", "title", "Come si comincia", "text", "Chi mi aiuta?", "cid", newCID()))
	page := esp.get("/forum/questions")
	assert.Contains(t, page.text(".thread"), "Come si comincia")
	assert.Contains(t, page.text(".thread"), "Ancora nessuna risposta")
	url := page.Find(".thread h2 a").AttrOr("href", "")
	location(t, b.as(b.tutor).post(url+"/posts", "text", "Da un tutor.", "cid", newCID()))
	location(t, esp.post(url+"/posts", "text", "Da un'ESP.", "cid", newCID()))
	assert.Contains(t, esp.get("/forum/questions").text(".thread"), "2 risposte")
	page = asker.get(thread)
	assert.Zero(t, page.Find(`#post-2 form[action$="/answer"]`).Length())
	location(t, asker.post(page.Find(`#post-3 form[action$="/answer"]`).AttrOr("action", "")))
	assert.Zero(t, esp.get("/forum/questions").Find(".thread").Length())
}
