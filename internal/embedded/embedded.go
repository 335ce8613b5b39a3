// Package embedded runs the stores of a small installation inside it: a private
// PostgreSQL supervised as a child process, and a Redis in this process. A
// server with DATABASE_URL and REDIS_URL does not need it.
//
// It knows nothing of what is stored. Its promises: one process per directory;
// nothing listens on a network for PostgreSQL; whatever dies, and how, the next
// start on the same directory works and finds every committed row; a directory
// that holds a database is never deleted.
//
// A directory holds: lock (flock of the process that uses it), data (the
// cluster), data.new (a cluster being made), password (of the database's only
// role), sock (its unix socket, unless the path is too long for one).
package embedded

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/rs/zerolog"

	"ponti/internal/child"
)

const (
	role     = "ponti"
	database = "ponti"
	port     = "5432" // names the socket file only: nothing listens on TCP

	pollEvery = 10 * time.Millisecond
)

// Options say where the database lives and how it runs.
type Options struct {
	// Dir is made if missing. Started as root, its parents must let the user
	// that PostgreSQL runs as pass.
	Dir string
	// Bin is the folder with initdb and postgres; empty means look for one.
	Bin string
	// Unsafe trades durability for speed: a crash of the machine may lose
	// everything, a crash of the server still nothing. For tests only.
	Unsafe bool
	// MaxConnections is PostgreSQL's own limit; 0 means 100.
	MaxConnections int
	Log            zerolog.Logger
}

// Postgres is a running private server. It lives until Stop or until it ends by itself.
type Postgres struct {
	box *box // static after StartPostgres

	cmd      *exec.Cmd
	tail     *logTail
	stopping atomic.Bool
	done     chan struct{}
	err      error // written before done is closed

	stopOnce sync.Once
}

// StartPostgres starts the database in o.Dir, making it first if there is none,
// and returns when it answers. A server left behind by a killed process is
// ended first. ctx bounds the start only, not the server's life.
func StartPostgres(ctx context.Context, o Options) (*Postgres, error) {
	p, err := startPostgres(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("embedded PostgreSQL: %w", err)
	}
	return p, nil
}

func startPostgres(ctx context.Context, o Options) (_ *Postgres, err error) {
	b, err := openBox(o)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			b.close()
		}
	}()
	if err := b.endLeftover(ctx); err != nil {
		return nil, err
	}
	if err := b.initialise(ctx); err != nil {
		return nil, err
	}
	if err := b.openSocketDir(); err != nil {
		return nil, err
	}
	p := &Postgres{box: b, done: make(chan struct{}), tail: &logTail{log: o.Log}}
	if err := p.launch(); err != nil {
		return nil, err
	}
	if err := p.awaitReady(ctx); err != nil {
		p.stopping.Store(true)
		p.end(syscall.SIGQUIT)
		<-p.done
		return nil, err
	}
	return p, nil
}

// launch starts the server process and watches it to its end.
func (p *Postgres) launch() error {
	p.cmd = p.box.command("postgres", p.box.settings()...)
	p.cmd.Stdout, p.cmd.Stderr = p.tail, p.tail
	// SIGINT is PostgreSQL's fast shutdown: sessions are cut, data are safe.
	ended, err := child.Start(p.cmd, syscall.SIGINT)
	if err != nil {
		return fmt.Errorf("start %s: %w", p.cmd.Path, err)
	}
	go func() {
		err := <-ended
		if !p.stopping.Load() {
			p.err = fmt.Errorf("embedded PostgreSQL ended by itself (%s): %s", p.cmd.ProcessState, p.tail.last())
		} else if err != nil {
			p.err = fmt.Errorf("embedded PostgreSQL: stop: %w", err)
		}
		p.box.close()
		close(p.done)
	}()
	return nil
}

// awaitReady waits for the server's own word in postmaster.pid, as pg_ctl does:
// connecting in a loop fills the log with refusals.
func (p *Postgres) awaitReady(ctx context.Context) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		f := readPidFile(p.box.data)
		if f.pid == p.cmd.Process.Pid && f.ready {
			break
		}
		select {
		case <-p.done:
			return fmt.Errorf("it ended while starting (%s): %s", p.cmd.ProcessState, p.tail.last())
		case <-ctx.Done():
			return fmt.Errorf("it was not ready in time: %w", ctx.Err())
		case <-tick.C:
		}
	}
	conn, err := pgx.Connect(ctx, p.URLFor("postgres"))
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // a one-statement connection; the statement's error counts
	var exists bool
	if err := conn.QueryRow(ctx, "select exists (select from pg_database where datname = $1)", database).Scan(&exists); err != nil {
		return fmt.Errorf("look for the database: %w", err)
	}
	if !exists {
		if _, err := conn.Exec(ctx, "create database "+database); err != nil {
			return fmt.Errorf("create the database: %w", err)
		}
	}
	return nil
}

