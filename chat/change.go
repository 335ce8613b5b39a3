package chat

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/pg"
	"ponti/internal/seal"
	"ponti/moderation/triage"
)

// ChangeFor is for how long one may edit or remove what one said.
const ChangeFor = 15 * time.Minute

// Errors of EditMessage and RemoveMessage.
var (
	ErrTooLate   = errs.New(errs.Conflict, "chat.change_too_late")
	ErrWithdrawn = errs.New(errs.Conflict, "chat.change_withdrawn")
)

// Change names a message of one's own, and the act that changes it: CID as in Post.
type Change struct {
	Room RoomID
	Seq  int64
	CID  string
}

// EditMessage puts another text in the place of one's own message, for ChangeFor after it was sent and while the conversation is open. What was said
// first stays for a tutor who answers for an escalation, and the new text is read by triage like any other: nobody edits an alarm away.
// Errors as of PostMessage; ErrTooLate, ErrWithdrawn for what was removed or hidden, ErrNotFound for what is not one's own. The same
// text, and the same act again, are no error.
func (c *Chat) EditMessage(ctx context.Context, actor account.Actor, in Change, text string) (Receipt, error) {
	text, err := cleanField("text", text)
	if err != nil {
		return Receipt{}, err
	}
	return c.change(ctx, actor, in, Message{Kind: Edited, Text: text}, c.read(actor, text))
}

// RemoveMessage takes one's own message from the conversation; its sequence stays, without a text. Rights and errors as EditMessage; removing what
// is removed is no error.
func (c *Chat) RemoveMessage(ctx context.Context, actor account.Actor, in Change) (Receipt, error) {
	return c.change(ctx, actor, in, Message{Kind: Removed}, c.read(actor, ""))
}

func (c *Chat) change(ctx context.Context, actor account.Actor, in Change, m Message, v triage.Verdict) (Receipt, error) {
	if err := checkCID(in.CID); err != nil {
		return Receipt{}, err
	}
	m.CID, m.About = in.CID, in.Seq
	var out outcome
	err := pg.InTx(ctx, c.pool, func(ctx context.Context, tx pgx.Tx) error {
		out = outcome{}
		s, err := c.stand(ctx, tx, actor, in.Room, true)
		if err != nil {
			return err
		}
		if err := s.mayPost(actor); err != nil {
			return err
		}
		if err := account.Can(actor, account.MessageEditOrDeleteOwn, account.Relation{Object: true, Own: true, Participant: s.here}); err != nil {
			return err
		}
		old, inTime, err := selectToChange(ctx, tx, s.room.id, in.Seq)
		if err != nil {
			return err
		}
		if old.sender != actor.ID || old.message.Kind != Text {
			return ErrNotFound
		}
		done, err := selectByCID(ctx, tx, actor.ID, in.CID)
		switch {
		case err == nil && done.room == in.Room && done.about == in.Seq:
			out.again, out.receipt = true, done.receipt()
			return nil
		case err == nil:
			return ErrCIDReused
		case !isNotFound(err):
			return err
		case old.withdrawn && m.Kind == Removed:
			out.again, out.receipt = true, Receipt{Seq: old.message.Seq, At: old.message.At}
			return nil
		case old.withdrawn || old.message.Hidden:
			return ErrWithdrawn
		case !inTime:
			return ErrTooLate
		}
		key, err := c.open(in.Room, s.room.key)
		if err != nil {
			return err
		}
		if same, err := c.isSame(ctx, tx, key, old, m); err != nil || same {
			out.again, out.receipt = true, Receipt{Seq: old.message.Seq, At: old.message.At}
			return err
		}
		m.From = s.number
		if v, err = c.inContext(ctx, tx, s.room, key, s.room.lastSeq+1, in.Seq, saidNow(m.Text), v); err != nil {
			return err
		}
		if out, err = c.append(ctx, tx, &s.room, actor, key, m, v); err != nil {
			return err
		}
		return updateChanged(ctx, tx, in.Room, in.Seq, out.message.Seq, m.Kind == Removed)
	})
	if err != nil {
		return Receipt{}, pg.Classify(err)
	}
	if !out.again {
		c.publish(in.Room, out.key, out.message)
		c.consider(out.room, actor.ID, out.message, out.receipt.Level)
		if out.raised {
			out.announce()
			c.tellRoom(ctx, out.room)
		}
	}
	return out.receipt, nil
}

// isSame is true of an edit that changes nothing.
func (c *Chat) isSame(ctx context.Context, q pg.Querier, key *seal.Key, old messageRow, m Message) (bool, error) {
	if m.Kind != Edited {
		return false, nil
	}
	now, err := c.openShown(ctx, q, key, []messageRow{old})
	return err == nil && now[0].Text == m.Text, err
}

// openShown unseals messages of one room as those who take part see them: of an edited one the text that holds now, of a hidden or withdrawn one none.
func (c *Chat) openShown(ctx context.Context, q pg.Querier, key *seal.Key, rows []messageRow) ([]Message, error) {
	var edits []int64
	for _, row := range rows {
		if row.edited() {
			edits = append(edits, row.changed)
		}
	}
	texts := map[int64]string{}
	if len(edits) > 0 {
		list, err := selectMessages(ctx, q, rows[0].room, edits)
		if err != nil {
			return nil, err
		}
		for _, edit := range list {
			if edit.withdrawn {
				continue // since the rows were read
			}
			if texts[edit.message.Seq], err = openBody(key, edit); err != nil {
				return nil, err
			}
		}
	}
	list := make([]Message, len(rows))
	for i, row := range rows {
		m := row.message
		m.Edited, m.Withdrawn = row.edited(), row.withdrawn
		var err error
		switch {
		case m.Hidden || m.Withdrawn:
		case m.Edited:
			text, still := texts[row.changed]
			m.Text, m.Withdrawn = text, !still
		default:
			m.Text, err = openBody(key, row)
		}
		if err != nil {
			return nil, err
		}
		list[i] = m
	}
	return list, nil
}

// said is everything that a message ever said, in order: what an escalation was raised for does not go by being edited away.
func (c *Chat) said(ctx context.Context, q pg.Querier, key *seal.Key, row messageRow) ([]string, error) {
	seqs, err := selectAbout(ctx, q, row.room, row.message.Seq)
	if err != nil {
		return nil, err
	}
	rows, err := selectMessages(ctx, q, row.room, seqs)
	if err != nil {
		return nil, err
	}
	var texts []string
	for _, r := range append([]messageRow{row}, rows...) {
		text, err := openBody(key, r)
		if err != nil {
			return nil, err
		}
		if text != "" {
			texts = append(texts, text)
		}
	}
	return texts, nil
}
