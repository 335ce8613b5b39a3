package chat

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/bus"
	"ponti/internal/errs"
	"ponti/internal/pg"
	"ponti/moderation"
	"ponti/moderation/triage"
)

// PlaceState is where a person is on the way to a conversation.
type PlaceState string

// The states of a place. It is in exactly one of them.
const (
	PlaceWaiting   PlaceState = "waiting"
	PlaceOffered   PlaceState = "offered"
	PlaceInSession PlaceState = "in_session"
	PlaceEnded     PlaceState = "ended"
)

// Why a place ended.
const (
	endLeft   = "left"
	endUnseen = "unseen"
	endAway   = "away"
	endTalked = "talked"
	endLost   = "lost"
)

// Entry is what a person says when they begin to wait. All of it may be left out.
type Entry struct {
	Topic    string
	Feeling  *int // 0, as bad as it gets, to 10
	Familiar bool // they would like to talk with the ESP of the last time (Familiar), if that one is free
}

// PlaceView is a person's place as they see it.
type PlaceView struct {
	ID        PlaceID
	State     PlaceState
	Position  int // 1 is next; 0 when not waiting
	Topic     string
	Feeling   *int
	Room      RoomID
	Since     time.Time
	Away      bool  // they do something else: nobody is offered them until they step back
	Told      bool  // and it is their turn
	Wakes     bool  // and a browser of theirs is woken then
	Unseen    bool  // ended because nobody looked at it for 5 minutes
	Late      bool  // ended because they were away and did not come back in time
	Again     bool  // their ESP was lost in mid-conversation, and they are to be met by another
	Card      *Card // of the ESP before
	Called    bool  // and as nobody was free within a minute, tutors were called for them
	Care      moderation.Care
	Level     triage.Level
	Opening   bool          // an ESP and a tutor are there now
	UsualFrom time.Duration // with UsualTo: what half of the people waited lately at most, and four in five; both 0 when too few did to say
	UsualTo   time.Duration
}

// errHasPlace ends the transaction of a second entry.
var errHasPlace = errors.New("chat: has an open place")

// EnterWaiting gives a person a place and a room of their own. Who has a place already keeps it, topic and all.
// ErrClosed while Ponti is closed; Invalid for a topic too long or a feeling beyond 0 to 10; TooMany, with "Seconds" to wait, for who
// came in over and over: each time could alert a tutor anew, and others need those tutors.
func (c *Chat) EnterWaiting(ctx context.Context, actor account.Actor, in Entry) (PlaceView, error) {
	if err := account.Can(actor, account.ConversationAskForOne, account.Relation{}); err != nil {
		return PlaceView{}, err
	}
	topic, err := c.checkEntry(in)
	if err != nil {
		return PlaceView{}, err
	}
	open, err := c.roster.Opening(ctx, actor.Service)
	if err != nil {
		return PlaceView{}, fmt.Errorf("chat: opening: %w", err)
	}
	if !open.Open {
		return PlaceView{}, ErrClosed
	}
	key, wrapped, keyID, err := c.keyring.NewKey()
	if err != nil {
		return PlaceView{}, fmt.Errorf("chat: new key: %w", err)
	}
	id, placeID := newRoomID(), newPlaceID()
	verdict := c.read(actor, topic)
	announce := func() {}
	err = pg.InTx(ctx, c.pool, func(ctx context.Context, tx pgx.Tx) error {
		announce = func() {}
		if err := mayEnterAgain(ctx, tx, actor); err != nil {
			return err
		}
		r := room{id: id, service: actor.Service, person: actor.ID, feelBefore: in.Feeling, key: sealedKey{id: keyID, wrapped: wrapped}}
		r.topic = key.Seal([]byte(topic), topicAAD(id, keyID))
		if err := insertRoom(ctx, tx, r); err != nil {
			return err
		}
		if _, err := insertParticipant(ctx, tx, r, actor.ID, "person"); err != nil {
			return err
		}
		p := placeRow{id: placeID, service: actor.Service, room: id, person: actor.ID, level: verdict.Level, feeling: in.Feeling}
		if in.Familiar {
			var err error
			if p.prefers, _, err = c.familiar(ctx, tx, actor); err != nil {
				return err
			}
		}
		if verdict.Level > triage.None {
			raised, err := c.raiseWaiting(ctx, tx, p, verdict)
			if err != nil {
				return err
			}
			p.escalation, announce = raised.ID, raised.Announce
		}
		return insertPlace(ctx, tx, p)
	})
	switch {
	case errors.Is(err, errHasPlace):
		return c.Place(ctx, actor)
	case err != nil:
		return PlaceView{}, err
	}
	announce()
	c.moderation.Consider(raiseOfPlace(placeRow{id: placeID, service: actor.Service, room: id, person: actor.ID}, triage.Verdict{Level: verdict.Level}), topic)
	c.Match(ctx, actor.Service)
	return c.Place(ctx, actor)
}

func mayEnterAgain(ctx context.Context, tx pgx.Tx, actor account.Actor) error {
	if until, err := selectBlockedUntil(ctx, tx, actor); err != nil {
		return err
	} else if !until.IsZero() {
		return ErrBlocked
	}
	entries, free, err := selectEntries(ctx, tx, actor)
	if err != nil || entries < maxEntries {
		return err
	}
	return &errs.Error{Kind: errs.TooMany, Key: "chat.too_many_entries", Params: map[string]any{"Seconds": int(math.Ceil(free.Seconds()))}}
}

