package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/chat"
	"ponti/internal/ids"
	"ponti/moderation"
)

// guest enters and gives a browser and its account.
func (st *site) guest(t *testing.T, alias string) *browser {
	t.Helper()
	id, err := st.Accounts.Enter(t.Context(), st.service, account.Entry{Adult: true, ConsentVersion: account.ConsentVersion, Alias: alias, Locale: "it"})
	require.NoError(t, err)
	return st.signedIn(t, id)
}

// TestGuestWhoLeavesGivesUpTheirPlace: a guest's session cannot be had back, so nobody is offered them any more.
func TestGuestWhoLeavesGivesUpTheirPlace(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"/exit", "/sign-out"} {
		st := newSite(t)
		esp, _, _ := st.open(t)
		guest := st.guest(t, "Airone")
		require.Equal(t, http.StatusSeeOther, guest.post("/waiting", "topic", "il lavoro").StatusCode)
		require.Equal(t, 1, esp.get("/desk").Find(".offer").Length(), way)
		require.Equal(t, http.StatusSeeOther, guest.post(way).StatusCode)
		assert.Zero(t, esp.get("/desk").Find(".offer").Length(), way)
	}
}

// someGuest is a person who has just entered, under a name that Ponti proposed.
func (st *site) someGuest(t *testing.T) account.Actor {
	t.Helper()
	alias, err := st.Accounts.ProposeAlias(t.Context(), st.service, "it")
	require.NoError(t, err)
	id, err := st.Accounts.Enter(t.Context(), st.service, account.Entry{Adult: true, ConsentVersion: account.ConsentVersion, Alias: alias, Locale: "it"})
	require.NoError(t, err)
	return account.Actor{Service: st.service, ID: id, Role: account.RoleGuest, Alias: alias, Locale: "it"}
}

// open has an ESP and a tutor on shift, each with their browser.
func (st *site) open(t *testing.T) (esp, tutor *browser, who staff) {
	t.Helper()
	who = newStaff(t, st)
	esp, tutor = st.signedIn(t, who.esp.ID), st.signedIn(t, who.tutor.ID)
	require.Equal(t, http.StatusSeeOther, tutor.post("/shifts/on").StatusCode)
	require.Equal(t, http.StatusSeeOther, esp.post("/shifts/on").StatusCode)
	return esp, tutor, who
}

// action is where the form of a button with this text goes.
func (a answer) action(t *testing.T, label string) string {
	t.Helper()
	form := a.Find("form").FilterFunction(func(_ int, s *goquery.Selection) bool {
		return strings.TrimSpace(s.Find("button").Last().Text()) == label
	})
	require.Equal(t, 1, form.Length(), "one form with the button %q", label)
	to, ok := form.Attr("action")
	require.True(t, ok)
	return to
}

