package e2e

import (
	"cmp"
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
	limits       string    // how much wider than in earnest; empty: as wide as there is
}

var loads = []loaded{
	{"pairs", 2, [2]string{"4", "200"}, []string{"--rooms=4", "--rate=40", "--for=2s"}, []string{"--rate=1000"}, []string{"--rate=1000"}, ""},
	{"pairs", 2, [2]string{"", "200"}, nil, []string{"--rate=10000"}, []string{"--rate=10000"}, ""},
	{"sustain", 2, [2]string{"", "200"}, nil, []string{"--from=6000"}, []string{"--from=12000", "--for=6s"}, ""},
	{"fanout", 2, [2]string{"4", "50"}, []string{"--rooms=3", "--rate=20", "--for=2s"}, []string{"--rooms=50", "--rate=500"}, []string{"--rooms=50", "--rate=500"}, ""},
	{"idle", 1, [2]string{"3", "625"}, []string{"--lines=40", "--rest=1s"}, []string{"--lines=10000"}, []string{"--lines=10000", "--rooms=625", "--servers=1"}, ""},
	{"storm", 2, [2]string{"3", "334"}, []string{"--lines=40", "--missed=5"}, []string{"--lines=5000"}, []string{"--lines=5000", "--rooms=334"}, ""},
	{"storm", 2, [2]string{"3", "334"}, []string{"--lines=40", "--missed=5", "--elsewhere"}, []string{"--lines=5000", "--elsewhere"}, nil, ""},
	{"queue", 2, [2]string{"", "12"}, nil, []string{"--people=300", "--rate=3"}, nil, ""},
	{"queue", 2, [2]string{"4", "12"}, []string{"--people=16", "--rate=8", "--talk=100ms", "--within=30s", "--raid=600"}, []string{"--people=300", "--rate=3", "--raid=1000"}, nil, "1"},
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
			c.settings = []string{"PONTI_LIMIT_FACTOR=" + cmp.Or(l.limits, "1000"), "PONTI_HANDSHAKES=100000", "PONTI_LOG_LEVEL=error"}
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

// TestReconnectStorm is F19: all lines drop and return at once, more than the instances take in a second, while others talk on.
func TestReconnectStorm(t *testing.T) {
	if measuring {
		return
	}
	const rooms, talking = 136, 4
	c := newStores(t, 2)
	for _, in := range c.instances {
		in.metricsListen = freeAddress(t)
		in.env = append(in.env, "PONTI_METRICS_LISTEN="+in.metricsListen, "PONTI_HANDSHAKES=200", "PONTI_DATABASE_CONNS=8")
	}
	maker := c.command(program, "crowd", "--rooms="+strconv.Itoa(rooms))
	maker.Stderr = os.Stderr
	made, err := maker.Output()
	require.NoError(t, err)
	var crowd map[string]json.RawMessage
	var all []json.RawMessage
	require.NoError(t, json.Unmarshal(made, &crowd))
	require.NoError(t, json.Unmarshal(crowd["rooms"], &all))
	part := func(name string, list []json.RawMessage) string {
		crowd["rooms"], err = json.Marshal(list)
		require.NoError(t, err)
		b, err := json.Marshal(crowd)
		require.NoError(t, err)
		file := filepath.Join(c.dir, name)
		require.NoError(t, os.WriteFile(file, b, 0o600))
		return file
	}
	gone, stay := part("gone.json", all[talking:]), part("stay.json", all[:talking])
	c.settings = []string{"PONTI_LIMIT_FACTOR=1000", "PONTI_LOG_LEVEL=error"} // they all come from one address here
	c.startAll()
	at := func(scenario, crowd string, more ...string) []string {
		args := append([]string{"--json", scenario, "--crowd=" + crowd}, more...)
		for _, in := range c.instances {
			args = append(args, "--server=http://localhost:"+in.port(), "--pid="+strconv.Itoa(in.cmd.Process.Pid))
		}
		return args
	}
	talk := make(chan []byte, 1)
	go func() {
		cmd := c.command(loader, at("pairs", stay, "--rate=20", "--rooms=4", "--for=20s")...)
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			out = nil
		}
		talk <- out
	}()
	var storm, others struct {
		Caught struct {
			Max float64 `json:"max_ms"`
		} `json:"caught_up"`
		Acked struct {
			N   int     `json:"n"`
			P99 float64 `json:"p99_ms"`
		} `json:"acked"`
		Faults struct{ Lost, Doubled, Unanswered, Refused int64 }
	}
	require.NoError(t, json.Unmarshal(c.load(t, at("storm", gone, "--lines=1980", "--missed=5")...), &storm))
	var connections int
	require.NoError(t, c.connect(t).QueryRow(t.Context(), `select count(*) from pg_stat_activity where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()`).Scan(&connections))
	out := <-talk
	require.NotNil(t, out, "those who talked on were cut off")
	require.NoError(t, json.Unmarshal(out, &others))
	t.Logf("all were back within %.1f s; those who talked on had their answers within %.0f ms at p99; %d connections to PostgreSQL", storm.Caught.Max/1000, others.Acked.P99, connections)
	require.LessOrEqual(t, storm.Caught.Max, 60_000.0)
	require.Zero(t, others.Faults.Lost+others.Faults.Doubled+others.Faults.Unanswered+others.Faults.Refused)
	require.GreaterOrEqual(t, others.Acked.N, 300)
	require.LessOrEqual(t, others.Acked.P99, 1000.0, "who talked on felt the storm")
	deferred := 0.0
	for _, in := range c.instances {
		require.False(t, in.ended(), "instance %s ended", in.name)
		deferred += in.metric(t, "ponti_live_handshakes_deferred_total")
	}
	require.Positive(t, deferred, "nobody was told to come back later: it was no storm")
	require.LessOrEqual(t, connections, 2*(8+4), "more connections than the instances have")
	c.holdInvariants(t)
}
