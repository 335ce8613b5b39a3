package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	crisisSentence = "stanotte mi uccido, ho già preparato tutto"
	flagged        = 2 * time.Second // how soon a tutor's screen must show it
)

// TestMainStory is what Ponti is for, told by three people at two instances: a guest enters and waits, an ESP at the other
// instance talks with them, a tutor hears of a crisis and comes in.
func TestMainStory(t *testing.T) {
	c := newCluster(t, 2)
	here, there := c.instances[0], c.instances[1]
	ch := newChromium(t)

	tommaso := ch.open(t, "Tommaso", there, manner{})
	tommaso.signIn("Tommaso")
	tommaso.goOn()
	tommaso.visit("/console")
	tommaso.awaitLine()
	marta := ch.open(t, "Marta", there, manner{})
	marta.signIn("Marta")
	marta.goOn()
	marta.visit("/desk")
	marta.awaitLine()

	// Three steps from the front page into the waiting room.
	guest := ch.open(t, "guest", here, manner{width: 390})
	alias := guest.enter()
	guest.field(guest.text("chat.topic")).fill("Ho litigato con mia sorella e vorrei parlarne")
	guest.find(`input[name=feeling][value="3"]`).check()
	guest.button(guest.text("chat.ask_go")).click()
	guest.arrive("/waiting")
	guest.find("h1").reads(guest.text("chat.waiting_next"))
	guest.accessible()

	// The ESP hears of it without touching anything, and accepts.
	marta.find(".offer").says(alias)
	marta.find(".offer").says("Ho litigato con mia sorella")
	marta.accessible()
	marta.button(marta.text("chat.offer_accept")).click()
	marta.arrive("/rooms/[^/]+")
	guest.arrive("/rooms/[^/]+")
	require.Equal(t, marta.path(), guest.path(), "they are in different rooms")
	guest.inRoom()
	marta.inRoom()
	guest.find("[data-region=head]").says("Marta")

	// Ten messages each way.
	var said []string
	for i := range 10 {
		said = append(said, fmt.Sprintf("Riga %d di chi è entrato: <b>ciao</b> & grazie", i+1), fmt.Sprintf("Riga %d di Marta, che ascolta", i+1))
		guest.say(said[len(said)-2])
		marta.say(said[len(said)-1])
		marta.find("#messages .message-text").reads(said...)
	}
	guest.find("#messages .message-text").reads(said...)
	marta.find("#messages .message-text").reads(said...)

	// Nothing is lost by loading the page again.
	_, err := guest.Reload()
	require.NoError(t, err)
	guest.find("#messages .message-text").reads(said...)
	guest.inRoom()

	// A sentence that a human must hear of.
	guest.find("[data-numbers]").hidden()
	guest.find(".care-red").hidden()
	tommaso.noteWhen(".alert-crisis")
	sentAt := guest.sayAt(crisisSentence)
	took := tommaso.noted().Sub(sentAt)
	t.Logf("the tutor's console showed the crisis %s after it was sent", took)
	require.LessOrEqual(t, took, flagged, "the tutor hears of it too late")
	guest.find(`[data-numbers] a[href="tel:112"]`).seen()
	guest.find("[data-region=care]").says(guest.text("chat.care_alerting_title"))
	marta.find("[data-region=care]").says(marta.text("chat.staff_crisis"))
	guest.accessible()
	marta.accessible()
	guest.picture("story-guest-crisis")
	marta.picture("story-esp-crisis")
	tommaso.picture("story-console")

	// Reading is not owning: only the acknowledgement tells the guest that somebody has seen it.
	tommaso.find(".alert-crisis a").click()
	tommaso.arrive("/console/[^/]+")
	tommaso.find(".causes summary").first().click() // who opens it chooses when to read
	tommaso.find(".causes").says(crisisSentence)
	escalation := tommaso.path()
	tommaso.accessible()
	said = append(said, crisisSentence, "Sono ancora qui")
	guest.say("Sono ancora qui")
	guest.find("[data-region=care]").says(guest.text("chat.care_alerting_title"))
	require.NotContains(t, guest.ask("() => document.body.innerText"), guest.text("chat.care_seen_title"), "nobody has taken it yet")
	tommaso.find(".opened").find("form[action$='/acknowledge'] button").click()
	guest.find("[data-region=care]").says(guest.text("chat.care_seen_title"))
	marta.find("[data-region=care]").says(marta.text("chat.staff_seen"))

	// The tutor comes in where everybody sees it.
	greeting := "Ciao, sono Tommaso. Ho letto quello che scrivi e resto qui con te."
	tommaso.find("form[action$='/join'] textarea").fill(greeting)
	tommaso.find("form[action$='/join'] button").click()
	tommaso.arrive("/rooms/[^/]+")
	said = append(said, greeting)
	for _, w := range []*window{guest, marta, tommaso} {
		w.find("#messages .message-text").reads(said...)
		w.find("#messages .message-note").says(w.text("chat.message_joined"))
		w.find("#messages .message-note").says("Tommaso")
		w.find("[data-region=head]").says(map[bool]string{true: "Marta", false: "Tommaso"}[w == tommaso])
	}
	tommaso.inRoom()
	guest.picture("story-guest-joined")
	tommaso.accessible()
	tommaso.say("Chiamiamo insieme qualcuno che ti è vicino?")
	guest.find("#messages .message-text").last().says("Chiamiamo insieme")

	// It is closed with what was done. That moment Marta has her finger on a link of what changes by it: it stays where it is.
	tommaso.visit(escalation)
	tommaso.find("input[name=outcome]").first().check()
	tommaso.find("textarea[name=note]").fill("Parlato con la persona, che è al sicuro con la sorella.")
	require.NoError(t, marta.link(marta.text("chat.end")).locator.Hover())
	require.NoError(t, marta.Mouse().Down())
	_, err = marta.ExpectResponse(marta.URL(), func() error {
		tommaso.find("form[action$='/close'] button[type=submit]").click()
		return nil
	})
	require.NoError(t, err)
	marta.ask("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
	require.NoError(t, marta.Mouse().Up())
	marta.find("main").says(marta.text("chat.end_title"))
	tommaso.find("main").says(tommaso.text("done.escalation_closed"))
	tommaso.find(".alert").gone()
	tommaso.visit(escalation)
	tommaso.find("main").says("Parlato con la persona")

	// The conversation ends from the ESP's side; the guest says how they feel.
	marta.button(marta.text("chat.end_go")).click()
	marta.find("main").says(marta.text("chat.ended_for_staff"))
	guest.find("main").says(guest.text("chat.over_title"))
	guest.accessible()
	guest.picture("story-guest-over")
	guest.find(`input[name=feeling][value="6"]`).check()
	guest.button(guest.text("chat.feeling_send")).click()
	guest.find("main").says(guest.text("chat.feeling_kept", "Feeling", "6"))

	// What Marta held was heavy: nobody is offered to her before she says so, or Tommaso frees her.
	marta.visit("/desk")
	marta.find("[data-region=offer]").says(marta.text("chat.pause_title"))
	marta.accessible()
	marta.picture("story-pause")
	tommaso.visit("/shifts")
	tommaso.accessible()
	tommaso.picture("story-pause-tutor")
	tommaso.button(tommaso.text("roster.release", "Alias", "Marta")).click()
	marta.find("#pause-title").gone() // without a reload
	c.holdInvariants(t)
}

// signIn signs one of the demo's people in, by the page.
func (w *window) signIn(alias string) {
	w.t.Helper()
	w.visit("/sign-in")
	w.find(`form[action="/sign-in"] [name=alias]`).fill(alias)
	w.find(`form[action="/sign-in"] [name=password]`).fill(demoPassword(w.t))
	w.button(w.text("account.sign_in_go")).click()
	w.find(".bottom-who").says(alias)
}

// goOn begins a shift.
func (w *window) goOn() {
	w.t.Helper()
	w.visit("/shifts")
	w.find(`form[action="/shifts/on"] button`).click()
	w.find("main").says(w.text("done.on_shift"))
}

// enter comes in as a guest from the front page, and returns the name.
func (w *window) enter() string {
	w.t.Helper()
	w.visit("/")
	w.link(w.text("front.talk")).click()
	w.find(`input[name=adult][value=true]`).check()
	w.find(`input[name=consent]`).check()
	w.button(w.text("account.go_on")).click()
	name, err := w.Page.Locator("input[name=alias]").InputValue()
	require.NoError(w.t, err)
	require.NotEmpty(w.t, name, "a name is proposed")
	w.button(w.text("account.enter_go")).click()
	w.arrive("/waiting")
	return name
}

// awaitLine waits until the page has heard that its line is open: from then on it hears news by itself.
func (w *window) awaitLine() {
	w.t.Helper()
	w.shows(`() => document.documentElement.dataset.socket === "open"`, "the page has no line")
}

// inRoom waits until a conversation is live.
func (w *window) inRoom() {
	w.t.Helper()
	w.awaitLine()
	w.find("form[data-composer] textarea").seen()
}

// say writes a message by keyboard and waits until it is acknowledged.
func (w *window) say(text string) {
	w.t.Helper()
	w.write(text)
	w.find("#messages .message-own").last().find("[data-slot=state]").reads(w.text("chat.sent"))
}

// write writes a message and does not wait.
func (w *window) write(text string) {
	w.t.Helper()
	w.find("form[data-composer] textarea").fill(text)
	w.find("form[data-composer] textarea").focus()
	w.press("Enter")
}

// sayAt is say, and when by the browser's clock the key was pressed.
func (w *window) sayAt(text string) time.Time {
	w.t.Helper()
	w.ask(`() => document.addEventListener("keydown", (e) => { if (e.key === "Enter") window.pressed = Date.now(); }, { capture: true })`)
	w.say(text)
	return instant(w.ask("() => window.pressed"))
}

// noteWhen has the page note by its own clock when something appears.
func (w *window) noteWhen(selector string) {
	w.t.Helper()
	w.ask(`(selector) => {
		const look = () => { if (!window.appeared && document.querySelector(selector)) window.appeared = Date.now(); };
		new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true });
		look();
	}`, selector)
}

// noted waits for what noteWhen looks for.
func (w *window) noted() time.Time {
	w.t.Helper()
	w.shows("() => window.appeared", "it did not appear")
	return instant(w.ask("() => window.appeared"))
}

// instant reads what Date.now() gave.
func instant(v any) time.Time {
	switch ms := v.(type) {
	case float64:
		return time.UnixMilli(int64(ms))
	case int:
		return time.UnixMilli(int64(ms))
	default:
		panic(fmt.Sprintf("not an instant: %v", v))
	}
}
