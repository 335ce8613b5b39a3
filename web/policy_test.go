package web

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/moderation"
)

// TestPolicyStory: a tutor asks for other times, another approves them; an auditor reads, and goes back is asked for in the same way. Without a script.
func TestPolicyStory(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	people := newStaff(t, st)
	first := st.signedIn(t, people.tutor.ID)
	second := st.signedIn(t, st.staffMember(t, people.admin, account.RoleTutor, "Bruno").ID)
	fields := func(crisis string) []string {
		return []string{"crisis_within", crisis, "crisis_idle", "240", "red_within", "240", "red_idle", "600", "amber_within", "1200"}
	}
	page := first.get("/policy")
	require.Equal(t, http.StatusOK, page.StatusCode)
	assert.Equal(t, "60", page.Find("#crisis_within").AttrOr("value", ""))
	assert.Equal(t, moderation.DefaultLadder().Crisis.Within.Seconds(), 60.0)
	for _, wrong := range []string{"", "un minuto", "29", "121", "-60", "60.5", "99999999999999999999"} {
		page = first.post("/policy", fields(wrong)...)
		assert.Equal(t, http.StatusUnprocessableEntity, page.StatusCode, wrong)
		assert.Equal(t, []string{"crisis_within"}, page.mistakes(t))
		assert.Equal(t, wrong, page.Find("#crisis_within").AttrOr("value", ""), "what was typed is kept")
		assert.Equal(t, "240", page.Find("#red_within").AttrOr("value", ""))
	}
	require.Equal(t, "/policy?done=second_awaited", first.post("/policy", fields("45")...).Header.Get("Location"))
	assert.Zero(t, first.get("/policy").Find(`form[action$="/approve"]`).Length())
	assert.Equal(t, http.StatusConflict, first.post("/policy/1/approve").StatusCode)
	assert.Equal(t, http.StatusConflict, second.post("/policy/2/approve").StatusCode)
	assert.Equal(t, http.StatusNotFound, second.post("/policy/x/approve").StatusCode)
	for _, b := range []*browser{st.signedIn(t, people.esp.ID), st.signedIn(t, people.admin.ID), st.guest(t, "Gabbiano"), st.browser(t)} {
		assert.NotEqual(t, http.StatusOK, b.get("/policy").StatusCode)
		for _, act := range []string{"/policy/1/approve", "/policy/1/drop"} {
			assert.NotContains(t, b.post(act).Header.Get("Location"), "done=")
		}
	}
	require.Equal(t, "/policy?done=policy_approved", second.post("/policy/1/approve").Header.Get("Location"))
	auditor := st.signedIn(t, st.staffMember(t, people.admin, account.RoleAuditor, "Rocco").ID)
	page = auditor.get("/policy")
	assert.Contains(t, page.text(".policy-times"), "45 secondi")
	assert.Contains(t, page.text(".alerts"), "In uso")
	assert.Zero(t, page.Find("main form").Length(), "an auditor reads")
	assert.Equal(t, http.StatusForbidden, auditor.post("/policy", fields("60")...).StatusCode)

	require.Equal(t, "/policy?done=second_awaited", second.post("/policy", fields("60")...).Header.Get("Location"))
	require.Equal(t, "/policy?done=policy_dropped", first.post("/policy/2/drop").Header.Get("Location"))
	require.Equal(t, "/policy?done=second_awaited", second.post("/policy", fields("60")...).Header.Get("Location"))
	require.Equal(t, "/policy?done=policy_approved", first.post("/policy/3/approve").Header.Get("Location"))
	page = first.get("/policy")
	assert.Equal(t, 1, page.Find(`.alerts form[action="/policy"]`).Length(), "the version of before can be asked for again")
	assert.Equal(t, "45", page.Find(`.alerts form[action="/policy"] input[name=crisis_within]`).AttrOr("value", ""))
}