// TestConversationWithoutScripts is the whole way by forms: wait, be offered, accept, write, call for help, end, say how it was.
func TestConversationWithoutScripts(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	person := st.guest(t, "Airone")

	closed := person.get("/waiting")
	assert.Equal(t, "Adesso non c'è nessuno.", closed.text("main h2"))
	assert.Positive(t, closed.Find("main .numbers a[href='tel:112']").Length())
	assert.Zero(t, closed.Find("main form").Length(), "a closed service takes nobody")

	esp, tutor, who := st.open(t)
	ask := person.get("/waiting")
	assert.Equal(t, 12, ask.Find("input[name=feeling]").Length())
	wrong := person.post("/waiting", "topic", strings.Repeat("a", 501), "feeling", "12")
	assert.Equal(t, http.StatusUnprocessableEntity, wrong.StatusCode)
	assert.Equal(t, 2, wrong.Find(".error-summary li").Length())
	assert.Equal(t, 501, len(wrong.text("#topic")), "what was typed is kept")

	require.Equal(t, "/waiting", person.post("/waiting", "topic", "il lavoro", "feeling", "3").Header.Get("Location"))
	place := person.get("/waiting")
	assert.Equal(t, "Tocca a te: un ESP sta per risponderti", place.text("h1"))
	assert.Equal(t, "waiting", place.Find("[data-module=waiting]").AttrOr("data-view", ""))

	desk := esp.get("/desk")
	assert.Contains(t, desk.text(".offer"), "Airone")
	assert.Contains(t, desk.text(".offer"), "il lavoro")
	assert.Positive(t, desk.Find("[data-seconds]").Length())
	accept := desk.action(t, "Ci sono io")
	room := esp.post(accept).Header.Get("Location")
	require.True(t, strings.HasPrefix(room, "/rooms/"), room)
	again := esp.post(accept)
	assert.Contains(t, esp.get(again.Header.Get("Location")).text("main"), "sta già parlando")
	assert.Equal(t, room, person.get("/waiting").Find("[data-in-session]").AttrOr("href", ""))

	t.Run("messages", func(t *testing.T) {
		page := person.get(room)
		assert.Equal(t, 1, page.Find("p[data-line-says]").Length(), "where the script says that the line is down")
		assert.Zero(t, page.Find("[data-line]").Length(), "the scripts keep that one for <html>: text written into it would empty the page")
		cid := page.Find("[data-composer] [name=cid]").AttrOr("value", "")
		post := page.Find("[data-composer]").AttrOr("action", "")
		assert.Equal(t, room+"#end", person.post(post, "cid", cid, "text", "ciao <b>a te</b>").Header.Get("Location"))
		person.post(post, "cid", cid, "text", "ciao <b>a te</b>") // sent twice by an impatient finger
		list := esp.get(room)
		require.Equal(t, 1, list.Find("#messages > [data-seq]").Length())
		item := list.Find("#messages > [data-seq='1']")
		assert.Equal(t, "ciao <b>a te</b>", item.Find("[data-slot=text]").Text(), "text is text")
		assert.Equal(t, "Airone", item.Find("[data-slot=author]").Text())
		assert.False(t, item.HasClass("message-own"))
		assert.Equal(t, "1", list.Find("#messages").AttrOr("data-head", ""))
		assert.Equal(t, "2", list.Find("#messages").AttrOr("data-me", ""))
		assert.NotEmpty(t, list.Find("#messages").AttrOr("data-epoch", ""))
		assert.True(t, person.get(room).Find("#messages > [data-seq='1']").HasClass("message-own"))
		empty := person.post(post, "cid", cid, "text", "  ")
		assert.Equal(t, http.StatusUnprocessableEntity, empty.StatusCode)
		assert.Equal(t, 1, empty.Find(".error-summary a[href='#text']").Length())
	})
	t.Run("the same part renders history and fills the templates", func(t *testing.T) {
		page := person.get(room)
		shape := func(s *goquery.Selection) string {
			var slots []string
			s.Find("[data-slot]").Each(func(_ int, e *goquery.Selection) {
				slots = append(slots, goquery.NodeName(e)+"."+e.AttrOr("data-slot", ""))
			})
			return strings.Join(slots, " ")
		}
		for _, kind := range []string{"", "-joined", "-ended", "-hidden"} {
			require.Equal(t, 1, page.Find("template#message-template"+kind).Length(), kind)
		}
		assert.Equal(t, shape(page.Find("#messages > [data-seq='1']")), shape(page.Find("template#message-template")))
	})
	t.Run("nobody else finds the room", func(t *testing.T) {
		none := "/rooms/00000000-0000-4000-8000-000000000001"
		for name, b := range map[string]*browser{"guest": st.guest(t, "Merlo"), "tutor": tutor, "admin": st.signedIn(t, who.admin.ID)} {
			real, missing := b.get(room), b.get(none)
			assert.Equal(t, http.StatusNotFound, real.StatusCode, name)
			assert.Equal(t, missing.text("main h1"), real.text("main h1"), name)
		}
		assert.True(t, strings.HasPrefix(st.browser(t).get(room).Header.Get("Location"), "/sign-in"))
	})
	t.Run("more help is asked for on purpose, and said honestly", func(t *testing.T) {
		confirm := person.get(room + "/help")
		require.Equal(t, room, person.post(confirm.action(t, "Sì, avvisate un operatore")).Header.Get("Location"))
		page := person.get(room)
		assert.Contains(t, page.text("[data-region=care]"), "Stiamo avvisando un operatore adesso")
		assert.NotContains(t, page.text("[data-region=care]"), "Un operatore ha visto")
		_, hidden := page.Find("[data-numbers]").Attr("hidden")
		assert.False(t, hidden)
		assert.Positive(t, page.Find("[data-numbers] a[href='tel:112']").Length())
		assert.Contains(t, esp.get(room).text("[data-region=care]"), "Stiamo avvisando un tutor")
	})
	t.Run("a tutor joins visibly", func(t *testing.T) {
		st.Moderation.Start(t.Context())
		t.Cleanup(st.Moderation.Stop)
		require.Eventually(t, func() bool { return tutor.get(room).StatusCode == http.StatusOK }, 10*time.Second, 20*time.Millisecond)
		page := tutor.get(room)
		assert.Zero(t, page.Find("[data-composer]").Length(), "nobody writes before joining")
		require.Equal(t, http.StatusUnprocessableEntity, tutor.post(room+"/join", "greeting", " ").StatusCode)
		require.Equal(t, http.StatusSeeOther, tutor.post(page.action(t, "Entra nella conversazione"), "greeting", "Sono qui").StatusCode)
		seen := person.get(room)
		assert.Contains(t, seen.text("#messages"), "Adesso c'è anche Tullio")
		assert.Contains(t, seen.text("[data-region=about]"), "Un tutor ha letto questa conversazione")

		console, err := st.Moderation.Console(t.Context(), who.tutor)
		require.NoError(t, err)
		require.Len(t, console.Waiting, 1)
		require.NoError(t, st.Moderation.Acknowledge(t.Context(), who.tutor, console.Waiting[0].ID))
		assert.Contains(t, person.get(room).text("[data-region=care]"), "Un operatore ha visto")
		require.NoError(t, st.Moderation.CloseEscalation(t.Context(), who.tutor, console.Waiting[0].ID, moderation.Closing{Outcome: moderation.OutcomeTalked, Note: "Ne abbiamo parlato, sta meglio."}))
		assert.Equal(t, http.StatusNotFound, tutor.get(room).StatusCode)
	})
	t.Run("the end", func(t *testing.T) {
		confirm := esp.get(room + "/end")
		esp.post(confirm.action(t, "Chiudi"))
		page := person.get(room)
		assert.Equal(t, "La conversazione è finita", page.text("[data-scroll] [data-region=after] h2"))
		assert.Zero(t, page.Find("[data-composer]").Length())
		assert.Equal(t, http.StatusUnprocessableEntity, person.post(room+"/feeling").StatusCode)
		person.post(room+"/feeling", "feeling", "6")
		assert.Contains(t, person.get(room).text("[data-region=after]"), "6 su 10")
		assert.Contains(t, person.get("/rooms").text("main"), "Marta")
		assert.Contains(t, esp.get("/desk").text("[data-region=rooms]"), "Airone")
	})
}

