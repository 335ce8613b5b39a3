package e2e

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestTimeOfConversation: the end comes near while both look at the page. Each is told without a reload, they agree on more time while
// the guest is writing, and when the time is up both see it.
func TestTimeOfConversation(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2)
	here, there := c.instances[0], c.instances[1]
	ch := newChromium(t)
	conn := c.connect(t)

	tommaso := ch.open(t, "Tommaso", here, manner{})
	tommaso.signIn("Tommaso")
	tommaso.goOn()
	marta := ch.open(t, "Marta", there, manner{dark: true, language: "en", width: 360})
	marta.signIn("Marta")
	marta.goOn()
	marta.visit("/desk")
	marta.awaitLine()
	guest := ch.open(t, "guest", here, manner{width: 360})
	alias := guest.enter()
	guest.field(guest.text("chat.topic")).fill("Vorrei parlare del lavoro")
	guest.button(guest.text("chat.ask_go")).click()
	marta.button(marta.text("chat.offer_accept")).click()
	marta.arrive("/rooms/[^/]+")
	guest.arrive("/rooms/[^/]+")
	guest.inRoom()
	marta.inRoom()
	guest.say("Ti posso raccontare una cosa?")
	left := func(d time.Duration) {
		t.Helper()
		_, err := conn.Exec(t.Context(), `update chat_rooms set ends_at = now() + $1::interval where state = 'open'`, d)
		require.NoError(t, err)
	}
	// Pages hear of another end within 10 s, and of the notice by their own clock.
	left(10*time.Minute + 15*time.Second)
	guest.find("[data-region=time]").says(guest.text("chat.time_10"))
	marta.find("[data-region=time]").says(marta.text("chat.time_10"))
	guest.find("textarea").fill("Intanto scrivo")
	guest.button(guest.text("chat.more_ask")).click()
	guest.find("[data-region=time]").says(guest.text("chat.more_asked", "Alias", "Marta"))
	marta.find("[data-region=time]").says(marta.text("chat.more_wanted", "Alias", alias))
	guest.shows(`() => document.querySelector("textarea").value === "Intanto scrivo"`, "asking took away what was being written")
	guest.accessible()
	marta.accessible()
	guest.picture("time-asked")
	marta.picture("time-wanted")
	marta.button(marta.text("chat.more_agree")).click()
	gone := `() => !document.querySelector("[data-region=time]").textContent.trim()`
	marta.shows(gone, "the notice stayed with Marta")
	guest.shows(gone, "the notice stayed with the guest")
	left(-time.Second)
	for _, b := range []*window{guest, marta} {
		b.find("#messages .message-note").last().says(b.text("chat.message_time_up"))
	}
	guest.find("[data-region=after]").says(guest.text("chat.over_time_up"))
	guest.find("#messages .message").last().says("Intanto scrivo") // what was being written is still to be seen
	guest.accessible()
	guest.picture("time-up")
}
