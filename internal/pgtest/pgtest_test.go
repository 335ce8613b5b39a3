package pgtest_test

import (
	"context"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"ponti/internal/pg"
	"ponti/internal/pgtest"
)

func TestMain(m *testing.M) {
	pgtest.Main(m, pg.Migrations{Name: "bridge", FS: fstest.MapFS{
		"00001_init.sql": {Data: []byte("-- +goose Up\ncreate table bridge_spans (n int not null);\n")},
	}})
}

func spans(t *testing.T, pool *pgxpool.Pool) int {
	t.Helper()
	var n int
	require.NoError(t, pool.QueryRow(t.Context(), "select count(*) from bridge_spans").Scan(&n))
	return n
}

func TestNew(t *testing.T) {
	t.Parallel()
	for range 3 {
		t.Run("each_test_has_its_own_rows", func(t *testing.T) {
			t.Parallel()
			pool := pgtest.New(t)
			require.Zero(t, spans(t, pool))
			_, err := pool.Exec(t.Context(), "insert into bridge_spans values (1)")
			require.NoError(t, err)
			require.Equal(t, 1, spans(t, pool))
		})
	}
}

func TestURL(t *testing.T) {
	t.Parallel()
	var url string
	t.Run("use", func(t *testing.T) {
		url = pgtest.URL(t)
		conn, err := pgx.Connect(t.Context(), url)
		require.NoError(t, err)
		require.NoError(t, conn.Ping(t.Context()))
		// Left open on purpose: a forgotten connection must not keep the database.
	})
	_, err := pgx.Connect(t.Context(), url)
	require.ErrorContains(t, err, "3D000", "the database is gone after the test")
}

func TestPostgresServer(t *testing.T) {
	t.Parallel()
	s := pgtest.NewPostgresServer(t)
	url := s.URL()
	pool, err := pgxpool.New(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	require.NoError(t, pg.CheckDurable(t.Context(), pool))
	for i, end := range []func(){s.Kill, s.Stop} {
		_, err = pool.Exec(t.Context(), "insert into bridge_spans values (1)")
		require.NoError(t, err)
		end()
		require.Error(t, pool.Ping(t.Context()))
		s.Start()
		pool.Reset()
		require.Equal(t, url, s.URL())
		require.Equal(t, i+1, spans(t, pool))
	}
}

func TestRedis(t *testing.T) {
	t.Parallel()
	a, b := pgtest.Redis(t), pgtest.Redis(t)
	require.NoError(t, a.Set(t.Context(), "k", "v", 0).Err())
	require.ErrorIs(t, b.Get(t.Context(), "k").Err(), redis.Nil)
}

func TestRedisServer(t *testing.T) {
	t.Parallel()
	s := pgtest.NewRedisServer(t)
	c := s.Client()
	for _, end := range []func(){s.Kill, s.Stop} {
		addr := s.Addr()
		require.NoError(t, c.Set(t.Context(), "k", "v", 0).Err())
		end()
		require.Error(t, c.Ping(t.Context()).Err())
		s.Start()
		require.Equal(t, addr, s.Addr())
		require.ErrorIs(t, c.Get(t.Context(), "k").Err(), redis.Nil, "it starts empty")
	}
	s.Freeze()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	hasty := redis.NewClient(&redis.Options{Addr: s.Addr(), ContextTimeoutEnabled: true})
	t.Cleanup(func() { require.NoError(t, hasty.Close()) })
	require.ErrorIs(t, hasty.Ping(ctx).Err(), context.DeadlineExceeded)
	s.Thaw()
	require.NoError(t, c.Ping(t.Context()).Err())
}