func TestCrisisWhileWaiting(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	st.open(t)
	person := st.guest(t, "Airone")
	person.post("/waiting", "topic", "Ho deciso, stanotte mi ammazzo, ho già preparato tutto.")
	page := person.get("/waiting")
	assert.Contains(t, page.text("[data-region=place]"), "Stiamo avvisando un operatore adesso")
	assert.Positive(t, page.Find("[data-numbers]:not([hidden]) a[href='tel:112']").Length())
}

func TestOlderMessages(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	esp, _, who := st.open(t)
	person := st.guest(t, "Airone")
	person.post("/waiting")
	room := esp.post(esp.get("/desk").action(t, "Ci sono io")).Header.Get("Location")
	var id chat.RoomID
	require.NoError(t, id.UnmarshalText([]byte(strings.TrimPrefix(room, "/rooms/"))))
	for i := range historyPage + 5 {
		_, err := st.Chat.PostMessage(t.Context(), who.esp, chat.Post{Room: id, CID: fmt.Sprintf("%022d", i), Text: strconv.Itoa(i + 1)})
		require.NoError(t, err)
	}
	page := person.get(room)
	assert.Equal(t, historyPage, page.Find("#messages > [data-seq]").Length())
	older := person.get(page.Find("a[href*='before=']").AttrOr("href", ""))
	assert.Equal(t, 5, older.Find("#messages > [data-seq]").Length())
	assert.Zero(t, older.Find("[data-module=conversation]").Length(), "only the newest page lives")
}

