package chat

import (
	"context"
	"slices"
	"sync"
	"time"

	"ponti/internal/seal"
	"ponti/moderation/triage"
)

// heard is what was said in a room, as triage needs it to read what is said next. It holds for the room as it was at head: whether anything was said since, by whatever
// way and instance, is asked under the room's lock when something is stored that was read with it.
type heard struct {
	head   int64 // sequence of the last message
	window *triage.Window
	unread []triage.Turn // said after what the window knows
	since  time.Time     // the window was read from the database

	// Of the batch that has it now.
	asked bool // something in it was read with what was said before
	stale bool // it is not known any more how the room stands
}

// Bounds of what is heard: for so long (what falls out of the last 24 hours is still counted meanwhile), so many rooms, and so many turns that nobody
// has needed yet.
const (
	hearFor   = 10 * time.Minute
	maxHeard  = 5_000
	maxUnread = 40
)

// heardCache keeps what is heard of rooms in which something was read with what had been said before. A batch takes what is about its rooms and gives back what still holds.
type heardCache struct {
	mu    sync.Mutex
	rooms map[RoomID]*heard // guarded by mu
}

func newHeardCache() *heardCache { return &heardCache{rooms: map[RoomID]*heard{}} }

func (hc *heardCache) take(batch []*posting) map[RoomID]*heard {
	hc.mu.Lock()
	defer hc.mu.Unlock()
	taken := map[RoomID]*heard{}
	if len(hc.rooms) == 0 {
		return taken
	}
	for _, p := range batch {
		if h, ok := hc.rooms[p.in.Room]; ok {
			delete(hc.rooms, p.in.Room)
			if time.Since(h.since) < hearFor {
				taken[p.in.Room] = h
			}
		}
	}
	return taken
}

func (hc *heardCache) give(list map[RoomID]*heard) {
	hc.mu.Lock()
	defer hc.mu.Unlock()
	for id, h := range list {
		if h.stale || len(h.unread) > maxUnread {
			continue
		}
		for old := range hc.rooms {
			if len(hc.rooms) < maxHeard {
				break
			}
			delete(hc.rooms, old) // any: it only costs a query
		}
		h.asked = false
		hc.rooms[id] = h
	}
}

// sweep forgets what was heard long ago: what people said is not kept here for longer than it is of use.
func (hc *heardCache) sweep(context.Context) error {
	hc.mu.Lock()
	defer hc.mu.Unlock()
	for id, h := range hc.rooms {
		if time.Since(h.since) >= hearFor {
			delete(hc.rooms, id)
		}
	}
	return nil
}

// hear gives what is heard of the rooms of a batch. Where something is to be read with what was said before it looks up, in one exchange for all, what was said since,
// and of rooms that are not known what was said at all.
func (c *Chat) hear(ctx context.Context, batch []*posting) (map[RoomID]*heard, error) {
	all := c.heard.take(batch)
	keys := map[RoomID]*seal.Key{}
	ask := map[RoomID]int64{}
	for _, p := range batch {
		id := p.in.Room
		s, ok := c.seats.get(p.seat())
		if !ok || !p.verdict.Continues || keys[id] != nil {
			continue
		}
		keys[id], ask[id] = s.key, 0
		if h := all[id]; h != nil && c.moderation.ListensStill(s.standing.room.service, h.window) {
			ask[id] = h.head
		}
	}
	for len(ask) > 0 {
		rooms, said, err := selectSaid(ctx, c.pool, ask, readTogetherFor, readTogether)
		if err != nil {
			return nil, err
		}
		anew := map[RoomID]int64{}
		for _, r := range rooms {
			rows := said[r.id]
			switch {
			case ask[r.id] == 0:
				all[r.id] = &heard{head: r.lastSeq, window: c.moderation.Listen(r.service), unread: c.turns(r, keys[r.id], rows, len(rows) < readTogether), since: time.Now()}
			case len(rows) == readTogether || slices.ContainsFunc(rows, func(m messageRow) bool { return m.message.Kind == Edited }):
				anew[r.id] = 0 // there is more, or it is not what it was
			default:
				h := all[r.id]
				h.head, h.unread = r.lastSeq, append(h.unread, c.turns(r, keys[r.id], rows, false)...)
			}
		}
		ask = anew
	}
	return all, nil
}

// mayJoin is whether a message, the next of its room, is stored together with others: it means no more than it says.
func (h *heard) mayJoin(c *Chat, r room, p *posting) bool {
	h.unread = append(h.unread, triage.Turn{Author: authorFor(r, p.actor.ID), Text: p.text, At: time.Now()})
	if !p.verdict.Continues || h.stale {
		return !h.stale
	}
	h.asked = true
	v := triage.Verdict{}
	for _, t := range h.unread {
		if v = c.moderation.Next(h.window, t); v.Level == triage.Unscored {
			break
		}
	}
	h.unread = h.unread[:0]
	h.stale = v.Level != triage.None // its own transaction reads it again and stores it, and what comes after it follows there
	return !h.stale
}

// stored notes what a message has become.
func (h *heard) stored(fresh bool, seq int64) {
	if fresh && seq == h.head+1 {
		h.head = seq
		return
	}
	h.stale = true
}
