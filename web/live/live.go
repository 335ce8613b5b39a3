// Package live keeps the sockets of one instance: it lets people hear their rooms and send into them, and tells them when a
// page of theirs changed. It decides no right by itself, stores nothing, and knows no SQL and no HTML.
//
// Invariants: the database is the truth and a socket a hint, so whatever was lost on the way is found by comparing with
// Postgres every 2 s (every 500 ms while the bus is degraded); a room's messages reach a socket in order, each once; only
// members of a room are sent its frames, and nobody when their rights could not be checked for 5 s; no socket holds up
// another, since each has a queue bounded in bytes and is cut when it is full.
//
// Locks are taken in this order: Hub.mu, room.mu, socket.mu. None is held while anything waits.
package live

import (
	"context"
	"crypto/rand"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"golang.org/x/time/rate"

	"ponti/account"
	"ponti/chat"
	"ponti/internal/bus"
	"ponti/roster"
)

// Limits and times of SECURITY WS3, WS4 and RELIABILITY rules 4 to 9.
const (
	socketsPerAccount = 8
	inFlight          = 32 // messages of one socket that are not answered yet
	roomsPerSocket    = 50
	queueBytes        = 256 << 10 // frames that may wait for one socket
	kernelBytes       = 64 << 10  // and in the system's buffer of its line
	ringFrames        = 64        // latest frames of a room kept for those who come back

	handshakeTimeout = 10 * time.Second
	writeTimeout     = 5 * time.Second
	goodbyeTimeout   = 3 * time.Second // for the other side to close after our close frame
	pingEvery        = 25 * time.Second
	silentAfter      = 60 * time.Second // nothing came, not even a pong
	staleAfter       = 35 * time.Second // a socket this silent gives way to a new one of its account
	headsEvery       = 10 * time.Second // browsers see no pings
	signsEvery       = 15 * time.Second // of life, noted for the roster and for conversations
	authorityWithin  = 5 * time.Second  // rights older than this deliver nothing
	callTimeout      = 3 * time.Second  // longest wait for a use-case
	historyPage      = 200
	holdFor          = 50 * time.Millisecond // for what was said before a message that came first
	maxHeld          = 256
	lively           = 500 * time.Millisecond // a room was, in which something was said so lately
	onItsWay         = 300 * time.Millisecond // for what Postgres has and the bus may still bring
)

// Conversations is what the hub asks of chat. It is an interface so that tests can make the store fail, answer late or lose
// what it said, around the real one.
type Conversations interface {
	Room(ctx context.Context, actor account.Actor, id chat.RoomID) (chat.RoomView, error)
	MessagesAfter(ctx context.Context, actor account.Actor, id chat.RoomID, after int64, limit int) ([]chat.Message, error)
	SendMessage(actor account.Actor, in chat.Post, done func(chat.Receipt, error)) error
	Heads(ctx context.Context, rooms []chat.RoomID) (map[chat.RoomID]chat.Head, error)
	Marks(ctx context.Context, rooms []chat.RoomID) (map[chat.RoomID]chat.Marked, error)
	Members(ctx context.Context, id chat.RoomID) ([]account.ID, int64, error)
	OpenEvent(payload []byte) (chat.Event, error)
	Epoch(ctx context.Context) (string, error)
	Place(ctx context.Context, actor account.Actor) (chat.PlaceView, error)
	Desk(ctx context.Context, actor account.Actor) (chat.Desk, error)
	WaitingMark(ctx context.Context, actor account.Actor) (string, error)
	StillHere(ctx context.Context, signs ...chat.Sign) error
	MarkRead(ctx context.Context, marks ...chat.Mark) ([]chat.Mark, error)
	ReadUpTo(ctx context.Context, rooms []chat.RoomID) (map[chat.RoomID]map[int16]int64, error)
}

// Hints is what the hub asks of the bus. It is an interface so that tests can lose, repeat and shuffle what is said, around
// neither Redis nor real time.
type Hints interface {
	bus.Publisher
	Subscribe(channels ...string)
	Unsubscribe(channels ...string)
	Hints() <-chan bus.Hint
	Degraded() bool
	Dropped() uint64
}

// Deps are what a hub is made of.
type Deps struct {
	Chat Conversations
	// LiveSessions tells which sessions still hold, and who each belongs to now.
	LiveSessions func(ctx context.Context, sessions []account.SessionID) (map[account.SessionID]account.Actor, error)
	// Heartbeat keeps members of staff on call, who were heard of so long ago.
	Heartbeat func(ctx context.Context, beats ...roster.Beat) error
	// ThreadMark tells how the posts of a thread stand after a number, as far as somebody may read them: another mark, and something changed. It is the same for all
	// of one role and service. It gives the thread's id as the domain writes it, too.
	ThreadMark func(ctx context.Context, actor account.Actor, thread string, from int) (id, mark string, err error)
	Bus        Hints
	// Pace makes what a socket and an account may send so many times more; 0 is once.
	Pace int
	// Handshakes is how many sockets may open in a second, after a storm took that many at once; 0 is no bound.
	Handshakes int
	// Text is what people read for an error's key.
	Text    func(locale, key string, params map[string]any) string
	Metrics prometheus.Registerer // nil: not counted anywhere
	Log     zerolog.Logger
}

