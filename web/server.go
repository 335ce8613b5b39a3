// Package web is the site: routes, handlers, pages and texts. It is the only package that knows HTTP and HTML; it decides
// nothing that a domain package could decide, and writes no SQL.
//
// Invariants: every page carries the emergency numbers and the quick exit, also when the database is gone; every form works
// without JavaScript; no page makes a browser ask anybody but us; nothing that people wrote, and no name, token or address, is logged.
package web

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"log" //nolint:depguard // http.Server has no other way to be silent
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
	_ "time/tzdata" // a machine without zone files still tells Italian time

	"github.com/alexedwards/scs/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"ponti/account"
	"ponti/chat"
	"ponti/forum"
	"ponti/internal/bus"
	"ponti/internal/i18n"
	"ponti/moderation"
	"ponti/roster"
	"ponti/web/live"
)

// Deps is what the site is built from. All of it is static after New.
type Deps struct {
	// URL is the address people use, as https://ponti.example. Its scheme decides whether cookies are Secure.
	URL *url.URL
	// Proxies are the networks whose X-Forwarded-For is believed.
	Proxies []netip.Prefix
	// Limits bound what one address or account may ask for; the zero value is DefaultLimits.
	Limits *Limits
	// Handshakes is how many sockets may open in a second; 0 is no bound.
	Handshakes int
	// Pace makes what sockets may send so many times more; 0 is once.
	Pace int
	// Secret signs puzzles. It is the same on every instance.
	Secret []byte
	Log    zerolog.Logger
	// Registerer takes the metrics; nil: nobody reads them.
	Registerer prometheus.Registerer

	Accounts *account.Accounts
	Roster   *roster.Roster
	// Moderation asks Chat and Forum for texts: they are registered with it before the site is built.
	Moderation *moderation.Moderation
	Chat       *chat.Chat
	Forum      *forum.Forum
	// Bus brings the sockets news of other instances. Whoever made it starts and stops it.
	Bus *bus.Bus
	// StoresUp tells whether PostgreSQL answers. It returns within a second.
	StoresUp func(ctx context.Context) error
}

// Server answers HTTP. Fields are static after New unless they say otherwise.
type Server struct {
	Deps
	catalog  *i18n.Catalog
	assets   *assets
	sessions *scs.SessionManager
	limiter  *limiter
	cost     *cost
	metrics  *metrics
	live     *live.Hub
	table    []route
	secure   bool           // people reach us by https
	zone     *time.Location // of a service that is not known
	phase    atomic.Int32   // one of the phases
	made     sync.Pool      // of *bytes.Buffer, in which pages are made
}

// New builds the site. It fails only on a mistake in what is embedded.
func New(d Deps) (*Server, error) {
	s := &Server{Deps: d, secure: d.URL.Scheme == "https"}
	texts, err := fs.Sub(localeFiles, "locales")
	if err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	if s.catalog, err = i18n.Load(texts, s.missingText); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	if s.assets, err = newAssets(); err != nil {
		return nil, err
	}
	limits := DefaultLimits()
	if d.Limits != nil {
		limits = *d.Limits
	}
	if s.zone, err = time.LoadLocation("Europe/Rome"); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	s.limiter, s.cost = newLimiter(limits), newCost(d.Secret, limits)
	s.metrics = newMetrics(d.Registerer)
	s.sessions = d.Accounts.Sessions().Manager(s.cookieName("ponti"), s.secure)
	s.live = s.newHub()
	s.table = s.routes()
	return s, nil
}

// Handler is the whole site.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, rt := range s.table {
		mux.Handle(rt.pattern, s.guarded(rt))
	}
	return s.outer(mux)
}

// The phases of an instance's life, as /readyz names them.
const (
	starting int32 = iota // pages come, from what the database can give
	serving               // everything runs
	draining              // send nobody new
)

var phaseNames = [...]string{starting: "starting", serving: "up", draining: "draining"}

// Begin tells /readyz that everything runs: the database is up to date, workers and sockets have started.
func (s *Server) Begin() { s.phase.CompareAndSwap(starting, serving) }

// Drain makes /readyz answer 503, so that load balancers send nobody new. It is the first act of a shutdown.
func (s *Server) Drain() { s.phase.Store(draining) }

// NewHTTPServer is an http.Server with every timeout set: a slow or silent client holds nothing for long.
func NewHTTPServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       75 * time.Second,
		MaxHeaderBytes:    16 << 10,
		// What net/http itself says quotes addresses of people and bytes they sent; requests and panics are in our own log.
		ErrorLog: log.New(io.Discard, "", 0),
	}
}

// Words is a text in a language, for what is sent to somebody who is not on a page. Values are names and what they stand for, in turn.
func (s *Server) Words(locale, key string, values ...any) string {
	return s.catalog.Localizer(locale, s.zone).T(key, values...)
}

// CountWords is Words for a text that differs by a number.
func (s *Server) CountWords(locale, key string, count int, values ...any) string {
	return s.catalog.Localizer(locale, s.zone).N(key, count, values...)
}

func (s *Server) missingText(lang, key string, err error) {
	s.Log.Error().Str("lang", lang).Str("key", key).Err(err).Msg("text missing")
}
