package live

import (
	"context"
	"time"

	"ponti/account"
	"ponti/internal/bus"
	"ponti/internal/errs"
	"ponti/web/wire"
)

// followEvery is how often a thread is looked at without a word from the bus.
const followEvery = 5 * time.Second

// hintPause is how often hints of one thread are followed.
const hintPause = 200 * time.Millisecond

// maxMark is longer than any mark of a thread.
const maxMark = 200

// thread is one thread of the forum that sockets follow here; guarded by Hub.mu.
type thread struct {
	sockets map[*socket]bool
	next    time.Time // when to look without having been told
	heardAt time.Time // when a hint was last followed
}

// followed is the one thread that the page of a socket shows; guarded by socket.mu.
type followed struct {
	thread string // its id as the domain writes it
	from   int    // the page shows what comes after this number
	known  string // mark of what the client has, or was told that it should fetch
}

// follow begins to tell a socket when a thread is not what its page shows. It takes the place of what it followed before.
func (s *socket) follow(ctx context.Context, in *wire.Follow) error {
	actor := *s.actor.Load()
	if err := account.Can(actor, Acts()["follow"], account.Relation{Object: true}); err != nil {
		return err
	}
	if len(in.Known) > maxMark {
		return errNotHere
	}
	id, now, err := s.hub.ThreadMark(ctx, actor, in.Thread, int(in.From))
	if err != nil {
		return err
	}
	s.hub.unfollow(s)
	f := &followed{thread: id, from: int(in.From), known: in.Known}
	s.hub.mu.Lock()
	t := s.hub.threads[id]
	if t == nil {
		t = &thread{sockets: map[*socket]bool{}, next: time.Now().Add(followEvery)}
		s.hub.threads[id] = t
		s.hub.Bus.Subscribe(bus.Thread(id))
	}
	t.sockets[s] = true
	s.mu.Lock()
	s.followed = f
	s.mu.Unlock()
	s.hub.mu.Unlock()
	s.compareThread(f, now)
	return nil
}

// unfollow forgets what a socket follows.
func (h *Hub) unfollow(s *socket) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s.mu.Lock()
	f := s.followed
	s.followed = nil
	s.mu.Unlock()
	if f == nil {
		return
	}
	t := h.threads[f.thread]
	if delete(t.sockets, s); len(t.sockets) == 0 {
		delete(h.threads, f.thread)
		h.Bus.Unsubscribe(bus.Thread(f.thread))
	}
}

// hearThread looks because the bus said so: at once, or with the next beat where it said so a moment ago. Whoever forges hints gets no more than five looks a second
// for them.
func (h *Hub) hearThread(id string) {
	now := time.Now()
	h.mu.Lock()
	t := h.threads[id]
	at := t != nil && now.Sub(t.heardAt) >= hintPause
	switch {
	case at:
		t.heardAt = now
	case t != nil:
		t.next = now
	}
	h.mu.Unlock()
	if at {
		h.lookAtThread(id)
	}
}

// page is what all who look at one page of a thread with the same role have in common: one question answers for them.
type page struct {
	from    int
	role    account.Role
	service account.ServiceID
}

// lookAtThread asks how a thread stands now, once for each page of it and each role that follows that, however many do, and tells those who have another. Who may not read it
// any more fetches the page, which tells them.
func (h *Hub) lookAtThread(id string) {
	h.mu.Lock()
	pages := map[page][]*socket{}
	if t := h.threads[id]; t != nil {
		for s := range t.sockets {
			s.mu.Lock()
			if f := s.followed; f != nil && f.thread == id {
				actor := s.actor.Load()
				p := page{f.from, actor.Role, actor.Service}
				pages[p] = append(pages[p], s)
			}
			s.mu.Unlock()
		}
	}
	h.mu.Unlock()
	for p, list := range pages {
		h.task(func(ctx context.Context) {
			_, now, err := h.ThreadMark(ctx, *list[0].actor.Load(), id, p.from)
			switch kind := errs.KindOf(err); {
			case err == nil:
			case kind == errs.NotFound || kind == errs.Forbidden:
				now = "gone"
			default:
				return // looked at again soon
			}
			for _, s := range list {
				s.mu.Lock()
				f := s.followed
				s.mu.Unlock()
				if f != nil && f.thread == id && f.from == p.from {
					s.compareThread(f, now)
				}
			}
		})
	}
}

func (s *socket) compareThread(f *followed, now string) {
	s.mu.Lock()
	news := s.followed == f && f.known != now
	if news {
		f.known = now
	}
	s.mu.Unlock()
	if news {
		s.send(wire.Changed{View: wire.Thread})
	}
}

// lookAtThreads looks at those whose time has come; called by the beat loop.
func (h *Hub) lookAtThreads(now time.Time, degraded bool) {
	again := followEvery
	if degraded {
		again = 2 * time.Second
	}
	var due []string
	h.mu.Lock()
	for id, t := range h.threads {
		if !now.Before(t.next) {
			t.next = now.Add(again)
			due = append(due, id)
		}
	}
	h.mu.Unlock()
	for _, id := range due {
		h.lookAtThread(id)
	}
}
