package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// plans announces an event in the category for every day, without a script, and gives the path of its thread.
func (b *browser) plans(t *testing.T, title string) string {
	t.Helper()
	day := time.Now().AddDate(0, 0, 9).Format(time.DateOnly)
	p := b.open(t, "/forum/categories/giorno-per-giorno/new-event").form(t, ".forum-form").fill(t, "title", title).fill(t, "from", day+"T15:00").fill(t, "to", day+"T17:30").
		fill(t, "place", "Sala del Comune, via Roma 12, Lecco").fill(t, "text", "Camminiamo piano, chi vuole si ferma prima.").submit(t)
	require.Contains(t, p.url.Path, "/forum/threads/")
	return p.url.Path
}

// TestEventStory: an ESP announces an event, with and without a script, in both languages and on a small telephone; a member sees it, saves it, makes an address for their
// calendar, and hears at once that it is off.
func TestEventStory(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2)
	at := c.instances[0]
	ch := newChromium(t)
	esp := signIn(t, c.instances[1], "localhost", "Marta")
	for _, m := range []manner{{width: 360}, {width: 360, withoutJS: true, language: "en"}, {width: 1280, dark: true}} {
		thread := esp.plans(t, "Passeggiata lungo il fiume")
		w := ch.open(t, "the member", at, m)
		look := func(name string) {
			t.Helper()
			if !m.withoutJS { // axe-core is a script
				w.accessible()
			}
			w.picture(name + "-" + w.language)
		}
		w.signIn("Girasole")
		w.visit("/forum")
		w.find("#upcoming").reads(w.text("event.next"))
		look("event-forum")
		w.visit(thread)
		w.find(".event-facts").says("Sala del Comune, via Roma 12, Lecco")
		w.find(".event-facts").says("15:00")
		look("event-thread")
		file := signIn(t, at, "localhost", "Girasole").open(t, thread+"/event.ics")
		require.Contains(t, file.url.Path, "event.ics")

		w.visit("/forum/events")
		look("event-list")
		if w.find(`form[action="/forum/events/address/withdraw"]`).count() > 0 {
			w.button(w.text("event.feed_again")).click()
		} else {
			w.button(w.text("event.feed_make")).click()
		}
		w.find(".lead").reads(w.text("event.feed_once"))
		look("event-address")
		address, err := w.Locator(".feed-address").TextContent()
		require.NoError(t, err)
		require.Contains(t, address, "/calendar/")
		_, path, _ := strings.Cut(address, "/calendar/")
		p, err := newBrowser(at, "localhost").get("/calendar/" + strings.TrimSpace(path))
		require.NoError(t, err)
		p.expect(t, http.StatusOK)

		// Who has the thread open sees that it is off, without a reload where scripts run.
		w.visit(thread)
		if !m.withoutJS {
			w.awaitLine()
		}
		esp.open(t, thread+"/cancel").form(t, ".forum-form").fill(t, "reason", "Chi la guida sta male.").submit(t)
		if m.withoutJS {
			w.visit(thread)
		}
		w.find(".event .notice").says("Chi la guida sta male.")
		look("event-cancelled")
	}
	w := ch.open(t, "the ESP", at, manner{width: 360})
	w.signIn("Marta")
	w.visit("/forum/categories/giorno-per-giorno/new-event")
	w.accessible()
	w.picture("event-form")
	w.forgive("422")
	w.button(w.text("forum.publish")).click()
	w.find(".error-summary").focused()
	w.accessible()
	w.picture("event-form-mistakes")
}
