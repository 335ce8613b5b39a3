package embedded_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ponti/internal/embedded"
)

// parentOf is set in the process that TestParentKilled starts and kills.
const parentOf = "EMBEDDED_TEST_PARENT_OF"

func TestMain(m *testing.M) {
	if dir := os.Getenv(parentOf); dir != "" {
		beKilled(dir)
	}
	goleak.VerifyTestMain(m)
}

// beKilled starts the database in dir, says so, and waits for its end.
func beKilled(dir string) {
	p, err := embedded.StartPostgres(context.Background(), options(dir))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(p.URL())
	select {}
}

func options(dir string) embedded.Options {
	return embedded.Options{Dir: dir, Bin: os.Getenv("PONTI_PG_BIN"), Unsafe: true, Log: zerolog.Nop()}
}

// newDir is a place that the database's user can reach, which t.TempDir is not
// when the tests run as root.
func newDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ponti-embedded-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return dir
}

func start(t *testing.T, dir string) *embedded.Postgres {
	t.Helper()
	p, err := embedded.StartPostgres(t.Context(), options(dir))
	require.NoError(t, err)
	t.Cleanup(func() { _ = p.Stop(context.Background()) }) // the test's own Stop is the one that must succeed
	return p
}

func run(t *testing.T, url, sql string, args ...any) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), sql, args...)
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))
}

func ask[T any](t *testing.T, url, sql string) T {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	var v T
	require.NoError(t, conn.QueryRow(t.Context(), sql).Scan(&v))
	require.NoError(t, conn.Close(t.Context()))
	return v
}

func serverPid(t *testing.T, dir string) int {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, "data", "postmaster.pid"))
	require.NoError(t, err)
	pid, err := strconv.Atoi(strings.SplitN(string(raw), "\n", 2)[0])
	require.NoError(t, err)
	return pid
}

func TestRestart(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	p := start(t, dir)
	run(t, p.URL(), "create table kept (word text)")
	run(t, p.URL(), "insert into kept values ($1)", "ponte")

	require.NoError(t, p.Err())
	require.NoError(t, p.Stop(t.Context()))
	require.NoError(t, p.Stop(t.Context()), "stopping twice is fine")
	<-p.Done()
	require.NoError(t, p.Err())
	require.NoFileExists(t, filepath.Join(dir, "data", "postmaster.pid"))

	p = start(t, dir)
	require.Equal(t, "ponte", ask[string](t, p.URL(), "select word from kept"))
	running, err := embedded.RunningURL(dir)
	require.NoError(t, err)
	require.Equal(t, p.URL(), running)
	_, err = embedded.RunningURL(t.TempDir())
	require.ErrorContains(t, err, "no private database")
	require.Equal(t, "postgres", ask[string](t, p.URLFor("postgres"), "select current_database()::text"))
	require.Equal(t, "Ò", ask[string](t, p.URL(), "select upper('ò')"))
	require.NoError(t, p.Stop(t.Context()))
}

func TestOneProcessPerDirectory(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	p := start(t, dir)
	_, err := embedded.StartPostgres(t.Context(), options(dir))
	require.EqualError(t, err, "embedded PostgreSQL: another Ponti already uses "+dir+": stop it, or choose another data directory")
	require.Equal(t, 1, ask[int](t, p.URL(), "select 1"), "the first goes on")
	require.NoError(t, p.Stop(t.Context()))
}

func TestStrangersAreRefused(t *testing.T) {
	t.Parallel()
	p := start(t, newDir(t))
	cfg, err := pgx.ParseConfig(p.URL())
	require.NoError(t, err)
	st, err := os.Stat(cfg.Host)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), st.Mode().Perm())
	cfg.Password = "guess"
	_, err = pgx.ConnectConfig(t.Context(), cfg)
	require.ErrorContains(t, err, "28P01")
	require.Empty(t, ask[string](t, p.URL(), "show listen_addresses"))
	require.NoError(t, p.Stop(t.Context()))
}

func TestServerKilled(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	p := start(t, dir)
	run(t, p.URL(), "create table kept (n int)")
	run(t, p.URL(), "insert into kept values (1)")
	// An open session keeps a worker alive that the next start must outwait.
	conn, err := pgx.Connect(t.Context(), p.URL())
	require.NoError(t, err)

	require.NoError(t, syscall.Kill(serverPid(t, dir), syscall.SIGKILL))
	<-p.Done()
	require.ErrorContains(t, p.Err(), "ended by itself (signal: killed)")
	require.ErrorContains(t, p.Stop(t.Context()), "ended by itself", "stopping does not hide it")
	_ = conn.Close(t.Context()) // broken, which is the point

	p = start(t, dir)
	require.Equal(t, 1, ask[int](t, p.URL(), "select n from kept"))
	require.NoError(t, p.Stop(t.Context()))
}

