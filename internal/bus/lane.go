package bus

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// lane is one line of subscriptions to Redis. go-redis's own channels drop in silence when they are full, so the line is
// read here, directly.
type lane struct {
	bus    *Bus
	head   string // what stands before a channel's name in Redis
	canary string
	heard  atomic.Int64 // monotonic nanoseconds since epoch of the last canary; 0 is never

	mu      sync.Mutex // guards the rest
	line    *redis.PubSub
	wanted  map[string]bool
	pending map[string]bool // true: subscribe, false: unsubscribe
	hung    bool
	wake    chan struct{}
}

// epoch is where the lanes' monotonic clock begins.
var epoch = time.Now()

func newLane(b *Bus, i int) *lane {
	n := strconv.Itoa(i)
	l := &lane{bus: b, head: b.prefix, canary: b.canary + ":" + n, pending: map[string]bool{}, wake: make(chan struct{}, 1)}
	if b.sharded {
		l.head += "{" + n + "}"
	}
	l.wanted = map[string]bool{l.canary: true}
	return l
}

// silence is the time since the last canary; very long if none came yet.
func (l *lane) silence() time.Duration {
	at := l.heard.Load()
	if at == 0 {
		return time.Hour
	}
	return time.Since(epoch) - time.Duration(at)
}

func (l *lane) sing(ctx context.Context) {
	_ = l.bus.publish(ctx, []message{{channel: l.canary}}) // its absence is what counts
}

// want notes a wish; follow carries it out, because a call into Redis may wait for a connection.
func (l *lane) want(channel string, on bool) {
	l.mu.Lock()
	if on {
		l.wanted[channel] = true
	} else {
		delete(l.wanted, channel)
	}
	l.pending[channel] = on
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

func (l *lane) wants(channel string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.wanted[channel]
}

// follow tells Redis what changed in the wishes.
func (l *lane) follow(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.wake:
		}
		l.mu.Lock()
		line := l.line
		var add, drop []string
		if line != nil { // else the whole list is told when the line opens
			for c, on := range l.pending {
				if on {
					add = append(add, l.head+c)
				} else {
					drop = append(drop, l.head+c)
				}
			}
		}
		clear(l.pending)
		l.mu.Unlock()
		if line != nil {
			// An error leaves the wish with go-redis, which repeats it when it has a connection again.
			_ = l.tell(ctx, drop, line.Unsubscribe, line.SUnsubscribe)
			_ = l.tell(ctx, add, line.Subscribe, line.SSubscribe)
		}
	}
}

type teller func(ctx context.Context, channels ...string) error

func (l *lane) tell(ctx context.Context, channels []string, plain, sharded teller) error {
	f := plain
	if l.bus.sharded {
		f = sharded
	}
	for part := range slices.Chunk(channels, batchSize) {
		if err := f(ctx, part...); err != nil {
			return err
		}
	}
	return nil
}

// open replaces the line by a fresh one that hears all that is wanted.
func (l *lane) open(ctx context.Context) *redis.PubSub {
	var line *redis.PubSub
	if l.bus.sharded {
		line = l.bus.client.SSubscribe(ctx)
	} else {
		line = l.bus.client.Subscribe(ctx)
	}
	l.mu.Lock()
	old, hung := l.line, l.hung
	l.line = line
	clear(l.pending)
	names := make([]string, 0, len(l.wanted))
	for c := range l.wanted {
		names = append(names, l.head+c)
	}
	l.mu.Unlock()
	if old != nil {
		_ = old.Close()
	}
	if hung {
		_ = line.Close()
	}
	_ = l.tell(ctx, names, line.Subscribe, line.SSubscribe) // a failure is repeated at the next connection
	return line
}

// hangUp ends a read that is under way.
func (l *lane) hangUp() {
	l.mu.Lock()
	line := l.line
	l.hung = true
	l.mu.Unlock()
	if line != nil {
		_ = line.Close()
	}
}

// receive reads the line until ctx ends, and replaces it when it has gone deaf.
func (l *lane) receive(ctx context.Context) {
	line, opened, failures := l.open(ctx), time.Now(), 0
	for ctx.Err() == nil {
		msg, err := line.ReceiveTimeout(ctx, canaryEvery)
		timeout := false
		if ne, ok := errors.AsType[net.Error](err); ok {
			timeout = ne.Timeout()
		}
		switch {
		case err == nil:
			failures = 0
			l.take(msg)
		case !timeout:
			failures = min(failures+1, 5)
			wait(ctx, time.Duration(failures)*50*time.Millisecond+rand.N(100*time.Millisecond)) //nolint:gosec // jitter, no secret
		}
		if l.silence() > reopenAfter && time.Since(opened) > reopenAfter && ctx.Err() == nil {
			line, opened = l.open(ctx), time.Now()
		}
	}
	l.hangUp()
}

func (l *lane) take(msg any) {
	switch m := msg.(type) {
	case *redis.Message:
		channel, ours := strings.CutPrefix(m.Channel, l.head)
		switch {
		case !ours:
		case channel == l.canary:
			l.heard.Store(int64(time.Since(epoch)))
			l.bus.settle()
		default:
			l.bus.heard(channel, m.Payload)
		}
	case *redis.Subscription:
		channel, ours := strings.CutPrefix(m.Channel, l.head)
		if ours && channel != l.canary && (m.Kind == "subscribe" || m.Kind == "ssubscribe") {
			l.bus.hand(Hint{Channel: channel, Resync: true})
		}
	}
}

func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
