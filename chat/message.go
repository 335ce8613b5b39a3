package chat

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
	"ponti/internal/seal"
	"ponti/moderation"
	"ponti/moderation/triage"
)

// Kind of a message.
type Kind string

// Joined, EndedByFrom and Lost are written by Ponti when the participant From joins, ends the conversation or was not heard of
// for too long, SteppedOut when they ask somebody else to go on, and TimeUp when its time is over; their text is empty. Edited and Removed change the message About of the same sender: an
// edit holds its text.
const (
	Text        Kind = "text"
	Joined      Kind = "joined"
	EndedByFrom Kind = "ended"
	Lost        Kind = "lost"
	TimeUp      Kind = "time_up"
	Edited      Kind = "edited"
	Removed     Kind = "removed"
	SteppedOut  Kind = "stepped_out"
)

// Message is one message of a room as its participants see it. From is a participant's number: the other side's account id
// does not exist here. A message that was hidden or withdrawn keeps its sequence and has no text.
type Message struct {
	Seq    int64     `json:"seq"`
	From   int16     `json:"from"`
	CID    string    `json:"cid"`
	Text   string    `json:"text"`
	At     time.Time `json:"at"`
	Kind   Kind      `json:"kind"`
	Hidden bool      `json:"hidden,omitempty"`
	About  int64     `json:"about,omitempty"` // of Edited and Removed
	// Edited: Text is not what was said first. Withdrawn: its sender removed it, or another edit stands for it.
	Edited    bool `json:"edited,omitempty"`
	Withdrawn bool `json:"withdrawn,omitempty"`
}

// Post is a message on its way in. CID is made by the client, 22 to 36 characters, and makes sending it again harmless.
type Post struct {
	Room RoomID
	CID  string
	Text string
}

// Receipt says that a message is stored. Sending the same message again gives the same Seq and At.
type Receipt struct {
	Seq   int64
	At    time.Time
	Level triage.Level
}

// bodyVersion is the version of a text that was never edited.
const bodyVersion = 1

// PostMessage stores a message and tells the room. A participant may, while the conversation is open. What triage says of it
// never blocks or alters it: flagged, it is stored together with its escalation; unread, the worker reads it again.
// Invalid with the field at fault, ErrNotFound, ErrNotStarted, ErrEnded, ErrCIDReused. When ctx ends first nobody has said
// whether it is stored: sending it again with the same client id finds out.
func (c *Chat) PostMessage(ctx context.Context, actor account.Actor, in Post) (Receipt, error) {
	done := make(chan answer, 1)
	if err := c.SendMessage(actor, in, func(r Receipt, err error) { done <- answer{r, err} }); err != nil {
		return Receipt{}, err
	}
	select {
	case a := <-done:
		return a.receipt, a.err
	case <-ctx.Done():
		return Receipt{}, pg.Classify(ctx.Err())
	}
}

// SendMessage is PostMessage for who goes on meanwhile: what one goroutine sends into one room is stored in the order in which it was sent. Unless it
// returns an error, done is called once, within seconds, by a goroutine that others wait for: it must not wait itself.
func (c *Chat) SendMessage(actor account.Actor, in Post, done func(Receipt, error)) error {
	if err := checkCID(in.CID); err != nil {
		return err
	}
	text, err := cleanField("text", in.Text)
	if err != nil {
		return err
	}
	return c.writerOf(in.Room).add(&posting{actor: actor, in: in, text: text, verdict: c.read(actor, text), done: done})
}

