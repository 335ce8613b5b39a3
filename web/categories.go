package web

import (
	"net/http"

	"ponti/account"
	"ponti/forum"
	"ponti/internal/ids"
	forumpage "ponti/web/page/forum"
	"ponti/web/page/parts"
)

// showCategoryDesk lists the categories of the forum for administrators, and what waits for a second one.
func (s *Server) showCategoryDesk(w http.ResponseWriter, r *http.Request) error {
	d, err := s.Forum.Desk(r.Context(), s.actor(r))
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, forumpage.Desk(d))
}

func (s *Server) showProposeCategory(w http.ResponseWriter, r *http.Request) error {
	return s.proposeCategoryPage(w, r, http.StatusOK, parts.Form{})
}

func (s *Server) proposeCategoryPage(w http.ResponseWriter, r *http.Request, status int, f parts.Form) error {
	d, err := s.Forum.Desk(r.Context(), s.actor(r))
	if err != nil {
		return err
	}
	return s.render(w, r, status, forumpage.ProposeCategory(d, f))
}

func (s *Server) proposeCategory(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Slug     string         `form:"slug"`
		Title    string         `form:"title"`
		Audience forum.Audience `form:"audience"`
		Rules    string         `form:"rules"`
		Place    string         `form:"place"`
		Why      string         `form:"why"`
	}
	err := decode(r, &in)
	if err == nil {
		_, err = s.Forum.ProposeCategory(r.Context(), s.actor(r), forum.NewCategory{
			Slug: in.Slug, Title: in.Title, Audience: in.Audience, Rules: in.Rules, Position: wholeNumber(in.Place), // none, and a wrong one, is the end
		}, in.Why)
	}
	if f, again := formAgain(r, err); again {
		return s.proposeCategoryPage(w, r, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	return s.redirectDone(w, r, "/categories", "second_awaited")
}

func proposalID(r *http.Request) (forum.ProposalID, error) {
	return ids.Parse[forum.Proposal](r.PathValue("proposal"))
}

func (s *Server) showProposal(w http.ResponseWriter, r *http.Request) error {
	return s.proposalPage(w, r, http.StatusOK, parts.Form{})
}

func (s *Server) proposalPage(w http.ResponseWriter, r *http.Request, status int, f parts.Form) error {
	d, err := s.Forum.Desk(r.Context(), s.actor(r))
	if err != nil {
		return err
	}
	id, err := proposalID(r)
	if err != nil {
		return err
	}
	p, err := d.Proposal(id)
	if err != nil {
		return err
	}
	return s.render(w, r, status, forumpage.Proposal(d, p, f))
}

func (s *Server) approveProposal(w http.ResponseWriter, r *http.Request) error {
	id, err := proposalID(r)
	if err != nil {
		return err
	}
	p, err := s.Forum.ApproveProposal(r.Context(), s.actor(r), id)
	if err != nil {
		return err
	}
	return s.redirectDone(w, r, "/categories/"+p.Slug, "category_"+string(p.Kind))
}

func (s *Server) declineProposal(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Reason string `form:"reason"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	id, err := proposalID(r)
	if err != nil {
		return err
	}
	err = s.Forum.DeclineProposal(r.Context(), s.actor(r), id, in.Reason)
	if f, again := formAgain(r, err); again {
		return s.proposalPage(w, r, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	return s.redirectDone(w, r, "/categories", "proposal_declined")
}

func (s *Server) withdrawProposal(w http.ResponseWriter, r *http.Request) error {
	id, err := proposalID(r)
	if err != nil {
		return err
	}
	if err := s.Forum.WithdrawProposal(r.Context(), s.actor(r), id); err != nil {
		return err
	}
	return s.redirectDone(w, r, "/categories", "proposal_withdrawn")
}

// showCategory is one category with all that can be set of it.
func (s *Server) showCategory(w http.ResponseWriter, r *http.Request) error {
	return s.categoryPage(w, r, http.StatusOK, parts.Form{})
}

func (s *Server) categoryPage(w http.ResponseWriter, r *http.Request, status int, f parts.Form) error {
	d, err := s.Forum.Desk(r.Context(), s.actor(r))
	if err != nil {
		return err
	}
	c, err := d.Category(r.PathValue("slug"))
	if err != nil {
		return err
	}
	return s.render(w, r, status, forumpage.DeskCategory(c, f))
}

// categoryDone answers what was sent from the page of a category.
func (s *Server) categoryDone(w http.ResponseWriter, r *http.Request, err error, done string) error {
	if f, again := formAgain(r, err); again {
		return s.categoryPage(w, r, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	return s.redirectDone(w, r, "/categories/"+r.PathValue("slug"), done)
}

func (s *Server) changeCategory(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Title string `form:"title"`
		Rules string `form:"rules"`
		Mark  string `form:"mark"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	err := s.Forum.ChangeCategory(r.Context(), s.actor(r), r.PathValue("slug"), forum.CategoryTexts{Title: in.Title, Rules: in.Rules, Mark: in.Mark})
	return s.categoryDone(w, r, err, "category_saved")
}

func (s *Server) proposeArchive(w http.ResponseWriter, r *http.Request) error {
	return s.proposeFor(w, r, forum.ProposeArchive)
}

func (s *Server) proposeRestore(w http.ResponseWriter, r *http.Request) error {
	return s.proposeFor(w, r, forum.ProposeRestore)
}

func (s *Server) proposeFor(w http.ResponseWriter, r *http.Request, kind forum.ProposalKind) error {
	var in struct {
		Why string `form:"why"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	propose := s.Forum.ProposeArchive
	if kind == forum.ProposeRestore {
		propose = s.Forum.ProposeRestore
	}
	_, err := propose(r.Context(), s.actor(r), r.PathValue("slug"), in.Why)
	return s.categoryDone(w, r, asMistake(err, "why"), "second_awaited")
}

// moveCategory has a category change places with its neighbour: the form names which, so that it means the same when the order has changed since.
func (s *Server) moveCategory(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Before string `form:"before"`
		After  string `form:"after"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	slug, move, other := r.PathValue("slug"), s.Forum.MoveCategoryBefore, in.Before
	if in.After != "" {
		move, other = s.Forum.MoveCategoryAfter, in.After
	}
	if other == "" {
		return account.ErrNotFound
	}
	if err := move(r.Context(), s.actor(r), slug, other); err != nil {
		return err
	}
	return s.redirectDone(w, r, "/categories#c-"+slug, "category_moved")
}
