package chat

import (
	"context"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/audit"
	"ponti/internal/bus"
	"ponti/internal/pg"
	"ponti/internal/seal"
)

// StepOut lets an ESP go who cannot go on. Their person is told so and comes before all others of their level, unless a tutor is there, who goes on with
// them; an alarm goes with them. The ESP reads the conversation no more, and is offered nobody before they say that they are ready. A card, which may be empty, is left for who comes
// next, if the person wants that. errs.Fields for one that is longer than MaxCard, ErrNotFound for whom does not hold it, ErrNotStarted, ErrEnded.
func (c *Chat) StepOut(ctx context.Context, actor account.Actor, id RoomID, card string) error {
	if !actor.IsPeer() {
		return account.ErrForbidden // a tutor leaves by closing the escalation
	}
	card, err := clean("card", card, MaxCard)
	if err != nil {
		return err
	}
	var r room
	var gone departure
	err = pg.InTx(ctx, c.pool, func(ctx context.Context, tx pgx.Tx) error {
		gone = departure{}
		if err := lockPlaceOf(ctx, tx, actor.Service, id); err != nil { // a place is always locked before its room
			return err
		}
		s, err := c.stand(ctx, tx, actor, id, true)
		if err != nil {
			return err
		}
		if err := s.mayPost(actor); err != nil {
			return err
		}
		if err := account.Can(actor, account.ConversationHandOver, s.relation(actor)); err != nil {
			return err
		}
		r = s.room
		danger, err := c.dangerIn(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := insertPause(ctx, tx, id); err != nil {
			return err
		}
		if gone, err = c.depart(ctx, tx, &r, actor, "esp", s.number, SteppedOut, danger); err != nil {
			return err
		}
		if card != "" && gone.next.key != nil {
			if err := leaveCard(ctx, tx, actor, id, gone.next.room, gone.next.key, card); err != nil {
				return err
			}
		}
		return audit.Append(ctx, tx, entry(actor, account.ConversationHandOver, id, ""))
	})
	if err != nil {
		return pg.Classify(err)
	}
	c.departed(ctx, r, gone)
	c.tell(bus.Desk, actor.ID)
	return nil
}

// departure is what the going of one who took part leaves to do after commit.
type departure struct {
	outcome
	announce func()           // of a danger that went with the person
	next     nextConversation // that they wait for; zero: they wait for none
}

// nextConversation is one that goes on where another ended.
type nextConversation struct {
	room room
	key  *seal.Key
}

// depart ends somebody's part in an open conversation that the other side did not end: lost, or stepping out. With a helper the conversation ends,
// unless a tutor is there to go on, and its person gets a place before all others of their level. The caller has locked its place and its room.
func (c *Chat) depart(ctx context.Context, tx pgx.Tx, r *room, who account.Actor, part string, number int16, kind Kind, d danger) (departure, error) {
	gone := departure{announce: func() {}}
	key, err := c.open(r.id, r.key)
	if err != nil {
		return gone, err
	}
	if gone.outcome, err = c.append(ctx, tx, r, who, key, Message{From: number, CID: newCID(), Kind: kind}, c.read(who, "")); err != nil {
		return gone, err
	}
	if err := c.pauseAfterCrisis(ctx, tx, *r); err != nil {
		return gone, err
	}
	personHere := false
	if part != "person" {
		if tutor, err := selectTutorIsHere(ctx, tx, r.id, who.ID); err != nil {
			return gone, err
		} else if tutor {
			return gone, updateParticipantLeft(ctx, tx, r.id, who.ID)
		}
		if personHere, err = selectPersonIsHere(ctx, tx, r.id); err != nil {
			return gone, err
		}
	}
	if err := updateRoomLost(ctx, tx, r.id, number, kind == SteppedOut); err != nil {
		return gone, err
	}
	if err := updatePlaceEnded(ctx, tx, r.id, endLost); err != nil || !personHere {
		return gone, err
	}
	gone.announce, gone.next, err = c.placeAgain(ctx, tx, *r, d, true)
	return gone, err
}

// departed tells everybody, after commit.
func (c *Chat) departed(ctx context.Context, r room, gone departure) {
	c.publish(r.id, gone.key, gone.message)
	gone.announce()
	c.tellRoom(ctx, r)
	c.tell(bus.Place, r.person)
	c.Match(ctx, r.service)
}
