// Package bus carries hints between instances through Redis: "something happened on this channel, look". It knows nothing
// of rooms or people, and nothing may rely on a hint arriving: whoever listens must find the truth in Postgres by itself.
//
// Invariants: Publish never blocks and never fails; whenever a hint may have been lost (a new or renewed subscription, a
// full buffer) the listener gets one with Resync set; what comes from Redis is data from a stranger, bounded in size.
package bus

import (
	"context"
	"crypto/rand"
	"hash/fnv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"
)

// Limits and times.
const (
	hintBuffer   = 8192     // hints that wait for the listener before one Resync stands for the rest
	queueEntries = 8192     // publications that wait for Redis; beyond it they are dropped
	queueBytes   = 16 << 20 // the same in bytes
	maxPayload   = 64 << 10 // longer ones become a Resync of their channel, in both directions
	batchSize    = 500
	originSize   = 12 // bytes

	publishTimeout = 200 * time.Millisecond
	canaryEvery    = time.Second
	degradedAfter  = 2500 * time.Millisecond // two canaries missed
	reopenAfter    = 4 * time.Second         // a line this silent is replaced: TCP would notice only after many minutes
	clusterLanes   = 8
)

// Hint is news of a channel. With Resync set something may have been missed: on that channel, or on all when Channel is
// empty; Payload is then empty too.
type Hint struct {
	Channel string
	Payload []byte
	Resync  bool
}

// Publisher is what the domains need of a Bus. They call it after their transaction has committed.
type Publisher interface {
	Publish(channel string, payload []byte)
}

// Room is the channel of one room's sealed events.
func Room(id string) string { return "room:" + id }

// Account is the channel that tells one account's sockets to look again. Its payload is one of the words below, never content.
func Account(id string) string { return "account:" + id }

// Thread is the channel that tells whoever follows a thread of the forum to look again. Its payload is empty.
func Thread(id string) string { return "thread:" + id }

// Words on account channels.
const (
	Desk        = "desk"        // an ESP's offer or conversation changed
	Place       = "place"       // a waiting person's place changed
	Rooms       = "rooms"       // membership or state of one of the account's rooms changed
	Escalations = "escalations" // what the account should own or see changed
	Session     = "session"     // check the account's authority now
	Notices     = "notices"     // there is something new to be told
)

// Bus is one instance's connection to the others.
type Bus struct {
	client  redis.UniversalClient
	prefix  string
	sharded bool // static after New: the client is a cluster's
	log     zerolog.Logger
	lanes   []*lane
	hints   chan Hint
	canary  string
	origin  string // stands before what is published: an instance knows its own by it

	missed  atomic.Bool   // a hint did not fit: a Resync of everything is owed
	dropped atomic.Uint64 // publications that never reached Redis

	mu    sync.Mutex // guards queue, bytes
	queue []message
	bytes int
	wake  chan struct{}

	cancel   context.CancelFunc
	running  sync.WaitGroup
	start    sync.Once
	stop     sync.Once
	degraded atomic.Bool
}

type message struct {
	channel string
	payload []byte
}

// New makes a Bus that is silent until Start. prefix begins the name of every channel in Redis, so that an access list can
// name them. The client stays the caller's to close; make it with Open, or give it ContextTimeoutEnabled and no retries,
// or one publication to a frozen Redis holds up the next ones for seconds.
func New(client redis.UniversalClient, prefix string, log zerolog.Logger) *Bus {
	b := &Bus{
		client: client, prefix: prefix, log: log,
		hints: make(chan Hint, hintBuffer), wake: make(chan struct{}, 1),
		canary: "canary:" + rand.Text(), origin: rand.Text()[:originSize],
	}
	_, b.sharded = client.(*redis.ClusterClient)
	lanes := 1
	if b.sharded {
		lanes = clusterLanes
	}
	for i := range lanes {
		b.lanes = append(b.lanes, newLane(b, i))
	}
	b.degraded.Store(true) // until the first canary comes home
	return b
}

// Start opens the lines. It returns at once: without Redis the bus is degraded, and heals by itself.
func (b *Bus) Start(ctx context.Context) {
	b.start.Do(func() {
		ctx, b.cancel = context.WithCancel(ctx)
		for _, l := range b.lanes {
			b.running.Go(func() { l.receive(ctx) })
			b.running.Go(func() { l.follow(ctx) })
		}
		b.running.Go(func() { b.send(ctx) })
		b.running.Go(func() { b.watch(ctx) })
	})
}

// Stop ends everything Start began and returns when it has ended. Stopping twice, or before Start, is fine.
func (b *Bus) Stop() {
	b.start.Do(func() {}) // a Start after Stop does nothing
	b.stop.Do(func() {
		if b.cancel != nil {
			b.cancel()
			for _, l := range b.lanes {
				l.hangUp()
			}
		}
		b.running.Wait()
	})
}

// Hints delivers what was published on subscribed channels, by any instance, this one included: its own it hears directly, without Redis. It is never closed.
func (b *Bus) Hints() <-chan Hint { return b.hints }

