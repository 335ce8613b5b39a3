package embedded

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
)

// maxSocketPath is the longest socket path that every system we run on takes
// (Linux 107 bytes, macOS 103).
const maxSocketPath = 103

// errUnreachable: a parent directory does not let the database's user pass.
var errUnreachable = errors.New("directory not reachable")

// box is a directory with a cluster, and the right to use it.
type box struct {
	opts Options
	dir  string
	data string
	sock string
	bin  string
	lock *os.File

	// cred is nil when PostgreSQL runs as ourselves. It refuses to run as root.
	cred     *syscall.Credential
	password string
}

// openBox locks o.Dir and finds out who runs which binaries in it.
func openBox(o Options) (_ *box, err error) {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, err
	}
	if o.Dir == "" {
		return nil, errors.New("no data directory was given")
	}
	b := &box{opts: o, dir: dir, data: filepath.Join(dir, "data")}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if b.lock, err = os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			b.close()
		}
	}()
	if err := syscall.Flock(int(b.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("another Ponti already uses %s: stop it, or choose another data directory", dir)
		}
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	if b.cred, err = runAs(b.data); err != nil {
		return nil, err
	}
	if err := b.letPass(); err != nil {
		return nil, err
	}
	major := ""
	if v, err := os.ReadFile(filepath.Join(b.data, "PG_VERSION")); err == nil {
		major = strings.TrimSpace(string(v))
	}
	b.bin, err = findBinaries(o.Bin, places(), major, dir)
	return b, err
}

// close gives up the directory. The server must have ended.
func (b *box) close() {
	if b.sock != "" && !strings.HasPrefix(b.sock, b.dir) {
		_ = os.RemoveAll(b.sock) // a leftover is harmless and removed at the next start
	}
	_ = b.lock.Close() // releases the lock
}

