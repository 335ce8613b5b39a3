package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"ponti/internal/embedded"
	"ponti/internal/pgtest"
)

// patience bounds every wait of these tests: far more than the thing takes, so that only a real fault reaches it.
const patience = 40 * time.Second

// cluster is what a health service would run, on this machine: one PostgreSQL that syncs to disk, one Redis, and
// instances of the real program as processes of their own.
type cluster struct {
	t         *testing.T
	dir       string
	postgres  *embedded.Postgres
	redis     *pgtest.RedisServer
	keyFile   string
	instances []*instance
	settings  []string // further ones of the instances
}

// newCluster starts the stores and n instances, with the demo's people in the database; prepare sees each before it starts.
func newCluster(t *testing.T, n int, prepare ...func(in *instance)) *cluster {
	t.Helper()
	c := newStores(t, n)
	for _, in := range c.instances {
		for _, f := range prepare {
			f(in)
		}
	}
	c.instances[0].launch("demo")
	c.instances[0].awaitReady()
	c.startAll()
	return c
}

// newStores starts the stores of a cluster of n instances, none of which runs yet.
func newStores(t *testing.T, n int) *cluster {
	t.Helper()
	c := &cluster{t: t, dir: newDir(t)}
	c.keyFile = filepath.Join(c.dir, "key")
	key, err := exec.CommandContext(t.Context(), program, "key").Output()
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(c.keyFile, key, 0o600))
	c.startPostgres()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		require.NoError(t, c.postgres.Stop(ctx))
	})
	c.redis = pgtest.NewRedisServer(t)
	for i := range n {
		in := &instance{cluster: c, name: string(rune('A' + i)), listen: freeAddress(t)}
		c.instances = append(c.instances, in)
		t.Cleanup(in.end)
	}
	return c
}

// newDir is a directory with a short name, for Unix sockets, that PostgreSQL's own user may enter.
func newDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ponti-e2e")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o755))
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return dir
}

func (c *cluster) startPostgres() {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.t.Context()), patience)
	defer cancel()
	var err error
	c.postgres, err = embedded.StartPostgres(ctx, embedded.Options{Dir: filepath.Join(c.dir, "pg"), Bin: os.Getenv("PONTI_PG_BIN"), Log: zerolog.Nop()})
	require.NoError(c.t, err)
}

// killPostgres ends it as kill -9 does.
func (c *cluster) killPostgres() {
	c.postgres.Kill()
	<-c.postgres.Done()
}

// startAll starts every instance that does not run, waits until all are ready, and returns when the first was.
func (c *cluster) startAll() (first time.Time) {
	c.t.Helper()
	for _, in := range c.instances {
		in.launch("serve")
	}
	require.NoError(c.t, within(patience, func() error {
		if !slices.ContainsFunc(c.instances, func(in *instance) bool { return in.ready() == nil }) {
			return errors.New("no instance is ready")
		}
		return nil
	}))
	first = time.Now()
	for _, in := range c.instances {
		in.awaitReady()
	}
	return first
}

// connect is a connection of the test's own, beside those of the program.
func (c *cluster) connect(t *testing.T) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), c.postgres.URL())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) }) // it may have been cut on purpose
	return conn
}

// holdInvariants asks the database for everything that must never be, as an operator does.
func (c *cluster) holdInvariants(t *testing.T) {
	t.Helper()
	verify := exec.CommandContext(t.Context(), program, "verify")
	verify.Env = append(os.Environ(), "DATABASE_URL="+c.postgres.URL())
	out, err := verify.CombinedOutput()
	for line := range strings.Lines(string(out)) {
		// The demo's services have no outside channel, which their ladders may well have asked for.
		if strings.HasPrefix(line, "Conversations ") {
			continue // what is kept, not what is wrong
		}
		if strings.HasPrefix(line, "moderation unreachable") || strings.HasPrefix(line, "ponti: wrong:") {
			err = nil
			continue
		}
		require.True(t, strings.HasPrefix(line, "All is well."), string(out))
	}
	require.NoError(t, err, string(out))
}

// instance is one running ponti.
type instance struct {
	cluster *cluster
	name    string
	listen  string
	env     []string             // beside the cluster's own
	front   atomic.Pointer[line] // what the sockets of devices go through; nil: nothing
	proxies                      // nil when its stores are not behind any
	*process
}

func (in *instance) port() string {
	_, port, _ := net.SplitHostPort(in.listen)
	return port
}

// launch starts the program if it does not run, and does not wait for it.
func (in *instance) launch(command string) {
	c := in.cluster
	c.t.Helper()
	if in.process != nil && !in.ended() {
		return
	}
	in.process = startProgram(c.t, in.listen, command, slices.Concat(c.environment(), []string{"PONTI_DRAIN=2s"}, in.env)...)
}

// environment is how a program finds the stores.
func (c *cluster) environment() []string {
	return append([]string{"DATABASE_URL=" + c.postgres.URL(), "REDIS_URL=" + c.redis.URL(), "PONTI_KEY_FILE=" + c.keyFile}, c.settings...)
}

// awaitReady waits until it serves with its stores.
func (in *instance) awaitReady() {
	in.cluster.t.Helper()
	err := within(patience, in.ready)
	require.NoError(in.cluster.t, err, "ponti %s is not ready; what it wrote:\n%s", in.name, in.output())
}

func (in *instance) ready() error { return ready(in.listen) }

// end is for the cleanup: it kills what still runs.
func (in *instance) end() {
	if in.process == nil {
		return
	}
	in.kill()
	for line := range strings.SplitSeq(in.output(), "\n") {
		if strings.Contains(line, "DATA RACE") || strings.HasPrefix(line, "panic: ") {
			in.cluster.t.Errorf("instance %s: %s\n%s", in.name, line, in.output())
			return
		}
	}
	if in.cluster.t.Failed() {
		in.cluster.t.Logf("instance %s wrote at last:\n%s", in.name, in.last(25))
	}
}

// ready tells whether a program says that all its parts run.
func ready(listen string) error {
	res, err := prober.Get("http://" + listen + "/readyz")
	if err != nil {
		return err
	}
	defer res.Body.Close() //nolint:errcheck // read only
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK || !strings.Contains(string(body), `"postgres":"up","process":"up"`) {
		return fmt.Errorf("%s: %s", res.Status, body)
	}
	return nil
}

// prober keeps no connection, so that no answer comes from a dead instance's past.
var prober = &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}

// within tries f until it succeeds or the time is over, and returns its last error.
func within(d time.Duration, f func() error) error {
	deadline := time.NewTimer(d)
	defer deadline.Stop()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		err := f()
		if err == nil {
			return nil
		}
		select {
		case <-deadline.C:
			return err
		case <-tick.C:
		}
	}
}

// pass lets time go by while others act: outages and conversations have a length.
func pass(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	<-t.C
}

func freeAddress(t *testing.T) string {
	t.Helper()
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(pgtest.FreePort(t)))
}