// postAlone stores a message in a transaction of its own.
func (c *Chat) postAlone(ctx context.Context, p *posting) (Receipt, error) {
	var posted outcome
	err := pg.InTx(ctx, c.pool, func(ctx context.Context, tx pgx.Tx) error {
		posted = outcome{}
		s, err := c.stand(ctx, tx, p.actor, p.in.Room, true)
		if err != nil {
			return err
		}
		key, err := c.open(p.in.Room, s.room.key)
		if err != nil {
			return err
		}
		old, err := selectByCID(ctx, tx, p.actor.ID, p.in.CID)
		if err != nil && !isNotFound(err) {
			return err
		}
		again, err := p.judge(s, key, old)
		if err != nil {
			return err
		}
		if !again {
			v, err := c.inContext(ctx, tx, s.room, key, s.room.lastSeq+1, 0, saidNow(p.text), p.verdict)
			if err != nil {
				return err
			}
			posted, err = c.append(ctx, tx, &s.room, p.actor, key, p.message(s), v)
			return err
		}
		posted = outcome{again: true, receipt: old.receipt()}
		return nil
	})
	if errors.Is(err, ErrEnded) || errors.Is(err, ErrNotStarted) {
		if failed := c.raiseUnsaid(ctx, p); failed != nil {
			return Receipt{}, failed // they send it again, and so it is raised again
		}
	}
	if err != nil {
		return Receipt{}, err
	}
	if !posted.again {
		c.publish(p.in.Room, posted.key, posted.message)
		c.consider(posted.room, p.actor.ID, posted.message, posted.receipt.Level)
		if posted.raised {
			posted.announce()
			c.tellRoom(ctx, posted.room)
		}
	}
	return posted.receipt, nil
}

// unsaidRule names itself in an escalation of a text that came too late to be stored.
const unsaidRule = "unsaid"

// raiseUnsaid raises what a person said that is not stored, because the conversation had just ended: they have been told so, but nobody else has read it. Nothing is to be
// done for what is not grave.
func (c *Chat) raiseUnsaid(ctx context.Context, p *posting) error {
	if p.verdict.Level < triage.Red {
		return nil
	}
	var raised moderation.Raised
	var r room
	err := pg.InTx(ctx, c.pool, func(ctx context.Context, tx pgx.Tx) error {
		if err := lockPlaceOf(ctx, tx, p.actor.Service, p.in.Room); err != nil { // a place is always locked before its room
			return err
		}
		s, err := c.stand(ctx, tx, p.actor, p.in.Room, true)
		if err != nil || s.room.person != p.actor.ID {
			return err
		}
		if r, err = c.whereabouts(ctx, tx, s.room); err != nil {
			return err
		}
		raised, err = c.moderation.Raise(ctx, tx, moderation.Raise{
			Service: r.service, Subject: subject(r.id), Level: p.verdict.Level, Category: p.verdict.Category, Rules: append(p.verdict.Rules(), unsaidRule),
			Cause: moderation.Cause{Kind: moderation.CausePerson, Ref: p.in.Room.String() + "/" + p.in.CID}, Person: r.person, ESP: r.esp,
		})
		if err != nil {
			return fmt.Errorf("chat: raise: %w", err)
		}
		return updatePlaceAtLeast(ctx, tx, r.id, p.verdict.Level, raised.ID)
	})
	if err != nil || raised.Announce == nil {
		return err
	}
	raised.Announce()
	c.tellRoom(ctx, r)
	return nil
}

// read asks triage about a person's text. What helpers write is not read for signs of risk in the person.
func (c *Chat) read(actor account.Actor, text string) triage.Verdict {
	if !actor.IsPerson() || text == "" {
		return triage.Verdict{Level: triage.None, Category: triage.CategoryNone}
	}
	return c.moderation.Read(actor.Service, text)
}

// mayPost decides whether the actor may write in the room now.
func (s standing) mayPost(actor account.Actor) error {
	rel := s.relation(actor)
	// Whoever may read learns why not to write; for everybody else the room does not exist.
	if s.room.state == Open {
		if !s.here {
			return ErrNotFound // a tutor reads by an escalation, and writes after joining visibly
		}
		return account.Can(actor, account.MessageSend, rel)
	}
	if err := s.mayRead(actor); err != nil {
		return err
	}
	if s.room.state == Ended {
		return ErrEnded
	}
	return ErrNotStarted
}

// outcome is what a committed message leaves to do and to answer.
type outcome struct {
	again    bool // it was stored before
	message  Message
	receipt  Receipt
	key      *seal.Key
	room     room
	raised   bool   // with an escalation
	announce func() // of it, after commit
}

