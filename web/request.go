package web

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	"ponti/account"
	"ponti/internal/i18n"
)

// visit is what one request knows about itself. It is made by outer, completed by guarded, and read by handlers
// through the typed accessors below; no use-case sees it.
type visit struct {
	id      string // shown on error pages, written in the log
	nonce   string // of the Content-Security-Policy
	pattern string // of the route, empty before one was found
	service account.Service
	actor   account.Actor
	words   *i18n.Localizer
	down    bool // the stores cannot be reached: the page is made without them
	shown   bool // an answer was begun by us
}

type visitKey struct{}

func visitOf(r *http.Request) *visit {
	v, ok := r.Context().Value(visitKey{}).(*visit)
	if !ok {
		panic("web: a request that did not come through outer")
	}
	return v
}

func withVisit(r *http.Request, v *visit) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), visitKey{}, v))
}

// actor is who asks: a visitor when nobody is signed in.
func (s *Server) actor(r *http.Request) account.Actor { return visitOf(r).actor }

// service is the one whose site this is.
func (s *Server) service(r *http.Request) account.Service { return visitOf(r).service }

// words speaks the language of this request, in the service's time zone.
func (s *Server) words(r *http.Request) *i18n.Localizer { return visitOf(r).words }

func newRequestID() string { return uuid.NewString()[:13] }

// origin is where a browser that shows this site says it comes from: the only one a socket is accepted from.
func (s *Server) origin(r *http.Request) string { return s.URL.Scheme + "://" + r.Host }
