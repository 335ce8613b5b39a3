package web

import (
	"errors"
	"net/http"

	"ponti/internal/ids"
	"ponti/moderation"
	"ponti/web/page/parts"
)

// deciding is what the form sends by which a case is decided.
type deciding struct {
	Decision  moderation.DecisionKind `form:"decision"`
	Sanction  moderation.Sanction     `form:"sanction"`
	Statement string                  `form:"statement"`
}

// claimCase takes a case, or keeps it. What was written in the meantime comes back in its form.
func (s *Server) claimCase(w http.ResponseWriter, r *http.Request) error {
	var in deciding
	id, err := ids.Parse[moderation.Case](r.PathValue("case"))
	if err == nil {
		err = decode(r, &in)
	}
	if err == nil {
		err = s.Moderation.Claim(r.Context(), s.actor(r), id)
	}
	// Taken by somebody else, or decided: the page itself says so.
	if err != nil && !errors.Is(err, moderation.ErrTaken) && !errors.Is(err, moderation.ErrDecided) {
		return err
	}
	if in != (deciding{}) {
		return s.showCaseWith(w, r, http.StatusOK, parts.Form{Values: r.PostForm})
	}
	return s.redirect(w, r, "/moderation/"+id.String())
}

// keepClaim answers a script that says that somebody is at work on a case: by a status alone.
func (s *Server) keepClaim(w http.ResponseWriter, r *http.Request) error {
	id, err := ids.Parse[moderation.Case](r.PathValue("case"))
	if err == nil {
		err = s.Moderation.KeepClaim(r.Context(), s.actor(r), id)
	}
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Server) decideCase(w http.ResponseWriter, r *http.Request) error {
	var in deciding
	id, err := ids.Parse[moderation.Case](r.PathValue("case"))
	if err == nil {
		err = decode(r, &in)
	}
	if err == nil {
		err = s.Moderation.Decide(r.Context(), s.actor(r), id, moderation.Decision{Kind: in.Decision, Sanction: in.Sanction, Reason: in.Statement})
	}
	if f, ok := formAgain(r, asMistake(err, "statement")); ok {
		return s.showCaseWith(w, r, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	return s.redirectDone(w, r, "/moderation", "case_decided")
}

// takeBack shows again what was hidden.
func (s *Server) takeBack(w http.ResponseWriter, r *http.Request) error {
	var in deciding
	id, err := ids.Parse[moderation.Case](r.PathValue("case"))
	if err == nil {
		err = decode(r, &in)
	}
	if err == nil {
		err = s.Moderation.TakeBack(r.Context(), s.actor(r), id, in.Statement)
	}
	if f, ok := formAgain(r, asMistake(err, "statement")); ok {
		return s.showCaseWith(w, r, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	return s.redirectDone(w, r, "/moderation/"+id.String(), "taken_back")
}
