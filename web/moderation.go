package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"ponti/account"
	"ponti/chat"
	"ponti/internal/errs"
	"ponti/internal/ids"
	"ponti/moderation"
	"ponti/roster"
	forumpage "ponti/web/page/forum"
	moderationpage "ponti/web/page/moderation"
	"ponti/web/page/parts"
)

func (s *Server) showConsole(w http.ResponseWriter, r *http.Request) error {
	v, err := s.console(r)
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, moderationpage.Console(v))
}

// console reads the list. Whoever looks at it is there.
func (s *Server) console(r *http.Request) (moderationpage.ConsoleView, error) {
	actor := s.actor(r)
	s.stillHere(r)
	list, err := s.Moderation.Console(r.Context(), actor)
	if err != nil {
		return moderationpage.ConsoleView{}, err
	}
	v := moderationpage.ConsoleView{Console: list, Tutor: actor.Is(account.RoleTutor)}
	if v.Tutor {
		waiting, err := s.Chat.WaitingList(r.Context(), actor)
		if err != nil {
			return v, err
		}
		v.Room = &waiting
		if v.Asked, err = s.Chat.AskedOfTutors(r.Context(), actor); err != nil {
			return v, err
		}
		if v.Alone, err = s.Roster.Unbacked(r.Context(), actor); err != nil {
			return v, err
		}
	}
	if v.Exposure, err = s.Moderation.Exposure(r.Context(), actor); err != nil {
		return v, err
	}
	v.OnShift, err = s.Roster.OnShift(r.Context(), actor)
	v.Away = !slices.ContainsFunc(v.OnShift, func(d roster.Duty) bool { return d.Account == actor.ID })
	return v, err
}

func (s *Server) showEscalation(w http.ResponseWriter, r *http.Request) error {
	return s.showOpened(w, r, http.StatusOK, parts.Form{})
}

// showOpened shows one alert beside the list, with a form that came back.
func (s *Server) showOpened(w http.ResponseWriter, r *http.Request, status int, closing parts.Form) error {
	id, err := ids.Parse[moderation.Escalation](r.PathValue("escalation"))
	if err != nil {
		return err
	}
	// Opened before the list is read: opening is audited and may be refused.
	shown, err := s.Moderation.ShowEscalation(r.Context(), s.actor(r), id)
	if errs.KindOf(err) == errs.NotFound {
		return s.showTold(w, r, id)
	}
	if err != nil {
		return err
	}
	v, err := s.console(r)
	if err != nil {
		return err
	}
	v.Opened = &moderationpage.Opened{Shown: shown, Close: closing, Tutor: v.Tutor, Others: otherTutors(v.OnShift, s.actor(r))}
	if i := slices.IndexFunc(v.Asked, func(a chat.Asked) bool {
		return shown.Subject == moderation.Subject{Kind: moderation.SubjectRoom, ID: a.Room.String()}
	}); i >= 0 {
		v.Opened.Asked = &v.Asked[i]
	}
	return s.render(w, r, status, moderationpage.Console(v))
}

// showTold is for a tutor who follows a letter, a call or an old link to an alert that is not routed to them: how it stands, and the way to it.
func (s *Server) showTold(w http.ResponseWriter, r *http.Request, id moderation.EscalationID) error {
	told, err := s.Moderation.Told(r.Context(), s.actor(r), id)
	if err != nil {
		return err
	}
	v, err := s.console(r)
	if err != nil {
		return err
	}
	v.ToldOf = &told
	return s.render(w, r, http.StatusOK, moderationpage.Console(v))
}

// answerEscalation has a tutor come on shift for an alert they were told of, if they are not, and leads to it.
func (s *Server) answerEscalation(w http.ResponseWriter, r *http.Request) error {
	id, err := ids.Parse[moderation.Escalation](r.PathValue("escalation"))
	if err != nil {
		return err
	}
	// First, so that nobody comes on shift for what is none of theirs.
	if _, err := s.Moderation.Told(r.Context(), s.actor(r), id); err != nil {
		return err
	}
	switch err := s.Roster.GoOn(r.Context(), s.actor(r)); {
	case err == nil:
		s.Chat.Match(r.Context(), s.actor(r).Service)
	case !errors.Is(err, roster.ErrAlreadyOn):
		return err
	}
	if err := s.Moderation.Answer(r.Context(), s.actor(r), id); err != nil {
		return err
	}
	return s.redirectDone(w, r, "/console/"+id.String(), "on_shift")
}

