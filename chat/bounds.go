package chat

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/audit"
	"ponti/internal/errs"
	"ponti/internal/pg"
	"ponti/moderation/triage"
)

// A conversation has a bound, which its service sets. It helps both sides: the person knows what to expect, and the ESP can be there for the next one.
const (
	// NoticeBefore and LastNotice are when both are told how much is left, and NoticeBefore is from when more can be asked for.
	NoticeBefore = 10 * time.Minute
	LastNotice   = 3 * time.Minute
	moreTime     = 15 * time.Minute
)

// begin opens a room, for as long as conversations last in its service.
func (c *Chat) begin(ctx context.Context, tx pgx.Tx, service account.ServiceID, id RoomID) error {
	lasts, err := c.accounts.Conversation(ctx, tx, service)
	if err != nil {
		return err
	}
	return updateRoomStarted(ctx, tx, id, lasts)
}

// ErrMoreTooEarly says that the end is not near yet.
var ErrMoreTooEarly = errs.New(errs.Conflict, "chat.more_too_early")

// Bound is what one who takes part is told of the time of an open conversation.
type Bound struct {
	EndsAt time.Time
	// Held is true when it goes on beyond EndsAt: a tutor is in it, or somebody answers for a danger in it.
	Held bool
	// Asked and Wanted: the reader, the other side, would like more time.
	Asked, Wanted bool
}

// AskForMoreTime says that the actor would like a quarter of an hour more; when the person and the ESP both do, they have it. Asking twice is
// no error. ErrMoreTooEarly sooner than NoticeBefore before the end, ErrEnded after it.
func (c *Chat) AskForMoreTime(ctx context.Context, actor account.Actor, id RoomID) error {
	var r room
	err := pg.InTx(ctx, c.pool, func(ctx context.Context, tx pgx.Tx) error {
		s, err := c.stand(ctx, tx, actor, id, true)
		if err != nil {
			return err
		}
		if r = s.room; r.state == Ended {
			if err := s.mayRead(actor); err != nil {
				return err
			}
			return ErrEnded
		}
		if err := account.Can(actor, account.MessageSend, s.relation(actor)); err != nil {
			return err
		}
		switch {
		case !s.here || actor.Is(account.RoleTutor):
			return ErrNotFound
		case r.state != Open:
			return ErrNotStarted
		}
		near, err := selectEndIsNear(ctx, tx, id)
		if err != nil {
			return err
		}
		if !near {
			return ErrMoreTooEarly
		}
		both, err := updateMoreWanted(ctx, tx, id, actor.ID)
		if err != nil || !both {
			return err
		}
		if err := updateEndLater(ctx, tx, id, moreTime); err != nil {
			return err
		}
		return audit.Append(ctx, tx, entry(actor, "conversation.extend", id, ""))
	})
	if err != nil {
		return pg.Classify(err)
	}
	c.tellRoom(ctx, r)
	return nil
}

// bound is what a reader is told of the time; nil where it does not matter to them.
func (s standing) bound(people []participantRow, level triage.Level, reader account.ID) *Bound {
	if s.room.state != Open || s.room.endsAt == nil || !s.here {
		return nil
	}
	b := Bound{EndsAt: *s.room.endsAt, Held: level >= triage.Red}
	for _, p := range people {
		switch {
		case p.left:
		case p.part == "tutor":
			b.Held = true
		case p.account == reader:
			b.Asked = p.more
		default:
			b.Wanted = b.Wanted || p.more
		}
	}
	return &b
}

// endDue ends the conversations whose time is over.
func (c *Chat) endDue(ctx context.Context) error {
	list, err := selectDue(ctx, c.pool)
	if err != nil {
		return err
	}
	var faults []error // one faulty room keeps none of the others open
	for _, d := range list {
		faults = append(faults, c.endInTime(ctx, d))
	}
	return errors.Join(faults...)
}

// due is an open conversation whose time is over, with its ESP.
type due struct {
	room    RoomID
	service account.ServiceID
	esp     account.ID
}

// endInTime ends a conversation whose time is over, but never while a tutor is in it or somebody answers for a danger to its person; after that there is a last while of
// NoticeBefore, so that both hear of the end before it comes.
func (c *Chat) endInTime(ctx context.Context, d due) error {
	var out outcome
	var r room
	longer := false
	esp := account.Actor{ID: d.esp, Service: d.service, Role: account.RoleESP}
	err := pg.InTx(ctx, c.pool, func(ctx context.Context, tx pgx.Tx) error {
		out, longer = outcome{}, false
		if err := lockPlaceOf(ctx, tx, d.service, d.room); err != nil { // a place is always locked before its room
			return err
		}
		s, err := c.stand(ctx, tx, esp, d.room, true)
		if err != nil {
			return err
		}
		if r = s.room; r.state != Open || !s.here {
			return nil
		}
		over, held, err := selectIsOver(ctx, tx, r.id)
		if err != nil || !over {
			return err // they were given more time meanwhile
		}
		if tutor, err := selectTutorIsHere(ctx, tx, r.id, account.ID{}); err != nil || tutor {
			return err
		}
		danger, err := c.dangerIn(ctx, tx, r.id)
		if err != nil {
			return err
		}
		if danger.level >= triage.Red {
			return updateHeld(ctx, tx, r.id)
		}
		if held {
			longer = true
			return updateLastWhile(ctx, tx, r.id)
		}
		key, err := c.open(r.id, r.key)
		if err != nil {
			return err
		}
		if out, err = c.append(ctx, tx, &r, esp, key, Message{From: s.number, CID: newCID(), Kind: TimeUp}, c.read(esp, "")); err != nil {
			return err
		}
		if err := c.pauseAfterCrisis(ctx, tx, r); err != nil {
			return err
		}
		if err := updateRoomTimeUp(ctx, tx, r.id, s.number); err != nil {
			return err
		}
		if err := updatePlaceEnded(ctx, tx, r.id, endTalked); err != nil {
			return err
		}
		return audit.Append(ctx, tx, entry(account.System(r.service), "conversation.time_up", r.id, ""))
	})
	if err == nil && longer {
		c.tellRoom(ctx, r)
	}
	if err != nil || out.key == nil {
		return err
	}
	c.publish(r.id, out.key, out.message)
	c.tellRoom(ctx, r)
	c.Match(ctx, r.service)
	return nil
}
