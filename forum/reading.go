package forum

import (
	"context"

	"ponti/account"
	"ponti/internal/pg"
)

// MarkRead notes that the actor has seen a thread up to a post, whichever device they read on. It never goes back. One statement does it: it
// is said with each page.
func (f *Forum) MarkRead(ctx context.Context, actor account.Actor, id ThreadID, number int) error {
	found, err := upsertRead(ctx, f.pool, actor, id, number, readable(actor))
	if err == nil && !found {
		err = account.ErrNotFound
	}
	return pg.Classify(err)
}
