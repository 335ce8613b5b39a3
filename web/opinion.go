package web

import (
	"net/http"

	"ponti/internal/ids"
	"ponti/moderation"
)

// noting is what the forms beside a case send.
type noting struct {
	Note    string             `form:"note"`
	Opinion moderation.Opinion `form:"opinion"`
}

func (s *Server) noteOnCase(w http.ResponseWriter, r *http.Request) error {
	return s.besideCase(w, r, "case_noted", func(id moderation.CaseID, in noting) error {
		return s.Moderation.NoteOnCase(r.Context(), s.actor(r), id, in.Note)
	})
}

func (s *Server) askSecondOpinion(w http.ResponseWriter, r *http.Request) error {
	return s.besideCase(w, r, "second_asked", func(id moderation.CaseID, in noting) error {
		return s.Moderation.AskSecondOpinion(r.Context(), s.actor(r), id, in.Note)
	})
}

func (s *Server) giveOpinion(w http.ResponseWriter, r *http.Request) error {
	return s.besideCase(w, r, "opinion_given", func(id moderation.CaseID, in noting) error {
		return s.Moderation.GiveOpinion(r.Context(), s.actor(r), id, in.Opinion, in.Note)
	})
}

// besideCase does what a form beside a case asks for, and comes back to it.
func (s *Server) besideCase(w http.ResponseWriter, r *http.Request, done string, act func(moderation.CaseID, noting) error) error {
	var in noting
	id, err := ids.Parse[moderation.Case](r.PathValue("case"))
	if err == nil {
		err = decode(r, &in)
	}
	if err == nil {
		err = act(id, in)
	}
	if f, ok := formAgain(r, asMistake(err, "note")); ok {
		return s.showCaseWith(w, r, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	return s.redirectDone(w, r, "/moderation/"+id.String(), done)
}
