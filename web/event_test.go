package web

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// ahead is how a form writes an hour of a day to come.
func ahead(days int, hour string) string {
	return time.Now().AddDate(0, 0, days).Format(time.DateOnly) + "T" + hour
}

// plans opens an event and gives the address of its thread.
func plans(t *testing.T, b *browser, slug, title string) string {
	t.Helper()
	to := b.post("/forum/categories/"+slug+"/events", "title", title, "text", "Ci vediamo alle **tre**.", "from", ahead(7, "15:00"), "to", ahead(7, "17:00"),
		"online", "false", "place", "Via Roma 1", "cid", newCID()).Header.Get("Location")
	require.True(t, strings.HasPrefix(to, "/forum/threads/"), to)
	to, _, _ = strings.Cut(to, "#")
	to, _, _ = strings.Cut(to, "?")
	return to
}

// TestEventPages: an event is announced, seen, changed, saved and cancelled without a script, by whom it is theirs to do.
func TestEventPages(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	esp, tutor, member := b.as(b.esp), b.as(b.tutor), b.as(b.member)
	const list = "/forum/categories/every-day"
	assert.Equal(t, 1, esp.get(list).Find(`a[href="`+list+`/new-event"]`).Length())
	assert.Zero(t, member.get(list).Find(`a[href="`+list+`/new-event"]`).Length())
	for _, who := range []*browser{member, b.as(b.family), b.as(b.admin), b.browser(t)} {
		assert.NotEqual(t, http.StatusOK, who.get(list+"/new-event").StatusCode)
		assert.NotEqual(t, http.StatusOK, who.post(list+"/events", "title", "Mio", "text", "Mio.", "from", ahead(1, "10:00"), "to", ahead(1, "11:00"), "place", "Qui", "cid", newCID()).StatusCode)
	}
	assert.Equal(t, http.StatusUnprocessableEntity, member.post(list+"/threads", "kind", "event", "title", "Senza data", "text", "Mio.", "cid", newCID()).StatusCode)

	page := esp.post(list+"/events", "title", "Passeggiata", "text", "Piano.", "from", ahead(7, "17:00"), "to", ahead(7, "15:00"), "online", "false", "place", "", "cid", newCID())
	assert.Equal(t, http.StatusUnprocessableEntity, page.StatusCode)
	assert.ElementsMatch(t, []string{"to", "place"}, page.mistakes(t))
	assert.Equal(t, "Passeggiata", page.Find("#title").AttrOr("value", ""))
	assert.Equal(t, ahead(7, "17:00"), page.Find("#from").AttrOr("value", ""), "nothing is lost")
	page = esp.post(list+"/events", "title", "Passeggiata", "text", strings.Repeat("a", 1<<20), "from", "adesso", "cid", newCID())
	assert.NotEqual(t, http.StatusSeeOther, page.StatusCode)

	thread := plans(t, esp, "every-day", "Passeggiata 🌳 <b>lenta</b>")
	page = member.get(thread)
	assert.Contains(t, page.text(".event-facts"), "dalle 15:00 alle 17:00")
	assert.Contains(t, page.text(".event-facts"), "Via Roma 1")
	assert.Zero(t, page.Find(`.event a[href$="/cancel"]`).Length())
	assert.Contains(t, member.get("/forum").text(".upcoming"), "Passeggiata 🌳 <b>lenta</b>")
	assert.Contains(t, member.get("/forum/events").text(".event-card"), "Via Roma 1")
	assert.Contains(t, member.get(list).text(".event-line"), "dalle 15:00")
	assert.Equal(t, 1, member.get(list+"?kind=event").Find(".thread").Length())

	file := member.get(thread + "/event.ics")
	assert.Equal(t, "text/calendar; charset=utf-8", file.Header.Get("Content-Type"))
	assert.Contains(t, file.Header.Get("Content-Disposition"), `filename="calendar.ics"`)
	assert.Contains(t, file.Body, "SUMMARY:Passeggiata 🌳 <b>lenta</b>\r\n")
	assert.NotContains(t, strings.ToLower(file.Body), "ponti")
	for _, who := range []*browser{b.as(b.admin), b.browser(t)} {
		assert.NotEqual(t, http.StatusOK, who.get(thread+"/event.ics").StatusCode)
	}
	inside := plans(t, tutor, "helpers", "Tra di noi")
	for _, path := range []string{"", "/event", "/cancel", "/event.ics"} {
		assert.Equal(t, http.StatusNotFound, member.get(inside+path).StatusCode)
	}
	assert.NotContains(t, member.get("/forum").Body+member.get("/forum/events").Body, "Tra di noi")

	// Its author changes it; an old form changes nothing, and comes back with what was written.
	page = esp.get(thread + "/event")
	assert.Equal(t, ahead(7, "15:00"), page.Find("#from").AttrOr("value", ""))
	change := []string{"sequence", "0", "from", ahead(8, "10:00"), "to", ahead(8, "11:00"), "online", "true", "place", ""}
	assert.Equal(t, thread+"?done=event_changed", location(t, esp.post(thread+"/event", change...)))
	assert.Contains(t, member.get(thread).text(".event-facts"), "Online")
	page = tutor.post(thread+"/event", change[:6]...)
	assert.Equal(t, http.StatusUnprocessableEntity, page.StatusCode)
	page = tutor.post(thread+"/event", "sequence", "0", "from", ahead(9, "10:00"), "to", ahead(9, "11:00"), "place", "Altrove")
	assert.Equal(t, []string{"from"}, page.mistakes(t))
	assert.Equal(t, "Altrove", page.Find("#place").AttrOr("value", ""))
	assert.NotEqual(t, http.StatusSeeOther, member.post(thread+"/event", change...).StatusCode)
	assert.NotEqual(t, http.StatusSeeOther, member.post(thread+"/cancel", "reason", "Non mi piace per niente.").StatusCode)

	page = tutor.post(thread+"/cancel", "reason", "no")
	assert.Equal(t, []string{"reason"}, page.mistakes(t))
	assert.Equal(t, thread+"?done=event_cancelled", location(t, tutor.post(thread+"/cancel", "reason", "Chi la guida sta male.")))
	page = member.get(thread)
	assert.Contains(t, page.text(".event .notice"), "Chi la guida sta male.")
	assert.Contains(t, member.get("/forum/events").text("main"), "Annullato")
	assert.Zero(t, member.get("/forum").Find(".upcoming").Length(), "it takes no place where there is room for a few")
	assert.Equal(t, http.StatusConflict, esp.get(thread+"/event").StatusCode)
	assert.Contains(t, member.get(thread+"/event.ics").Body, "STATUS:CANCELLED")
}

