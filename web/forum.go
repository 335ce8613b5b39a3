package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"ponti/account"
	"ponti/forum"
	"ponti/internal/errs"
	"ponti/internal/ids"
	forumpage "ponti/web/page/forum"
	"ponti/web/page/parts"
)

// forumWriting is what the forms of the forum send.
type forumWriting struct {
	Title    string              `form:"title"`
	Kind     forum.Kind          `form:"kind"`
	Text     string              `form:"text"`
	CID      string              `form:"cid"`
	Version  int                 `form:"version"`
	Notes    []forum.ContentNote `form:"notes"`
	Nameless bool                `form:"nameless"`
	toldForm `form:"told"`       // its fields stand among these
	// Of drafts alone.
	Writer   string `form:"writer"`
	Thread   string `form:"thread"`
	Category string `form:"category"`
	// Of edits alone: the post, and the version of it that the form shows.
	Post string `form:"post"`
	Base int    `form:"base"`
}

func (in forumWriting) mark() forum.DraftMark {
	return forum.DraftMark{Version: in.Version, Writer: in.Writer}
}

func (s *Server) showThreads(w http.ResponseWriter, r *http.Request) error {
	before := forum.ParseCursor(r.URL.Query().Get("before"))
	l, err := s.Forum.ThreadsOfKind(r.Context(), s.actor(r), r.PathValue("slug"), forum.ParseKind(r.URL.Query().Get("kind")), before, forum.ThreadsPerPage)
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, forumpage.Threads(l, before.At.IsZero()))
}

func (s *Server) showRules(w http.ResponseWriter, r *http.Request) error {
	return s.rulesPage(w, r, http.StatusOK, parts.Form{})
}

func (s *Server) rulesPage(w http.ResponseWriter, r *http.Request, status int, f parts.Form) error {
	c, err := s.Forum.RulesOf(r.Context(), s.actor(r), r.PathValue("slug"))
	if err != nil {
		return err
	}
	return s.render(w, r, status, forumpage.Rules(c, back(s.actor(r), c.Slug), f))
}

