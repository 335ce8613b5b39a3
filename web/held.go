package web

import (
	"errors"
	"net/http"
	"time"

	"ponti/account"
	"ponti/forum"
	"ponti/internal/ids"
	forumpage "ponti/web/page/forum"
	"ponti/web/page/parts"
)

func heldID(r *http.Request) (forum.PostID, error) { return ids.Parse[forum.Post](r.PathValue("post")) }

func (s *Server) showHeld(w http.ResponseWriter, r *http.Request) error {
	return s.heldPage(w, r, http.StatusOK, parts.Form{})
}

// heldPage shows a held post, or leads to where it stands since it was published.
func (s *Server) heldPage(w http.ResponseWriter, r *http.Request, status int, f parts.Form) error {
	id, err := heldID(r)
	if err != nil {
		return err
	}
	h, err := s.Forum.HeldPost(r.Context(), s.actor(r), id)
	if errors.Is(err, account.ErrNotFound) {
		o, err := s.Forum.Post(r.Context(), s.actor(r), id)
		if err != nil {
			return err
		}
		return s.redirect(w, r, forum.Path(o.Thread.ID, o.Post.Number))
	}
	if err != nil {
		return err
	}
	when := ""
	if h.Mine && !h.Refused {
		if when, err = s.whenRead(r); err != nil {
			return err
		}
	}
	return s.render(w, r, status, forumpage.Held(h, when, f))
}

// whenRead tells an author when somebody reads what they wrote, as far as that is known.
func (s *Server) whenRead(r *http.Request) (string, error) {
	words := s.words(r)
	open, err := s.Roster.Opening(r.Context(), s.actor(r).Service)
	switch {
	case err != nil:
		return "", err
	case open.Covered:
		return words.T("forum.held_read_now"), nil
	case open.NextAt != nil:
		return words.T("forum.held_read_next", "When", words.When(time.Now(), *open.NextAt)), nil
	}
	return words.T("forum.held_read_later"), nil
}

func (s *Server) publishHeld(w http.ResponseWriter, r *http.Request) error {
	id, err := heldID(r)
	if err != nil {
		return err
	}
	var in struct {
		Version int `form:"version"` // of a story, which two people read
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	var receipt forum.Receipt
	if in.Version > 0 {
		receipt, err = s.Forum.ApproveHeld(r.Context(), s.actor(r), id, in.Version)
	} else {
		receipt, err = s.Forum.PublishHeld(r.Context(), s.actor(r), id)
	}
	switch {
	case err != nil:
		return err
	case receipt.Held:
		return s.redirectDone(w, r, "/moderation", "story_approved")
	}
	return s.redirectDone(w, r, "/moderation", "held_published")
}

func (s *Server) refuseHeld(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Statement string `form:"statement"`
	}
	id, err := heldID(r)
	if err == nil {
		err = decode(r, &in)
	}
	if err == nil {
		err = s.Forum.RefuseHeld(r.Context(), s.actor(r), id, in.Statement)
	}
	if f, again := formAgain(r, err); again {
		return s.heldPage(w, r, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	return s.redirectDone(w, r, "/moderation", "held_refused")
}

func (s *Server) showWithdraw(w http.ResponseWriter, r *http.Request) error {
	id, err := heldID(r)
	if err != nil {
		return err
	}
	h, err := s.Forum.HeldPost(r.Context(), s.actor(r), id)
	if err != nil {
		return err
	}
	if !h.Mine {
		return account.ErrNotFound
	}
	return s.render(w, r, http.StatusOK, forumpage.Withdraw(h))
}

func (s *Server) withdrawHeld(w http.ResponseWriter, r *http.Request) error {
	id, err := heldID(r)
	if err != nil {
		return err
	}
	if err := s.Forum.WithdrawHeld(r.Context(), s.actor(r), id); err != nil {
		return err
	}
	return s.redirectDone(w, r, "/forum", "held_withdrawn")
}
