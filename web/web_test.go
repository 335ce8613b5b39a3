package web

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/chat"
	"ponti/roster"
)

// TestEveryPageHasNumbersAndWayOut holds every page, errors included, to what somebody in danger needs, with the stores up and down.
func TestEveryPageHasNumbersAndWayOut(t *testing.T) {
	t.Parallel()
	pages := map[string]int{
		"/": 200, "/numbers": 200, "/how-it-works": 200, "/privacy": 200, "/accessibility": 200, "/offline": 200, "/leaving?to=https%3A%2F%2Fwww.iss.it": 200,
		"/leaving": 404, "/leaving?to=javascript:alert(1)": 404, "/leaving?to=http%3A%2F%2Fa.it": 404, "/leaving?to=https%3A%2F%2Fbanca.it@evil.example": 404, "/leaving?to=mailto:a@b.it": 404,
		"/nothing-here": 404, "/language": 405, "/assets/none": 404,
	}
	for name, st := range map[string]*site{"up": newSite(t), "down": newSiteDown(t)} {
		for path, status := range pages {
			t.Run(name+path, func(t *testing.T) {
				for _, lang := range []string{"it", "en"} {
					b := st.browser(t)
					b.headers.Set("Accept-Language", lang)
					a := b.get(path)
					assert.Equal(t, status, a.StatusCode)
					assert.Equal(t, lang, a.Find("html").AttrOr("lang", ""))
					assert.Equal(t, 1, a.Find(`form[action="/exit"] button`).Length(), "quick exit")
					assert.Equal(t, 1, a.Find(`.urgent a[href="tel:112"]`).Length(), "112")
					assert.Equal(t, 1, a.Find(`.urgent a[href="/numbers"]`).Length(), "all numbers")
					assert.Equal(t, 1, a.Find("h1").Length(), "one first heading")
					assert.NotEmpty(t, a.text("title"))
				}
			})
		}
	}
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	for name, st := range map[string]*site{"up": newSite(t), "down": newSiteDown(t)} {
		t.Run(name, func(t *testing.T) {
			a := st.browser(t).get("/numbers")
			for _, tel := range []string{"112", "1522", "19696", "114", "0223272327"} {
				assert.Equal(t, 1, a.Find(`.numbers a[href="tel:`+tel+`"]`).Length(), tel)
			}
			assert.Equal(t, 5, a.Find(".numbers-note").FilterFunction(notEmpty).Length(), "each says when it answers")
		})
	}
}

