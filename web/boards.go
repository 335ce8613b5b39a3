package web

import (
	"net/http"

	forumpage "ponti/web/page/forum"
)

// showBoards is the forum's front page: its categories, and what waits for the reader.
func (s *Server) showBoards(w http.ResponseWriter, r *http.Request) error {
	boards, err := s.Forum.Categories(r.Context(), s.actor(r))
	if err != nil {
		return err
	}
	own, _, err := s.Forum.HeldPosts(r.Context(), s.actor(r))
	if err != nil {
		return err
	}
	drafts, err := s.Forum.DraftCount(r.Context(), s.actor(r))
	if err != nil {
		return err
	}
	news, visit, err := s.newHere(r)
	if err != nil {
		return err
	}
	ahead, err := s.Forum.UpcomingEvents(r.Context(), s.actor(r), upcomingShown)
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, forumpage.Boards(boards, own, drafts, news, visit, ahead))
}
