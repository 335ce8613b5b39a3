package web

import (
	"errors"
	"net/http"

	"ponti/account"
	"ponti/forum"
	"ponti/internal/errs"
	"ponti/internal/ids"
	forumpage "ponti/web/page/forum"
	"ponti/web/page/parts"
)

func (s *Server) showEditPost(w http.ResponseWriter, r *http.Request) error {
	id, err := ids.Parse[forum.Post](r.PathValue("post"))
	if err != nil {
		return err
	}
	return s.editPage(w, r, http.StatusOK, id, parts.Form{})
}

// editPage is the form of one's own post: with what was sent, with the draft that was kept of it, or with what it says. Where it cannot be changed any more, there is what was
// sent or kept, to copy.
func (s *Server) editPage(w http.ResponseWriter, r *http.Request, status int, id forum.PostID, f parts.Form) error {
	asked, err := optional[forum.Draft](r.URL.Query().Get("draft"))
	if err != nil {
		return err
	}
	d, err := s.Forum.EditDraft(r.Context(), s.actor(r), id, asked)
	if err != nil {
		return err
	}
	if d.Version == 0 {
		d.CID = newCID()
	}
	o, err := s.Forum.Post(r.Context(), s.actor(r), id)
	switch {
	case errs.KindOf(err) == errs.NotFound:
		if wrote, err2 := s.Forum.Wrote(r.Context(), s.actor(r), id); err2 != nil {
			return err2
		} else if !wrote {
			return err
		}
		return s.editGone(w, r, status, forum.ErrDeleted, f, d)
	case err != nil:
		return err
	case !o.Post.Mine:
		return account.ErrNotFound
	case !o.MayEdit:
		return s.editGone(w, r, status, whyNot(o), f, d)
	}
	return s.render(w, r, status, forumpage.Edit(o, f, d))
}

// editGone offers what somebody wrote over a post that cannot be changed any more; without anything it is the reason alone.
func (s *Server) editGone(w http.ResponseWriter, r *http.Request, status int, why *errs.Error, f parts.Form, d forum.Draft) error {
	if f.Value("text") == "" && d.Text == "" {
		return why
	}
	return s.render(w, r, status, forumpage.EditGone(why.Key, f, d))
}

// whyNot says why one's own post cannot be edited.
func whyNot(o forum.OnePost) *errs.Error {
	switch {
	case o.Post.State == forum.Deleted:
		return forum.ErrDeleted
	case o.Post.State == forum.Hidden:
		return forum.ErrHidden
	case o.Category.Archived:
		return forum.ErrArchived
	}
	return forum.ErrLocked
}

func (s *Server) editPost(w http.ResponseWriter, r *http.Request) error {
	var in forumWriting
	if err := decode(r, &in); err != nil {
		return err
	}
	id, err := ids.Parse[forum.Post](r.PathValue("post"))
	if err != nil {
		return err
	}
	edit := forum.Edit{Post: id, Version: in.Base, Title: in.Title, Told: in.told(), Text: in.Text, Notes: in.Notes, EditForm: forum.EditForm{CID: in.CID, DraftMark: in.mark()}}
	if in.Base == 0 { // a form that has no draft
		edit.Version, edit.EditForm = in.Version, forum.EditForm{}
	}
	receipt, err := s.Forum.EditPost(r.Context(), s.actor(r), edit)
	if f, again := formAgain(r, err); again {
		return s.editPage(w, r, http.StatusUnprocessableEntity, id, f)
	}
	switch {
	case errors.Is(err, forum.ErrEdited):
		return s.editPage(w, r, http.StatusConflict, id, parts.Form{Values: r.PostForm, Mistakes: errs.Fields{errs.Field("text", forum.ErrEdited.Key, nil)}})
	case errs.KindOf(err) == errs.Conflict:
		return s.editPage(w, r, http.StatusConflict, id, parts.Form{Values: r.PostForm})
	case errs.KindOf(err) == errs.NotFound:
		return s.editPage(w, r, http.StatusNotFound, id, parts.Form{Values: r.PostForm})
	}
	return s.written(w, r, receipt, err)
}
