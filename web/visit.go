package web

import (
	"net/http"
	"strings"

	"ponti/forum"
)

// newHere is what is new to the reader where they follow or are called by name, and what came since they were last in the forum. A browser that fetches the page ahead is no visit.
func (s *Server) newHere(r *http.Request) (news []forum.News, v forum.Visit, err error) {
	news, err = s.Forum.News(r.Context(), s.actor(r))
	if err != nil || strings.Contains(r.Header.Get("Sec-Purpose"), "prefetch") {
		return news, v, err
	}
	v, err = s.Forum.Visit(r.Context(), s.actor(r))
	return news, v, err
}
