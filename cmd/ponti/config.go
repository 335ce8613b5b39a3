package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rs/zerolog"

	"ponti/internal/bus"
	"ponti/internal/embedded"
	"ponti/internal/mail"
	"ponti/internal/push"
	"ponti/internal/seal"
)

// Settings are what an operator sets, as flags or in the environment, still as they wrote them. The help texts are the
// reference: docs/configuration.md repeats them, and a test keeps the two alike.
type Settings struct {
	Listen        string `env:"PONTI_LISTEN" default:"127.0.0.1:8080" help:"Address and port that the site listens on."`
	URL           string `env:"PONTI_URL" default:"http://localhost:8080" help:"Address people type: scheme, host and port, without a path. With https the cookies are Secure."`
	MetricsListen string `env:"PONTI_METRICS_LISTEN" default:"127.0.0.1:9464" help:"Private address and port for Prometheus metrics; 'off' for none."`
	DatabaseURL   string `env:"DATABASE_URL" help:"PostgreSQL to use, as postgres://…; without it Ponti runs a private one in the data directory."`
	RedisURL      string `env:"REDIS_URL" help:"Redis to use, as redis://… or rediss://…; goes together with DATABASE_URL."`
	DatabaseConns string `env:"PONTI_DATABASE_CONNS" default:"20" help:"Most connections to PostgreSQL for pages and chat; escalations keep four of their own beside them."`
	Data          string `env:"PONTI_DATA" help:"Directory of the private PostgreSQL and of its key; without it ./data, or /var/lib/ponti where root starts Ponti in a place that PostgreSQL may not enter."`
	Erasures      string `env:"PONTI_ERASURES" help:"Directory outside the database for the journal of what was erased, which is read after a backup was brought back; with a private PostgreSQL it is 'erasures' in the data directory, and 'off' writes none. Each machine has its own."`
	PGBin         string `env:"PONTI_PG_BIN" help:"Directory with PostgreSQL's programs, if they are not found by themselves."`
	KeyFile       string `env:"PONTI_KEY_FILE" help:"File with the keys that wrap the rooms' keys, one a line as 32 bytes in base64; the first wraps, the others still open. Keep it out of the database's backups."`
	Proxies       string `env:"PONTI_PROXIES" help:"Networks of the proxies in front, as 10.0.0.0/8,192.0.2.7/32: only their X-Forwarded-For is believed."`
	LimitFactor   string `env:"PONTI_LIMIT_FACTOR" default:"1" help:"Makes all rate limits, of pages, of sockets and of entries without a proof of work, so many times wider, from 1 to 1000: for a hospital whose wards share one address, or for load tests."`
	Handshakes    string `env:"PONTI_HANDSHAKES" default:"2000" help:"Most live connections one instance opens in a second; to more it says when to come back, so that a restart of the line or of another instance does not press it down."`
	Drain         string `env:"PONTI_DRAIN" default:"20s" help:"How long a stopping instance takes to send its open conversations elsewhere. With its own stores there is nowhere else, and it stops at once."`
	DeadmanURL    string `env:"PONTI_DEADMAN_URL" help:"Address of an outside dead man's switch, called every 30 s only while nothing is overdue and nobody forgotten: it should telephone somebody after 3 minutes of silence. A secret."`
	MailServer    string `env:"PONTI_MAIL_SERVER" help:"Mail server that takes alerts to the staff, and to who asked for it how much is new in the forum, as smtps://user:password@host:465, or smtp://host:587 with STARTTLS; without it nobody is told by mail. A secret."`
	MailFrom      string `env:"PONTI_MAIL_FROM" help:"Address that mails come from; goes together with PONTI_MAIL_SERVER."`
	ClassifierURL string `env:"PONTI_CLASSIFIER_URL" help:"Address of a program of your own that reads texts a second time (docs/triage.md); it gets the text and nothing else, and may only raise what triage found. Without it nothing leaves Ponti. A secret."`
	PushHosts     string `env:"PONTI_PUSH_HOSTS" default:"fcm.googleapis.com,updates.push.services.mozilla.com,.push.apple.com,.notify.windows.com" help:"Hosts of the push services that may be asked to wake a browser of the staff; a name that begins with a dot stands for all below it. 'off' wakes none."`
	LogLevel      string `env:"PONTI_LOG_LEVEL" default:"info" help:"Least level that is logged: debug, info, warn or error."`
}

