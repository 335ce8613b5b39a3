package web

import (
	"net/http"

	"ponti/chat"
	"ponti/internal/ids"
	chatpage "ponti/web/page/chat"
	"ponti/web/page/parts"
)

// showPrepared is where an administrator keeps the texts that ESPs have at hand.
func (s *Server) showPrepared(w http.ResponseWriter, r *http.Request) error {
	return s.preparedPage(w, r, http.StatusOK, parts.Form{})
}

func (s *Server) preparedPage(w http.ResponseWriter, r *http.Request, status int, f parts.Form) error {
	list, err := s.Chat.PreparedTexts(r.Context(), s.actor(r))
	if err != nil {
		return err
	}
	return s.render(w, r, status, chatpage.PreparedTexts(list, f))
}

func (s *Server) showPreparedText(w http.ResponseWriter, r *http.Request) error {
	return s.preparedTextPage(w, r, http.StatusOK, parts.Form{})
}

func (s *Server) preparedTextPage(w http.ResponseWriter, r *http.Request, status int, f parts.Form) error {
	id, err := ids.Parse[chat.Prepared](r.PathValue("text"))
	if err != nil {
		return err
	}
	versions, err := s.Chat.PreparedText(r.Context(), s.actor(r), id)
	if err != nil {
		return err
	}
	return s.render(w, r, status, chatpage.PreparedText(versions, f))
}

func (s *Server) addPrepared(w http.ResponseWriter, r *http.Request) error {
	return s.savePrepared(w, r, chat.PreparedID{}, s.preparedPage)
}

func (s *Server) editPrepared(w http.ResponseWriter, r *http.Request) error {
	id, err := ids.Parse[chat.Prepared](r.PathValue("text"))
	if err != nil {
		return err
	}
	return s.savePrepared(w, r, id, s.preparedTextPage)
}

func (s *Server) savePrepared(w http.ResponseWriter, r *http.Request, id chat.PreparedID, again func(http.ResponseWriter, *http.Request, int, parts.Form) error) error {
	var in struct {
		Title   string `form:"title"`
		Text    string `form:"text"`
		Version int    `form:"version"`
	}
	err := decode(r, &in)
	if err == nil {
		err = s.Chat.SavePrepared(r.Context(), s.actor(r), chat.Prepared{ID: id, Version: in.Version, Title: in.Title, Text: in.Text})
	}
	if f, wrong := formAgain(r, err); wrong {
		return again(w, r, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	return s.redirectDone(w, r, "/prepared", "prepared_saved")
}

func (s *Server) removePrepared(w http.ResponseWriter, r *http.Request) error {
	id, err := ids.Parse[chat.Prepared](r.PathValue("text"))
	if err != nil {
		return err
	}
	if err := s.Chat.RemovePrepared(r.Context(), s.actor(r), id); err != nil {
		return err
	}
	return s.redirectDone(w, r, "/prepared", "prepared_removed")
}
