package live

import (
	"context"
	"hash/maphash"
	"slices"
	"sync"
	"time"

	"ponti/account"
	"ponti/chat"
	"ponti/internal/bus"
	"ponti/internal/errs"
	"ponti/web/wire"
)

// room is one conversation that has sockets here.
type room struct {
	id chat.RoomID // static

	mu       sync.Mutex // guards the rest
	subs     map[*socket]*sub
	members  map[account.ID]bool
	version  int64 // of members; 0: not read yet
	head     int64 // all up to here was delivered
	loaded   bool  // head is known
	ring     []kept
	sentAt   time.Time              // when something was delivered last
	held     map[int64]chat.Message // came before what is before it; nil: nothing did
	awaited  bool                   // somebody waits whether the bus brings what Postgres has
	missing  bool                   // something was said that we lack, or may lack
	reading  bool                   // the one refill is under way
	doubt    bool                   // the last refill failed
	seenAt   map[int16]time.Time
	remotes  map[string]remote
	toldAt   time.Time // presence last published
	told     []int16
	viewedAt time.Time           // views last compared with the database
	wholeAt  time.Time           // views last read
	mark     string              // of how it stood then; empty: not all who hear it were told
	wroteAt  map[int16]time.Time // when it was last told that somebody is writing
	unsaved  map[account.ID]unsaved
	read     map[int16]int64 // those it has, as far as they are known here
	known    map[account.ID]known
	emptyAt  time.Time // its last line here ended; zero while there are any
	readAsk  bool      // another instance has stored some
}

// kept is a delivered frame.
type kept struct {
	seq  int64
	data []byte
}

// sub is one socket's hearing of a room.
type sub struct {
	me      int16
	last    int64 // sequence last sent
	joining bool  // the past is being read; what arrives meanwhile is found in the ring
	resumes bool  // the client knew a sequence; owned by join
	view    *chat.RoomView
	told    *chat.RoomView // what the frames last sent were made of, with who was there and how far they had read
	stood   uint64
	people  uint64 // marks of those frames
	state   uint64
}

var (
	errNotHere = errs.New(errs.NotFound, "error.not_found")
	errUnsure  = errs.New(errs.Unavailable, "error.unavailable") // what is there, or whose it is, cannot be known now
)

// join lets a socket hear a room from after a sequence on: check the right, keep what is said from now on, read the past, send
// both in order, go live. A room that is heard here and stands as this account last read it need not be read again.
func (h *Hub) join(ctx context.Context, s *socket, in *wire.Join) error {
	var id chat.RoomID
	if err := id.UnmarshalText([]byte(in.Room)); err != nil {
		return err
	}
	now, err := h.marked.of(ctx, id)
	if err != nil {
		return err
	}
	r, me := h.enterKnown(s, id, now)
	head := now.Seq // what came later is heard
	if me == nil {
		asked := time.Now()
		view, err := h.Chat.Room(ctx, *s.actor.Load(), id)
		if err != nil {
			return err
		}
		k := known{view: &view, role: s.actor.Load().Role, mark: now.Mark, at: asked}
		h.remember(s, id, k)
		if r, me = h.enterKnown(s, id, now); me == nil {
			if r, me, head, err = h.enter(ctx, s, id, k); err != nil {
				return err
			}
		}
	}
	if err := h.catchUp(ctx, s, r, me, in, head); err != nil {
		h.leave(s, r)
		return err
	}
	return nil
}

// enter lets a socket hear a room of which the instance may not know who hears it, and asks for its last message after that.
func (h *Hub) enter(ctx context.Context, s *socket, id chat.RoomID, k known) (*room, *sub, int64, error) {
	members, version, err := h.Chat.Members(ctx, id)
	if err != nil {
		return nil, nil, 0, err
	}
	r, me, err := h.open(s, id, members, version, k)
	if err != nil {
		return nil, nil, 0, err
	}
	heads, err := h.Chat.Heads(ctx, []chat.RoomID{id})
	if err != nil {
		h.leave(s, r)
		return nil, nil, 0, err
	}
	return r, me, heads[id].Seq, nil
}

