package web

import (
	"net/http"

	"github.com/a-h/templ"

	"ponti/chat"
	chatpage "ponti/web/page/chat"
	"ponti/web/page/parts"
)

func (s *Server) showBlock(w http.ResponseWriter, r *http.Request) error {
	return s.confirm(w, r, func(_ chat.RoomView, url string) templ.Component { return chatpage.BlockPage(parts.Form{}, url) })
}

func (s *Server) endAndBlock(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Reason string `form:"reason"`
	}
	id, err := roomID(r)
	if err != nil {
		return err
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	err = s.Chat.EndAndBlock(r.Context(), s.actor(r), id, chat.BlockReason(in.Reason))
	if f, again := formAgain(r, err); again {
		return s.render(w, r, http.StatusUnprocessableEntity, chatpage.BlockPage(f, "/rooms/"+id.String()))
	}
	if err != nil {
		return err
	}
	return s.redirectDone(w, r, "/rooms/"+id.String(), "blocked")
}
