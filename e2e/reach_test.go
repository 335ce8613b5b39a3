package e2e

import (
	"encoding/json"
	"regexp"
	"sync"
	"testing"

	"github.com/mxschmitt/playwright-go"
	"github.com/stretchr/testify/require"
)

// TestConversationInAllWeathers: what a page of a conversation owes when hands have only keys, when the line is cut, when an
// answer is late, and when somebody comes into the room one sits in.
func TestConversationInAllWeathers(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1)
	at := c.instances[0]
	ch := newChromium(t)
	helper, desk := staffed(t, at, at, "Marta", "Tommaso")

	t.Run("keys alone", func(t *testing.T) {
		guest := ch.open(t, "guest", at, manner{})
		guest.visit("/")
		guest.reach(guest.link(guest.text("front.talk")))
		guest.press("Enter")
		guest.arrive("/enter")
		guest.reach(guest.find("input[name=adult]").first())
		guest.press("Space")
		guest.reach(guest.find("input[name=consent]"))
		guest.press("Space")
		guest.reach(guest.button(guest.text("account.go_on")))
		guest.press("Enter")
		guest.reach(guest.button(guest.text("account.enter_go")))
		guest.press("Enter")
		guest.arrive("/waiting")
		guest.reach(guest.field(guest.text("chat.topic")))
		require.NoError(t, guest.Keyboard().Type("Parlare un po'"))
		guest.reach(guest.button(guest.text("chat.ask_go")))
		guest.press("Enter")
		guest.find("h1").seen()
		room := accept(t, helper)
		defer leave(t, helper, room)
		guest.arrive("/rooms/" + room)
		guest.awaitLine()
		field := guest.find("form[data-composer] textarea")
		guest.reach(field)
		require.NoError(t, guest.Keyboard().Type("Prima riga"))
		guest.press("Shift+Enter")
		require.NoError(t, guest.Keyboard().Type("seconda riga"))
		guest.press("Enter")
		guest.find("#messages .message-own [data-slot=state]").reads(guest.text("chat.sent"))
		guest.find("#messages .message-text").reads("Prima riga\nseconda riga")
		field.focused()

		// What comes in takes neither the focus nor what is half written.
		require.NoError(t, guest.Keyboard().Type("Sto ancora scriv"))
		helper.post(t, room, "Ti leggo")
		guest.find("#messages .message-text").last().reads("Ti leggo")
		field.focused()
		require.NoError(t, guest.Keyboard().Type("endo"))
		field.holds("Sto ancora scrivendo")
	})

	t.Run("the line is cut", func(t *testing.T) {
		guest, room := talks(t, ch, helper, manner{width: 360})
		defer leave(t, helper, room)
		guest.forgive("net::ERR_INTERNET_DISCONNECTED")
		guest.say("Prima della galleria")
		require.NoError(t, guest.Context().SetOffline(true))
		guest.find(".room-line").reads(guest.text("chat.line_down"))
		guest.write("Nella galleria")
		state := guest.find("#messages .message-own").last().find("[data-slot=state]")
		state.reads(guest.text("chat.sending"))
		guest.find("#messages .message-own").last().find("[data-slot=text]").reads("Nella galleria")
		guest.picture("weather-offline")
		state.reads(guest.text("chat.not_sent"))
		guest.find("#messages .message-own").last().find("[data-retry]").seen()
		guest.accessible()
		helper.post(t, room, "Ci sei?")
		require.NoError(t, guest.Context().SetOffline(false))
		state.reads(guest.text("chat.sent"))
		guest.find(".room-line").reads("")
		guest.find("#messages .message-text").reads("Prima della galleria", "Ci sei?", "Nella galleria")
		p := helper.open(t, "/rooms/"+room)
		require.Equal(t, 3, p.doc.Find("#messages .message-text").Length(), "each once: %s", p.text("#messages"))
	})

	t.Run("a late answer", func(t *testing.T) {
		guest := ch.open(t, "guest", at, manner{})
		var mu sync.Mutex
		var held []string
		holding := true
		var line playwright.WebSocketRoute
		require.NoError(t, guest.RouteWebSocket(regexp.MustCompile(`/live$`), func(ws playwright.WebSocketRoute) {
			server, err := ws.ConnectToServer()
			if err != nil {
				guest.complain(err.Error())
				return
			}
			ws.OnMessage(func(m any) { server.Send(m) })
			server.OnMessage(func(m any) {
				mu.Lock()
				defer mu.Unlock()
				line = ws
				var frame struct {
					T string `json:"t"`
				}
				text := asText(m)
				_ = json.Unmarshal([]byte(text), &frame) // what is no frame goes through
				if holding && (frame.T == "ack" || frame.T == "message") {
					held = append(held, text)
					return
				}
				ws.Send(text)
			})
		}))
		room := guest.meets(helper)
		defer leave(t, helper, room)
		guest.write("Si sente?")
		state := guest.find("#messages .message-own [data-slot=state]")
		state.reads(guest.text("chat.sending"))
		require.NoError(t, within(patience, func() error {
			mu.Lock()
			defer mu.Unlock()
			if len(held) == 0 {
				return errNotYet
			}
			return nil
		}), "the server never answered")
		require.Equal(t, 1, helper.open(t, "/rooms/"+room).doc.Find("#messages .message-text").Length(), "it is stored")
		state.reads(guest.text("chat.sending")) // stored, but not answered: nothing is promised
		mu.Lock()
		holding = false
		for _, text := range held {
			line.Send(text)
		}
		mu.Unlock()
		state.reads(guest.text("chat.sent"))
		guest.find("#messages .message-text").reads("Si sente?")
	})

	for name, leaveBy := range map[string]func(w *window){
		"quick exit by button":  func(w *window) { w.button(w.text("layout.exit")).click() },
		"quick exit by keys":    func(w *window) { w.press("Shift", "Shift", "Shift") },
		"quick exit while down": nil,
	} {
		t.Run(name, func(t *testing.T) {
			guest, room := talks(t, ch, helper, manner{})
			defer leave(t, helper, room)
			guest.say("Una cosa che nessuno deve vedere")
			guest.find("form[data-composer] textarea").fill("Non ho finito di")
			if leaveBy == nil {
				guest.forgive("net::ERR_INTERNET_DISCONNECTED")
				require.NoError(t, guest.Context().SetOffline(true))
				guest.press("Shift", "Shift", "Shift")
			} else {
				leaveBy(guest)
			}
			guest.forgive("/live' failed: HTTP Authentication failed") // the page that Back brings up tries its line, and is told to sign in
			blank := regexp.MustCompile(`^about:blank$`)
			require.NoError(t, ch.expect.Page(guest.Page).ToHaveURL(blank))
			if leaveBy == nil {
				return
			}
			// Neither the history nor the address leads back to what was there.
			_, err := guest.GoBack()
			require.NoError(t, err)
			require.NotContains(t, guest.ask("() => document.documentElement.innerText"), "nessuno deve vedere")
			require.NotContains(t, guest.ask("() => [...document.querySelectorAll('input, textarea')].map((f) => f.value).join()"), "Non ho finito")
			guest.forgive("status of 40[14]")
			require.NoError(t, within(patience, func() error { // the page that Back brought up may be on its way to another
				_, err := guest.Goto("/rooms/" + room)
				return err
			}))
			require.NotContains(t, guest.ask("() => document.documentElement.innerText"), "nessuno deve vedere")
		})
	}
	desk.close()
}