// TestReadWithoutScripts: who opens the page has read it. What a script asks for anew, and an older page, have not been before anybody's eyes.
func TestReadWithoutScripts(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	esp, _, _ := st.open(t)
	person := st.guest(t, "Airone")
	person.post("/waiting")
	room := esp.post(esp.get("/desk").action(t, "Ci sono io")).Header.Get("Location")
	person.get(room)
	person.post(room+"/messages", "cid", strings.Repeat("a", 22), "text", "uno")
	person.post(room+"/messages", "cid", strings.Repeat("b", 22), "text", "due")
	read := func() string { return person.get(room).text(".message:has(.message-read:not([hidden])) .message-text") }
	assert.Empty(t, read())
	script := httptest.NewRequest(http.MethodGet, siteURL+room, nil)
	script.Header.Set("Sec-Fetch-Mode", "cors")
	require.Equal(t, http.StatusOK, esp.do(script).StatusCode)
	esp.get(room + "?before=2")
	assert.Empty(t, read())
	opened := httptest.NewRequest(http.MethodGet, siteURL+room, nil)
	opened.Header.Set("Sec-Fetch-Mode", "navigate")
	require.Equal(t, http.StatusOK, esp.do(opened).StatusCode)
	assert.Equal(t, "due", read(), "only under the last one")
	person.post(room+"/messages", "cid", strings.Repeat("c", 22), "text", "tre")
	assert.Equal(t, "due", read())
}

// TestConversationColumn holds the page to its shape: the way out, the numbers and the field stand still, the messages scroll in
// a part that a keyboard reaches, and the small print is no part of what is as high as the screen.
func TestConversationColumn(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	esp, _, who := st.open(t)
	person := st.guest(t, "Airone")
	require.Equal(t, http.StatusSeeOther, person.post("/waiting", "topic", "il lavoro").StatusCode)
	desk, err := st.Chat.Desk(t.Context(), who.esp)
	require.NoError(t, err)
	id, err := st.Chat.AcceptOffer(t.Context(), who.esp, desk.Offer.ID)
	require.NoError(t, err)
	room := "/rooms/" + id.String()
	for name, b := range map[string]*browser{"person": person, "esp": esp} {
		page := b.get(room)
		require.Equal(t, http.StatusOK, page.StatusCode, name)
		box := page.Find(".shell main [data-scroll]")
		require.Equal(t, 1, box.Length(), name)
		assert.Equal(t, "0", box.AttrOr("tabindex", ""), name)
		assert.NotEmpty(t, box.AttrOr("aria-label", ""), name)
		assert.Equal(t, 1, box.Find("#messages[data-module=conversation]").Length(), name)
		assert.Equal(t, "end", box.Find(".room-scrolled > *").Last().AttrOr("id", ""), "%s: #end is after the last message", name)
		assert.Equal(t, 1, page.Find(".room > [data-region=foot] [data-composer]").Length(), name)
		assert.Equal(t, 1, page.Find(".room-head a[href$='/end']").Length(), name)
		assert.Equal(t, 1, page.Find(".shell .top-exit").Length(), name)
		assert.Equal(t, 1, page.Find(".shell .urgent").Length(), name)
		assert.Equal(t, 1, page.Find("body > footer").Length(), name)
		assert.Zero(t, page.Find(".shell footer").Length(), name)
	}
	_, err = st.Chat.PostMessage(t.Context(), who.esp, chat.Post{Room: id, CID: "0123456789abcdef012345", Text: "ciao"})
	require.NoError(t, err)
	require.Equal(t, http.StatusSeeOther, person.post(room+"/messages", "cid", "0123456789abcdef012346", "text", "voglio morire stanotte").StatusCode)
	care := person.get(room).Find(".room-care")
	assert.Equal(t, 1, care.Find(".care-red").Length())
	assert.Equal(t, 1, care.Find(".numbers a[href='tel:112']").Length())
	assert.Zero(t, care.Find(".care-numbers[hidden]").Length())
}

