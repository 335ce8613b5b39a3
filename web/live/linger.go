package live

import (
	"slices"
	"time"

	"ponti/account"
	"ponti/chat"
)

// A room is heard for a while after its last line here ended: whoever comes back, alone or with all the others, finds what was said meanwhile in memory, and has
// a right to it as long as its mark is what it was.
const (
	lingerFor   = time.Minute
	maxLinger   = 2000     // rooms
	lingerBytes = 64 << 10 // of what was said in each meanwhile
)

// known is a room as somebody with a right to it read it.
type known struct {
	view *chat.RoomView // never changed
	role account.Role
	mark string    // read before the view
	at   time.Time // when the view was asked for
}

// enterKnown lets a socket hear a room that stands as its account last read it. now was asked for after the wish to join. nil where the room must be read.
func (h *Hub) enterKnown(s *socket, id chat.RoomID, now chat.Marked) (*room, *sub) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r := h.rooms[id]
	if r == nil {
		return nil, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	k, role := r.known[s.account], s.actor.Load().Role
	switch {
	case !r.loaded || now.State != chat.Open || now.Version != r.version || !r.members[s.account]:
		return nil, nil
	case k.view == nil || k.mark != now.Mark || k.role != role || time.Since(k.at) > 2*viewWhole:
		return nil, nil
	case role == account.RoleTutor: // their right ends with an escalation, and each reading of theirs is audited
		return nil, nil
	}
	r.hasBeenRead(now.Read)
	return r, h.letIn(r, s, k.view)
}

// remember keeps what was read for who comes back, if the room is heard here.
func (h *Hub) remember(s *socket, id chat.RoomID, k known) {
	h.mu.Lock()
	r := h.rooms[id]
	h.mu.Unlock()
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.remember(s.account, k)
}

// remember is that of one room; r.mu is held. What was read before its mark was known is no use.
func (r *room) remember(who account.ID, k known) {
	if k.mark != "" {
		r.known[who] = k
	}
}

// linger keeps a room whose last line has ended, or forgets it; h.mu and r.mu are held.
func (h *Hub) linger(r *room) {
	if len(r.subs) > 0 || h.rooms[r.id] != r || !r.emptyAt.IsZero() {
		return
	}
	if !r.loaded || h.lingering >= maxLinger || h.closing {
		h.forget(r)
		return
	}
	h.lingering++
	r.emptyAt = time.Now()
}

// forgetEmpty forgets the rooms to which nobody came back.
func (h *Hub) forgetEmpty(now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.lingering == 0 {
		return
	}
	for _, r := range h.rooms {
		r.mu.Lock()
		if !r.emptyAt.IsZero() && now.Sub(r.emptyAt) > lingerFor {
			h.lingering--
			h.forget(r)
		}
		r.mu.Unlock()
	}
}

// trim cuts what a room without lines keeps; r.mu is held.
func (r *room) trim() {
	size := 0
	for i, k := range slices.Backward(r.ring) {
		if size += len(k.data); size > lingerBytes {
			r.ring = append([]kept(nil), r.ring[i+1:]...)
			return
		}
	}
}

// heardRooms is how many rooms have lines here.
func (h *Hub) heardRooms() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.rooms) - h.lingering
}
