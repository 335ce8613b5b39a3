package web

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/ids"
	accountpage "ponti/web/page/account"
	"ponti/web/page/parts"
)

// people is the page of the staff as the actor sees it.
func (s *Server) people(r *http.Request) (accountpage.People, error) {
	actor := s.actor(r)
	p := accountpage.People{Me: actor}
	var err error
	if p.Staff, err = s.Accounts.Staff(r.Context(), actor); err != nil || !actor.Is(account.RoleAdmin) {
		return p, err
	}
	categories, err := s.Forum.ManagedCategories(r.Context(), actor)
	for _, c := range categories {
		if !c.Archived {
			p.Categories = append(p.Categories, accountpage.Category{ID: c.ID.String(), Name: c.Title, Moderators: c.Moderators})
		}
	}
	return p, err
}

func (s *Server) showPeople(w http.ResponseWriter, r *http.Request) error {
	p, err := s.people(r)
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, accountpage.PeoplePage(p))
}

// peopleAgain is the page of the staff with the form of the account at, or of the invitation when there is none.
func (s *Server) peopleAgain(w http.ResponseWriter, r *http.Request, err error, at account.ID) error {
	p, staffErr := s.people(r)
	if staffErr != nil {
		return errors.Join(err, staffErr)
	}
	return s.again(w, r, err, func(f parts.Form) templ.Component {
		p.Form, p.At = f, at
		return accountpage.PeoplePage(p)
	})
}

// invite answers with the link instead of a redirect: it can be shown only here, since only its hash is kept.
func (s *Server) invite(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Role  string `form:"role"`
		Alias string `form:"alias"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	role := account.Role(in.Role)
	token, err := s.Accounts.Invite(r.Context(), s.actor(r), account.Invite{Role: role, Alias: in.Alias})
	if err != nil {
		return s.peopleAgain(w, r, err, account.ID{})
	}
	p, err := s.people(r)
	if err != nil {
		return err
	}
	link := *s.URL
	link.Host, link.Path = r.Host, "/invitation/"+token
	p.Link, p.LinkRole = link.String(), role
	return s.render(w, r, http.StatusOK, accountpage.PeoplePage(p))
}

func (s *Server) assignTutor(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Tutor string `form:"tutor"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	esp, err := ids.Parse[account.Account](r.PathValue("account"))
	if err != nil {
		return err
	}
	tutor, err := ids.Parse[account.Account](in.Tutor)
	if err != nil {
		return account.ErrTutorUnfit
	}
	if err := s.Accounts.AssignTutor(r.Context(), s.actor(r), esp, tutor); err != nil {
		return s.peopleAgain(w, r, err, esp)
	}
	return s.redirectDone(w, r, "/people", "tutor_assigned")
}

// assignCategories makes an ESP the moderator of the ticked categories and of no other that the page shows.
func (s *Server) assignCategories(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Categories []string `form:"category"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	esp, err := ids.Parse[account.Account](r.PathValue("account"))
	if err != nil {
		return err
	}
	ctx, actor := r.Context(), s.actor(r)
	categories, err := s.Forum.ManagedCategories(ctx, actor)
	if err != nil {
		return err
	}
	for _, c := range categories {
		wanted, has := slices.Contains(in.Categories, c.ID.String()), slices.Contains(c.Moderators, esp)
		switch {
		case c.Archived || wanted == has:
		case wanted:
			err = s.Forum.AssignModerator(ctx, actor, c.ID, esp)
		default:
			err = s.Forum.UnassignModerator(ctx, actor, c.ID, esp)
		}
		if err != nil {
			return err
		}
	}
	return s.redirectDone(w, r, "/people", "categories_saved")
}

func (s *Server) disableAccount(w http.ResponseWriter, r *http.Request) error {
	return s.changeAccount(w, r, "disable")
}

func (s *Server) enableAccount(w http.ResponseWriter, r *http.Request) error {
	return s.changeAccount(w, r, "enable")
}

func (s *Server) changeAccount(w http.ResponseWriter, r *http.Request, kind string) error {
	var in struct {
		Reason string `form:"reason"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	id, err := ids.Parse[account.Account](r.PathValue("account"))
	if err != nil {
		return err
	}
	change := s.Accounts.Disable
	if kind == "enable" {
		change = s.Accounts.Enable
	}
	happened, err := change(r.Context(), s.actor(r), id, in.Reason)
	switch {
	case err != nil:
		return s.peopleAgain(w, r, err, id)
	case happened:
		return s.redirectDone(w, r, "/people", "account_"+kind+"d")
	}
	return s.redirectDone(w, r, "/people", "account_"+kind+"_asked")
}

// spareNumbers are the empty rows at the end of the numbers: to add one without JavaScript.
const spareNumbers = 2