func (c *Chat) checkEntry(in Entry) (topic string, err error) {
	var mistakes errs.Fields
	topic, err = clean("topic", in.Topic, MaxTopic)
	if e, ok := errors.AsType[*errs.Error](err); ok {
		mistakes = append(mistakes, e)
	}
	if in.Feeling != nil {
		if e, ok := errors.AsType[*errs.Error](checkFeeling(*in.Feeling)); ok {
			mistakes = append(mistakes, e)
		}
	}
	return topic, mistakes.Err()
}

func (c *Chat) raiseWaiting(ctx context.Context, tx pgx.Tx, p placeRow, v triage.Verdict) (moderation.Raised, error) {
	raised, err := c.moderation.Raise(ctx, tx, raiseOfPlace(p, v))
	if err != nil {
		return raised, fmt.Errorf("chat: raise: %w", err)
	}
	return raised, nil
}

// raiseOfPlace is what a topic raises that is read like this.
func raiseOfPlace(p placeRow, v triage.Verdict) moderation.Raise {
	return moderation.Raise{
		Service: p.service, Subject: subject(p.room), Level: v.Level, Category: v.Category, Rules: v.Rules(),
		Cause: moderation.Cause{Kind: moderation.CauseWaiting, Ref: p.id.String()}, Person: p.person,
	}
}

// Place is the actor's open place, or how the last one ended. Looking keeps the place for another 5 minutes. ErrNoPlace when
// the actor never had one.
func (c *Chat) Place(ctx context.Context, actor account.Actor) (PlaceView, error) {
	if err := account.Can(actor, account.ConversationAskForOne, account.Relation{}); err != nil {
		return PlaceView{}, err
	}
	if err := updatePlaceSeen(ctx, c.pool, actor); err != nil {
		return PlaceView{}, pg.Classify(err)
	}
	p, r, err := selectPlaceOf(ctx, c.pool, actor)
	if isNotFound(err) {
		return PlaceView{}, ErrNoPlace
	}
	if err != nil {
		return PlaceView{}, pg.Classify(err)
	}
	v := PlaceView{ID: p.id, State: p.state, Room: p.room, Since: p.createdAt, Feeling: p.feeling, Unseen: p.endReason == endUnseen, Late: p.endReason == endAway,
		Away: p.away, Told: p.told, Wakes: p.wakes, Again: p.again, Called: p.called}
	if v.Topic, err = c.topic(r); err != nil {
		return PlaceView{}, err
	}
	if p.state == PlaceEnded {
		return v, nil
	}
	if p.again {
		if v.Card, err = c.cardOf(ctx, c.pool, r, actor); err != nil {
			return PlaceView{}, pg.Classify(err)
		}
	}
	if p.state == PlaceInSession {
		return v, nil
	}
	if v.Position, err = selectPosition(ctx, c.pool, p); err != nil {
		return PlaceView{}, pg.Classify(err)
	}
	if v.Care, v.Level, err = c.moderation.CareFor(ctx, c.pool, subject(p.room)); err != nil {
		return PlaceView{}, pg.Classify(err)
	}
	if v.UsualFrom, v.UsualTo, err = c.UsualWait(ctx, actor.Service); err != nil {
		return PlaceView{}, err
	}
	open, err := c.roster.Opening(ctx, actor.Service)
	v.Opening = open.Covered
	return v, pg.Classify(err)
}

// KeepPlace notes that the person is still there, as Place does; their socket calls it. It does nothing for others.
func (c *Chat) KeepPlace(ctx context.Context, actor account.Actor) error {
	if !actor.IsPerson() {
		return nil
	}
	return pg.Classify(updatePlaceSeen(ctx, c.pool, actor))
}

// LeaveWaiting gives the place up. ErrNoPlace when there is none, ErrInSession when the conversation has begun: that one is ended, not left.
func (c *Chat) LeaveWaiting(ctx context.Context, actor account.Actor) error {
	if err := account.Can(actor, account.ConversationAskForOne, account.Relation{}); err != nil {
		return err
	}
	var esp account.ID
	err := pg.InTx(ctx, c.pool, func(ctx context.Context, tx pgx.Tx) error {
		p, err := lockOpenPlace(ctx, tx, actor)
		if err != nil {
			return err
		}
		if p.state == PlaceInSession {
			return ErrInSession
		}
		esp, err = c.endPlace(ctx, tx, p, endLeft)
		return err
	})
	if err != nil {
		return err
	}
	c.tell(bus.Place, actor.ID)
	c.tell(bus.Desk, esp)
	c.Match(ctx, actor.Service)
	return nil
}

// endPlace ends a place whose person was not met, whose row the caller has locked, and says which ESP loses an offer.
func (c *Chat) endPlace(ctx context.Context, tx pgx.Tx, p placeRow, reason string) (account.ID, error) {
	if err := updatePlaceEnded(ctx, tx, p.room, reason); err != nil {
		return account.ID{}, err
	}
	esp, err := updateOfferWithdrawn(ctx, tx, p.id)
	if err != nil {
		return account.ID{}, err
	}
	return esp, updateRoomEnded(ctx, tx, p.room, 0)
}

// UsualWait is what the latest 200 people of the last 30 days waited: half of them at most from, four in five at most to. Zeros
// when fewer than twenty did: too few to promise anything.
func (c *Chat) UsualWait(ctx context.Context, service account.ServiceID) (from, to time.Duration, err error) {
	from, to, err = selectUsualWait(ctx, c.pool, service, nil)
	return from, to, pg.Classify(err)
}
