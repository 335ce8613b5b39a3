package chat

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/audit"
	"ponti/internal/bus"
	"ponti/internal/pg"
	"ponti/moderation/triage"
)

// Offer is a waiting person proposed to one ESP.
type Offer struct {
	ID           OfferID
	Alias        string
	Topic        string
	Feeling      *int
	Level        triage.Level
	WaitedSince  time.Time
	ExpiresAt    time.Time
	Again        bool          // they were talking, and lost their ESP
	Familiar     bool          // they talked with this ESP the last time, and would like to again
	ExpiresAfter time.Duration // what is left by the database's clock; a device's own clock may be wrong
}

// Desk is what an ESP sees: never the list of who waits.
type Desk struct {
	Offer   *Offer
	Rooms   []RoomSummary
	Waiting int // how many wait, this offer included
	// PausedSince is when a pause after a hard conversation began; nil when there is none.
	PausedSince *time.Time
}

// Desk is for ESPs.
func (c *Chat) Desk(ctx context.Context, actor account.Actor) (Desk, error) {
	if err := mayHold(actor, true); err != nil {
		return Desk{}, err
	}
	var d Desk
	o, person, r, err := selectOpenOffer(ctx, c.pool, actor)
	switch {
	case isNotFound(err):
	case err != nil:
		return Desk{}, pg.Classify(err)
	default:
		if o.Topic, err = c.topic(r); err != nil {
			return Desk{}, err
		}
		names, err := c.names(ctx, c.pool, []participantRow{{account: person}})
		if err != nil {
			return Desk{}, pg.Classify(err)
		}
		o.Alias = names[person].Alias
		d.Offer = &o
	}
	if d.Rooms, err = c.RoomsOf(ctx, actor); err != nil {
		return Desk{}, err
	}
	if d.PausedSince, err = selectPause(ctx, c.pool, actor.ID); err != nil {
		return Desk{}, pg.Classify(err)
	}
	d.Waiting, err = selectWaitingCount(ctx, c.pool, actor.Service)
	return d, pg.Classify(err)
}

func mayHold(actor account.Actor, onShift bool) error {
	if !actor.IsPeer() {
		return account.ErrForbidden // a tutor joins, visibly
	}
	return account.Can(actor, account.ConversationAcceptTheNextOne, account.Relation{OnShift: onShift})
}

// AcceptOffer begins the conversation. Exactly one answer to an offer counts; ErrTaken when it was answered, withdrawn, has
// expired or was never this actor's, ErrBusy when they hold as many conversations as they may, ErrUncovered while no tutor is on call, unless the person lost a conversation.
func (c *Chat) AcceptOffer(ctx context.Context, actor account.Actor, id OfferID) (RoomID, error) {
	duty, err := c.onShift(ctx, actor)
	if err != nil {
		return RoomID{}, err
	}
	if err := mayHold(actor, duty); err != nil {
		return RoomID{}, err
	}
	var p placeRow
	err = pg.InTx(ctx, c.pool, func(ctx context.Context, tx pgx.Tx) error {
		if p, err = lockPlaceOfOffer(ctx, tx, actor, id); isNotFound(err) {
			return ErrTaken
		} else if err != nil {
			return err
		}
		if err := c.mayBegin(ctx, tx, p, actor); err != nil {
			return err
		}
		if err := updateOfferAnswered(ctx, tx, actor, id, "accepted"); err != nil {
			return err
		}
		if err := c.start(ctx, tx, p, actor); err != nil {
			return err
		}
		return audit.Append(ctx, tx, entry(actor, account.ConversationAcceptTheNextOne, p.room, ""))
	})
	if err != nil {
		return RoomID{}, err
	}
	c.tell(bus.Place, p.person)
	c.tell(bus.Rooms, p.person, actor.ID)
	c.tell(bus.Desk, actor.ID)
	c.Match(ctx, actor.Service)
	return p.room, nil
}

// mayBegin: with a tutor behind it, unless the person was in a conversation already and lost it; and not by who began a pause since the offer.
func (c *Chat) mayBegin(ctx context.Context, tx pgx.Tx, p placeRow, esp account.Actor) error {
	if pause, err := selectPause(ctx, tx, esp.ID); err != nil {
		return err
	} else if pause != nil {
		return ErrTaken
	}
	if p.again {
		return nil
	}
	behind, err := c.Covered(ctx, tx, p.service)
	if err == nil && !behind {
		err = ErrUncovered
	}
	return err
}

func (c *Chat) onShift(ctx context.Context, actor account.Actor) (bool, error) {
	if !actor.IsPeer() {
		return false, nil
	}
	duty, err := c.roster.Current(ctx, actor)
	if err != nil {
		return false, fmt.Errorf("chat: duty: %w", err)
	}
	return duty.On, nil
}

// start opens the room of a place whose row the caller has locked, with its first helper.
func (c *Chat) start(ctx context.Context, tx pgx.Tx, p placeRow, helper account.Actor) error {
	if err := updatePlaceInSession(ctx, tx, p.id); err != nil {
		return err
	}
	if err := c.begin(ctx, tx, p.service, p.room); err != nil {
		return err
	}
	_, err := insertParticipant(ctx, tx, room{id: p.room, service: p.service}, helper.ID, partOf(helper))
	return err
}

// PassOffer lets the person go to somebody else, without a reason; they keep their place. ErrTaken as AcceptOffer.
func (c *Chat) PassOffer(ctx context.Context, actor account.Actor, id OfferID) error {
	if err := mayHold(actor, true); err != nil {
		return err
	}
	err := pg.InTx(ctx, c.pool, func(ctx context.Context, tx pgx.Tx) error {
		p, err := lockPlaceOfOffer(ctx, tx, actor, id)
		if isNotFound(err) {
			return ErrTaken
		}
		if err != nil {
			return err
		}
		if err := updateOfferAnswered(ctx, tx, actor, id, "passed"); err != nil {
			return err
		}
		return updatePlaceWaiting(ctx, tx, p.id)
	})
	if err != nil {
		return err
	}
	c.tell(bus.Desk, actor.ID)
	c.Match(ctx, actor.Service)
	return nil
}