func TestFront(t *testing.T) {
	t.Parallel()
	t.Run("down, it does not pretend to know", func(t *testing.T) {
		a := newSiteDown(t).browser(t).get("/")
		assert.Contains(t, a.text(".open-state"), "non riusciamo a vedere")
	})
	t.Run("closed, it says when it opens", func(t *testing.T) {
		st := newSite(t)
		staff := newStaff(t, st)
		b := st.browser(t)
		assert.Contains(t, b.get("/").text(".open-state"), "Adesso non c'è nessuno. Non sappiamo ancora")
		from := time.Now().Add(time.Hour)
		for _, who := range []account.Actor{staff.esp, staff.tutor} {
			_, err := st.Roster.PlanShift(t.Context(), staff.admin, roster.Shift{Account: who.ID, From: from, To: from.Add(time.Hour)})
			require.NoError(t, err)
		}
		assert.Regexp(t, `Adesso non c'è nessuno. Riapriamo (domani )?alle \d\d:\d\d`, b.get("/").text(".open-state"))
	})
	t.Run("open, it says who is there", func(t *testing.T) {
		st := newSite(t)
		staff := newStaff(t, st)
		require.NoError(t, st.Roster.GoOn(t.Context(), staff.tutor))
		require.NoError(t, st.Roster.GoOn(t.Context(), staff.esp))
		a := st.browser(t).get("/")
		assert.Contains(t, a.text(".open-state"), "Ora c'è 1 ESP in turno. Puoi entrare quando vuoi.")
		assert.NotContains(t, a.text(".open-state"), "minut", "nobody has waited yet: no promise")
	})
	t.Run("until shortly before the shifts end", func(t *testing.T) {
		st := newSite(t)
		_, _, who := st.open(t)
		shift := func(left time.Duration) {
			_, err := st.pool.Exec(t.Context(), `delete from roster_shifts`)
			require.NoError(t, err)
			_, err = st.pool.Exec(t.Context(), `insert into roster_shifts (id, service_id, account_id, role, starts_at, ends_at)
				values (gen_random_uuid(), $1, $2, 'esp', now() - interval '3 hours', now() + $3::interval)`, who.esp.Service, who.esp.ID, left)
			require.NoError(t, err)
		}
		person := st.guest(t, "Airone")
		shift(100 * time.Minute)
		assert.Contains(t, st.browser(t).get("/").text(".open-state"), "L'ultima persona entra")
		shift(3 * time.Hour)
		assert.NotContains(t, st.browser(t).get("/").text(".open-state"), "L'ultima persona")
		shift(44 * time.Minute)
		assert.Contains(t, st.browser(t).get("/").text(".open-state"), "il turno sta per finire. Non sappiamo ancora quando riapriamo.")
		assert.Equal(t, http.StatusServiceUnavailable, person.post("/waiting").StatusCode)
		assert.Contains(t, person.get("/waiting").text("main"), "il turno sta per finire")
		shift(46 * time.Minute)
		require.Equal(t, http.StatusSeeOther, person.post("/waiting").StatusCode)
		shift(44 * time.Minute)
		assert.NotContains(t, person.get("/waiting").text("main"), "usciti dal turno", "who is in is met")
	})
	t.Run("and how long one waits, once enough people did", func(t *testing.T) {
		st := newSite(t)
		esp, _, who := st.open(t)
		for range 20 {
			person := st.someGuest(t)
			_, err := st.Chat.EnterWaiting(t.Context(), person, chat.Entry{})
			require.NoError(t, err)
			desk, err := st.Chat.Desk(t.Context(), who.esp)
			require.NoError(t, err)
			room, err := st.Chat.AcceptOffer(t.Context(), who.esp, desk.Offer.ID)
			require.NoError(t, err)
			require.NoError(t, st.Chat.EndConversation(t.Context(), who.esp, room))
		}
		_, err := st.pool.Exec(t.Context(), `update chat_places p set created_at = started_at - make_interval(mins => n.n::int)
			from (select id, row_number() over (order by id) n from chat_places) n where n.id = p.id`)
		require.NoError(t, err)
		visitor := st.browser(t)
		assert.Contains(t, visitor.get("/").text(".open-state"), "Ora c'è 1 ESP in turno. Di solito si aspetta tra 11 e 17 minuti.")
		visitor.headers.Set("Accept-Language", "en")
		assert.Contains(t, visitor.get("/").text(".open-state"), "People usually wait between 11 and 17 minutes.")
		person := st.guest(t, "Airone")
		require.Equal(t, http.StatusSeeOther, person.post("/waiting").StatusCode)
		assert.Contains(t, person.get("/waiting").text(".waiting .lead"), "Di solito si aspetta tra 11 e 17 minuti.")
		require.Equal(t, http.StatusSeeOther, esp.post("/shifts/off").StatusCode)
		assert.NotContains(t, person.get("/waiting").text(".waiting .lead"), "minuti", "nobody is there: what is usual says nothing")
		assert.NotContains(t, visitor.get("/").text(".open-state"), "minutes")
	})
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	b := st.browser(t)
	a := b.get("/")
	csp := a.Header.Get("Content-Security-Policy")
	nonce := a.Find("script").AttrOr("nonce", "")
	require.NotEmpty(t, nonce)
	for _, rule := range []string{
		"default-src 'none'", "script-src 'nonce-" + nonce + "' 'strict-dynamic'", "style-src 'self'", "connect-src 'self' wss://ponti.test;",
		"base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'", "require-trusted-types-for 'script'",
	} {
		assert.Contains(t, csp, rule)
	}
	assert.NotEqual(t, nonce, b.get("/").Find("script").AttrOr("nonce", ""), "a nonce is used once")
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": "no-store",
		"Strict-Transport-Security": "max-age=63072000; includeSubDomains; preload",
		"X-Robots-Tag":              "",
	} {
		assert.Equal(t, want, a.Header.Get(name), name)
	}
	assert.Contains(t, a.Header.Get("Permissions-Policy"), "microphone=()")
	assert.Contains(t, b.get("/offline").Header.Get("X-Robots-Tag"), "noindex", "only the public pages are found by search")

	r := httptest.NewRequest(http.MethodGet, siteURL+"/", nil)
	r.Host = "x;script-src *"
	assert.NotContains(t, b.do(r).Header.Get("Content-Security-Policy"), "*", "a host name cannot write into the policy")
	assert.Empty(t, a.Find("[style], [onclick], script:not([nonce])").Nodes, "nothing inline")
}

