package live

import (
	"encoding/json"
	"slices"
	"time"

	"ponti/chat"
)

// Presence is who is there now, by number. Each instance tells the others every few seconds whom it has; nothing is stored.
// Without the bus, each goes on with what it last heard.
const (
	presenceEvery = 5 * time.Second
	presenceFor   = 13 * time.Second // two tellings may be lost
	blip          = 5 * time.Second  // who comes back within it never left
	maxPresence   = 64               // numbers another instance may tell of a room
)

func presenceChannel(id chat.RoomID) string { return "here:" + id.String() }

// remote is what another instance said. Anybody who may write to Redis can lie here, and gains nothing by it.
type remote struct {
	at   time.Time
	here []int16
}

type presence struct {
	Instance string  `json:"i"`
	Here     []int16 `json:"n,omitempty"`
	Asks     bool    `json:"a,omitempty"` // the instance has only begun to hear of the room: the others tell at once
	Writes   int16   `json:"w,omitempty"` // this participant is writing; nothing else is said
	Read     bool    `json:"r,omitempty"` // marks of reading were stored; nothing else is said
}

// here tells whether a participant is there; r.mu is held.
func (r *room) here(n int16, now time.Time) bool {
	if at, ok := r.seenAt[n]; ok && now.Sub(at) < blip {
		return true
	}
	for _, me := range r.subs {
		if me.me == n {
			return true
		}
	}
	for _, o := range r.remotes {
		if slices.Contains(o.here, n) {
			return true
		}
	}
	return false
}

// local are the numbers with sockets here, and those gone so lately that they count; r.mu is held.
func (r *room) local(now time.Time) []int16 {
	var list []int16
	for _, me := range r.subs {
		list = append(list, me.me)
	}
	for n, at := range r.seenAt {
		if now.Sub(at) < blip {
			list = append(list, n)
		} else {
			delete(r.seenAt, n)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// updatePresence tells the others whom we have, and our own sockets who is there. Called each second for each room.
func (h *Hub) updatePresence(r *room, now time.Time, degraded bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for name, o := range r.remotes {
		if !degraded && now.Sub(o.at) > presenceFor {
			delete(r.remotes, name)
		}
	}
	local := r.local(now)
	if nobody := len(local) == 0 && len(r.told) == 0; !nobody && (!slices.Equal(local, r.told) || now.Sub(r.toldAt) >= presenceEvery) {
		h.publishPresence(r, presence{Here: local, Asks: r.toldAt.IsZero()})
		r.told, r.toldAt = local, now
	}
	for s, me := range r.subs {
		h.tellView(r, s, me)
	}
}

func (h *Hub) publishPresence(r *room, p presence) {
	p.Instance = h.instance
	b, err := json.Marshal(p)
	if err != nil {
		panic(err) // numbers and a name
	}
	h.Bus.Publish(presenceChannel(r.id), b)
}

// hearPresence takes what another instance said of a room.
func (h *Hub) hearPresence(r *room, payload []byte) {
	var p presence
	if err := json.Unmarshal(payload, &p); err != nil || len(p.Here) > maxPresence || len(p.Instance) > 64 || p.Instance == h.instance {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if p.Writes != 0 {
		// Another instance says so as seldom as this one does; whoever else writes to Redis fills no socket with it.
		if len(r.wroteAt) < maxPresence && time.Since(r.wroteAt[p.Writes]) >= writesEvery/2 {
			r.wroteAt[p.Writes] = time.Now()
			h.tellWrites(r, p.Writes)
		}
		return
	}
	if p.Read {
		r.readAsk = true
		return
	}
	if _, known := r.remotes[p.Instance]; !known && len(r.remotes) >= maxPresence {
		return
	}
	r.remotes[p.Instance] = remote{time.Now(), p.Here}
	if p.Asks && !r.toldAt.IsZero() {
		r.toldAt = time.Unix(0, 0) // answered with the next look at the room, and not by asking again
	}
	for s, me := range r.subs {
		h.tellView(r, s, me)
	}
}
