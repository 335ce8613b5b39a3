package web

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"ponti/account"
	"ponti/internal/errs"
	accountpage "ponti/web/page/account"
	"ponti/web/page/parts"
)

// again shows a form once more when err is about what was typed, with what was typed and the mistakes; any other error is passed on.
func (s *Server) again(w http.ResponseWriter, r *http.Request, err error, page func(parts.Form) templ.Component) error {
	status := http.StatusUnprocessableEntity
	f, ok := formAgain(r, err)
	if e, is := errors.AsType[*errs.Error](err); is && !ok {
		switch {
		case e.Kind == errs.TooMany:
			status = http.StatusTooManyRequests
			if seconds, known := e.Params["Seconds"].(int); known {
				w.Header().Set("Retry-After", strconv.Itoa(seconds))
			}
		case e.Kind == errs.Conflict && e.Field != "", errors.Is(err, account.ErrWrongSignIn), errors.Is(err, account.ErrWrongRecovery), errors.Is(err, account.ErrTokenSpent):
		default:
			return err
		}
		f, ok = parts.Form{Values: r.PostForm, Mistakes: errs.Fields{e}}, true
	}
	if !ok {
		return err
	}
	return s.render(w, r, status, page(f))
}

// network is where a request comes from, as wrong sign-ins are counted.
func (s *Server) network(r *http.Request) account.Network { return s.Accounts.Network(s.address(r)) }

// home is where somebody goes who has signed in and asked for no page.
func home(role account.Role) string {
	switch who := (account.Actor{Role: role}); {
	case who.IsPeer():
		return "/desk"
	case who.Is(account.RoleTutor):
		return "/console"
	case who.Is(account.RoleAdmin):
		return "/people"
	case who.Is(account.RoleAuditor):
		return "/service"
	}
	return "/"
}

func (s *Server) showSignIn(w http.ResponseWriter, r *http.Request) error {
	return s.render(w, r, http.StatusOK, accountpage.SignIn(parts.Form{}, localPath(r.URL.Query().Get("next"))))
}

func (s *Server) signIn(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Alias    string `form:"alias"`
		Password string `form:"password"`
		Next     string `form:"next"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	in.Next = localPath(in.Next)
	id, err := s.Accounts.SignIn(r.Context(), s.service(r).ID, account.Credentials{Alias: in.Alias, Password: in.Password, From: s.network(r)})
	if err != nil {
		return s.again(w, r, err, func(f parts.Form) templ.Component { return accountpage.SignIn(f, in.Next) })
	}
	if err := s.beginSession(w, r, id); err != nil {
		return err
	}
	if in.Next == "/" {
		role, err := s.Accounts.RoleOf(r.Context(), id)
		if err != nil {
			return err
		}
		in.Next = home(role)
	}
	return s.redirect(w, r, in.Next)
}

func (s *Server) showRecover(w http.ResponseWriter, r *http.Request) error {
	return s.render(w, r, http.StatusOK, accountpage.Recover(parts.Form{}))
}

// recoverAccess answers with the next code instead of a redirect: it can be shown only here, since only its hash is kept.
func (s *Server) recoverAccess(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Alias    string `form:"alias"`
		Code     string `form:"code"`
		Password string `form:"password"`
		// Who came with a community that moved here is asked for these the first time.
		Adult   string `form:"adult"`
		Consent bool   `form:"consent"`
		Version string `form:"version"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	recovery := account.Recovery{Alias: in.Alias, Code: in.Code, NewPassword: in.Password, From: s.network(r)}
	if in.Version != "" {
		if err := (entering{Adult: in.Adult, Consent: in.Consent}).mistakes(); err != nil {
			return s.enterAgain(w, r, err, accountpage.Recover)
		}
		recovery.ConsentVersion = in.Version
	}
	id, code, err := s.Accounts.Recover(r.Context(), s.service(r).ID, recovery)
	if err != nil {
		return s.again(w, r, err, accountpage.Recover)
	}
	if err := s.beginSession(w, r, id); err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, accountpage.RecoveryCode(code, "/"))
}

func (s *Server) showAccess(w http.ResponseWriter, r *http.Request) error {
	return s.render(w, r, http.StatusOK, accountpage.Access(s.actor(r)))
}