// open begins to hear a room, if nobody here does.
func (h *Hub) open(s *socket, id chat.RoomID, members []account.ID, version int64, k known) (*room, *sub, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r := h.rooms[id]
	if r == nil {
		r = &room{id: id, subs: map[*socket]*sub{}, seenAt: map[int16]time.Time{}, remotes: map[string]remote{},
			wroteAt: map[int16]time.Time{}, unsaved: map[account.ID]unsaved{}, read: map[int16]int64{}, known: map[account.ID]known{},
			viewedAt: time.Now()} // whoever joins has just read it
		h.rooms[id] = r
		h.Bus.Subscribe(bus.Room(id.String()), presenceChannel(id))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.setMembers(members, version)
	defer h.linger(r)
	if !r.members[s.account] {
		return nil, nil, errNotHere
	}
	r.remember(s.account, k)
	me := h.letIn(r, s, k.view)
	if me == nil {
		return nil, nil, errNotHere
	}
	return r, me, nil
}

// letIn makes the socket part of the room: from here on everything that is said reaches its sub. nil when the socket has ended; h.mu and r.mu are held.
func (h *Hub) letIn(r *room, s *socket, view *chat.RoomView) *sub {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone {
		return nil
	}
	if !r.emptyAt.IsZero() {
		r.emptyAt = time.Time{}
		h.lingering--
	}
	me := &sub{me: view.Me, joining: true, view: view}
	r.subs[s] = me // a second join of the same room begins anew
	s.rooms = append(slices.DeleteFunc(s.rooms, func(old *room) bool { return old == r }), r)
	return me
}

// leave ends the hearing.
func (h *Hub) leave(s *socket, r *room) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.drop(s)
	h.linger(r)
}

// drop ends one socket's hearing; r.mu is held.
func (r *room) drop(s *socket) {
	if me := r.subs[s]; me != nil {
		r.seenAt[me.me] = time.Now()
	}
	delete(r.subs, s)
	s.mu.Lock()
	s.rooms = slices.DeleteFunc(s.rooms, func(other *room) bool { return other == r })
	s.mu.Unlock()
}

// forget stops hearing a room; h.mu and r.mu are held.
func (h *Hub) forget(r *room) {
	delete(h.rooms, r.id)
	h.Bus.Unsubscribe(bus.Room(r.id.String()), presenceChannel(r.id))
}

// setMembers takes a newer answer to who may hear; r.mu is held.
func (r *room) setMembers(members []account.ID, version int64) {
	if version < r.version {
		return
	}
	if version > r.version {
		r.ring = nil // a message may have been hidden since: who comes back reads it as it is now
		clear(r.known)
	}
	r.version = version
	r.members = make(map[account.ID]bool, len(members))
	for _, m := range members {
		r.members[m] = true
	}
}

// catchUp sends what was said after the client's sequence, up to a head that was asked for while the room was heard, and ends with going live.
func (h *Hub) catchUp(ctx context.Context, s *socket, r *room, me *sub, in *wire.Join, head int64) error {
	epoch, err := h.knownEpoch(ctx)
	if err != nil {
		return err
	}
	r.mu.Lock()
	switch {
	case !r.loaded:
		r.loaded, r.head = true, head
		if r.missing {
			defer h.refill(r)
		}
	case head > r.head && r.nobodyLive():
		r.head, r.ring = head, nil // nobody was there for whom what the bus lost would have been read: each who joins reads it
	case head > r.head:
		h.refillLocked(r) // the bus lost something for all who were here before
	}
	r.mu.Unlock()
	if in.After > 0 && in.Epoch != epoch || in.After > head {
		h.counts.resyncs.Inc()
		s.send(wire.Resync{Room: r.id.String()})
		h.leave(s, r)
		return nil
	}
	me.resumes = in.After > 0
	last := in.After
	for {
		done, err := h.goLive(s, r, me, last, epoch)
		if done || err != nil {
			return err
		}
		list, err := h.Chat.MessagesAfter(ctx, *s.actor.Load(), r.id, last, historyPage)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return errUnsure // the head says that there is more: a replica behind, or a restore
		}
		if h.unsure() {
			return errUnsure
		}
		for _, m := range list {
			if m.Seq != last+1 {
				break
			}
			if err := s.wait(ctx); err != nil {
				return err
			}
			s.put(frame(messageFrame(r.id, m)))
			last++
		}
	}
}

// goLive ends the catching up if what is kept in memory joins on to last; else the past must be read first.
func (h *Hub) goLive(s *socket, r *room, me *sub, last int64, epoch string) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.subs[s] != me {
		return true, nil // it left, or joined again, meanwhile
	}
	if !r.members[s.account] {
		return false, errNotHere
	}
	if h.unsure() {
		return false, errUnsure
	}
	if last < r.head {
		missed, size := r.after(last)
		if size == 0 || size > queueBytes/2 {
			return false, nil
		}
		for _, k := range missed {
			s.put(k.data)
			last = k.seq
		}
	}
	me.joining, me.last = false, last
	if me.resumes {
		h.counts.resumed.Inc()
	}
	s.send(wire.CaughtUp{Room: r.id.String(), Head: last, Epoch: epoch, Me: me.me})
	h.tellView(r, s, me)
	return true, nil
}

// nobodyLive: all who hear the room are still joining it; r.mu is held.
func (r *room) nobodyLive() bool {
	for _, me := range r.subs {
		if !me.joining {
			return false
		}
	}
	return true
}

// after is what the ring has from the sequence after last on, and its size; nothing if that is not all; r.mu is held.
func (r *room) after(last int64) (missed []kept, size int) {
	if len(r.ring) == 0 || r.ring[0].seq > last+1 {
		return nil, 0
	}
	missed = r.ring[last+1-r.ring[0].seq:]
	for _, k := range missed {
		size += len(k.data)
	}
	return missed, size
}

