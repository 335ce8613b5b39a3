package web

import (
	"net/http"
	"net/url"
	"strconv"

	"ponti/forum"
	"ponti/internal/ids"
	forumpage "ponti/web/page/forum"
	"ponti/web/page/parts"
)

// showSplit is the form to choose posts of a thread, a page of it at a time, and after it the one for the title. The choice stands in the address.
func (s *Server) showSplit(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	chosen := chosenIn(q)
	if q.Get("step") == "title" {
		return s.splitTitlePage(w, r, http.StatusOK, chosen, parts.Form{})
	}
	var f parts.Form
	status := http.StatusOK
	if len(chosen) > forum.MaxSpans {
		f.Mistakes.Add("chosen", "split.too_many", map[string]any{"Max": forum.MaxSpans})
		status = http.StatusUnprocessableEntity
	}
	return s.splitChoosePage(w, r, status, chosen, f)
}

// chosenIn is what was chosen before, with what the form that was sent says of the posts it showed.
func chosenIn(q url.Values) forum.Chosen {
	chosen := forum.ParseChosen(q.Get("chosen"))
	for _, shown := range forum.ParseChosen(q.Get("shown")) {
		chosen = chosen.Without(shown)
	}
	for _, n := range q["post"][:min(len(q["post"]), forum.PostsPerPage)] {
		for _, one := range forum.ParseChosen(n) {
			chosen = chosen.With(forum.Span{First: one.First, Last: one.First})
		}
	}
	if first := q.Get("first"); first != "" {
		for _, span := range forum.ParseChosen(first + "-" + q.Get("last")) {
			chosen = chosen.With(span)
		}
	}
	for _, from := range forum.ParseChosen(q.Get("from")) {
		chosen = chosen.With(forum.Span{First: from.First, Last: forum.ToTheEnd})
	}
	return chosen
}

// pageOf is the number before the page that somebody is on, or asks for.
func pageOf(q url.Values) int {
	at, err := strconv.Atoi(q.Get("at"))
	if shown := forum.ParseChosen(q.Get("shown")); err != nil && len(shown) > 0 {
		at = shown[0].First
	}
	return (min(max(at, 1), 1_000_000_000) - 1) / forum.PostsPerPage * forum.PostsPerPage
}

func (s *Server) splitChoosePage(w http.ResponseWriter, r *http.Request, status int, chosen forum.Chosen, f parts.Form) error {
	id, err := ids.Parse[forum.Thread](r.PathValue("thread"))
	if err != nil {
		return err
	}
	form, err := s.Forum.SplitForm(r.Context(), s.actor(r), id, chosen, pageOf(r.URL.Query()))
	if err != nil {
		return err
	}
	return s.render(w, r, status, forumpage.SplitChoose(form, f))
}

func (s *Server) splitTitlePage(w http.ResponseWriter, r *http.Request, status int, chosen forum.Chosen, f parts.Form) error {
	id, err := ids.Parse[forum.Thread](r.PathValue("thread"))
	if err != nil {
		return err
	}
	form, err := s.Forum.SplitForm(r.Context(), s.actor(r), id, chosen, pageOf(r.URL.Query()))
	if err != nil {
		return err
	}
	if form.Count == 0 && len(f.Mistakes) == 0 {
		f.Mistakes.Add("chosen", "split.nothing_chosen", nil)
		return s.render(w, r, http.StatusUnprocessableEntity, forumpage.SplitChoose(form, f))
	}
	targets, err := s.Forum.SplitTargets(r.Context(), s.actor(r), form.Category)
	if err != nil {
		return err
	}
	return s.render(w, r, status, forumpage.SplitTitle(form, targets, newCID(), f))
}

func (s *Server) splitThread(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Chosen    string `form:"chosen"`
		Elsewhere int    `form:"elsewhere"`
		Title     string `form:"title"`
		To        string `form:"to"`
		CID       string `form:"cid"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	id, err := ids.Parse[forum.Thread](r.PathValue("thread"))
	if err != nil {
		return err
	}
	chosen := forum.ParseChosen(in.Chosen)
	receipt, err := s.Forum.SplitThread(r.Context(), s.actor(r), forum.Split{
		Thread: id, Chosen: chosen, Elsewhere: in.Elsewhere, Title: in.Title, Category: in.To, CID: in.CID,
	})
	if f, again := formAgain(r, err); again {
		return s.splitTitlePage(w, r, http.StatusUnprocessableEntity, chosen, f)
	}
	return s.written(w, r, receipt, err)
}
