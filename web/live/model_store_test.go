package live_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"ponti/account"
	"ponti/chat"
	"ponti/internal/bus"
	"ponti/internal/errs"
	"ponti/internal/history"
	"ponti/internal/ids"
	"ponti/internal/pg"
	"ponti/web/live"
)

// modelStore is what PostgreSQL and chat promise, in memory: a sequence for each room without holes, a message once per
// sender and client id, members with a version. The promises themselves are tested on the real ones, in chat.
type modelStore struct {
	mu       sync.Mutex // guards the rest
	rooms    map[chat.RoomID]*modelRoom
	sessions map[account.SessionID]account.Actor
}

type modelRoom struct {
	messages []chat.Message
	stored   map[string]int // place in messages, by sender and client id
	numbers  map[account.ID]int16
	left     map[account.ID]bool
	version  int64
}

func newModelStore() *modelStore {
	return &modelStore{rooms: map[chat.RoomID]*modelRoom{}, sessions: map[account.SessionID]account.Actor{}}
}

// signIn makes somebody with a session.
func (db *modelStore) signIn(role account.Role) account.Actor {
	a := account.Actor{ID: ids.New[account.Account](), Session: ids.New[account.Session](), Role: role, Locale: "it"}
	db.mu.Lock()
	defer db.mu.Unlock()
	db.sessions[a.Session] = a
	return a
}

