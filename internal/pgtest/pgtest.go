// Package pgtest gives tests real stores: one private PostgreSQL per test
// program, in it a fresh migrated database per test, and a redis-server of its
// own for each test that asks for one. Only tests import it. A store that is
// missing from the machine is a failure, never a skip.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rs/zerolog"

	"ponti/internal/embedded"
	"ponti/internal/pg"
)

const (
	dirPrefix = "ponti-pgtest-"
	template  = "template_migrated"

	// poolSize is what New gives one test; the server takes many tests at once.
	poolSize       = 8
	maxConnections = 300

	patience = 30 * time.Second // for a server to start or stop on a busy machine
)

// server is the one of this test program.
type server struct {
	postgres *embedded.Postgres
	admin    *pgxpool.Pool
	sets     []pg.Migrations
	next     atomic.Int64 // number of the last database made
}

// current is set by Run before the first test and read by all of them.
var current *server

// Main is for TestMain: it starts the server, migrates the template with sets
// in their order, runs the tests, removes everything and exits.
func Main(m *testing.M, sets ...pg.Migrations) {
	os.Exit(Run(m, sets...))
}

// Run is Main without the exit, for a TestMain with more to check afterwards:
// nothing of the server is left when it returns the exit code.
func Run(m *testing.M, sets ...pg.Migrations) (code int) {
	s, remove, err := start(sets)
	if err != nil {
		fmt.Fprintln(os.Stderr, "pgtest:", err)
		return 1
	}
	current = s
	defer func() {
		if err := remove(); err != nil {
			fmt.Fprintln(os.Stderr, "pgtest:", err)
			code = max(code, 1)
		}
	}()
	return m.Run()
}

// start makes the server and its template. remove ends and deletes all of it.
func start(sets []pg.Migrations) (_ *server, remove func() error, err error) {
	sweep()
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	dir, err := os.MkdirTemp("", dirPrefix)
	if err != nil {
		return nil, nil, err
	}
	s := &server{sets: sets}
	remove = func() error {
		if s.admin != nil {
			s.admin.Close()
		}
		var stopped error
		if s.postgres != nil {
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			stopped = s.postgres.Stop(ctx)
		}
		return errors.Join(stopped, os.RemoveAll(dir))
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, remove())
		}
	}()
	s.postgres, err = embedded.StartPostgres(ctx, embedded.Options{
		Dir: dir, Bin: os.Getenv("PONTI_PG_BIN"), Unsafe: true, MaxConnections: maxConnections, Log: zerolog.Nop(),
	})
	if err != nil {
		return nil, nil, err
	}
	if s.admin, err = pgxpool.New(ctx, s.postgres.URLFor("postgres")); err != nil {
		return nil, nil, err
	}
	if _, err := s.admin.Exec(ctx, "create database "+template); err != nil {
		return nil, nil, err
	}
	if err := pg.Migrate(ctx, s.postgres.URLFor(template), sets...); err != nil {
		return nil, nil, err
	}
	return s, remove, nil
}

// sweep removes what killed test programs left behind. A living one holds the
// lock of its directory.
func sweep() {
	dirs, err := filepath.Glob(filepath.Join(os.TempDir(), dirPrefix+"*"))
	if err != nil {
		return
	}
	for _, dir := range dirs {
		// A young one may just not have taken its lock yet.
		if st, err := os.Stat(dir); err != nil || time.Since(st.ModTime()) < 10*time.Minute {
			continue
		}
		lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR, 0)
		if err != nil {
			continue
		}
		if syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			_ = os.RemoveAll(dir) // another program may be sweeping too
		}
		_ = lock.Close()
	}
}

// New is a pool, with the settings of production, on a fresh database cloned
// from the template. Both go when t ends.
func New(t testing.TB) *pgxpool.Pool {
	t.Helper()
	pool, err := pg.Open(t.Context(), URL(t), pg.Options{Name: "pgtest", MaxConns: poolSize})
	if err != nil {
		t.Fatal("pgtest: ", err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// URL is the connection string of a fresh database cloned from the template,
// for tests that open their own pools or start processes. It goes when t ends.
func URL(t testing.TB) string {
	t.Helper()
	s := current
	if s == nil {
		t.Fatal("pgtest: the package's TestMain must call pgtest.Main")
	}
	name := fmt.Sprintf("t%d_%s", s.next.Add(1), plain(t.Name()))
	if _, err := s.admin.Exec(t.Context(), "create database "+name+" template "+template); err != nil {
		t.Fatal("pgtest: ", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if _, err := s.admin.Exec(ctx, "drop database "+name+" with (force)"); err != nil {
			t.Error("pgtest: ", err)
		}
	})
	return s.postgres.URLFor(name)
}

// plain makes a test's name a short part of a database's name, so that
// pg_stat_activity says which test holds a connection.
func plain(name string) string {
	name = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToLower(name))
	return name[:min(len(name), 40)]
}

// PostgresServer is a server of one test alone, for tests that kill it. Unlike
// the shared one it is durable, so that what was committed must be found again.
type PostgresServer struct {
	t        testing.TB
	dir      string
	postgres *embedded.Postgres
}

// NewPostgresServer starts a server whose database is migrated like the
// template. It goes when t ends.
func NewPostgresServer(t testing.TB) *PostgresServer {
	t.Helper()
	if current == nil {
		t.Fatal("pgtest: the package's TestMain must call pgtest.Main")
	}
	// Not t.TempDir: started as root, the database's user could not enter it.
	dir, err := os.MkdirTemp("", dirPrefix)
	if err != nil {
		t.Fatal("pgtest: ", err)
	}
	s := &PostgresServer{t: t, dir: dir}
	t.Cleanup(func() {
		if s.postgres.Err() == nil {
			s.Stop()
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error("pgtest: ", err)
		}
	})
	s.Start()
	if err := pg.Migrate(t.Context(), s.URL(), current.sets...); err != nil {
		t.Fatal("pgtest: ", err)
	}
	return s
}

// URL is the connection string; it stays the same over Stop, Kill and Start.
func (s *PostgresServer) URL() string { return s.postgres.URL() }

// Start starts the server again after Stop or Kill.
func (s *PostgresServer) Start() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	p, err := embedded.StartPostgres(ctx, embedded.Options{
		Dir: s.dir, Bin: os.Getenv("PONTI_PG_BIN"), Log: zerolog.Nop(),
	})
	if err != nil {
		s.t.Fatal("pgtest: ", err)
	}
	s.postgres = p
}

// Stop ends the server in order; open connections are cut.
func (s *PostgresServer) Stop() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.postgres.Stop(ctx); err != nil {
		s.t.Error("pgtest: ", err)
	}
}

// Kill ends the server as kill -9 does, and returns when it is gone.
func (s *PostgresServer) Kill() {
	s.t.Helper()
	s.postgres.Kill()
	<-s.postgres.Done()
}