func (s *Server) settings(r *http.Request) (accountpage.Settings, error) {
	service := s.service(r)
	v := accountpage.Settings{Service: service, MayEdit: s.actor(r).Is(account.RoleAdmin)}
	var err error
	if v.Outside, err = s.Moderation.Webhook(r.Context(), s.actor(r)); err != nil {
		return v, err
	}
	v.Holding = parts.Form{Values: url.Values{"first": {strconv.Itoa(service.Holding.First)}, "uncovered": {strconv.FormatBool(service.Holding.Uncovered)}}}
	for i, n := range numbersOf(service, s.words(r)) {
		v.Rows = append(v.Rows, account.Number{Number: n.Number, Name: n.Name, Note: n.Note, Always: service.Numbers[i].Always})
	}
	if v.MayEdit {
		v.Rows = append(v.Rows, make([]account.Number, spareNumbers)...)
	}
	return v, nil
}

func (s *Server) showService(w http.ResponseWriter, r *http.Request) error {
	v, err := s.settings(r)
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, accountpage.SettingsPage(v))
}

func (s *Server) changeNumbers(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Numbers []numberRow `form:"numbers"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	v, err := s.settings(r)
	if err != nil {
		return err
	}
	err = s.Accounts.ChangeNumbers(r.Context(), s.actor(r), keepNumbers(in.Numbers, s.service(r).Numbers, v.Rows))
	if err != nil {
		if fields, ok := errors.AsType[errs.Fields](err); ok {
			err = backToRows(fields, in.Numbers)
		}
		return s.again(w, r, err, func(f parts.Form) templ.Component {
			v.Form = f
			return accountpage.SettingsPage(v)
		})
	}
	return s.redirectDone(w, r, "/service", "numbers_saved")
}

func (s *Server) confirmNumbers(w http.ResponseWriter, r *http.Request) error {
	if err := s.Accounts.ConfirmNumbers(r.Context(), s.actor(r)); err != nil {
		return err
	}
	return s.redirectDone(w, r, "/service", "numbers_confirmed")
}

// changeConversation sets how long a conversation lasts.
func (s *Server) changeConversation(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Minutes string `form:"minutes"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	v, err := s.settings(r)
	if err != nil {
		return err
	}
	if err = s.Accounts.ChangeConversation(r.Context(), s.actor(r), wholeNumber(in.Minutes)); err != nil {
		return s.again(w, r, err, func(f parts.Form) templ.Component {
			v.Form = f
			return accountpage.SettingsPage(v)
		})
	}
	return s.redirectDone(w, r, "/service", "conversation_saved")
}

// changeKeeping sets for how long conversations are kept.
func (s *Server) changeKeeping(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Guest   string `form:"keep_guest"`
		Member  string `form:"keep_member"`
		Flagged string `form:"keep_flagged"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	v, err := s.settings(r)
	if err != nil {
		return err
	}
	k := account.Keeping{GuestHours: wholeNumber(in.Guest), MemberMonths: wholeNumber(in.Member), FlaggedMonths: wholeNumber(in.Flagged)}
	if err := s.Accounts.ChangeKeeping(r.Context(), s.actor(r), k); err != nil {
		return s.again(w, r, err, func(f parts.Form) templ.Component {
			v.Form = f
			return accountpage.SettingsPage(v)
		})
	}
	return s.redirectDone(w, r, "/service", "keeping_saved")
}

// wholeNumber reads one; what is none is refused by the domain, in its words.
func wholeNumber(text string) int {
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil {
		return -1
	}
	return n
}

// changeHolding sets which posts are read by somebody before they appear.
func (s *Server) changeHolding(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		First     string `form:"first"`
		Uncovered bool   `form:"uncovered"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	v, err := s.settings(r)
	if err != nil {
		return err
	}
	first, err := strconv.Atoi(in.First)
	if err != nil {
		first = -1 // refused by the domain, in its words
	}
	err = s.Accounts.ChangeHolding(r.Context(), s.actor(r), account.Holding{First: first, Uncovered: in.Uncovered})
	if err != nil {
		return s.again(w, r, err, func(f parts.Form) templ.Component {
			v.Form, v.Holding = f, f
			return accountpage.SettingsPage(v)
		})
	}
	return s.redirectDone(w, r, "/service", "holding_saved")
}

// changeOutside sets where an escalation that nobody here answers is announced. The secret is in this answer and nowhere else.
func (s *Server) changeOutside(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		URL string `form:"url"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	v, err := s.settings(r)
	if err != nil {
		return err
	}
	address := strings.TrimSpace(in.URL)
	secret, err := s.Moderation.SetWebhook(r.Context(), s.actor(r), address)
	if err != nil {
		return s.again(w, r, err, func(f parts.Form) templ.Component {
			v.Form = f
			return accountpage.SettingsPage(v)
		})
	}
	if address == "" {
		return s.redirectDone(w, r, "/service", "outside_removed")
	}
	v.Outside, v.Secret = address, secret
	return s.render(w, r, http.StatusOK, accountpage.SettingsPage(v))
}
