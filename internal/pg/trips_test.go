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

func TestInTwoTrips(t *testing.T) {
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
	nothing := func(*pgx.Batch) {}
	insert := func(name string) func(*pgx.Batch) error {
		return func(b *pgx.Batch) error {
			b.Queue(`insert into pgtest_things (name, n) values ($1, 0)`, name)
			return nil
		}
	}

	t.Run("what was asked is known before something is written", func(t *testing.T) {
		var n int
		require.NoError(t, pg.InTwoTrips(ctx, pool, func(b *pgx.Batch) {
			b.Queue(`select 41`).QueryRow(func(row pgx.Row) error { return row.Scan(&n) })
		}, func(b *pgx.Batch) error {
			b.Queue(`insert into pgtest_things (name, n) values ('trip', $1)`, n+1)
			return nil
		}))
		require.NoError(t, pool.QueryRow(ctx, `select n from pgtest_things where name = 'trip'`).Scan(&n))
		assert.Equal(t, 42, n)
	})
	t.Run("nothing written is no error", func(t *testing.T) {
		require.NoError(t, pg.InTwoTrips(ctx, pool, nothing, func(*pgx.Batch) error { return nil }))
	})
	t.Run("an error undoes all", func(t *testing.T) {
		boom := errors.New("boom")
		require.ErrorIs(t, pg.InTwoTrips(ctx, pool, func(b *pgx.Batch) {
			b.Queue(`insert into pgtest_things (name, n) values ('trip asked', 0)`)
		}, func(*pgx.Batch) error { return boom }), boom)
		assert.Equal(t, 1, count())
	})
	t.Run("an error in reading an answer undoes all", func(t *testing.T) {
		boom := errors.New("boom")
		require.ErrorIs(t, pg.InTwoTrips(ctx, pool, func(b *pgx.Batch) {
			b.Queue(`select 1`).Query(func(pgx.Rows) error { return boom })
		}, insert("trip unread")), boom)
		assert.Equal(t, 1, count())
	})
	t.Run("a refused statement undoes all before it, and names its constraint", func(t *testing.T) {
		err := pg.InTwoTrips(ctx, pool, nothing, func(b *pgx.Batch) error {
			b.Queue(`insert into pgtest_things (name, n) values ('trip before', 0)`)
			return insert("trip")(b)
		})
		assert.Equal(t, "pgtest_things_name_key", pg.Constraint(err))
		assert.Equal(t, 1, count())
	})
	t.Run("a transaction that an answer spoiled is not called committed", func(t *testing.T) {
		require.Error(t, pg.InTwoTrips(ctx, pool, func(b *pgx.Batch) { b.Queue(`select 1/0`) }, insert("trip spoiled")))
		assert.Equal(t, 1, count())
	})
	t.Run("a line cut on the way is unavailable, and the next call has a line again", func(t *testing.T) {
		err := pg.InTwoTrips(ctx, pool, func(b *pgx.Batch) {
			b.Queue(`select pg_terminate_backend(pg_backend_pid())`)
		}, insert("trip cut"))
		require.ErrorIs(t, err, pg.ErrUnavailable)
		assert.Equal(t, 1, count())
		require.NoError(t, pg.InTwoTrips(ctx, pool, nothing, insert("trip after")))
		assert.Equal(t, 2, count())
	})
	t.Run("no free connection is unavailable", func(t *testing.T) {
		held, err := pool.Acquire(ctx)
		require.NoError(t, err)
		defer held.Release()
		assert.ErrorIs(t, pg.InTwoTrips(ctx, pool, nothing, insert("trip held")), pg.ErrUnavailable)
	})
}