func TestNoThirdParty(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	a := st.browser(t).get("/")
	for _, attr := range []string{"src", "href", "action"} {
		for _, n := range a.Find("[" + attr + "]").EachIter() {
			u, err := url.Parse(n.AttrOr(attr, ""))
			require.NoError(t, err)
			assert.True(t, u.Host == "" && (u.Scheme == "" || u.Scheme == "tel"), u.String())
		}
	}
	css := st.browser(t).get(a.Find(`link[rel="stylesheet"]`).AttrOr("href", "")).Body
	assert.NotContains(t, css, "//", "no style sheet asks another site")
}

func TestAssets(t *testing.T) {
	t.Parallel()
	st := newSiteDown(t)
	b := st.browser(t)
	page := b.get("/")
	for _, at := range []string{
		page.Find(`link[rel="stylesheet"]`).AttrOr("href", ""), page.Find("script").AttrOr("src", ""),
		page.Find(`link[rel="preload"]`).AttrOr("href", ""), page.Find(`link[rel="icon"]`).AttrOr("href", ""),
	} {
		a := b.get(at)
		assert.Equal(t, http.StatusOK, a.StatusCode, at)
		assert.Equal(t, "public, max-age=31536000, immutable", a.Header.Get("Cache-Control"))
		assert.NotEmpty(t, a.Header.Get("Content-Type"))
	}
	css := b.get(page.Find(`link[rel="stylesheet"]`).AttrOr("href", ""))
	assert.Contains(t, css.Body, page.Find(`link[rel="preload"]`).AttrOr("href", ""), "the font that is preloaded is the one used")
	assert.Less(t, strings.Index(css.Body, "--paper"), strings.Index(css.Body, ".button"))
}

// TestModules holds every data-module to a file, and every file to the size one can read.
func TestModules(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("assets/js/*.js")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, f := range files {
		body, err := os.ReadFile(f)
		require.NoError(t, err)
		assert.LessOrEqual(t, bytes.Count(body, []byte("\n")), 200, f)
		assert.NotContains(t, string(body), "innerHTML", f)
	}
	for _, m := range modulesInTemplates(t) {
		assert.FileExists(t, "assets/js/"+m+".js")
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	form := func(body string) *http.Request {
		r := httptest.NewRequest(http.MethodPost, siteURL+"/language", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return r
	}
	tests := []struct {
		name   string
		change func(b *browser, r *http.Request)
		body   string
		want   int
	}{
		{"from our own page", func(*browser, *http.Request) {}, "language=en", 303},
		{"from another site", func(b *browser, _ *http.Request) { b.headers.Set("Sec-Fetch-Site", "cross-site") }, "language=en", 403},
		{"an old phone, from our own page", func(b *browser, r *http.Request) {
			b.headers.Del("Sec-Fetch-Site")
			r.Header.Set("Origin", siteURL)
		}, "language=en", 303},
		{"an old phone, from another site", func(b *browser, r *http.Request) {
			b.headers.Del("Sec-Fetch-Site")
			r.Header.Set("Origin", "https://evil.test")
		}, "language=en", 403},
		{"no browser", func(b *browser, _ *http.Request) { b.headers.Del("Sec-Fetch-Site") }, "language=en", 403},
		{"a packed body", func(_ *browser, r *http.Request) { r.Header.Set("Content-Encoding", "gzip") }, "language=en", 415},
		{"a huge body", func(*browser, *http.Request) {}, "next=" + strings.Repeat("a", formBytes), 413},
		{"a huge body of unknown length", func(_ *browser, r *http.Request) { r.ContentLength = -1 }, "next=" + strings.Repeat("a", formBytes), 413},
		{"a broken form", func(*browser, *http.Request) {}, "language=%zz", 400},
		{"another method", func(_ *browser, r *http.Request) { r.Method = "TRACE" }, "", 405},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b, r := st.browser(t), form(tt.body)
			tt.change(b, r)
			a := b.do(r)
			assert.Equal(t, tt.want, a.StatusCode)
			if tt.want >= 400 {
				assert.Equal(t, 1, a.Find(`.urgent a[href="tel:112"]`).Length(), "a refusal has the numbers too")
			}
		})
	}
}

