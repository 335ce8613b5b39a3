package pg_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/internal/errs"
	"ponti/internal/pg"
	"ponti/internal/pgtest"
)

func TestWaitOnce(t *testing.T) {
	t.Parallel()
	pool, err := pg.Open(t.Context(), pgtest.URL(t), pg.Options{Name: "test", MaxConns: 1})
	require.NoError(t, err)
	defer pool.Close()
	taken, err := pool.Acquire(t.Context())
	require.NoError(t, err)
	ctx := pg.WaitOnce(t.Context())
	one := func(ctx context.Context) (n int, err error) {
		err = pool.QueryRow(ctx, `select 1`).Scan(&n)
		return n, err
	}

	begin := time.Now()
	for range 20 { // one after the other, as a page asks: a second for each would take twenty
		_, err = one(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.NoError(t, ctx.Err(), "the request itself goes on")
	}
	err = pg.InTx(ctx, pool, func(context.Context, pgx.Tx) error { return nil })
	assert.Equal(t, errs.Unavailable, errs.KindOf(err))
	assert.Less(t, time.Since(begin), 10*time.Second)

	taken.Release()
	n, err := one(ctx)
	require.NoError(t, err, "what is free costs no waiting")
	assert.Equal(t, 1, n)
}