// TestTimeOfConversation: the bound of a conversation without scripts, as both sides and a tutor see it.
func TestTimeOfConversation(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	esp, tutor, who := st.open(t)
	person := st.guest(t, "Airone")
	require.Equal(t, http.StatusSeeOther, person.post("/waiting", "topic", "il lavoro").StatusCode)
	desk, err := st.Chat.Desk(t.Context(), who.esp)
	require.NoError(t, err)
	id, err := st.Chat.AcceptOffer(t.Context(), who.esp, desk.Offer.ID)
	require.NoError(t, err)
	room := "/rooms/" + id.String()
	left := func(d time.Duration) {
		_, err := st.pool.Exec(t.Context(), `update chat_rooms set ends_at = now() + $2::interval where id = $1`, id, d)
		require.NoError(t, err)
	}
	page := person.get(room)
	assert.Empty(t, page.text("[data-region=time]"), "nobody watches a clock for the first half hour")
	seconds, err := strconv.Atoi(page.Find("[data-ends-in]").AttrOr("data-ends-in", ""))
	require.NoError(t, err)
	assert.InDelta(t, 45*60, seconds, 10)
	assert.Equal(t, http.StatusConflict, person.post(room+"/more").StatusCode)

	left(9 * time.Minute)
	page = person.get(room)
	assert.Contains(t, page.text("[data-region=time]"), "meno di 10 minuti")
	assert.Equal(t, http.StatusSeeOther, person.post(page.action(t, "Chiedi altri 15 minuti")).StatusCode)
	assert.Contains(t, person.get(room).text("[data-region=time]"), "Hai chiesto altri 15 minuti")
	assert.Zero(t, person.get(room).Find("[data-region=time] form").Length())
	left(2 * time.Minute)
	page = esp.get(room)
	assert.Contains(t, page.text("[data-region=time]"), "meno di 3 minuti")
	assert.Contains(t, page.text("[data-region=time]"), "Airone vorrebbe altri 15 minuti")
	assert.NotEqual(t, http.StatusSeeOther, tutor.post(room+"/more").StatusCode, "not a tutor's to decide")
	assert.Equal(t, http.StatusSeeOther, esp.post(page.action(t, "Sì, altri 15 minuti")).StatusCode)
	for _, b := range []*browser{person, esp} {
		assert.Empty(t, b.get(room).text("[data-region=time]"))
	}
	left(-time.Second)
	st.Chat.Work(t.Context())
	page = person.get(room)
	assert.Contains(t, page.text("#messages .message-note"), "Il tempo di questa conversazione è finito")
	assert.Contains(t, page.text("[data-region=after]"), "Il tempo era finito")
	assert.Equal(t, 1, page.Find("input[name=feeling]").Closest("form").Length(), "how do you feel now")
	assert.Zero(t, page.Find("[data-composer]").Length())
	assert.Contains(t, esp.get(room).text("[data-region=after]"), "La conversazione è finita")
}

// TestPauseOfAnESP: after a crisis the desk asks nothing of the ESP, and their tutor sees it.
func TestPauseOfAnESP(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	esp, tutor, who := st.open(t)
	talk := func(alias, text string) {
		person := st.guest(t, alias)
		require.Equal(t, http.StatusSeeOther, person.post("/waiting", "topic", "il lavoro").StatusCode)
		desk, err := st.Chat.Desk(t.Context(), who.esp)
		require.NoError(t, err)
		require.NotNil(t, desk.Offer)
		id, err := st.Chat.AcceptOffer(t.Context(), who.esp, desk.Offer.ID)
		require.NoError(t, err)
		require.Equal(t, http.StatusSeeOther, person.post("/rooms/"+id.String()+"/messages", "cid", ids.New[chat.Message]().String(), "text", text).StatusCode)
		require.Equal(t, http.StatusSeeOther, esp.post("/rooms/"+id.String()+"/end").StatusCode)
	}
	talk("Airone", "grazie, sto meglio")
	assert.NotContains(t, esp.get("/desk").text("[data-region=offer]"), "Prenditi il tempo")
	talk("Gabbiano", "stanotte mi ammazzo, ho già preparato tutto")
	page := esp.get("/desk")
	assert.Equal(t, "Prenditi il tempo che serve", page.text("[data-region=offer] h2"))
	assert.Contains(t, tutor.get("/shifts").text(".who-is-on"), "In pausa, ")
	assert.NotContains(t, esp.get("/shifts").text(".who-is-on"), "In pausa", "that is between them and their tutor")
	assert.Equal(t, http.StatusSeeOther, esp.post(page.action(t, "Ci sono di nuovo")).StatusCode)
	assert.NotContains(t, esp.get("/desk").text("[data-region=offer]"), "Prenditi il tempo")

	talk("Rondine", "stanotte mi ammazzo, ho già preparato tutto")
	page = tutor.get("/shifts")
	assert.NotEqual(t, http.StatusSeeOther, esp.post("/shifts/"+who.esp.ID.String()+"/release").StatusCode)
	assert.Equal(t, http.StatusNotFound, tutor.post("/shifts/nonsense/release").StatusCode)
	require.Equal(t, http.StatusSeeOther, tutor.post(page.action(t, "Chiudi la pausa di "+who.esp.Alias)).StatusCode)
	assert.Zero(t, tutor.get("/shifts").Find(`.who-is-on form[action$="/release"]`).Length())
}

