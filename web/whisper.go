package web

import (
	"net/http"

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
	id, err := roomID(r)
	if err != nil {
		return err
	}
	err = s.Chat.AnswerWhisper(r.Context(), s.actor(r), id, in.Whisper, in.CID)
	if f, again := formAgain(r, err); again {
		return s.whispersPage(w, r, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	return s.redirect(w, r, "/whispers/"+id.String())
}
