package e2e

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
)

// proxies are the lines of one instance to its stores, which tests may slow down and make swallow everything; and where it
// tells its figures.
type proxies struct {
	redis, postgres *line
	metricsListen   string
}

// line is a proxy with faults.
type line struct{ *toxiproxy.Proxy }

// newLine leads to an address and lives to the end of the test.
func newLine(t *testing.T, to string) *line {
	t.Helper()
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	p := toxiproxy.NewProxy(server, "line", freeAddress(t), to)
	require.NoError(t, p.Start())
	t.Cleanup(p.Stop)
	return &line{p}
}

// add makes something go wrong in one direction.
func (l *line) add(t *testing.T, kind, direction, attributes string) {
	t.Helper()
	_, err := l.Toxics.AddToxicJson(strings.NewReader(fmt.Sprintf(`{"name":%q,"type":%q,"stream":%q,"attributes":{%s}}`, kind+" "+direction, kind, direction, attributes)))
	require.NoError(t, err)
}

// hole swallows everything and ends no connection.
func (l *line) hole(t *testing.T) {
	t.Helper()
	l.add(t, "timeout", "upstream", `"timeout":0`)
	l.add(t, "timeout", "downstream", `"timeout":0`)
}

// slow makes what is asked arrive late.
func (l *line) slow(t *testing.T, by time.Duration) {
	t.Helper()
	l.add(t, "latency", "upstream", `"latency":`+strconv.FormatInt(by.Milliseconds(), 10))
}

func (l *line) heal() { l.Toxics.ResetToxics(context.Background()) }

// behindProxies puts proxies between an instance and its stores.
func behindProxies(t *testing.T) func(in *instance) {
	return func(in *instance) {
		c := in.cluster
		in.redis = newLine(t, c.redis.Addr())
		database, err := url.Parse(c.postgres.URL())
		require.NoError(t, err)
		in.postgres = newLine(t, relay(t, filepath.Join(database.Query().Get("host"), ".s.PGSQL."+database.Query().Get("port"))))
		database.Host, database.RawQuery = in.postgres.Listen, "sslmode=disable"
		in.metricsListen = freeAddress(t)
		in.env = append(in.env, "DATABASE_URL="+database.String(), "REDIS_URL=redis://"+in.redis.Listen+"/0", "PONTI_METRICS_LISTEN="+in.metricsListen)
	}
}

// relay is a TCP address that leads to a Unix socket, which the proxy cannot.
func relay(t *testing.T, socket string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() }) // with it ends the loop
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("unix", socket) //nolint:noctx // local
			if err != nil {
				_ = near.Close()
				continue
			}
			for _, way := range [][2]net.Conn{{near, far}, {far, near}} {
				go func() {
					_, _ = io.Copy(way[0], way[1])
					_, _ = way[0].Close(), way[1].Close()
				}()
			}
		}
	}()
	return l.Addr().String()
}

// metric is the sum of a figure's values on an instance.
func (in *instance) metric(t *testing.T, name string) float64 {
	t.Helper()
	patient := http.Client{Timeout: patience, Transport: prober.Transport}
	res, err := patient.Get("http://" + in.metricsListen + "/metrics")
	require.NoError(t, err)
	defer res.Body.Close() //nolint:errcheck // read only
	require.Equal(t, http.StatusOK, res.StatusCode)
	sum, found := 0.0, false
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		key, value, _ := strings.Cut(lines.Text(), " ")
		if key, _, _ = strings.Cut(key, "{"); key == name {
			n, err := strconv.ParseFloat(value, 64)
			require.NoError(t, err)
			sum, found = sum+n, true
		}
	}
	require.NoError(t, lines.Err())
	require.True(t, found, "instance %s has no figure %s", in.name, name)
	return sum
}

// metric is the sum over all instances.
func (c *cluster) metric(t *testing.T, name string) (sum float64) {
	t.Helper()
	for _, in := range c.instances {
		sum += in.metric(t, name)
	}
	return sum
}

// reaches waits until a figure of an instance is as wanted.
func (in *instance) reaches(t *testing.T, name string, want float64, limit time.Duration) {
	t.Helper()
	require.NoError(t, within(limit, func() error {
		if v := in.metric(t, name); v != want {
			return fmt.Errorf("%s of instance %s is %v", name, in.name, v)
		}
		return nil
	}))
}
