package forum

import (
	"context"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/errs"
)

// MaxPinned is how many threads of a category may stand first: more, and none stands out.
const MaxPinned = 5

// ErrTooManyPinned says that another thread has to be let go first.
var ErrTooManyPinned = errs.New(errs.Conflict, "forum.too_many_pinned")

// PinThread has a thread stand first in its category. Moderators of the category and tutors may, for a thread that somebody else opened;
// again is no mistake. ErrTooManyPinned beyond MaxPinned, ErrArchived where nothing changes any more.
func (f *Forum) PinThread(ctx context.Context, actor account.Actor, id ThreadID) error {
	return f.arrange(ctx, actor, id, "thread.pin", func(ctx context.Context, tx pgx.Tx, c Category) (bool, error) {
		switch n, err := countPinned(ctx, tx, actor.Service, c.ID, id); {
		case err != nil:
			return false, err
		case c.Archived:
			return false, ErrArchived
		case n >= MaxPinned:
			return false, ErrTooManyPinned
		}
		return updateThreadPinned(ctx, tx, actor.Service, id, true)
	})
}

// UnpinThread puts a thread back among the others.
func (f *Forum) UnpinThread(ctx context.Context, actor account.Actor, id ThreadID) error {
	return f.arrange(ctx, actor, id, "thread.unpin", func(ctx context.Context, tx pgx.Tx, _ Category) (bool, error) {
		return updateThreadPinned(ctx, tx, actor.Service, id, false)
	})
}
