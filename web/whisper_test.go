package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/chat"
)

// TestWhisper: without a script an ESP asks the tutor from the page of a conversation and is answered; no page of the person's has a word of it.
func TestWhisper(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	esp, tutor, _ := st.open(t)
	guest := st.guest(t, "Airone")
	require.Equal(t, http.StatusSeeOther, guest.post("/waiting", "topic", "il lavoro").StatusCode)
	room := location(t, esp.post(esp.get("/desk").Find(".offer form").First().AttrOr("action", "")))
	require.True(t, strings.HasPrefix(room, "/rooms/"), room)

	page := esp.get(room)
	action, cid := page.Find("#whispers form").AttrOr("action", ""), page.Find("#whispers input[name=cid]").AttrOr("value", "")
	require.Equal(t, room+"/whispers", action)
	assert.Zero(t, page.Find("#whispers[open]").Length())
	assert.Empty(t, page.text("#whispers .badge"))
	long := strings.Repeat("à", chat.MaxWhisper+1)
	again := esp.post(action, "cid", cid, "whisper", long)
	assert.Equal(t, http.StatusUnprocessableEntity, again.StatusCode)
	assert.Equal(t, long, again.Find("#whispers[open] #whisper").Text(), "nothing is lost")
	assert.Equal(t, room+"?whispers#whispers", location(t, esp.post(action, "cid", cid, "whisper", "Non so <b>che cosa</b> dire.")))
	assert.Equal(t, 1, esp.get(room+"?whispers").Find("#whispers[open]").Length(), "without a script it stays open")
	assert.Contains(t, esp.get(room).text("#whispers .aside-list"), "Non so <b>che cosa</b> dire.")
	assert.Equal(t, "in attesa di un tutor", esp.get(room).text("#whispers .badge"))

	console := tutor.get("/console")
	assert.Contains(t, console.text("main"), "Non so <b>che cosa</b> dire.")
	answer := console.Find(`a[href^="/whispers/"]`).AttrOr("href", "")
	require.NotEmpty(t, answer)
	page = tutor.get(answer)
	assert.Contains(t, page.text(".aside-list"), "Non so <b>che cosa</b> dire.")
	assert.NotContains(t, page.Body, "Airone", "the conversation is not the tutor's to see")
	assert.Contains(t, esp.get(room).text("#whispers .badge"), "letto da")
	again = tutor.post(answer, "cid", page.Find("input[name=cid]").AttrOr("value", ""), "whisper", " ")
	assert.Equal(t, http.StatusUnprocessableEntity, again.StatusCode)
	assert.Equal(t, answer, location(t, tutor.post(answer, "cid", page.Find("input[name=cid]").AttrOr("value", ""), "whisper", "Puoi anche solo restare lì.")))
	assert.Contains(t, esp.get(room).text("#whispers"), "Puoi anche solo restare lì.")
	assert.Contains(t, esp.get(room).text("#whispers .badge"), "ha risposto")
	assert.Zero(t, tutor.get("/console").Find(`a[href^="/whispers/"]`).Length())

	for _, path := range []string{room, "/rooms", room + "/end", room + "/help", "/notices"} {
		body := guest.get(path).Body
		for _, word := range []string{"hisper", "che cosa", "restare lì"} {
			assert.NotContains(t, body, word, path)
		}
	}
	assert.NotEqual(t, http.StatusSeeOther, guest.post(action, "cid", newCID(), "whisper", "Ciao.").StatusCode)
	assert.Equal(t, http.StatusNotFound, guest.get(answer).StatusCode)
	assert.Equal(t, http.StatusNotFound, esp.get(answer).StatusCode)
	assert.Equal(t, http.StatusNotFound, tutor.get("/whispers/"+newCID()).StatusCode)
	location(t, esp.post(room+"/end"))
	assert.Zero(t, esp.get(room).Find("#whispers").Length(), "it ends with the conversation")
}

// TestSecondLook: without a script an ESP has what they write read by a tutor first, who proposes another text or says that it is fine; the person's pages have none of it.
func TestSecondLook(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	esp, tutor, _ := st.open(t)
	guest := st.guest(t, "Airone")
	require.Equal(t, http.StatusSeeOther, guest.post("/waiting").StatusCode)
	room := location(t, esp.post(esp.get("/desk").Find(".offer form").First().AttrOr("action", "")))
	page := esp.get(room)
	action := page.Find("[data-second-look]").AttrOr("formaction", "")
	require.Equal(t, room+"/second-look", action)
	assert.Equal(t, 1, page.Find("form#"+page.Find("[data-second-look]").AttrOr("form", "")).Length())
	again := esp.post(action, "text", " ", "cid", newCID())
	assert.Equal(t, http.StatusUnprocessableEntity, again.StatusCode)
	long := strings.Repeat("à", chat.MaxText+1)
	again = esp.post(action, "text", long, "cid", newCID())
	assert.Equal(t, long, again.Find("#composer textarea").Text(), "nothing is lost")
	page = esp.post(action, "text", "Devi dormire <b>di più</b>.", "cid", newCID())
	require.Equal(t, http.StatusOK, page.StatusCode)
	assert.Equal(t, "Devi dormire <b>di più</b>.", page.Find("#composer textarea").Text(), "it is still theirs to say")
	assert.Equal(t, 1, page.Find("#whispers[open]").Length())
	assert.Contains(t, page.text("#whispers .aside-list"), "Bozza")

	console := tutor.get("/console")
	assert.Contains(t, console.text("main"), "Bozza")
	answer := console.Find(`a[href^="/whispers/"]`).AttrOr("href", "")
	page = tutor.get(answer)
	assert.Equal(t, "Devi dormire <b>di più</b>.", page.Find("#draft").Text())
	again = tutor.post(answer+"/draft", "draft", long, "cid", newCID())
	assert.Equal(t, http.StatusUnprocessableEntity, again.StatusCode)
	assert.Equal(t, long, again.Find("#draft").Text())
	assert.Equal(t, answer, location(t, tutor.post(answer+"/draft", "draft", "Com'è andata stanotte?", "cid", newCID())))
	assert.Zero(t, tutor.get(answer).Find("#draft").Length(), "it is answered")
	assert.Contains(t, esp.get(room).text("#whispers"), "Com'è andata stanotte?")
	assert.Equal(t, 1, esp.get(room).Find("#whispers [data-use]").Length())
	require.Equal(t, http.StatusOK, esp.post(action, "text", "Com'è andata stanotte?", "cid", newCID()).StatusCode)
	assert.Equal(t, answer, location(t, tutor.post(answer+"/draft", "draft", "Com'è andata stanotte?", "fine", "true", "cid", newCID())))
	assert.Contains(t, esp.get(room).text("#whispers .aside-list"), "Va bene così")

	for _, path := range []string{room, "/rooms", "/notices"} {
		for _, word := range []string{"second-look", "dormire", "stanotte"} {
			assert.NotContains(t, guest.get(path).Body, word, path)
		}
	}
	for _, b := range []*browser{guest, esp} {
		assert.Equal(t, http.StatusNotFound, b.post(answer+"/draft", "draft", "Ciao.", "cid", newCID()).StatusCode)
	}
	assert.NotEqual(t, http.StatusOK, guest.post(action, "text", "Ciao.", "cid", newCID()).StatusCode)
	assert.Equal(t, http.StatusNotFound, tutor.post(action, "text", "Ciao.", "cid", newCID()).StatusCode)
}