// TestFormAddressLeadsToItsPage: a form that came back with mistakes leaves its address in the browser, and a live page asks for that
// address again; without a page there the console of a tutor who once forgot the outcome would show no alert any more.
func TestFormAddressLeadsToItsPage(t *testing.T) {
	t.Parallel()
	b := newSite(t).browser(t)
	for form, page := range map[string]string{
		"/console/x/close": "/console/x", "/rooms/x/messages": "/rooms/x", "/rooms/x/join": "/rooms/x", "/moderation/x/decide": "/moderation/x", "/moderation/x/keep": "/moderation/x", "/moderation/x/take-back": "/moderation/x",
		"/forum/threads/x/posts": "/forum/threads/x", "/forum/categories/x/threads": "/forum/categories/x", "/people/invitations": "/people",
		"/desk/offers/x/accept": "/desk", "/shifts/on": "/shifts", "/service/numbers": "/service",
	} {
		a := b.get(form)
		assert.Equal(t, http.StatusSeeOther, a.StatusCode, form)
		assert.Equal(t, page, a.Header.Get("Location"), form)
		assert.Empty(t, a.Header.Get("Allow"), form)
	}
	assert.Equal(t, http.StatusMethodNotAllowed, b.post("/rooms/x").StatusCode, "a page takes no form")
}

// TestWhoWentAwayIsNoFault keeps the log's errors for our own: a browser that leaves a page before it came is none.
func TestWhoWentAwayIsNoFault(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	ctx, leave := context.WithCancel(t.Context())
	leave()
	r := httptest.NewRequest(http.MethodGet, siteURL+"/forum", nil).WithContext(ctx)
	st.signedIn(t, st.member(t, "Ghiro").ID).do(r)
	assert.NotContains(t, st.log.String(), `"level":"error"`)
}

func TestLanguage(t *testing.T) {
	t.Parallel()
	b := newSite(t).browser(t)
	a := b.post("/language", "language", "en", "next", "/numbers")
	assert.Equal(t, "/numbers", a.Header.Get("Location"))
	c := a.Cookies()[0]
	assert.True(t, c.Name == "__Host-language" && c.Secure && c.HttpOnly && c.Path == "/" && c.Domain == "" && c.SameSite == http.SameSiteLaxMode)
	assert.Equal(t, "en", b.get("/").Find("html").AttrOr("lang", ""), "the choice is stronger than the browser")
	for _, next := range []string{"https://evil.test/", "//evil.test", `/\evil.test`, "javascript:alert(1)", "evil", "/\t/evil.test"} {
		assert.Equal(t, "/", b.post("/language", "language", "it", "next", next).Header.Get("Location"), next)
	}
}