// TestEraseConversation: its person is told until when it is kept, and may have it erased sooner.
func TestEraseConversation(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	esp, _, who := st.open(t)
	person := st.guest(t, "Airone")
	require.Equal(t, http.StatusSeeOther, person.post("/waiting", "topic", "il lavoro").StatusCode)
	desk, err := st.Chat.Desk(t.Context(), who.esp)
	require.NoError(t, err)
	id, err := st.Chat.AcceptOffer(t.Context(), who.esp, desk.Offer.ID)
	require.NoError(t, err)
	room := "/rooms/" + id.String()
	require.Equal(t, http.StatusConflict, person.post(room+"/erase").StatusCode)
	require.Equal(t, http.StatusSeeOther, person.post(room+"/end").StatusCode)
	require.NoError(t, st.Chat.Erase(t.Context()))
	page := person.get(room)
	assert.Contains(t, page.text("[data-region=after]"), "Questa conversazione si cancella da sola:")
	assert.NotContains(t, esp.get(room).text("[data-region=after]"), "si cancella da sola")
	ask := person.get(room + "/erase")
	assert.Contains(t, ask.text("h1"), "Cancelliamo questa conversazione?")
	assert.NotEqual(t, http.StatusSeeOther, esp.post(room+"/erase").StatusCode)
	assert.Equal(t, "/rooms?done=conversation_erased", person.post(ask.action(t, "Cancella la conversazione")).Header.Get("Location"))
	assert.Contains(t, person.get("/rooms?done=conversation_erased").Body, "La conversazione è cancellata.")
	for _, b := range []*browser{person, esp} {
		assert.Equal(t, http.StatusNotFound, b.get(room).StatusCode)
	}
}

// TestChangeWithoutScripts: the writer of a message changes it and takes it away on a page of its own; for everybody else that page does not exist.
func TestChangeWithoutScripts(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	esp, tutor, who := st.open(t)
	person := st.guest(t, "Airone")
	require.Equal(t, http.StatusSeeOther, person.post("/waiting", "topic", "il lavoro").StatusCode)
	desk, err := st.Chat.Desk(t.Context(), who.esp)
	require.NoError(t, err)
	id, err := st.Chat.AcceptOffer(t.Context(), who.esp, desk.Offer.ID)
	require.NoError(t, err)
	room := "/rooms/" + id.String()
	cid := func() string { return ids.New[chat.Message]().String() }
	require.Equal(t, http.StatusSeeOther, person.post(room+"/messages", "cid", cid(), "text", "Va mele.").StatusCode)
	link := person.get(room).Find("#messages .message-edit").AttrOr("href", "")
	require.Equal(t, room+"/messages/1/edit", link)
	for _, b := range []*browser{esp, tutor, st.guest(t, "Ginestra")} {
		assert.Equal(t, http.StatusNotFound, b.get(link).StatusCode)
		assert.Equal(t, http.StatusNotFound, b.post(link, "cid", cid(), "text", "No.").StatusCode)
	}
	assert.Equal(t, http.StatusNotFound, person.get(room+"/messages/7/edit").StatusCode)
	page := person.get(link)
	assert.Equal(t, "Va mele.", page.text("textarea[name=text]"))
	long := strings.Repeat("è", chat.MaxText+1)
	wrong := person.post(link, "cid", cid(), "text", long)
	assert.Equal(t, http.StatusUnprocessableEntity, wrong.StatusCode)
	assert.Equal(t, long, wrong.text("textarea[name=text]"), "nothing is lost")
	assert.Equal(t, room+"#end", person.post(link, "cid", cid(), "text", "Va male.").Header.Get("Location"))
	assert.Contains(t, esp.get(room).text("#messages [data-seq='1']"), "Va male.")
	assert.Contains(t, esp.get(room).text("#messages [data-seq='1']"), "modificato")
	assert.Equal(t, 1, esp.get(room).Find("#messages li[hidden][data-seq='2']").Length())
	assert.Equal(t, room+"#end", person.post(room+"/messages/1/remove", "cid", cid()).Header.Get("Location"))
	for _, b := range []*browser{person, esp} {
		assert.NotContains(t, b.get(room).Body, "Va male")
		assert.Contains(t, b.get(room).text("#messages [data-seq='1']"), "Messaggio tolto da Airone")
	}
	assert.Equal(t, http.StatusConflict, person.get(link).StatusCode)
	require.Equal(t, http.StatusSeeOther, person.post(room+"/messages", "cid", cid(), "text", "Altro.").StatusCode)
	require.Equal(t, http.StatusSeeOther, person.post(room+"/end").StatusCode)
	assert.Zero(t, person.get(room).Find("#messages .message-edit:not([hidden])").Length())
}

