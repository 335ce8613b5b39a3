package embedded

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// leftoverPatience is how long a server without a parent may take to end.
const leftoverPatience = 20 * time.Second

// endLeftover ends a server that outlived the process that started it. We hold
// the directory's lock, so no living Ponti wants it.
func (b *box) endLeftover(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, leftoverPatience)
	defer cancel()
	left := readPidFile(b.data)
	if left.pid <= 1 {
		return nil
	}
	if servesDirectory(left.pid, b.data) {
		_ = syscall.Kill(left.pid, syscall.SIGINT) // failing means that it has just ended
		// Not only until the process is gone: where process 1 reaps nothing, a
		// dead server stays a zombie for ever.
		err := poll(ctx, func() bool {
			return readPidFile(b.data).pid != left.pid || !servesDirectory(left.pid, b.data)
		})
		if err != nil {
			return fmt.Errorf("the server with process id %d left in %s does not stop: %w", left.pid, b.dir, err)
		}
	}
	// A server that was killed leaves workers that need a moment to notice.
	if err := poll(ctx, func() bool { return !segmentInUse(left.shmID) }); err != nil {
		return fmt.Errorf("workers of a killed server still use %s: %w", b.dir, err)
	}
	// The number in a stale file may meanwhile belong to another program, a
	// zombie, or a thread of ours (containers reuse low numbers), and then
	// PostgreSQL would refuse to start. Nothing uses the data: remove it.
	err := os.Remove(filepath.Join(b.data, "postmaster.pid"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// servesDirectory reports whether pid is a postmaster of data, by its command
// line: /proc/pid/exe and cwd may not be read in a container without ptrace.
func servesDirectory(pid int, data string) bool {
	var argv []string
	if raw, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline")); err == nil {
		argv = strings.Split(string(bytes.TrimRight(raw, "\x00")), "\x00")
	} else if _, err := os.Stat("/proc/self/cmdline"); err != nil {
		out, err := exec.Command("ps", "-ww", "-o", "command=", "-p", strconv.Itoa(pid)).Output() //nolint:gosec // a number
		if err != nil {
			return false
		}
		// Without quotes a path with spaces falls apart: look for it as a whole.
		line := string(out)
		return strings.Contains(line, "postgres") && strings.Contains(line, "-D "+data)
	}
	return len(argv) > 0 && filepath.Base(argv[0]) == "postgres" && slices.Contains(argv, data)
}

// segmentInUse reports whether a process holds the cluster's shared memory
// segment: the very check that PostgreSQL makes. Where it cannot be told, the
// answer is no, and PostgreSQL's own check stands.
func segmentInUse(id int) bool {
	raw, err := os.ReadFile("/proc/sysvipc/shm")
	if err != nil || id == 0 {
		return false
	}
	for line := range strings.Lines(string(raw)) {
		f := strings.Fields(line) // key shmid perms size cpid lpid nattch ...
		if len(f) > 6 && f[1] == strconv.Itoa(id) {
			return f[6] != "0"
		}
	}
	return false
}

// poll asks every few milliseconds until yes or until ctx ends.
func poll(ctx context.Context, yes func() bool) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for !yes() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return nil
}
