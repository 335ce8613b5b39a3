package forum

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/pg"
)

// Why a merge cannot be taken back.
var (
	ErrOpeningElsewhere = errs.New(errs.Invalid, "split.unmerge_opening") // its first post was split off since: a thread does not stand without one
	ErrOpenedByOneself  = errs.New(errs.Invalid, "split.unmerge_own")
)

// Merger is a thread that was merged into another one, for who may take that back.
type Merger struct {
	ID          ThreadID
	Title       string // before; empty when it is not known any more
	Author      Author
	At          time.Time
	First, Last int   // numbers that its posts have where they stand now
	Posts       int   // that stand there
	Opening     State // of its first post; empty when that stands elsewhere
	Why         error // it cannot be taken back; nil: it can
}

// Unmerge is which merge is taken back.
type Unmerge struct {
	Into, Thread ThreadID
	Title        string // of the thread that was merged; without meaning when its author deleted its first post
}

// why says why an actor cannot take it back.
func (m mergedRow) why(actor account.Actor) error {
	switch {
	case m.Opening == "":
		return ErrOpeningElsewhere
	case m.Author == actor.ID:
		return ErrOpenedByOneself
	}
	return nil
}

// Mergers lists what was merged into a thread, for who may merge it. Errors: account.ErrForbidden, account.ErrNotFound, ErrArchived.
func (f *Forum) Mergers(ctx context.Context, actor account.Actor, into ThreadID) (PostList, []Merger, error) {
	l, err := f.Posts(ctx, actor, into, 0, 1)
	switch {
	case err != nil:
		return l, nil, err
	case !l.MayLock:
		return l, nil, account.ErrForbidden
	case l.Category.Archived:
		return l, nil, ErrArchived
	}
	rows, err := selectMergedInto(ctx, f.pool, actor.Service, into)
	if err != nil {
		return l, nil, pg.Classify(err)
	}
	who := make([]account.ID, len(rows))
	for i, m := range rows {
		who[i] = named(m.Author, m.nameless)
	}
	names, err := f.accounts.Public(ctx, f.pool, who)
	list := make([]Merger, len(rows))
	for i, m := range rows {
		list[i] = Merger{
			ID: m.ID, Title: m.Title, Author: told(actor, m.Author, m.nameless, 0, names), At: m.At, First: m.After + 1, Last: m.After + m.Numbers, Posts: m.Posts, Opening: m.Opening, Why: m.why(actor),
		}
	}
	return l, list, err
}

// UnmergeThread takes a merge back: the posts that came from a thread, and still stand where they came to, stand in it again under the numbers they had, and its address is its own again. It stands
// in the category where they stood, closed if that is; what was written after them keeps its number. Who may merge may, in threads that others opened; again is no mistake. Errors: errs.Fields,
// ErrOpeningElsewhere, ErrOpenedByOneself, ErrArchived, account.ErrForbidden, account.ErrNotFound.
func (f *Forum) UnmergeThread(ctx context.Context, actor account.Actor, in Unmerge) (Receipt, error) {
	if err := mayEnter(actor); err != nil {
		return Receipt{}, err
	}
	err := pg.InTx(ctx, f.pool, func(ctx context.Context, tx pgx.Tx) error {
		if err := lockThreads(ctx, tx, actor.Service, in.Into, in.Thread); err != nil {
			return err
		}
		t, c, err := selectThread(ctx, tx, actor, in.Into)
		if err != nil {
			return err
		}
		if err := mayArrange(actor, c.place(), t); err != nil {
			return err
		}
		m, err := selectMergedOne(ctx, tx, actor.Service, in.Into, in.Thread)
		if errors.Is(err, account.ErrNotFound) {
			return f.unmerged(ctx, tx, actor, in.Thread)
		}
		if err != nil {
			return err
		}
		if c.Archived {
			return ErrArchived
		}
		if err := m.why(actor); err != nil {
			return err
		}
		title := ""
		if m.Opening != Deleted {
			var wrong errs.Fields
			title = prepareTitle(in.Title, &wrong)
			if err := wrong.Err(); err != nil {
				return err
			}
		}
		if err := unmergeThreads(ctx, tx, actor.Service, in.Into, m, title); err != nil {
			return err
		}
		return appendAudit(ctx, tx, actor, "thread.unmerge", "thread:"+in.Thread.String())
	})
	if err != nil {
		return Receipt{}, pg.Classify(err)
	}
	f.changed(in.Into)
	f.changed(in.Thread)
	return Receipt{Thread: in.Thread, Number: 1}, nil
}

// unmerged is nil for a thread that stands by itself and that the actor may arrange.
func (f *Forum) unmerged(ctx context.Context, tx pgx.Tx, actor account.Actor, id ThreadID) error {
	t, c, err := selectThread(ctx, tx, actor, id)
	if err != nil {
		return err
	}
	return mayArrange(actor, c.place(), t)
}
