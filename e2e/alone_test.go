package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestLeftAlone: an ESP passes a conversation on and nobody takes it within a minute. Tutors are called, the person is told so on the page they are
// looking at, and the tutor who comes meets them there.
func TestLeftAlone(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2)
	here, there := c.instances[0], c.instances[1]
	ch := newChromium(t)
	conn := c.connect(t)

	tommaso := ch.open(t, "Tommaso", here, manner{dark: true})
	tommaso.signIn("Tommaso")
	tommaso.goOn()
	tommaso.visit("/console")
	tommaso.awaitLine()
	marta := ch.open(t, "Marta", there, manner{})
	marta.signIn("Marta")
	marta.goOn()
	marta.visit("/desk")
	marta.awaitLine()
	guest := ch.open(t, "guest", here, manner{width: 360, language: "en"})
	guest.enter()
	guest.button(guest.text("chat.ask_go")).click()
	marta.button(marta.text("chat.offer_accept")).click()
	marta.arrive("/rooms/[^/]+")
	marta.inRoom()
	guest.arrive("/rooms/[^/]+")
	guest.inRoom()
	guest.say("Is somebody there?")
	marta.find("#messages .message").last().says("Is somebody there?")
	marta.link(marta.text("chat.step_out")).click()
	marta.button(marta.text("chat.step_out_go")).click()
	marta.arrive("/desk.*")
	guest.find("[data-region=after]").says(guest.text("chat.stepped_title", "Alias", "Marta"))

	_, err := conn.Exec(t.Context(), `update chat_rooms set created_at = now() - interval '60 s' where state = 'waiting'`)
	require.NoError(t, err)
	guest.find("[data-region=after]").says(guest.text("chat.tutor_called"))
	guest.accessible()
	guest.picture("tutor-called")
	tommaso.button(tommaso.text("console.acknowledge")).click()
	tommaso.find("main").says(tommaso.text("console.cause_alone"))
	tommaso.accessible()
	tommaso.picture("tutor-called-console")
	tommaso.button(tommaso.text("console.join")).click()
	tommaso.arrive("/rooms/[^/]+")
	tommaso.inRoom()
	guest.find(".room-people").says("Tommaso") // the page took them along
	guest.inRoom()
	guest.say("Thank you for coming.")
	tommaso.find("#messages .message").last().says("Thank you for coming.")
	c.holdInvariants(t)
}
