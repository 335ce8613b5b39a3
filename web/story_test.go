package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
)

// told posts a story and gives the address where it waits.
func told(t *testing.T, b *browser, title, text string) string {
	t.Helper()
	held := b.post("/forum/categories/every-day/threads", "kind", "story", "title", title, "text", text, "cid", newCID()).Header.Get("Location")
	require.True(t, strings.HasPrefix(held, "/forum/held/"), held)
	return held
}

// TestStoryPages: a story is told, changed while it waits, read by two people and withdrawn with one button. Without a script, on two instances: what one of
// them has done, the other shows at once, and nothing that was shown may be kept anywhere.
func TestStoryPages(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	other := siteOf(t, domains(t, b.pool, account.New(b.pool, account.Options{Hints: silence{}})))
	other.service, other.pool = b.service, b.pool
	teller, esp, tutor, reader := b.as(b.member), other.signedIn(t, b.esp.ID), b.as(b.tutor), other.signedIn(t, b.family.ID)
	list := "/forum/categories/every-day"

	held := told(t, teller, "Come ne sono uscita", "Una mattina ho aperto la **finestra**.")
	page := teller.get(held)
	assert.Equal(t, "Due persone la leggono, poi compare", page.text("h1"))
	assert.Contains(t, page.text(".notice"), "nessuno ha detto sì")
	assert.Equal(t, 1, page.Find(`a[href="`+held+`/edit"]`).Length())
	for _, who := range []*browser{reader, b.as(b.admin), b.browser(t)} {
		for _, act := range []string{"/publish", "/refuse", "/edit", "/withdraw"} {
			assert.NotEqual(t, http.StatusSeeOther, statusBut(who.post(held+act, "version", "1", "statement", "No.", "title", "Mia", "text", "Mia.")), act)
		}
		assert.NotEqual(t, http.StatusOK, who.get(held).StatusCode)
		assert.NotEqual(t, http.StatusOK, who.get(held+"/edit").StatusCode)
	}
	assert.NotContains(t, reader.get(list+"?kind=story").Body, "uscita")
	assert.Equal(t, http.StatusNotFound, esp.get(held+"/edit").StatusCode, "who reads it changes nothing")

	// The first yes; then the author changes it, and the yes is gone.
	page = tutor.get(held)
	assert.Equal(t, "1", page.Find(`form[action$="/publish"] input[name=version]`).AttrOr("value", ""))
	assert.Equal(t, "/moderation?done=story_approved", tutor.post(held+"/publish", "version", "1").Header.Get("Location"))
	assert.Zero(t, tutor.get(held).Find(`form[action$="/publish"]`).Length(), "once each")
	assert.Contains(t, tutor.get(held).text(".held-decide"), "Hai detto sì")
	assert.NotContains(t, tutor.get("/moderation").Body, held)
	assert.Contains(t, teller.get(held).text(".notice"), "serve il sì di un ESP")
	assert.Equal(t, http.StatusConflict, tutor.post(held+"/publish", "version", "1").StatusCode)
	assert.Equal(t, http.StatusConflict, esp.post(held+"/publish").StatusCode, "without the version that was read")
	page = teller.get(held + "/edit")
	assert.Equal(t, "Una mattina ho aperto la **finestra**.", page.text("textarea[name=text]"))
	assert.Equal(t, held, location(t, teller.post(held+"/edit", "version", "1", "title", "Come ne sono uscita", "text", "Una mattina ho aperto la **porta**.")))
	page = teller.post(held+"/edit", "version", "1", "title", "Come ne sono uscita", "text", "Da un'altra finestra.")
	assert.Equal(t, http.StatusUnprocessableEntity, page.StatusCode)
	assert.Equal(t, "Da un'altra finestra.", page.text("textarea[name=text]"), "nothing is lost")
	assert.Contains(t, teller.get(held).text(".notice"), "nessuno ha detto sì")
	assert.Equal(t, http.StatusConflict, esp.post(held+"/publish", "version", "1").StatusCode)
	page = teller.post(held+"/edit", "version", "2", "title", "", "text", " ")
	assert.ElementsMatch(t, []string{"title", "text"}, page.mistakes(t))

	// Two people, on two instances.
	assert.Equal(t, "/moderation?done=story_approved", tutor.post(held+"/publish", "version", "2").Header.Get("Location"))
	assert.Equal(t, held, esp.get("/moderation").Find("#to-read ~ ul a").AttrOr("href", ""))
	assert.Equal(t, "/moderation?done=held_published", esp.post(held+"/publish", "version", "2").Header.Get("Location"))
	thread := teller.get(held).Header.Get("Location")
	require.True(t, strings.HasPrefix(thread, "/forum/threads/"), thread)
	thread, _, _ = strings.Cut(thread, "#")
	page = reader.get(thread)
	assert.Equal(t, "porta", page.text(".post-text strong"))
	assert.Contains(t, page.text(".story-line"), "Ogni strada è diversa")
	assert.Zero(t, page.Find(`form[action$="/withdraw"]`).Length())
	assert.Equal(t, "no-store", page.Header.Get("Cache-Control"))
	assert.Equal(t, "no-store", reader.get(list).Header.Get("Cache-Control"))
	assert.Empty(t, page.Header.Get("ETag")+page.Header.Get("Last-Modified"))
	page = teller.get(thread)
	assert.Zero(t, page.Find(`#post-1 a[href$="/edit"], #post-1 a[href$="/delete"]`).Length(), "as it was read it stays, and one button takes it back")
	post := strings.TrimPrefix(held, "/forum/held/")
	assert.NotEqual(t, http.StatusOK, teller.get("/forum/posts/"+post+"/edit").StatusCode)
	page = teller.post(held+"/edit", "version", "2", "title", "Come ne sono uscita", "text", "Troppo tardi.")
	assert.Equal(t, http.StatusUnprocessableEntity, page.StatusCode)
	assert.Equal(t, "Troppo tardi.", page.text("textarea[name=text]"))
	location(t, reader.post(thread+"/posts", "text", "Grazie della finestra.", "cid", newCID()))
	_, err := b.Forum.IndexPosts(t.Context())
	require.NoError(t, err)
	for _, words := range []string{"porta", "grazie"} {
		assert.Equal(t, 1, reader.get("/forum/search?q="+words).Find(".found .thread").Length(), words)
	}

	for _, who := range []*browser{reader, esp, tutor} {
		assert.Equal(t, http.StatusNotFound, who.post(thread+"/withdraw").StatusCode)
	}
	button := teller.get(thread).Find(`form[action$="/withdraw"]`)
	require.Equal(t, 1, button.Length())
	require.Equal(t, "/forum?done=story_withdrawn", teller.post(button.AttrOr("action", "")).Header.Get("Location"))
	for _, who := range []*browser{teller, reader, esp, tutor} {
		for _, path := range []string{thread, held, "/forum/posts/" + post, "/forum/posts/" + post + "/history", "/forum/posts/" + post + "/reactions"} {
			assert.Equal(t, http.StatusNotFound, who.get(path).StatusCode, path)
		}
		for _, path := range []string{"/forum", list, list + "?kind=story", "/forum/search?q=uscita", "/forum/search?q=finestra", "/moderation"} {
			assert.NotContains(t, who.get(path).text("main ol, main ul"), "uscita", path)
			assert.NotContains(t, who.get(path).text("main ol, main ul"), "della finestra", path)
		}
	}
	assert.Equal(t, "/forum?done=story_withdrawn", teller.post(thread+"/withdraw").Header.Get("Location"), "again is no mistake")
	assert.NotContains(t, b.log.String()+other.log.String(), "finestra")
}

// statusBut is a response's status, unless it leads to the front or to signing in.
func statusBut(a answer) int {
	if to := a.Header.Get("Location"); strings.HasPrefix(to, "/sign-in") || to == "/" {
		return http.StatusUnauthorized
	}
	return a.StatusCode
}

// TestStoryRefused: the author is told why, and what is offered then.
func TestStoryRefused(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	teller, esp := b.as(b.member), b.as(b.esp)
	held := told(t, teller, "Una storia", "Con il nome di mia sorella.")
	assert.Equal(t, []string{"statement"}, esp.post(held+"/refuse", "statement", " ").mistakes(t))
	require.Equal(t, "/moderation?done=held_refused", esp.post(held+"/refuse", "statement", "C'è il nome di un'altra persona.").Header.Get("Location"))
	assert.Contains(t, teller.get("/notices").text(".written"), "il nome di un'altra persona")
	assert.Equal(t, "Non è comparso", teller.get(held).text("h1"))
	assert.Zero(t, teller.get(held).Find(`a[href$="/edit"]`).Length())
	assert.NotEqual(t, http.StatusOK, teller.get(held+"/edit").StatusCode)
}
