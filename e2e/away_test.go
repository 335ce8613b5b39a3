package e2e

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestLeaveAndBeTold: a guest leaves the waiting room, the instance they were at dies, their browser is woken when somebody is free, and with the code they are met from
// another device.
func TestLeaveAndBeTold(t *testing.T) {
	t.Parallel()
	push := newPushService(t)
	c := newCluster(t, 2, func(in *instance) {
		in.env = append(in.env, "PONTI_PUSH_HOSTS="+strings.TrimPrefix(push.URL, "https://"), "SSL_CERT_FILE="+push.certificate)
	})
	here, there := c.instances[0], c.instances[1]
	marta, tommaso := signIn(t, there, "localhost", "Marta"), signIn(t, there, "localhost", "Tommaso")
	goOn(t, tommaso)
	goOn(t, marta)
	meet(t, enter(t, there), marta, nil) // she is taken

	ch := newChromium(t)
	guest := ch.open(t, "guest", here, manner{width: 360})
	push.subscribes(t, guest)
	alias := guest.enter()
	guest.button(guest.text("chat.ask_go")).click()
	guest.arrive("/waiting")
	guest.find("h1").reads(guest.text("chat.waiting_next"))
	guest.find("summary").last().click()
	guest.accessible()
	guest.picture("away-offer")
	guest.button(guest.text("chat.away_go")).click()
	guest.find(".once code").seen()
	code, _ := guest.ask(`() => document.querySelector(".once code").textContent`).(string)
	guest.accessible()
	guest.picture("away-code")
	guest.link(guest.text("chat.away_code_kept")).click()
	guest.arrive("/waiting")
	guest.find("h1").reads(guest.text("chat.away_title"))
	guest.accessible()
	guest.picture("away")
	guest.button(guest.text("moderation.reach_this_device")).click()
	guest.find("main").says(guest.text("chat.away_wakes"))
	guest.shows(`async () => (await navigator.serviceWorker.getRegistrations()).some((r) => r.active && r.scope.endsWith("/waiting"))`, "no worker waits to be woken")
	guest.awaitLine()

	// Somebody is free: the page says so by itself, where it is still open, and the browser is woken.
	nico := signIn(t, there, "localhost", "Nico")
	goOn(t, nico)
	guest.find("h1").reads(guest.text("chat.away_told"))
	guest.shows(`() => document.title.startsWith("`+guest.text("chat.away_told")+`")`, "who looks at another tab does not see whose turn it is")
	guest.accessible()
	guest.picture("away-told")
	for _, body := range push.await(t, 1) {
		require.NotContains(t, body, alias)
	}
	require.NotContains(t, nico.open(t, "/desk").text("main"), alias, "nobody is offered somebody who is not there")

	guest.forgive("ERR_CONNECTION_REFUSED|WebSocket connection")
	here.kill()
	other := ch.open(t, "guest's other device", there, manner{dark: true, language: "en"})
	other.visit("/come-back")
	other.forgive("422") // a code that is nobody's
	other.field(other.text("chat.come_back_code")).fill("ABCD EFGH")
	other.button(other.text("chat.come_back_go")).click()
	other.find(".error-summary").says(other.text("chat.return_unknown"))
	other.field(other.text("chat.come_back_code")).holds("ABCD EFGH")
	other.accessible()
	other.picture("come-back")
	other.field(other.text("chat.come_back_code")).fill(strings.ToLower(code))
	other.press("Enter")
	other.arrive("/waiting")
	other.accessible()
	other.picture("away-other-device")
	other.button(other.text("chat.away_back")).click()
	other.find("h1").reads(other.text("chat.waiting_offered"))
	accept(t, nico)
	other.arrive("/rooms/[^/]+")
	other.inRoom()
	for _, in := range c.instances {
		require.NotContains(t, in.output(), push.URL)
		require.NotContains(t, in.output(), strings.ReplaceAll(code, " ", ""))
	}
	c.holdInvariants(t)
}
