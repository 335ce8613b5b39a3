package chat

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/audit"
	"ponti/internal/bus"
	"ponti/internal/errs"
	"ponti/internal/pg"
	"ponti/moderation"
	"ponti/moderation/triage"
)

// AskForMoreHelp is the person's own button: a tutor is alerted at level red. While they wait it also brings them forward. After the end it gives them a new place, where a
// tutor can meet them.
func (c *Chat) AskForMoreHelp(ctx context.Context, actor account.Actor, id RoomID) error {
	if !actor.IsPerson() {
		return account.ErrForbidden
	}
	return c.raiseFor(ctx, actor, id, moderation.CausePerson, triage.Red)
}

// FlagConversation is the ESP's one tap. Levels are amber, red or crisis.
func (c *Chat) FlagConversation(ctx context.Context, actor account.Actor, id RoomID, level triage.Level) error {
	if !actor.IsPeer() {
		return account.ErrForbidden
	}
	if level < triage.Amber || level > triage.Crisis {
		return errs.Field("level", "chat.level_invalid", nil)
	}
	return c.raiseFor(ctx, actor, id, moderation.CauseESP, level)
}

func (c *Chat) raiseFor(ctx context.Context, actor account.Actor, id RoomID, cause moderation.CauseKind, level triage.Level) error {
	// Names this act: tried again it is the same one, asked again later it is another.
	ref := id.String() + "/" + newCID()
	var raised moderation.Raised
	var r room
	err := pg.InTx(ctx, c.pool, func(ctx context.Context, tx pgx.Tx) error {
		if err := lockPlaceOf(ctx, tx, actor.Service, id); err != nil { // a place is always locked before its room
			return err
		}
		s, err := c.stand(ctx, tx, actor, id, true)
		if err != nil {
			return err
		}
		rel := s.relation(actor)
		// In the hours after the end an ESP may still see that something was wrong; and a person may still need help.
		rel.Participant = rel.Participant || rel.WithinDayOfEnd || rel.Own
		if err := account.Can(actor, account.EscalationRaise, rel); err != nil {
			return err
		}
		if actor.IsPeer() && !rel.Participant {
			return ErrNotFound // the matrix lets an ESP raise; which rooms there are is not theirs to learn
		}
		if r, err = c.whereabouts(ctx, tx, s.room); err != nil {
			return err
		}
		if r.state == Ended && actor.IsPerson() {
			if r, err = c.waitForHelp(ctx, tx, actor, r); err != nil {
				return err
			}
		}
		raised, err = c.moderation.Raise(ctx, tx, moderation.Raise{
			Service: r.service, Subject: subject(r.id), Cause: moderation.Cause{Kind: cause, Ref: ref},
			Level: level, Category: triage.CategoryNone, Person: r.person, ESP: r.esp, By: actor,
		})
		if err != nil {
			return fmt.Errorf("chat: raise: %w", err)
		}
		if r.state == Waiting {
			if err := updatePlaceAtLeast(ctx, tx, r.id, level, raised.ID); err != nil {
				return err
			}
		}
		return audit.Append(ctx, tx, entry(actor, account.EscalationRaise, id, level.String()))
	})
	if err != nil {
		return err
	}
	raised.Announce()
	c.tellRoom(ctx, r)
	if r.state == Waiting {
		c.tell(bus.Place, r.person)
		c.Match(ctx, r.service)
	}
	return nil
}

// whereabouts is where the person of a room can be found: in that room, or, once it has ended, where they wait or talk now, if anywhere. An alarm is raised there, so that who
// answers for it can reach them. The caller has locked the room and its place.
func (c *Chat) whereabouts(ctx context.Context, tx pgx.Tx, r room) (room, error) {
	if r.state != Ended {
		return r, nil
	}
	p, err := lockPlaceOfPerson(ctx, tx, r.service, r.person)
	if err != nil || p.room.IsZero() {
		return r, err
	}
	return selectRoom(ctx, tx, r.service, p.room)
}

// waitForHelp gives the person of a conversation that has ended a new place, so that a tutor can meet them; the old room where they may not begin to wait again.
func (c *Chat) waitForHelp(ctx context.Context, tx pgx.Tx, actor account.Actor, old room) (room, error) {
	switch err := mayEnterAgain(ctx, tx, actor); errs.KindOf(err) {
	case errs.Conflict, errs.TooMany, errs.Forbidden:
		return old, nil // what they ask for is raised all the same
	default:
		if err != nil {
			return room{}, err
		}
	}
	_, next, err := c.placeAgain(ctx, tx, old, danger{}, false)
	return next.room, err
}

// JoinVisibly brings a tutor into a conversation because of an escalation routed to them: the room is told first, then the
// greeting stands there as their first message. A person who still waits is met by the tutor. Joining twice changes nothing.
func (c *Chat) JoinVisibly(ctx context.Context, actor account.Actor, id RoomID, greeting string) error {
	text, err := cleanField("greeting", greeting)
	if err != nil {
		return err
	}
	var posted []outcome
	var r room
	var esp account.ID
	err = pg.InTx(ctx, c.pool, func(ctx context.Context, tx pgx.Tx) error {
		posted, esp = nil, account.ID{}
		if err := lockPlaceOf(ctx, tx, actor.Service, id); err != nil {
			return err
		}
		s, err := c.stand(ctx, tx, actor, id, true)
		if err != nil {
			return err
		}
		if err := account.Can(actor, account.ConversationJoinVisibly, s.relation(actor)); err != nil {
			return err
		}
		if r = s.room; r.state == Ended {
			return ErrEnded
		}
		if s.here {
			return nil
		}
		if r.state == Waiting {
			if esp, err = c.meetWaiting(ctx, tx, r); err != nil {
				return err
			}
		}
		number, err := insertParticipant(ctx, tx, r, actor.ID, "tutor")
		if err != nil {
			return err
		}
		key, err := c.open(id, r.key)
		if err != nil {
			return err
		}
		for _, m := range []Message{{From: number, CID: newCID(), Kind: Joined}, {From: number, CID: newCID(), Kind: Text, Text: text}} {
			out, err := c.append(ctx, tx, &r, actor, key, m, c.read(actor, m.Text))
			if err != nil {
				return err
			}
			posted = append(posted, out)
		}
		return audit.Append(ctx, tx, entry(actor, account.ConversationJoinVisibly, id, ""))
	})
	if err != nil {
		return err
	}
	for _, out := range posted {
		c.publish(id, out.key, out.message)
	}
	c.tellRoom(ctx, r)
	c.tell(bus.Place, r.person)
	c.tell(bus.Desk, esp)
	return nil
}

// meetWaiting begins the conversation of a person nobody has met yet, and says which ESP loses an offer.
func (c *Chat) meetWaiting(ctx context.Context, tx pgx.Tx, r room) (account.ID, error) {
	p, err := selectPlaceOfRoom(ctx, tx, r.id)
	if err != nil {
		return account.ID{}, err
	}
	if err := updatePlaceInSession(ctx, tx, p.id); err != nil {
		return account.ID{}, err
	}
	esp, err := updateOfferWithdrawn(ctx, tx, p.id)
	if err != nil {
		return account.ID{}, err
	}
	return esp, c.begin(ctx, tx, r.service, r.id)
}
