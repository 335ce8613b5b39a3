package e2e

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// longestSilence is how long after an ESP's last sign of life their person may be left without a word (RELIABILITY F33).
const longestSilence = 60 * time.Second

// TestSilentESP: Marta's laptop falls asleep in mid-conversation. The guest is told, is taken to Sara, and Marta, who wakes up,
// takes nothing back.
func TestSilentESP(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2)
	here, there := c.instances[0], c.instances[1]
	ch := newChromium(t)

	tommaso := ch.open(t, "Tommaso", here, manner{})
	tommaso.signIn("Tommaso")
	tommaso.goOn()
	tommaso.visit("/console")
	tommaso.awaitLine()
	marta := ch.open(t, "Marta", there, manner{})
	marta.signIn("Marta")
	marta.goOn()
	marta.visit("/desk")
	marta.awaitLine()
	guest := ch.open(t, "guest", here, manner{width: 360})
	alias := guest.enter()
	guest.field(guest.text("chat.topic")).fill("Vorrei parlare di mio fratello")
	guest.button(guest.text("chat.ask_go")).click()
	marta.button(marta.text("chat.offer_accept")).click()
	marta.arrive("/rooms/[^/]+")
	guest.arrive("/rooms/[^/]+")
	old := guest.path()
	guest.inRoom()
	marta.inRoom()
	guest.say("Ti posso raccontare una cosa?")
	marta.say("Certo, ti ascolto")
	guest.find("#messages .message-text").last().says("Certo, ti ascolto")

	sara := ch.open(t, "Sara", here, manner{})
	sara.signIn("Sara")
	sara.goOn()
	sara.visit("/desk")
	sara.awaitLine()

	asleep := time.Now()
	marta.forgive("ERR_INTERNET_DISCONNECTED")
	require.NoError(t, marta.Context().SetOffline(true))
	guest.find("textarea").fill("E allora, mio fratello")
	guest.SetDefaultTimeout(float64((longestSilence + patience).Milliseconds()))
	guest.shows(`(title) => document.querySelector("[data-region=after] h2")?.textContent.includes(title)`, "nobody told the guest", guest.text("chat.lost_title", "Alias", "Marta"))
	took := time.Since(asleep)
	t.Logf("the guest was told %s after the last sign of life", took)
	require.Greater(t, took, longestSilence/3, "Marta was taken away too early")
	require.LessOrEqual(t, took, longestSilence+2*time.Second, "the guest was left without a word")
	guest.find("#messages .message-note").says(guest.text("chat.message_lost"))
	guest.find("#messages .message").last().says("E allora, mio fratello") // what was being written is still to be seen
	guest.accessible()
	guest.picture("lost-guest")

	sara.find(".offer").says(alias)
	sara.find(".offer").says("Vorrei parlare di mio fratello")
	sara.find(".offer").says(sara.text("chat.offer_again"))
	sara.picture("lost-offer")
	sara.button(sara.text("chat.offer_accept")).click()
	sara.arrive("/rooms/[^/]+")
	guest.link(guest.text("chat.lost_go_on")).click() // not taken away from an unsent line
	guest.arrive("/rooms/[^/]+")
	require.Equal(t, sara.path(), guest.path())
	require.NotEqual(t, old, guest.path())
	guest.inRoom()
	guest.say("Eccomi di nuovo")
	sara.find("#messages .message-text").last().says("Eccomi di nuovo")
	require.NotContains(t, sara.ask("() => document.body.innerText"), "Ti posso raccontare", "what was said before is not hers to read")

	require.NoError(t, marta.Context().SetOffline(false))
	marta.find("main").says(marta.text("chat.lost_for_esp"))
	marta.picture("lost-esp")
	require.Equal(t, old, marta.path())
	c.holdInvariants(t)
}
