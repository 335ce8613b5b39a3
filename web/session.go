package web

import (
	"context"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"

	"ponti/account"
	"ponti/internal/errs"
)

var (
	errStoresDown = errs.New(errs.Unavailable, "error.unavailable")
	errPanicked   = errs.New(errs.Internal, "error.internal_what")
)

// newSessions reads and writes the cookie that stands for a sign-in. A new session begins only by beginSession.
func (s *Server) newSessions() *scs.SessionManager {
	return s.Accounts.Sessions().Manager(s.cookieName("ponti"), s.secure)
}

// cookieName binds a cookie to this very host where the browser can be made to check it, which it does over https only.
func (s *Server) cookieName(name string) string {
	if s.secure {
		return "__Host-" + name
	}
	return name
}

// findService sets whose site was asked for. While the stores are down it is the last known one.
func (s *Server) findService(r *http.Request, v *visit) {
	service, err := s.Accounts.ServiceByHost(r.Context(), hostOf(r))
	if err != nil {
		s.Log.Warn().Str("req", v.id).Err(err).Msg("service unknown")
		v.down = true
		return
	}
	v.service = service
	v.actor = account.Visitor(service.ID)
}

// findActor sets who asks. A session that cannot be read leaves a visitor: public pages are shown, the rest is refused as unavailable.
func (s *Server) findActor(w http.ResponseWriter, r *http.Request, v *visit) {
	cookie, err := r.Cookie(s.sessions.Cookie.Name)
	if err != nil || len(cookie.Value) > 128 || v.down {
		return
	}
	ctx, err := s.sessions.Load(r.Context(), cookie.Value)
	if err != nil {
		s.Log.Warn().Str("req", v.id).Err(err).Msg("session unreadable")
		v.down = true
		return
	}
	v.actor = s.Accounts.Sessions().Actor(ctx, s.sessions, v.service.ID)
	if v.actor.Is(account.RoleVisitor) {
		s.forgetCookie(w)
	}
}

// forgetCookie tells the browser that its session is over.
func (s *Server) forgetCookie(w http.ResponseWriter) {
	s.sessions.WriteSessionCookie(context.Background(), w, "", time.Time{})
	w.Header().Set("Cache-Control", "no-store")
}

// beginSession signs the browser in under a fresh token. The session it had before is over.
func (s *Server) beginSession(w http.ResponseWriter, r *http.Request, id account.ID) error {
	before := ""
	if cookie, err := r.Cookie(s.sessions.Cookie.Name); err == nil {
		before = cookie.Value
	}
	ctx, err := s.sessions.Load(r.Context(), before)
	if err != nil {
		return err
	}
	if err := s.Accounts.Sessions().Begin(ctx, s.sessions, id); err != nil {
		return err
	}
	token, expiry, err := s.sessions.Commit(ctx)
	if err != nil {
		return err
	}
	s.sessions.WriteSessionCookie(ctx, w, token, expiry)
	w.Header().Set("Cache-Control", "no-store")
	return nil
}

// endSession signs the browser out. The cookie is forgotten even when the stores cannot be told.
func (s *Server) endSession(w http.ResponseWriter, r *http.Request) error {
	s.forgetCookie(w)
	cookie, err := r.Cookie(s.sessions.Cookie.Name)
	if err != nil || cookie.Value == "" {
		return nil
	}
	ctx, err := s.sessions.Load(r.Context(), cookie.Value)
	if err != nil {
		return err
	}
	return s.sessions.Destroy(ctx)
}
