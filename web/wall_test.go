package web

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/account/accounttest"
)

// TestTutorSeesWhoAsks: an opened alert shows what the ESP asks beside the conversation, and the wall which ESP is without their tutor.
func TestTutorSeesWhoAsks(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	esp, tutor, people := st.open(t)
	st.ladder(t)
	guest := st.guest(t, "Airone")
	require.Equal(t, http.StatusSeeOther, guest.post("/waiting", "topic", "Voglio morire, ho preso le pillole.").StatusCode)
	assert.Equal(t, 1, tutor.get("/console").Find(".waiter details:not([open]) .waiter-topic").Length(), "who looks chooses when to read")
	room := location(t, esp.post(esp.get("/desk").Find(".offer form").First().AttrOr("action", "")))
	location(t, esp.post(room+"/whispers", "cid", newCID(), "whisper", "Non so che cosa dire."))
	require.Eventually(t, func() bool { return tutor.get("/console").Find(".alert-crisis").Length() == 1 }, 20*time.Second, 50*time.Millisecond)
	page := tutor.get(tutor.get("/console").Find(".alert-crisis a").AttrOr("href", ""))
	assert.Contains(t, page.text(".opened .notice"), "Non so che cosa dire.")
	assert.Equal(t, 1, page.Find(".opened a[href^='/whispers/']").Length(), "one press away")
	assert.Zero(t, page.Find(".console-others .notice-amber").Length())

	other := accounttest.NewActor(t, st.pool, st.service, account.RoleTutor, "Tina")
	_, err := st.pool.Exec(t.Context(), `update account_tutors set tutor_id = $1 where esp_id = $2`, other.ID, people.esp.ID)
	require.NoError(t, err)
	wall := tutor.get("/console").text(".console-others .notice-amber")
	assert.Contains(t, wall, "Tina")
	assert.Contains(t, wall, "altro tutor")
}
