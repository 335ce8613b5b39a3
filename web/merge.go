package web

import (
	"net/http"

	"ponti/account"
	"ponti/forum"
	"ponti/internal/errs"
	"ponti/internal/ids"
	forumpage "ponti/web/page/forum"
	"ponti/web/page/parts"
)

func (s *Server) showMerge(w http.ResponseWriter, r *http.Request) error {
	return s.mergePage(w, r, http.StatusOK, parts.Form{})
}

func (s *Server) mergePage(w http.ResponseWriter, r *http.Request, status int, f parts.Form) error {
	id, err := ids.Parse[forum.Thread](r.PathValue("thread"))
	if err != nil {
		return err
	}
	l, err := s.Forum.Posts(r.Context(), s.actor(r), id, 0, 1)
	switch {
	case err != nil:
		return err
	case !l.MayLock:
		return account.ErrForbidden
	}
	targets, err := s.Forum.MergeTargets(r.Context(), s.actor(r), l)
	if err != nil {
		return err
	}
	return s.render(w, r, status, forumpage.Merge(l, targets, f))
}

func (s *Server) mergeThread(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Into string `form:"into"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	id, err := ids.Parse[forum.Thread](r.PathValue("thread"))
	if err != nil {
		return err
	}
	into, _ := ids.Parse[forum.Thread](in.Into) // none is no thread, and said to be none
	receipt, err := s.Forum.MergeThread(r.Context(), s.actor(r), id, into)
	if f, again := formAgain(r, err); again {
		return s.mergePage(w, r, http.StatusUnprocessableEntity, f)
	}
	return s.written(w, r, receipt, err)
}

// orMerged leads on from a thread that was merged into another; err is what was found instead of it.
func (s *Server) orMerged(w http.ResponseWriter, r *http.Request, id forum.ThreadID, after int, err error) error {
	if errs.KindOf(err) != errs.NotFound {
		return err
	}
	into, number, otherwise := s.Forum.Merged(r.Context(), s.actor(r), id, after)
	if otherwise != nil {
		return err
	}
	return s.redirect(w, r, forum.Path(into, number+1))
}
