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

// shifts is the page of shifts as the actor sees it, with the plan of one week.
func (s *Server) shifts(r *http.Request, at time.Time) (p rosterpage.Shifts, err error) {
	ctx, actor := r.Context(), s.actor(r)
	p.Me = actor
	p.From, p.To = roster.Week(at, s.words(r).Zone())
	if p.Planned, err = s.Roster.Planned(ctx, actor, p.From, p.To); err != nil {
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
	if actor.Is(account.RoleTutor) {
		if p.Pauses, err = s.Chat.Pauses(ctx, actor); err != nil {
			return p, err
		}
		if p.Pairs, err = s.Chat.Pairs(ctx, actor); err != nil {
			return p, err
		}
		if p.Blocks, err = s.Chat.Blocks(ctx, actor); err != nil {
			return p, err
		}
	}
	if actor.Is(account.RoleAdmin) {
		waiting, err := s.Chat.WaitingList(ctx, actor)
		if err != nil {
			return p, err
		}
		p.Waiting = &waiting
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

// releasePeer ends the pause of an ESP.
func (s *Server) releasePeer(w http.ResponseWriter, r *http.Request) error {
	esp, err := ids.Parse[account.Account](r.PathValue("account"))
	if err != nil {
		return err
	}
	if err := s.Chat.Release(r.Context(), s.actor(r), esp); err != nil {
		return err
	}
	return s.redirect(w, r, "/shifts")
}

// allowTwo lets an ESP hold two conversations at once.
func (s *Server) allowTwo(w http.ResponseWriter, r *http.Request) error { return s.setTwo(w, r, true) }

// allowOne takes that back.
func (s *Server) allowOne(w http.ResponseWriter, r *http.Request) error { return s.setTwo(w, r, false) }

func (s *Server) setTwo(w http.ResponseWriter, r *http.Request, allow bool) error {
	esp, err := ids.Parse[account.Account](r.PathValue("account"))
	if err != nil {
		return err
	}
	if err := s.Chat.AllowTwo(r.Context(), s.actor(r), esp, allow); err != nil {
		return err
	}
	return s.redirect(w, r, "/shifts")
}

// unblock lets somebody ask for conversations again.
func (s *Server) unblock(w http.ResponseWriter, r *http.Request) error {
	who, err := ids.Parse[account.Account](r.PathValue("account"))
	if err != nil {
		return err
	}
	if err := s.Chat.Unblock(r.Context(), s.actor(r), who); err != nil {
		return err
	}
	return s.redirect(w, r, "/shifts")
}

func (s *Server) showShifts(w http.ResponseWriter, r *http.Request) error {
	p, err := s.shifts(r, s.weekAsked(r, r.URL.Query().Get("week")))
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, rosterpage.Page(p))
}

// weekAsked is a moment of the week that an address or a form names by its Monday; now where it names none.
func (s *Server) weekAsked(r *http.Request, monday string) time.Time {
	at, err := time.ParseInLocation(time.DateOnly, monday, s.words(r).Zone())
	if err != nil {
		return time.Now()
	}
	return at
}

// weekURL leads to the week of an instant.
func (s *Server) weekURL(r *http.Request, at time.Time) string {
	from, _ := roster.Week(at, s.words(r).Zone())
	return rosterpage.WeekURL(from)
}

func (s *Server) planShift(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Account string `form:"account"`
		From    string `form:"from"`
		To      string `form:"to"`
		Week    string `form:"week"` // that is shown beside the form
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
		p, pageErr := s.shifts(r, s.weekAsked(r, in.Week))
		if pageErr != nil {
			return pageErr
		}
		return s.again(w, r, err, func(f parts.Form) templ.Component {
			p.Form = f
			return rosterpage.Page(p)
		})
	}
	return s.redirectDone(w, r, s.weekURL(r, from), "shift_planned")
}

func (s *Server) removeShift(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Week string `form:"week"`
	}
	id, err := ids.Parse[roster.Shift](r.PathValue("shift"))
	if err == nil {
		err = decode(r, &in)
	}
	if err != nil {
		return err
	}
	if err := s.Roster.RemoveShift(r.Context(), s.actor(r), id); err != nil {
		return err
	}
	return s.redirectDone(w, r, s.weekURL(r, s.weekAsked(r, in.Week)), "shift_removed")
}

func (s *Server) goOn(w http.ResponseWriter, r *http.Request) error {
	if err := s.Roster.GoOn(r.Context(), s.actor(r)); err != nil {
		return err
	}
	s.Chat.Match(r.Context(), s.actor(r).Service) // whoever waits does not wait for the worker
	return s.redirectDone(w, r, home(s.actor(r).Role), "on_shift")
}

// goOff ends the shift. The last tutor is asked first while people are talking.
func (s *Server) goOff(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Sure bool `form:"sure"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	if !in.Sure {
		left, err := s.Chat.LeftWithoutTutor(r.Context(), s.actor(r))
		if err != nil {
			return err
		}
		if left > 0 {
			return s.render(w, r, http.StatusConflict, rosterpage.LastTutor(left))
		}
	}
	if err := s.Roster.GoOff(r.Context(), s.actor(r)); err != nil {
		return err
	}
	return s.redirectDone(w, r, home(s.actor(r).Role), "off_shift")
}
