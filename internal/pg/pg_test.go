package pg_test

import (
	"context"
	"embed"
	"errors"
	"io/fs"
	"net"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/internal/errs"
	"ponti/internal/pg"
	"ponti/internal/pgtest"
)

//go:embed testdata/*.sql
var files embed.FS

func set(t *testing.T) pg.Migrations {
	t.Helper()
	sub, err := fs.Sub(files, "testdata")
	require.NoError(t, err)
	return pg.Migrations{Name: "pgtest", FS: sub}
}

func TestMain(m *testing.M) { pgtest.Main(m) }

func TestMigrate(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	var wg sync.WaitGroup // three instances that start at once
	for range 3 {
		wg.Go(func() { assert.NoError(t, pg.Migrate(t.Context(), url, set(t))) })
	}
	wg.Wait()
	pool, err := pg.Open(t.Context(), url, pg.Options{Name: "test", MaxConns: 2})
	require.NoError(t, err)
	defer pool.Close()
	var n int
	require.NoError(t, pool.QueryRow(t.Context(), `select count(*) from pgtest_things`).Scan(&n))
	assert.Equal(t, 1, n, "each migration ran once")
}

func TestInTx(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	require.NoError(t, pg.Migrate(t.Context(), url, set(t)))
	pool, err := pg.Open(t.Context(), url, pg.Options{Name: "test", MaxConns: 4})
	require.NoError(t, err)
	defer pool.Close()
	ctx := t.Context()

	t.Run("an error rolls back", func(t *testing.T) {
		boom := errors.New("boom")
		err := pg.InTx(ctx, pool, func(ctx context.Context, tx pgx.Tx) error {
			_, err := tx.Exec(ctx, `insert into pgtest_things (name, n) values ('rolled back', 0)`)
			require.NoError(t, err)
			return boom
		})
		require.ErrorIs(t, err, boom)
		var n int
		require.NoError(t, pool.QueryRow(ctx, `select count(*) from pgtest_things where name = 'rolled back'`).Scan(&n))
		assert.Zero(t, n)
	})
	t.Run("a refused row names its constraint", func(t *testing.T) {
		_, err := pool.Exec(ctx, `insert into pgtest_things (name, n) values ('first', 0)`)
		assert.Equal(t, "pgtest_things_name_key", pg.Constraint(err))
		assert.Empty(t, pg.Constraint(errors.New("boom")))
	})
	t.Run("a deadlock is tried again", func(t *testing.T) {
		_, err := pool.Exec(ctx, `insert into pgtest_things (name, n) values ('a', 0), ('b', 0)`)
		require.NoError(t, err)
		var both, wg sync.WaitGroup
		both.Add(2)
		for _, order := range [][2]string{{"a", "b"}, {"b", "a"}} {
			wg.Go(func() {
				first := true
				assert.NoError(t, pg.InTx(ctx, pool, func(ctx context.Context, tx pgx.Tx) error {
					if _, err := tx.Exec(ctx, `set local lock_timeout = 0; set local deadlock_timeout = '20ms'`); err != nil {
						return err
					}
					if _, err := tx.Exec(ctx, `update pgtest_things set n = n + 1 where name = $1`, order[0]); err != nil {
						return err
					}
					if first {
						first = false
						both.Done()
						both.Wait() // each holds one row before it asks for the other's
					}
					_, err := tx.Exec(ctx, `update pgtest_things set n = n + 1 where name = $1`, order[1])
					return err
				}))
			})
		}
		wg.Wait()
		var sum int
		require.NoError(t, pool.QueryRow(ctx, `select sum(n) from pgtest_things where name in ('a', 'b')`).Scan(&sum))
		assert.Equal(t, 4, sum, "both were done, each once")
	})
	t.Run("no free connection ends in unavailable, not in waiting", func(t *testing.T) {
		small, err := pg.Open(ctx, url, pg.Options{Name: "test", MaxConns: 1})
		require.NoError(t, err)
		defer small.Close()
		held, err := small.Acquire(ctx)
		require.NoError(t, err)
		defer held.Release()
		assert.ErrorIs(t, pg.InTx(ctx, small, func(context.Context, pgx.Tx) error { return nil }), pg.ErrUnavailable)
	})
	t.Run("a held lock ends in unavailable, not in waiting", func(t *testing.T) {
		tx, err := pool.Begin(ctx)
		require.NoError(t, err)
		defer tx.Rollback(ctx) //nolint:errcheck // the test is over
		_, err = tx.Exec(ctx, `select 1 from pgtest_things where name = 'first' for update`)
		require.NoError(t, err)
		err = pg.InTx(ctx, pool, func(ctx context.Context, tx pgx.Tx) error {
			_, err := tx.Exec(ctx, `update pgtest_things set n = 9 where name = 'first'`)
			return err
		})
		assert.ErrorIs(t, err, pg.ErrUnavailable)
	})
}

func TestClassify(t *testing.T) {
	t.Parallel()
	known := errs.New(errs.Conflict, "x.y")
	for name, tt := range map[string]struct {
		err  error
		want errs.Kind
	}{
		"a domain error stays itself":                          {known, errs.Conflict},
		"a shut-down server is unavailable":                    {&pgconn.PgError{Code: "57P01"}, errs.Unavailable},
		"a full disk is unavailable":                           {&pgconn.PgError{Code: "53100"}, errs.Unavailable},
		"a read-only server is unavailable":                    {&pgconn.PgError{Code: "25006"}, errs.Unavailable},
		"a wrong statement is internal":                        {&pgconn.PgError{Code: "42601"}, errs.Internal},
		"no row is internal":                                   {pgx.ErrNoRows, errs.Internal},
		"a cut connection is unavailable":                      {&net.OpError{Op: "read", Err: errors.New("reset")}, errs.Unavailable},
		"a deadline is unavailable":                            {context.DeadlineExceeded, errs.Unavailable},
		"the caller going away is not a fault of the database": {context.Canceled, errs.Internal},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tt.want, errs.KindOf(pg.Classify(tt.err)))
		})
	}
}

func TestOpen(t *testing.T) {
	t.Parallel()
	t.Run("it does not wait for a server that is down", func(t *testing.T) {
		t.Parallel()
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		addr := l.Addr().String()
		require.NoError(t, l.Close())
		pool, err := pg.Open(t.Context(), "postgres://p@"+addr+"/ponti", pg.Options{Name: "test", MaxConns: 2})
		require.NoError(t, err)
		defer pool.Close()
		err = pg.InTx(t.Context(), pool, func(context.Context, pgx.Tx) error { return nil })
		assert.ErrorIs(t, err, pg.ErrUnavailable)
	})
	t.Run("a password in a malformed address is not repeated", func(t *testing.T) {
		t.Parallel()
		_, err := pg.Open(t.Context(), "postgres://p:s3cr%t@db", pg.Options{})
		require.Error(t, err)
		assert.NotContains(t, err.Error(), "s3cr")
	})
	t.Run("a server that could forget is refused", func(t *testing.T) {
		t.Parallel()
		pool := pgtest.New(t) // the tests' own server runs with fsync off
		assert.ErrorContains(t, pg.CheckDurable(t.Context(), pool), "acknowledged")
	})
}