// append gives a message the next sequence of a room whose row the caller has locked, and raises what the verdict asks for.
func (c *Chat) append(ctx context.Context, tx pgx.Tx, r *room, actor account.Actor, key *seal.Key, m Message, v triage.Verdict) (outcome, error) {
	m.Seq = r.lastSeq + 1
	out := outcome{key: key}
	row := sealed(*r, actor, key, m, v.Level)
	if v.Level > triage.None {
		raised, err := c.moderation.Raise(ctx, tx, raiseOf(*r, m.Seq, v))
		if err != nil {
			return outcome{}, fmt.Errorf("chat: raise: %w", err)
		}
		row.escalation, out.announce, out.raised = raised.ID, raised.Announce, true
	}
	at, err := insertMessage(ctx, tx, row)
	if err != nil {
		return outcome{}, err
	}
	if actor.Is(account.RoleTutor) {
		if err := c.moderation.Acted(ctx, tx, subject(r.id), actor.ID); err != nil {
			return outcome{}, fmt.Errorf("chat: acted: %w", err)
		}
	}
	r.lastSeq = m.Seq
	m.At = at
	out.message, out.room = m, *r
	out.receipt = Receipt{Seq: m.Seq, At: at, Level: v.Level}
	return out, nil
}

// sealed is a message as it is to be stored.
func sealed(r room, actor account.Actor, key *seal.Key, m Message, level triage.Level) messageRow {
	return messageRow{
		room: r.id, service: r.service, sender: actor.ID, message: m, keyID: key.ID(), level: level, authority: r.version,
		sealed: key.Seal([]byte(m.Text), messageAAD(r.id, actor.ID, m.CID, bodyVersion, key.ID())),
		sum:    key.Sum([]byte(m.Text)),
	}
}

// raiseOf is what a message raises that is read like this.
func raiseOf(r room, seq int64, v triage.Verdict) moderation.Raise {
	return moderation.Raise{
		Service: r.service, Subject: subject(r.id), Level: v.Level, Category: v.Category, Rules: v.Rules(),
		Cause:  moderation.Cause{Kind: moderation.CauseMessage, Ref: messageRef(r.id, seq)},
		Person: r.person, ESP: r.esp,
	}
}

// consider has a stored text of the person read a second time, where a service has somebody for that.
func (c *Chat) consider(r room, sender account.ID, m Message, level triage.Level) {
	if sender == r.person {
		c.moderation.Consider(raiseOf(r, m.Seq, triage.Verdict{Level: level}), m.Text)
	}
}

func messageRef(id RoomID, seq int64) string { return fmt.Sprintf("%s/%d", id, seq) }

// MessagesAfter reads up to limit messages with a sequence beyond after, in order. Participants may; an ESP until 24 h after
// the end; a tutor with an open routed escalation, audited. For everybody else the room does not exist.
func (c *Chat) MessagesAfter(ctx context.Context, actor account.Actor, id RoomID, after int64, limit int) ([]Message, error) {
	return c.messages(ctx, actor, id, func(ctx context.Context) ([]messageRow, error) {
		return selectMessagesAfter(ctx, c.pool, id, after, page(limit))
	})
}

// MessagesBefore reads the last messages with a sequence below before, in order; rights as MessagesAfter.
func (c *Chat) MessagesBefore(ctx context.Context, actor account.Actor, id RoomID, before int64, limit int) ([]Message, error) {
	return c.messages(ctx, actor, id, func(ctx context.Context) ([]messageRow, error) {
		return selectMessagesBefore(ctx, c.pool, id, before, page(limit))
	})
}

func page(limit int) int { return max(1, min(limit, maxPage)) }

func (c *Chat) messages(ctx context.Context, actor account.Actor, id RoomID, read func(context.Context) ([]messageRow, error)) ([]Message, error) {
	var list []Message
	err := c.reading(ctx, actor, id, func(ctx context.Context, s standing) error {
		rows, err := read(ctx)
		if err != nil {
			return err
		}
		list, err = c.openAll(ctx, c.pool, s.room, rows)
		return err
	})
	return list, err
}

// openAll unseals messages of one room as those who take part see them.
func (c *Chat) openAll(ctx context.Context, q pg.Querier, r room, rows []messageRow) ([]Message, error) {
	key, err := c.open(r.id, r.key)
	if err != nil {
		return nil, err
	}
	return c.openShown(ctx, q, key, rows)
}

func openBody(key *seal.Key, row messageRow) (string, error) {
	text, err := key.Open(row.sealed, messageAAD(row.room, row.sender, row.message.CID, row.version, row.keyID))
	if err != nil {
		return "", fmt.Errorf("chat: message %s: %w", messageRef(row.room, row.message.Seq), err)
	}
	return string(text), nil
}
