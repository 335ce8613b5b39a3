package web

import (
	"net/http"
	"strings"

	forumpage "ponti/web/page/forum"
)

// showBoards is the forum's front page: its categories, and what waits for the reader. A browser that fetches it ahead shows it to nobody, so that nobody is there.
func (s *Server) showBoards(w http.ResponseWriter, r *http.Request) error {
	visiting := !strings.Contains(r.Header.Get("Sec-Purpose"), "prefetch")
	front, err := s.Forum.Front(r.Context(), s.actor(r), visiting, upcomingShown)
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, forumpage.Boards(front))
}
