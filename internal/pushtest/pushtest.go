// Package pushtest is a push service for tests: it counts whom it was asked to wake, and answers as a test wants.
package pushtest

import (
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"ponti/internal/push"
)

// Provider is one push service.
type Provider struct {
	*httptest.Server

	mu     sync.Mutex // guards the rest
	answer func(n int, w http.ResponseWriter, r *http.Request)
	woken  []*http.Request
}

// New starts a provider, which ends with the test. answer is asked for the nth call, from 1; nil takes each.
func New(t testing.TB, answer func(n int, w http.ResponseWriter, r *http.Request)) *Provider {
	t.Helper()
	p := &Provider{answer: answer}
	p.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		p.mu.Lock()
		p.woken = append(p.woken, r)
		n, answer := len(p.woken), p.answer
		p.mu.Unlock()
		if answer != nil {
			answer(n, w, r)
			return
		}
		w.WriteHeader(http.StatusCreated)
	}))
	t.Cleanup(p.Close)
	return p
}

// Calls are the requests so far, the first first.
func (p *Provider) Calls() []*http.Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]*http.Request(nil), p.woken...)
}

// Sender calls this provider and no other.
func (p *Provider) Sender(t testing.TB) *push.Sender {
	t.Helper()
	u, err := url.Parse(p.URL)
	require.NoError(t, err)
	return push.New([]string{u.Host}, "https://ponti.example.org", p.Client().Transport)
}

// Subscription is what a browser of this provider would give.
func (p *Provider) Subscription(t testing.TB, name string) string {
	t.Helper()
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	require.NoError(t, err)
	b, err := json.Marshal(map[string]any{"endpoint": p.URL + "/" + name, "expirationTime": nil, "keys": map[string]string{
		"p256dh": base64.RawURLEncoding.EncodeToString(key.PublicKey().Bytes()), "auth": base64.RawURLEncoding.EncodeToString([]byte("0123456789abcdef"))}})
	require.NoError(t, err)
	return string(b)
}