// Hub is one instance's sockets. Safe for concurrent use.
type Hub struct {
	Deps     // static after New
	instance string
	counts   *metrics
	pace     *pace
	doors    *rate.Limiter // of new sockets
	marking  atomic.Bool   // marks of reading are being stored
	marked   *gather[chat.RoomID, chat.Marked]

	mu        sync.Mutex // guards the maps below, and the counting of sockets and rooms in them
	accounts  map[account.ID]*listener
	rooms     map[chat.RoomID]*room
	lingering int                // how many of them have no line
	threads   map[string]*thread // of the forum, that somebody follows
	closing   bool               // no more sockets
	dirty     map[chat.RoomID]bool

	epoch     atomic.Pointer[string]
	checkedAt atomic.Int64 // monotonic nanoseconds since begin of the last time that all rights were found to hold
	begin     time.Time    // static after New

	kick    chan struct{} // rooms became dirty
	base    context.Context
	cancel  context.CancelFunc
	tasks   sync.WaitGroup // loops and tasks
	slots   chan struct{}  // bounds tasks that ask the database
	readers sync.WaitGroup // one for each socket
	start   sync.Once
	stop    sync.Once
}

// listener is one account's sockets here.
type listener struct {
	sockets map[*socket]bool
	signAt  time.Time // last sign of life that was noted; owned by the beat loop
}

// New makes a hub that accepts nobody until Start.
func New(d Deps) *Hub {
	base, cancel := context.WithCancel(context.Background())
	doors := rate.NewLimiter(rate.Inf, 0)
	if d.Handshakes > 0 {
		doors = rate.NewLimiter(rate.Limit(d.Handshakes), d.Handshakes)
	}
	h := &Hub{
		Deps: d, instance: rand.Text(), counts: newMetrics(), pace: newPace(max(1, d.Pace)), doors: doors,
		accounts: map[account.ID]*listener{}, rooms: map[chat.RoomID]*room{}, threads: map[string]*thread{}, dirty: map[chat.RoomID]bool{}, closing: true,
		kick: make(chan struct{}, 1), slots: make(chan struct{}, 8), base: base, cancel: cancel, begin: time.Now(),
	}
	h.marked = &gather[chat.RoomID, chat.Marked]{hub: h, ask: func(ctx context.Context, rooms []chat.RoomID) (map[chat.RoomID]chat.Marked, error) {
		return h.Chat.Marks(ctx, rooms)
	}}
	h.counts.register(d.Metrics, h)
	return h
}

// Start begins to accept sockets. The bus is started and stopped by the caller.
func (h *Hub) Start() {
	h.start.Do(func() {
		h.mu.Lock()
		h.closing = false
		h.mu.Unlock()
		h.tasks.Go(h.listen)
		h.tasks.Go(h.reconcile)
		h.tasks.Go(h.beat)
	})
}

// Stop cuts all sockets that Drain left and returns when nothing of the hub runs. Stopping twice is fine.
func (h *Hub) Stop() {
	h.start.Do(func() {})
	h.stop.Do(func() {
		h.mu.Lock()
		h.closing = true
		h.mu.Unlock()
		all := h.allSockets()
		for _, s := range all {
			s.bye(reasonRestart, 0)
		}
		late := time.AfterFunc(goodbyeTimeout, func() {
			for _, s := range all {
				s.cut()
			}
		})
		h.cancel()
		h.readers.Wait()
		h.tasks.Wait()
		late.Stop()
	})
}

// task runs f beside the loops, a few at a time. f gets callTimeout, and nothing it does may panic the process.
func (h *Hub) task(f func(ctx context.Context)) {
	h.tasks.Go(func() {
		select {
		case h.slots <- struct{}{}:
		case <-h.base.Done():
			return
		}
		defer func() { <-h.slots }()
		h.safely(f)
	})
}

// safely runs f and survives it.
func (h *Hub) safely(f func(ctx context.Context)) {
	defer h.survive()
	ctx, cancel := context.WithTimeout(h.base, callTimeout)
	defer cancel()
	f(ctx)
}

// survive ends a panic: one room's or socket's misfortune is not the process's.
func (h *Hub) survive() {
	if p := recover(); p != nil {
		h.panicked()
	}
}

func (h *Hub) panicked() {
	h.counts.panics.Inc()
	h.Log.Error().Bytes("stack", debug.Stack()).Msg("live: panic") // not its value: that may hold what somebody wrote
}

func (h *Hub) allSockets() []*socket {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all []*socket
	for _, l := range h.accounts {
		for s := range l.sockets {
			all = append(all, s)
		}
	}
	return all
}

func (h *Hub) socketsOf(id account.ID) []*socket {
	h.mu.Lock()
	defer h.mu.Unlock()
	l := h.accounts[id]
	if l == nil {
		return nil
	}
	list := make([]*socket, 0, len(l.sockets))
	for s := range l.sockets {
		list = append(list, s)
	}
	return list
}

func (h *Hub) allRooms() []*room {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := make([]*room, 0, len(h.rooms))
	for _, r := range h.rooms {
		list = append(list, r)
	}
	return list
}

// authorityAge is the time since all rights were last found to hold.
func (h *Hub) authorityAge() time.Duration {
	return time.Since(h.begin) - time.Duration(h.checkedAt.Load())
}

// unsure is true while nobody's rights are known to hold: then no room is told anything, by whatever way it came here.
func (h *Hub) unsure() bool { return h.authorityAge() > authorityWithin }

// checked notes that what was asked at a moment still held then.
func (h *Hub) checked(asked time.Time) { h.checkedAt.Store(int64(asked.Sub(h.begin))) }
