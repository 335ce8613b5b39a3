package live

import (
	"context"
	"time"

	"ponti/account"
	"ponti/chat"
	"ponti/web/wire"
)

// Clients say every 3 s that somebody is writing; what comes sooner is from another of their devices, or from who means no good.
const writesEvery = 2500 * time.Millisecond

// A mark that nobody takes belongs to who no longer takes part, or its row is somebody else's just now. It is tried so often.
const markTries = 5

// unsaved is a mark of reading that Postgres does not have yet.
type unsaved struct {
	seq   int64
	tries int
}

// part is the socket's part in an open conversation that it hears, 0 if it has none; r.mu is held.
func (r *room) part(s *socket) int16 {
	me := r.subs[s]
	if me == nil || me.joining || me.view == nil || me.view.State != chat.Open || !r.members[s.account] {
		return 0
	}
	for _, p := range me.view.People {
		if p.N == me.me && !p.Left && account.Can(*s.actor.Load(), account.MessageTypingSeenPresence, account.Relation{Participant: true}) == nil {
			return me.me
		}
	}
	return 0
}

// hearing is the room of that name that the socket hears; nil if none.
func (s *socket) hearing(name string) *room {
	var id chat.RoomID
	if id.UnmarshalText([]byte(name)) != nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.room(id)
}

// writes tells the others of a room that somebody is writing. Of a room that is not theirs, or too often, nothing is told and nothing refused: a
// moment later it would be right, or over.
func (s *socket) writes(name string) {
	r := s.hearing(name)
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	n := r.part(s)
	if n == 0 || time.Since(r.wroteAt[n]) < writesEvery {
		return
	}
	r.wroteAt[n] = time.Now()
	s.hub.publishPresence(r, presence{Writes: n})
	s.hub.tellWrites(r, n)
}

// tellWrites tells the sockets here, if they are not behind; their own devices need not know. r.mu is held.
func (h *Hub) tellWrites(r *room, n int16) {
	if h.unsure() {
		return
	}
	b := frame(wire.Writes{Room: r.id.String(), From: n})
	for s, me := range r.subs {
		if me.me != n && !me.joining && r.members[s.account] {
			s.offer(b)
		}
	}
}

// hasRead notes how far somebody has read, at most what was sent to this socket. It is stored with the next sweep: a mark lost with
// its instance is said again by the client when it comes back.
func (s *socket) hasRead(name string, seq int64) {
	r := s.hearing(name)
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := r.part(s); n != 0 {
		seq = min(seq, r.subs[s].last)
		if seq > max(r.read[n], r.unsaved[s.account].seq) {
			r.unsaved[s.account] = unsaved{seq: seq}
		}
	}
}

// noteRead stores what was read since the last sweep, for all rooms in one go, and then shows it: nobody is told that something was read
// before that is stored. What other instances stored is looked up with it.
func (h *Hub) noteRead() {
	if !h.marking.CompareAndSwap(false, true) {
		return // the last one is under way yet
	}
	var marks []chat.Mark
	var rooms []*room
	for _, r := range h.allRooms() {
		r.mu.Lock()
		for who, u := range r.unsaved {
			marks = append(marks, chat.Mark{Room: r.id, Account: who, Seq: u.seq})
		}
		if len(r.unsaved) > 0 || r.readAsk {
			rooms, r.readAsk = append(rooms, r), false
		}
		r.mu.Unlock()
	}
	if len(rooms) == 0 {
		h.marking.Store(false)
		return
	}
	h.task(func(ctx context.Context) {
		defer h.marking.Store(false)
		_ = h.storeRead(ctx, rooms, marks) // failing, the next sweep has the marks again, and views are read from time to time
	})
}

func (h *Hub) storeRead(ctx context.Context, rooms []*room, marks []chat.Mark) error {
	held, err := h.Chat.MarkRead(ctx, marks...)
	if err != nil {
		return err
	}
	stored := map[chat.RoomID][]chat.Mark{}
	for _, m := range held {
		stored[m.Room] = append(stored[m.Room], m)
	}
	ids := make([]chat.RoomID, len(rooms))
	for i, r := range rooms {
		ids[i] = r.id
		r.mu.Lock()
		for _, m := range stored[r.id] {
			if m.Seq >= r.unsaved[m.Account].seq {
				delete(r.unsaved, m.Account)
			}
		}
		for who, u := range r.unsaved {
			if u.tries++; u.tries < markTries {
				r.unsaved[who] = u
			} else {
				delete(r.unsaved, who)
			}
		}
		if len(stored[r.id]) > 0 {
			h.publishPresence(r, presence{Read: true})
		}
		r.mu.Unlock()
	}
	read, err := h.Chat.ReadUpTo(ctx, ids)
	if err != nil {
		return err
	}
	for _, r := range rooms {
		r.mu.Lock()
		r.hasBeenRead(read[r.id])
		for s, me := range r.subs {
			h.tellView(r, s, me)
		}
		r.mu.Unlock()
	}
	return nil
}

// hasBeenRead takes marks that are stored; r.mu is held.
func (r *room) hasBeenRead(marks map[int16]int64) {
	for n, seq := range marks {
		r.read[n] = max(r.read[n], seq)
	}
}
