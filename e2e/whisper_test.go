package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWhisper: an ESP asks the tutor while they go on talking, sees that it was read, and is answered, each on another instance; the person sees nothing of it.
func TestWhisper(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2)
	here, there := c.instances[0], c.instances[1]
	signIn(t, here, "localhost", "Amelia").open(t, "/prepared").form(t, `form[action="/prepared"]`).fill(t, "title", "Dopo la chat").fill(t, "text", "Puoi tornare quando vuoi.").submit(t)
	ch := newChromium(t)
	tommaso := ch.open(t, "Tommaso", here, manner{})
	tommaso.signIn("Tommaso")
	tommaso.goOn()
	marta := ch.open(t, "Marta", there, manner{width: 360})
	marta.signIn("Marta")
	marta.goOn()
	marta.visit("/desk")
	marta.awaitLine()
	guest := ch.open(t, "guest", here, manner{})
	guest.enter()
	guest.button(guest.text("chat.ask_go")).click()
	marta.button(marta.text("chat.offer_accept")).click()
	marta.arrive("/rooms/[^/]+")
	marta.inRoom()
	guest.arrive("/rooms/[^/]+")
	guest.inRoom()
	tommaso.visit("/console")
	tommaso.awaitLine()

	// What is being written to the person stays while the tutor is asked.
	marta.find(".composer textarea").fill("Ti ascolto, e")
	marta.find(".prepared summary").click()
	marta.picture("prepared")
	marta.accessible()
	marta.button(marta.text("chat.prepared_use_label", "Title", "Dopo la chat")).click()
	marta.find(".composer textarea").holds("Ti ascolto, e\nPuoi tornare quando vuoi.")
	marta.find(".composer textarea").focused()
	marta.find(".composer textarea").fill("Ti ascolto, e")
	marta.find("#whispers summary").click()
	marta.field(marta.text("chat.whisper_text")).fill("Non so se chiederlo.")
	marta.button(marta.text("chat.whisper_send")).click()
	marta.find("#whispers .aside-list").says("Non so se chiederlo.")
	marta.field(marta.text("chat.whisper_text")).holds("")
	marta.find(".composer textarea").holds("Ti ascolto, e")
	marta.find("#whispers .badge").says(marta.text("chat.whisper_waits"))
	marta.picture("whisper")
	marta.accessible()

	// She gives the person something to read: it comes to them at once, and what she is writing stays.
	guest.find("[data-region=given] details").gone()
	marta.find("[data-region=given] summary").click()
	title := fmt.Sprint(marta.ask(`() => document.querySelector("#give").selectedOptions[0].textContent`))
	marta.accessible()
	marta.picture("give")
	marta.button(marta.text("chat.give_go")).click()
	marta.find("[data-region=given] .aside-list").says(title)
	marta.find(".composer textarea").holds("Ti ascolto, e")
	marta.shows(`(title) => ![...document.querySelectorAll("#give option")].some((it) => it.textContent === title)`, "it can be given again", title)
	guest.find("[data-region=given] summary").click()
	guest.find("[data-region=given] .aside-list").says(title)
	guest.accessible()
	guest.picture("given")
	// They have as many as there can be: she is told why nothing more is given.
	_, err := c.connect(t).Exec(t.Context(), `insert into chat_given (id, service_id, account_id, given_by, key_id, key_wrapped, page_sealed)
		select gen_random_uuid(), service_id, account_id, given_by, key_id, key_wrapped, page_sealed from chat_given, generate_series(2, 50)`)
	require.NoError(t, err)
	marta.forgive("status of 422")
	marta.button(marta.text("chat.give_go")).click()
	marta.find("[data-line-says]").says(marta.text("chat.given_full"))
	marta.find(".composer textarea").holds("Ti ascolto, e")
	_, err = c.connect(t).Exec(t.Context(), `delete from chat_given`)
	require.NoError(t, err)

	// Nobody answers for long: her page says so by itself, and what to do instead.
	_, err = c.connect(t).Exec(t.Context(), `update chat_whispers set said_at = said_at - interval '3 min'`)
	require.NoError(t, err)
	marta.find(".whisper-late").says(marta.text("chat.flag_red"))
	marta.find(".composer textarea").holds("Ti ascolto, e")
	marta.accessible()
	marta.picture("whisper-late")
	tommaso.visit("/console")
	tommaso.find("[data-region=console-asked] .badge-amber").says(tommaso.text("console.asked_late"))
	tommaso.find("[data-region=console-asked]").says("Non so se chiederlo.")
	tommaso.picture("whisper-console")
	tommaso.accessible()
	tommaso.link(tommaso.text("console.asked_by", "Alias", "Marta")).click()
	tommaso.find(".aside-list").says("Non so se chiederlo.")
	marta.find("#whispers .badge").says(marta.text("chat.whisper_seen", "Alias", "Tommaso"))
	tommaso.field(tommaso.text("console.asked_answer")).fill("Chiedilo pure, con parole tue.")
	tommaso.button(tommaso.text("console.asked_send")).click()
	marta.find("#whispers .aside-list").says("Chiedilo pure, con parole tue.")
	marta.find("#whispers .badge").says(marta.text("chat.whisper_answered", "Alias", "Tommaso"))
	marta.find(".composer textarea").holds("Ti ascolto, e")
	tommaso.picture("whisper-answer")
	tommaso.accessible()

	// Without a line it stays in the field, with why.
	marta.forgive("Failed to load resource|WebSocket connection")
	require.NoError(t, marta.Context().SetOffline(true))
	marta.field(marta.text("chat.whisper_text")).fill("Ancora una cosa.")
	marta.button(marta.text("chat.whisper_send")).click()
	marta.find("#whispers").says(marta.text("chat.whisper_not_sent"))
	marta.field(marta.text("chat.whisper_text")).holds("Ancora una cosa.")
	require.NoError(t, marta.Context().SetOffline(false))
	marta.button(marta.text("chat.whisper_send")).click()
	tommaso.find(".aside-list").says("Ancora una cosa.") // on the page where they answer, without a reload

	// She has what she is writing read first, and takes what the tutor proposes.
	marta.button(marta.text("chat.look_ask")).click()
	marta.find("#whispers .aside-list").says(marta.text("chat.look_draft"))
	marta.find(".composer textarea").holds("Ti ascolto, e")
	tommaso.visit("/console")
	tommaso.find("[data-region=console-asked]").says("Ti ascolto, e")
	tommaso.link(tommaso.text("console.asked_by", "Alias", "Marta")).click()
	tommaso.field(tommaso.text("console.draft", "Alias", "Marta")).holds("Ti ascolto, e")
	tommaso.accessible()
	tommaso.picture("second-look")
	tommaso.field(tommaso.text("console.draft", "Alias", "Marta")).fill("Ti ascolto. Com'è andata?")
	tommaso.button(tommaso.text("console.draft_propose")).click()
	marta.find("#whispers .aside-list").says("Ti ascolto. Com'è andata?")
	marta.accessible()
	marta.picture("second-look-esp")
	marta.find(".composer textarea").fill("")
	marta.button(marta.text("chat.look_use")).click()
	marta.find(".composer textarea").holds("Ti ascolto. Com'è andata?")
	marta.find(".composer textarea").fill("Ti ascolto, e")
	require.NotContains(t, fmt.Sprint(guest.ask(`() => document.documentElement.outerHTML`)), "andata")

	marta.button(marta.text("chat.send")).click()
	guest.find(".messages").says("Ti ascolto, e")
	page, err := guest.Content()
	require.NoError(t, err)
	for _, word := range []string{"hisper", "chiederlo", "parole tue", "una cosa"} {
		require.False(t, strings.Contains(page, word), "the person's page has %q", word)
	}
}
