package bus

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ponti/internal/child"
	"ponti/internal/pgtest"
)

func TestMain(m *testing.M) {
	// A pool whose server is gone looks for it once a second, and ends with its client: within that second.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"))
}

// redisServer is a real server that tests may freeze and kill.
type redisServer struct {
	cmd   *exec.Cmd
	ended <-chan error
	url   string
	args  []string
}

func newRedis(t *testing.T, args ...string) *redisServer {
	t.Helper()
	return newRedisWith(t, func(port string) []string {
		return append([]string{"--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", t.TempDir()}, args...)
	})
}

func newRedisWith(t *testing.T, args func(port string) []string) *redisServer {
	t.Helper()
	port := pgtest.FreePort(t)
	s := &redisServer{url: fmt.Sprintf("redis://127.0.0.1:%d/0", port), args: args(strconv.Itoa(port))}
	s.run(t)
	t.Cleanup(func() { s.kill(t) })
	return s
}

func (s *redisServer) run(t *testing.T) {
	t.Helper()
	s.cmd = exec.Command("redis-server", s.args...) //nolint:noctx // ended by kill
	var err error
	s.ended, err = child.Start(s.cmd, syscall.SIGKILL)
	require.NoError(t, err)
	c := newClient(t, s.url)
	require.Eventually(t, func() bool {
		return c.Do(t.Context(), "ping").Err() == nil
	}, 10*time.Second, 10*time.Millisecond)
}

func (s *redisServer) kill(t *testing.T) {
	t.Helper()
	if s.cmd == nil {
		return
	}
	require.NoError(t, s.cmd.Process.Kill())
	<-s.ended
	s.cmd = nil
}

func (s *redisServer) signal(t *testing.T, sig syscall.Signal) {
	t.Helper()
	require.NoError(t, s.cmd.Process.Signal(sig))
}

func newClient(t *testing.T, url string) redis.UniversalClient {
	t.Helper()
	c, err := Open(url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func newBus(t *testing.T, url string) *Bus {
	t.Helper()
	b := New(newClient(t, url), "ponti:", zerolog.Nop())
	b.Start(t.Context())
	t.Cleanup(b.Stop)
	return b
}

func waitHealthy(t *testing.T, buses ...*Bus) {
	t.Helper()
	for _, b := range buses {
		require.Eventually(t, func() bool { return !b.Degraded() }, 15*time.Second, 10*time.Millisecond, "the canary never came home")
	}
}

// next returns the first hint that is as wanted.
func next(t *testing.T, b *Bus, wanted func(Hint) bool) Hint {
	t.Helper()
	late := time.After(15 * time.Second)
	for {
		select {
		case h := <-b.Hints():
			if wanted(h) {
				return h
			}
		case <-late:
			t.Fatal("the hint did not come")
		}
	}
}

func resync(channel string) func(Hint) bool {
	return func(h Hint) bool { return h.Resync && h.Channel == channel }
}

func carries(payload string) func(Hint) bool {
	return func(h Hint) bool { return string(h.Payload) == payload }
}

func hear(t *testing.T, b *Bus, channel string) {
	t.Helper()
	b.Subscribe(channel)
	next(t, b, resync(channel))
}

func TestBus(t *testing.T) {
	t.Parallel()
	mini := func(t *testing.T) string { return "redis://" + miniredis.RunT(t).Addr() }
	for _, c := range []struct {
		name string
		url  func(t *testing.T) string
	}{
		{"single_server", func(t *testing.T) string { return newRedis(t).url }},
		{"embedded_server", mini},
		{"cluster_with_sharded_channels", newCluster},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			url := c.url(t)
			one, other := newBus(t, url), newBus(t, url)
			waitHealthy(t, one, other)

			rooms := make([]string, 30) // enough to meet every lane
			for i := range rooms {
				rooms[i] = Room(strconv.Itoa(i))
				hear(t, other, rooms[i])
			}
			for _, r := range rooms {
				one.Publish(r, []byte("in "+r))
				h := next(t, other, carries("in "+r))
				require.Equal(t, r, h.Channel)
			}

			// Who stopped hearing hears no more: the later hint comes, the earlier one did not.
			other.Unsubscribe(rooms[0])
			require.Eventually(t, func() bool {
				marker := strconv.FormatUint(rand.Uint64(), 36)
				one.Publish(rooms[0], []byte("gone"))
				one.Publish(rooms[1], []byte(marker))
				heard := false
				next(t, other, func(h Hint) bool {
					heard = heard || string(h.Payload) == "gone"
					return string(h.Payload) == marker
				})
				return !heard
			}, 10*time.Second, 10*time.Millisecond)
		})
	}
}

