package web

import (
	"net/http"
	"strings"

	"ponti/account"
	"ponti/forum"
	"ponti/internal/ids"
	forumpage "ponti/web/page/forum"
	"ponti/web/page/parts"
)

// showFilters is what somebody does not want to meet in the forum.
func (s *Server) showFilters(w http.ResponseWriter, r *http.Request) error {
	return s.filtersPage(w, r, http.StatusOK, parts.Form{})
}

func (s *Server) filtersPage(w http.ResponseWriter, r *http.Request, status int, f parts.Form) error {
	filters, err := s.Forum.Filters(r.Context(), s.actor(r))
	if err != nil {
		return err
	}
	return s.render(w, r, status, forumpage.Filters(filters, strings.Join(filters.Words, "\n"), f))
}

func (s *Server) changeFilters(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Words string `form:"words"`
		Open  bool   `form:"open"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	err := s.Forum.ChangeFilters(r.Context(), s.actor(r), in.Words, in.Open)
	if f, again := formAgain(r, err); again {
		return s.filtersPage(w, r, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	return s.redirectDone(w, r, "/forum/filters", "filters_saved")
}

func (s *Server) unmute(w http.ResponseWriter, r *http.Request) error {
	id, err := ids.Parse[forum.Mute](r.PathValue("mute"))
	if err != nil {
		return err
	}
	if err := s.Forum.Unmute(r.Context(), s.actor(r), id); err != nil {
		return err
	}
	return s.redirectDone(w, r, "/forum/filters", "unmuted")
}

// showMuteAuthor says what it means to mute somebody, before it is done.
func (s *Server) showMuteAuthor(w http.ResponseWriter, r *http.Request) error {
	o, err := s.onePost(r)
	switch {
	case err != nil:
		return err
	case o.Post.Mine:
		return account.ErrForbidden
	case o.Post.Author.Nameless:
		return forum.ErrNoNameToMute
	}
	return s.render(w, r, http.StatusOK, forumpage.MuteAuthor(o))
}

func (s *Server) muteAuthor(w http.ResponseWriter, r *http.Request) error {
	id, err := ids.Parse[forum.Post](r.PathValue("post"))
	if err != nil {
		return err
	}
	receipt, err := s.Forum.MuteAuthor(r.Context(), s.actor(r), id)
	return s.written(w, r, receipt, err)
}
