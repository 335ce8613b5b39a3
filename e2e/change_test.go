package e2e

import (
	"testing"

	"github.com/mxschmitt/playwright-go"
	"github.com/stretchr/testify/require"
)

// TestChangeMessage: a guest changes what they said while they write something else, and takes another message back; both sides, and a second device
// that comes later, see the same, without a reload.
func TestChangeMessage(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2)
	here, there := c.instances[0], c.instances[1]
	ch := newChromium(t)

	tommaso := ch.open(t, "Tommaso", here, manner{})
	tommaso.signIn("Tommaso")
	tommaso.goOn()
	marta := ch.open(t, "Marta", there, manner{dark: true, language: "en"})
	marta.signIn("Marta")
	marta.goOn()
	marta.visit("/desk")
	marta.awaitLine()
	guest := ch.open(t, "guest", here, manner{width: 360})
	guest.enter()
	guest.field(guest.text("chat.topic")).fill("Vorrei parlare del lavoro")
	guest.button(guest.text("chat.ask_go")).click()
	marta.button(marta.text("chat.offer_accept")).click()
	marta.arrive("/rooms/[^/]+")
	guest.arrive("/rooms/[^/]+")
	guest.inRoom()
	marta.inRoom()
	guest.say("Domani ho un collocuio.")
	guest.say("Lavoro in via Roma.")
	marta.find("#messages .message").last().says("Lavoro in via Roma.")

	guest.find("[data-composer] textarea").fill("Intanto scrivo")
	guest.find("#messages [data-seq='1'] .message-edit").click()
	guest.find(".message-change textarea").holds("Domani ho un collocuio.")
	guest.accessible()
	guest.picture("change")
	guest.press("Escape")
	guest.find(".message-change").gone()
	guest.find("#messages [data-seq='1'] .message-edit").click()
	guest.find(".message-change textarea").fill("Domani ho un colloquio.")
	guest.button(guest.text("chat.edit_go")).click()
	guest.find("#messages [data-seq='1'] [data-slot=text]").says("Domani ho un colloquio.")
	guest.find("#messages [data-seq='1'] .message-edited").says(guest.text("chat.edited"))
	guest.find(".message-change").gone()
	marta.find("#messages [data-seq='1'] [data-slot=text]").says("Domani ho un colloquio.")
	marta.find("#messages [data-seq='1'] .message-edited").says(marta.text("chat.edited"))
	guest.shows(`() => document.querySelector("[data-composer] textarea").value === "Intanto scrivo"`, "changing took away what was being written")

	// The answer to one change comes while another is being made: it takes nothing away from there, and is asked for once.
	answers := make(chan playwright.Route, 2)
	require.NoError(t, guest.Route("**/messages/1/edit", func(r playwright.Route) {
		if r.Request().Method() == "POST" {
			answers <- r
			return
		}
		_ = r.Continue()
	}))
	guest.find("#messages [data-seq='1'] .message-edit").click()
	guest.find("[data-seq='1'] .message-change textarea").fill("Domani ho un bel colloquio.")
	save := guest.find("[data-seq='1'] .message-change button").first()
	save.click()
	save.click()
	guest.find("#messages [data-seq='2'] .message-edit").click()
	guest.find("[data-seq='2'] .message-change textarea").seen()
	require.NoError(t, (<-answers).Continue())
	guest.find("[data-seq='1'] .message-change").gone()
	guest.shows(`() => document.activeElement.matches("[data-seq='2'] .message-change textarea")`, "the answer took the focus away")
	require.Empty(t, answers, "it was sent twice")
	marta.find("#messages [data-seq='1'] [data-slot=text]").says("Domani ho un bel colloquio.")

	guest.find("[data-seq='2'] .message-change .button-second").click()
	for _, w := range []*window{guest, marta} {
		w.find("#messages [data-seq='2']").says(w.text("chat.message_removed"))
		w.shows(`() => !document.body.textContent.includes("via Roma")`, "the removed text is still there")
	}
	marta.say("Dimmi del colloquio.")
	guest.find("#messages .message").last().says("Dimmi del colloquio.")
	marta.shows(`() => document.querySelectorAll("#messages .message-edit:not([hidden])").length === 1`, "each may change their own alone")
	// An address leads out by a page that says where to, however it is shown: live, or after a reload.
	guest.say("Ho letto https://www.iss.it/aiuto, è utile.")
	for range 2 {
		for _, w := range []*window{guest, marta} {
			w.find("#messages .message").last().says("Ho letto https://www.iss.it/aiuto, è utile.")
			w.shows(`() => [...document.querySelectorAll("#messages [data-slot=text]")].at(-1).textContent === "Ho letto https://www.iss.it/aiuto, è utile."
				&& document.querySelector(".way-out").dataset.host === "www.iss.it" && document.querySelector(".way-out").textContent === "https://www.iss.it/aiuto"`, "the address is not a link")
		}
		marta.visit(marta.path())
		marta.inRoom()
	}
	out, err := marta.ExpectPopup(func() error { marta.find(".way-out").click(); return nil })
	require.NoError(t, err)
	require.NoError(t, marta.chromium.expect.Locator(out.Locator("h1")).ToHaveText(marta.text("front.leaving_title")))
	require.NoError(t, marta.chromium.expect.Locator(out.Locator("main .button").First()).ToHaveAttribute("href", "https://www.iss.it/aiuto"))
	require.NoError(t, marta.chromium.expect.Locator(out.Locator("main .button").Last()).ToHaveAttribute("href", marta.path()))
	require.NoError(t, out.Close())
	guest.accessible()
	marta.accessible()
	guest.picture("changed")
	marta.picture("changed-esp")
	// Too late: she is told why, and what she wrote stays.
	marta.find("#messages [data-seq='6'] .message-edit").click()
	marta.find(".message-change textarea").fill("Raccontami del colloquio.")
	_, err = c.connect(t).Exec(t.Context(), `update chat_messages set at = at - interval '16 min'`)
	require.NoError(t, err)
	marta.forgive("status of 409")
	marta.button(marta.text("chat.edit_go")).click()
	marta.find(".message-change [role=alert]").says(marta.text("chat.change_too_late"))
	marta.find(".message-change textarea").holds("Raccontami del colloquio.")
	marta.accessible()
	marta.picture("change-too-late")
	marta.visit(marta.path())
	marta.inRoom()
	marta.find("#messages [data-seq='1'] [data-slot=text]").says("Domani ho un bel colloquio.")
	marta.find("#messages [data-seq='2']").says(marta.text("chat.message_removed"))
	c.holdInvariants(t)
}