// newCluster is a cluster of one node that owns every slot.
func newCluster(t *testing.T) string {
	t.Helper()
	s := newRedis(t, "--cluster-enabled", "yes", "--cluster-port", strconv.Itoa(pgtest.FreePort(t)), "--cluster-config-file", filepath.Join(t.TempDir(), "nodes"))
	c := newClient(t, s.url)
	require.NoError(t, c.Do(t.Context(), "cluster", "addslotsrange", 0, 16383).Err())
	require.Eventually(t, func() bool {
		info, err := c.Do(t.Context(), "cluster", "info").Text()
		return err == nil && strings.Contains(info, "cluster_state:ok")
	}, 15*time.Second, 20*time.Millisecond)
	return strings.TrimSuffix(s.url, "/0") + "?cluster=true"
}

func TestBus_server_dies_and_returns(t *testing.T) {
	t.Parallel()
	s := newRedis(t)
	one, other := newBus(t, s.url), newBus(t, s.url)
	waitHealthy(t, one, other)
	hear(t, other, "room:a")

	s.kill(t)
	require.Eventually(t, other.Degraded, 6*time.Second, 10*time.Millisecond)
	one.Publish("room:a", []byte("lost"))
	s.run(t)
	next(t, other, resync("room:a"))
	waitHealthy(t, one, other)
	one.Publish("room:a", []byte("again"))
	next(t, other, carries("again"))
}

func TestBus_frozen_server(t *testing.T) {
	t.Parallel()
	s := newRedis(t)
	b := newBus(t, s.url)
	waitHealthy(t, b)
	hear(t, b, "room:a")

	s.signal(t, syscall.SIGSTOP)
	payload := bytes.Repeat([]byte("x"), 1000)
	for range 3 * queueEntries {
		b.Publish("room:b", payload)
	}
	require.Positive(t, b.Dropped(), "Publish does not wait for Redis")
	require.Eventually(t, b.Degraded, 6*time.Second, 10*time.Millisecond)

	// The instance's own people go on.
	b.Publish("room:a", []byte("from here to here"))
	next(t, b, carries("from here to here"))

	s.signal(t, syscall.SIGCONT)
	waitHealthy(t, b)
	require.Eventually(t, func() bool {
		b.Publish("room:a", []byte("thawed"))
		select {
		case h := <-b.Hints():
			return string(h.Payload) == "thawed"
		default:
			return false
		}
	}, 10*time.Second, 10*time.Millisecond)
}

// proxy passes bytes on, until deafen: from then on the connections it has stay open and bring nothing.
type proxy struct {
	net.Listener
	to         string
	generation atomic.Int64
}

func newProxy(t *testing.T, to string) *proxy {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{Listener: ln, to: strings.TrimSuffix(strings.TrimPrefix(to, "redis://"), "/0")}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			s, err := net.Dial("tcp", p.to) //nolint:noctx // a local server
			if err != nil {
				_ = c.Close()
				continue
			}
			born := p.generation.Load()
			running.Go(func() { p.pass(s, c, born) })
			running.Go(func() { p.pass(c, s, born) })
		}
	})
	t.Cleanup(func() { _ = ln.Close(); running.Wait() })
	return p
}

func (p *proxy) pass(to, from net.Conn, born int64) {
	defer to.Close()   //nolint:errcheck // both ends go
	defer from.Close() //nolint:errcheck // both ends go
	buf := make([]byte, 4096)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		if p.generation.Load() == born {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
	}
}

// A line that is open and says nothing more (a cut cable) is replaced; TCP would notice only after many minutes.
func TestBus_silent_line_is_replaced(t *testing.T) {
	t.Parallel()
	p := newProxy(t, newRedis(t).url)
	b := newBus(t, "redis://"+p.Addr().String()+"/0")
	waitHealthy(t, b)
	hear(t, b, "room:a")
	p.generation.Add(1)
	require.Eventually(t, b.Degraded, 10*time.Second, 10*time.Millisecond)
	waitHealthy(t, b)
	next(t, b, resync("room:a"))
	b.Publish("room:a", []byte("back"))
	next(t, b, carries("back"))
}

