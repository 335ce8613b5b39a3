package web

import (
	"net/http"
	"net/url"

	"ponti/chat"
	"ponti/internal/ids"
	moderationpage "ponti/web/page/moderation"
	"ponti/web/page/parts"
)

// whispering is what a form for a whisper sends.
type whispering struct {
	Whisper string `form:"whisper"`
	CID     string `form:"cid"`
}

// whisper asks the tutors beside the conversation.
func (s *Server) whisper(w http.ResponseWriter, r *http.Request) error {
	var in whispering
	return s.inRoom(w, r, &in, "?whispers#whispers", func(id chat.RoomID) error {
		return s.Chat.WhisperToTutor(r.Context(), s.actor(r), id, in.Whisper, in.CID)
	})
}

const secondLookPattern = "POST /rooms/{room}/second-look"

// secondLook shows the tutors what an ESP is about to say. Without a script the page comes back with it still in the field.
func (s *Server) secondLook(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Text string `form:"text"`
		CID  string `form:"cid"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	id, err := roomID(r)
	if err != nil {
		return err
	}
	err = s.Chat.AskSecondLook(r.Context(), s.actor(r), id, in.Text, in.CID)
	f, again := formAgain(r, err)
	switch {
	case again:
		return s.renderRoom(w, r, http.StatusUnprocessableEntity, f)
	case err != nil:
		return err
	}
	return s.renderRoom(w, r, http.StatusOK, parts.Form{Values: url.Values{"text": {in.Text}}})
}

// answerDraft gives an ESP a tutor's second look.
func (s *Server) answerDraft(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Draft string `form:"draft"`
		CID   string `form:"cid"`
		Fine  bool   `form:"fine"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	if in.Fine {
		in.Draft = ""
	}
	return s.answerESP(w, r, func(id chat.RoomID) error {
		return s.Chat.AnswerDraft(r.Context(), s.actor(r), id, in.Draft, in.CID)
	})
}

// showWhispers is where a tutor answers.
func (s *Server) showWhispers(w http.ResponseWriter, r *http.Request) error {
	return s.whispersPage(w, r, http.StatusOK, parts.Form{})
}

func (s *Server) whispersPage(w http.ResponseWriter, r *http.Request, status int, f parts.Form) error {
	id, err := roomID(r)
	if err != nil {
		return err
	}
	list, err := s.Chat.Whispers(r.Context(), s.actor(r), id)
	if err != nil {
		return err
	}
	s.stillHere(r)
	return s.render(w, r, status, moderationpage.Whispers(list, ids.New[chat.Whisper]().String(), f))
}

func (s *Server) answerWhisper(w http.ResponseWriter, r *http.Request) error {
	var in whispering
	if err := decode(r, &in); err != nil {
		return err
	}
	return s.answerESP(w, r, func(id chat.RoomID) error {
		return s.Chat.AnswerWhisper(r.Context(), s.actor(r), id, in.Whisper, in.CID)
	})
}

func (s *Server) answerESP(w http.ResponseWriter, r *http.Request, answer func(chat.RoomID) error) error {
	id, err := roomID(r)
	if err != nil {
		return err
	}
	err = answer(id)
	if f, again := formAgain(r, err); again {
		return s.whispersPage(w, r, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	return s.redirect(w, r, "/whispers/"+id.String())
}
