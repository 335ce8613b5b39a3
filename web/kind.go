package web

import (
	"cmp"
	"net/http"

	"ponti/forum"
	forumpage "ponti/web/page/forum"
)

// chosen is a draft with the kind that its form begins with: the draft's own, that which a link asks for, or a discussion.
func chosen(r *http.Request, d forum.Draft) forum.Draft {
	d.Kind = cmp.Or(d.Kind, forum.ParseKind(r.URL.Query().Get("kind")), forum.KindDiscussion)
	return d
}

// showQuestions lists the questions that wait for an answer by an ESP.
func (s *Server) showQuestions(w http.ResponseWriter, r *http.Request) error {
	before := forum.ParseCursor(r.URL.Query().Get("before"))
	l, err := s.Forum.UnansweredQuestions(r.Context(), s.actor(r), before, forum.ThreadsPerPage)
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, forumpage.Questions(l, before.At.IsZero()))
}
