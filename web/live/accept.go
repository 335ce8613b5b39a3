package live

import (
	mrand "math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/gorilla/websocket"

	"ponti/account"
	"ponti/internal/bus"
)

// upgrader shakes hands and is done: frames are read by socket.take and written by socket.flush. Without sizes it has no buffers but the request's.
var upgrader = websocket.Upgrader{
	HandshakeTimeout: handshakeTimeout,
	CheckOrigin:      func(*http.Request) bool { return true }, // Accept has checked it, exactly
	Error:            func(w http.ResponseWriter, _ *http.Request, status int, _ error) { w.WriteHeader(status) },
}

// Accept upgrades a request to a socket of the actor and returns at once; origin is the only one a browser may come from.
// Without a session it answers 401, from another origin or without one 403, to a plain request 426, with too many sockets
// 429, and 503 while the instance is stopping or more come at once than it takes. Browsers cannot see the status of a refused upgrade: a plain GET shows it.
func (h *Hub) Accept(w http.ResponseWriter, r *http.Request, actor account.Actor, origin string) {
	w.Header().Set("Cache-Control", "no-store")
	switch given := r.Header["Origin"]; {
	case actor.ID.IsZero() || actor.Session.IsZero():
		w.WriteHeader(http.StatusUnauthorized)
		return
	case !websocket.IsWebSocketUpgrade(r):
		w.Header().Set("Upgrade", "websocket")
		w.WriteHeader(http.StatusUpgradeRequired)
		return
	case len(given) != 1 || given[0] != origin:
		h.counts.refusedOrigin.Inc()
		w.WriteHeader(http.StatusForbidden)
		return
	}
	if !h.doors.Allow() {
		h.counts.deferred.Inc()
		w.Header().Set("Retry-After", strconv.Itoa(1+mrand.IntN(3))) //nolint:gosec // jitter
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	s := newSocket(h, actor)
	if status, after := h.admit(s); status != 0 {
		w.Header().Set("Retry-After", strconv.Itoa(after))
		w.WriteHeader(status)
		return
	}
	ws, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		h.remove(s)
		h.readers.Done()
		return // the upgrader has answered
	}
	s.open(ws.NetConn())
	go s.serve() // in a goroutine of its own, so that the request and its large stack are given back
}

// admit counts the socket in, or says with which status and seconds to come back.
func (h *Hub) admit(s *socket) (status, after int) {
	id := s.account
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closing {
		return http.StatusServiceUnavailable, 2
	}
	l := h.accounts[id]
	if l == nil {
		l = &listener{sockets: map[*socket]bool{}}
		h.accounts[id] = l
		h.Bus.Subscribe(bus.Account(id.String()))
	}
	if len(l.sockets) >= socketsPerAccount {
		old := stalest(l.sockets)
		if old == nil {
			return http.StatusTooManyRequests, 30
		}
		// Most likely the same phone, back after its line broke without a word.
		delete(l.sockets, old)
		old.cut()
	}
	l.sockets[s] = true
	h.readers.Add(1)
	return 0, 0
}

// stalest is the socket that was silent longest, if it missed a ping.
func stalest(all map[*socket]bool) *socket {
	var old *socket
	for s := range all {
		if s.silence() > staleAfter && (old == nil || s.silence() > old.silence()) {
			old = s
		}
	}
	return old
}

// remove forgets a socket that has ended.
func (h *Hub) remove(s *socket) {
	for _, r := range s.joined() {
		h.leave(s, r)
	}
	h.unfollow(s)
	h.mu.Lock()
	defer h.mu.Unlock()
	if l := h.accounts[s.account]; l != nil {
		if delete(l.sockets, s); len(l.sockets) == 0 {
			delete(h.accounts, s.account)
			h.Bus.Unsubscribe(bus.Account(s.account.String()))
		}
	}
}

// Drain ends all sockets over a time, in slices, each with a different moment to come back, so that the other instances are
// not met by all at once. No new ones are accepted.
func (h *Hub) Drain(over time.Duration) {
	h.mu.Lock()
	h.closing = true
	h.mu.Unlock()
	const slices = 20
	tick := time.NewTicker(max(over/slices, time.Millisecond))
	defer tick.Stop()
	all := h.allSockets()
	for i := range slices {
		for _, s := range all[i*len(all)/slices : (i+1)*len(all)/slices] {
			s.bye(reasonRestart, over)
		}
		if len(all) == 0 || i == slices-1 {
			return
		}
		select {
		case <-tick.C:
		case <-h.base.Done():
			return
		}
	}
}
