package forum

import (
	"context"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/pg"
)

// MergeThread puts all posts of a thread behind those of another one of the same category, and ends it: its addresses lead there, who followed it follows that one, and what is
// being written or waits to be read goes along. Its title is gone. Moderators of the category and tutors may, for two threads that others opened. It gives the first post that came
// along. Invalid for itself, a thread of another category or kind, and one that the actor opened.
func (f *Forum) MergeThread(ctx context.Context, actor account.Actor, id, into ThreadID) (r Receipt, err error) {
	if err := mayEnter(actor); err != nil {
		return r, err
	}
	err = pg.InTx(ctx, f.pool, func(ctx context.Context, tx pgx.Tx) error {
		if err := lockThreads(ctx, tx, actor.Service, id, into); err != nil {
			return err
		}
		t, c, err := selectThread(ctx, tx, actor, id)
		if err != nil {
			return err
		}
		if err := mayArrange(actor, c.place(), t); err != nil {
			return err
		}
		target, there, err := selectThread(ctx, tx, actor, into)
		if errs.KindOf(err) == errs.NotFound || err == nil && (there.ID != c.ID || into == id || c.Archived || !mayMerge(t.Thread, target.Thread) || mayArrange(actor, there.place(), target) != nil) {
			return errs.Field("into", "forum.merge_where", nil) // as if there were none
		}
		if err != nil {
			return err
		}
		r = Receipt{Thread: into, Number: target.end() + 1}
		if err := mergeThreads(ctx, tx, actor.Service, id, into, target.end()); err != nil {
			return err
		}
		return appendAudit(ctx, tx, actor, "thread.merge", "thread:"+id.String())
	})
	if err != nil {
		return Receipt{}, pg.Classify(err)
	}
	f.changed(id)
	f.changed(into)
	return r, nil
}

// mayMerge: what differs in kind differs in its rules.
func mayMerge(a, b Thread) bool { return a.Kind == b.Kind && a.Kind.rule().merges }

// MergeTargets are the threads to choose from: those written in lately into which this one may be merged by the actor, the newest first.
func (f *Forum) MergeTargets(ctx context.Context, actor account.Actor, l PostList) ([]Thread, error) {
	if !l.MayLock || l.Category.Archived || !l.Thread.Kind.rule().merges {
		return nil, nil
	}
	all, err := f.ThreadsOfKind(ctx, actor, l.Category.Slug, l.Thread.Kind, Cursor{}, ThreadsPerPage)
	if err != nil {
		return nil, err
	}
	var list []Thread
	for _, t := range all.Threads {
		if t.ID != l.Thread.ID && t.Title != "" && !t.Mine {
			list = append(list, t)
		}
	}
	return list, nil
}

// Merged is where the posts after a number of a thread stand now that was merged into another, also when that was merged in turn. account.ErrNotFound for any other thread, and for
// who may not read there.
func (f *Forum) Merged(ctx context.Context, actor account.Actor, id ThreadID, after int) (ThreadID, int, error) {
	if err := mayEnter(actor); err != nil {
		return ThreadID{}, 0, err
	}
	into, by, err := selectMerged(ctx, f.pool, actor.Service, id)
	if err != nil {
		return ThreadID{}, 0, pg.Classify(err)
	}
	if _, _, err := f.Thread(ctx, actor, into); err != nil {
		return ThreadID{}, 0, err
	}
	return into, after + by, nil
}