// otherTutors are those on call whom one may hand something to.
func otherTutors(here []roster.Duty, actor account.Actor) []roster.Duty {
	return slices.DeleteFunc(slices.Clone(here), func(d roster.Duty) bool { return !d.OnCall || d.Role != account.RoleTutor || d.Account == actor.ID })
}

func (s *Server) acknowledgeEscalation(w http.ResponseWriter, r *http.Request) error {
	id, err := ids.Parse[moderation.Escalation](r.PathValue("escalation"))
	if err != nil {
		return err
	}
	if err := s.Moderation.Acknowledge(r.Context(), s.actor(r), id); err != nil {
		return err
	}
	return s.redirectDone(w, r, "/console/"+id.String(), "acknowledged")
}

func (s *Server) handOver(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		To string `form:"to"`
	}
	id, err := ids.Parse[moderation.Escalation](r.PathValue("escalation"))
	if err == nil {
		err = decode(r, &in)
	}
	if err == nil {
		to, none := ids.Parse[account.Account](in.To)
		if none != nil {
			to = account.ID{} // nobody was chosen: refused by the domain, in its words
		}
		err = s.Moderation.HandOver(r.Context(), s.actor(r), id, to)
	}
	if f, ok := formAgain(r, err); ok {
		return s.showOpened(w, r, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	return s.redirectDone(w, r, "/console/"+id.String(), "handed")
}

func (s *Server) takeOver(w http.ResponseWriter, r *http.Request) error {
	id, err := ids.Parse[moderation.Escalation](r.PathValue("escalation"))
	if err != nil {
		return err
	}
	if err := s.Moderation.TakeOver(r.Context(), s.actor(r), id); err != nil {
		return err
	}
	return s.redirectDone(w, r, "/console/"+id.String(), "acknowledged")
}

func (s *Server) closeEscalation(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Outcome    moderation.Outcome `form:"outcome"`
		Note       string             `form:"note"`
		Protective string             `form:"protective"`
		AfterCare  string             `form:"after_care"`
		Seen       int64              `form:"seen"`
	}
	id, err := ids.Parse[moderation.Escalation](r.PathValue("escalation"))
	if err == nil {
		err = decode(r, &in)
	}
	if err == nil {
		err = s.Moderation.CloseEscalation(r.Context(), s.actor(r), id, moderation.Closing{Outcome: in.Outcome, Note: in.Note, Protective: in.Protective, AfterCare: in.AfterCare, Seen: in.Seen})
	}
	if f, ok := formAgain(r, err); ok {
		return s.showOpened(w, r, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	return s.redirectDone(w, r, "/console", "escalation_closed")
}

func (s *Server) showQueue(w http.ResponseWriter, r *http.Request) error {
	if s.actor(r).Is(account.RoleAdmin) {
		n, err := s.Moderation.QueueLength(r.Context(), s.actor(r))
		if err != nil {
			return err
		}
		return s.render(w, r, http.StatusOK, moderationpage.QueueLength(n))
	}
	list, err := s.Moderation.Queue(r.Context(), s.actor(r))
	if err != nil {
		return err
	}
	inForce, err := s.Moderation.InForce(r.Context(), s.actor(r))
	if err != nil {
		return err
	}
	_, toRead, err := s.Forum.HeldPosts(r.Context(), s.actor(r))
	if err != nil {
		return err
	}
	hidden, err := s.Moderation.Hidden(r.Context(), s.actor(r))
	if err != nil {
		return err
	}
	exposure, err := s.Moderation.Exposure(r.Context(), s.actor(r))
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, moderationpage.Queue(list, moderationpage.QueueMore{
		Exposure: exposure, Hidden: hidden,
		ToRead: forumpage.ToRead(toRead), Held: len(toRead), InForce: moderationpage.InForce{List: inForce, Tutor: s.actor(r).Is(account.RoleTutor)},
	}))
}

func (s *Server) showCase(w http.ResponseWriter, r *http.Request) error {
	return s.showCaseWith(w, r, http.StatusOK, parts.Form{})
}

func (s *Server) showCaseWith(w http.ResponseWriter, r *http.Request, status int, f parts.Form) error {
	id, err := ids.Parse[moderation.Case](r.PathValue("case"))
	if err != nil {
		return err
	}
	c, err := s.Moderation.ShowCase(r.Context(), s.actor(r), id)
	if err != nil {
		return err
	}
	return s.render(w, r, status, moderationpage.Case(c, f))
}

func (s *Server) liftSanction(w http.ResponseWriter, r *http.Request) error {
	id, err := ids.Parse[moderation.Case](r.PathValue("case"))
	if err != nil {
		return err
	}
	if err := s.Moderation.Lift(r.Context(), s.actor(r), id); err != nil {
		return err
	}
	return s.redirectDone(w, r, "/moderation", "sanction_lifted")
}

func (s *Server) excludeAuthor(w http.ResponseWriter, r *http.Request) error {
	return s.byTwo(w, r, s.Moderation.Exclude, "excluded")
}

func (s *Server) readmitAuthor(w http.ResponseWriter, r *http.Request) error {
	return s.byTwo(w, r, s.Moderation.Readmit, "readmitted")
}

// byTwo does what takes two people, or says that another is waited for.
func (s *Server) byTwo(w http.ResponseWriter, r *http.Request, act func(context.Context, account.Actor, moderation.CaseID) (bool, error), done string) error {
	id, err := ids.Parse[moderation.Case](r.PathValue("case"))
	if err != nil {
		return err
	}
	happened, err := act(r.Context(), s.actor(r), id)
	if err != nil {
		return err
	}
	if !happened {
		done = "second_awaited"
	}
	return s.redirectDone(w, r, "/moderation", done)
}

// subject is what a report is about, as the address says it.
func subject(r *http.Request) moderation.Subject {
	return moderation.Subject{Kind: moderation.SubjectKind(r.PathValue("kind")), ID: r.PathValue("id")}
}

func (s *Server) showReportForm(w http.ResponseWriter, r *http.Request) error {
	if err := s.Moderation.MayReport(r.Context(), s.actor(r), subject(r)); err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, moderationpage.ReportForm(subject(r), parts.Form{}))
}

