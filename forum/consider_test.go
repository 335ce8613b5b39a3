package forum

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/moderation"
	"ponti/roster"
)

// TestConsider: a post and each edit of it is given to a service's own classifier, and its alarm shows the post.
func TestConsider(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var asked []string
	outside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Text string }
		_ = json.NewDecoder(r.Body).Decode(&in)
		mu.Lock()
		asked = append(asked, in.Text)
		mu.Unlock()
		_, _ = io.WriteString(w, `{"level":"red"}`)
	}))
	t.Cleanup(outside.Close)
	u, err := url.Parse(outside.URL)
	require.NoError(t, err)
	w := newTown(t)
	engine, err := newEngine()
	require.NoError(t, err)
	accounts := account.New(w.pool, account.Options{})
	m := moderation.New(w.pool, accounts, roster.New(w.pool, accounts, silence{}), engine, silence{}, moderation.Options{Keys: newKeys(t), Classifier: moderation.ClassifierOptions{URL: u}})
	w.Forum = New(w.pool, accounts, m, newKeys(t), silence{})
	m.Use(moderation.SubjectPost, w.Content())
	m.Start(t.Context())
	t.Cleanup(m.Stop)
	author := w.as(account.RoleMember)
	r := w.open(author, "members", "Il titolo", calm)
	_, err = w.EditPost(t.Context(), author, Edit{Post: r.Post, Version: 1, Title: "Il titolo", Text: "Un **altro** testo."})
	require.NoError(t, err)
	causes := func() (n int) {
		require.NoError(t, w.pool.QueryRow(t.Context(), `select count(*) from moderation_causes where kind = 'outside'`).Scan(&n))
		return n
	}
	require.Eventually(t, func() bool { return causes() == 2 }, 10*time.Second, 10*time.Millisecond)
	mu.Lock()
	defer mu.Unlock()
	slices.Sort(asked)
	assert.Equal(t, []string{"Il titolo\n\nOggi ho fatto una passeggiata lungo il fiume.", "Il titolo\n\nUn altro testo."}, asked)
}
