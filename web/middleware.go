package web

import (
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/klauspost/compress/gzhttp"
	"github.com/klauspost/compress/gzip"

	"ponti/account"
	"ponti/internal/pg"
)

// formBytes is the most that a request may carry: a post of 10,000 characters that take four bytes each, three times that in
// the way forms are written, and some fields, with room.
const formBytes = 160 << 10

// jitterFrom is how much of an answer is held back to draw its jitter from: all of the head of a page.
const jitterFrom = 4 << 10

// socketPath is upgraded: it takes the bare connection, so nothing may wrap its writer.
const (
	socketPath    = "/live"
	socketPattern = "GET " + socketPath
)

// outer goes around every route: request id, headers, refusals that need no route, compression, the one log line, and the
// last resort when a handler panics.
func (s *Server) outer(mux *http.ServeMux) http.Handler {
	crossSite := http.NewCrossOriginProtection()
	compress, err := gzhttp.NewWrapper(gzhttp.MinSize(1024), gzhttp.EnableZstd(false), gzhttp.SetContentType(false),
		// Half the time of the usual level, for a tenth more bytes.
		gzhttp.CompressionLevel(gzip.BestSpeed),
		// Answers of the same page differ in length by chance, so that the compressed size tells less of what is in it. The chance is drawn from
		// the first bytes, in which the nonce stands.
		gzhttp.RandomJitter(32, jitterFrom, false))
	if err != nil {
		panic("web: compression: " + err.Error()) // the options are ours and constant
	}
	inner := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := s.refuse(crossSite, mux, w, r); err != nil {
			s.fail(w, r, err)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, formBytes)
		mux.ServeHTTP(w, r)
	})
	compressed := compress(inner)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begin := time.Now()
		v := &visit{id: newRequestID(), nonce: newNonce()}
		r = withVisit(r, v)
		s.greet(r, v)
		s.setHeaders(w, r, v)
		rec := &recorder{ResponseWriter: w, visit: v}
		defer s.finish(rec, r, v, begin)
		if r.URL.Path == socketPath {
			inner.ServeHTTP(w, r) // the hijacker underneath must stay reachable: no recorder, no compression
			return
		}
		// A socket lives for hours and waits often; a page waits once.
		compressed.ServeHTTP(rec, r.WithContext(pg.WaitOnce(r.Context())))
	})
}

// greet gives a request what error pages need before its service is known.
func (s *Server) greet(r *http.Request, v *visit) {
	v.words = s.catalog.Localizer(s.language(r, v.service), s.zone)
}

// refuse turns away what no handler should see.
func (s *Server) refuse(crossSite *http.CrossOriginProtection, mux *http.ServeMux, w http.ResponseWriter, r *http.Request) error {
	if r.Header.Get("Content-Encoding") != "" {
		return errEncoding // a small body could unpack into a huge one
	}
	if r.ContentLength > formBytes {
		return errTooLarge
	}
	safe := r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions
	if err := crossSite.Check(r); err != nil || !safe && !oneClick(r) && r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == "" {
		// Every browser sends one of the two with a form; what sends neither is not a browser with a person's cookies.
		return errCrossSite
	}
	_, pattern := mux.Handler(r)
	unreadable := !utf8.ValidString(r.URL.Path) || strings.Contains(r.URL.Path, "\x00") // names nothing, and no store takes it
	if pattern == "" || unreadable {
		// An unknown address is told to somebody as one that is not theirs is: by the same steps, on the same page.
		if err := s.know(w, r, visitOf(r), false); err != nil {
			return err
		}
		if unreadable {
			return errNoPage
		}
		return unrouted(mux, w, r)
	}
	return nil
}

// unrouted tells an unknown address from a method the address does not take. Where only a form goes, asking leads to the page the
// form stands on: a form that came back with mistakes leaves its own address behind, and a live page asks for that one again.
func unrouted(mux *http.ServeMux, w http.ResponseWriter, r *http.Request) error {
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := mux.Handler(other); pattern != "" {
			w.Header().Add("Allow", method)
		}
	}
	if w.Header().Get("Allow") == "" {
		return errNoPage
	}
	if page := pageAbove(mux, r); page != "" {
		w.Header().Del("Allow")
		return &refusal{status: http.StatusSeeOther, page: page}
	}
	return errMethod
}

// pageAbove is the nearest page above the address of a form that somebody asks for; empty when that is the front.
func pageAbove(mux *http.ServeMux, r *http.Request) string {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return ""
	}
	above := r.Clone(r.Context())
	for p := path.Dir(r.URL.Path); p != "/" && p != "."; p = path.Dir(p) {
		above.URL.Path = p
		if _, pattern := mux.Handler(above); pattern != "" {
			return p
		}
	}
	return ""
}

var plainHost = regexp.MustCompile(`^[a-z0-9.-]+(:[0-9]+)?$`)

// setHeaders says what browsers may do with the answer: nothing but what the page needs from ourselves.
func (s *Server) setHeaders(w http.ResponseWriter, r *http.Request, v *visit) {
	sockets := ""
	if host := strings.ToLower(r.Host); plainHost.MatchString(host) {
		scheme := " ws://"
		if s.secure {
			scheme = " wss://"
		}
		sockets = scheme + host // Safari before 15.4 does not count a socket as 'self'
	}
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'nonce-"+v.nonce+"' 'strict-dynamic'; style-src 'self'; "+
		"img-src 'self' data:; connect-src 'self'"+sockets+"; font-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; "+
		"form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types "+scripts(r.URL.Path)+"; report-uri /csp-reports")
	h.Set("X-Content-Type-Options", "nosniff")
	// Not no-referrer: with it browsers send "Origin: null" with our own forms, and phones too old for Sec-Fetch-Site
	// (Safari before 16.4) could then send none. No other site is ever told an address.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "accelerometer=(), autoplay=(), camera=(), display-capture=(), encrypted-media=(), fullscreen=(), geolocation=(), "+
		"gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), picture-in-picture=(), usb=(), xr-spatial-tracking=()")
	h.Set("X-Robots-Tag", "noindex, nofollow")
	h.Set("Cache-Control", "no-store")
	if s.secure {
		h.Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains; preload")
	}
}

