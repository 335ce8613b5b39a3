package forum

import (
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/ids"
	"ponti/internal/pg"
)

// Split is which posts of a thread become one of their own.
type Split struct {
	Thread    ThreadID
	Chosen    Chosen
	Elsewhere int // how many of its numbers were former places when they were chosen: SplitForm.Elsewhere
	Title     string
	Category  string // slug
	CID       string // made with the form
}

// excerptOfChosen is how many runes of a post are shown where posts are chosen.
const excerptOfChosen = 280

// SplitThread makes the chosen posts of a thread, in their order, a new one in the same category or another of the same audience. Their own addresses lead there, and their numbers in the
// old thread are given to nobody else. Whoever wrote them follows the new one as they did the old one; whoever had read them has; what is held, and drafts, stay. The first post stays:
// it is not taken, whatever was chosen. Moderators of both categories and tutors may, in a thread that somebody else opened; the new one is opened by the author of its first post,
// which cannot be the actor. The same form again gives the same thread. Errors: errs.Fields, also when posts were moved since they were chosen; ErrArchived,
// account.ErrNotFound, account.ErrForbidden.
func (f *Forum) SplitThread(ctx context.Context, actor account.Actor, in Split) (Receipt, error) {
	if err := mayEnter(actor); err != nil {
		return Receipt{}, err
	}
	if !validCID(in.CID) {
		return Receipt{}, ErrForm
	}
	to := ids.Of[Thread]("forum split", actor.Service.String(), actor.ID.String(), in.Thread.String(), in.CID)
	err := pg.InTx(ctx, f.pool, func(ctx context.Context, tx pgx.Tx) error {
		if err := lockThreads(ctx, tx, actor.Service, in.Thread, in.Thread); err != nil {
			return err
		}
		t, c, err := selectThread(ctx, tx, actor, in.Thread)
		if err != nil {
			return err
		}
		if err := mayArrange(actor, c.place(), t); err != nil {
			return err
		}
		if !t.MaySplit() {
			return account.ErrForbidden
		}
		if again, err := selectSplitOff(ctx, tx, actor.Service, to, in.Thread); err != nil || again {
			return err
		}
		return f.split(ctx, tx, actor, in, c, to)
	})
	if err != nil {
		return Receipt{}, pg.Classify(err)
	}
	f.changed(in.Thread)
	f.changed(to)
	return Receipt{Thread: to, Number: 1}, nil
}

// split does it, in a thread that is locked and that the actor may arrange.
func (f *Forum) split(ctx context.Context, tx pgx.Tx, actor account.Actor, in Split, from Category, to ThreadID) error {
	if from.Archived {
		return ErrArchived
	}
	var wrong errs.Fields
	title := prepareTitle(in.Title, &wrong)
	in.Chosen = slices.Clone(in.Chosen).tidy()
	posts, numbers, err := selectChosen(ctx, tx, actor.Service, in.Thread, in.Chosen)
	if err != nil {
		return err
	}
	elsewhere, err := selectFormerCount(ctx, tx, actor.Service, in.Thread)
	if err != nil {
		return err
	}
	var first postRow
	if len(posts) > 0 {
		if first, _, _, err = selectPost(ctx, tx, actor, posts[0], false); err != nil {
			return err
		}
	}
	switch {
	case len(in.Chosen) > MaxSpans:
		wrong.Add("chosen", "split.too_many", map[string]any{"Max": MaxSpans})
	case elsewhere != in.Elsewhere:
		wrong.Add("chosen", "split.moved_meanwhile", nil)
	case len(posts) == 0:
		wrong.Add("chosen", "split.nothing_chosen", nil)
	case first.Hidden || first.Deleted:
		wrong.Add("chosen", "split.first_unreadable", nil)
	case first.Author == actor.ID:
		wrong.Add("chosen", "split.first_own", nil)
	}
	there, _, err := selectCategory(ctx, tx, actor, in.Category)
	if err != nil && !errors.Is(err, account.ErrNotFound) {
		return err
	}
	if err != nil || !maySplitInto(actor, from, there) {
		wrong.Add("to", "split.where", nil) // as if there were none of that name
	}
	if err := wrong.Err(); err != nil {
		return err
	}
	if err := insertThread(ctx, tx, actor.Service, newThread{ID: to, Category: there.ID, Author: first.Author, Title: title, Kind: KindDiscussion, At: &first.At, voice: first.voice}); err != nil {
		return err
	}
	if err := splitThread(ctx, tx, actor.Service, in.Thread, to, posts, numbers); err != nil {
		return err
	}
	return appendAudit(ctx, tx, actor, "thread.split", "thread:"+in.Thread.String())
}

// maySplitInto: what was written for some readers stays with them, and who splits looks after both ends.
func maySplitInto(actor account.Actor, from, to Category) bool {
	return mayStandIn(from, to) && mayRead(actor, to.place()) == nil && account.Can(actor, account.ThreadLockMovePin, to.place().relation(false)) == nil
}

// SplitTargets are the categories that posts of one category may be split into by the actor: that one first.
func (f *Forum) SplitTargets(ctx context.Context, actor account.Actor, from Category) ([]Category, error) {
	all, err := f.MoveTargets(ctx, actor, from)
	if err != nil || from.Archived {
		return nil, err
	}
	list := []Category{from}
	for _, c := range all {
		if maySplitInto(actor, from, c) {
			list = append(list, c)
		}
	}
	return list, nil
}

// SplitForm is a page of a thread on which posts are chosen.
type SplitForm struct {
	PostList

	Excerpts  map[int]string // the beginning of what can be read, by number
	Chosen    Chosen
	Count     int     // chosen posts
	First     OnePost // the first of them; without an id when none is
	Excerpt   string  // of that one
	Elsewhere int
}

// SplitForm gives the posts after a number, for who may split their thread. Errors: account.ErrForbidden, account.ErrNotFound, ErrArchived.
func (f *Forum) SplitForm(ctx context.Context, actor account.Actor, id ThreadID, c Chosen, after int) (SplitForm, error) {
	l, err := f.Posts(ctx, actor, id, after, PostsPerPage)
	switch {
	case err != nil:
		return SplitForm{}, err
	case !l.MayLock || !l.Thread.MaySplit():
		return SplitForm{}, account.ErrForbidden
	case l.Category.Archived:
		return SplitForm{}, ErrArchived
	}
	form := SplitForm{PostList: l, Excerpts: map[int]string{}, Chosen: c}
	sources, err := selectSources(ctx, f.pool, actor.Service, id, l.After, PostsPerPage)
	if err != nil {
		return form, pg.Classify(err)
	}
	for _, p := range l.Posts {
		if p.HTML != "" {
			form.Excerpts[p.Number] = beginning(sources[p.Number])
		}
	}
	if form.Elsewhere, err = selectFormerCount(ctx, f.pool, actor.Service, id); err != nil {
		return form, pg.Classify(err)
	}
	var first PostID
	if first, form.Count, err = selectFirstChosen(ctx, f.pool, actor.Service, id, c); err != nil || first.IsZero() {
		return form, pg.Classify(err)
	}
	form.First, err = f.Post(ctx, actor, first)
	form.Excerpt = beginning(form.First.Source)
	return form, err
}

// beginning is how a text begins, as it is read.
func beginning(source string) string {
	plain := []rune(cleanTitle(render(source).Plain))
	if len(plain) > excerptOfChosen {
		plain = append(plain[:excerptOfChosen], '…')
	}
	return string(plain)
}