// TestFeedPages: an address is made on request and shown once; a program without a session reads it, until it is withdrawn. Nothing of it is logged.
func TestFeedPages(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	esp, member, program := b.as(b.esp), b.as(b.member), b.browser(t)
	plans(t, esp, "every-day", "Passeggiata")
	plans(t, esp, "helpers", "Tra di noi")
	page := member.get("/forum/events")
	assert.Equal(t, 1, page.Find(`form[action="/forum/events/address"]`).Length())
	address := member.post("/forum/events/address").text(".feed-address")
	path, ours := strings.CutPrefix(address, siteURL)
	require.True(t, ours, address)
	require.True(t, strings.HasPrefix(path, "/calendar/"), path)
	assert.NotContains(t, member.get("/forum/events").Body, path, "it is shown once")
	file := program.get(path)
	assert.Equal(t, http.StatusOK, file.StatusCode)
	assert.Equal(t, "text/calendar; charset=utf-8", file.Header.Get("Content-Type"))
	assert.Equal(t, "no-store", file.Header.Get("Cache-Control"))
	assert.Empty(t, file.Header.Values("Set-Cookie"))
	assert.Contains(t, file.Body, "SUMMARY:Passeggiata")
	for _, never := range []string{"Tra di noi", "Mirto", "Marta", "Ponti", "ponti", "ORGANIZER", "ATTENDEE", b.member.ID.String()} {
		assert.NotContains(t, file.Body, never)
	}
	assert.Equal(t, http.StatusNotFound, program.get("/calendar/nothing.ics").StatusCode)
	unknown := program.get("/calendar/" + strings.Repeat("a", 43) + ".ics")
	for _, who := range []*browser{program, b.as(b.admin)} {
		assert.NotEqual(t, http.StatusOK, who.post("/forum/events/address").StatusCode)
	}
	assert.Equal(t, "/forum/events?done=feed_withdrawn", location(t, member.post("/forum/events/address/withdraw")))
	gone := program.get(path)
	assert.Equal(t, http.StatusNotFound, gone.StatusCode)
	code := regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}`) // of the request
	assert.Equal(t, code.ReplaceAllString(unknown.text("main"), ""), code.ReplaceAllString(gone.text("main"), ""), "one says no more than the other")
	assert.Contains(t, member.get("/forum/events").text(".feed"), "Fammi un indirizzo")
	token := strings.TrimSuffix(strings.TrimPrefix(path, "/calendar/"), ".ics")
	assert.NotContains(t, b.log.String(), token)
	assert.Contains(t, b.log.String(), "GET /calendar/{token}")
}