// Config is Settings understood.
type Config struct {
	Listen, MetricsListen string
	URL                   *url.URL
	Deadman               *url.URL     // nil: none
	Classifier            *url.URL     // nil: none
	Mail                  *mail.Server // nil: none
	Push                  *push.Sender // nil: none
	DatabaseURL           string
	RedisURL              string
	DatabaseConns         int32
	Data, PGBin, KeyFile  string
	Erasures              string // empty: none
	Proxies               []netip.Prefix
	LimitFactor           int
	Handshakes            int
	Drain                 time.Duration
	LogLevel              zerolog.Level
}

// Embedded is true when Ponti runs its own stores.
func (c Config) Embedded() bool { return c.DatabaseURL == "" }

// Config understands the settings, or says every mistake at once.
func (s Settings) Config() (Config, error) {
	var bad mistakes
	c := Config{Listen: s.Listen, DatabaseURL: s.DatabaseURL, RedisURL: s.RedisURL, PGBin: s.PGBin, KeyFile: s.KeyFile}
	bad.address("PONTI_LISTEN", s.Listen)
	if s.MetricsListen != "off" {
		bad.address("PONTI_METRICS_LISTEN", s.MetricsListen)
		c.MetricsListen = s.MetricsListen
	}
	c.URL = bad.publicURL(s.URL)
	if (s.DatabaseURL == "") != (s.RedisURL == "") {
		bad.add("DATABASE_URL and REDIS_URL go together: give both, or neither to let Ponti run its own")
	}
	if s.DatabaseURL != "" {
		if _, err := pgxpool.ParseConfig(s.DatabaseURL); err != nil {
			bad.add("DATABASE_URL cannot be read: it looks like postgres://user:password@host:5432/ponti")
		}
		if s.KeyFile == "" {
			bad.add("PONTI_KEY_FILE is missing: with DATABASE_URL the key must be kept outside the database; make one with: ponti key > FILE")
		}
	}
	if s.RedisURL != "" {
		if client, err := bus.Open(s.RedisURL); err != nil {
			bad.add("REDIS_URL cannot be read: it looks like redis://host:6379/0")
		} else {
			_ = client.Close() // it was never used
		}
	}
	if s.KeyFile != "" {
		if _, err := readKeys(s.KeyFile); err != nil {
			bad.add("PONTI_KEY_FILE: %v", err)
		}
	}
	c.DatabaseConns = int32(bad.number("PONTI_DATABASE_CONNS", s.DatabaseConns, 4, 500))
	c.LimitFactor = bad.number("PONTI_LIMIT_FACTOR", s.LimitFactor, 1, 1000)
	c.Handshakes = bad.number("PONTI_HANDSHAKES", s.Handshakes, 1, 100_000)
	c.Proxies = bad.networks("PONTI_PROXIES", s.Proxies)
	c.Deadman, c.Classifier = bad.secretURL("PONTI_DEADMAN_URL", s.DeadmanURL), bad.secretURL("PONTI_CLASSIFIER_URL", s.ClassifierURL)
	c.Mail, c.Push = bad.mail(s.MailServer, s.MailFrom), s.push()
	var err error
	if c.Drain, err = time.ParseDuration(s.Drain); err != nil || c.Drain < 0 || c.Drain > 5*time.Minute {
		bad.add("PONTI_DRAIN must be a time from 0s to 5m, such as 20s; it is %q", s.Drain)
	}
	if c.Embedded() {
		c.Drain = 0 // its one instance would only refuse the sockets that it sent away
	}
	if c.LogLevel, err = zerolog.ParseLevel(s.LogLevel); err != nil || c.LogLevel < zerolog.DebugLevel || c.LogLevel > zerolog.ErrorLevel {
		bad.add("PONTI_LOG_LEVEL must be debug, info, warn or error; it is %q", s.LogLevel)
	}
	if c.Data = embedded.DefaultDir(); s.Data != "" {
		if c.Data, err = filepath.Abs(s.Data); err != nil {
			bad.add("PONTI_DATA: %v", err)
		}
	}
	if c.Embedded() {
		c.Erasures = filepath.Join(c.Data, "erasures")
	}
	if s.Erasures == "off" {
		c.Erasures = ""
	} else if s.Erasures != "" {
		if c.Erasures, err = filepath.Abs(s.Erasures); err != nil {
			bad.add("PONTI_ERASURES: %v", err)
		}
	}
	return c, bad.err()
}

