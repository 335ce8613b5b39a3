package web

import (
	"net/http"

	"ponti/chat"
	chatpage "ponti/web/page/chat"
	"ponti/web/page/parts"
)

func (s *Server) showStepOut(w http.ResponseWriter, r *http.Request) error {
	return s.stepOutPage(w, r, http.StatusOK, parts.Form{})
}

func (s *Server) stepOutPage(w http.ResponseWriter, r *http.Request, status int, f parts.Form) error {
	id, err := roomID(r)
	if err != nil {
		return err
	}
	if _, err := s.Chat.Room(r.Context(), s.actor(r), id); err != nil {
		return err
	}
	return s.render(w, r, status, chatpage.StepOut(f, "/rooms/"+id.String()))
}

func (s *Server) stepOut(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Card string `form:"card"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	id, err := roomID(r)
	if err != nil {
		return err
	}
	err = s.Chat.StepOut(r.Context(), s.actor(r), id, in.Card)
	if f, again := formAgain(r, err); again {
		return s.stepOutPage(w, r, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	return s.redirectDone(w, r, "/desk", "stepped_out")
}

// answerCard is the person's word about what the ESP before left for who comes next.
func (s *Server) answerCard(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Approve bool `form:"approve"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	id, err := roomID(r)
	if err != nil {
		return err
	}
	if err := s.Chat.AnswerCard(r.Context(), s.actor(r), id, in.Approve); err != nil {
		return err
	}
	place, err := s.Chat.Place(r.Context(), s.actor(r))
	if err == nil && place.State != chat.PlaceInSession {
		return s.redirect(w, r, "/waiting")
	}
	return s.redirect(w, r, "/rooms/"+id.String())
}
