package e2e

import (
	"strings"
	"testing"
)

// TestReadingAndTyping: each sees that the other is writing, and what the other has had before their eyes; what was said below the fold is not read
// before somebody goes there.
func TestReadingAndTyping(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2)
	here, there := c.instances[0], c.instances[1]
	ch := newChromium(t)

	tommaso := ch.open(t, "Tommaso", here, manner{})
	tommaso.signIn("Tommaso")
	tommaso.goOn()
	marta := ch.open(t, "Marta", there, manner{})
	marta.signIn("Marta")
	marta.goOn()
	marta.visit("/desk")
	marta.awaitLine()
	guest := ch.open(t, "guest", here, manner{width: 360, dark: true})
	guest.enter()
	guest.button(guest.text("chat.ask_go")).click()
	marta.button(marta.text("chat.offer_accept")).click()
	marta.arrive("/rooms/[^/]+")
	marta.inRoom()
	guest.arrive("/rooms/[^/]+")
	guest.inRoom()

	field := guest.find("textarea")
	field.ok(field.locator.PressSequentially("Forse dico una cosa"))
	marta.find(".room-people").says(marta.text("chat.writes"))
	marta.picture("writes")
	guest.find("textarea").fill("")
	marta.find(".room-people").says(marta.text("chat.here")) // it was nothing after all
	guest.say("Ciao.")
	read := guest.find(".message-own .message-read").last()
	read.seen()
	guest.accessible()
	guest.picture("read")

	// What comes while Marta reads further up is not read.
	for range 3 {
		guest.say(strings.Repeat("una riga lunga. ", 200))
	}
	guest.shows(`() => document.querySelector(".message-own:last-child .message-read").hidden === false`, "the last one was not marked")
	marta.ask(`() => { document.querySelector("[data-scroll]").scrollTop = 0; }`)
	marta.shows(`() => document.querySelector("[data-scroll]").scrollTop === 0`, "she could not scroll")
	guest.say("E poi?")
	marta.find("[data-pill]").seen()
	guest.shows(`() => document.querySelector(".message-own:last-child .message-read").hidden`, "what is below the fold counted as read")
	marta.find("[data-pill]").click()
	guest.shows(`() => document.querySelector(".message-own:last-child .message-read").hidden === false`, "it was not marked when she went there")

	marta.say("Ti ascolto.")
	marta.shows(`() => document.querySelector(".message-own:last-child .message-read").hidden === false`, "the guest's page did not say that it was read")
	c.holdInvariants(t)
}
