package web

import (
	"net/http"

	moderationpage "ponti/web/page/moderation"
)

func (s *Server) showStatistics(w http.ResponseWriter, r *http.Request) error {
	list, err := s.Moderation.Statistics(r.Context(), s.actor(r))
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, moderationpage.Statistics(list))
}
