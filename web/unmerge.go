package web

import (
	"net/http"

	"ponti/forum"
	"ponti/internal/ids"
	forumpage "ponti/web/page/forum"
	"ponti/web/page/parts"
)

// showUnmerge lists what was merged into a thread; where one is asked for, or there is only one, it is the form to take that merge back.
func (s *Server) showUnmerge(w http.ResponseWriter, r *http.Request) error {
	return s.unmergePage(w, r, http.StatusOK, r.URL.Query().Get("from"), parts.Form{})
}

func (s *Server) unmergePage(w http.ResponseWriter, r *http.Request, status int, from string, f parts.Form) error {
	id, err := ids.Parse[forum.Thread](r.PathValue("thread"))
	if err != nil {
		return err
	}
	l, list, err := s.Forum.Mergers(r.Context(), s.actor(r), id)
	if err != nil {
		return err
	}
	var chosen forum.Merger
	for _, m := range list {
		if m.Why == nil && (m.ID.String() == from || len(list) == 1) {
			chosen = m
		}
	}
	return s.render(w, r, status, forumpage.Unmerge(l, list, chosen, f))
}

func (s *Server) unmergeThread(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		From  string `form:"from"`
		Title string `form:"title"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	id, err := ids.Parse[forum.Thread](r.PathValue("thread"))
	if err != nil {
		return err
	}
	from, err := ids.Parse[forum.Thread](in.From)
	if err != nil {
		return err
	}
	receipt, err := s.Forum.UnmergeThread(r.Context(), s.actor(r), forum.Unmerge{Into: id, Thread: from, Title: in.Title})
	if f, again := formAgain(r, err); again {
		return s.unmergePage(w, r, http.StatusUnprocessableEntity, in.From, f)
	}
	return s.written(w, r, receipt, err)
}
