package web

import (
	"encoding/json"
	"errors"
	"net/http"

	"ponti/forum"
	"ponti/internal/errs"
	"ponti/internal/ids"
	forumpage "ponti/web/page/forum"
)

// showDrafts is all that somebody began to write in the forum.
func (s *Server) showDrafts(w http.ResponseWriter, r *http.Request) error {
	list, err := s.Forum.Drafts(r.Context(), s.actor(r))
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, forumpage.Drafts(list))
}

// draftAnswer is what a script is told.
type draftAnswer struct {
	Version int          `json:"version"`
	Hints   []forum.Hint `json:"hints"`
}

// keepDraft keeps what stands in a form of the forum. A script is told the version and the hints, or with a status alone why not: 409 asks it to keep under another
// client id. Without a script a second draft is made then, and mistakes come back with the form.
func (s *Server) keepDraft(w http.ResponseWriter, r *http.Request) error {
	var in forumWriting
	if err := decode(r, &in); err != nil {
		return err
	}
	thread, err := optional[forum.Thread](in.Thread)
	if err != nil {
		return err
	}
	post, err := optional[forum.Post](in.Post)
	if err != nil {
		return err
	}
	scripted := r.Header.Get("Accept") == "application/json"
	k := forum.Keep{Thread: thread, Category: in.Category, Kind: in.Kind, Told: in.told(), Title: in.Title, Text: in.Text, Notes: in.Notes, Nameless: in.Nameless, CID: in.CID, DraftMark: in.mark(), Post: post, Base: in.Base}
	version, err := s.Forum.KeepDraft(r.Context(), s.actor(r), k)
	if errs.KindOf(err) == errs.NotFound && !thread.IsZero() { // it may have been merged since its page was opened
		if into, _, none := s.Forum.Merged(r.Context(), s.actor(r), thread, 0); none == nil {
			k.Thread = into
			version, err = s.Forum.KeepDraft(r.Context(), s.actor(r), k)
		}
	}
	if errors.Is(err, forum.ErrDraftElsewhere) && !scripted {
		k.CID, k.DraftMark = newCID(), forum.DraftMark{}
		_, err = s.Forum.KeepDraft(r.Context(), s.actor(r), k)
	}
	switch {
	case scripted && errors.Is(err, forum.ErrDraftElsewhere):
		w.WriteHeader(http.StatusConflict)
		return nil
	case scripted && errs.KindOf(err) == errs.Invalid:
		w.WriteHeader(http.StatusUnprocessableEntity)
		return nil
	case err != nil && !scripted:
		if f, again := formAgain(r, err); again && !post.IsZero() {
			return s.editPage(w, r, http.StatusUnprocessableEntity, post, f)
		} else if again && !thread.IsZero() {
			return s.replyPage(w, r, http.StatusUnprocessableEntity, thread, f, forum.OnePost{})
		} else if again {
			return s.newThreadPage(w, r, http.StatusUnprocessableEntity, in.Category, f)
		}
		return err
	case err != nil:
		return err
	case scripted:
		w.Header().Set("Content-Type", "application/json")
		return ignoreGone(json.NewEncoder(w).Encode(draftAnswer{version, s.Forum.HintsFor(s.actor(r).Service, in.Title, in.Text, in.Notes)}))
	}
	return s.redirectDone(w, r, "/forum/drafts", "draft_kept")
}

// optional is the id that a form names, or the zero one where it names none.
func optional[T any](id string) (ids.ID[T], error) {
	if id == "" {
		return ids.ID[T]{}, nil
	}
	return ids.Parse[T](id)
}

func (s *Server) discardDraft(w http.ResponseWriter, r *http.Request) error {
	id, err := ids.Parse[forum.Draft](r.PathValue("draft"))
	if err != nil {
		return err
	}
	if err := s.Forum.ThrowDraftAway(r.Context(), s.actor(r), id); err != nil {
		return err
	}
	return s.redirectDone(w, r, "/forum/drafts", "draft_gone")
}

// draftAsked is the draft that a link asks for; the zero id where it asks for none.
func draftAsked(r *http.Request) (forum.DraftID, error) {
	return optional[forum.Draft](r.URL.Query().Get("draft"))
}

// draftFor is what a form begins with: the draft that was kept for its place, that which a link asks for, or nothing.
func (s *Server) draftFor(r *http.Request, thread forum.ThreadID, slug string) (forum.Draft, error) {
	id, err := draftAsked(r)
	if err != nil {
		return forum.Draft{}, err
	}
	d, err := s.Forum.DraftOf(r.Context(), s.actor(r), thread, slug, id)
	if d.Version == 0 {
		d.CID = newCID()
	}
	return d, err
}