func TestSession(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	alias := "Airone"
	id, err := st.Accounts.Enter(t.Context(), st.service, account.Entry{Adult: true, ConsentVersion: account.ConsentVersion, Alias: alias, Locale: "it"})
	require.NoError(t, err)
	b := st.signedIn(t, id)
	assert.Contains(t, b.get("/").text(".bottom-who"), "Sei qui come Airone.")

	a := b.post("/exit")
	assert.Equal(t, "/exit", a.Header.Get("Location"))
	assert.Equal(t, `"cookies", "storage"`, a.Header.Get("Clear-Site-Data"))
	assert.NotContains(t, b.get("/").text(".bottom-who"), alias, "a quick exit signs out")
	exit := b.get("/exit")
	assert.NotContains(t, strings.ToLower(exit.Body), "ponti", "the page after it names nothing")
	assert.NotContains(t, st.log.String(), alias)
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	limits := DefaultLimits()
	limits.Visitor = Limit{Burst: 3, Every: time.Hour}
	st := newSiteDown(t)
	st.limiter = newLimiter(limits)
	b := st.browser(t)
	for range 3 {
		assert.Equal(t, 200, b.get("/privacy").StatusCode)
	}
	a := b.get("/privacy")
	assert.Equal(t, http.StatusTooManyRequests, a.StatusCode)
	assert.NotEmpty(t, a.Header.Get("Retry-After"))
	assert.Equal(t, 5, a.Find(".numbers a").Length())
	assert.Equal(t, 200, b.get("/numbers").StatusCode, "no limit keeps the numbers from anybody")
	r := httptest.NewRequest(http.MethodGet, siteURL+"/privacy", nil)
	r.RemoteAddr = "198.51.100.7:1000"
	assert.Equal(t, 200, b.do(r).StatusCode, "another network has its own bucket")
}

func TestAddress(t *testing.T) {
	t.Parallel()
	s := &Server{Deps: Deps{Proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}}
	tests := []struct{ name, peer, forwarded, want string }{
		{"no proxy", "203.0.113.5:99", "", "203.0.113.5"},
		{"a stranger's header is not believed", "203.0.113.5:99", "1.1.1.1", "203.0.113.5"},
		{"behind our proxy", "10.0.0.2:99", "198.51.100.7", "198.51.100.7"},
		{"behind two of ours", "10.0.0.2:99", "198.51.100.7, 10.0.0.9", "198.51.100.7"},
		{"what was there before our proxy is not believed", "10.0.0.2:99", "1.1.1.1, 198.51.100.7", "198.51.100.7"},
		{"rubbish ends the walk", "10.0.0.2:99", "198.51.100.7, rubbish", "10.0.0.2"},
		{"IPv4 in IPv6", "[::ffff:203.0.113.5]:99", "", "203.0.113.5"},
		{"unreadable", "@", "", "invalid IP"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr = tt.peer
			if tt.forwarded != "" {
				r.Header.Set("X-Forwarded-For", tt.forwarded)
			}
			assert.Equal(t, tt.want, s.address(r).String())
		})
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	up, down := newSite(t), newSiteDown(t)
	b := up.browser(t)
	readyAs := func(process string) func() bool {
		return func() bool { // PostgreSQL is asked for a second at most, and may be busy with other tests
			a := b.get("/readyz")
			return a.StatusCode == http.StatusOK && a.Body == `{"postgres":"up","process":"`+process+"\"}\n"
		}
	}
	require.Eventually(t, readyAs("starting"), 30*time.Second, 10*time.Millisecond, "an instance that is starting has the numbers")
	up.Begin()
	down.Begin()
	require.Eventually(t, readyAs("up"), 30*time.Second, 10*time.Millisecond)
	a := down.browser(t).get("/readyz")
	assert.Equal(t, 200, a.StatusCode, "an instance without PostgreSQL still has the numbers")
	assert.JSONEq(t, `{"process":"up","postgres":"down"}`, a.Body)
	assert.Equal(t, 200, down.browser(t).get("/healthz").StatusCode)
	up.Drain()
	up.Begin() // too late
	assert.Equal(t, 503, up.browser(t).get("/readyz").StatusCode)
	assert.Equal(t, 200, up.browser(t).get("/healthz").StatusCode)
}

func TestPanic(t *testing.T) {
	t.Parallel()
	st := newSiteDown(t)
	secret := "ho scritto una cosa"
	st.table = append(st.table, route{"GET /panics", everybody, nil, func(http.ResponseWriter, *http.Request) error { panic(secret) }})
	st.handler = st.Handler()
	a := st.browser(t).get("/panics?word=" + url.QueryEscape(secret))
	assert.Equal(t, 500, a.StatusCode)
	assert.Equal(t, 5, a.Find(".numbers a").Length())
	assert.Contains(t, st.log.String(), "request panicked")
	assert.NotContains(t, st.log.String(), "cosa", "neither what a handler held nor the query is logged")
	assert.Contains(t, st.log.String(), `"route":"GET /panics"`)
}

