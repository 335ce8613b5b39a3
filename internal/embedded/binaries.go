package embedded

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/rs/zerolog"

	"ponti/internal/child"
)

// places lists folders that may hold the server's programs, best first: what
// PATH says, then the newest.
func places() []string {
	var found []string
	if p, err := exec.LookPath("postgres"); err == nil {
		// A link in /usr/local/bin has no initdb or share folder beside it.
		if p, err = filepath.EvalSymlinks(p); err == nil {
			found = append(found, filepath.Dir(p))
		}
	}
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin",                                             // Debian, Ubuntu
		"/usr/pgsql-*/bin",                                                      // PostgreSQL's own rpm
		"/opt/homebrew/opt/postgresql@*/bin", "/usr/local/opt/postgresql@*/bin", // Homebrew
	} {
		m, err := filepath.Glob(pattern)
		if err != nil {
			continue
		}
		slices.SortFunc(m, func(a, b string) int { return versionIn(b) - versionIn(a) })
		found = append(found, m...)
	}
	return found
}

var digits = regexp.MustCompile(`\d+`)

func versionIn(path string) int {
	n, err := strconv.Atoi(digits.FindString(path))
	if err != nil {
		return 0
	}
	return n
}

// findBinaries returns the first folder with a server of the given major
// version ("" means any). given, when not empty, is the only one looked at.
func findBinaries(given string, found []string, major, dir string) (string, error) {
	if given != "" {
		found = []string{given}
	}
	for _, bin := range found {
		if _, err := os.Stat(filepath.Join(bin, "initdb")); err != nil {
			continue
		}
		out, err := exec.Command(filepath.Join(bin, "postgres"), "--version").Output() //nolint:gosec // answers at once
		if err != nil {
			continue
		}
		// postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)
		v, _, _ := strings.Cut(string(out[bytes.LastIndex(out, []byte("PostgreSQL) "))+1:]), ".")
		v = digits.FindString(v)
		if v != "" && (major == "" || v == major) {
			return bin, nil
		}
	}
	switch {
	case given != "" && major == "":
		return "", fmt.Errorf("PONTI_PG_BIN is %s, but there is no PostgreSQL server (initdb and postgres) in it", given)
	case given != "":
		return "", fmt.Errorf("the database in %s needs PostgreSQL %s, which is not in %s (PONTI_PG_BIN)", dir, major, given)
	case major != "":
		return "", fmt.Errorf("the database in %s needs PostgreSQL %s, which is not on this machine: run %q", dir, major, installCommand("-"+major))
	}
	return "", fmt.Errorf("no PostgreSQL server on this machine: run %q, or set PONTI_PG_BIN to the folder that has initdb and postgres", installCommand(""))
}

// installCommand is what a person types to get the server; version is "" or "-15".
func installCommand(version string) string {
	for _, m := range []struct{ tool, command string }{
		{"apt-get", "sudo apt-get install postgresql" + version},
		{"dnf", "sudo dnf install postgresql-server"},
		{"brew", "brew install postgresql" + strings.Replace(version, "-", "@", 1)},
		{"apk", "sudo apk add postgresql" + strings.TrimPrefix(version, "-")},
		{"pacman", "sudo pacman -S postgresql"},
	} {
		if _, err := exec.LookPath(m.tool); err == nil {
			return m.command
		}
	}
	return "install PostgreSQL" + strings.Replace(version, "-", " ", 1)
}

// runTied runs a short program to its end and returns what it wrote. It ends
// with us, and with ctx.
func runTied(ctx context.Context, cmd *exec.Cmd) ([]byte, error) {
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	ended, err := child.Start(cmd, syscall.SIGKILL)
	if err != nil {
		return nil, err
	}
	select {
	case err = <-ended:
	case <-ctx.Done():
		_ = cmd.Process.Kill() // failing means that it has just ended
		err = errors.Join(ctx.Err(), <-ended)
	}
	return out.Bytes(), err
}

func lastLine(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1]
}

// logTail passes the server's log on, line by line, and keeps the end of it
// for the sentence that says why the server ended.
type logTail struct {
	log zerolog.Logger

	mu    sync.Mutex
	part  []byte   // an unfinished line
	lines []string // the last few that say something went wrong
}

// Write implements io.Writer for the child's output.
func (t *logTail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.part = append(t.part, p...)
	for {
		line, rest, ok := bytes.Cut(t.part, []byte("\n"))
		if !ok {
			return len(p), nil
		}
		t.take(string(line))
		t.part = append([]byte(nil), rest...)
	}
}

func (t *logTail) take(line string) {
	level := zerolog.DebugLevel
	if strings.HasPrefix(line, "FATAL") || strings.HasPrefix(line, "PANIC") {
		level = zerolog.WarnLevel
	}
	t.log.WithLevel(level).Str("line", line).Msg("embedded postgres")
	if t.lines = append(t.lines, line); len(t.lines) > 5 {
		t.lines = t.lines[1:]
	}
}

// last is the last complaint, else the last line.
func (t *logTail) last() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, line := range slices.Backward(t.lines) {
		if strings.HasPrefix(line, "FATAL") || strings.HasPrefix(line, "PANIC") {
			return line
		}
	}
	if len(t.lines) == 0 {
		return "it wrote nothing"
	}
	return t.lines[len(t.lines)-1]
}
