package web

import (
	"net/http"

	"ponti/account"
	"ponti/chat"
	"ponti/internal/errs"
	chatpage "ponti/web/page/chat"
	"ponti/web/page/parts"
)

// waitingPath is the page of a place, and what the worker that tells whose turn it is looks after.
const waitingPath = "/waiting"

// showAway is the place of who does something else, with what was wrong with a form of it.
func (s *Server) showAway(w http.ResponseWriter, r *http.Request, status int, place chat.PlaceView, f parts.Form) error {
	key, err := s.Moderation.PushKey(r.Context(), s.service(r).ID)
	if err != nil {
		return err
	}
	return s.render(w, r, status, chatpage.Away(place, s.actor(r).Is(account.RoleGuest), key, f))
}

// stepAway answers a guest with their code instead of a redirect: it can be shown only here, since only its mark is kept.
func (s *Server) stepAway(w http.ResponseWriter, r *http.Request) error {
	code, err := s.Chat.StepAway(r.Context(), s.actor(r))
	switch {
	case errs.KindOf(err) == errs.NotFound, errs.KindOf(err) == errs.Conflict, err == nil && code == "":
		return s.redirect(w, r, waitingPath) // it shows how it stands
	case err != nil:
		return err
	}
	return s.render(w, r, http.StatusOK, chatpage.ReturnCode(code))
}

func (s *Server) stepBack(w http.ResponseWriter, r *http.Request) error {
	if err := s.Chat.StepBack(r.Context(), s.actor(r)); err != nil && errs.KindOf(err) != errs.NotFound {
		return err
	}
	return s.redirect(w, r, waitingPath)
}

func (s *Server) wakeMe(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Subscription string `form:"subscription"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	err := s.Chat.WakeMe(r.Context(), s.actor(r), in.Subscription)
	if f, again := formAgain(r, err); again {
		place, err := s.Chat.Place(r.Context(), s.actor(r))
		if err != nil || !place.Away {
			return s.redirect(w, r, waitingPath)
		}
		return s.showAway(w, r, http.StatusUnprocessableEntity, place, f)
	}
	if err != nil && errs.KindOf(err) != errs.Conflict {
		return err
	}
	return s.redirect(w, r, waitingPath)
}

func (s *Server) showComeBack(w http.ResponseWriter, r *http.Request) error {
	return s.render(w, r, http.StatusOK, chatpage.ComeBack(parts.Form{}))
}

// comeBack signs a guest in again, on whichever device. Who may not be here any more learns no more than that the code is nobody's.
func (s *Server) comeBack(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Code string `form:"code"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	id, err := s.Chat.ReturnBy(r.Context(), s.service(r).ID, in.Code)
	if err == nil {
		err = s.beginSession(w, r, id)
	}
	if errs.KindOf(err) == errs.Unauthenticated {
		err = chat.ErrNoReturn
	}
	if err != nil {
		return s.again(w, r, err, chatpage.ComeBack)
	}
	return s.redirect(w, r, waitingPath)
}