// asText is what a frame of a socket says.
func asText(m any) string {
	if b, ok := m.([]byte); ok {
		return string(b)
	}
	return m.(string)
}

// talks opens the window of a guest who is in a conversation with an ESP.
func talks(t *testing.T, ch *chromium, esp *browser, m manner) (*window, string) {
	t.Helper()
	w := ch.open(t, "guest", esp.at, m)
	return w, w.meets(esp)
}

// meets takes a guest from the front page into a conversation, which is returned.
func (w *window) meets(esp *browser) string {
	w.t.Helper()
	w.enter()
	w.button(w.text("chat.ask_go")).click()
	room := accept(w.t, esp)
	w.arrive("/rooms/" + room)
	w.inRoom()
	return room
}

// reach goes to something by the Tab key alone.
func (w *window) reach(g thing) {
	w.t.Helper()
	g.seen()
	for range 60 {
		w.press("Tab")
		if g.has("el => el === document.activeElement") {
			require.NotEqual(w.t, "none", w.ask("() => getComputedStyle(document.activeElement).outlineStyle"), "%s: the focus cannot be seen", g.name)
			return
		}
	}
	w.t.Fatalf("%s at %s: the Tab key does not lead to %s", w.name, w.path(), g.name)
}

// has tells what a script says of it.
func (g thing) has(script string) bool {
	g.w.t.Helper()
	v, err := g.locator.Evaluate(script, nil)
	g.ok(err)
	return v.(bool)
}
