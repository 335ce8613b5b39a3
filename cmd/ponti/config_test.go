package main

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/internal/seal"
)

// defaults are the settings of an operator who sets nothing.
func defaults() Settings {
	var s Settings
	v := reflect.ValueOf(&s).Elem()
	for i := range v.NumField() {
		v.Field(i).SetString(v.Type().Field(i).Tag.Get("default"))
	}
	return s
}

func newKeyFile(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(file, []byte("# test\n"+seal.GenerateKEK()+"\n"), 0o600))
	return file
}

func TestConfig(t *testing.T) {
	t.Run("the defaults run Ponti with its own stores", func(t *testing.T) {
		c, err := defaults().Config()
		require.NoError(t, err)
		assert.True(t, c.Embedded())
		assert.Zero(t, c.Drain, "there is no other instance to send anybody to: Ctrl-C does not keep people waiting")
	})
	t.Run("given stores are used", func(t *testing.T) {
		s := defaults()
		s.DatabaseURL, s.RedisURL, s.KeyFile = "postgres://p@db/ponti", "redis://cache:6379/0", newKeyFile(t)
		c, err := s.Config()
		require.NoError(t, err)
		assert.False(t, c.Embedded())
		assert.Equal(t, 20*time.Second, c.Drain)
		assert.Equal(t, "redis://cache:6379/0", c.RedisURL)
	})
	t.Run("all mistakes are said at once", func(t *testing.T) {
		s := Settings{Listen: "8080", URL: "http://ponti.example.org", MetricsListen: "x", DatabaseURL: "::", DatabaseConns: "many",
			KeyFile: filepath.Join(t.TempDir(), "none"), Proxies: "10.0.0.1", LimitFactor: "0", Handshakes: "0", Drain: "soon", DeadmanURL: "http://s3cret.example.org", ClassifierURL: "http://s3cret.example.org", MailServer: "http://s3cret:s3cret@mail", MailFrom: "ponti@example.org", LogLevel: "loud"}
		_, err := s.Config()
		require.Error(t, err)
		for _, name := range []string{"PONTI_LISTEN", "PONTI_URL", "PONTI_METRICS_LISTEN", "DATABASE_URL cannot", "REDIS_URL go together",
			"PONTI_DATABASE_CONNS", "PONTI_KEY_FILE", "PONTI_PROXIES", "PONTI_LIMIT_FACTOR", "PONTI_HANDSHAKES", "PONTI_DRAIN", "PONTI_DEADMAN_URL", "PONTI_CLASSIFIER_URL", "PONTI_MAIL_SERVER", "PONTI_MAIL_FROM", "PONTI_LOG_LEVEL"} {
			assert.ErrorContains(t, err, name)
		}
		assert.NotContains(t, err.Error(), "s3cret")
	})
	t.Run("only the documented log levels are known", func(t *testing.T) {
		for level, ok := range map[string]bool{"debug": true, "error": true, "trace": false, "disabled": false, "fatal": false, "": false, "7": false} {
			s := defaults()
			s.LogLevel = level
			_, err := s.Config()
			assert.Equal(t, ok, err == nil, level)
		}
		parser, err := kong.New(&commands{}, kong.BindTo(t.Context(), (*context.Context)(nil)))
		require.NoError(t, err)
		_, err = parser.Parse([]string{"serve", "--log-level=loud", "--listen=x"})
		assert.NoError(t, err, "said with the other mistakes, not before them")
	})
	t.Run("a password in DATABASE_URL is never repeated", func(t *testing.T) {
		s := defaults()
		s.DatabaseURL, s.RedisURL = "postgres://p:s3cr%t@db:x/ponti", "redis://:s3cr%t@cache"
		_, err := s.Config()
		require.Error(t, err)
		assert.NotContains(t, err.Error(), "s3cr")
	})
	t.Run("plain http stays on this machine", func(t *testing.T) {
		for address, ok := range map[string]bool{"http://localhost:8080": true, "http://valle.localhost": true, "http://127.0.0.1:1": true,
			"http://10.0.0.1": false, "http://example.org": false, "https://example.org": true, "https://example.org/chat": false, "ftp://localhost": false} {
			s := defaults()
			s.URL = address
			_, err := s.Config()
			assert.Equal(t, ok, err == nil, address)
		}
	})
}

// TestConfigurationDocument keeps docs/configuration.md true: each setting with its default and its meaning, and none besides.
func TestConfigurationDocument(t *testing.T) {
	doc, err := os.ReadFile("../../docs/configuration.md")
	require.NoError(t, err)
	typ := reflect.TypeFor[Settings]()
	var rows int
	for line := range strings.SplitSeq(string(doc), "\n") {
		if strings.HasPrefix(line, "| `") {
			rows++
		}
	}
	for field := range typ.Fields() {
		tag := field.Tag
		def := tag.Get("default")
		if def != "" {
			def = "`" + def + "`"
		}
		assert.Contains(t, string(doc), "| `"+tag.Get("env")+"` | "+def+" | "+tag.Get("help")+" |")
	}
	assert.Equal(t, typ.NumField(), rows, "docs/configuration.md has a row for each setting, and no other")
}
