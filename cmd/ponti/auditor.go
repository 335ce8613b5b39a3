package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/rs/zerolog"

	"ponti/chat"
	"ponti/internal/audit"
	"ponti/internal/worker"
	"ponti/moderation"
)

const (
	auditEvery = 30 * time.Second
	// wholeChainEvery is how often the audit chain is walked from its beginning, and its head goes into the log.
	wholeChainEvery = time.Hour
	pingTimeout     = 10 * time.Second
)

// auditor looks whether anybody is being forgotten, and calls the dead man's switch only when nobody is. It runs on every
// instance; `ponti verify` on another machine does more of the same.
type auditor struct {
	worker.Worker
	pool    *pgxpool.Pool
	deadman *url.URL // nil: none
	log     zerolog.Logger

	faults *prometheus.GaugeVec
	well   prometheus.Gauge
	pings  *prometheus.CounterVec

	// Only the worker touches these.
	head  audit.Head // found well at the last look
	whole time.Time  // when the chain was last walked from its beginning
}

// parts are what a look asks.
var parts = []string{"store", "audit", "chat", "moderation"}

func newAuditor(pool *pgxpool.Pool, deadman *url.URL, r prometheus.Registerer, log zerolog.Logger) *auditor {
	f := promauto.With(r)
	a := &auditor{
		pool: pool, deadman: deadman, log: log,
		faults: f.NewGaugeVec(prometheus.GaugeOpts{Name: "ponti_auditor_faults", Help: "What the last look of the auditor found wrong, or could not ask."}, []string{"part"}),
		well:   f.NewGauge(prometheus.GaugeOpts{Name: "ponti_auditor_well_timestamp_seconds", Help: "When the auditor last found everything well."}),
		pings:  f.NewCounterVec(prometheus.CounterOpts{Name: "ponti_auditor_pings_total", Help: "Calls of the dead man's switch by outcome."}, []string{"outcome"}),
	}
	for _, part := range parts {
		a.faults.WithLabelValues(part)
	}
	for _, outcome := range []string{"sent", "failed"} {
		a.pings.WithLabelValues(outcome)
	}
	return a
}

// Start looks every half minute until Stop or the end of ctx; first after one, when what was due while Ponti was away has been done.
func (a *auditor) Start(ctx context.Context) {
	a.Worker.Start(ctx, func(ctx context.Context) {
		tick := time.NewTicker(auditEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			a.round(ctx)
		}
	})
}

// round is one look with what follows from it.
func (a *auditor) round(ctx context.Context) {
	found := a.look(ctx)
	if ctx.Err() != nil {
		return
	}
	if len(found) > 0 {
		a.log.Error().Strs("faults", found[:min(len(found), 20)]).Int("count", len(found)).Msg("the auditor found something wrong")
		return
	}
	a.well.SetToCurrentTime()
	if a.deadman == nil {
		return
	}
	if err := a.ping(ctx); err != nil {
		a.pings.WithLabelValues("failed").Inc()
		a.log.Warn().Err(err).Msg("the dead man's switch could not be called")
		return
	}
	a.pings.WithLabelValues("sent").Inc()
}

// look asks every part, whether or not another could be asked, and names what is wrong.
func (a *auditor) look(ctx context.Context) (found []string) {
	asks := map[string]func() ([]string, error){
		"store":      func() ([]string, error) { return nil, audit.Pulse(ctx, a.pool) },
		"audit":      func() ([]string, error) { return a.lookAtChain(ctx) },
		"chat":       func() ([]string, error) { return chat.CheckOverdue(ctx, a.pool) },
		"moderation": func() ([]string, error) { return escalationFaults(moderation.Check(ctx, a.pool)) },
	}
	for _, part := range parts {
		var faults []string
		err := worker.Guard(func() (err error) { faults, err = asks[part](); return err })
		if err != nil {
			a.log.Warn().Err(err).Str("part", part).Msg("the auditor could not ask")
			faults = []string{"unknown"}
		}
		a.faults.WithLabelValues(part).Set(float64(len(faults)))
		for _, f := range faults {
			found = append(found, part+" "+f)
		}
	}
	return found
}

// lookAtChain walks what was linked since the last look, and every hour all of it.
func (a *auditor) lookAtChain(ctx context.Context) ([]string, error) {
	head, faults, err := audit.Check(ctx, a.pool, a.head)
	if err != nil {
		return nil, err
	}
	if time.Since(a.whole) > wholeChainEvery {
		_, all, err := audit.Check(ctx, a.pool, audit.Head{})
		if err != nil {
			return nil, err
		}
		for _, f := range all {
			if !slices.Contains(faults, f) {
				faults = append(faults, f)
			}
		}
		if len(faults) == 0 {
			a.whole = time.Now()
			a.log.Info().Stringer("head", head).Msg("the audit chain is whole")
		}
	}
	if len(faults) == 0 {
		a.head = head
	}
	return chainFaults(faults), nil
}

func chainFaults(faults []audit.Fault) (names []string) {
	for _, f := range faults {
		names = append(names, f.Rule+" "+f.Object)
	}
	return names
}

func escalationFaults(violations []moderation.Violation, err error) (names []string, _ error) {
	for _, v := range violations {
		names = append(names, v.Rule+" "+v.Object)
	}
	return names, err
}

// ping calls the switch. Its address is a secret: no error here names it.
func (a *auditor) ping(ctx context.Context) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, a.deadman.String(), nil)
	if err != nil {
		return errors.New("the address cannot be called")
	}
	answer, err := (&http.Client{Timeout: pingTimeout}).Do(r)
	if ue, ok := errors.AsType[*url.Error](err); ok {
		return ue.Err
	}
	if err != nil {
		return errors.New("no answer")
	}
	defer answer.Body.Close() //nolint:errcheck // nothing more is read
	_, _ = io.CopyN(io.Discard, answer.Body, 4096)
	if answer.StatusCode >= 300 {
		return errors.New("answered " + answer.Status[:3])
	}
	return nil
}
