package e2e

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestDemoWithoutStores runs `ponti demo` as a small association would run Ponti: with its own PostgreSQL and Redis.
// Killed, it leaves nothing that stops the next start; Ctrl-C ends everything in order.
// It runs beside no other test: how soon it is ready is asked of a machine that does nothing else.
func TestDemoWithoutStores(t *testing.T) {
	dir := newDir(t)
	data := filepath.Join(dir, "data")
	listen := freeAddress(t)
	start := func() (*process, time.Duration) {
		begin := time.Now()
		p := startProgram(t, listen, "demo", "DATABASE_URL=", "REDIS_URL=", "PONTI_DATA="+data, "PONTI_DRAIN=1s")
		t.Cleanup(p.kill)
		err := within(patience, func() error {
			if p.ended() {
				t.Fatalf("it ended by itself:\n%s", p.output())
			}
			return ready(listen)
		})
		require.NoError(t, err, "what it wrote:\n%s", p.output())
		return p, time.Since(begin)
	}
	first, _ := start()
	at := &instance{name: "demo", listen: listen}
	signIn(t, at, "localhost", "Girasole")
	require.NotEmpty(t, processesIn(t, data), "it has a database of its own")
	first.kill()

	second, took := start()
	waitsAtMost(t, 5*time.Second, took, "from the second start to ready")
	signIn(t, at, "localhost", "Girasole")
	second.interrupt(t)
	require.Zero(t, second.awaitEnd(t, patience), "exit code; what it wrote:\n%s", second.output())
	require.Empty(t, processesIn(t, data), "nothing of it may go on running")
	_, err := os.Stat(filepath.Join(data, "data", "postmaster.pid"))
	require.ErrorIs(t, err, os.ErrNotExist, "the database was not stopped in order")

	third, _ := start()
	third.interrupt(t)
	require.Zero(t, third.awaitEnd(t, patience), "exit code")
}

// processesIn lists the programs that were started with a directory.
func processesIn(t *testing.T, dir string) (list []string) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	require.NoError(t, err)
	for _, f := range files {
		line, err := os.ReadFile(f)
		if err == nil && bytes.Contains(line, []byte(dir)) {
			list = append(list, fmt.Sprintf("%s: %q", f, line))
		}
	}
	return list
}
