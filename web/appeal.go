package web

import (
	"net/http"

	"ponti/internal/ids"
	"ponti/moderation"
	moderationpage "ponti/web/page/moderation"
	"ponti/web/page/parts"
)

func (s *Server) showAppeal(w http.ResponseWriter, r *http.Request) error {
	id, err := ids.Parse[moderation.Case](r.PathValue("case"))
	if err != nil {
		return err
	}
	if err := s.Moderation.Appealable(r.Context(), s.actor(r), id); err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, moderationpage.AppealForm(id, parts.Form{}))
}

func (s *Server) fileAppeal(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Text string `form:"text"`
	}
	id, err := ids.Parse[moderation.Case](r.PathValue("case"))
	if err != nil {
		return err
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	err = s.Moderation.FileAppeal(r.Context(), s.actor(r), id, in.Text)
	if f, again := formAgain(r, err); again {
		// Whether it is theirs at all comes before what is wrong with the form.
		if err := s.Moderation.Appealable(r.Context(), s.actor(r), id); err != nil {
			return err
		}
		return s.render(w, r, http.StatusUnprocessableEntity, moderationpage.AppealForm(id, f))
	}
	if err != nil {
		return err
	}
	return s.redirectDone(w, r, "/notices", "appealed")
}
