package web

import (
	"errors"
	"net/http"

	"ponti/account"
	"ponti/forum"
	"ponti/internal/ids"
	forumpage "ponti/web/page/forum"
	"ponti/web/page/parts"
)

// showEditHeld is the form to change one's own story while it waits.
func (s *Server) showEditHeld(w http.ResponseWriter, r *http.Request) error {
	return s.editHeldPage(w, r, http.StatusOK, parts.Form{})
}

// editHeldPage shows the form; when the story has appeared since it was opened, with what was written in it and why it stays as it was.
func (s *Server) editHeldPage(w http.ResponseWriter, r *http.Request, status int, f parts.Form) error {
	id, err := heldID(r)
	if err != nil {
		return err
	}
	h, err := s.Forum.HeldPost(r.Context(), s.actor(r), id)
	switch {
	case errors.Is(err, account.ErrNotFound) && len(f.Mistakes) > 0:
		h = forum.Held{ID: id}
	case err != nil:
		return err
	case !h.Mine || !h.TwoReaders:
		return account.ErrNotFound
	case h.Refused && len(f.Mistakes) == 0:
		return forum.ErrHeldDecided
	}
	return s.render(w, r, status, forumpage.EditHeld(h, f))
}

func (s *Server) editHeld(w http.ResponseWriter, r *http.Request) error {
	var in forumWriting
	if err := decode(r, &in); err != nil {
		return err
	}
	id, err := heldID(r)
	if err != nil {
		return err
	}
	receipt, err := s.Forum.EditHeld(r.Context(), s.actor(r), forum.HeldEdit{Post: id, Version: in.Version, Title: in.Title, Text: in.Text, Notes: in.Notes})
	if f, again := formAgain(r, asMistake(err, "text")); again {
		return s.editHeldPage(w, r, http.StatusUnprocessableEntity, f)
	}
	return s.written(w, r, receipt, err)
}

// withdrawStory takes a story back for its author, at once.
func (s *Server) withdrawStory(w http.ResponseWriter, r *http.Request) error {
	id, err := ids.Parse[forum.Thread](r.PathValue("thread"))
	if err != nil {
		return err
	}
	if err := s.Forum.WithdrawStory(r.Context(), s.actor(r), id); err != nil {
		return err
	}
	return s.redirectDone(w, r, "/forum", "story_withdrawn")
}
