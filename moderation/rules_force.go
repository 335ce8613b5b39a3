package moderation

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"ponti/account"
	"ponti/internal/pg"
	"ponti/internal/worker"
	"ponti/moderation/triage"
)

// inForce is what the texts of one service are read by.
type inForce struct {
	version int
	engine  *triage.Engine
	refused bool // the service's changes do not hold; engine is what was in force before
}

// rules keeps the engines that services are read by. A reading takes one as it is: it is never changed, only another put in its place.
type rules struct {
	program *triage.Engine // static after New

	services atomic.Pointer[map[account.ServiceID]inForce] // those that changed something
	loading  sync.Mutex                                    // held while services is replaced
	worker   worker.Worker

	mu    sync.Mutex
	built map[string]built // guarded by mu; drafts that were looked at lately
}

type built struct {
	engine *triage.Engine
	err    error
}

// keptDrafts bounds built: a draft is built for every look at it, and people look at few.
const keptDrafts = 4

// lookForRules is how soon an instance reads by what was approved on another.
const lookForRules = 3 * time.Second

func newRules(program *triage.Engine) *rules {
	r := &rules{program: program, built: make(map[string]built)}
	r.services.Store(&map[account.ServiceID]inForce{})
	return r
}

func (r *rules) of(service account.ServiceID) inForce {
	if f, ok := (*r.services.Load())[service]; ok {
		return f
	}
	return inForce{engine: r.program}
}

// build is triage.Build, for changes that are looked at again and again.
func (r *rules) build(changes []triage.Change) (*triage.Engine, error) {
	if len(changes) == 0 {
		return r.program, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	key := contentOf(changes)
	if b, ok := r.built[key]; ok {
		return b.engine, b.err
	}
	if len(r.built) >= keptDrafts {
		clear(r.built)
	}
	e, err := triage.Build(changes)
	r.built[key] = built{e, err}
	return e, err
}

// LoadRules has this instance read each service's texts by what is active there now. A program calls it before it takes requests; Start does so again and again.
// What does not hold with this version of the program is refused: the service is read by what it was read by before, or by the program's rules alone,
// and an alarm says so.
func (m *Moderation) LoadRules(ctx context.Context) error {
	m.rules.loading.Lock()
	defer m.rules.loading.Unlock()
	active, err := selectActiveRules(ctx, m.pool)
	if err != nil {
		return pg.Classify(err)
	}
	now := *m.rules.services.Load()
	next := make(map[account.ServiceID]inForce, len(active))
	refused := 0
	for service, set := range active {
		f := m.rules.of(service)
		if f.version != set.Version {
			if e, err := m.rules.build(set.Changes); err != nil {
				m.log.Error().Stringer("service", service).Int("version", set.Version).Int("complaints", len(triage.Complaints(err))).Msg("the rules of a service do not hold with this program")
				f = inForce{set.Version, f.engine, true}
			} else {
				f = inForce{set.Version, e, false}
			}
		}
		if f.refused {
			refused++
		}
		next[service] = f
	}
	m.metrics.rulesRefused.Set(float64(refused))
	if len(now) > 0 || len(next) > 0 {
		m.rules.services.Store(&next)
	}
	return nil
}

func (m *Moderation) keepRules(ctx context.Context) {
	tick := time.NewTicker(lookForRules)
	defer tick.Stop()
	for {
		if err := worker.Guard(func() error { return m.LoadRules(ctx) }); err != nil && ctx.Err() == nil {
			m.metrics.failures.Inc()
			m.log.Error().Err(err).Msg("rules could not be loaded")
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// holds says that changes may be read by: the loader has no complaint, and the labelled texts come out as they should.
func (m *Moderation) holds(changes []triage.Change) error {
	e, err := m.rules.build(changes)
	if err != nil {
		return wrongRules(err)
	}
	replayed, err := e.Replay(m.rules.program)
	if err != nil {
		return err
	}
	return Trial{Replayed: replayed}.allows()
}

func wrongRules(err error) error {
	if len(triage.Complaints(err)) > 0 {
		return ErrRulesWrong
	}
	return errors.Join(errors.New("moderation: build rules"), err)
}
