package forum

import (
	"context"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/pg"
)

// MoveThread puts a thread into another category of the same audience: nobody reads by it what they could not read before, and nobody loses what they
// wrote. Moderators of the category it stands in and tutors may, where they can read both; again is no mistake. Its permalinks stay; it is not pinned there.
// Invalid for a category that is not one of MoveTargets.
func (f *Forum) MoveThread(ctx context.Context, actor account.Actor, id ThreadID, slug string) error {
	return f.arrange(ctx, actor, id, "thread.move", func(ctx context.Context, tx pgx.Tx, from Category) (bool, error) {
		to, _, err := selectCategory(ctx, tx, actor, slug)
		if errs.KindOf(err) == errs.NotFound || err == nil && mayRead(actor, to.place()) != nil {
			return false, errs.Field("to", "forum.move_where", nil) // as if there were none of that name
		}
		switch {
		case err != nil:
			return false, err
		case from.Archived:
			return false, ErrArchived
		case to.ID == from.ID:
			return false, nil
		case !mayStandIn(from, to):
			return false, errs.Field("to", "forum.move_where", nil)
		}
		return updateThreadMoved(ctx, tx, actor.Service, id, to.ID)
	})
}

// MoveTargets are the categories that a thread of this one may be moved to by the actor.
func (f *Forum) MoveTargets(ctx context.Context, actor account.Actor, from Category) ([]Category, error) {
	if err := mayEnter(actor); err != nil {
		return nil, err
	}
	all, err := selectCategories(ctx, f.pool, actor)
	if err != nil {
		return nil, pg.Classify(err)
	}
	var list []Category
	for _, b := range all {
		if b.ID != from.ID && mayStandIn(from, b.Category) && mayRead(actor, b.place()) == nil {
			list = append(list, b.Category)
		}
	}
	return list, nil
}

// mayStandIn: what was written for some readers stays with them.
func mayStandIn(from, to Category) bool { return from.Audience == to.Audience && !to.Archived }
