package pg_test

import (
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/internal/pg"
	"ponti/internal/pgtest"
)

func TestInOneTrip(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	require.NoError(t, pg.Migrate(t.Context(), url, set(t)))
	pool, err := pg.Open(t.Context(), url, pg.Options{Name: "test", MaxConns: 1}) // what one call left behind meets the next
	require.NoError(t, err)
	defer pool.Close()
	ctx := t.Context()
	count := func() (n int) {
		t.Helper()
		require.NoError(t, pool.QueryRow(ctx, `select count(*) from pgtest_things where name like 'trip%'`).Scan(&n))
		return n
	}
	insert := func(b *pgx.Batch, name string) *pgx.QueuedQuery {
		return b.Queue(`insert into pgtest_things (name, n) values ($1, 0) returning name`, name)
	}

	t.Run("statements are committed together and their answers read", func(t *testing.T) {
		var name string
		require.NoError(t, pg.InOneTrip(ctx, pool, func(b *pgx.Batch) {
			b.Queue(`select set_config('lock_timeout', '100ms', true)`)
			insert(b, "trip").QueryRow(func(row pgx.Row) error { return row.Scan(&name) })
		}))
		assert.Equal(t, "trip", name)
		assert.Equal(t, 1, count())
	})
	t.Run("nothing is no error", func(t *testing.T) {
		require.NoError(t, pg.InOneTrip(ctx, pool, func(*pgx.Batch) {}))
	})
	t.Run("a refused statement undoes all before it, and names its constraint", func(t *testing.T) {
		err := pg.InOneTrip(ctx, pool, func(b *pgx.Batch) {
			insert(b, "trip before")
			insert(b, "trip")
		})
		assert.Equal(t, "pgtest_things_name_key", pg.Constraint(err))
		assert.Equal(t, 1, count())
	})
	t.Run("an answer that cannot be read is an error", func(t *testing.T) {
		boom := errors.New("boom")
		require.ErrorIs(t, pg.InOneTrip(ctx, pool, func(b *pgx.Batch) {
			insert(b, "trip unread").Query(func(pgx.Rows) error { return boom })
		}), boom)
		assert.Equal(t, 2, count(), "of something that is done")
	})
	t.Run("a line cut on the way is unavailable, and the next call has a line again", func(t *testing.T) {
		err := pg.InOneTrip(ctx, pool, func(b *pgx.Batch) {
			insert(b, "trip cut")
			b.Queue(`select pg_terminate_backend(pg_backend_pid())`)
		})
		require.ErrorIs(t, err, pg.ErrUnavailable)
		assert.Equal(t, 2, count())
		require.NoError(t, pg.InOneTrip(ctx, pool, func(b *pgx.Batch) { insert(b, "trip after") }))
		assert.Equal(t, 3, count())
	})
	t.Run("no free connection is unavailable", func(t *testing.T) {
		held, err := pool.Acquire(ctx)
		require.NoError(t, err)
		defer held.Release()
		assert.ErrorIs(t, pg.InOneTrip(ctx, pool, func(b *pgx.Batch) { insert(b, "trip held") }), pg.ErrUnavailable)
	})
}
