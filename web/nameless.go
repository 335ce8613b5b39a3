package web

import (
	"net/http"

	"ponti/internal/ids"
	"ponti/moderation"
)

// switchNameless says whether people may write in a category without their name, and leads back to where that was pressed.
func (s *Server) switchNameless(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Allow bool   `form:"allow"`
		From  string `form:"from"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	if err := s.Forum.AllowNameless(r.Context(), s.actor(r), r.PathValue("slug"), in.Allow); err != nil {
		return err
	}
	done := "nameless_ended"
	if in.Allow {
		done = "nameless_allowed"
	}
	return s.redirectDone(w, r, in.From, done)
}

// revealAuthor tells the tutor who answers for an alert whose the text without a name is.
func (s *Server) revealAuthor(w http.ResponseWriter, r *http.Request) error {
	id, err := ids.Parse[moderation.Escalation](r.PathValue("escalation"))
	if err != nil {
		return err
	}
	if err := s.Moderation.RevealAuthor(r.Context(), s.actor(r), id); err != nil {
		return err
	}
	return s.redirect(w, r, "/console/"+id.String())
}
