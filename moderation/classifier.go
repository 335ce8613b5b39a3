package moderation

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/internal/pg"
	"ponti/internal/worker"
	"ponti/moderation/triage"
)

// ClassifierOptions are a program beside Ponti that reads texts a second time. It may only raise what triage found, and nobody waits for it.
type ClassifierOptions struct {
	URL     *url.URL      // nil: none
	Timeout time.Duration // of one text; zero: 800 ms
	Rest    time.Duration // for how long it is not asked after it failed maxFailures times in a row; zero: 30 s
}

const (
	maxFailures    = 5
	maxConsidered  = 1000 // texts that wait; more are left to triage alone
	considerAtOnce = 4
	maxVerdict     = 4 << 10 // bytes of its answer

	outsideRule = "outside"
)

// considered is a text that is stored, with what would be raised for it: Level is what triage found.
type considered struct {
	raise Raise
	text  string
}

// classifier asks the program outside.
type classifier struct {
	worker.Worker
	options ClassifierOptions
	client  *http.Client
	queue   chan considered

	mu     sync.Mutex
	failed int       // guarded by mu; times in a row
	until  time.Time // guarded by mu; not asked before
}

func newClassifier(o ClassifierOptions) *classifier {
	if o.Timeout == 0 {
		o.Timeout = 800 * time.Millisecond
	}
	if o.Rest == 0 {
		o.Rest = 30 * time.Second
	}
	c := &classifier{options: o, queue: make(chan considered, maxConsidered)}
	c.client = &http.Client{Timeout: o.Timeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return c
}

// ReadsOutside says whether texts are read by a program beside Ponti, too.
func (m *Moderation) ReadsOutside() bool { return m.classifier.options.URL != nil }

// Consider has the classifier read a text that was stored, some time soon; where there is none, or it is behind, nothing comes of it. The raise is that of the text as
// triage read it, also at level none.
func (m *Moderation) Consider(r Raise, text string) {
	if !m.ReadsOutside() || text == "" || r.Level == triage.Crisis {
		return
	}
	select {
	case m.classifier.queue <- considered{r, text}:
	default:
		m.metrics.classified.WithLabelValues("dropped").Inc()
	}
}

func (m *Moderation) keepConsidering(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	for range considerAtOnce {
		all.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case c := <-m.classifier.queue:
					outcome := "failed"
					err := worker.Guard(func() (err error) { outcome, err = m.consider(ctx, c); return err })
					if err != nil && ctx.Err() == nil {
						m.log.Warn().Err(err).Msg("the classifier could not be asked")
					}
					m.metrics.classified.WithLabelValues(outcome).Inc()
				}
			}
		})
	}
}

// consider asks about one text, and raises what it hears if that is more.
func (m *Moderation) consider(ctx context.Context, c considered) (outcome string, err error) {
	if !m.classifier.asks(time.Now()) {
		return "skipped", nil
	}
	level, category, err := m.classifier.ask(ctx, c.text)
	m.classifier.heard(time.Now(), err)
	if err != nil {
		return "failed", err
	}
	if level <= max(c.raise.Level, triage.None) {
		return "agreed", nil
	}
	r := c.raise
	r.Level, r.Category, r.Rules = level, category, []string{outsideRule}
	r.Cause = Cause{Kind: CauseOutside, Ref: string(c.raise.Cause.Kind) + ":" + c.raise.Cause.Ref}
	var raised Raised
	if err := pg.InTx(ctx, m.options.Pool, func(ctx context.Context, tx pgx.Tx) (err error) {
		raised, err = m.Raise(ctx, tx, r)
		return err
	}); err != nil {
		return "failed", err
	}
	raised.Announce()
	return "raised", nil
}

// asks says whether it is asked now. After a rest one text is: if it fails again, the rest begins anew.
func (c *classifier) asks(now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failed < maxFailures {
		return true
	}
	if now.Before(c.until) {
		return false
	}
	c.until = now.Add(c.options.Rest)
	return true
}

func (c *classifier) heard(now time.Time, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil {
		c.failed = 0
		return
	}
	if c.failed++; c.failed >= maxFailures {
		c.until = now.Add(c.options.Rest)
	}
}

// ask sends a text and nothing else: not whose it is, nor where it stands.
func (c *classifier) ask(ctx context.Context, text string) (triage.Level, triage.Category, error) {
	body, err := json.Marshal(map[string]string{"text": text})
	if err != nil {
		return 0, "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.options.URL.String(), bytes.NewReader(body))
	if err != nil {
		return 0, "", errors.New("moderation: classifier: no request") // the error holds the address, which may hold a password
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.client.Do(req)
	if e, ok := errors.AsType[*url.Error](err); ok {
		return 0, "", fmt.Errorf("moderation: classifier: %w", e.Err)
	}
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close() //nolint:errcheck // read only
	if resp.StatusCode != http.StatusOK {
		return 0, "", fmt.Errorf("moderation: classifier: status %d", resp.StatusCode)
	}
	var said struct {
		Level    string `json:"level"`
		Category string `json:"category"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxVerdict)).Decode(&said); err != nil {
		return 0, "", errors.New("moderation: classifier: its answer cannot be read") // the error may quote it
	}
	level, err := triage.ParseLevel(said.Level)
	if err != nil || level == triage.Unscored {
		return 0, "", errors.New("moderation: classifier: it names no level")
	}
	return level, triage.KnownCategory(said.Category), nil
}