func (s *Server) changeRules(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Rules string `form:"rules"`
		Mark  string `form:"mark"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	err := s.Forum.ChangeRules(r.Context(), s.actor(r), r.PathValue("slug"), in.Rules, in.Mark)
	if f, again := formAgain(r, err); again {
		return s.rulesPage(w, r, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	return s.redirectDone(w, r, back(s.actor(r), r.PathValue("slug")), "category_saved")
}

// back is where somebody came from who changes a category: an administrator reads none.
func back(actor account.Actor, slug string) string {
	if actor.Is(account.RoleAdmin) {
		return "/categories/" + slug
	}
	return "/forum/categories/" + slug
}

func (s *Server) showNewThread(w http.ResponseWriter, r *http.Request) error {
	return s.newThreadPage(w, r, http.StatusOK, r.PathValue("slug"), parts.Form{})
}

func (s *Server) newThreadPage(w http.ResponseWriter, r *http.Request, status int, slug string, f parts.Form) error {
	c, err := s.Forum.Category(r.Context(), s.actor(r), slug)
	if err != nil {
		return err
	}
	d, err := s.draftFor(r, forum.ThreadID{}, slug)
	if err != nil {
		return err
	}
	return s.openingPage(w, r, status, c, f, d)
}

func (s *Server) openThread(w http.ResponseWriter, r *http.Request) error {
	var in forumWriting
	if err := decode(r, &in); err != nil {
		return err
	}
	receipt, err := s.Forum.OpenThread(r.Context(), s.actor(r), forum.NewThread{
		Category: r.PathValue("slug"), Kind: in.Kind, Title: in.Title, Told: in.told(), Text: in.Text, Notes: in.Notes, Nameless: in.Nameless, CID: in.CID, DraftMark: in.mark(),
	})
	if f, again := formAgain(r, err); again {
		return s.newThreadPage(w, r, http.StatusUnprocessableEntity, r.PathValue("slug"), f)
	}
	return s.written(w, r, receipt, err)
}

func (s *Server) showThread(w http.ResponseWriter, r *http.Request) error {
	id, err := ids.Parse[forum.Thread](r.PathValue("thread"))
	if err != nil {
		return err
	}
	after, err := strconv.Atoi(r.URL.Query().Get("after"))
	if err != nil || after < 0 || after > 1_000_000_000 {
		after = 0 // an old or broken link shows the beginning
	}
	asked, err := draftAsked(r)
	if err != nil {
		return err
	}
	l, d, err := s.Forum.PostsAndDraft(r.Context(), s.actor(r), id, after, forum.PostsPerPage, asked)
	if err != nil {
		return s.orMerged(w, r, id, after, err)
	}
	// A browser that fetches a page ahead shows it to nobody.
	if n := len(l.Posts); n > 0 && l.Posts[n-1].Number > l.Thread.Read && !strings.Contains(r.Header.Get("Sec-Purpose"), "prefetch") {
		if err := s.Forum.MarkRead(r.Context(), s.actor(r), id, l.Posts[n-1].Number); err != nil {
			s.Log.Warn().Str("req", visitOf(r).id).Err(err).Msg("thread not marked as read") // it can be read all the same
		}
	}
	s.seeMentions(r, l)
	if d.Version == 0 {
		d.CID, d.Nameless = newCID(), l.WroteNameless()
	}
	return s.render(w, r, http.StatusOK, forumpage.Thread(l, parts.Form{}, d))
}

// showSearch is the search of the forum: its form, and what fits.
func (s *Server) showSearch(w http.ResponseWriter, r *http.Request) error {
	in := r.URL.Query()
	page, err := strconv.Atoi(in.Get("page"))
	if err != nil {
		page = 1
	}
	q := forum.Query{Text: in.Get("q"), Category: in.Get("in"), Newest: in.Get("order") == "new", Page: page}
	found, err := s.Forum.Search(r.Context(), s.actor(r), q)
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, forumpage.Search(q, found))
}

// showReply is the form to answer on a page of its own, with a quote when one is asked for.
func (s *Server) showReply(w http.ResponseWriter, r *http.Request) error {
	id, err := ids.Parse[forum.Thread](r.PathValue("thread"))
	if err != nil {
		return err
	}
	var o forum.OnePost
	if quoted := r.URL.Query().Get("quote"); quoted != "" {
		post, err := ids.Parse[forum.Post](quoted)
		if err != nil {
			return err
		}
		if o, err = s.Forum.Post(r.Context(), s.actor(r), post); err != nil {
			return err
		}
		if o.Thread.ID != id { // it was split off, or merged, since its page was opened
			return s.redirect(w, r, "/forum/threads/"+o.Thread.ID.String()+"/reply?quote="+o.Post.ID.String())
		}
	}
	return s.replyPage(w, r, http.StatusOK, id, parts.Form{}, o)
}

func (s *Server) replyPage(w http.ResponseWriter, r *http.Request, status int, id forum.ThreadID, f parts.Form, quoted forum.OnePost) error {
	t, c, err := s.Forum.Thread(r.Context(), s.actor(r), id)
	if err != nil {
		return err
	}
	d, err := s.draftFor(r, id, "")
	if err != nil {
		return err
	}
	if d.Version == 0 {
		d.Nameless = t.Author.You
	}
	quote := forum.Quote(quoted.Source)
	if d.Text != "" && quote != "" {
		d.Text += "\n\n"
	}
	d.Text += quote
	d.Notes = append(d.Notes, quoted.Post.Notes...) // they belong to what is quoted
	return s.render(w, r, status, forumpage.Reply(c, t, f, d))
}

func (s *Server) writePost(w http.ResponseWriter, r *http.Request) error {
	var in forumWriting
	if err := decode(r, &in); err != nil {
		return err
	}
	id, err := ids.Parse[forum.Thread](r.PathValue("thread"))
	if err != nil {
		return err
	}
	post := forum.NewPost{Thread: id, Text: in.Text, Notes: in.Notes, Nameless: in.Nameless, CID: in.CID, DraftMark: in.mark()}
	receipt, err := s.Forum.WritePost(r.Context(), s.actor(r), post)
	if errs.KindOf(err) == errs.NotFound { // it may have been merged while the answer was written
		if into, _, none := s.Forum.Merged(r.Context(), s.actor(r), id, 0); none == nil {
			post.Thread = into
			receipt, err = s.Forum.WritePost(r.Context(), s.actor(r), post)
		}
	}
	if f, again := formAgain(r, err); again {
		return s.replyPage(w, r, http.StatusUnprocessableEntity, id, f, forum.OnePost{})
	}
	return s.written(w, r, receipt, err)
}

// written leads to the post that was just written; a reload of that page sends nothing again.
func (s *Server) written(w http.ResponseWriter, r *http.Request, receipt forum.Receipt, err error) error {
	if err != nil {
		return err
	}
	if receipt.Held {
		return s.redirect(w, r, forum.HeldPath(receipt.Post))
	}
	return s.redirect(w, r, forum.Path(receipt.Thread, receipt.Number))
}

// showPost leads from a post's own address to its place in the thread.
func (s *Server) showPost(w http.ResponseWriter, r *http.Request) error {
	o, err := s.onePost(r)
	if err != nil {
		return err
	}
	return s.redirect(w, r, forum.Path(o.Thread.ID, o.Post.Number))
}

func (s *Server) onePost(r *http.Request) (forum.OnePost, error) {
	id, err := ids.Parse[forum.Post](r.PathValue("post"))
	if err != nil {
		return forum.OnePost{}, err
	}
	return s.Forum.Post(r.Context(), s.actor(r), id)
}

// showHistory is what a post said before, for its author and those who look after it.
func (s *Server) showHistory(w http.ResponseWriter, r *http.Request) error {
	id, err := ids.Parse[forum.Post](r.PathValue("post"))
	if err != nil {
		return err
	}
	o, list, err := s.Forum.PostHistory(r.Context(), s.actor(r), id)
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, forumpage.History(o, list))
}

func (s *Server) showDeletePost(w http.ResponseWriter, r *http.Request) error {
	o, err := s.onePost(r)
	switch {
	case err != nil:
		return err
	case !o.Post.Mine:
		return account.ErrNotFound
	case !o.MayDelete:
		return s.redirect(w, r, forum.Path(o.Thread.ID, o.Post.Number))
	}
	return s.render(w, r, http.StatusOK, forumpage.Delete(o))
}

func (s *Server) deletePost(w http.ResponseWriter, r *http.Request) error {
	id, err := ids.Parse[forum.Post](r.PathValue("post"))
	if err != nil {
		return err
	}
	receipt, err := s.Forum.DeletePost(r.Context(), s.actor(r), id)
	if err != nil {
		return err
	}
	// Nobody had answered: the thread is gone with its opening.
	if _, _, err := s.Forum.Thread(r.Context(), s.actor(r), receipt.Thread); errors.Is(err, account.ErrNotFound) {
		return s.redirectDone(w, r, "/forum", "post_deleted")
	}
	return s.redirect(w, r, forum.Path(receipt.Thread, receipt.Number))
}

func (s *Server) showLock(w http.ResponseWriter, r *http.Request) error {
	return s.lockPage(w, r, http.StatusOK, parts.Form{})
}

func (s *Server) lockPage(w http.ResponseWriter, r *http.Request, status int, f parts.Form) error {
	id, err := ids.Parse[forum.Thread](r.PathValue("thread"))
	if err != nil {
		return err
	}
	l, err := s.Forum.Posts(r.Context(), s.actor(r), id, 0, 1)
	switch {
	case err != nil:
		return err
	case !l.MayLock:
		return account.ErrForbidden
	}
	return s.render(w, r, status, forumpage.Lock(l, f))
}

func (s *Server) lockThread(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Reason string `form:"reason"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	id, err := ids.Parse[forum.Thread](r.PathValue("thread"))
	if err != nil {
		return err
	}
	err = s.Forum.LockThread(r.Context(), s.actor(r), id, in.Reason)
	if f, again := formAgain(r, err); again {
		return s.lockPage(w, r, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	return s.redirect(w, r, "/forum/threads/"+id.String())
}

func (s *Server) showMove(w http.ResponseWriter, r *http.Request) error {
	return s.movePage(w, r, http.StatusOK, parts.Form{})
}

func (s *Server) movePage(w http.ResponseWriter, r *http.Request, status int, f parts.Form) error {
	id, err := ids.Parse[forum.Thread](r.PathValue("thread"))
	if err != nil {
		return err
	}
	l, err := s.Forum.Posts(r.Context(), s.actor(r), id, 0, 1)
	switch {
	case err != nil:
		return err
	case !l.MayLock:
		return account.ErrForbidden
	}
	targets, err := s.Forum.MoveTargets(r.Context(), s.actor(r), l.Category)
	if err != nil {
		return err
	}
	return s.render(w, r, status, forumpage.Move(l, targets, f))
}

func (s *Server) moveThread(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		To string `form:"to"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	id, err := ids.Parse[forum.Thread](r.PathValue("thread"))
	if err != nil {
		return err
	}
	err = s.Forum.MoveThread(r.Context(), s.actor(r), id, in.To)
	if f, again := formAgain(r, err); again {
		return s.movePage(w, r, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	return s.redirect(w, r, "/forum/threads/"+id.String())
}

func (s *Server) followThread(w http.ResponseWriter, r *http.Request) error {
	return s.changeThread(w, r, func(ctx context.Context, actor account.Actor, id forum.ThreadID) error {
		return s.Forum.Subscribe(ctx, actor, id, true)
	})
}

func (s *Server) unfollowThread(w http.ResponseWriter, r *http.Request) error {
	return s.changeThread(w, r, func(ctx context.Context, actor account.Actor, id forum.ThreadID) error {
		return s.Forum.Subscribe(ctx, actor, id, false)
	})
}

func (s *Server) unlockThread(w http.ResponseWriter, r *http.Request) error {
	return s.changeThread(w, r, s.Forum.UnlockThread)
}

func (s *Server) pinThread(w http.ResponseWriter, r *http.Request) error {
	return s.changeThread(w, r, s.Forum.PinThread)
}

func (s *Server) unpinThread(w http.ResponseWriter, r *http.Request) error {
	return s.changeThread(w, r, s.Forum.UnpinThread)
}

// changeThread does to the thread of the path what needs no further word, and shows it.
func (s *Server) changeThread(w http.ResponseWriter, r *http.Request, change func(context.Context, account.Actor, forum.ThreadID) error) error {
	id, err := ids.Parse[forum.Thread](r.PathValue("thread"))
	if err != nil {
		return err
	}
	if err := change(r.Context(), s.actor(r), id); err != nil {
		return err
	}
	return s.redirect(w, r, "/forum/threads/"+id.String())
}

// newCID names one form: sent twice, what it wrote is stored once.
func newCID() string { return ids.New[forum.Post]().String() }

// defaultCategories are what the forum of a new service begins with: their texts stand in the catalogue.
var defaultCategories = []struct {
	slug     string
	audience forum.Audience
}{
	{"hello", forum.ForMembers}, {"every-day", forum.ForMembers}, {"recovery", forum.ForMembers},
	{"families", forum.ForFamily}, {"helpers", forum.ForStaff},
}

// DefaultCategories are the categories for a new service, in its language. The service owns them from then on.
func (s *Server) DefaultCategories(locale string) []forum.NewCategory {
	words := s.catalog.Localizer(s.catalog.Match(locale), s.zone)
	out := make([]forum.NewCategory, len(defaultCategories))
	for i, c := range defaultCategories {
		key := strings.ReplaceAll(c.slug, "-", "_")
		out[i] = forum.NewCategory{
			Slug: c.slug, Audience: c.audience, Position: i + 1,
			Title: words.T("forum.default_title_" + key), Rules: words.T("forum.default_rules_" + key),
		}
	}
	return out
}
