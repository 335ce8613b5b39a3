package web

import (
	"errors"
	"net/http"
	"slices"

	"github.com/a-h/templ"

	"ponti/account"
	"ponti/internal/errs"
	accountpage "ponti/web/page/account"
	"ponti/web/page/parts"
)

// afterEntering is where a guest goes on.
const afterEntering = "/waiting"

// entering is what the steps of a guest carry along. Nothing is stored before the last one.
type entering struct {
	Adult   string `form:"adult"` // "true", "false" or not answered
	Consent bool   `form:"consent"`
	Version string `form:"version"` // of the notice that was shown
	Alias   string `form:"alias"`
}

// mistakes of the first step. Whoever says they are younger is not asked for consent.
func (in entering) mistakes() error {
	var bad errs.Fields
	switch in.Adult {
	case "true":
	case "false":
		return account.ErrAdultsOnly
	default:
		bad.Add("adult", "account.adult_needed", nil)
	}
	if !in.Consent {
		bad.Add("consent", "account.consent_needed", nil)
	}
	return bad.Err()
}

// showEnter asks whoever may enter; who has entered already goes on.
func (s *Server) showEnter(w http.ResponseWriter, r *http.Request) error {
	switch {
	case s.actor(r).IsPerson():
		return s.redirect(w, r, afterEntering)
	case s.actor(r).IsStaff():
		return account.ErrForbidden // who works here and wants support uses an account of their own
	case s.isMinor(r):
		return s.showMinors(w, r, http.StatusOK)
	}
	return s.render(w, r, http.StatusOK, accountpage.EnterNotice(parts.Form{}))
}

// chooseName is the step after the notice. It changes nothing, so it answers with the page itself.
func (s *Server) chooseName(w http.ResponseWriter, r *http.Request) error {
	var in entering
	if err := decode(r, &in); err != nil {
		return err
	}
	if err := in.mistakes(); err != nil {
		return s.enterAgain(w, r, err, accountpage.EnterNotice)
	}
	alias, err := s.proposeAlias(r)
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, accountpage.EnterName(parts.Form{Puzzle: s.price(r, wayIn)}, alias))
}

func (s *Server) enterAsGuest(w http.ResponseWriter, r *http.Request) error {
	var in entering
	if err := decode(r, &in); err != nil {
		return err
	}
	if err := in.mistakes(); err != nil {
		return s.enterAgain(w, r, err, accountpage.EnterNotice)
	}
	if s.actor(r).IsPerson() { // sent twice
		return s.redirect(w, r, afterEntering)
	}
	page := func(f parts.Form) templ.Component {
		f.Puzzle = s.price(r, wayIn)
		return accountpage.EnterName(f, "")
	}
	if err := s.pay(r, wayIn); err != nil {
		return s.enterAgain(w, r, err, page)
	}
	id, err := s.Accounts.Enter(r.Context(), s.service(r).ID, account.Entry{
		Adult: true, ConsentVersion: in.Version, Alias: in.Alias, Locale: s.words(r).Lang(),
	})
	if err != nil {
		return s.enterAgain(w, r, err, page)
	}
	if err := s.beginSession(w, r, id); err != nil {
		return err
	}
	return s.redirect(w, r, afterEntering)
}

func (s *Server) showSignUp(w http.ResponseWriter, r *http.Request) error {
	if s.isMinor(r) {
		return s.showMinors(w, r, http.StatusOK)
	}
	alias, err := s.proposeAlias(r)
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, accountpage.SignUp(parts.Form{Puzzle: s.price(r, wayIn)}, alias))
}

// signUp answers with the recovery code instead of a redirect: it can be shown only here, since only its hash is kept.
func (s *Server) signUp(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Adult    string `form:"adult"`
		Consent  bool   `form:"consent"`
		Version  string `form:"version"`
		Alias    string `form:"alias"`
		Password string `form:"password"`
		Family   bool   `form:"family"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	page := func(f parts.Form) templ.Component {
		f.Puzzle = s.price(r, wayIn)
		return accountpage.SignUp(f, "")
	}
	bad, _ := errors.AsType[errs.Fields](entering{Adult: in.Adult, Consent: in.Consent}.mistakes())
	if in.Adult == "false" {
		return s.enterAgain(w, r, account.ErrAdultsOnly, page)
	}
	form := account.SignUp{
		Alias: in.Alias, Password: in.Password, Adult: true, ConsentVersion: in.Version, Family: in.Family, Locale: s.words(r).Lang(),
	}
	if bad = append(bad, form.Mistakes()...); len(bad) > 0 {
		return s.again(w, r, bad, page)
	}
	if err := s.pay(r, wayIn); err != nil {
		return s.enterAgain(w, r, err, page)
	}
	id, code, err := s.Accounts.SignUp(r.Context(), s.service(r).ID, form)
	if err != nil {
		return s.enterAgain(w, r, err, page)
	}
	if err := s.beginSession(w, r, id); err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, accountpage.RecoveryCode(code, "/"))
}

// enterAgain is again, and the kind no to who is under age.
func (s *Server) enterAgain(w http.ResponseWriter, r *http.Request, err error, page func(parts.Form) templ.Component) error {
	if errors.Is(err, account.ErrAdultsOnly) {
		s.rememberMinor(w)
		return s.showMinors(w, r, http.StatusForbidden)
	}
	return s.again(w, r, err, page)
}

// showMinors gives the numbers that are there for minors, and 112.
func (s *Server) showMinors(w http.ResponseWriter, r *http.Request, status int) error {
	numbers := slices.DeleteFunc(numbersOf(s.service(r), s.words(r)), func(n parts.Number) bool {
		return !slices.Contains([]string{"19696", "114", "112"}, n.Number)
	})
	return s.render(w, r, status, accountpage.Minors(numbers))
}

func (s *Server) proposeAlias(r *http.Request) (string, error) {
	return s.Accounts.ProposeAlias(r.Context(), s.service(r).ID, s.words(r).Lang())
}
