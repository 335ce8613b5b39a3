package chat

import (
	"bytes"
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/internal/errs"
	"ponti/internal/pg"
	"ponti/internal/seal"
	"ponti/internal/worker"
	"ponti/moderation/triage"
)

// judge decides what becomes of a message: stored before, to be stored, or refused. Whether it was stored is asked before the
// state is looked at: who lost the answer to a message that was the last one still gets it.
func (p *posting) judge(s standing, key *seal.Key, old stored) (again bool, err error) {
	if old.seq == 0 {
		return false, s.mayPost(p.actor)
	}
	// The same text in the same room is the same message.
	if old.room == p.in.Room && bytes.Equal(old.sum, key.Sum([]byte(p.text))) {
		return true, nil
	}
	// What was sent elsewhere does not tell that there is a room here.
	if err := s.mayPost(p.actor); err != nil && errs.KindOf(err) != errs.Conflict {
		return false, err
	}
	return false, ErrCIDReused
}

func (p *posting) message(s standing) Message {
	return Message{From: s.number, CID: p.in.CID, Text: p.text, Kind: Text}
}

func (s stored) receipt() Receipt { return Receipt{Seq: s.seq, At: s.at, Level: s.level} }

// postTogether stores unflagged messages in one transaction and tells what to answer their senders. What it leaves is to be
// stored one by one, which finds the exact answer: messages of rooms that somebody holds locked or whose state has changed, where one means more with what was
// said before or somebody spoke since that was read, of senders who may not write there, or all when one of them made the transaction fail.
func (c *Chat) postTogether(batch []*posting) (told []reply, left []*posting) {
	ctx, cancel := context.WithTimeout(context.Background(), writeFor)
	defer cancel()
	var done *together
	err := worker.Guard(func() (err error) {
		if done, err = c.gather(ctx, batch); err != nil {
			return err
		}
		again := c.sendAgain()
		if err = done.store(ctx, c, true, again); pg.Constraint(err) == "chat_messages_once" { // somebody had no answer and sends again
			c.sentAgain.Store(time.Now().UnixNano())
			again = true
			err = done.store(ctx, c, true, again)
		}
		if pg.Contended(err) {
			err = done.store(ctx, c, false, again)
		}
		return err
	})
	switch {
	case err == nil:
	case errs.KindOf(err) == errs.Unavailable && !pg.Contended(err):
		for _, p := range batch {
			told = append(told, reply{answer{err: err}, p})
		}
		return told, nil
	default:
		c.log.Warn().Err(err).Int("messages", len(batch)).Msg("messages are stored one by one")
		return nil, batch
	}
	return done.settle(c)
}

// againFor is how long after a message that was sent again others are expected: after an instance or a line died they come together, and whoever sends again on purpose
// must not have every batch stored twice.
const againFor = time.Second

func (c *Chat) sendAgain() bool { return time.Since(time.Unix(0, c.sentAgain.Load())) < againFor }

// together is what is stored in one transaction.
type together struct {
	batch []*posting
	rows  []messageRow
	of    []int // which row a message of the batch is, or -1
	seats []seat
	heard map[RoomID]*heard
	kept  map[sent]stored // what is stored now under these client ids
	fresh map[sent]bool   // and was not before
}

// gather seals the messages of those who may write, by what is known of them; whether it still holds is asked when they are stored.
func (c *Chat) gather(ctx context.Context, batch []*posting) (*together, error) {
	if err := c.learnSeats(ctx, batch); err != nil {
		return nil, err
	}
	said, err := c.hear(ctx, batch)
	if err != nil {
		return nil, err
	}
	t := &together{batch: batch, of: make([]int, len(batch)), seats: make([]seat, len(batch)), heard: said}
	mine := make(map[sent]int, len(batch))
	for i, p := range batch {
		t.of[i] = -1
		s, ok := c.seats.get(p.seat())
		// Who they are now is asked each time: a role may have been taken away.
		if !ok || s.standing.room.service != p.actor.Service || s.standing.mayPost(p.actor) != nil {
			continue
		}
		t.seats[i] = s
		if row, twin := mine[p.sent()]; twin {
			t.of[i] = row
			continue
		}
		if h := said[p.in.Room]; h != nil && !h.mayJoin(c, s.standing.room, p) {
			continue
		}
		t.of[i] = len(t.rows)
		mine[p.sent()] = len(t.rows)
		t.rows = append(t.rows, sealed(s.standing.room, p.actor, s.key, p.message(s.standing), triage.None))
	}
	return t, nil
}

func (t *together) store(ctx context.Context, c *Chat, wait, again bool) error {
	if len(t.rows) == 0 {
		return nil
	}
	t.kept, t.fresh = make(map[sent]stored, len(t.rows)), make(map[sent]bool, len(t.rows))
	return pg.InOneTrip(ctx, c.pool, func(b *pgx.Batch) { insertMessages(b, t.rows, t.heard, wait, again, t.kept, t.fresh) })
}

// settle says what became of each message, and tells the rooms.
func (t *together) settle(c *Chat) (told []reply, left []*posting) {
	for i, p := range t.batch {
		s := t.seats[i]
		if t.of[i] < 0 {
			left = append(left, p)
			continue
		}
		now, ok := t.kept[p.sent()]
		if h := t.heard[p.in.Room]; h != nil {
			h.stored(t.fresh[p.sent()], now.seq)
		}
		if !ok { // its room was locked, or is not what it was
			c.seats.forget(p.seat())
			left = append(left, p)
			continue
		}
		if row := t.rows[t.of[i]]; t.fresh[p.sent()] {
			delete(t.fresh, p.sent()) // a twin that comes after it is judged
			row.message.Seq, row.message.At = now.seq, now.at
			c.publish(p.in.Room, s.key, row.message)
			c.consider(s.standing.room, p.actor.ID, row.message, triage.None)
		} else if again, err := p.judge(s.standing, s.key, now); err != nil || !again {
			if err == nil {
				err = ErrCIDReused
			}
			told = append(told, reply{answer{err: err}, p})
			continue
		} else {
			c.sentAgain.Store(time.Now().UnixNano())
		}
		told = append(told, reply{answer{receipt: now.receipt()}, p})
	}
	c.heard.give(t.heard)
	return told, left
}

// writeFor is longer than any statement and lock may take.
const writeFor = 10 * time.Second
