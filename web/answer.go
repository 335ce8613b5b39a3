package web

import (
	"context"
	"net/http"

	"ponti/account"
	"ponti/forum"
	"ponti/internal/ids"
)

func (s *Server) markAnswer(w http.ResponseWriter, r *http.Request) error {
	return s.changeAnswer(w, r, s.Forum.MarkAnswer)
}

func (s *Server) unmarkAnswer(w http.ResponseWriter, r *http.Request) error {
	return s.changeAnswer(w, r, s.Forum.UnmarkAnswer)
}

func (s *Server) changeAnswer(w http.ResponseWriter, r *http.Request, change func(context.Context, account.Actor, forum.PostID) (forum.Receipt, error)) error {
	id, err := ids.Parse[forum.Post](r.PathValue("post"))
	if err != nil {
		return err
	}
	receipt, err := change(r.Context(), s.actor(r), id)
	return s.written(w, r, receipt, err)
}