// indexed are the only pages that search engines may show.
var indexed = []string{"GET /{$}", "GET /numbers", "GET /how-it-works", "GET /information", "GET /information/{slug}", "GET /privacy", "GET /accessibility"}

// guarded completes a request for one route: service, session, language, limit, guard. Then its handler runs.
func (s *Server) guarded(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := visitOf(r)
		v.pattern = rt.pattern
		if slices.Contains(indexed, rt.pattern) {
			w.Header().Del("X-Robots-Tag")
		}
		if err := s.enter(rt, w, r, v); err != nil {
			s.fail(w, r, err)
			return
		}
		if err := rt.handle(w, r); err != nil {
			s.fail(w, r, err)
		}
	})
}

func (s *Server) enter(rt route, w http.ResponseWriter, r *http.Request, v *visit) error {
	if !s.needsNobody(rt) {
		if err := s.know(w, r, v, s.alwaysOpen(rt)); err != nil {
			return err
		}
	}
	return rt.guard.check(v, rt)
}

// know finds out whose site this is, who asks, and in which language, within the limits. What is always open is not refused to anybody
// who asks for it by hand; only a flood from one network is.
func (s *Server) know(w http.ResponseWriter, r *http.Request, v *visit, always bool) error {
	network := s.Accounts.Network(s.address(r))
	if err := s.limiter.network(network); err != nil {
		return err
	}
	s.findService(r, v)
	s.findActor(w, r, v)
	v.words = s.catalog.Localizer(s.language(r, v.service), cmp.Or(v.service.TimeZone, s.zone))
	switch {
	case always:
		return nil
	case v.pattern == socketPattern:
		return s.limiter.handshake(v.actor, network)
	}
	return s.limiter.actor(v.actor, network)
}

// check lets the actor through or not. Who may not learns nothing of objects: a route with an id answers as if there were none (R9).
func (g guard) check(v *visit, rt route) error {
	switch {
	case len(g) == 0, v.actor.Is(g...):
		return nil
	case v.down:
		return errStoresDown
	case v.actor.Is(account.RoleVisitor):
		return account.ErrSignInFirst
	case strings.Contains(rt.pattern, "{"):
		return account.ErrNotFound
	}
	return account.ErrForbidden
}

// needsNobody is true of routes for machines: no service, no session, no limit.
func (s *Server) needsNobody(rt route) bool {
	switch rt.pattern {
	case "GET /assets/{path...}", "GET /favicon.ico", "GET /robots.txt", "GET /healthz", "GET /readyz":
		return true
	}
	return false
}

// alwaysOpen is true of pages that no limit may keep from somebody in danger.
func (s *Server) alwaysOpen(rt route) bool {
	switch rt.pattern {
	case "GET /{$}", "GET /numbers", "GET /offline", "GET /exit", "POST /exit":
		return true
	}
	return false
}

// finish ends a request: one log line, with the route's pattern and never its address, which may hold an id; and after a panic a page.
func (s *Server) finish(rec *recorder, r *http.Request, v *visit, begin time.Time) {
	p := recover()
	asked, _ := p.(error) // to cut the answer off
	if p != nil && !errors.Is(asked, http.ErrAbortHandler) {
		s.metrics.panics.Inc()
		s.Log.Error().Str("req", v.id).Str("route", v.pattern).Str("panic", fmt.Sprintf("%T", p)).
			Bytes("stack", debug.Stack()).Msg("request panicked")
		if !v.shown && v.pattern != socketPattern {
			s.fail(rec, r, errPanicked)
			p = nil
		}
	}
	if v.pattern != socketPattern { // what became of a socket is counted where it lives
		s.metrics.answered(v.pattern, rec.status, time.Since(begin))
		s.Log.Info().Str("req", v.id).Str("method", methodOf(r)).Str("route", v.pattern).Int("status", rec.status).
			Float64("ms", float64(time.Since(begin).Microseconds())/1000).Str("role", string(v.actor.Role)).Msg("request")
	}
	if p != nil {
		panic(http.ErrAbortHandler) // an answer was begun: cut it off
	}
}

// methodOf keeps made-up methods out of the log.
func methodOf(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodPost, http.MethodHead:
		return r.Method
	}
	return "other"
}

// recorder remembers the status, and that an answer was begun.
type recorder struct {
	http.ResponseWriter
	visit  *visit
	status int
}

func (rec *recorder) WriteHeader(status int) {
	if rec.status == 0 {
		rec.status = status
	}
	rec.visit.shown = true
	rec.ResponseWriter.WriteHeader(status)
}

func (rec *recorder) Write(b []byte) (int, error) {
	if rec.status == 0 {
		rec.status = http.StatusOK
	}
	rec.visit.shown = true
	return rec.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (rec *recorder) Unwrap() http.ResponseWriter { return rec.ResponseWriter }

func newNonce() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails: see crypto/rand
	return base64.RawStdEncoding.EncodeToString(b)
}

// hostOf is the host name of a request without its port.
func hostOf(r *http.Request) string {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}