// URL is the connection string of the database "ponti".
func (p *Postgres) URL() string { return p.URLFor(database) }

// URLFor is the connection string of any database of this server. It holds the
// password: never log it.
func (p *Postgres) URLFor(db string) string {
	q := url.Values{"host": {p.box.sock}, "port": {port}, "sslmode": {"disable"}}
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(role, p.box.password), Path: "/" + db,
		RawQuery: strings.ReplaceAll(q.Encode(), "+", "%20"), // libpq does not read + as a space
	}
	return u.String()
}

// RunningURL is the connection string of the database "ponti" of a server that another process runs in dir. Like every such
// string it holds the password. Whether the server answers is not asked.
func RunningURL(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	pw, err := os.ReadFile(filepath.Join(dir, "password"))
	if err != nil {
		return "", fmt.Errorf("no private database of this user is in %s: %w", dir, err)
	}
	b := box{sock: filepath.Join(dir, "sock"), password: strings.TrimSpace(string(pw))}
	if elsewhere, err := os.ReadFile(filepath.Join(dir, "sock.elsewhere")); err == nil {
		b.sock = string(elsewhere)
	}
	return (&Postgres{box: &b}).URL(), nil
}

// Done is closed when the server has ended, by Stop or by itself; Err says which.
func (p *Postgres) Done() <-chan struct{} { return p.done }

// Err is nil while the server runs and after an orderly Stop.
func (p *Postgres) Err() error {
	select {
	case <-p.done:
		return p.err
	default:
		return nil
	}
}

// Stop ends the server in order and returns when it has ended; calling it again
// only waits. If ctx ends first, the server is told to end at once (it recovers
// at the next start) and ctx's error is returned.
func (p *Postgres) Stop(ctx context.Context) error {
	p.stopOnce.Do(func() {
		select {
		case <-p.done: // it ended by itself: Err keeps saying so
		default:
			p.stopping.Store(true)
			p.end(syscall.SIGINT)
		}
	})
	select {
	case <-p.done:
		return p.err
	case <-ctx.Done():
	}
	p.end(syscall.SIGQUIT)
	<-p.done
	return fmt.Errorf("embedded PostgreSQL did not stop in time: %w", ctx.Err())
}

// Kill ends the server as kill -9 does, as fault tests need it; Err then says
// that it ended by itself.
func (p *Postgres) Kill() { p.end(syscall.SIGKILL) }

func (p *Postgres) end(sig syscall.Signal) {
	// An error means that it has ended already, which is what is wanted.
	_ = p.cmd.Process.Signal(sig)
}

// DefaultDir is where an installation that was not told otherwise keeps its
// data: ./data, or /var/lib/ponti when started as root in a place (such as
// root's home) that the database's user cannot enter.
func DefaultDir() string {
	dir, err := filepath.Abs("data")
	if err != nil {
		return "data"
	}
	if who, err := runAs(filepath.Join(dir, "data")); err == nil && who != nil {
		if errors.Is(reachable(dir, who), errUnreachable) {
			return "/var/lib/ponti"
		}
	}
	return dir
}

// pidFile is what a server says of itself in postmaster.pid.
type pidFile struct {
	pid   int // 0: no file
	shmID int // the System V segment all its processes hold; 0: unknown
	ready bool
}

func readPidFile(data string) pidFile {
	raw, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return pidFile{}
	}
	// pid, data directory, start time, port, socket directory, listen address, "key id" of the segment, status
	lines := strings.Split(string(raw), "\n")
	var f pidFile
	f.pid, _ = strconv.Atoi(strings.TrimSpace(lines[0]))
	if len(lines) > 6 {
		if _, id, ok := strings.Cut(strings.TrimSpace(lines[6]), " "); ok {
			f.shmID, _ = strconv.Atoi(strings.TrimSpace(id))
		}
	}
	f.ready = len(lines) > 7 && strings.TrimSpace(lines[7]) == "ready"
	return f
}
