package live

import (
	"context"
	"fmt"
	"time"

	"ponti/account"
	"ponti/chat"
	"ponti/internal/bus"
	"ponti/internal/errs"
	"ponti/web/wire"
)

// watched is one view that a socket was promised news of; guarded by socket.mu.
type watched struct {
	next time.Time // when to look without having been told
	sent time.Time // when something was told
	last string    // what was told

	looking, again, told bool // a look is under way; another is to follow; somebody said that it changed
}

// consoleAtLeast is how often a console is told to compare what only its page can: clocks, owners, who is on shift.
const consoleAtLeast = 5 * time.Second

// every is how often a view is looked at without a word from the bus: what the bus lost shows after this at the latest.
func every(v wire.View) time.Duration {
	switch v {
	case wire.Desk:
		return 2 * time.Second // an offer lives 20 s
	case wire.Waiting:
		return 5 * time.Second // keeps the place, too
	case wire.Console:
		return 1500 * time.Millisecond // who waits changes without a word to the tutors, and is to show within 2 s
	case wire.Notices, wire.Thread:
	}
	return 30 * time.Second
}

// look is lookNow, one at a time for each view: what was asked for earlier is never told after what was asked for later. Who comes meanwhile has it looked at once more.
func (s *socket) look(ctx context.Context, v wire.View, told bool) {
	s.mu.Lock()
	w := s.views[v]
	if w == nil || w.looking {
		if w != nil {
			w.again, w.told = true, w.told || told
		}
		s.mu.Unlock()
		return
	}
	w.looking = true
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		again, told := w.again, w.told
		w.looking, w.again, w.told = false, false, false
		s.mu.Unlock()
		if again {
			s.hub.task(func(ctx context.Context) { s.look(ctx, v, told) })
		}
	}()
	s.lookNow(ctx, v, told)
}

// lookNow compares a view with what the socket was told of it, and says that it changed; told: somebody said that it did.
func (s *socket) lookNow(ctx context.Context, v wire.View, told bool) {
	actor := *s.actor.Load()
	f := wire.Changed{View: v}
	now := ""
	switch v {
	case wire.Waiting:
		p, err := s.hub.Chat.Place(ctx, actor)
		if errs.KindOf(err) == errs.NotFound {
			return
		}
		if err != nil {
			return // looked at again soon
		}
		f.Place = &wire.Place{State: string(p.State), Position: p.Position}
		if !p.Room.IsZero() {
			f.Place.Room = p.Room.String()
		}
		now = fmt.Sprint(*f.Place, p.Care, p.Level, p.Opening, p.Away, p.Told)
	case wire.Desk:
		d, err := s.hub.Chat.Desk(ctx, actor)
		if err != nil {
			return
		}
		if d.Offer != nil {
			f.Offer = &wire.Offer{ID: d.Offer.ID.String(), ExpiresAt: d.Offer.ExpiresAt.UTC()}
			now = f.Offer.ID
		}
		rooms := make([]string, len(d.Rooms))
		for i, r := range d.Rooms {
			rooms[i] = r.ID.String() + string(r.State)
		}
		now += fmt.Sprint(d.Waiting, rooms)
	case wire.Console:
		var err error
		if now, err = s.hub.Chat.WaitingMark(ctx, actor); err != nil && errs.KindOf(err) != errs.Forbidden {
			return
		}
	case wire.Notices:
		told = true // the page compares by itself: what is in it is read with its own authority
	case wire.Thread:
		return // lookAtThread looks
	}
	s.mu.Lock()
	w := s.views[v]
	stale := v == wire.Console && w != nil && time.Since(w.sent) >= consoleAtLeast
	news := w != nil && (told || stale || w.last != now)
	if news {
		w.last, w.sent = now, time.Now()
	}
	s.mu.Unlock()
	if news {
		s.send(f)
	}
}

// lookDue looks at the views whose time has come; owned by the beat loop.
func (s *socket) lookDue(now time.Time, degraded bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for v, w := range s.views {
		if now.Before(w.next) {
			continue
		}
		w.next = now.Add(every(v))
		if degraded {
			w.next = now.Add(min(every(v), 2*time.Second))
		}
		s.hub.task(func(ctx context.Context) { s.look(ctx, v, false) })
	}
}

func (s *socket) watches(v wire.View) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.views[v] != nil
}

// word acts on what was said on an account's channel.
func (h *Hub) word(id account.ID, word string) {
	list := h.socketsOf(id)
	tell := func(v wire.View) {
		for _, s := range list {
			if s.watches(v) {
				h.task(func(ctx context.Context) { s.look(ctx, v, true) })
			}
		}
	}
	switch word {
	case bus.Session:
		h.task(func(ctx context.Context) { _ = h.checkSessions(ctx, list) }) // failing, the next round does it
	case bus.Rooms:
		h.lookAtRooms(list)
	case bus.Place:
		tell(wire.Waiting)
		h.lookAtRooms(list)
	case bus.Desk:
		tell(wire.Desk)
		h.lookAtRooms(list)
	case bus.Escalations:
		tell(wire.Console)
		tell(wire.Desk)
		h.lookAtRooms(list)
	case bus.Notices:
		tell(wire.Notices)
	}
}

// lookAtRooms reads again who may hear the rooms of these sockets, and how the rooms stand.
func (h *Hub) lookAtRooms(list []*socket) {
	for _, s := range list {
		for _, r := range s.joined() {
			h.task(func(ctx context.Context) { _ = h.checkMembers(ctx, r) }) // failing, the next round does it
			h.lookAgain(s, r.id)
		}
	}
}

// lookAgain reads a room anew for one socket.
func (h *Hub) lookAgain(s *socket, id chat.RoomID) {
	s.mu.Lock()
	r := s.room(id)
	s.mu.Unlock()
	if r == nil {
		return
	}
	r.mu.Lock()
	me := r.subs[s]
	r.mu.Unlock()
	if me != nil {
		h.task(func(ctx context.Context) { h.readView(ctx, r, s, me) })
	}
}
