package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/forum"
)

// TestHostileInput sends what no browser sends. Nothing of it may break a page, and the log quotes nothing of it.
func TestHostileInput(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	people := newStaff(t, st)
	all := oneOfEachMore(t, st)
	const bad = "segno\x00\xff\u202e\u0301\u0301"
	posts := []struct {
		role   account.Role
		path   string
		fields []string
	}{
		{account.RoleVisitor, "/sign-in", []string{"alias", bad, "password", bad, "next", bad}},
		{account.RoleVisitor, "/sign-up", []string{"adult", "true", "consent", "true", "version", bad, "alias", bad, "password", bad}},
		{account.RoleVisitor, "/sign-up", []string{"adult", "true", "consent", "true", "version", account.ConsentVersion, "alias", "Corda", "password", bad + "abcdefghilmnopq"}},
		{account.RoleVisitor, "/recover", []string{"alias", bad, "code", bad, "password", bad + "abcdefghilmnopq"}},
		{account.RoleVisitor, "/enter/name", []string{"adult", "true", "consent", "true", "version", account.ConsentVersion, "alias", bad}},
		{account.RoleVisitor, "/first-admin", []string{"token", bad, "alias", bad, "password", bad}},
		{account.RoleVisitor, "/invitation", []string{"token", bad, "alias", bad, "password", bad}},
		{account.RoleVisitor, "/language", []string{"language", bad, "next", bad}},
		{account.RoleAdmin, "/people/invitations", []string{"role", bad, "alias", bad}},
		{account.RoleAdmin, "/people/" + people.esp.ID.String() + "/disable", []string{"reason", bad + " una ragione lunga"}},
		{account.RoleAdmin, "/people/" + people.esp.ID.String() + "/categories", []string{"category[", bad, "]category", bad, "category]", bad, "category[999999999]", bad}},
		{account.RoleAdmin, "/service/numbers", []string{"numbers]", bad, "numbers[0", "1", "numbers[0].number", "112", "numbers[0].name", bad, "numbers[99999999].name", "x"}},
		{account.RoleAdmin, "/service/numbers", []string{"numbers[0].number", "112", "numbers[0].name", bad, "numbers[0].note", bad}},
		{account.RoleTutor, "/shifts", []string{"account", bad, "from", bad, "to", bad}},
		{account.RoleMember, "/waiting", []string{"topic", bad, "feeling", bad}},
		{account.RoleMember, "/forum/categories/%00/threads", []string{"title", bad, "text", bad, "cid", bad}},
		{account.RoleMember, "/forum/categories/piazza/threads", []string{"title", bad, "text", bad, "cid", bad}},
		{account.RoleMember, "/forum/categories/piazza/threads", []string{"title", bad, "text", bad, "cid", uuid.NewString()}},
		{account.RoleMember, "/report/post/%00", []string{"reason", bad, "note", bad}},
		{account.RoleMember, "/report/message/%00/1", []string{"reason", "other", "note", bad}},
		{account.RoleMember, "/report/room/" + uuid.NewString() + "%00", []string{"reason", "other"}},
	}
	_, err := st.Forum.CreateCategory(t.Context(), account.System(st.service), forum.NewCategory{Slug: "piazza", Audience: forum.ForMembers, Title: "Piazza"})
	require.NoError(t, err)
	for _, p := range posts {
		a := all[p.role].post(p.path, p.fields...)
		assert.Less(t, a.StatusCode, 500, "%s %s", p.path, strings.Join(p.fields[:1], ""))
	}
	for _, path := range []string{
		"/forum/categories/%00", "/forum/categories/%ff%fe", "/forum/categories/piazza?before=%00", "/forum/threads/" + uuid.NewString() + "?after=99999999999999999999",
		"/forum/threads/%00", "/rooms/%00", "/rooms/" + uuid.NewString() + "?before=-1", "/invitation/%00", "/assets/%00", "/assets/..%2f..%2fetc/passwd", "/?done=%00%ff",
		"/sign-in?next=%00", "/sign-in?next=//evil.test", "/console/%00", "/moderation/%00", "/report/%00/%00", "/" + strings.Repeat("a/", 2000),
	} {
		for _, role := range []account.Role{account.RoleVisitor, account.RoleMember, account.RoleTutor} {
			assert.Less(t, all[role].get(path).StatusCode, 500, "%s %s", role, path)
		}
	}
	log := st.log.String()
	for _, secret := range []string{"segno", "evil.test", "passwd", "Corda", "192.0.2."} {
		assert.NotContains(t, log, secret)
	}
}

