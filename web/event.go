package web

import (
	"net/http"
	"strings"

	"ponti/account"
	"ponti/forum"
	"ponti/internal/ids"
	forumpage "ponti/web/page/forum"
	"ponti/web/page/parts"
)

// upcomingShown is how many events the forum's front page shows; the others have a page.
const upcomingShown = 3

// eventForm is what the forms of an event send.
type eventForm struct {
	From     string              `form:"from"`
	To       string              `form:"to"`
	Online   bool                `form:"online"`
	Place    string              `form:"place"`
	Title    string              `form:"title"` // of a new one
	Text     string              `form:"text"`
	CID      string              `form:"cid"`
	Notes    []forum.ContentNote `form:"notes"`
	Sequence int                 `form:"sequence"` // of one that changes
}

func (in eventForm) time() forum.EventTime {
	return forum.EventTime{From: in.From, To: in.To, Online: in.Online, Place: in.Place}
}

func (s *Server) showEvents(w http.ResponseWriter, r *http.Request) error {
	list, err := s.Forum.UpcomingEvents(r.Context(), s.actor(r), forum.UpcomingMany)
	if err != nil {
		return err
	}
	made, err := s.Forum.FeedMade(r.Context(), s.actor(r))
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, forumpage.Events(list, made))
}

func (s *Server) showNewEvent(w http.ResponseWriter, r *http.Request) error {
	return s.newEventPage(w, r, http.StatusOK, parts.Form{})
}

func (s *Server) newEventPage(w http.ResponseWriter, r *http.Request, status int, f parts.Form) error {
	c, err := s.Forum.Category(r.Context(), s.actor(r), r.PathValue("slug"))
	switch {
	case err != nil:
		return err
	case !forum.MayOpenEvent(s.actor(r), c):
		return account.ErrForbidden
	}
	return s.render(w, r, status, forumpage.NewEvent(c, newCID(), f))
}

func (s *Server) openEvent(w http.ResponseWriter, r *http.Request) error {
	var in eventForm
	if err := decode(r, &in); err != nil {
		return err
	}
	receipt, err := s.Forum.OpenEvent(r.Context(), s.actor(r), forum.NewEvent{
		Category: r.PathValue("slug"), Title: in.Title, Text: in.Text, Notes: in.Notes, CID: in.CID, EventTime: in.time(),
	})
	if f, again := formAgain(r, err); again {
		return s.newEventPage(w, r, http.StatusUnprocessableEntity, f)
	}
	return s.written(w, r, receipt, err)
}

func (s *Server) showEventForm(w http.ResponseWriter, r *http.Request) error {
	return s.eventPage(w, r, http.StatusOK, parts.Form{}, forumpage.ChangeEvent)
}

func (s *Server) showCancelEvent(w http.ResponseWriter, r *http.Request) error {
	return s.eventPage(w, r, http.StatusOK, parts.Form{}, forumpage.CancelEvent)
}

// eventPage is a form about an event, for who may change it while it can be changed.
func (s *Server) eventPage(w http.ResponseWriter, r *http.Request, status int, f parts.Form, page forumpage.EventForm) error {
	id, err := ids.Parse[forum.Thread](r.PathValue("thread"))
	if err != nil {
		return err
	}
	l, err := s.Forum.Posts(r.Context(), s.actor(r), id, 0, 1)
	switch {
	case err != nil:
		return err
	case l.Thread.Event == nil || !l.MayCancel:
		return account.ErrNotFound
	case l.Thread.Event.Cancelled && len(f.Mistakes) == 0:
		return forum.ErrEventCancelled
	}
	return s.render(w, r, status, page(l, f))
}

func (s *Server) changeEvent(w http.ResponseWriter, r *http.Request) error {
	var in eventForm
	if err := decode(r, &in); err != nil {
		return err
	}
	id, err := ids.Parse[forum.Thread](r.PathValue("thread"))
	if err != nil {
		return err
	}
	err = asMistake(s.Forum.ChangeEvent(r.Context(), s.actor(r), id, in.Sequence, in.time()), "from")
	return s.eventDone(w, r, id, err, "event_changed", forumpage.ChangeEvent)
}

func (s *Server) cancelEvent(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Reason string `form:"reason"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	id, err := ids.Parse[forum.Thread](r.PathValue("thread"))
	if err != nil {
		return err
	}
	return s.eventDone(w, r, id, s.Forum.CancelEvent(r.Context(), s.actor(r), id, in.Reason), "event_cancelled", forumpage.CancelEvent)
}

func (s *Server) eventDone(w http.ResponseWriter, r *http.Request, id forum.ThreadID, err error, done string, page forumpage.EventForm) error {
	if f, again := formAgain(r, err); again {
		return s.eventPage(w, r, http.StatusUnprocessableEntity, f, page)
	}
	if err != nil {
		return err
	}
	return s.redirectDone(w, r, "/forum/threads/"+id.String(), done)
}

// downloadEvent is one event as a file for the calendar of who may read it.
func (s *Server) downloadEvent(w http.ResponseWriter, r *http.Request) error {
	id, err := ids.Parse[forum.Thread](r.PathValue("thread"))
	if err != nil {
		return err
	}
	u, err := s.Forum.EventOf(r.Context(), s.actor(r), id)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Disposition", `attachment; filename="calendar.ics"`)
	return s.calendar(w, r, []forum.Upcoming{u})
}

// makeFeed shows the address once, on the page that answers; what is stored cannot be shown again.
func (s *Server) makeFeed(w http.ResponseWriter, r *http.Request) error {
	token, err := s.Forum.MakeFeed(r.Context(), s.actor(r))
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, forumpage.FeedAddress(s.origin(r)+"/calendar/"+token+".ics"))
}

func (s *Server) withdrawFeed(w http.ResponseWriter, r *http.Request) error {
	if err := s.Forum.WithdrawFeed(r.Context(), s.actor(r)); err != nil {
		return err
	}
	return s.redirectDone(w, r, "/forum/events", "feed_withdrawn")
}

// showFeed answers a calendar program, which has no session: who holds the address may read what its owner may.
func (s *Server) showFeed(w http.ResponseWriter, r *http.Request) error {
	list, err := s.Forum.Feed(r.Context(), s.service(r).ID, strings.TrimSuffix(r.PathValue("token"), ".ics"))
	if err != nil {
		return err
	}
	return s.calendar(w, r, list)
}

func (s *Server) calendar(w http.ResponseWriter, r *http.Request, list []forum.Upcoming) error {
	l := s.words(r)
	w.Header().Set("Content-Type", "text/calendar; charset=utf-8")
	_, err := w.Write(forum.Calendar(forum.CalendarWords{Name: l.T("event.calendar"), Online: l.T("event.online")}, list)) //nolint:gosec // a calendar, escaped as one, and no browser takes it for a page: nosniff
	return ignoreGone(err)
}
