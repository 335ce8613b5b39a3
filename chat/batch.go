package chat

import (
	"bytes"
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/pg"
	"ponti/internal/seal"
	"ponti/internal/worker"
	"ponti/moderation"
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

func (s stored) receipt(care moderation.Care) Receipt {
	return Receipt{Seq: s.seq, At: s.at, Level: s.level, Care: care}
}

// careShown hides how a room stands now from who may no longer read it, and only learns that a message of theirs is stored.
func (s standing) careShown(actor account.Actor, care moderation.Care) moderation.Care {
	if s.mayRead(actor) != nil {
		return moderation.CareNone
	}
	return care
}

// result is what a batch did with one message.
type result struct {
	outcome

	err  error
	left bool // its room is locked by somebody else
}

// postTogether stores unflagged messages in one transaction and tells what to answer their senders. What it leaves is to be
// stored one by one: messages of rooms that somebody holds locked, or all when one of them made the transaction fail.
func (c *Chat) postTogether(batch []*posting) (told []reply, left []*posting) {
	ctx, cancel := context.WithTimeout(context.Background(), writeFor)
	defer cancel()
	results, err := c.commit(ctx, batch, true)
	if pg.Contended(err) {
		results, err = c.commit(ctx, batch, false)
	}
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
	for i, r := range results {
		if r.err == nil && !r.left && !r.again {
			c.publish(batch[i].in.Room, r.key, r.message)
		}
	}
	for i, r := range results {
		if r.left {
			left = append(left, batch[i])
			continue
		}
		told = append(told, reply{answer{r.receipt, r.err}, batch[i]})
	}
	return told, left
}

func (c *Chat) commit(ctx context.Context, batch []*posting, wait bool) (results []result, err error) {
	err = worker.Guard(func() error {
		var locked map[RoomID]bool
		var found map[int]facts
		var cares map[moderation.Subject]moderation.Care
		var times map[int]time.Time
		var rows []messageRow
		var rowOf []int
		err := pg.InTwoTrips(ctx, c.pool, func(b *pgx.Batch) {
			locked = lockRooms(b, batch, wait)
			found = selectFacts(b, batch)
			cares = c.moderation.CaresFor(b, subjects(batch))
		}, func(b *pgx.Batch) error {
			results, rows, rowOf = c.judgeAll(batch, locked, found, cares)
			if len(rows) > 0 {
				times = insertMessages(b, rows)
			}
			return nil
		})
		for i := range results {
			if r := &results[i]; r.err == nil && !r.left && rowOf[i] >= 0 {
				r.message.At, r.receipt.At = times[rowOf[i]], times[rowOf[i]]
			}
		}
		return err
	})
	return results, err
}

// judgeAll decides what becomes of each message of a batch: rows are to be stored, and rowOf tells which of them a message
// is, or -1. Errors of single messages are in their results.
func (c *Chat) judgeAll(batch []*posting, locked map[RoomID]bool, found map[int]facts, cares map[moderation.Subject]moderation.Care) (results []result, rows []messageRow, rowOf []int) {
	results, rowOf = make([]result, len(batch)), make([]int, len(batch))
	heads := make(map[RoomID]int64, len(locked))
	mine := map[sent]int{} // which row of this batch holds a client id
	for i, p := range batch {
		rowOf[i] = -1
		f, ok := found[i]
		switch {
		case !ok:
			results[i].err = ErrNotFound
			continue
		case !locked[p.in.Room]:
			results[i].left = true
			continue
		}
		s := f.standing
		key, err := c.open(p.in.Room, s.room.key)
		if err != nil {
			results[i].err = err
			continue
		}
		row, twin := mine[p.sent()]
		if twin {
			f.old = stored{room: rows[row].room, seq: rows[row].message.Seq, sum: rows[row].sum, level: triage.None}
		}
		care := moderation.CareNone
		if known, ok := cares[subject(p.in.Room)]; ok {
			care = known
		}
		results[i].again, results[i].err = p.judge(s, key, f.old)
		switch {
		case results[i].err != nil:
			continue
		case results[i].again:
			results[i].receipt = f.old.receipt(s.careShown(p.actor, care))
			if !twin {
				continue
			}
		default:
			row = len(rows)
			mine[p.sent()] = row
			m := p.message(s)
			m.Seq = max(heads[p.in.Room], s.room.lastSeq) + 1
			heads[p.in.Room] = m.Seq
			rows = append(rows, sealed(s.room, p.actor, key, m, triage.None))
			results[i].key, results[i].message = key, m
			results[i].receipt = Receipt{Seq: m.Seq, Level: triage.None, Care: care}
		}
		rowOf[i] = row
	}
	return results, rows, rowOf
}

// sent is what makes a message the same.
type sent struct {
	sender account.ID
	cid    string
}

func (p *posting) sent() sent { return sent{p.actor.ID, p.in.CID} }

func subjects(batch []*posting) []moderation.Subject {
	list := make([]moderation.Subject, 0, len(batch))
	seen := make(map[RoomID]bool, len(batch))
	for _, p := range batch {
		if !seen[p.in.Room] {
			seen[p.in.Room] = true
			list = append(list, subject(p.in.Room))
		}
	}
	return list
}
