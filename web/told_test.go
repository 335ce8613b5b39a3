package web

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/moderation"
)

// TestConsoleOfWhoIsCalled: a tutor off shift who follows a letter finds that the alert waits, and has it after two presses.
func TestConsoleOfWhoIsCalled(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	esp, tutor, people := st.open(t)
	person := st.guest(t, "Airone")
	require.Equal(t, http.StatusSeeOther, person.post("/waiting", "topic", "ho preso le pillole, voglio morire stanotte").StatusCode)
	require.Equal(t, http.StatusSeeOther, tutor.post("/shifts/off", "sure", "true").StatusCode)
	st.ladder(t)
	var id moderation.EscalationID
	require.Eventually(t, func() bool {
		return st.pool.QueryRow(t.Context(), `select id from moderation_escalations where rung = 5`).Scan(&id) == nil
	}, 10*time.Second, 20*time.Millisecond)
	link := "/console/" + id.String()

	visitor := st.browser(t)
	assert.Equal(t, "/sign-in?next=%2Fconsole%2F"+id.String(), visitor.get(link).Header.Get("Location"), "the letter's link survives the sign-in")
	for name, b := range map[string]*browser{"an ESP": esp, "the person": person, "an admin": st.signedIn(t, people.admin.ID)} {
		assert.Equal(t, http.StatusNotFound, b.get(link).StatusCode, name)
		assert.Equal(t, http.StatusNotFound, b.post(link+"/answer").StatusCode, name)
	}
	page := tutor.get("/console")
	assert.Zero(t, page.Find(".empty").Length(), "nobody is told that all is calm")
	assert.Equal(t, "1", page.Find("[data-count]").AttrOr("data-count", ""))
	assert.Equal(t, link+"/answer", page.action(t, "Entra in turno e aprila"))
	page = tutor.get(link)
	require.Equal(t, http.StatusOK, page.StatusCode)
	assert.Contains(t, page.text(".console-open"), "non sei in turno")
	assert.Equal(t, 1, page.Find(".console-open time").Length(), "since when")
	assert.NotContains(t, page.text(".console-open"), "Airone")

	answer := tutor.post(link + "/answer")
	require.Equal(t, http.StatusSeeOther, answer.StatusCode)
	page = tutor.get(answer.Header.Get("Location"))
	assert.Contains(t, page.text(".opened h2"), "Airone")
	require.Equal(t, http.StatusSeeOther, tutor.post(page.Find(`.opened form[action$="/acknowledge"]`).AttrOr("action", "")).StatusCode)
	assert.Contains(t, tutor.get(link).text(".opened"), "È con te")
	require.Equal(t, http.StatusNotFound, tutor.post("/console/nonsense/answer").StatusCode)
}
