package web

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
)

// TestRegisterStory: an auditor reads the register and proves it, without a script.
func TestRegisterStory(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	people := newStaff(t, st)
	auditor := st.signedIn(t, st.staffMember(t, people.admin, account.RoleAuditor, "Rocco").ID)
	guest := st.guest(t, "Gabbiano")
	require.Equal(t, http.StatusSeeOther, guest.post("/sign-out").StatusCode)
	page := auditor.get("/register")
	require.Equal(t, http.StatusOK, page.StatusCode)
	assert.Contains(t, page.text(".register"), "audit_log.read")
	assert.Contains(t, page.text(".register"), "Rocco · Revisore")
	assert.Equal(t, http.StatusOK, auditor.get("/register?before=-3").StatusCode)
	assert.Equal(t, http.StatusOK, auditor.get("/register?before=x").StatusCode)
	assert.Contains(t, auditor.get("/register?before=1").text("main"), "non c'è ancora niente")
	page = auditor.get("/proof")
	assert.Regexp(t, `^\d+:[0-9a-f]{64}$`, page.text(".proof code"))
	page = auditor.post("/proof")
	assert.Contains(t, page.text(".notice-good"), "La catena è intera")
	_, err := st.pool.Exec(t.Context(), `insert into audit_entries (service_id, at, actor_role, action, object, reason) values ($1, now() - interval '5 min', 'system', 'by.hand', 'x:1', '')`, st.service)
	require.NoError(t, err)
	assert.Contains(t, auditor.post("/proof").text(".notice-red"), "unlinked entry:")
	for _, b := range []*browser{st.signedIn(t, people.esp.ID), st.guest(t, "Cormorano"), st.browser(t)} {
		assert.NotEqual(t, http.StatusOK, b.get("/register").StatusCode)
		assert.NotEqual(t, http.StatusOK, b.get("/proof").StatusCode)
	}
	assert.Equal(t, http.StatusForbidden, st.signedIn(t, people.admin.ID).get("/register").StatusCode, "an admin proves it, and does not read it")
}
