package live

import (
	"context"
	"sync"

	"ponti/internal/pg"
)

// gather asks one question at a time for all who wait for its answer: whoever comes while one is under way is part of the next, and nobody waits for more to come.
// So no answer is older than the wish for it, and a storm of wishes costs few statements.
type gather[K comparable, V any] struct {
	hub *Hub // static
	ask func(ctx context.Context, keys []K) (map[K]V, error)

	mu   sync.Mutex     // guards the rest
	wait []*round[K, V] // questions that are not asked yet, the first of them next
	busy bool
}

// round is one question.
type round[K comparable, V any] struct {
	keys  []K
	done  chan struct{} // closed when the rest is known
	found map[K]V
	err   error
}

// of is the answer for one key; the zero value when there is none.
func (g *gather[K, V]) of(ctx context.Context, key K) (found V, err error) {
	r := g.join(key)
	select {
	case <-r.done:
		return r.found[key], r.err
	case <-ctx.Done():
		return found, ctx.Err()
	}
}

func (g *gather[K, V]) join(key K) *round[K, V] {
	g.mu.Lock()
	defer g.mu.Unlock()
	last := len(g.wait) - 1
	if last < 0 || len(g.wait[last].keys) >= comparedAtOnce {
		g.wait = append(g.wait, &round[K, V]{done: make(chan struct{})})
		last++
	}
	r := g.wait[last]
	r.keys = append(r.keys, key)
	if !g.busy {
		g.busy = true
		g.hub.tasks.Go(g.run)
	}
	return r
}

// run asks until nobody waits.
func (g *gather[K, V]) run() {
	for {
		g.mu.Lock()
		if len(g.wait) == 0 {
			g.busy = false
			g.mu.Unlock()
			return
		}
		r := g.wait[0]
		g.wait = g.wait[1:]
		g.mu.Unlock()
		r.err = pg.ErrUnavailable // unless it comes to an end
		g.hub.safely(func(ctx context.Context) { r.found, r.err = g.ask(ctx, r.keys) })
		close(r.done)
	}
}