func TestParentKilled(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	parent := exec.CommandContext(t.Context(), os.Args[0])
	parent.Env = append(os.Environ(), parentOf+"="+dir)
	parent.Stderr = os.Stderr
	out, err := parent.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, parent.Start())
	url, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	url = strings.TrimSpace(url)
	run(t, url, "create table kept (n int)")
	run(t, url, "insert into kept values (1)")
	old := serverPid(t, dir)

	require.NoError(t, parent.Process.Kill())
	require.ErrorContains(t, parent.Wait(), "killed")

	p := start(t, dir)
	require.NotEqual(t, old, serverPid(t, dir))
	require.Equal(t, 1, ask[int](t, p.URL(), "select n from kept"))
	require.NoError(t, p.Stop(t.Context()))
}

func TestUnfinishedDatabaseIsMadeAgain(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	cut := filepath.Join(dir, "data.new")
	require.NoError(t, os.Mkdir(cut, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(cut, "PG_VERSION"), []byte("15\n"), 0o600))
	p := start(t, dir)
	require.NoDirExists(t, cut)
	require.NoError(t, p.Stop(t.Context()))
}

func TestOtherVersionIsLeftAlone(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	version := filepath.Join(dir, "data", "PG_VERSION")
	require.NoError(t, os.Mkdir(filepath.Dir(version), 0o700))
	require.NoError(t, os.WriteFile(version, []byte("7\n"), 0o600))
	_, err := embedded.StartPostgres(t.Context(), options(dir))
	require.ErrorContains(t, err, "needs PostgreSQL 7")
	require.FileExists(t, version)
}

func TestStaleProcessNumber(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	p := start(t, dir)
	require.NoError(t, p.Stop(t.Context()))
	st, err := os.Stat(filepath.Join(dir, "data"))
	require.NoError(t, err)
	owner, ok := st.Sys().(*syscall.Stat_t)
	require.True(t, ok)

	// The number of a killed server now belongs to another program of the same user.
	other := exec.CommandContext(t.Context(), "sleep", "600")
	if os.Geteuid() == 0 {
		other.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: owner.Uid, Gid: owner.Gid}}
	}
	require.NoError(t, other.Start())
	stale := fmt.Sprintf("%d\n%s/data\n1700000000\n5432\n%s/sock\n\n   123456 987654\nready   \n", other.Process.Pid, dir, dir)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "data", "postmaster.pid"), []byte(stale), 0o600))

	p = start(t, dir)
	require.NoError(t, p.Stop(t.Context()))
	require.NoError(t, other.Process.Signal(syscall.Signal(0)), "the other program is left alone")
	require.NoError(t, other.Process.Kill())
	require.Error(t, other.Wait())
}

func TestLongPath(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(newDir(t), strings.Repeat("lungo ", 20), "dati")
	require.NoError(t, os.MkdirAll(filepath.Dir(dir), 0o711))
	if os.Geteuid() == 0 {
		require.NoError(t, os.Chmod(filepath.Dir(filepath.Dir(dir)), 0o711))
	}
	p := start(t, dir)
	cfg, err := pgx.ParseConfig(p.URL())
	require.NoError(t, err)
	require.Less(t, len(cfg.Host), 90)
	require.Equal(t, 1, ask[int](t, p.URL(), "select 1"))
	running, err := embedded.RunningURL(dir)
	require.NoError(t, err)
	require.Equal(t, p.URL(), running)
	require.NoError(t, p.Stop(t.Context()))
	require.NoDirExists(t, cfg.Host)
}

func TestMissingBinaries(t *testing.T) {
	t.Parallel()
	o := options(newDir(t))
	o.Bin = t.TempDir()
	_, err := embedded.StartPostgres(t.Context(), o)
	require.EqualError(t, err, "embedded PostgreSQL: PONTI_PG_BIN is "+o.Bin+", but there is no PostgreSQL server (initdb and postgres) in it")
}

func TestStartIsBounded(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	dir := newDir(t)
	_, err := embedded.StartPostgres(ctx, options(dir))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	p := start(t, dir) // and leaves nothing behind that stops the next
	require.NoError(t, p.Stop(t.Context()))
}

func TestDefaultDir(t *testing.T) {
	open := newDir(t)
	require.NoError(t, os.Chmod(open, 0o711))
	t.Chdir(open)
	require.Equal(t, filepath.Join(open, "data"), embedded.DefaultDir())

	shut := newDir(t) // as root's home is
	t.Chdir(shut)
	want := filepath.Join(shut, "data")
	if os.Geteuid() == 0 {
		want = "/var/lib/ponti" // only root hands the database to another user
	}
	require.Equal(t, want, embedded.DefaultDir())
}
