package forum

import (
	"context"

	"github.com/jackc/pgx/v5"

	"ponti/internal/pg"
)

// RenderAgain brings posts up to date that older rules rendered, a hundred in a transaction, and returns how many. It is run at start; any
// number of instances may run it at once, and with nothing to do it costs one look into an index.
func (f *Forum) RenderAgain(ctx context.Context) (total int, err error) {
	for {
		n := 0
		err := pg.InTx(ctx, f.pool, func(ctx context.Context, tx pgx.Tx) error {
			posts, texts, shapes, err := selectStale(ctx, tx, 100)
			if n = len(posts); err != nil || n == 0 {
				return err
			}
			called, err := f.namesOf(ctx, tx, posts)
			if err != nil {
				return err
			}
			for i := range texts {
				texts[i] = shapes[i].render(texts[i], called[posts[i]]).HTML
			}
			return updateRendered(ctx, tx, posts, texts)
		})
		if total += n; err != nil || n == 0 {
			return total, err
		}
	}
}