// runAs names the user PostgreSQL runs as: nil means the one we are. As root it
// is the owner of an existing cluster, else the first unprivileged one we know.
func runAs(data string) (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	if st, err := os.Stat(data); err == nil {
		if s, ok := st.Sys().(*syscall.Stat_t); ok && s.Uid != 0 {
			return &syscall.Credential{Uid: s.Uid, Gid: s.Gid}, nil
		}
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(err1, err2); err != nil {
			return nil, err
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, errors.New(`PostgreSQL does not run as root and there is no user "postgres" or "nobody" to run it as`)
}

// letPass lets the database's user through our directory, and only through.
func (b *box) letPass() error {
	if b.cred == nil {
		return nil
	}
	if err := os.Chown(b.dir, -1, int(b.cred.Gid)); err != nil {
		return err
	}
	if err := os.Chmod(b.dir, 0o710); err != nil { //nolint:gosec // group may pass, not read
		return err
	}
	return reachable(b.dir, b.cred)
}

// reachable reports the first directory on the way to dir that who may not
// pass. Parts that do not exist yet are skipped: whoever makes them decides.
func reachable(dir string, who *syscall.Credential) error {
	for d := filepath.Dir(dir); ; d = filepath.Dir(d) {
		if st, err := os.Stat(d); err == nil {
			s, ok := st.Sys().(*syscall.Stat_t)
			bit := os.FileMode(0o001)
			switch {
			case !ok:
			case s.Uid == who.Uid:
				bit = 0o100
			case s.Gid == who.Gid:
				bit = 0o010
			}
			if st.Mode().Perm()&bit == 0 {
				return fmt.Errorf("%w: the database's user may not enter %s: choose a data directory elsewhere, for example /var/lib/ponti",
					errUnreachable, d)
			}
		}
		if d == filepath.Dir(d) {
			return nil
		}
	}
}

// own makes a directory that only the database's user may enter.
func (b *box) own(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if b.cred != nil {
		if err := os.Chown(dir, int(b.cred.Uid), int(b.cred.Gid)); err != nil {
			return err
		}
	}
	return os.Chmod(dir, 0o700) //nolint:gosec // a directory
}

// initialise makes the cluster if there is none. It is made beside its place
// and moved there when complete: initdb writes PG_VERSION first, so a cluster
// cut short in place could not be told from a real one.
func (b *box) initialise(ctx context.Context) error {
	pwFile := filepath.Join(b.dir, "password")
	if _, err := os.Stat(filepath.Join(b.data, "PG_VERSION")); err == nil {
		pw, err := os.ReadFile(pwFile)
		if err != nil {
			return fmt.Errorf("the database in %s cannot be opened without its password file: %w", b.dir, err)
		}
		b.password = strings.TrimSpace(string(pw))
		return nil
	}
	fresh := b.data + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return err
	}
	if err := b.own(fresh); err != nil {
		return err
	}
	b.password = rand.Text()
	if err := os.WriteFile(pwFile, []byte(b.password+"\n"), 0o600); err != nil {
		return err
	}
	// initdb reads the password as the database's user, who may not read ours;
	// a pipe under /dev/fd fails too, because reopening it is denied.
	given := b.data + ".pw"
	defer os.Remove(given) //nolint:errcheck // mode 0600, and the next start would not mind
	if err := os.WriteFile(given, []byte(b.password+"\n"), 0o600); err != nil {
		return err
	}
	if b.cred != nil {
		if err := os.Chown(given, int(b.cred.Uid), int(b.cred.Gid)); err != nil {
			return err
		}
	}
	args := []string{"-D", fresh, "-U", role, "-A", "scram-sha-256", "--pwfile=" + given,
		"-E", "UTF8", "--locale=" + locale(), "--data-checksums", "--no-instructions"}
	if b.opts.Unsafe {
		args = append(args, "--no-sync", "--wal-segsize=1")
	}
	cmd := b.command("initdb", args...)
	out, err := runTied(ctx, cmd)
	if err != nil {
		return fmt.Errorf("make the database: %w: %s", err, lastLine(out))
	}
	// An empty data directory may be there; one with files is refused by rename.
	if err := os.Rename(fresh, b.data); err != nil {
		return fmt.Errorf("make the database: %w", err)
	}
	return nil
}

// locale gives text in every language its upper and lower case without
// depending on which languages the machine has.
func locale() string {
	if runtime.GOOS == "darwin" {
		return "en_US.UTF-8"
	}
	return "C.UTF-8"
}

// openSocketDir chooses where the socket is, and removes a place recorded by a
// process that was killed.
func (b *box) openSocketDir() error {
	record := filepath.Join(b.dir, "sock.elsewhere")
	if old, err := os.ReadFile(record); err == nil {
		if dir := string(old); strings.HasPrefix(filepath.Base(dir), "ponti-sock-") {
			_ = os.RemoveAll(dir) //nolint:gosec // we wrote the name; harmless if it stays
		}
		_ = os.Remove(record)
	}
	b.sock = filepath.Join(b.dir, "sock")
	if len(b.sock)+len("/.s.PGSQL."+port) > maxSocketPath {
		dir, err := os.MkdirTemp("/tmp", "ponti-sock-")
		if err != nil {
			return err
		}
		b.sock = dir
		if err := os.WriteFile(record, []byte(dir), 0o600); err != nil {
			return err
		}
	}
	return b.own(b.sock)
}

// settings are the server's arguments. It must never write what people wrote
// into its log: errors quote values, so errors are left out.
func (b *box) settings() []string {
	connections := b.opts.MaxConnections
	if connections == 0 {
		connections = 100
	}
	set := []string{
		"listen_addresses=", "unix_socket_permissions=0700", "logging_collector=off", "log_destination=stderr",
		"log_min_messages=log", "log_min_error_statement=panic", "log_error_verbosity=terse", "log_checkpoints=off",
		"log_line_prefix=", "max_connections=" + strconv.Itoa(connections),
	}
	if b.opts.Unsafe {
		set = append(set, "fsync=off", "full_page_writes=off", "shared_buffers=16MB",
			"max_wal_size=64MB", "min_wal_size=4MB", "autovacuum=off", "max_parallel_workers_per_gather=0")
	}
	args := []string{"-D", b.data, "-k", b.sock, "-p", port}
	for _, s := range set {
		args = append(args, "-c", s)
	}
	return args
}

// command prepares one of PostgreSQL's programs to run as the database's user,
// in a place that this user can reach.
func (b *box) command(name string, args ...string) *exec.Cmd {
	c := exec.Command(filepath.Join(b.bin, name), args...) //nolint:gosec // our own arguments; ended by signal, not by context
	c.Dir = "/"
	c.Env = []string{"LC_ALL=" + locale(), "PATH=/usr/local/bin:/usr/bin:/bin", "TZ=UTC"}
	c.SysProcAttr = &syscall.SysProcAttr{Credential: b.cred}
	return c
}
