package bus

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The master that a Sentinel watches dies: the bus follows to the replica that takes its place.
func TestBus_sentinel_changes_the_master(t *testing.T) {
	t.Parallel()
	port := func(s *redisServer) string {
		u, err := url.Parse(s.url)
		require.NoError(t, err)
		return u.Port()
	}
	master := newRedis(t)
	replica := newRedis(t, "--replicaof", "127.0.0.1 "+port(master), "--repl-diskless-sync-delay", "0")
	require.Eventually(t, func() bool {
		info, err := newClient(t, replica.url).Info(t.Context(), "replication").Result()
		return err == nil && strings.Contains(info, "master_link_status:up")
	}, 20*time.Second, 50*time.Millisecond)
	conf := filepath.Join(t.TempDir(), "sentinel.conf") // which Sentinel writes into
	require.NoError(t, os.WriteFile(conf, fmt.Appendf(nil, "sentinel monitor ponti 127.0.0.1 %s 1\nsentinel down-after-milliseconds ponti 1000\nsentinel failover-timeout ponti 5000\n", port(master)), 0o600))
	sentinel := newSentinel(t, conf)
	require.Eventually(t, func() bool {
		info, err := newClient(t, sentinel.url).Do(t.Context(), "info", "sentinel").Text()
		return err == nil && strings.Contains(info, "slaves=1")
	}, 20*time.Second, 50*time.Millisecond, "the sentinel finds the replica")

	at := "redis://127.0.0.1:" + port(sentinel) + "?master_name=ponti"
	one, other := newBus(t, at), newBus(t, at)
	waitHealthy(t, one, other)
	hear(t, other, "room:a")
	one.Publish("room:a", []byte("before"))
	next(t, other, carries("before"))

	master.kill(t)
	awaitCrossing(t, one, other, "room:a")
	waitHealthy(t, one, other)
	one.Publish("room:a", []byte("after"))
	next(t, other, carries("after"))
}

// newSentinel is a server that watches others, as its configuration says.
func newSentinel(t *testing.T, conf string) *redisServer {
	t.Helper()
	return newRedisWith(t, func(port string) []string { return []string{conf, "--sentinel", "--port", port, "--bind", "127.0.0.1"} })
}
