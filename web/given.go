package web

import (
	"net/http"

	"ponti/chat"
	"ponti/internal/ids"
	chatpage "ponti/web/page/chat"
)

// give gives the person of a conversation a page of information. Which there are, the forum knows.
func (s *Server) give(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Page string `form:"page"`
	}
	return s.inRoom(w, r, &in, "", func(id chat.RoomID) error {
		page, err := s.Forum.PageBySlug(r.Context(), s.actor(r), in.Page)
		if err != nil {
			return err
		}
		return s.Chat.Give(r.Context(), s.actor(r), id, page.Slug)
	})
}

func (s *Server) putAway(w http.ResponseWriter, r *http.Request) error {
	id, err := ids.Parse[chat.Given](r.PathValue("given"))
	if err != nil {
		return err
	}
	if err := s.Chat.PutAway(r.Context(), s.actor(r), id); err != nil {
		return err
	}
	return s.redirectDone(w, r, "/rooms", "put_away")
}

// given is what somebody was given, with titles.
func (s *Server) given(r *http.Request) ([]chatpage.GivenPage, error) {
	list, err := s.Chat.Given(r.Context(), s.actor(r))
	if err != nil || len(list) == 0 {
		return nil, err
	}
	pages, err := s.Forum.Pages(r.Context(), s.actor(r))
	return chatpage.GivenPages(list, pages), err
}
