package forum

import (
	"context"

	"ponti/account"
	"ponti/internal/pg"
)

// MarkRead notes that the actor has seen a thread up to a post, whichever device they read on. It never goes back.
func (f *Forum) MarkRead(ctx context.Context, actor account.Actor, id ThreadID, number int) error {
	t, c, err := selectThread(ctx, f.pool, actor, id)
	if err != nil {
		return pg.Classify(err)
	}
	if err := mayRead(actor, c.place()); err != nil {
		return err
	}
	if number = min(number, t.Posts); number <= t.Read {
		return nil
	}
	return pg.Classify(upsertRead(ctx, f.pool, actor, id, number))
}
