package web

import (
	"net/http"

	"ponti/account"
	"ponti/forum"
	"ponti/internal/ids"
	forumpage "ponti/web/page/forum"
	"ponti/web/page/parts"
)

// showNote is the form of who moderates to put content notes on somebody else's post.
func (s *Server) showNote(w http.ResponseWriter, r *http.Request) error {
	o, err := s.onePost(r)
	switch {
	case err != nil:
		return err
	case o.Post.State == forum.Deleted:
		return forum.ErrDeleted
	case !o.MayNote:
		return account.ErrForbidden
	}
	return s.render(w, r, http.StatusOK, forumpage.Note(o, parts.Form{}))
}

func (s *Server) notePost(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Notes []forum.ContentNote `form:"notes"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	id, err := ids.Parse[forum.Post](r.PathValue("post"))
	if err != nil {
		return err
	}
	receipt, err := s.Forum.NotePost(r.Context(), s.actor(r), id, in.Notes)
	return s.written(w, r, receipt, err)
}
