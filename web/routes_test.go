package web

import (
	"encoding/csv"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/ids"
)

// notBuilt are rows of the authorization matrix that no route or frame stands for yet. The list only shrinks: a row that
// gets its route must leave it.
var notBuilt = []account.Action{
	account.ConversationSearchText,
	account.MessageHideAnother, account.MessageAttachAFile, account.QueueRaisePriorityReassign,
	account.CaseNotesWriteReadOwn, account.CaseNotesReadAnESP, account.CaseNotesReadAsThePersonConcerned,
	account.ReportSeeWhoReported,
	account.IdentityRevealAsk,
	account.IdentityRevealConfirm, account.ProfileReadAnotherPublicPart,
	account.AccountGrantARole,
	account.AccountResetAnotherPasswordOrFactor,
	account.HoursReportOwn, account.HoursReportApprove,
	account.HoursReportAll, account.ExportsOwnData,
	account.ExportsStatistics,
}

// TestRoutesMatchMatrix compares the table with the matrix the service agreed on, both ways: a guard lets nobody in whom
// the matrix keeps out of every row of the route, and a row somebody may use has a route.
func TestRoutesMatchMatrix(t *testing.T) {
	t.Parallel()
	matrix := readMatrix(t)
	served := map[account.Action]bool{}
	for _, rt := range newSiteDown(t).table {
		require.NotEmpty(t, rt.acts, "%s: a route without a row is denied", rt.pattern)
		allowed := map[account.Role]bool{}
		for _, act := range rt.acts {
			row, known := matrix[act]
			require.True(t, known, "%s: %q is no row of the matrix", rt.pattern, act)
			assert.False(t, slices.Contains(notBuilt, act), "%q has a route: take it off the list", act)
			served[act] = true
			for role, cell := range row {
				allowed[role] = allowed[role] || cell != "-"
			}
		}
		open := []account.Role(rt.guard)
		if len(open) == 0 {
			open = []account.Role{account.RoleVisitor}
		}
		for _, role := range open {
			assert.True(t, allowed[role], "%s is open to %q, the matrix says no", rt.pattern, role)
		}
	}
	for act, row := range matrix {
		usable := false
		for _, cell := range row {
			usable = usable || cell != "-"
		}
		if usable && !served[act] {
			assert.Contains(t, notBuilt, act, "no route stands for this row")
		}
		if !usable {
			assert.False(t, served[act] || slices.Contains(notBuilt, act), "%q is for nobody", act)
		}
	}
}

// readMatrix gives each row's cell by role.
func readMatrix(t *testing.T) map[account.Action]map[account.Role]string {
	t.Helper()
	f, err := os.Open("../account/testdata/authz_matrix.csv")
	require.NoError(t, err)
	defer f.Close() //nolint:errcheck // read only
	rows, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	matrix := map[account.Action]map[account.Role]string{}
	for _, row := range rows[1:] {
		cells := map[account.Role]string{}
		for i, name := range rows[0][2:11] {
			role := account.Role(name)
			if name == "visitor" {
				role = account.RoleVisitor
			}
			cells[role] = row[i+2]
		}
		matrix[account.Action(row[0]+": "+row[1])] = cells
	}
	require.NotEmpty(t, matrix)
	return matrix
}

// TestGuards drives every guarded route as every role: those outside of the guard never reach its handler.
func TestGuards(t *testing.T) {
	t.Parallel()
	v := &visit{}
	objects, functions := route{pattern: "GET /things/{thing}"}, route{pattern: "GET /things"}
	g := may(account.RoleTutor)
	v.actor = account.Actor{Role: account.RoleTutor}
	assert.NoError(t, g.check(v, objects))
	v.actor = account.Actor{Role: account.RoleAdmin}
	assert.ErrorIs(t, g.check(v, objects), account.ErrNotFound, "an object that is not yours looks as if there were none")
	assert.ErrorIs(t, g.check(v, functions), account.ErrForbidden)
	v.actor = account.Actor{}
	assert.ErrorIs(t, g.check(v, functions), account.ErrSignInFirst)
	v.down = true
	assert.ErrorIs(t, g.check(v, functions), errStoresDown, "nobody is told to sign in while nobody can")
}