// oneOfEachMore is a browser of each role that forms are open to.
func oneOfEachMore(t *testing.T, st *site) map[account.Role]*browser {
	t.Helper()
	return map[account.Role]*browser{
		account.RoleVisitor: st.browser(t), account.RoleMember: st.signedIn(t, st.member(t, "Sabbia").ID),
		account.RoleAdmin: st.signedIn(t, adminOf(t, st)), account.RoleTutor: st.signedIn(t, tutorOf(t, st)),
	}
}

func adminOf(t *testing.T, st *site) (id account.ID) {
	t.Helper()
	require.NoError(t, st.pool.QueryRow(t.Context(), `select id from account_accounts where role = 'admin' limit 1`).Scan(&id))
	return id
}

func tutorOf(t *testing.T, st *site) (id account.ID) {
	t.Helper()
	require.NoError(t, st.pool.QueryRow(t.Context(), `select id from account_accounts where role = 'tutor' limit 1`).Scan(&id))
	return id
}

// TestPaceByForm: forms are no way around the pace of messages, and what came too fast is given back.
func TestPaceByForm(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	_, _, people := st.open(t)
	person := st.guest(t, "Airone")
	require.Equal(t, 303, person.post("/waiting", "topic", "parlare").StatusCode)
	desk, err := st.Chat.Desk(t.Context(), people.esp)
	require.NoError(t, err)
	require.NotNil(t, desk.Offer)
	room, err := st.Chat.AcceptOffer(t.Context(), people.esp, desk.Offer.ID)
	require.NoError(t, err)
	var last answer
	sent := 0
	for range 60 {
		if last = person.post("/rooms/"+room.String()+"/messages", "cid", uuid.NewString(), "text", "presto"); last.StatusCode != http.StatusSeeOther {
			break
		}
		sent++
	}
	require.Equal(t, 429, last.StatusCode)
	assert.GreaterOrEqual(t, sent, 30)
	assert.NotEmpty(t, last.Header.Get("Retry-After"))
	assert.Contains(t, last.text("main"), "Stai scrivendo molto in fretta")
	assert.Contains(t, last.Find("textarea").Text()+last.Find("main input[name=text]").AttrOr("value", "")+last.text("main"), "presto")
	assert.Positive(t, last.Find(`a[href="tel:112"]`).Length())
}

// TestServicesApart: a session is worth nothing on another service's host, whatever headers say which host it is.
func TestServicesApart(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	other, err := st.Accounts.CreateService(t.Context(), account.System(account.ServiceID{}), account.NewService{Name: "Altrove", Host: "altrove.test", Locale: "it"})
	require.NoError(t, err)
	people := newStaff(t, st)
	_, err = st.Forum.CreateCategory(t.Context(), account.System(other), forum.NewCategory{Slug: "piazza", Audience: forum.ForMembers, Title: "Piazza d'altrove"})
	require.NoError(t, err)
	b := st.signedIn(t, people.tutor.ID)
	require.Equal(t, 200, b.get("/console").StatusCode)
	for _, path := range []string{"/console", "/forum", "/forum/categories/piazza", "/people", "/shifts", "/moderation", "/notices", "/access", "/live"} {
		r := httptest.NewRequest(http.MethodGet, siteURL+path, nil) // the cookie goes with it; the host is another
		r.Host = "altrove.test"
		a := b.do(r)
		assert.Contains(t, []int{303, 401}, a.StatusCode, path)
		assert.NotContains(t, a.Body, "altrove")
		b = st.signedIn(t, people.tutor.ID) // the answer made the browser forget
		r = httptest.NewRequest(http.MethodGet, siteURL+path, nil)
		r.Header.Set("X-Forwarded-Host", "altrove.test")
		r.Header.Set("X-Original-Host", "altrove.test")
		r.Header.Set("Forwarded", "host=altrove.test")
		assert.NotContains(t, b.do(r).Body, "altrove", path)
	}
}
