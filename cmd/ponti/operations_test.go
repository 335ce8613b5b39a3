package main

import (
	"os"
	"regexp"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"ponti/internal/seal"
)

// TestOperationsDocument keeps the page for those who run Ponti and its figures alike.
func TestOperationsDocument(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/operations.md")
	require.NoError(t, err)
	told := map[string]bool{}
	for _, name := range regexp.MustCompile(`\bponti_[a-z_]+`).FindAllString(string(page), -1) {
		told[name] = true
	}
	keys, err := seal.ParseKEKs(seal.GenerateKEK())
	require.NoError(t, err)
	s := Settings{DatabaseURL: "postgres://nobody@127.0.0.1:1/none", RedisURL: "redis://127.0.0.1:1/0"}
	c := Config{DatabaseURL: s.DatabaseURL, RedisURL: s.RedisURL, DatabaseConns: 4, LimitFactor: 1, Handshakes: 1}
	c.URL = (&mistakes{}).publicURL("http://localhost:8080")
	st := &stores{url: c.DatabaseURL}
	st.keyring, err = seal.NewKeyring(keys[0])
	require.NoError(t, err)
	a, err := newApp(c, st, zerolog.Nop())
	require.NoError(t, err)
	descriptions := make(chan *prometheus.Desc, 1000)
	a.metrics.Describe(descriptions)
	close(descriptions)
	name := regexp.MustCompile(`fqName: "(ponti_[a-z_]+)"`)
	for d := range descriptions {
		if m := name.FindStringSubmatch(d.String()); m != nil {
			require.True(t, told[m[1]], "docs/operations.md does not tell of %s", m[1])
			delete(told, m[1])
		}
	}
	require.Empty(t, told, "docs/operations.md tells of figures that do not exist")
}