// TestSocketRoute holds the one route that is not a page: its refusals are a status, and its handler gets the bare connection.
func TestSocketRoute(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	hijackable := false
	st.table = slices.DeleteFunc(st.table, func(rt route) bool { return rt.pattern == socketPattern })
	st.table = append(st.table, route{socketPattern, may(account.RoleGuest), nil, func(w http.ResponseWriter, _ *http.Request) error {
		_, hijackable = w.(http.Hijacker)
		w.WriteHeader(http.StatusUpgradeRequired)
		return nil
	}})
	st.handler = st.Handler()
	server := httptest.NewServer(st.handler)
	defer server.Close()
	ask := func(cookies []*http.Cookie) (status int) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/live", nil)
		require.NoError(t, err)
		r.Host = "ponti.test"
		for _, c := range cookies {
			r.AddCookie(c)
		}
		res, err := server.Client().Do(r)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		return res.StatusCode
	}
	assert.Equal(t, http.StatusUnauthorized, ask(nil), "a script is not led to a sign-in page")
	id, err := st.Accounts.Enter(t.Context(), st.service, account.Entry{Adult: true, ConsentVersion: account.ConsentVersion, Alias: "Airone", Locale: "it"})
	require.NoError(t, err)
	u, err := url.Parse(siteURL)
	require.NoError(t, err)
	assert.Equal(t, http.StatusUpgradeRequired, ask(st.signedIn(t, id).jar.Cookies(u)))
	assert.True(t, hijackable)
	assert.Equal(t, "https://ponti.test", st.origin(httptest.NewRequest(http.MethodGet, siteURL+"/live", nil)))
}

func TestCompression(t *testing.T) {
	t.Parallel()
	b := newSiteDown(t).browser(t)
	b.headers.Set("Accept-Encoding", "gzip")
	r := httptest.NewRequest(http.MethodGet, siteURL+"/privacy", nil)
	r.Header = b.headers
	w := httptest.NewRecorder()
	b.site.handler.ServeHTTP(w, r)
	assert.Equal(t, "gzip", w.Header().Get("Content-Encoding"))
	assert.Less(t, w.Body.Len(), 8<<10, "a page of text over the wire")
}

func TestViolations(t *testing.T) {
	t.Parallel()
	st := newSiteDown(t)
	report := func(body string) int {
		r := httptest.NewRequest(http.MethodPost, siteURL+"/csp-reports", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/csp-report")
		return st.browser(t).do(r).StatusCode
	}
	assert.Equal(t, http.StatusNoContent, report(`{"csp-report":{"document-uri":"https://ponti.test/secret-place","effective-directive":"img-src"}}`))
	assert.Equal(t, http.StatusNoContent, report(`{"csp-report":{"effective-directive":"my own words"}}`))
	assert.Equal(t, http.StatusBadRequest, report(`{`))
	assert.Contains(t, st.log.String(), `"directive":"img-src"`)
	assert.NotContains(t, st.log.String(), "secret-place", "where it happened is not kept")
	assert.NotContains(t, st.log.String(), "my own words")
}

// TestUnavailable: while the stores are down, pages that need them say so, and nobody is signed out by it.
func TestUnavailable(t *testing.T) {
	t.Parallel()
	b := newSiteDown(t).browser(t)
	r := httptest.NewRequest(http.MethodGet, siteURL+"/access", nil)
	r.AddCookie(&http.Cookie{Name: "__Host-ponti", Value: "a-token-of-before"})
	a := b.do(r)
	assert.Equal(t, http.StatusServiceUnavailable, a.StatusCode)
	assert.NotEmpty(t, a.Header.Get("Retry-After"))
	assert.Equal(t, 5, a.Find(".numbers a").Length())
	assert.Empty(t, a.Cookies(), "the session is kept for when they are back")
}
