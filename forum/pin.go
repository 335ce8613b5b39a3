package forum

import (
	"context"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/pg"
)

// MaxPinned is how many threads of a category may stand first: more, and none stands out.
const MaxPinned = 5

// ErrTooManyPinned says that another thread has to be let go first.
var ErrTooManyPinned = errs.New(errs.Conflict, "forum.too_many_pinned")

// PinThread has a thread stand first in its category. Moderators of the category and tutors may, for a thread that somebody else opened;
// again is no mistake. ErrTooManyPinned beyond MaxPinned, ErrArchived where nothing changes any more.
func (f *Forum) PinThread(ctx context.Context, actor account.Actor, id ThreadID) error {
	return f.setPinned(ctx, actor, id, true, "thread.pin")
}

// UnpinThread puts a thread back among the others.
func (f *Forum) UnpinThread(ctx context.Context, actor account.Actor, id ThreadID) error {
	return f.setPinned(ctx, actor, id, false, "thread.unpin")
}

func (f *Forum) setPinned(ctx context.Context, actor account.Actor, id ThreadID, pinned bool, action string) error {
	if err := mayEnter(actor); err != nil {
		return err
	}
	return pg.InTx(ctx, f.pool, func(ctx context.Context, tx pgx.Tx) error {
		t, c, err := selectThread(ctx, tx, actor, id)
		if err != nil {
			return err
		}
		if err := mayLock(actor, c.place(), t); err != nil {
			return err
		}
		if pinned {
			switch n, err := countPinned(ctx, tx, actor.Service, c.ID, id); {
			case err != nil:
				return err
			case c.Archived:
				return ErrArchived
			case n >= MaxPinned:
				return ErrTooManyPinned
			}
		}
		if changed, err := updateThreadPinned(ctx, tx, actor.Service, id, pinned); err != nil || !changed {
			return err
		}
		return appendAudit(ctx, tx, actor, action, "thread:"+id.String())
	})
}
