package bus

import (
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ponti/internal/pgtest"
)

// newMasters is a cluster of three masters, each with a replica that takes over when it dies. The first three are masters.
func newMasters(t *testing.T) []*redisServer {
	t.Helper()
	nodes, ports := make([]*redisServer, 6), make([]int, 6)
	for i := range nodes {
		ports[i] = pgtest.FreePort(t) // the usual one, ten thousand higher, need not exist
		nodes[i] = newRedis(t, "--cluster-enabled", "yes", "--cluster-port", strconv.Itoa(ports[i]), "--cluster-config-file", filepath.Join(t.TempDir(), "nodes"),
			"--cluster-node-timeout", "1000", "--cluster-allow-replica-migration", "no")
	}
	ask := func(i int, command ...any) string {
		t.Helper()
		answer, err := newClient(t, nodes[i].url).Do(t.Context(), append([]any{"cluster"}, command...)...).Text()
		require.NoError(t, err)
		return answer
	}
	const slots = 16384
	for i := range nodes {
		u, err := url.Parse(nodes[i].url)
		require.NoError(t, err)
		if i < 3 {
			ask(i, "addslotsrange", i*slots/3, (i+1)*slots/3-1)
		}
		ask(0, "meet", "127.0.0.1", u.Port(), ports[i])
	}
	soon := func(what string, holds func() bool) {
		t.Helper()
		require.Eventually(t, holds, 30*time.Second, 50*time.Millisecond, what)
	}
	for i := 3; i < 6; i++ {
		master := ask(i-3, "myid")
		soon("the nodes meet", func() bool { return strings.Contains(ask(i, "nodes"), master) })
		ask(i, "replicate", master)
	}
	for i := range nodes {
		soon("the cluster forms", func() bool {
			return strings.Contains(ask(i, "info"), "cluster_state:ok") && strings.Count(ask(i, "nodes"), "slave") == 3
		})
	}
	for i := range 3 {
		soon("the replica follows", func() bool {
			info, err := newClient(t, nodes[i].url).Info(t.Context(), "replication").Result()
			return err == nil && strings.Contains(info, "state=online")
		})
	}
	return nodes
}

// A master of a cluster dies: hints stop for a while, which the bus says, and go on when its replica has taken over.
func TestBus_cluster_loses_a_master(t *testing.T) {
	t.Parallel()
	nodes := newMasters(t)
	hosts := make([]string, 3)
	for i := range hosts {
		u, err := url.Parse(nodes[i].url)
		require.NoError(t, err)
		hosts[i] = u.Host
	}
	at := "redis://" + hosts[0] + "?addr=" + hosts[1] + "&addr=" + hosts[2]
	one, other := newBus(t, at), newBus(t, at)
	waitHealthy(t, one, other)
	rooms := make([]string, 60) // enough to meet every lane, and with them every master
	for i := range rooms {
		rooms[i] = Room(strconv.Itoa(i))
		hear(t, other, rooms[i])
	}
	crosses := func(word string) {
		t.Helper()
		for _, r := range rooms {
			one.Publish(r, []byte(word+r))
			require.Equal(t, r, next(t, other, carries(word+r)).Channel)
		}
	}
	crosses("before ")

	nodes[0].kill(t)
	for _, r := range rooms { // a third of them went through the dead one
		awaitCrossing(t, one, other, r)
	}
	waitHealthy(t, one, other)
	crosses("after ")
}

// awaitCrossing publishes until it is heard: what is said while a replica takes over may be lost.
func awaitCrossing(t *testing.T, from, to *Bus, channel string) {
	t.Helper()
	begin := time.Now()
	for n := 0; time.Since(begin) < 20*time.Second; n++ {
		word := channel + " again " + strconv.Itoa(n)
		from.Publish(channel, []byte(word))
		late := time.After(200 * time.Millisecond)
		for waits := true; waits; {
			select {
			case h := <-to.Hints():
				if string(h.Payload) == word {
					return
				}
			case <-late:
				waits = false
			}
		}
	}
	t.Fatal("the replica took over, and the bus did not follow")
}
