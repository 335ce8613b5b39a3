package web

import (
	"crypto/rand"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/chat"
	"ponti/forum"
	"ponti/internal/bus"
	"ponti/internal/pg"
	"ponti/internal/pgtest"
	"ponti/internal/push"
	"ponti/internal/seal"
	"ponti/moderation"
	"ponti/moderation/triage"
	"ponti/roster"
)

const siteURL = "https://ponti.test"

// site is the real handler over a database of its own, with one service.
type site struct {
	*Server
	handler http.Handler
	service account.ServiceID
	pool    *pgxpool.Pool
	log     *strings.Builder // every line logged
}

// silence drops hints: one instance has nobody to tell.
type silence struct{}

func (silence) Publish(string, []byte) {}

func newSite(t testing.TB) *site {
	t.Helper()
	pool := pgtest.New(t)
	accounts := account.New(pool, account.Options{Hints: silence{}})
	id, err := accounts.CreateService(t.Context(), account.System(account.ServiceID{}), account.NewService{Name: "DSM di prova", Host: "ponti.test", Locale: "it"})
	require.NoError(t, err)
	st := siteOf(t, domains(t, pool, accounts))
	st.service, st.pool = id, pool
	st.holds(t, account.Holding{})
	return st
}

// holds has an administrator say which posts are held back.
func (st *site) holds(t testing.TB, h account.Holding) {
	t.Helper()
	require.NoError(t, st.Accounts.ChangeHolding(t.Context(), account.Actor{Service: st.service, Role: account.RoleAdmin}, h))
}

// engine is the one reader of texts of all tests: it never changes, and its rules take a while to prove.
var engine = sync.OnceValues(triage.New)

// domains are all of them over one pool, wired as the program does it.
func domains(t testing.TB, pool *pgxpool.Pool, accounts *account.Accounts) Deps {
	t.Helper()
	reader, err := engine()
	require.NoError(t, err)
	kek := make([]byte, seal.KeySize)
	_, _ = rand.Read(kek)
	keys, err := seal.NewKeyring(kek)
	require.NoError(t, err)
	d := Deps{Bus: bus.New(nil, "", zerolog.Nop()), Accounts: accounts, Roster: roster.New(pool, accounts, silence{}), StoresUp: pool.Ping, Secret: keys.Secret("puzzles")}
	d.Moderation = moderation.New(pool, accounts, d.Roster, reader, silence{}, moderation.Options{Keys: keys, Every: 20 * time.Millisecond,
		Push: push.New([]string{"push.invalid"}, siteURL, nil)})
	d.Chat = chat.New(pool, accounts, d.Roster, d.Moderation, keys, silence{}, zerolog.Nop())
	d.Forum = forum.New(pool, accounts, d.Moderation, keys, silence{})
	d.Moderation.Use(moderation.SubjectRoom, d.Chat.RoomContent())
	d.Moderation.Use(moderation.SubjectMessage, d.Chat.MessageContent())
	d.Moderation.Use(moderation.SubjectParticipant, d.Chat.ParticipantContent())
	d.Moderation.Use(moderation.SubjectPost, d.Forum.Content())
	d.Moderation.UseTexts(d.Chat.Texts(), d.Forum.Texts())
	return d
}

// newSiteDown is the site while no database answers, and none ever did.
func newSiteDown(t testing.TB) *site {
	t.Helper()
	pool, err := pg.Open(t.Context(), "postgres://nobody@127.0.0.1:1/nothing", pg.Options{MaxConns: 1})
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	accounts := account.New(pool, account.Options{})
	return siteOf(t, domains(t, pool, accounts))
}

func siteOf(t testing.TB, d Deps) *site {
	t.Helper()
	st := &site{log: &strings.Builder{}}
	u, err := url.Parse(siteURL)
	require.NoError(t, err)
	d.URL = u
	// A test's people all come from one address, and at once.
	limits := DefaultLimits()
	limits.Entering, limits.Waiting = Allowance{}, Allowance{}
	d.Limits = &limits
	d.Log = zerolog.New(zerolog.SyncWriter(st.log))
	t.Cleanup(func() {
		seen := map[string]bool{}
		for line := range strings.Lines(st.log.String()) {
			if (strings.Contains(line, "text missing") || strings.Contains(line, "error page failed")) && !seen[line] {
				seen[line] = true
				t.Error(line)
			}
		}
	})
	s, err := New(d)
	require.NoError(t, err)
	st.Server, st.handler = s, s.Handler()
	return st
}

// browser is one person's browser: it keeps cookies, says where its requests come from, and speaks Italian.
type browser struct {
	t       testing.TB
	site    *site
	jar     http.CookieJar
	headers http.Header
}

func (st *site) browser(t testing.TB) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &browser{t, st, jar, http.Header{"Accept-Language": {"it"}, "Sec-Fetch-Site": {"same-origin"}}}
}

// signedIn is a browser with a session of the account.
func (st *site) signedIn(t testing.TB, id account.ID) *browser {
	t.Helper()
	b := st.browser(t)
	w := httptest.NewRecorder()
	require.NoError(t, st.beginSession(w, httptest.NewRequest(http.MethodPost, siteURL+"/", nil), id))
	u, err := url.Parse(siteURL)
	require.NoError(t, err)
	b.jar.SetCookies(u, w.Result().Cookies())
	return b
}

// answer is what came back: the response, and its page when it is HTML.
type answer struct {
	*http.Response
	Body string
	*goquery.Document
}

// text is the trimmed text of the one element that matches.
func (a answer) text(selector string) string {
	return strings.Join(strings.Fields(a.Find(selector).Text()), " ")
}

func (b *browser) get(path string) answer {
	b.t.Helper()
	path, _, _ = strings.Cut(path, "#") // a browser keeps that part to itself
	return b.do(httptest.NewRequest(http.MethodGet, siteURL+path, nil))
}

// post sends a form; names and values in turn.
func (b *browser) post(path string, fields ...string) answer {
	b.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	r := httptest.NewRequest(http.MethodPost, siteURL+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(r)
}

func (b *browser) do(r *http.Request) answer {
	b.t.Helper()
	maps.Copy(r.Header, b.headers)
	for _, c := range b.jar.Cookies(r.URL) {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	b.site.handler.ServeHTTP(w, r)
	a := answer{Response: w.Result(), Body: w.Body.String()}
	b.jar.SetCookies(r.URL, a.Cookies())
	var err error
	a.Document, err = goquery.NewDocumentFromReader(strings.NewReader(a.Body))
	require.NoError(b.t, err)
	return a
}
