package live

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/time/rate"

	"ponti/account"
	"ponti/chat"
	"ponti/web/wire"
)

// Reasons in bye frames.
const (
	reasonRestart = "restart"
	reasonSession = "session"
	reasonLater   = "later"
)

// socket is one connection. One goroutine at a time waits for it or reads it (inbound.go); whoever has something to write queues it, and a writing
// goroutine lives while something waits.
type socket struct {
	hub     *Hub
	account account.ID        // static
	session account.SessionID // static
	actor   atomic.Pointer[account.Actor]
	conn    net.Conn // static after open; read by take only, written by flush only
	inbound

	messages *rate.Limiter // sends; made by take with the first
	frames   *rate.Limiter // everything; owned by take
	heardAt  atomic.Int64  // nanoseconds since hub.begin

	flight chan struct{} // one for each message that is not answered yet; made by take with the first

	pingAt, headsAt time.Time // next ones; owned by the beat loop

	mu      sync.Mutex // guards the rest
	queue   [][]byte   // whole frames with their headers
	bytes   int
	writing bool
	last    []byte // close frame to be written after the queue
	gone    bool   // nothing is queued any more
	goodbye bool   // a close frame was queued
	drained chan struct{}
	rooms   []*room // few: looked through
	views   map[wire.View]*watched

	followed *followed // nil: none
}

func newSocket(h *Hub, actor account.Actor) *socket {
	now, times := time.Now(), h.pace.times
	s := &socket{
		hub: h, account: actor.ID, session: actor.Session,
		frames: rate.NewLimiter(rate.Limit(20*times), 100*times),
		pingAt: now.Add(rand.N(pingEvery)), headsAt: now.Add(headsEvery/2 + rand.N(headsEvery/2)), //nolint:gosec // jitter
		drained: make(chan struct{}, 1),
	}
	s.actor.Store(&actor)
	s.heard()
	return s
}

func (s *socket) heard() { s.heardAt.Store(int64(time.Since(s.hub.begin))) }

func (s *socket) silence() time.Duration {
	return time.Since(s.hub.begin) - time.Duration(s.heardAt.Load())
}

// open gives the socket its line.
func (s *socket) open(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conn = conn
	if c, ok := s.conn.(interface{ SetWriteBuffer(int) error }); ok {
		_ = c.SetWriteBuffer(kernelBytes) // else the system lets megabytes wait for a client that does not read
	}
	if c, ok := s.conn.(syscall.Conn); ok {
		if raw, err := c.SyscallConn(); err == nil { // else the line is read as one that cannot tell
			s.raw, s.arrived, s.taking = raw, s.hasArrived, s.take
		}
	}
	if s.gone { // cut between counting in and opening
		_ = s.conn.Close()
	}
}

// room is one that the socket hears, or nil; mu is held.
func (s *socket) room(id chat.RoomID) *room {
	for _, r := range s.rooms {
		if r.id == id {
			return r
		}
	}
	return nil
}

// keepListening notes that the other side was heard, and gives it time until it must be heard again.
func (s *socket) keepListening() error {
	s.heard()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone {
		return nil // finish has set the last deadline
	}
	return s.conn.SetReadDeadline(time.Now().Add(silentAfter))
}

// send queues one frame.
func (s *socket) send(f wire.Server) { s.put(frame(f)) }

// put queues bytes that are a whole frame. It never waits: if they do not fit, the socket is cut, and the client resumes
// from its last sequence. Nothing is dropped in silence.
func (s *socket) put(b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone {
		return
	}
	if s.bytes+len(b) > queueBytes {
		s.hub.counts.slow.Inc()
		s.queue, s.bytes = nil, 0
		s.finish(wire.CloseSlow, "")
		return
	}
	s.queue = append(s.queue, b)
	s.bytes += len(b)
	s.write()
}

// offer is put for what a later frame says as well: a socket that is behind does not get it, and offer says so.
func (s *socket) offer(b []byte) bool {
	if s.waiting()+len(b) > queueBytes/2 {
		s.hub.counts.dropped.Inc()
		return false
	}
	s.put(b)
	return true
}

// end writes what waits, then a close frame, then hangs up.
func (s *socket) end(code int, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.finish(code, reason)
}