// TestEveryRouteAsEveryRole drives each route as each role: exactly those of its guard reach the handler.
func TestEveryRouteAsEveryRole(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	st.limiter = newLimiter(Limits{Network: plenty, Visitor: plenty, Guest: plenty, Member: plenty, Staff: plenty, Handshake: plenty})
	reached := false
	for i := range st.table {
		st.table[i].handle = func(w http.ResponseWriter, _ *http.Request) error {
			reached = true
			w.WriteHeader(http.StatusNoContent)
			return nil
		}
	}
	st.handler = st.Handler()
	browsers := oneOfEach(t, st)
	for _, rt := range st.table {
		method, path, _ := strings.Cut(rt.pattern, " ")
		path = pathWildcard.ReplaceAllString(strings.TrimSuffix(path, "{$}"), ids.New[route]().String())
		for role, b := range browsers {
			reached = false
			b.do(httptest.NewRequest(method, siteURL+path, nil))
			want := len(rt.guard) == 0 || slices.Contains(rt.guard, role)
			assert.Equal(t, want, reached, "%s as %q", rt.pattern, role)
		}
	}
}

var (
	pathWildcard = regexp.MustCompile(`\{[^}]+\}`)
	plenty       = Limit{Burst: 1 << 20, Every: 1}
)

// oneOfEach is a browser of each role.
func oneOfEach(t *testing.T, st *site) map[account.Role]*browser {
	t.Helper()
	staff := newStaff(t, st)
	all := map[account.Role]*browser{account.RoleVisitor: st.browser(t), account.RoleAdmin: st.signedIn(t, staff.admin.ID),
		account.RoleESP: st.signedIn(t, staff.esp.ID), account.RoleTutor: st.signedIn(t, staff.tutor.ID)}
	for _, role := range []account.Role{account.RoleSenior, account.RoleAuditor} {
		token, err := st.Accounts.Invite(t.Context(), staff.admin, account.Invite{Role: role, Alias: "Di " + string(role)})
		require.NoError(t, err)
		id, err := st.Accounts.AcceptInvitation(t.Context(), st.service, token, "Di "+string(role), staffPassword)
		require.NoError(t, err)
		all[role] = st.signedIn(t, id)
	}
	id, err := st.Accounts.Enter(t.Context(), st.service, account.Entry{Adult: true, ConsentVersion: account.ConsentVersion, Alias: "Airone", Locale: "it"})
	require.NoError(t, err)
	all[account.RoleGuest] = st.signedIn(t, id)
	for _, family := range []bool{false, true} {
		role := map[bool]account.Role{false: account.RoleMember, true: account.RoleFamily}[family]
		id, _, err := st.Accounts.SignUp(t.Context(), st.service, account.SignUp{Alias: "Di " + string(role), Password: staffPassword,
			Adult: true, ConsentVersion: account.ConsentVersion, Family: family, Locale: "it"})
		require.NoError(t, err)
		all[role] = st.signedIn(t, id)
	}
	return all
}

// linksToCome are addresses that pages lead to and no route answers yet. The list only shrinks.
var linksToCome = []string{}

