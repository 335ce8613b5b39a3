package chat_test

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
)

// TestConsider: what a person writes is given to a service's own classifier, however it was stored, and what it sees in it is the tutors'. What helpers write is not.
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
	w := newWorld(t, func(o *moderation.Options) { o.Classifier = moderation.ClassifierOptions{URL: u} })
	w.moderation.Start(w.ctx)
	t.Cleanup(w.moderation.Stop)
	esp, person := w.onCall(account.RoleESP), w.someone(account.RoleGuest)
	w.enter(person, "Un pensiero per oggi")
	room := w.accept(esp)
	w.saying(person, esp, room, "va bene", longer("insieme ad altri"), "esp: "+longer("ti ascolto"))
	require.NoError(t, w.edit(person, room, 1, "va benissimo"))
	want := []string{"Un pensiero per oggi", "va bene", longer("insieme ad altri"), "va benissimo"}
	require.Eventually(t, func() bool {
		return w.count(`select count(*) from moderation_causes where kind = 'outside'`) == len(want)
	}, 10*time.Second, 10*time.Millisecond)
	mu.Lock()
	defer mu.Unlock()
	slices.Sort(want)
	slices.Sort(asked)
	assert.Equal(t, want, asked)
	assert.Equal(t, 1, w.count(`select count(*) from moderation_escalations where level = 'red'`))
	w.holds()
}
