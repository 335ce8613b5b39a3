package web

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"ponti/chat"
	"ponti/internal/errs"
	"ponti/internal/ids"
	"ponti/moderation/triage"
	"ponti/roster"
	chatpage "ponti/web/page/chat"
	"ponti/web/page/parts"
)

// historyPage is how many messages stand on one page of a conversation.
const historyPage = 200

// showWaiting is the person's place, or the way to one.
func (s *Server) showWaiting(w http.ResponseWriter, r *http.Request) error {
	place, err := s.Chat.Place(r.Context(), s.actor(r))
	switch {
	case errors.Is(err, chat.ErrNoPlace), err == nil && place.State == chat.PlaceEnded:
		until, err := s.Chat.BlockedUntil(r.Context(), s.actor(r))
		if err != nil {
			return err
		}
		if !until.IsZero() {
			return s.render(w, r, http.StatusOK, chatpage.Blocked(until))
		}
		return s.renderAsk(w, r, http.StatusOK, parts.Form{}, chatpage.LostOf(place))
	case err != nil:
		return err
	}
	if place.Away {
		return s.showAway(w, r, http.StatusOK, place, parts.Form{})
	}
	return s.render(w, r, http.StatusOK, chatpage.Waiting(place))
}

func (s *Server) renderAsk(w http.ResponseWriter, r *http.Request, status int, f parts.Form, lost chatpage.Lost) error {
	page, err := s.ask(r, lost)
	if err != nil {
		return err
	}
	return s.render(w, r, status, page(f))
}

// ask is the way into the waiting room, as long as it is open.
func (s *Server) ask(r *http.Request, lost chatpage.Lost) (func(parts.Form) templ.Component, error) {
	open, err := s.Roster.Opening(r.Context(), s.service(r).ID)
	if err != nil {
		return nil, err
	}
	familiar, err := s.Chat.Familiar(r.Context(), s.actor(r))
	if err != nil {
		return nil, err
	}
	return func(f parts.Form) templ.Component {
		f.Puzzle = s.price(r, wayWaiting)
		return chatpage.Ask(f, openingOf(open), lost, familiar)
	}, nil
}

