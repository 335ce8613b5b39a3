package live_test

import (
	"math/rand/v2"
	"sync"
	"time"

	"ponti/internal/bus"
)

// modelBus is Redis and its lines: what is published reaches each instance not at all, once or thrice, at once or after what
// was published later.
type modelBus struct {
	mu     sync.Mutex // guards the rest, and the fields of its ends
	rng    *rand.Rand
	faulty bool
	ends   []*busEnd

	lost, repeated, shuffled int // how often each happened
}

// busEnd is one instance's bus.
type busEnd struct {
	bus    *modelBus
	hints  chan bus.Hint
	wanted map[string]bool
	cutAt  time.Time // since when no line goes through; zero: it does
	closed bool
}

// What internal/bus takes to notice that its canary stays away.
const modelDegradedAfter = 2500 * time.Millisecond

func (b *modelBus) newEnd() *busEnd {
	e := &busEnd{bus: b, hints: make(chan bus.Hint, 500), wanted: map[string]bool{}}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ends = append(b.ends, e)
	return e
}

func (e *busEnd) Hints() <-chan bus.Hint { return e.hints }
func (e *busEnd) Dropped() uint64        { return 0 }

func (e *busEnd) Degraded() bool {
	e.bus.mu.Lock()
	defer e.bus.mu.Unlock()
	return e.degraded()
}

func (e *busEnd) degraded() bool {
	return !e.cutAt.IsZero() && time.Since(e.cutAt) > modelDegradedAfter
}

func (e *busEnd) Subscribe(channels ...string) {
	b := e.bus
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range channels {
		e.wanted[c] = true
		b.send(e, bus.Hint{Channel: c, Resync: true}, time.Duration(b.rng.IntN(30))*time.Millisecond)
	}
}

func (e *busEnd) Unsubscribe(channels ...string) {
	e.bus.mu.Lock()
	defer e.bus.mu.Unlock()
	for _, c := range channels {
		delete(e.wanted, c)
	}
}

func (e *busEnd) Publish(channel string, payload []byte) {
	b := e.bus
	b.mu.Lock()
	defer b.mu.Unlock()
	if e.degraded() && e.wanted[channel] {
		b.send(e, bus.Hint{Channel: channel, Payload: payload}, 0)
	}
	if !e.cutAt.IsZero() {
		b.lost++
		return
	}
	for _, to := range b.ends {
		if to.closed || !to.wanted[channel] {
			continue
		}
		h := bus.Hint{Channel: channel, Payload: payload}
		switch n := b.rng.IntN(100); {
		case !to.cutAt.IsZero(), b.faulty && n < 20:
			b.lost++
		case b.faulty && n < 40:
			b.repeated++
			for range 3 {
				b.send(to, h, time.Duration(b.rng.IntN(200))*time.Millisecond)
			}
		case b.faulty && n < 75:
			b.shuffled++
			b.send(to, h, time.Duration(b.rng.IntN(3000))*time.Millisecond)
		default:
			b.send(to, h, time.Millisecond)
		}
	}
}

// send delivers after a while, if the line goes through then; b.mu is held.
func (b *modelBus) send(to *busEnd, h bus.Hint, after time.Duration) {
	time.AfterFunc(after, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if to.closed || !to.wanted[h.Channel] || !to.cutAt.IsZero() && (h.Resync || !to.degraded()) {
			return
		}
		to.hints <- h
	})
}

// cut ends an instance's line; join gives it a new one, on which every subscription is made again.
func (e *busEnd) cut() {
	e.bus.mu.Lock()
	defer e.bus.mu.Unlock()
	if e.cutAt.IsZero() {
		e.cutAt = time.Now()
	}
}

func (e *busEnd) join() {
	b := e.bus
	b.mu.Lock()
	defer b.mu.Unlock()
	if e.cutAt.IsZero() {
		return
	}
	e.cutAt = time.Time{}
	for c := range e.wanted {
		b.send(e, bus.Hint{Channel: c, Resync: true}, 0)
	}
}

func (e *busEnd) close() {
	e.bus.mu.Lock()
	defer e.bus.mu.Unlock()
	e.closed = true
}

// forge says something to all who hear a channel, as anybody with Redis's password may.
func (b *modelBus) forge(channel string, payload []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, to := range b.ends {
		if to.wanted[channel] {
			b.send(to, bus.Hint{Channel: channel, Payload: payload}, 0)
		}
	}
}

func (b *modelBus) set(f func(b *modelBus)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f(b)
}
