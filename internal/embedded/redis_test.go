package embedded_test

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"ponti/internal/embedded"
)

func TestRedis(t *testing.T) {
	t.Parallel()
	r, err := embedded.StartRedis()
	require.NoError(t, err)
	t.Cleanup(r.Stop)
	opts, err := redis.ParseURL(r.URL())
	require.NoError(t, err)
	c := redis.NewClient(opts)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	ctx := t.Context()

	t.Run("keys_expire", func(t *testing.T) {
		require.NoError(t, c.Set(ctx, "short", "1", 50*time.Millisecond).Err())
		require.NoError(t, c.Set(ctx, "long", "1", time.Hour).Err())
		require.Eventually(t, func() bool { return c.Exists(ctx, "short").Val() == 0 }, 5*time.Second, 10*time.Millisecond)
		require.EqualValues(t, 1, c.Exists(ctx, "long").Val())
	})
	t.Run("strangers_are_refused", func(t *testing.T) {
		stranger := redis.NewClient(&redis.Options{Addr: opts.Addr})
		t.Cleanup(func() { require.NoError(t, stranger.Close()) })
		require.ErrorContains(t, stranger.Get(ctx, "long").Err(), "NOAUTH")
		require.ErrorContains(t, stranger.Publish(ctx, "x", "y").Err(), "NOAUTH")
	})
	t.Run("stops_twice", func(t *testing.T) {
		other, err := embedded.StartRedis()
		require.NoError(t, err)
		other.Stop()
		other.Stop()
	})
}