// TestLinksLeadSomewhere follows every link and form of the pages without parameters, as every role.
func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	st.limiter = newLimiter(Limits{Network: plenty, Visitor: plenty, Guest: plenty, Member: plenty, Staff: plenty, Handshake: plenty})
	mux := http.NewServeMux()
	for _, rt := range st.table {
		mux.Handle(rt.pattern, http.NotFoundHandler())
	}
	routed := func(method, path string) bool {
		_, pattern := mux.Handler(httptest.NewRequest(method, siteURL+path, nil))
		return pattern != ""
	}
	for _, path := range linksToCome {
		assert.False(t, routed(http.MethodGet, path), "%s has a route: take it off the list", path)
	}
	for role, b := range oneOfEach(t, st) {
		for _, rt := range st.table {
			method, path, _ := strings.Cut(rt.pattern, " ")
			path = strings.TrimSuffix(path, "{$}")
			if method != http.MethodGet || strings.Contains(path, "{") {
				continue
			}
			page := b.get(path)
			if page.StatusCode != http.StatusOK {
				continue
			}
			for _, a := range page.Find("a[href^='/']").EachIter() {
				href := a.AttrOr("href", "")
				bare, _, _ := strings.Cut(href, "#")
				bare, _, _ = strings.Cut(bare, "?")
				assert.True(t, routed(http.MethodGet, bare) || slices.Contains(linksToCome, bare), "%s as %q leads to %s", path, role, href)
			}
			for _, f := range page.Find("form[method='post']").EachIter() {
				assert.True(t, routed(http.MethodPost, f.AttrOr("action", path)), "%s as %q sends to %s", path, role, f.AttrOr("action", path))
			}
		}
	}
}

// TestNavigation holds each section to a route that its guard may use.
func TestNavigation(t *testing.T) {
	t.Parallel()
	table := newSiteDown(t).table
	for _, item := range navigation {
		i := slices.IndexFunc(table, func(rt route) bool { return rt.pattern == "GET "+item.url })
		if assert.GreaterOrEqual(t, i, 0, item.url) && len(table[i].guard) > 0 {
			assert.Subset(t, table[i].guard, item.guard, item.url)
		}
	}
}

var moduleName = regexp.MustCompile(`data-module="([a-z -]+)"`)

func modulesInTemplates(t *testing.T) []string {
	t.Helper()
	var names []string
	require.NoError(t, filepath.WalkDir("page", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".templ" {
			return err
		}
		body, err := os.ReadFile(path)
		for _, m := range moduleName.FindAllStringSubmatch(string(body), -1) {
			names = append(names, strings.Fields(m[1])...)
		}
		return err
	}))
	require.NotEmpty(t, names)
	return names
}

func notEmpty(_ int, s *goquery.Selection) bool { return strings.TrimSpace(s.Text()) != "" }

// staff is who it takes to open a service.
type staff struct{ admin, esp, tutor account.Actor }

const staffPassword = "una frase lunga che nessuno indovina"

func newStaff(t *testing.T, st *site) staff {
	t.Helper()
	token, ok, err := st.Accounts.FirstAdminToken(t.Context(), st.service)
	require.NoError(t, err)
	require.True(t, ok)
	id, err := st.Accounts.CreateFirstAdmin(t.Context(), st.service, token, "Ada", staffPassword)
	require.NoError(t, err)
	admin := account.Actor{Service: st.service, ID: id, Role: account.RoleAdmin, Alias: "Ada", Locale: "it"}
	s := staff{admin: admin, esp: st.staffMember(t, admin, account.RoleESP, "Marta"), tutor: st.staffMember(t, admin, account.RoleTutor, "Tullio")}
	require.NoError(t, st.Accounts.AssignTutor(t.Context(), admin, s.esp.ID, s.tutor.ID))
	return s
}

// staffMember is somebody whom an administrator invited.
func (st *site) staffMember(t *testing.T, admin account.Actor, role account.Role, alias string) account.Actor {
	t.Helper()
	token, err := st.Accounts.Invite(t.Context(), admin, account.Invite{Role: role, Alias: alias})
	require.NoError(t, err)
	id, err := st.Accounts.AcceptInvitation(t.Context(), st.service, token, alias, staffPassword)
	require.NoError(t, err)
	return account.Actor{Service: st.service, ID: id, Role: role, Alias: alias, Locale: "it"}
}