// mistakes collects sentences for the operator.
type mistakes []error

func (m *mistakes) add(format string, args ...any) { *m = append(*m, fmt.Errorf(format, args...)) }

func (m mistakes) err() error { return errors.Join(m...) }

func (m *mistakes) address(name, value string) {
	_, port, err := net.SplitHostPort(value)
	if n, perr := strconv.ParseUint(port, 10, 16); err != nil || perr != nil || n > 65535 {
		m.add("%s must be an address and a port, such as 127.0.0.1:8080; it is %q", name, value)
	}
}

func (m *mistakes) number(name, value string, least, most int) int {
	n, err := strconv.Atoi(value)
	if err != nil || n < least || n > most {
		m.add("%s must be a whole number from %d to %d; it is %q", name, least, most, value)
		return least
	}
	return n
}

func (m *mistakes) networks(name, value string) []netip.Prefix {
	var all []netip.Prefix
	for part := range strings.SplitSeq(value, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		p, err := netip.ParsePrefix(part)
		if err != nil {
			m.add("%s must be networks such as 10.0.0.0/8, with commas between them; it has %q", name, part)
			continue
		}
		all = append(all, p)
	}
	return all
}

// publicURL refuses plain http anywhere but on this machine: a session cookie must not cross a network in clear.
func (m *mistakes) publicURL(value string) *url.URL {
	u, err := url.Parse(value)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
		m.add("PONTI_URL must be an address such as https://ponti.example.org, without a path; it is %q", value)
		return &url.URL{}
	}
	u.Path = ""
	if u.Scheme == "http" && !isLoopback(u.Hostname()) {
		m.add("PONTI_URL must begin with https:// unless it is on this machine (localhost); it is %q", value)
	}
	return u
}

// secretURL never repeats the address: who knows that of a dead man's switch can keep it from calling anybody.
func (m *mistakes) secretURL(name, value string) *url.URL {
	if value == "" {
		return nil
	}
	u, err := url.Parse(value)
	if err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())) {
		m.add("%s must be an address that begins with https://", name)
		return nil
	}
	return u
}

// mail never repeats the address of the server: it may hold a password.
func (m *mistakes) mail(server, from string) *mail.Server {
	if server == "" && from == "" {
		return nil
	}
	if server == "" || from == "" {
		m.add("PONTI_MAIL_SERVER and PONTI_MAIL_FROM go together: give both, or neither to tell nobody by mail")
		return nil
	}
	s, err := mail.Open(server, from)
	if err != nil {
		m.add("PONTI_MAIL_SERVER or PONTI_MAIL_FROM: %v", err)
	}
	return s
}

// push tells providers whom to write to when something is wrong with what they are sent: the sender of mails, else the site.
func (s Settings) push() *push.Sender {
	if s.PushHosts == "off" {
		return nil
	}
	contact := s.MailFrom
	if contact == "" {
		contact = "https://" + strings.TrimPrefix(strings.TrimPrefix(s.URL, "http://"), "https://")
	}
	var hosts []string
	for h := range strings.SplitSeq(s.PushHosts, ",") {
		hosts = append(hosts, strings.TrimSpace(h))
	}
	return push.New(hosts, contact, nil)
}

func isLoopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// readKeys reads a key file.
func readKeys(file string) ([][]byte, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("the key file cannot be read: %w", err)
	}
	return seal.ParseKEKs(string(raw))
}
