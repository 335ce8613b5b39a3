package e2e

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ponti/internal/child"
)

// process is a running program whose output is kept for failures.
type process struct {
	cmd  *exec.Cmd
	done chan struct{}
	code int // how it ended; written before done is closed

	mu    sync.Mutex
	lines []string // guarded by mu
}

// startProgram starts ponti with a clean environment of its own.
func startProgram(t *testing.T, listen, command string, env ...string) *process {
	t.Helper()
	_, port, err := net.SplitHostPort(listen)
	require.NoError(t, err)
	cmd := exec.Command(program, command) //nolint:noctx // ended by signals, which are what is tested
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "PONTI_") || strings.HasPrefix(v, "PONTI_PG_BIN=") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, "PONTI_LISTEN="+listen, "PONTI_URL=http://localhost:"+port, "PONTI_METRICS_LISTEN=off", "GORACE=halt_on_error=1")
	cmd.Env = append(cmd.Env, env...)
	return startProcess(t, cmd)
}

// startProcess starts a program that ends with the tests at the latest.
func startProcess(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{cmd: cmd, done: make(chan struct{})}
	r, w, err := os.Pipe()
	require.NoError(t, err)
	cmd.Stdout, cmd.Stderr = w, w
	ended, err := child.Start(cmd, syscall.SIGKILL)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	go p.read(r)
	go func() {
		<-ended
		p.code = cmd.ProcessState.ExitCode()
		close(p.done)
	}()
	return p
}

func (p *process) read(r io.ReadCloser) {
	defer r.Close() //nolint:errcheck // read only
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		p.mu.Lock()
		p.lines = append(p.lines, lines.Text())
		p.mu.Unlock()
	}
}

// kill ends it as a power cut does, and returns when it is gone.
func (p *process) kill() { p.signal(syscall.SIGKILL); <-p.done }

func (p *process) signal(s syscall.Signal) {
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		panic(err) // it is our own child
	}
}

// interrupt does what Ctrl-C in a terminal does: everybody in the process group is told.
func (p *process) interrupt(t *testing.T) {
	t.Helper()
	require.NoError(t, syscall.Kill(-p.cmd.Process.Pid, syscall.SIGINT))
}

// awaitEnd waits for it to end by itself and returns its exit code.
func (p *process) awaitEnd(t *testing.T, d time.Duration) int {
	t.Helper()
	late := time.NewTimer(d)
	defer late.Stop()
	select {
	case <-p.done:
		return p.code
	case <-late.C:
		require.Fail(t, "it does not end", "what it wrote at last:\n%s", p.last(40))
		return -1
	}
}

func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// output is all that it wrote.
func (p *process) output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.lines, "\n")
}

// last is the end of what it wrote, without the requests that went well.
func (p *process) last(n int) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	lines := slices.DeleteFunc(slices.Clone(p.lines), func(line string) bool {
		return strings.Contains(line, `"message":"request"`) && strings.Contains(line, `"level":"info"`)
	})
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
