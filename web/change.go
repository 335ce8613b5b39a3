package web

import (
	"net/http"
	"strconv"

	"ponti/account"
	"ponti/chat"
	"ponti/internal/ids"
	chatpage "ponti/web/page/chat"
)

// ownMessage is which message a path names.
func ownMessage(r *http.Request) (chat.Change, error) {
	id, err := roomID(r)
	if err != nil {
		return chat.Change{}, err
	}
	seq, err := strconv.ParseInt(r.PathValue("seq"), 10, 64)
	if err != nil || seq < 1 {
		return chat.Change{}, account.ErrNotFound
	}
	return chat.Change{Room: id, Seq: seq, CID: ids.New[chat.Message]().String()}, nil
}

// showChange shows a message of one's own as it stands; anybody else's is not found.
func (s *Server) showChange(w http.ResponseWriter, r *http.Request) error {
	in, err := ownMessage(r)
	if err != nil {
		return err
	}
	ctx, actor := r.Context(), s.actor(r)
	view, err := s.Chat.Room(ctx, actor, in.Room)
	if err != nil {
		return err
	}
	list, err := s.Chat.MessagesAfter(ctx, actor, in.Room, in.Seq-1, 1)
	if err != nil {
		return err
	}
	if len(list) == 0 || list[0].Kind != chat.Text || view.Me == 0 || list[0].From != view.Me {
		return account.ErrNotFound
	}
	if list[0].Withdrawn || list[0].Hidden {
		return chat.ErrWithdrawn
	}
	return s.renderChange(w, r, http.StatusOK, chatpage.ChangePage{Room: in.Room, Seq: in.Seq, CID: in.CID, Text: list[0].Text})
}

func (s *Server) renderChange(w http.ResponseWriter, r *http.Request, status int, p chatpage.ChangePage) error {
	return s.render(w, r, status, chatpage.Change(p))
}

func (s *Server) editMessage(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		CID  string `form:"cid"`
		Text string `form:"text"`
	}
	return s.changeMessage(w, r, &in, func(c chat.Change) error {
		c.CID = in.CID
		_, err := s.Chat.EditMessage(r.Context(), s.actor(r), c, in.Text)
		return err
	})
}

func (s *Server) removeMessage(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		CID string `form:"cid"`
	}
	return s.changeMessage(w, r, &in, func(c chat.Change) error {
		c.CID = in.CID
		_, err := s.Chat.RemoveMessage(r.Context(), s.actor(r), c)
		return err
	})
}

func (s *Server) changeMessage(w http.ResponseWriter, r *http.Request, in any, act func(chat.Change) error) error {
	c, err := ownMessage(r)
	if err != nil {
		return err
	}
	if err := decode(r, in); err != nil {
		return err
	}
	if err := s.live.MaySend(s.actor(r)); err != nil {
		return err
	}
	err = act(c)
	if f, again := formAgain(r, err); again {
		return s.renderChange(w, r, http.StatusUnprocessableEntity, chatpage.ChangePage{Room: c.Room, Seq: c.Seq, CID: c.CID, Form: f})
	}
	if err != nil {
		return err
	}
	return s.redirect(w, r, "/rooms/"+c.Room.String()+"#end")
}
