package web

import (
	"context"
	"errors"
	"net/http"

	"github.com/a-h/templ"

	"ponti/account"
	"ponti/forum"
	"ponti/internal/errs"
	"ponti/internal/ids"
	forumpage "ponti/web/page/forum"
	"ponti/web/page/parts"
)

// roundForm is what the forms of a round table send.
type roundForm struct {
	Title   string              `form:"title"`
	Text    string              `form:"text"`
	Agenda  string              `form:"agenda"`
	Stand   string              `form:"stand"`
	Vote    string              `form:"vote"`
	Options string              `form:"options"`
	Until   string              `form:"until"`
	Alias   string              `form:"alias"`
	Choice  int                 `form:"choice"`
	CID     string              `form:"cid"`
	Notes   []forum.ContentNote `form:"notes"`
}

func (in roundForm) terms() forum.Terms { return forum.Terms{Stand: in.Stand, Vote: in.Vote} }

func (s *Server) showNewRound(w http.ResponseWriter, r *http.Request) error {
	return s.newRoundPage(w, r, http.StatusOK, parts.Form{})
}

func (s *Server) newRoundPage(w http.ResponseWriter, r *http.Request, status int, f parts.Form) error {
	c, err := s.Forum.Category(r.Context(), s.actor(r), r.PathValue("slug"))
	switch {
	case err != nil:
		return err
	case !forum.MayOpenRound(s.actor(r), c):
		return account.ErrForbidden
	}
	return s.render(w, r, status, forumpage.NewRound(c, newCID(), f))
}

func (s *Server) openRound(w http.ResponseWriter, r *http.Request) error {
	var in roundForm
	if err := decode(r, &in); err != nil {
		return err
	}
	receipt, err := s.Forum.OpenRound(r.Context(), s.actor(r), forum.NewRound{
		Category: r.PathValue("slug"), Title: in.Title, Text: in.Text, Agenda: in.Agenda, Notes: in.Notes, CID: in.CID, Terms: in.terms(),
	})
	if f, again := formAgain(r, err); again {
		return s.newRoundPage(w, r, http.StatusUnprocessableEntity, f)
	}
	return s.written(w, r, receipt, err)
}

// roundPage is a page about a round table, and who it is for while the table is at that point.
type roundPage struct {
	show func(l forum.PostList, cid string, f parts.Form) templ.Component
	may  func(*forum.Round) bool
}

var (
	standPage    = roundPage{forumpage.StandForm, func(t *forum.Round) bool { return t.MayStand }}
	ballotPage   = roundPage{forumpage.NewBallot, func(t *forum.Round) bool { return t.Runs }}
	agendaPage   = roundPage{forumpage.AgendaForm, func(t *forum.Round) bool { return t.Runs }}
	minutesPage  = roundPage{forumpage.MinutesForm, func(t *forum.Round) bool { return t.MayMinute }}
	runPage      = roundPage{forumpage.RunRound, func(t *forum.Round) bool { return t.Runs }}
	electionPage = roundPage{forumpage.CallElection, func(t *forum.Round) bool { return t.MayCall }}
)

// shows answers with a page about the table of the path.
func (s *Server) shows(p roundPage) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		return s.roundPage(w, r, http.StatusOK, p, parts.Form{})
	}
}

// roundPage shows a form again to whoever sent it, also when it is no longer for them: what they wrote is in it.
func (s *Server) roundPage(w http.ResponseWriter, r *http.Request, status int, p roundPage, f parts.Form) error {
	id, err := ids.Parse[forum.Thread](r.PathValue("thread"))
	if err != nil {
		return err
	}
	l, err := s.Forum.Table(r.Context(), s.actor(r), id)
	switch {
	case err != nil:
		return err
	case !p.may(l.Round) && len(f.Mistakes) == 0:
		return forum.ErrNotNow
	}
	return s.render(w, r, status, p.show(l, newCID(), f))
}

// asRoundMistake ties to a field what came between, also that somebody else runs the table by now.
func asRoundMistake(err error, field string) error {
	if e, ok := errors.AsType[*errs.Error](err); ok && errors.Is(err, forum.ErrNotRunning) {
		return errs.Field(field, e.Key, e.Params)
	}
	return asMistake(err, field)
}

// says answers a form whose words become a post at the table of the path.
func (s *Server) says(p roundPage, field string, write func(ctx context.Context, a account.Actor, id forum.ThreadID, in roundForm) (forum.Receipt, error)) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		var in roundForm
		if err := decode(r, &in); err != nil {
			return err
		}
		id, err := ids.Parse[forum.Thread](r.PathValue("thread"))
		if err != nil {
			return err
		}
		receipt, err := write(r.Context(), s.actor(r), id, in)
		err = asRoundMistake(err, field)
		if f, again := formAgain(r, err); again {
			return s.roundPage(w, r, http.StatusUnprocessableEntity, p, f)
		}
		return s.written(w, r, receipt, err)
	}
}

func (s *Server) standForElection() func(http.ResponseWriter, *http.Request) error {
	return s.says(standPage, "text", func(ctx context.Context, a account.Actor, id forum.ThreadID, in roundForm) (forum.Receipt, error) {
		return s.Forum.Stand(ctx, a, forum.Candidacy{Thread: id, Text: in.Text, CID: in.CID})
	})
}

func (s *Server) startBallot() func(http.ResponseWriter, *http.Request) error {
	return s.says(ballotPage, "text", func(ctx context.Context, a account.Actor, id forum.ThreadID, in roundForm) (forum.Receipt, error) {
		return s.Forum.StartBallot(ctx, a, forum.NewBallot{Thread: id, Question: in.Text, Options: in.Options, Until: in.Until, CID: in.CID})
	})
}