// signOut also clears what the browser keeps of us, except its cache, over which browsers take seconds; pages are never cached.
func (s *Server) signOut(w http.ResponseWriter, r *http.Request) error {
	if err := s.endSession(w, r); err != nil {
		return err
	}
	w.Header().Set("Clear-Site-Data", `"storage"`)
	return s.redirectDone(w, r, "/", "signed_out")
}

func (s *Server) signOutEverywhere(w http.ResponseWriter, r *http.Request) error {
	if err := s.Accounts.SignOutEverywhere(r.Context(), s.actor(r)); err != nil {
		return err
	}
	return s.signOut(w, r)
}

func (s *Server) showErase(w http.ResponseWriter, r *http.Request) error {
	return s.render(w, r, http.StatusOK, accountpage.Erase(parts.Form{}, s.actor(r)))
}

func (s *Server) eraseAccount(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Posts    string `form:"posts"`
		Password string `form:"password"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	actor := s.actor(r)
	var err error
	if in.Posts != accountpage.PostsKeep && in.Posts != accountpage.PostsRemove && !actor.Is(account.RoleGuest) {
		err = errs.Field("posts", "account.erase_posts_choose", nil)
	} else {
		err = s.Accounts.Erase(r.Context(), actor, account.Erasure{Password: in.Password, Posts: in.Posts == accountpage.PostsRemove, From: s.network(r)})
	}
	if err != nil {
		return s.again(w, r, err, func(f parts.Form) templ.Component { return accountpage.Erase(f, actor) })
	}
	if err := s.endSession(w, r); err != nil {
		return err
	}
	w.Header().Set("Clear-Site-Data", `"storage"`)
	return s.redirectDone(w, r, "/", "account_erased")
}

func (s *Server) showFirstAdmin(w http.ResponseWriter, r *http.Request) error {
	return s.render(w, r, http.StatusOK, accountpage.FirstAdmin(parts.Form{}))
}

func (s *Server) createFirstAdmin(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Token    string `form:"token"`
		Alias    string `form:"alias"`
		Password string `form:"password"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	id, err := s.Accounts.CreateFirstAdmin(r.Context(), s.service(r).ID, in.Token, in.Alias, in.Password)
	if err != nil {
		return s.again(w, r, err, accountpage.FirstAdmin)
	}
	if err := s.beginSession(w, r, id); err != nil {
		return err
	}
	return s.redirect(w, r, "/service")
}

func (s *Server) showInvitation(w http.ResponseWriter, r *http.Request) error {
	token := r.PathValue("token")
	in, err := s.Accounts.Invitation(r.Context(), s.service(r).ID, token)
	if err != nil {
		return s.spentInvitation(w, r, err)
	}
	return s.render(w, r, http.StatusOK, accountpage.Invitation(parts.Form{}, token, in))
}

func (s *Server) acceptInvitation(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Token    string `form:"token"`
		Alias    string `form:"alias"`
		Password string `form:"password"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	service := s.service(r).ID
	offer, err := s.Accounts.Invitation(r.Context(), service, in.Token)
	if err != nil {
		return s.spentInvitation(w, r, err)
	}
	id, err := s.Accounts.AcceptInvitation(r.Context(), service, in.Token, in.Alias, in.Password)
	if errors.Is(err, account.ErrTokenSpent) {
		return s.spentInvitation(w, r, err)
	}
	if err != nil {
		return s.again(w, r, err, func(f parts.Form) templ.Component { return accountpage.Invitation(f, in.Token, offer) })
	}
	if err := s.beginSession(w, r, id); err != nil {
		return err
	}
	return s.redirect(w, r, home(offer.Role))
}

// spentInvitation says more than that there is nothing here: whoever has the link was once meant to have it.
func (s *Server) spentInvitation(w http.ResponseWriter, r *http.Request, err error) error {
	if !errors.Is(err, account.ErrTokenSpent) {
		return err
	}
	return s.render(w, r, http.StatusNotFound, accountpage.InvitationSpent())
}

// minorCookie remembers for a day that somebody said they are under age, so that the question is not asked until it is answered otherwise.
const minorCookie = "minor"

func (s *Server) rememberMinor(w http.ResponseWriter) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure wherever people reach us by https
		Name: s.cookieName(minorCookie), Value: "1", Path: "/", MaxAge: int((24 * time.Hour).Seconds()),
		HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode,
	})
}

func (s *Server) isMinor(r *http.Request) bool {
	_, err := r.Cookie(s.cookieName(minorCookie))
	return err == nil
}
