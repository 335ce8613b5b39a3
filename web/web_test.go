package web

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/pg"
	"ponti/roster"
)

// nobody hears what is published.
type nobody struct{}

func (nobody) Publish(string, []byte) {}

// newServer is a site whose stores are down: what it shows then is what people must always get.
func newServer(t *testing.T, change func(*Deps)) *Server {
	t.Helper()
	down := errors.New("no database in this test")
	pool, err := pg.Open(t.Context(), "postgres://nobody@127.0.0.1:1/none", pg.Options{Name: "test", MaxConns: 1})
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	accounts := account.New(pool, account.Options{})
	d := Deps{
		URL:      &url.URL{Scheme: "https", Host: "ponti.test"},
		Log:      zerolog.New(zerolog.NewTestWriter(t)),
		Accounts: accounts,
		Roster:   roster.New(pool, accounts, nobody{}),
		StoresUp: func(context.Context) error { return down },
	}
	if change != nil {
		change(&d)
	}
	s, err := New(d)
	require.NoError(t, err)
	return s
}

func get(t *testing.T, h http.Handler, path string) (*httptest.ResponseRecorder, *goquery.Document) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "https://ponti.test"+path, nil))
	doc, err := goquery.NewDocumentFromReader(w.Body)
	require.NoError(t, err)
	return w, doc
}

// TestEveryPageHasNumbersAndWayOut holds every page, errors included, to what somebody in danger needs, with the stores down.
func TestEveryPageHasNumbersAndWayOut(t *testing.T) {
	h := newServer(t, nil).Handler()
	for path, status := range map[string]int{
		"/": 200, "/numbers": 200, "/how-it-works": 200, "/privacy": 200, "/accessibility": 200, "/offline": 200,
		"/nothing-here": 404, "/language": 405,
	} {
		t.Run(path, func(t *testing.T) {
			w, doc := get(t, h, path)
			assert.Equal(t, status, w.Code)
			assert.Equal(t, 1, doc.Find(`form[action="/exit"] button`).Length(), "quick exit")
			assert.Equal(t, 1, doc.Find(`.urgent a[href="tel:112"]`).Length(), "112")
			assert.Equal(t, 1, doc.Find(`.urgent a[href="/numbers"]`).Length(), "all numbers")
			assert.Equal(t, 1, doc.Find("h1").Length(), "one first heading")
		})
	}
}
