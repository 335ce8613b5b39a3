package web

import (
	"net/http"
	"time"

	"github.com/a-h/templ"

	"ponti/account"
	"ponti/internal/ids"
	"ponti/roster"
	"ponti/web/page/parts"
	rosterpage "ponti/web/page/roster"
)

// planAhead is how far the plan is shown.
const planAhead = 28 * 24 * time.Hour

// shifts is the page of shifts as the actor sees it.
func (s *Server) shifts(r *http.Request) (p rosterpage.Shifts, err error) {
	ctx, actor, now := r.Context(), s.actor(r), time.Now()
	p.Me = actor
	if p.Planned, err = s.Roster.Planned(ctx, actor, now, now.Add(planAhead)); err != nil {
		return p, err
	}
	if p.On, err = s.Roster.OnShift(ctx, actor); err != nil {
		return p, err
	}
	if actor.Is(account.RoleESP, account.RoleSenior, account.RoleTutor) {
		if p.Mine, err = s.Roster.Current(ctx, actor); err != nil {
			return p, err
		}
	}
	if actor.Is(account.RoleTutor, account.RoleAdmin) {
		p.MayPlan = true
		staff, err := s.Accounts.Staff(ctx, actor)
		if err != nil {
			return p, err
		}
		for _, m := range staff {
			if m.DisabledAt == nil && (account.Actor{Role: m.Role}).Is(account.RoleESP, account.RoleSenior, account.RoleTutor) {
				p.Staff = append(p.Staff, m)
			}
		}
	}
	return p, nil
}

func (s *Server) showShifts(w http.ResponseWriter, r *http.Request) error {
	p, err := s.shifts(r)
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, rosterpage.Page(p))
}

func (s *Server) planShift(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Account string `form:"account"`
		From    string `form:"from"`
		To      string `form:"to"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	from, to, err := roster.ParseSpan(in.From, in.To, s.words(r).Zone())
	if err == nil {
		var who account.ID
		if who, err = ids.Parse[account.Account](in.Account); err != nil {
			err = roster.ErrNotStaff
		} else {
			_, err = s.Roster.PlanShift(r.Context(), s.actor(r), roster.Shift{Account: who, From: from, To: to})
		}
	}
	if err != nil {
		p, pageErr := s.shifts(r)
		if pageErr != nil {
			return pageErr
		}
		return s.again(w, r, err, func(f parts.Form) templ.Component {
			p.Form = f
			return rosterpage.Page(p)
		})
	}
	return s.redirectDone(w, r, "/shifts", "shift_planned")
}

func (s *Server) removeShift(w http.ResponseWriter, r *http.Request) error {
	id, err := ids.Parse[roster.Shift](r.PathValue("shift"))
	if err != nil {
		return err
	}
	if err := s.Roster.RemoveShift(r.Context(), s.actor(r), id); err != nil {
		return err
	}
	return s.redirectDone(w, r, "/shifts", "shift_removed")
}

func (s *Server) goOn(w http.ResponseWriter, r *http.Request) error {
	if err := s.Roster.GoOn(r.Context(), s.actor(r)); err != nil {
		return err
	}
	s.Chat.Match(r.Context(), s.actor(r).Service) // whoever waits does not wait for the worker
	return s.redirectDone(w, r, home(s.actor(r).Role), "on_shift")
}

func (s *Server) goOff(w http.ResponseWriter, r *http.Request) error {
	if err := s.Roster.GoOff(r.Context(), s.actor(r)); err != nil {
		return err
	}
	return s.redirectDone(w, r, home(s.actor(r).Role), "off_shift")
}