func (s *Server) setAgenda() func(http.ResponseWriter, *http.Request) error {
	return s.says(agendaPage, "agenda", func(ctx context.Context, a account.Actor, id forum.ThreadID, in roundForm) (forum.Receipt, error) {
		return s.Forum.SetAgenda(ctx, a, forum.NewAgenda{Thread: id, Agenda: in.Agenda, CID: in.CID})
	})
}

func (s *Server) writeMinutes() func(http.ResponseWriter, *http.Request) error {
	return s.says(minutesPage, "text", func(ctx context.Context, a account.Actor, id forum.ThreadID, in roundForm) (forum.Receipt, error) {
		return s.Forum.WriteMinutes(ctx, a, forum.NewMinutes{Thread: id, Text: in.Text, Notes: in.Notes, CID: in.CID})
	})
}

// onTable answers a form that becomes no post: it leads back to the table, or shows the page it came from with what is wrong.
func (s *Server) onTable(p roundPage, done string, do func(ctx context.Context, a account.Actor, id forum.ThreadID, in roundForm) error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		var in roundForm
		if err := decode(r, &in); err != nil {
			return err
		}
		id, err := ids.Parse[forum.Thread](r.PathValue("thread"))
		if err != nil {
			return err
		}
		err = do(r.Context(), s.actor(r), id, in)
		if f, again := formAgain(r, err); again {
			return s.roundPage(w, r, http.StatusUnprocessableEntity, p, f)
		}
		if err != nil {
			return err
		}
		return s.redirectDone(w, r, "/forum/threads/"+id.String(), done)
	}
}

func (s *Server) callElection() func(http.ResponseWriter, *http.Request) error {
	return s.onTable(electionPage, "round_called", func(ctx context.Context, a account.Actor, id forum.ThreadID, in roundForm) error {
		return s.Forum.CallElection(ctx, a, id, in.terms())
	})
}

func (s *Server) inviteStaff() func(http.ResponseWriter, *http.Request) error {
	return s.onTable(runPage, "round_invited", func(ctx context.Context, a account.Actor, id forum.ThreadID, in roundForm) error {
		return s.Forum.InviteStaff(ctx, a, id, in.Alias)
	})
}

func (s *Server) giveRoundBack(w http.ResponseWriter, r *http.Request) error {
	return s.doneAtTable(w, r, "round_left", s.Forum.GiveBack)
}

func (s *Server) endRound(w http.ResponseWriter, r *http.Request) error {
	return s.doneAtTable(w, r, "round_ended", s.Forum.EndRound)
}

func (s *Server) doneAtTable(w http.ResponseWriter, r *http.Request, done string, do func(context.Context, account.Actor, forum.ThreadID) error) error {
	id, err := ids.Parse[forum.Thread](r.PathValue("thread"))
	if err != nil {
		return err
	}
	if err := do(r.Context(), s.actor(r), id); err != nil {
		return err
	}
	return s.redirectDone(w, r, "/forum/threads/"+id.String(), done)
}

func (s *Server) raiseHand(w http.ResponseWriter, r *http.Request) error {
	return s.changeThread(w, r, s.Forum.RaiseHand)
}

func (s *Server) lowerHand(w http.ResponseWriter, r *http.Request) error {
	return s.changeThread(w, r, s.Forum.LowerHand)
}

func (s *Server) endWord(w http.ResponseWriter, r *http.Request) error {
	return s.changeThread(w, r, s.Forum.EndWord)
}

// about does to what a path names something that needs no further word, and shows the table.
func about[T any](s *Server, name string, do func(*forum.Forum, context.Context, account.Actor, forum.ThreadID, ids.ID[T]) error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		which, err := ids.Parse[T](r.PathValue(name))
		if err != nil {
			return err
		}
		return s.changeThread(w, r, func(ctx context.Context, a account.Actor, id forum.ThreadID) error {
			return do(s.Forum, ctx, a, id, which)
		})
	}
}

func (s *Server) showBallot(w http.ResponseWriter, r *http.Request) error {
	return s.votePage(w, r, http.StatusOK, parts.Form{})
}

func (s *Server) votePage(w http.ResponseWriter, r *http.Request, status int, f parts.Form) error {
	id, err := ids.Parse[forum.Thread](r.PathValue("thread"))
	if err != nil {
		return err
	}
	ballot, err := ids.Parse[forum.Ballot](r.PathValue("ballot"))
	if err != nil {
		return err
	}
	l, b, err := s.Forum.BallotOf(r.Context(), s.actor(r), id, ballot)
	if err != nil {
		return err
	}
	return s.render(w, r, status, forumpage.Vote(l, b, f))
}

// vote says nothing of what was voted: not in the address it leads to, not in the log.
func (s *Server) vote(w http.ResponseWriter, r *http.Request) error {
	var in roundForm
	if err := decode(r, &in); err != nil {
		return err
	}
	ballot, err := ids.Parse[forum.Ballot](r.PathValue("ballot"))
	if err != nil {
		return err
	}
	thread, err := s.Forum.Vote(r.Context(), s.actor(r), ballot, in.Choice)
	if errors.Is(err, forum.ErrVoted) {
		return s.redirectDone(w, r, "/forum/threads/"+thread.String(), "round_voted_before")
	}
	if f, again := formAgain(r, err); again {
		return s.votePage(w, r, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	return s.redirectDone(w, r, "/forum/threads/"+thread.String(), "round_voted")
}
