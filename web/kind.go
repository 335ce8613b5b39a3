package web

import (
	"cmp"
	"net/http"
	"slices"

	"ponti/forum"
	forumpage "ponti/web/page/forum"
	"ponti/web/page/parts"
)

// toldForm is what the form of a publication sends beside what others send.
type toldForm struct {
	Abstract string `form:"abstract"`
	Closed   bool   `form:"closed"`
}

func (in toldForm) told() forum.Told { return forum.Told{Abstract: in.Abstract, Closed: in.Closed} }

// openingPage is the form to open a thread of the kind that was chosen, or of one to choose on it.
func (s *Server) openingPage(w http.ResponseWriter, r *http.Request, status int, c forum.Category, f parts.Form, d forum.Draft) error {
	kinds := s.Forum.KindsToOpen(s.actor(r), c)
	d = chosen(r, d)
	if d.Kind == forum.KindPublication && slices.Contains(kinds, d.Kind) {
		return s.render(w, r, status, forumpage.NewPublication(c, f, d))
	}
	return s.render(w, r, status, forumpage.NewThread(c, slices.DeleteFunc(kinds, forum.Kind.HasOwnForm), f, d))
}

// chosen is a draft with the kind that its form begins with: what was sent, or else the draft's own, what a link asks for, or a discussion. A draft of a kind with
// a form of its own goes into that form alone, and none goes into the form of another kind unless it was asked for.
func chosen(r *http.Request, d forum.Draft) forum.Draft {
	if sent := forum.ParseKind(r.PostForm.Get("kind")); sent != "" {
		d.Kind = sent
		return d
	}
	asked := cmp.Or(forum.ParseKind(r.URL.Query().Get("kind")), forum.KindDiscussion)
	d.Kind = cmp.Or(d.Kind, asked)
	if d.Kind != asked && (d.Kind.HasOwnForm() || asked.HasOwnForm()) && r.URL.Query().Get("draft") == "" {
		return forum.Draft{CID: newCID(), Kind: asked}
	}
	return d
}

// showQuestions lists the questions that wait for an answer by an ESP.
func (s *Server) showQuestions(w http.ResponseWriter, r *http.Request) error {
	before := forum.ParseCursor(r.URL.Query().Get("before"))
	l, err := s.Forum.UnansweredQuestions(r.Context(), s.actor(r), before, forum.ThreadsPerPage)
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, forumpage.Questions(l, before.At.IsZero()))
}