// hold keeps what came before what is before it. Two instances that write into one room overtake each other all the time, by
// a moment: only what is still missing after holdFor is read from Postgres. r.mu is held.
func (h *Hub) hold(r *room, m chat.Message) {
	if !r.loaded || len(r.held) >= maxHeld {
		h.refillLocked(r)
		return
	}
	if r.held == nil {
		r.held = map[int64]chat.Message{}
		h.tasks.Go(func() {
			pause(h.base, holdFor)
			r.mu.Lock()
			defer r.mu.Unlock()
			for seq := range r.held {
				if seq > r.head {
					h.refillLocked(r)
					break
				}
			}
			r.held = nil // what is read has it too
		})
	}
	r.held[m.Seq] = m
}

// deliver sends one message, and what was held for it, to all who hear the room, and reports a gap before it; r.mu is held.
func (h *Hub) deliver(r *room, m chat.Message) (gap bool) {
	switch {
	case m.Seq <= r.head:
		return false
	case !r.loaded || m.Seq != r.head+1:
		return true
	}
	h.send(r, m)
	for {
		next, ok := r.held[r.head+1]
		if !ok {
			return false
		}
		delete(r.held, next.Seq)
		h.send(r, next)
	}
}

// send gives the next message of a room to all who hear it; r.mu is held.
func (h *Hub) send(r *room, m chat.Message) {
	k := kept{m.Seq, frame(messageFrame(r.id, m))}
	r.head, r.sentAt = m.Seq, time.Now()
	if r.ring = append(r.ring, k); len(r.ring) > ringFrames {
		r.ring = append(r.ring[:0], r.ring[len(r.ring)-ringFrames:]...)
	}
	if len(r.subs) == 0 {
		r.trim()
	}
	for s, me := range r.subs {
		switch {
		case !r.members[s.account] || me.joining:
		case k.seq == me.last+1:
			s.put(k.data)
			me.last = k.seq
		case k.seq > me.last:
			// Cannot happen while the rules above hold; were it to, the client asks for what it lacks.
			s.end(wire.CloseLater, "")
		}
	}
	if m.Kind != chat.Text && m.About == 0 { // somebody joined or ended it
		h.task(func(ctx context.Context) { _ = h.checkMembers(ctx, r) }) // failing, the next comparison of versions does it
		h.viewsOf(r)
	}
	h.counts.delivered.Inc()
	h.counts.commitToDeliver.Observe(max(0, time.Since(m.At).Seconds()))
}

func messageFrame(id chat.RoomID, m chat.Message) wire.Message {
	return wire.Message{Room: id.String(), Seq: m.Seq, From: m.From, CID: m.CID, At: m.At.UTC(), Kind: string(m.Kind), Text: m.Text, Hidden: m.Hidden,
		About: m.About, Edited: m.Edited, Withdrawn: m.Withdrawn}
}

// tellView sends who is in the room and how it stands, if that differs from what was sent; r.mu is held.
func (h *Hub) tellView(r *room, s *socket, me *sub) {
	if me.joining || me.view == nil || h.unsure() {
		r.mark = ""
		return
	}
	v := me.view
	now := time.Now()
	stands := r.stands(v, now)
	if me.told == v && me.stood == stands {
		return // each second for each line: making the frames only to find them the same would cost more than all else of a quiet room
	}
	me.told, me.stood = v, stands
	id := r.id.String()
	people := wire.People{Room: id, People: make([]wire.Participant, len(v.People))}
	for i, p := range v.People {
		people.People[i] = wire.Participant{N: p.N, Alias: p.Alias, Role: string(p.Role), Here: !p.Left && r.here(p.N, now), Left: p.Left, Read: max(p.Read, r.read[p.N])}
	}
	staff := s.actor.Load().IsStaff()
	if b := frame(people); markOf(b) != me.people {
		if s.offer(b) {
			me.people = markOf(b)
		} else {
			r.mark, me.told = "", nil // with the next look at the room
		}
	}
	if b := frame(stateFrame(id, v, staff)); markOf(b) != me.state {
		me.state = markOf(b)
		s.put(b)
	}
}

// stands sums up what a view does not hold: who of its people is there, and how far they have read; r.mu is held.
func (r *room) stands(v *chat.RoomView, now time.Time) uint64 {
	sum := uint64(14695981039346656037) // FNV-1a, by numbers instead of bytes
	for _, p := range v.People {
		n := uint64(r.read[p.N]) << 1
		if !p.Left && r.here(p.N, now) {
			n |= 1
		}
		sum = (sum ^ n) * 1099511628211
	}
	return sum
}

// markOf stands for a frame that need not be kept: two have the same by a chance of one in 2^64.
func markOf(frame []byte) uint64 { return maphash.Bytes(seed, frame) }

var seed = maphash.MakeSeed()
