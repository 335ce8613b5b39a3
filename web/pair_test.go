package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTwoAtOnce: a tutor lets an ESP talk with two people, who is told in their conversation who waits, and meets them in another window.
func TestTwoAtOnce(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	esp, tutor, who := st.open(t)
	two := "/shifts/" + who.esp.ID.String() + "/two"
	for _, b := range []*browser{esp, st.guest(t, "Falco"), st.signedIn(t, who.admin.ID), st.browser(t)} {
		assert.NotEqual(t, "/shifts", b.post(two).Header.Get("Location"))
	}
	require.Equal(t, http.StatusSeeOther, st.guest(t, "Airone").post("/waiting").StatusCode)
	room := esp.post(esp.get("/desk").action(t, "Ci sono io")).Header.Get("Location")
	assert.Empty(t, esp.get(room).text(".room-beside"))
	require.Equal(t, http.StatusSeeOther, st.guest(t, "Lontra").post("/waiting", "topic", "il lavoro").StatusCode)

	shifts := tutor.get("/shifts")
	require.Equal(t, two, shifts.action(t, "Lascia che "+who.esp.Alias+" parli con due persone insieme"))
	require.Equal(t, "/shifts", tutor.post(two).Header.Get("Location"))
	assert.Equal(t, http.StatusNotFound, tutor.post("/shifts/nonsense/two").StatusCode)
	assert.Equal(t, http.StatusNotFound, tutor.post("/shifts/"+who.tutor.ID.String()+"/two").StatusCode, "no ESP")
	page := esp.get(room)
	assert.Contains(t, page.text(".room-beside"), "Lontra")
	assert.Contains(t, page.text(".room-beside"), "il lavoro")
	form := page.Find(".room-beside form")
	assert.Equal(t, "_blank", form.AttrOr("target", ""), "what is being written in this window stays")
	second := esp.post(form.AttrOr("action", "")).Header.Get("Location")
	require.True(t, strings.HasPrefix(second, "/rooms/"))
	require.NotEqual(t, room, second)
	assert.Equal(t, second, esp.get(room).Find(".room-beside a").AttrOr("href", ""))
	assert.Contains(t, tutor.get("/shifts").text(".who-is-on"), "Due persone insieme")
	require.Equal(t, "/shifts", tutor.post("/shifts/"+who.esp.ID.String()+"/one").Header.Get("Location"))
	assert.Equal(t, http.StatusOK, esp.get(second).StatusCode, "what runs goes on")
}
