package embedded

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// newBin is a folder that looks like a PostgreSQL of that version.
func newBin(t *testing.T, version string) string {
	t.Helper()
	dir := t.TempDir()
	script := "#!/bin/sh\necho 'postgres (PostgreSQL) " + version + "'\n"
	for _, name := range []string{"initdb", "postgres"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(script), 0o700))
	}
	return dir
}

func TestFindBinaries(t *testing.T) {
	t.Parallel()
	pg15, pg17, none := newBin(t, "15.18 (Debian 15.18-0+deb12u1)"), newBin(t, "17.2"), t.TempDir()
	for _, c := range []struct {
		name, given string
		found       []string
		major       string
		want, err   string
	}{
		{name: "first_found", found: []string{none, pg17, pg15}, want: pg17},
		{name: "the_cluster's_version", found: []string{pg17, pg15}, major: "15", want: pg15},
		{name: "given_only", given: pg15, found: []string{pg17}, want: pg15},
		{name: "given_without_server", given: none, found: []string{pg17}, err: "PONTI_PG_BIN is " + none},
		{name: "given_of_another_version", given: pg15, major: "17", err: "needs PostgreSQL 17"},
		{name: "version_not_here", found: []string{pg15}, major: "12", err: "needs PostgreSQL 12, which is not on this machine: run "},
		{name: "nothing_here", err: "no PostgreSQL server on this machine: run "},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := findBinaries(c.given, c.found, c.major, "dati")
			if c.err != "" {
				require.ErrorContains(t, err, c.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
}

func TestReachable(t *testing.T) {
	t.Parallel()
	shut := t.TempDir()
	require.NoError(t, os.Chmod(shut, 0o700))
	stranger := &syscall.Credential{Uid: 4_000_000_001, Gid: 4_000_000_001}
	err := reachable(filepath.Join(shut, "dati"), stranger)
	require.ErrorIs(t, err, errUnreachable)
	require.ErrorContains(t, err, "/var/lib/ponti")
	require.NoError(t, reachable("/dati", stranger))
	require.NoError(t, reachable(filepath.Join(shut, "dati"), &syscall.Credential{Uid: uint32(os.Geteuid()), Gid: uint32(os.Getegid())}))
}
