package web

import (
	"net/http"
	"strings"

	"ponti/forum"
)

// seeMentions notes that the reader has seen where they are called by name on a page of a thread. A browser that fetches a page ahead shows it to nobody.
func (s *Server) seeMentions(r *http.Request, l forum.PostList) {
	if len(l.Posts) == 0 || l.Thread.Mentioned == 0 || strings.Contains(r.Header.Get("Sec-Purpose"), "prefetch") {
		return
	}
	from, to := l.Posts[0].Number, l.Posts[len(l.Posts)-1].Number
	if err := s.Forum.MarkMentionsRead(r.Context(), s.actor(r), l.Thread.ID, from, to); err != nil {
		s.Log.Warn().Str("req", visitOf(r).id).Err(err).Msg("mentions not marked as read") // it can be read all the same
	}
}
