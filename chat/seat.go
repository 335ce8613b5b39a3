package chat

import (
	"context"
	"sync"

	"ponti/account"
	"ponti/internal/seal"
)

// seat is an account in a room where it may write, as far as storing a message needs to know. It holds as long as the room is open
// and its authority version is the same, which is asked under the room's lock whenever it is used.
type seat struct {
	standing standing
	key      *seal.Key
}

type seatOf struct {
	room RoomID
	who  account.ID
}

func (p *posting) seat() seatOf { return seatOf{p.in.Room, p.actor.ID} }

// seatCache keeps the seats of those who wrote here lately. A write by other means than this cache's own bumps the authority
// version and so outdates them, whoever did it.
type seatCache struct {
	mu    sync.Mutex
	seats map[seatOf]seat // guarded by mu
}

// maxSeats bounds the cache to a few megabytes.
const maxSeats = 20_000

func newSeatCache() *seatCache { return &seatCache{seats: map[seatOf]seat{}} }

func (sc *seatCache) get(of seatOf) (seat, bool) {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	s, ok := sc.seats[of]
	return s, ok
}

func (sc *seatCache) put(of seatOf, s seat) {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	for old := range sc.seats {
		if len(sc.seats) < maxSeats {
			break
		}
		delete(sc.seats, old) // any: it only costs a query
	}
	sc.seats[of] = s
}

func (sc *seatCache) forget(of seatOf) {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	delete(sc.seats, of)
}

// learnSeats looks up, in one query, those of a batch that are not known yet and may write.
func (c *Chat) learnSeats(ctx context.Context, batch []*posting) error {
	var unknown []*posting
	for _, p := range batch {
		if _, ok := c.seats.get(p.seat()); !ok {
			unknown = append(unknown, p)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	found, err := selectSeats(ctx, c.pool, unknown)
	if err != nil {
		return err
	}
	for i, p := range unknown {
		s, ok := found[i]
		if !ok || s.mayPost(p.actor) != nil {
			continue
		}
		key, err := c.open(p.in.Room, s.room.key)
		if err != nil {
			continue // stored alone, it says so
		}
		c.seats.put(p.seat(), seat{s, key})
	}
	return nil
}
