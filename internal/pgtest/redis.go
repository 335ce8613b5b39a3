package pgtest

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"ponti/internal/child"
)

// Redis is a client of a redis-server that only t uses, so that neither its
// keys nor its channels meet those of another test. Both go when t ends.
func Redis(t testing.TB) *redis.Client {
	t.Helper()
	return NewRedisServer(t).Client()
}

// RedisServer is a real redis-server of one test: nothing is kept on disk, and
// it keeps its address over Stop, Kill and Start.
type RedisServer struct {
	t       testing.TB
	program string
	port    int

	cmd   *exec.Cmd
	log   *bytes.Buffer // owned by the running process until ended yields
	ended <-chan error  // nil when not running
}

// NewRedisServer starts a server on a free port of the loopback interface. It
// goes when t ends.
func NewRedisServer(t testing.TB) *RedisServer {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		t.Fatal(`pgtest: no redis-server on this machine: run "make test", which installs it`)
	}
	s := &RedisServer{t: t, program: program}
	t.Cleanup(func() {
		if s.ended != nil {
			s.Kill()
		}
	})
	for range 20 {
		s.port = FreePort(t)
		if err = s.start(); err == nil {
			return s
		}
	}
	t.Fatal("pgtest: ", err)
	return nil
}

// Addr is the server's host and port.
func (s *RedisServer) Addr() string { return "127.0.0.1:" + strconv.Itoa(s.port) }

// URL is the connection string, as REDIS_URL would give it.
func (s *RedisServer) URL() string { return "redis://" + s.Addr() + "/0" }

// Client is a new client of the server, closed when the test ends.
func (s *RedisServer) Client() *redis.Client {
	c := redis.NewClient(&redis.Options{Addr: s.Addr()})
	s.t.Cleanup(func() {
		if err := c.Close(); err != nil {
			s.t.Error("pgtest: ", err)
		}
	})
	return c
}

// Start starts the server again, empty, after Stop or Kill.
func (s *RedisServer) Start() {
	s.t.Helper()
	if err := s.start(); err != nil {
		s.t.Fatal("pgtest: ", err)
	}
}

func (s *RedisServer) start() error {
	s.log = &bytes.Buffer{}
	s.cmd = exec.Command(s.program, "--bind", "127.0.0.1", "--port", strconv.Itoa(s.port), //nolint:gosec // ended by signal
		"--save", "", "--appendonly", "no", "--databases", "1")
	s.cmd.Dir = s.t.TempDir()
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	ended, err := child.Start(s.cmd, syscall.SIGKILL)
	if err != nil {
		return fmt.Errorf("start redis-server: %w", err)
	}
	// The process id tells ours from another server on the same port.
	c := redis.NewClient(&redis.Options{Addr: s.Addr(), MaxRetries: -1, PoolSize: 1})
	defer c.Close() //nolint:errcheck // only asked whether it answers
	ours := "process_id:" + strconv.Itoa(s.cmd.Process.Pid) + "\r\n"
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if info, err := c.Info(ctx, "server").Result(); err == nil && strings.Contains(info, ours) {
			s.ended = ended
			return nil
		}
		select {
		case err := <-ended:
			return fmt.Errorf("redis-server ended while starting (%w): %s", err, s.log)
		case <-ctx.Done():
			_ = s.cmd.Process.Kill() // it has ended or ends now
			<-ended                  //nolint:errcheck // killed just now
			return fmt.Errorf("redis-server does not answer: %s", s.log)
		case <-tick.C:
		}
	}
}

// Stop ends the server in order; connections are closed.
func (s *RedisServer) Stop() { s.t.Helper(); s.end(syscall.SIGTERM) }

// Kill ends the server as kill -9 does.
func (s *RedisServer) Kill() { s.t.Helper(); s.end(syscall.SIGKILL) }

// Freeze makes the server hang: connections stay open and nothing is answered.
func (s *RedisServer) Freeze() { s.t.Helper(); s.signal(syscall.SIGSTOP) }

// Thaw ends a Freeze; what was sent meanwhile is answered.
func (s *RedisServer) Thaw() { s.t.Helper(); s.signal(syscall.SIGCONT) }

func (s *RedisServer) signal(sig syscall.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatal("pgtest: redis-server: ", err)
	}
}

func (s *RedisServer) end(sig syscall.Signal) {
	s.t.Helper()
	if s.ended == nil {
		s.t.Fatal("pgtest: redis-server does not run")
	}
	s.signal(sig)
	<-s.ended //nolint:errcheck // it says how it was ended, which we know
	s.ended = nil
}
