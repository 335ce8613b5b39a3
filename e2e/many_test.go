package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestManyCome: when more come from one address than usual, a browser works for its entry by itself, and whoever presses before
// it is done is told to wait a moment.
func TestManyCome(t *testing.T) {
	c := newCluster(t, 1)
	here := c.instances[0]
	ch := newChromium(t)
	staffed(t, here, here, "Marta", "Tommaso")
	for range 6 {
		ask(t, enter(t, here))
	}
	for _, m := range []manner{{width: 360}, {width: 1280, language: "en", dark: true}} {
		guest := ch.open(t, "guest", here, m)
		guest.visit("/")
		guest.link(guest.text("front.talk")).click()
		guest.find(`input[name=adult][value=true]`).check()
		guest.find(`input[name=consent]`).check()
		guest.button(guest.text("account.go_on")).click()
		require.Equal(t, 1, guest.find("[data-work]").count(), "it costs nothing")
		guest.accessible()
		guest.picture("many-enter-" + guest.language)
		guest.button(guest.text("account.enter_go")).click()
		guest.arrive("/waiting")
		if m.width == 360 { // the other presses at once
			guest.shows(`() => document.querySelector("[name=proof]").value !== ""`, "no answer is found")
		}
		guest.button(guest.text("chat.ask_go")).click()
		guest.find(".waiting").seen()
	}
}