// bye says why and when to come back, at a moment chosen from the given time, and ends.
func (s *socket) bye(reason string, within time.Duration) {
	code, after := wire.CloseLater, 0.5
	switch reason {
	case reasonRestart:
		code = wire.CloseRestart
	case reasonSession:
		code, within = wire.CloseSessionEnded, 0
	}
	if within > 0 {
		after += rand.Float64() * within.Seconds() //nolint:gosec // jitter
	}
	after = float64(int(after*10)) / 10
	f := wire.Bye{Reason: reason}
	text := ""
	if wire.ComeBack(code) {
		f.RetryAfter = after
		text = "retry_after=" + strconv.FormatFloat(after, 'f', 1, 64)
	}
	s.send(f)
	s.end(code, text)
}

// finish queues the close frame; mu is held.
func (s *socket) finish(code int, reason string) {
	if s.gone {
		return
	}
	s.gone, s.goodbye = true, true
	s.last = closeFrame(code, reason)
	s.hub.counts.closed(code).Inc()
	if s.conn != nil {
		_ = s.conn.SetReadDeadline(time.Now().Add(goodbyeTimeout)) // wakes the reader; failing, the line is gone already
	}
	s.write()
}

// write starts the writer if none runs; mu is held. Before open there is nobody to write to: what waits goes with the first frame.
func (s *socket) write() {
	if !s.writing && s.conn != nil {
		s.writing = true
		s.hub.tasks.Go(s.flush)
	}
}

// flush writes until nothing waits. What waits leaves in as few writes as possible, since writes are what sockets cost.
func (s *socket) flush() {
	defer s.hub.survive()
	for {
		s.mu.Lock()
		batch, last := s.queue, s.last
		if len(batch) == 0 && last == nil {
			s.writing = false
			s.mu.Unlock()
			return
		}
		s.queue, s.last, s.bytes = nil, nil, 0
		s.mu.Unlock()
		select {
		case s.drained <- struct{}{}:
		default:
		}
		if last != nil {
			batch = append(batch, last)
		}
		err := s.writeAll(batch)
		if half, ok := s.conn.(interface{ CloseWrite() error }); ok && err == nil && last != nil {
			err = half.CloseWrite()
		} else if last != nil && !ok {
			s.cut() // a line that cannot be closed for one direction only
		}
		if err != nil {
			if ne, ok := errors.AsType[net.Error](err); ok && ne.Timeout() {
				s.hub.counts.slow.Inc()
			}
			s.cut()
		}
		if err != nil || last != nil {
			return // writing stays true: nothing is ever written again
		}
	}
}

// buffers are shared by all writers; each holds one write.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

const writeChunk = 16 << 10

func (s *socket) writeAll(batch [][]byte) error {
	buf, ok := buffers.Get().(*bytes.Buffer)
	if !ok {
		panic("live: the pool holds buffers")
	}
	defer func() {
		if buf.Cap() <= 2*writeChunk {
			buffers.Put(buf)
		}
	}()
	for len(batch) > 0 {
		buf.Reset()
		for len(batch) > 0 && (buf.Len() == 0 || buf.Len()+len(batch[0]) <= writeChunk) {
			buf.Write(batch[0])
			batch = batch[1:]
		}
		if err := s.conn.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
			return err
		}
		if _, err := s.conn.Write(buf.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

// hangUp ends the line after its reader has ended. After a close frame of ours it reads on a little: closing with bytes
// unread makes TCP throw away what was written, the close frame with it.
func (s *socket) hangUp() {
	s.mu.Lock()
	goodbye := s.goodbye
	s.gone = true
	s.mu.Unlock()
	if goodbye && s.conn.SetReadDeadline(time.Now().Add(goodbyeTimeout)) == nil {
		_, _ = io.Copy(io.Discard, s.conn) // until the other side hangs up too, or time is over
	}
	s.cut()
}

// cut ends the line at once; its reader and writer end by it.
func (s *socket) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone = true
	s.queue, s.bytes = nil, 0
	if s.conn != nil {
		_ = s.conn.Close() // closing twice is harmless
	}
}

// survive ends a panic of one socket: it is closed, the others go on.
func (s *socket) survive() {
	if p := recover(); p != nil {
		s.hub.panicked()
		s.end(wire.CloseInternal, "")
	}
}

// waiting is how many bytes wait for the socket.
func (s *socket) waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bytes
}

func (s *socket) isGone() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.gone
}

func (s *socket) joined() []*room {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := slices.Clone(s.rooms)
	slices.SortFunc(list, func(a, b *room) int { return slices.Compare(a.id[:], b.id[:]) })
	return list
}