// TestSteppingOutAndBlocking: what an ESP may do who cannot go on, or was treated badly, without scripts; and what its person and their tutor see.
func TestSteppingOutAndBlocking(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	esp, tutor, who := st.open(t)
	talk := func(person *browser) string {
		require.Equal(t, http.StatusSeeOther, person.post("/waiting", "topic", "il lavoro").StatusCode)
		desk, err := st.Chat.Desk(t.Context(), who.esp)
		require.NoError(t, err)
		require.NotNil(t, desk.Offer)
		id, err := st.Chat.AcceptOffer(t.Context(), who.esp, desk.Offer.ID)
		require.NoError(t, err)
		return "/rooms/" + id.String()
	}
	first := st.guest(t, "Airone")
	room := talk(first)
	end := esp.get(room + "/end")
	assert.Equal(t, 1, end.Find(`a[href="`+room+`/hand-over"]`).Length())
	assert.Zero(t, first.get(room+"/end").Find(`a[href="`+room+`/block"]`).Length(), "not for the person")
	for _, b := range []*browser{first, tutor} {
		assert.NotEqual(t, http.StatusSeeOther, b.post(room+"/hand-over").StatusCode)
		assert.NotEqual(t, http.StatusSeeOther, b.post(room+"/block", "reason", "insult").StatusCode)
	}
	ask := esp.get(room + "/hand-over")
	assert.Equal(t, "/desk?done=stepped_out", esp.post(ask.action(t, "Passa la conversazione")).Header.Get("Location"))
	assert.Contains(t, esp.get("/desk?done=stepped_out").text("main"), "Prenditi il tempo che serve")
	assert.Equal(t, http.StatusNotFound, esp.get(room).StatusCode)
	page := first.get(room)
	assert.Contains(t, page.text("[data-region=after]"), "Marta non può continuare")
	assert.Contains(t, page.text("#messages .message-note"), "Ha passato la conversazione:")
	assert.Contains(t, tutor.get("/shifts").text(".who-is-on"), "In pausa, ")
	require.Equal(t, http.StatusSeeOther, first.post("/waiting/leave").StatusCode)
	require.NoError(t, st.Chat.Ready(t.Context(), who.esp))

	second := st.guest(t, "Ginestra")
	room = talk(second)
	wrong := esp.post(room + "/block")
	assert.Equal(t, http.StatusUnprocessableEntity, wrong.StatusCode)
	assert.Equal(t, []string{"reason"}, wrong.mistakes(t))
	assert.Equal(t, room+"?done=blocked", esp.post(room+"/block", "reason", "insult").Header.Get("Location"))
	page = second.get("/waiting")
	assert.Contains(t, page.text("h1, h2"), "Per ora non puoi chiedere una conversazione")
	assert.NotZero(t, page.Find("main a[href='tel:112']").Length(), "the numbers stay")
	assert.Equal(t, http.StatusConflict, second.post("/waiting", "topic", "ancora").StatusCode)
	assert.NotContains(t, esp.get("/shifts").Body, "Ginestra")
	page = tutor.get("/shifts")
	assert.Contains(t, page.text("main"), "Ginestra")
	assert.Contains(t, page.text("main"), "Insulti")
	require.Equal(t, http.StatusSeeOther, tutor.post(page.action(t, "Togli il blocco a Ginestra")).StatusCode)
	assert.NotContains(t, second.get("/waiting").text("main"), "Per ora non puoi")
}