func (s *Server) enterWaiting(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Topic    string `form:"topic"`
		Feeling  string `form:"feeling"` // empty when the person would rather not say
		Familiar bool   `form:"familiar"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	place, err := s.Chat.Place(r.Context(), s.actor(r))
	if err == nil && place.State != chat.PlaceEnded { // sent twice
		return s.redirect(w, r, "/waiting")
	}
	if unpaid := s.pay(r, wayWaiting); unpaid != nil {
		page, err := s.ask(r, "")
		if err != nil {
			return err
		}
		return s.again(w, r, unpaid, page)
	}
	_, err = s.Chat.EnterWaiting(r.Context(), s.actor(r), chat.Entry{Topic: in.Topic, Feeling: feelingOf(in.Feeling), Familiar: in.Familiar})
	if f, again := formAgain(r, err); again {
		return s.renderAsk(w, r, http.StatusUnprocessableEntity, f, "")
	}
	if errors.Is(err, chat.ErrClosed) { // while the form was being filled in
		return s.renderAsk(w, r, http.StatusServiceUnavailable, parts.Form{Values: r.PostForm}, "")
	}
	if err != nil {
		return err
	}
	return s.redirect(w, r, "/waiting")
}

// feelingOf reads a step of the scale; nil when nothing was said.
func feelingOf(text string) *int {
	if text == "" {
		return nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		n = -1 // refused by the domain, in its words
	}
	return &n
}

func (s *Server) leaveWaiting(w http.ResponseWriter, r *http.Request) error {
	err := s.Chat.LeaveWaiting(r.Context(), s.actor(r))
	if errors.Is(err, chat.ErrInSession) {
		return s.redirect(w, r, "/waiting") // it shows the way into the conversation
	}
	if err != nil && !errors.Is(err, chat.ErrNoPlace) {
		return err
	}
	return s.redirect(w, r, "/")
}

func (s *Server) showRooms(w http.ResponseWriter, r *http.Request) error {
	rooms, err := s.Chat.RoomsOf(r.Context(), s.actor(r))
	if err != nil {
		return err
	}
	given, err := s.given(r)
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, chatpage.Rooms(rooms, given, s.actor(r).IsPerson()))
}

// roomID is the conversation a path names.
func roomID(r *http.Request) (chat.RoomID, error) {
	var id chat.RoomID
	err := id.UnmarshalText([]byte(r.PathValue("room")))
	return id, err
}

func (s *Server) showRoom(w http.ResponseWriter, r *http.Request) error {
	return s.renderRoom(w, r, http.StatusOK, parts.Form{})
}

// renderRoom shows a conversation; with a form, as it was sent and with its mistakes.
func (s *Server) renderRoom(w http.ResponseWriter, r *http.Request, status int, f parts.Form) error {
	id, err := roomID(r)
	if err != nil {
		return err
	}
	ctx, actor := r.Context(), s.actor(r)
	view, err := s.Chat.Room(ctx, actor, id)
	if err != nil {
		return err
	}
	if view.State == chat.Waiting && actor.IsPerson() {
		return s.redirect(w, r, "/waiting")
	}
	p := chatpage.RoomPage{View: view, Role: actor.Role, Form: f, CID: f.Value("cid")}
	if p.CID == "" {
		p.CID = ids.New[chat.Message]().String()
	}
	before := view.Head + 1
	if n, err := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64); err == nil && n > 1 && n <= view.Head {
		before, p.OnPage = n, true
	}
	messages, err := s.Chat.MessagesBefore(ctx, actor, id, before, historyPage)
	if err != nil {
		return err
	}
	if len(messages) > 0 && messages[0].Seq > 1 {
		p.Older = messages[0].Seq
	}
	if view.Given > 0 {
		if p.Given, err = s.given(r); err != nil {
			return err
		}
	}
	if view.Lost && actor.IsPerson() {
		if p.Place, err = s.Chat.Place(ctx, actor); err != nil {
			return err
		}
	}
	if actor.IsPeer() && view.State == chat.Open && p.Here() && !p.OnPage {
		if p.Beside, err = s.Chat.Beside(ctx, actor, id); err != nil {
			return err
		}
		list, err := s.Chat.Whispers(ctx, actor, id)
		if err != nil {
			return err
		}
		if p.Prepared, err = s.Chat.PreparedTexts(ctx, actor); err != nil {
			return err
		}
		if p.Pages, err = s.Forum.Pages(ctx, actor); err != nil {
			return err
		}
		given, err := s.Chat.GivenIn(ctx, actor, id)
		if err != nil {
			return err
		}
		p.Given = chatpage.GivenPages(given, p.Pages)
		p.WhispersOpen = r.URL.Query().Has("whispers") || r.Pattern == secondLookPattern
		p.Whispers, p.WhisperCID = &list, ids.New[chat.Whisper]().String()
	}
	p.Items = chatpage.Items(view, messages, s.words(r).Zone(), time.Now())
	if p.Epoch, err = s.Chat.Epoch(ctx); err != nil {
		return err
	}
	s.stillHere(r)
	s.hasRead(r, p)
	return s.render(w, r, status, chatpage.Room(p))
}

// stillHere is for who works or talks without a socket: a page asked for is a sign of life.
func (s *Server) stillHere(r *http.Request) {
	actor := s.actor(r)
	err := s.Chat.StillHere(r.Context(), chat.Sign{Account: actor.ID})
	if actor.IsStaff() {
		err = errors.Join(err, s.Roster.Heartbeat(r.Context(), roster.Beat{Account: actor.ID}))
	}
	if err != nil {
		s.Log.Warn().Str("req", visitOf(r).id).Err(err).Msg("sign of life not kept")
	}
}

// hasRead notes how far somebody has read who opened the page themselves. Scripts that ask for it anew say by socket what was before their eyes.
func (s *Server) hasRead(r *http.Request, p chatpage.RoomPage) {
	if mode := r.Header.Get("Sec-Fetch-Mode"); p.OnPage || mode != "" && mode != "navigate" {
		return
	}
	if _, err := s.Chat.MarkRead(r.Context(), chat.Mark{Room: p.View.ID, Account: s.actor(r).ID, Seq: p.View.Head}); err != nil {
		s.Log.Warn().Str("req", visitOf(r).id).Err(err).Msg("mark of reading not kept")
	}
}

// postMessage is the way of a message without a socket.
func (s *Server) postMessage(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		CID  string `form:"cid"`
		Text string `form:"text"`
	}
	return s.inRoom(w, r, &in, "#end", func(id chat.RoomID) error {
		if err := s.live.MaySend(s.actor(r)); err != nil {
			return err
		}
		_, err := s.Chat.PostMessage(r.Context(), s.actor(r), chat.Post{Room: id, CID: in.CID, Text: in.Text})
		return err
	})
}

// inRoom reads a form into in, does an act in the room of the path and goes back to it; a form with mistakes is shown again in the room.
func (s *Server) inRoom(w http.ResponseWriter, r *http.Request, in any, tail string, act func(chat.RoomID) error) error {
	id, err := roomID(r)
	if err != nil {
		return err
	}
	if in != nil {
		if err := decode(r, in); err != nil {
			return err
		}
	}
	err = act(id)
	if f, again := formAgain(r, err); again {
		return s.renderRoom(w, r, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	return s.redirect(w, r, "/rooms/"+id.String()+tail)
}

func (s *Server) showHelp(w http.ResponseWriter, r *http.Request) error {
	return s.confirm(w, r, func(room chat.RoomView, url string) templ.Component {
		words := s.words(r)
		text := words.T("chat.help_text")
		if room.State == chat.Ended {
			text = words.T("chat.help_text_after")
		}
		return chatpage.Confirm(words.T("chat.help_title"), text, url+"/help", words.T("chat.help_go"), url)
	})
}

func (s *Server) showEnd(w http.ResponseWriter, r *http.Request) error {
	return s.confirm(w, r, func(_ chat.RoomView, url string) templ.Component {
		if s.actor(r).IsPeer() {
			return chatpage.End(url)
		}
		words := s.words(r)
		return chatpage.Confirm(words.T("chat.end_title"), words.T("chat.end_text"), url+"/end", words.T("chat.end_go"), url)
	})
}

func (s *Server) showEraseConversation(w http.ResponseWriter, r *http.Request) error {
	return s.confirm(w, r, func(_ chat.RoomView, url string) templ.Component {
		words := s.words(r)
		return chatpage.Confirm(words.T("chat.erase_title"), words.T("chat.erase_text"), url+"/erase", words.T("chat.erase_go"), url)
	})
}

func (s *Server) eraseConversation(w http.ResponseWriter, r *http.Request) error {
	id, err := roomID(r)
	if err != nil {
		return err
	}
	if err := s.Chat.EraseConversation(r.Context(), s.actor(r), id); err != nil {
		return err
	}
	return s.redirectDone(w, r, "/rooms", "conversation_erased")
}

// confirm shows a question about a room that the actor may read.
func (s *Server) confirm(w http.ResponseWriter, r *http.Request, page func(room chat.RoomView, url string) templ.Component) error {
	id, err := roomID(r)
	if err != nil {
		return err
	}
	room, err := s.Chat.Room(r.Context(), s.actor(r), id)
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, page(room, "/rooms/"+id.String()))
}

func (s *Server) askForMoreHelp(w http.ResponseWriter, r *http.Request) error {
	id, err := roomID(r)
	if err != nil {
		return err
	}
	if err := s.Chat.AskForMoreHelp(r.Context(), s.actor(r), id); err != nil {
		return err
	}
	// After the end of a conversation it is asked for where the person waits now.
	if p, err := s.Chat.Place(r.Context(), s.actor(r)); err == nil && p.State != chat.PlaceEnded && p.Room != id {
		return s.redirect(w, r, "/waiting")
	}
	return s.redirect(w, r, "/rooms/"+id.String())
}

func (s *Server) endConversation(w http.ResponseWriter, r *http.Request) error {
	return s.inRoom(w, r, nil, "#end", func(id chat.RoomID) error { return s.Chat.EndConversation(r.Context(), s.actor(r), id) })
}

func (s *Server) askForMoreTime(w http.ResponseWriter, r *http.Request) error {
	return s.inRoom(w, r, nil, "#end", func(id chat.RoomID) error { return s.Chat.AskForMoreTime(r.Context(), s.actor(r), id) })
}

func (s *Server) recordFeeling(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Feeling string `form:"feeling"`
	}
	return s.inRoom(w, r, &in, "#end", func(id chat.RoomID) error {
		feeling := feelingOf(in.Feeling)
		if feeling == nil {
			return errs.Field("feeling", "chat.feeling_invalid", nil)
		}
		return s.Chat.RecordFeeling(r.Context(), s.actor(r), id, *feeling)
	})
}

func (s *Server) flagConversation(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Level string `form:"level"`
	}
	return s.inRoom(w, r, &in, "", func(id chat.RoomID) error {
		level, err := triage.ParseLevel(in.Level)
		if err != nil {
			return errs.Field("level", "chat.level_invalid", nil)
		}
		return s.Chat.FlagConversation(r.Context(), s.actor(r), id, level)
	})
}

func (s *Server) joinVisibly(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Greeting string `form:"greeting"`
	}
	return s.inRoom(w, r, &in, "#end", func(id chat.RoomID) error {
		return s.Chat.JoinVisibly(r.Context(), s.actor(r), id, in.Greeting)
	})
}

func (s *Server) showDesk(w http.ResponseWriter, r *http.Request) error {
	s.stillHere(r)
	desk, err := s.Chat.Desk(r.Context(), s.actor(r))
	if err != nil {
		return err
	}
	duty, err := s.Roster.Current(r.Context(), s.actor(r))
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, chatpage.Desk(desk, duty))
}

func offerID(r *http.Request) (chat.OfferID, error) {
	var id chat.OfferID
	err := id.UnmarshalText([]byte(r.PathValue("offer")))
	return id, err
}

// ready ends one's own pause.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) error {
	if err := s.Chat.Ready(r.Context(), s.actor(r)); err != nil {
		return err
	}
	return s.redirect(w, r, "/desk")
}

func (s *Server) acceptOffer(w http.ResponseWriter, r *http.Request) error {
	id, err := offerID(r)
	if err != nil {
		return err
	}
	room, err := s.Chat.AcceptOffer(r.Context(), s.actor(r), id)
	if errors.Is(err, chat.ErrTaken) {
		return s.redirectDone(w, r, "/desk", "offer_gone")
	}
	if err != nil {
		return err
	}
	return s.redirect(w, r, "/rooms/"+room.String())
}

func (s *Server) passOffer(w http.ResponseWriter, r *http.Request) error {
	id, err := offerID(r)
	if err != nil {
		return err
	}
	if err := s.Chat.PassOffer(r.Context(), s.actor(r), id); errors.Is(err, chat.ErrTaken) {
		return s.redirectDone(w, r, "/desk", "offer_gone")
	} else if err != nil {
		return err
	}
	return s.redirectDone(w, r, "/desk", "offer_passed")
}