func (s *Server) fileReport(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Reason moderation.Reason `form:"reason"`
		Note   string            `form:"note"`
	}
	err := decode(r, &in)
	if err == nil {
		err = s.Moderation.FileReport(r.Context(), s.actor(r), moderation.Report{Subject: subject(r), Reason: in.Reason, Note: in.Note})
	}
	if f, ok := formAgain(r, err); ok {
		// Whether it can be read at all comes before what is wrong with the form.
		if err := s.Moderation.MayReport(r.Context(), s.actor(r), subject(r)); err != nil {
			return err
		}
		return s.render(w, r, http.StatusUnprocessableEntity, moderationpage.ReportForm(subject(r), f))
	}
	if err != nil {
		return err
	}
	return s.redirect(w, r, "/reported")
}

func (s *Server) showReported(w http.ResponseWriter, r *http.Request) error {
	return s.render(w, r, http.StatusOK, moderationpage.Reported())
}

// showNotices marks as seen what it shows, after it was read: a page that could not be made leaves them new.
func (s *Server) showNotices(w http.ResponseWriter, r *http.Request) error {
	list, err := s.Moderation.Notices(r.Context(), s.actor(r))
	if err != nil {
		return err
	}
	if err := s.render(w, r, http.StatusOK, moderationpage.Notices(list)); err != nil {
		return err
	}
	newest := time.Time{}
	if len(list) > 0 {
		newest = list[0].At
	}
	return s.Moderation.MarkNoticesRead(r.Context(), s.actor(r), newest)
}
