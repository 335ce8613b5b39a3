package account_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/audit"
	"ponti/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m, audit.Migrations(), account.Migrations()) }

// Passwords that satisfy the rules.
const (
	memberPassword = "il glicine del cortile"
	staffPassword  = "sette barche sul lago d'Iseo"
)

// hints records what was published, for the instances that are not there.
type hints struct {
	mu  sync.Mutex
	all []string
}

func (h *hints) Publish(channel string, payload []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = append(h.all, channel+" "+string(payload))
}

func (h *hints) heard(id account.ID) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Contains(h.all, "account:"+id.String()+" session")
}

// town is a fresh database with two services.
type town struct {
	*account.Accounts
	pool  *pgxpool.Pool
	hints *hints
	a, b  account.ServiceID
}

func newTown(t *testing.T) *town {
	t.Helper()
	w := &town{pool: pgtest.New(t), hints: &hints{}}
	w.Accounts = account.New(w.pool, account.Options{Hints: w.hints})
	w.a = w.newService(t, "a.test")
	w.b = w.newService(t, "b.test")
	return w
}

func (w *town) newService(t *testing.T, host string) account.ServiceID {
	t.Helper()
	id, err := w.CreateService(t.Context(), account.System(account.ServiceID{}), account.NewService{Name: "Servizio " + host, Host: host, Locale: "it"})
	require.NoError(t, err)
	return id
}

// actor is the account as its sign-in would make it.
func (w *town) actor(t *testing.T, service account.ServiceID, id account.ID) account.Actor {
	t.Helper()
	public, err := w.Public(t.Context(), w.pool, []account.ID{id})
	require.NoError(t, err)
	require.Contains(t, public, id)
	return account.Actor{Service: service, ID: id, Role: public[id].Role, Alias: public[id].Alias, Locale: "it"}
}

func (w *town) newGuest(t *testing.T, service account.ServiceID, alias string) account.Actor {
	t.Helper()
	id, err := w.Enter(t.Context(), service, account.Entry{Adult: true, ConsentVersion: account.ConsentVersion, Alias: alias, Locale: "it"})
	require.NoError(t, err)
	return w.actor(t, service, id)
}

func (w *town) newMember(t *testing.T, service account.ServiceID, alias string) (member account.Actor, recoveryCode string) {
	t.Helper()
	id, code, err := w.SignUp(t.Context(), service, account.SignUp{
		Alias: alias, Password: memberPassword, Adult: true, ConsentVersion: account.ConsentVersion, Locale: "it",
	})
	require.NoError(t, err)
	return w.actor(t, service, id), code
}

func (w *town) newAdmin(t *testing.T, service account.ServiceID, alias string) account.Actor {
	t.Helper()
	token, ok, err := w.FirstAdminToken(t.Context(), service)
	require.NoError(t, err)
	require.True(t, ok)
	id, err := w.CreateFirstAdmin(t.Context(), service, token, alias, staffPassword)
	require.NoError(t, err)
	return w.actor(t, service, id)
}

func (w *town) newStaff(t *testing.T, admin account.Actor, role account.Role, alias string) account.Actor {
	t.Helper()
	token, err := w.Invite(t.Context(), admin, account.Invite{Role: role, Alias: alias})
	require.NoError(t, err)
	id, err := w.AcceptInvitation(t.Context(), admin.Service, token, alias, staffPassword)
	require.NoError(t, err)
	return w.actor(t, admin.Service, id)
}

// browser keeps the cookie of one person on the site of one service.
type browser struct {
	handler http.Handler
	cookie  *http.Cookie
}

// newBrowser drives the real session manager: "/in" begins a session, "/out" ends it, every page says who one is.
func (w *town) newBrowser(t *testing.T, service account.ServiceID) *browser {
	t.Helper()
	store := w.Sessions()
	m := store.Manager("__Host-ponti", true)
	m.ErrorFunc = func(_ http.ResponseWriter, _ *http.Request, err error) { t.Error(err) }
	mux := http.NewServeMux()
	mux.HandleFunc("/in/{id}", func(_ http.ResponseWriter, r *http.Request) {
		var id account.ID
		if err := id.UnmarshalText([]byte(r.PathValue("id"))); err != nil {
			t.Error(err)
		}
		if err := store.Begin(r.Context(), m, id); err != nil {
			t.Error(err)
		}
	})
	mux.HandleFunc("/out", func(_ http.ResponseWriter, r *http.Request) {
		if err := m.Destroy(r.Context()); err != nil {
			t.Error(err)
		}
	})
	mux.HandleFunc("/note", func(_ http.ResponseWriter, r *http.Request) { m.Put(r.Context(), "note", "kept") })
	mux.HandleFunc("/", func(rw http.ResponseWriter, r *http.Request) {
		a := store.Actor(r.Context(), m, service)
		rw.Header().Set("Actor", a.ID.String()+" "+string(a.Role)+" "+m.GetString(r.Context(), "note"))
		rw.Header().Set("Session", a.Session.String())
	})
	return &browser{handler: m.LoadAndSave(mux)}
}

func (b *browser) get(ctx context.Context, path string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, path, nil)
	if b.cookie != nil {
		r.AddCookie(b.cookie)
	}
	rec := httptest.NewRecorder()
	b.handler.ServeHTTP(rec, r)
	for _, c := range rec.Result().Cookies() {
		if b.cookie = c; c.MaxAge < 0 {
			b.cookie = nil
		}
	}
	return rec
}

// who is "<id> <role> <note>" as the site sees this browser.
func (b *browser) who(ctx context.Context) string { return b.get(ctx, "/").Header().Get("Actor") }