// Degraded is true while hints cannot be trusted to arrive: the bus sends itself one each second, and two were missed.
// Listeners then ask Postgres more often.
func (b *Bus) Degraded() bool { return b.degraded.Load() }

// Dropped counts publications that never reached Redis.
func (b *Bus) Dropped() uint64 { return b.dropped.Load() }

// Subscribe begins to hear channels. When Redis has confirmed, a Hint with Resync comes for each: what was published
// before is to be looked up. Subscribing twice is one subscription; counting is the caller's.
func (b *Bus) Subscribe(channels ...string) { b.want(true, channels) }

// Unsubscribe stops hearing channels. A hint that was under way may still come.
func (b *Bus) Unsubscribe(channels ...string) { b.want(false, channels) }

func (b *Bus) want(on bool, channels []string) {
	for _, c := range channels {
		b.lane(c).want(c, on)
	}
}

// Publish hands a payload to all instances that hear the channel, to this one directly: people on one instance wait for no Redis, and notice nothing
// when there is none. It never blocks: what does not fit, or finds Redis gone, is dropped.
func (b *Bus) Publish(channel string, payload []byte) {
	b.mu.Lock()
	fits := len(b.queue) < queueEntries && b.bytes+len(payload) <= queueBytes
	if fits {
		b.queue = append(b.queue, message{channel, payload})
		b.bytes += len(payload)
	}
	b.mu.Unlock()
	if !fits {
		b.dropped.Add(1)
	} else {
		select {
		case b.wake <- struct{}{}:
		default:
		}
	}
	if b.lane(channel).wants(channel) {
		b.deliver(channel, payload)
	}
}

// send empties the queue into Redis, one pipeline per batch.
func (b *Bus) send(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-b.wake:
		}
		for ctx.Err() == nil {
			batch := b.take()
			if len(batch) == 0 {
				break
			}
			if err := b.publish(ctx, batch); err != nil && ctx.Err() == nil {
				b.dropped.Add(uint64(len(batch)))
			}
		}
	}
}

func (b *Bus) take() []message {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := min(len(b.queue), batchSize)
	batch := b.queue[:n:n]
	if b.queue = b.queue[n:]; len(b.queue) == 0 {
		b.queue = nil // let the array go after a burst
	}
	for _, m := range batch {
		b.bytes -= len(m.payload)
	}
	return batch
}

func (b *Bus) publish(ctx context.Context, batch []message) error {
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	_, err := b.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, m := range batch {
			name, payload := b.lane(m.channel).head+m.channel, append([]byte(b.origin), m.payload...)
			if b.sharded {
				p.SPublish(ctx, name, payload)
			} else {
				p.Publish(ctx, name, payload)
			}
		}
		return nil
	})
	return err
}

// watch sends each lane its canary and notices when they stay away.
func (b *Bus) watch(ctx context.Context) {
	tick := time.NewTicker(canaryEvery)
	defer tick.Stop()
	for {
		for _, l := range b.lanes {
			// Past the queue: a canary behind a flood would cry for nothing, and one into a dead Redis must not fill it.
			b.running.Go(func() { l.sing(ctx) })
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		b.settle()
		b.payResync()
	}
}

// settle says whether every lane heard its canary lately.
func (b *Bus) settle() {
	bad := false
	for _, l := range b.lanes {
		bad = bad || l.silence() > degradedAfter
	}
	if b.degraded.Swap(bad) != bad {
		if bad {
			b.log.Warn().Msg("bus degraded: hints do not arrive, polling the database")
		} else {
			b.log.Info().Msg("bus healthy")
		}
	}
}

// heard takes what came from Redis. What was published here was told when it was; what was not yet wanted then is told by the Resync of its subscription.
func (b *Bus) heard(channel, payload string) {
	if len(payload) < originSize || payload[:originSize] == b.origin {
		return
	}
	b.deliver(channel, []byte(payload[originSize:]))
}

// deliver hands on without waiting: the line must be read on, or Redis cuts it.
func (b *Bus) deliver(channel string, payload []byte) {
	h := Hint{Channel: channel, Payload: payload}
	if len(payload) > maxPayload {
		h.Payload, h.Resync = nil, true
	}
	b.hand(h)
}

func (b *Bus) hand(h Hint) {
	b.payResync()
	select {
	case b.hints <- h:
	default:
		b.missed.Store(true)
	}
}

// payResync delivers the Resync that a full buffer made us owe.
func (b *Bus) payResync() {
	if !b.missed.Swap(false) {
		return
	}
	select {
	case b.hints <- Hint{Resync: true}:
	default:
		b.missed.Store(true)
	}
}

// lane is the one that carries the channel. In a cluster a line reaches only one shard, so channels are spread over a few
// lanes whose hash tag pins each to one slot; otherwise there is one.
func (b *Bus) lane(channel string) *lane {
	if len(b.lanes) == 1 {
		return b.lanes[0]
	}
	if n, ok := strings.CutPrefix(channel, b.canary+":"); ok {
		return b.lanes[int(n[0]-'0')]
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(channel)) // never fails
	return b.lanes[int(h.Sum32()%uint32(len(b.lanes)))]
}