func TestBus_foreign_writer(t *testing.T) {
	t.Parallel()
	s := newRedis(t)
	b := newBus(t, s.url)
	waitHealthy(t, b)
	hear(t, b, "room:a")
	c := newClient(t, s.url)
	ctx := t.Context()
	for _, junk := range []string{"", "\x00\xff\xfe", "{", strings.Repeat("x", originSize-1)} {
		require.NoError(t, c.Publish(ctx, "ponti:room:a", junk).Err()) // from no instance
	}
	require.NoError(t, c.Publish(ctx, "ponti:room:a", strings.Repeat("[", 1000)).Err())
	next(t, b, func(h Hint) bool {
		require.Equal(t, strings.Repeat("[", 1000-originSize), string(h.Payload))
		return true
	})
	require.NoError(t, c.Publish(ctx, "ponti:room:a", strings.Repeat("x", originSize+maxPayload+1)).Err())
	next(t, b, func(h Hint) bool { return h.Resync && h.Channel == "room:a" && h.Payload == nil })
	require.NoError(t, c.Publish(ctx, "ponti:"+b.canary+":0", "not from here").Err())
	require.NoError(t, c.FlushAll(ctx).Err())
	b.Publish("room:a", []byte("fine"))
	next(t, b, carries("fine"))
}

// What an instance says it hears at once, also with Redis frozen, and never again when it comes back; the others hear it by Redis.
func TestBus_own_hints_need_no_redis(t *testing.T) {
	t.Parallel()
	s := newRedis(t)
	one, other := newBus(t, s.url), newBus(t, s.url)
	waitHealthy(t, one, other)
	hear(t, one, "room:a")
	hear(t, other, "room:a")
	s.signal(t, syscall.SIGSTOP)
	one.Publish("room:a", []byte("first"))
	require.Equal(t, Hint{Channel: "room:a", Payload: []byte("first")}, <-one.Hints())
	s.signal(t, syscall.SIGCONT)
	waitHealthy(t, one, other)

	one.Publish("room:a", []byte("second"))
	other.Publish("room:a", []byte("third"))
	heard := 0
	next(t, one, func(h Hint) bool {
		require.NotEqual(t, "first", string(h.Payload))
		if string(h.Payload) == "second" {
			heard++
		}
		return string(h.Payload) == "third"
	})
	next(t, other, carries("second"))
	other.Publish("room:a", []byte("fourth")) // behind the second on its way through Redis
	next(t, one, func(h Hint) bool {
		require.NotEqual(t, "second", string(h.Payload))
		return string(h.Payload) == "fourth"
	})
	require.Equal(t, 1, heard)
}

func TestBus_full_buffer_owes_a_resync(t *testing.T) {
	t.Parallel()
	s := newRedis(t)
	b := newBus(t, s.url)
	waitHealthy(t, b)
	hear(t, b, "room:a")
	for i := range hintBuffer + 100 {
		b.hand(Hint{Channel: "room:a", Payload: []byte(strconv.Itoa(i))})
	}
	for range hintBuffer {
		require.False(t, (<-b.Hints()).Resync)
	}
	next(t, b, resync("")) // within a second, though nothing more is published
}

func TestBus_Stop(t *testing.T) {
	t.Parallel()
	t.Run("twice_and_with_redis_gone", func(t *testing.T) {
		t.Parallel()
		s := newRedis(t)
		b := newBus(t, s.url)
		waitHealthy(t, b)
		s.kill(t)
		b.Stop()
		b.Stop()
		b.Publish("room:a", nil) // a late caller is harmless
		b.Subscribe("room:a")
	})
	t.Run("never_started", func(t *testing.T) {
		t.Parallel()
		b := New(newClient(t, "redis://127.0.0.1:1/0"), "ponti:", zerolog.Nop())
		b.Stop()
		b.Start(context.Background())
	})
	t.Run("with_redis_never_there", func(t *testing.T) {
		t.Parallel()
		b := New(newClient(t, "redis://127.0.0.1:1/0"), "ponti:", zerolog.Nop())
		b.Start(t.Context())
		require.True(t, b.Degraded())
		b.Stop()
	})
}

func TestOpen(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]any{
		"redis://:secret@redis:6379/0":                   &redis.Client{},
		"rediss://redis/0":                               &redis.Client{},
		"redis://a:26379?addr=b:26379&master_name=ponti": &redis.Client{},
		"redis://a:6379?addr=b:6379":                     &redis.ClusterClient{},
		"redis://a:6379?cluster=true":                    &redis.ClusterClient{},
		"unix:///run/redis/redis.sock":                   &redis.Client{},
	} {
		c, err := Open(url)
		require.NoError(t, err, url)
		require.IsType(t, want, c, url)
		require.NoError(t, c.Close())
	}
	for _, url := range []string{"http://:secret@redis", "redis://:secret@redis:port", "://secret"} {
		_, err := Open(url)
		require.Error(t, err)
		require.NotContains(t, err.Error(), "secret")
	}
}
