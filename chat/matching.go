package chat

import (
	"context"
	"sync"

	"ponti/account"
	"ponti/internal/pg"
)

// matching has one matching of a service under way at a time in this instance, however many ask for one: who asks meanwhile shares the next, which begins after they asked. Each would
// else hold a connection while it waits for the others, until nobody gets one.
type matching struct {
	mu    sync.Mutex
	turns map[account.ServiceID]*matchTurn // guarded by mu; one for each service that was ever matched
}

type matchTurn struct {
	gate chan struct{} // holds one while a matching runs
	next *matchRound   // asked for and not begun; guarded by matching.mu
}

type matchRound struct {
	done chan struct{} // closed when err is known
	err  error
}

// share runs do for all who ask for the same service's next matching, and gives its error to each. do must not end with the context of the one who happens to run it.
func (m *matching) share(ctx context.Context, service account.ServiceID, do func(context.Context) error) error {
	t, r, leads := m.join(service)
	if !leads {
		select {
		case <-r.done:
			return r.err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*workEvery)
	defer cancel()
	r.err = pg.ErrUnavailable // unless it comes to an end
	defer close(r.done)
	t.gate <- struct{}{} // no longer than the one before runs, which has a time limit too
	defer func() { <-t.gate }()
	m.mu.Lock()
	t.next = nil
	m.mu.Unlock()
	r.err = do(ctx)
	return r.err
}

func (m *matching) join(service account.ServiceID) (t *matchTurn, r *matchRound, leads bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t = m.turns[service]
	if t == nil {
		t = &matchTurn{gate: make(chan struct{}, 1)}
		m.turns[service] = t
	}
	if leads = t.next == nil; leads {
		t.next = &matchRound{done: make(chan struct{})}
	}
	return t, t.next, leads
}
