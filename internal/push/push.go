// Package push wakes a browser through the provider that its maker runs (RFC 8030). What it sends is empty: the browser knows what to say.
package push

import (
	"context"
	"crypto/ecdh"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/SherClockHolmes/webpush-go"
)

// ErrGone says that the browser wants to be woken no more: the subscription is of no use to anybody.
var ErrGone = errors.New("push: the subscription is gone")

// Subscription is what a browser gives to be woken by.
type Subscription struct{ s webpush.Subscription }

// Endpoint names the browser's subscription.
func (s Subscription) Endpoint() string { return s.s.Endpoint }

// String is what Sender.Parse reads.
func (s Subscription) String() string {
	b, err := json.Marshal(s.s)
	if err != nil {
		panic(err) // two texts and their names
	}
	return string(b)
}

// Sender wakes browsers. Safe for concurrent use.
type Sender struct {
	client    *http.Client
	providers []string
	contact   string
}

// New makes a Sender that calls none but the providers: an address comes from a browser, and could lead anywhere. A provider is a host, or with a dot before it all
// below it. They are told whom to write to: an address that begins with https:// or a mail address. A nil transport is the usual one.
func New(providers []string, contact string, transport http.RoundTripper) *Sender {
	return &Sender{providers: providers, contact: contact, client: &http.Client{
		Transport:     transport,
		Timeout:       5 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Parse reads the JSON that a browser makes of its subscription; false for anything else, and for a provider that is not ours to call.
func (s *Sender) Parse(text string) (Subscription, bool) {
	var sub Subscription
	if len(text) > 2<<10 || json.Unmarshal([]byte(text), &sub.s) != nil {
		return sub, false
	}
	u, err := url.Parse(sub.s.Endpoint)
	if err != nil || u.Scheme != "https" || u.User != nil || !s.known(u.Host) {
		return sub, false
	}
	key, err := decode(sub.s.Keys.P256dh)
	if err != nil {
		return sub, false
	}
	if _, err := ecdh.P256().NewPublicKey(key); err != nil {
		return sub, false
	}
	auth, err := decode(sub.s.Keys.Auth)
	return sub, err == nil && len(auth) == 16
}

func (s *Sender) known(host string) bool {
	for _, p := range s.providers {
		if host == p || strings.HasPrefix(p, ".") && strings.HasSuffix(host, p) {
			return true
		}
	}
	return false
}

func decode(key string) ([]byte, error) {
	return base64.RawURLEncoding.DecodeString(strings.TrimRight(strings.NewReplacer("+", "-", "/", "_").Replace(key), "="))
}

// Key is a service's own, by which providers know that it is the one a browser subscribed to (RFC 8292).
type Key struct{ private, public string }

// NewKey makes one.
func NewKey() (Key, error) {
	private, public, err := webpush.GenerateVAPIDKeys()
	if err != nil {
		return Key{}, fmt.Errorf("push: %w", err)
	}
	return Key{private, public}, nil
}

// ParseKey reads what String wrote.
func ParseKey(text string) (Key, error) {
	private, public, ok := strings.Cut(text, " ")
	if !ok {
		return Key{}, errors.New("push: not a key")
	}
	return Key{private, public}, nil
}

// String is the key with its secret half.
func (k Key) String() string { return k.private + " " + k.public }

// Public is the half that browsers are given, in base64 for addresses.
func (k Key) Public() string { return k.public }

// Wake has the provider wake the browser within the time, or never; nil when it said that it will. ErrGone when there is nobody to wake any more.
// An error may quote the endpoint: it belongs in no log.
func (s *Sender) Wake(ctx context.Context, k Key, sub Subscription, within time.Duration) error {
	answer, err := webpush.SendNotificationWithContext(ctx, nil, &sub.s, &webpush.Options{
		HTTPClient: s.client, Subscriber: s.contact, TTL: int(within.Seconds()), Urgency: webpush.UrgencyHigh,
		VAPIDPublicKey: k.public, VAPIDPrivateKey: k.private, RecordSize: 128,
	})
	if err != nil {
		return fmt.Errorf("push: %w", err)
	}
	defer answer.Body.Close() //nolint:errcheck // nothing of the answer is used
	_, _ = io.CopyN(io.Discard, answer.Body, 4<<10)
	switch {
	case answer.StatusCode == http.StatusGone, answer.StatusCode == http.StatusNotFound:
		return ErrGone
	case answer.StatusCode < 200 || answer.StatusCode > 299:
		return fmt.Errorf("push: the provider answered %d", answer.StatusCode)
	}
	return nil
}
