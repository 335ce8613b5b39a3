package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"ponti/account"
	"ponti/chat"
	"ponti/internal/errs"
)

var (
	errStoresDown = errs.New(errs.Unavailable, "error.unavailable")
	errPanicked   = errs.New(errs.Internal, "error.internal_what")
)

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
	if err != nil || v.service.ID.IsZero() {
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

// beginSession signs the browser in as an account, under a fresh token; the session of before, if any, is over.
// Handlers call it before they answer.
func (s *Server) beginSession(w http.ResponseWriter, r *http.Request, id account.ID) error {
	ctx, err := s.loadSession(r)
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
	s.writeCookie(w, token, expiry)
	return nil
}

// endSession signs the browser out. The cookie is forgotten even when the stores cannot be told. A guest has no way back: the place
// they waited on is given up with the session, so that no ESP is offered somebody who cannot come; unless they are away, and have a code to come back by.
func (s *Server) endSession(w http.ResponseWriter, r *http.Request) error {
	s.giveUpPlace(r)
	s.forgetCookie(w)
	ctx, err := s.loadSession(r)
	if err != nil {
		return err
	}
	return s.sessions.Destroy(ctx)
}

func (s *Server) giveUpPlace(r *http.Request) {
	if !s.actor(r).Is(account.RoleGuest) {
		return
	}
	if place, err := s.Chat.Place(r.Context(), s.actor(r)); err == nil && place.Away {
		return
	}
	err := s.Chat.LeaveWaiting(r.Context(), s.actor(r))
	if err != nil && !errors.Is(err, chat.ErrNoPlace) && !errors.Is(err, chat.ErrInSession) {
		s.Log.Warn().Str("req", visitOf(r).id).Err(err).Msg("place outlives its guest")
	}
}

func (s *Server) loadSession(r *http.Request) (context.Context, error) {
	token := ""
	if cookie, err := r.Cookie(s.sessions.Cookie.Name); err == nil {
		token = cookie.Value
	}
	return s.sessions.Load(r.Context(), token)
}

// forgetCookie tells the browser that its session is over.
func (s *Server) forgetCookie(w http.ResponseWriter) { s.writeCookie(w, "", time.Time{}) }

func (s *Server) writeCookie(w http.ResponseWriter, token string, expiry time.Time) {
	s.sessions.WriteSessionCookie(context.Background(), w, token, expiry) // asks the context nothing: the cookie persists
	// The manager added a Cache-Control of its own, weaker than ours.
	w.Header().Set("Cache-Control", "no-store")
}
