package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// loaded is a scenario of ponti-load and how large it is, as a test and to measure.
type loaded struct {
	name         string
	instances    int
	rooms        [2]string // of the crowd
	small, large []string  // arguments
	floor        []string  // of the bare servers, to measure only; none: not compared
}

var loads = []loaded{
	{"pairs", 2, [2]string{"4", "200"}, []string{"--rooms=4", "--rate=40", "--for=2s"}, []string{"--rate=1000"}, []string{"--rate=1000"}},
	{"pairs", 2, [2]string{"", "200"}, nil, []string{"--rate=10000"}, []string{"--rate=10000"}},
	{"sustain", 2, [2]string{"", "200"}, nil, []string{"--from=6000"}, []string{"--from=12000", "--for=6s"}},
	{"idle", 1, [2]string{"3", "625"}, []string{"--lines=40", "--rest=1s"}, []string{"--lines=10000"}, []string{"--lines=10000", "--rooms=625", "--servers=1"}},
	{"storm", 2, [2]string{"3", "334"}, []string{"--lines=40", "--missed=5"}, []string{"--lines=5000"}, []string{"--lines=5000", "--rooms=334"}},
	{"storm", 2, [2]string{"3", "334"}, []string{"--lines=40", "--missed=5", "--elsewhere"}, []string{"--lines=5000", "--elsewhere"}, nil},
}

// TestLoad has ponti-load look for lost, doubled and disordered messages while it presses. It judges no speed: with PONTI_LOAD
// set it measures instead, beside the bare servers, and prints what it finds.
func TestLoad(t *testing.T) {
	for _, l := range loads {
		size, args := 0, l.small
		if measuring {
			size, args = 1, l.large
		}
		if args == nil || measuring && !strings.Contains(" "+os.Getenv("PONTI_LOAD")+" all ", " "+l.name+" ") && os.Getenv("PONTI_LOAD") != "all" {
			continue
		}
		t.Run(l.name, func(t *testing.T) {
			c := newStores(t, l.instances)
			crowd := filepath.Join(c.dir, "crowd.json")
			maker := c.command(program, "crowd", "--rooms="+l.rooms[size])
			maker.Stderr = os.Stderr
			made, err := maker.Output()
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(crowd, made, 0o600))
			c.settings = []string{"PONTI_LIMIT_FACTOR=1000", "PONTI_HANDSHAKES=100000", "PONTI_LOG_LEVEL=error"}
			c.startAll()
			args = append([]string{"--json", l.name, "--crowd=" + crowd}, args...)
			for _, in := range c.instances {
				args = append(args, "--server=http://localhost:"+in.port(), "--pid="+strconv.Itoa(in.cmd.Process.Pid))
			}
			report := c.load(t, args...)
			t.Logf("ponti %s", report)
			c.holdInvariants(t)
			if measuring && l.floor != nil {
				for _, in := range c.instances {
					in.kill()
				}
				t.Logf("floor %s", c.load(t, append([]string{"--json", "floor", "--scenario=" + l.name}, l.floor...)...))
			}
		})
	}
}

func TestCrowd_goes_into_an_empty_database_only(t *testing.T) {
	t.Parallel()
	c := newStores(t, 1)
	_, err := c.command(program, "crowd", "--rooms=1").Output()
	require.NoError(t, err)
	out, err := c.command(program, "crowd", "--rooms=1").CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "this database is in use")
	real := c.command(program, "crowd", "--rooms=1")
	real.Env = append(real.Env, "PONTI_URL=https://ponti.example")
	out, err = real.CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "looks like a real installation")
	out, err = c.command(loader, "pairs", "--crowd=none", "--server=http://192.0.2.1").CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "not on this machine")
}

// command is a program that knows the stores.
func (c *cluster) command(name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(c.t.Context(), name, args...)
	cmd.Env = append(os.Environ(), c.environment()...)
	return cmd
}

// load runs ponti-load and gives its report, which must have found nothing wrong.
func (c *cluster) load(t *testing.T, args ...string) json.RawMessage {
	t.Helper()
	cmd := c.command(loader, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	require.NoError(t, err, "%s", out)
	var r struct {
		Faults struct{ Lost, Doubled, Unanswered, Refused int64 }
		Lines  int
	}
	require.NoError(t, json.Unmarshal(out, &r))
	require.Positive(t, r.Lines)
	require.Zero(t, r.Faults.Lost+r.Faults.Doubled+r.Faults.Unanswered+r.Faults.Refused, "%s", out)
	return out
}