func (db *modelStore) open(members ...account.Actor) chat.RoomID {
	id := chat.RoomID(ids.New[account.Account]())
	r := &modelRoom{stored: map[string]int{}, numbers: map[account.ID]int16{}, left: map[account.ID]bool{}, version: 1}
	for i, m := range members {
		r.numbers[m.ID] = int16(i + 1)
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	db.rooms[id] = r
	return id
}

// remove takes somebody's right to a room.
func (db *modelStore) remove(id chat.RoomID, who account.ID) {
	db.mu.Lock()
	defer db.mu.Unlock()
	r := db.rooms[id]
	r.left[who] = true
	r.version++
}

func (db *modelStore) signOut(s account.SessionID) {
	db.mu.Lock()
	defer db.mu.Unlock()
	delete(db.sessions, s)
}

func (db *modelStore) rows(id chat.RoomID) []history.Row {
	db.mu.Lock()
	defer db.mu.Unlock()
	var list []history.Row
	for _, m := range db.rooms[id].messages {
		list = append(list, history.Row{Seq: m.Seq, CID: m.CID, Text: m.Text})
	}
	return list
}

// member is the room and the number of one who takes part in it; db.mu is held.
func (db *modelStore) member(id chat.RoomID, who account.ID) (*modelRoom, int16, error) {
	r := db.rooms[id]
	if r == nil || r.numbers[who] == 0 || r.left[who] {
		return nil, 0, chat.ErrNotFound
	}
	return r, r.numbers[who], nil
}

// modelChat is one instance's way to the store, with what happens on that way. Methods that the model has no use for are
// those of the nil interface and panic.
type modelChat struct {
	live.Conversations
	db    *modelStore
	hints bus.Publisher

	mu     sync.Mutex // guards the rest
	rng    *rand.Rand
	faulty bool // calls are late and fail at random
	down   bool // nothing answers
	dead   bool // the instance was killed: what it began may still happen, but nobody hears of it
	mutant mutant
}

// fate is what happens to one call.
type fate struct {
	late          time.Duration
	before, after bool // it fails without or with effect
	silent        bool // and after it, nothing is published
}

func (c *modelChat) fate() fate {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch n := c.rng.IntN(100); {
	case c.dead || c.down:
		return fate{late: time.Duration(n) * time.Millisecond, before: n < 80 || c.down, after: true, silent: true}
	case !c.faulty:
		return fate{late: time.Duration(n) * 50 * time.Microsecond}
	case n < 8:
		return fate{late: time.Duration(c.rng.IntN(900)) * time.Millisecond, before: true}
	case n < 14: // committed, then the connection was lost
		return fate{late: time.Duration(c.rng.IntN(900)) * time.Millisecond, after: true, silent: n < 12}
	case n < 20:
		return fate{late: time.Duration(c.rng.IntN(3500)) * time.Millisecond, after: n%2 == 0}
	default:
		return fate{late: time.Duration(c.rng.IntN(40)) * time.Millisecond}
	}
}

// call lets f happen, or not, or without anybody hearing of it.
func (c *modelChat) call(ctx context.Context, f func() error) (fate, error) {
	at := c.fate()
	wait := time.NewTimer(at.late)
	defer wait.Stop()
	if at.before {
		<-wait.C
		return at, pg.ErrUnavailable
	}
	select {
	case <-wait.C:
	case <-ctx.Done():
		if at.after { // it goes on without whoever asked
			c.db.mu.Lock()
			_ = f()
			c.db.mu.Unlock()
			at.silent = true
		}
		return at, pg.Classify(ctx.Err())
	}
	c.db.mu.Lock()
	err := f()
	c.db.mu.Unlock()
	if at.after && err == nil {
		return at, pg.ErrUnavailable
	}
	return at, err
}

func (c *modelChat) StillHere(ctx context.Context, _ ...chat.Sign) error {
	_, err := c.call(ctx, func() error { return nil })
	return err
}

func (c *modelChat) Epoch(context.Context) (string, error) { return "one history", nil }

func (c *modelChat) Room(ctx context.Context, actor account.Actor, id chat.RoomID) (v chat.RoomView, err error) {
	_, err = c.call(ctx, func() error {
		r, n, err := c.db.member(id, actor.ID)
		if err != nil {
			return err
		}
		v = chat.RoomView{ID: id, State: chat.Open, Head: int64(len(r.messages)), Me: n}
		for who, n := range r.numbers {
			v.People = append(v.People, chat.Participant{N: n, Me: who == actor.ID, Left: r.left[who]})
		}
		return nil
	})
	return v, err
}

func (c *modelChat) MessagesAfter(ctx context.Context, actor account.Actor, id chat.RoomID, after int64, limit int) (list []chat.Message, err error) {
	_, err = c.call(ctx, func() error {
		r, _, err := c.db.member(id, actor.ID)
		if err != nil {
			return err
		}
		if after < int64(len(r.messages)) {
			list = append(list, r.messages[after:min(after+int64(limit), int64(len(r.messages)))]...)
		}
		return nil
	})
	return list, err
}

// SendMessage answers before it returns: virtual time stands still for what does not wait.
func (c *modelChat) SendMessage(actor account.Actor, in chat.Post, done func(chat.Receipt, error)) error {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	done(c.postMessage(ctx, actor, in))
	return nil
}

func (c *modelChat) postMessage(ctx context.Context, actor account.Actor, in chat.Post) (receipt chat.Receipt, err error) {
	var payload []byte
	at, err := c.call(ctx, func() error {
		r, n, err := c.db.member(in.Room, actor.ID)
		if err != nil {
			return err
		}
		key := actor.ID.String() + in.CID
		place, again := r.stored[key]
		if !again || c.mutant == storesAgain {
			place = len(r.messages)
			m := chat.Message{Seq: int64(place) + 1, From: n, CID: in.CID, Text: in.Text, At: time.Now(), Kind: chat.Text}
			r.messages, r.stored[key] = append(r.messages, m), place
			if payload, err = json.Marshal(modelEvent{in.Room.String(), m}); err != nil {
				return err
			}
		}
		receipt = chat.Receipt{Seq: r.messages[place].Seq, At: r.messages[place].At}
		return nil
	})
	if payload != nil && !at.silent {
		c.hints.Publish(bus.Room(in.Room.String()), payload)
	}
	if c.mutant == answersEarly && errs.KindOf(err) == errs.Unavailable {
		return chat.Receipt{Seq: 1}, nil
	}
	return receipt, err
}

// modelEvent is a sealed event; what is not JSON does not open.
type modelEvent struct {
	Room    string       `json:"room"`
	Message chat.Message `json:"message"`
}

var errUnopened = errors.New("it does not open")

func (c *modelChat) OpenEvent(payload []byte) (chat.Event, error) {
	var e modelEvent
	if json.Unmarshal(payload, &e) != nil || e.Message.Seq == 0 {
		return chat.Event{}, errUnopened
	}
	var id chat.RoomID
	return chat.Event{Room: id, Message: e.Message}, id.UnmarshalText([]byte(e.Room))
}

func (c *modelChat) Heads(ctx context.Context, rooms []chat.RoomID) (map[chat.RoomID]chat.Head, error) {
	heads := map[chat.RoomID]chat.Head{}
	_, err := c.call(ctx, func() error {
		for _, id := range rooms {
			r := c.db.rooms[id]
			heads[id] = chat.Head{Seq: int64(len(r.messages)), Version: r.version, State: chat.Open}
		}
		return nil
	})
	return heads, err
}

func (c *modelChat) Marks(ctx context.Context, rooms []chat.RoomID) (map[chat.RoomID]chat.Marked, error) {
	marks := map[chat.RoomID]chat.Marked{}
	_, err := c.call(ctx, func() error {
		for _, id := range rooms {
			r := c.db.rooms[id]
			marks[id] = chat.Marked{Head: chat.Head{Seq: int64(len(r.messages)), Version: r.version, State: chat.Open}, Mark: fmt.Sprint("version ", r.version)}
		}
		return nil
	})
	return marks, err
}

func (c *modelChat) Members(ctx context.Context, id chat.RoomID) (list []account.ID, version int64, err error) {
	_, err = c.call(ctx, func() error {
		r := c.db.rooms[id]
		for who := range r.numbers {
			if !r.left[who] || c.mutant == forgetsNobody {
				list = append(list, who)
			}
		}
		version = r.version
		return nil
	})
	return list, version, err
}

func (c *modelChat) liveSessions(ctx context.Context, sessions []account.SessionID) (map[account.SessionID]account.Actor, error) {
	living := map[account.SessionID]account.Actor{}
	_, err := c.call(ctx, func() error {
		for _, s := range sessions {
			if a, ok := c.db.sessions[s]; ok {
				living[s] = a
			}
		}
		return nil
	})
	return living, err
}

func (c *modelChat) set(f func(c *modelChat)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(c)
}
