package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/moderation"
)

// TestReportFromARoom: without a script a guest reports an ESP and one of their messages, and is told what came of it; the ESP is not.
func TestReportFromARoom(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	esp, tutor, people := st.open(t)
	guest := st.guest(t, "Airone")
	require.Equal(t, http.StatusSeeOther, guest.post("/waiting", "topic", "il lavoro").StatusCode)
	room := esp.post(esp.get("/desk").action(t, "Ci sono io")).Header.Get("Location")
	require.Equal(t, http.StatusSeeOther, esp.post(room+"/messages", "text", "Dimmi dove abiti, <b>subito</b>.", "cid", newCID()).StatusCode)
	require.Equal(t, http.StatusSeeOther, guest.post(room+"/messages", "text", "Una cosa solo mia.", "cid", newCID()).StatusCode)
	require.Equal(t, 1, guest.get(room).Find(`.room-tools a[href$="/report"]`).Length())
	page := guest.get(room + "/report")
	require.Equal(t, http.StatusOK, page.StatusCode)
	assert.Contains(t, page.text("form.report"), people.esp.Alias)
	assert.Contains(t, page.text("form.report"), "Dimmi dove abiti, <b>subito</b>.")
	assert.NotContains(t, page.text("form.report"), "Una cosa solo mia", "one's own is not to be reported")
	about := page.Find(`input[name=about][value^="message/"]`).AttrOr("value", "")
	require.NotEmpty(t, about)

	long := strings.Repeat("è", moderation.MaxNote+1)
	for _, wrong := range []string{"", "participant", "participant/x", "room/1", "post/1", "participant/99999999999"} {
		page = guest.post(room+"/report", "about", wrong, "reason", "harassment", "note", "Mi spaventa.")
		assert.Equal(t, http.StatusUnprocessableEntity, page.StatusCode, wrong)
		assert.Equal(t, "Mi spaventa.", page.Find("#note").Text(), "nothing is lost")
	}
	page = guest.post(room+"/report", "about", "participant/2", "note", long)
	assert.Equal(t, http.StatusUnprocessableEntity, page.StatusCode)
	assert.Equal(t, 2, page.Find(".error-summary li").Length())
	assert.Equal(t, http.StatusNotFound, guest.post(room+"/report", "about", "participant/7", "reason", "harassment").StatusCode)
	require.Equal(t, "/reported", guest.post(room+"/report", "about", "participant/2", "reason", "harassment", "note", "Vuole sapere dove abito.").Header.Get("Location"))
	require.Equal(t, "/reported", guest.post(room+"/report", "about", about, "reason", "privacy").Header.Get("Location"))
	require.Equal(t, "/reported", esp.post(room+"/report", "about", "participant/1", "reason", "other").Header.Get("Location"))

	other := st.guest(t, "Falco")
	for _, b := range []*browser{other, tutor, st.signedIn(t, people.admin.ID), st.browser(t)} {
		assert.NotEqual(t, http.StatusOK, b.get(room+"/report").StatusCode)
		assert.NotEqual(t, "/reported", b.post(room+"/report", "about", "participant/2", "reason", "other").Header.Get("Location"))
	}
	queue := tutor.get("/moderation")
	assert.Contains(t, queue.text(".queue"), "Una persona in una conversazione")
	assert.NotContains(t, queue.text(".queue"), "dove abito")
	link := queue.Find(`.queue a`).FilterFunction(func(_ int, s *goquery.Selection) bool { return strings.Contains(s.Text(), "Una persona") }).First().AttrOr("href", "")
	page = tutor.get(link)
	assert.Contains(t, page.text("main"), "Vuole sapere dove abito.")
	assert.Contains(t, page.text("h2"), people.esp.Alias)
	assert.NotContains(t, page.Body, "il lavoro")
	require.Equal(t, http.StatusSeeOther, tutor.post(link+"/claim").StatusCode)
	assert.Equal(t, 2, tutor.get(link).Find("input[name=decision]").Length())
	require.Equal(t, http.StatusSeeOther, tutor.post(link+"/decide", "decision", "acted").StatusCode)
	assert.Contains(t, guest.get("/notices").text("main"), "ce ne occupiamo")
	assert.NotContains(t, esp.get("/notices").Body, "segnalazione su una persona")
	require.Equal(t, http.StatusSeeOther, guest.post(room+"/end").StatusCode)
	assert.Equal(t, 1, guest.get(room).Find(`main a[href$="/report"]`).Length(), "afterwards, too")
	assert.NotContains(t, st.log.String(), "dove abito")
}
