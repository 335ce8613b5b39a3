package web

import (
	"net/http"

	"ponti/forum"
	"ponti/internal/ids"
	forumpage "ponti/web/page/forum"
)

// react gives a post a kind word, or takes it back, and shows the post.
func (s *Server) react(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Give forum.Reaction `form:"give"`
		Take forum.Reaction `form:"take"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	id, err := ids.Parse[forum.Post](r.PathValue("post"))
	if err != nil {
		return err
	}
	kind, given := in.Give, true
	if kind == "" {
		kind, given = in.Take, false
	}
	receipt, err := s.Forum.React(r.Context(), s.actor(r), id, kind, given)
	return s.written(w, r, receipt, err)
}

// showReacted is who gave a post which kind word.
func (s *Server) showReacted(w http.ResponseWriter, r *http.Request) error {
	id, err := ids.Parse[forum.Post](r.PathValue("post"))
	if err != nil {
		return err
	}
	o, list, err := s.Forum.ReactionsOf(r.Context(), s.actor(r), id)
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, forumpage.Reacted(o, list))
}
