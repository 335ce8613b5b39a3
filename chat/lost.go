package chat

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/audit"
	"ponti/internal/pg"
	"ponti/moderation"
	"ponti/moderation/triage"
)

// How long somebody in a conversation may be silent, by the database's clock. Their pages give signs of life each 15 s.
const (
	espSilentFor    = time.Minute      // then the person is offered another ESP (RELIABILITY F33); a tutor who is alone with them, too
	personSilentFor = 10 * time.Minute // then the conversation is over
	watchGap        = 5 * time.Second  // longer without an instance, and all get a minute to come back
)

// lostRule names itself in an escalation that goes with a person to their next conversation.
const lostRule = "lost"

// Sign is a sign of life: of whom, and how long ago it came.
type Sign struct {
	Account account.ID
	Ago     time.Duration
}

// StillHere notes signs of life of those who take part in a conversation; of others it notes nothing. It is for the instances
// themselves: whoever has a session and a line to one gives signs.
func (c *Chat) StillHere(ctx context.Context, signs ...Sign) error {
	if len(signs) == 0 {
		return nil
	}
	return pg.Classify(updateSeen(ctx, c.pool, signs))
}

// silent is somebody in an open conversation who was not heard of for too long.
type silent struct {
	room    RoomID
	service account.ServiceID
	who     account.ID
	part    string
}

func (s silent) actor() account.Actor {
	a := account.Actor{ID: s.who, Service: s.service, Role: account.RoleGuest} // a part is all that is known of them, and enough
	if s.part != "person" {
		a.Role = account.RoleESP // of a tutor, too: that they were lost is nothing that they did about a danger
	}
	return a
}

// dropSilent ends the part of those who were not heard of for too long.
func (c *Chat) dropSilent(ctx context.Context) error {
	if err := updateWatch(ctx, c.pool); err != nil {
		return err
	}
	list, err := selectSilent(ctx, c.pool)
	if err != nil {
		return err
	}
	var faults []error // one faulty room keeps nobody else from being offered another ESP
	for _, s := range list {
		faults = append(faults, c.drop(ctx, s))
	}
	return errors.Join(faults...)
}

// drop ends the part of one who fell silent, unless they were heard of meanwhile; nothing is left to take back for who returns.
// With a person it ends the conversation too, but never while somebody answers for a danger to them: then the ESP waits.
func (c *Chat) drop(ctx context.Context, who silent) error {
	var gone departure
	var r room
	err := pg.InTx(ctx, c.pool, func(ctx context.Context, tx pgx.Tx) error {
		gone = departure{}
		if err := lockPlaceOf(ctx, tx, who.service, who.room); err != nil { // a place is always locked before its room
			return err
		}
		s, err := c.stand(ctx, tx, who.actor(), who.room, true)
		if err != nil {
			return err
		}
		if r = s.room; r.state != Open || !s.here {
			return nil
		}
		if is, err := selectIsSilent(ctx, tx, who); err != nil || !is {
			return err
		}
		danger, err := c.dangerIn(ctx, tx, r.id)
		if err != nil || who.part == "person" && danger.level >= triage.Red {
			return err
		}
		if gone, err = c.depart(ctx, tx, &r, who.actor(), who.part, s.number, Lost, danger); err != nil {
			return err
		}
		return audit.Append(ctx, tx, entry(account.System(r.service), "conversation.drop_silent", r.id, who.part))
	})
	if err != nil || gone.key == nil {
		return err
	}
	c.departed(ctx, r, gone)
	return nil
}

// danger is the open escalation of a room.
type danger struct {
	id    moderation.EscalationID
	level triage.Level
}

func (c *Chat) dangerIn(ctx context.Context, q pg.Querier, id RoomID) (danger, error) {
	var d danger
	var err error
	if d.id, d.level, err = c.moderation.OpenOf(ctx, q, subject(id)); err != nil {
		return d, fmt.Errorf("chat: open escalation: %w", err)
	}
	return d, nil
}

// placeAgain gives the person of a room that is over a new place and room, with what they said when they first came and the
// time they have waited since; lost: because they lost who was with them. What they wrote stays in the old room, which the next ESP cannot read. A danger goes with
// them: who answers for it has to find them where they are now.
func (c *Chat) placeAgain(ctx context.Context, tx pgx.Tx, old room, d danger, lost bool) (announce func(), next nextConversation, err error) {
	topic, err := c.topic(old)
	if err != nil {
		return nil, next, err
	}
	before, err := selectPlaceOfRoom(ctx, tx, old.id)
	if err != nil {
		return nil, next, err
	}
	key, wrapped, keyID, err := c.keyring.NewKey()
	if err != nil {
		return nil, next, fmt.Errorf("chat: new key: %w", err)
	}
	r := room{id: newRoomID(), service: old.service, state: Waiting, person: old.person, feelBefore: old.feelBefore, key: sealedKey{id: keyID, wrapped: wrapped}}
	r.topic = key.Seal([]byte(topic), topicAAD(r.id, keyID))
	if err := insertRoom(ctx, tx, r); err != nil {
		return nil, next, err
	}
	if _, err := insertParticipant(ctx, tx, r, r.person, "person"); err != nil {
		return nil, next, err
	}
	p := placeRow{
		id: newPlaceID(), service: r.service, room: r.id, person: r.person, feeling: before.feeling, createdAt: before.createdAt, again: lost,
		level: d.level, escalation: d.id,
	}
	announce = func() {}
	if d.level > triage.None {
		raised, err := c.raiseWaiting(ctx, tx, p, triage.Verdict{Level: d.level, Category: triage.CategoryNone, Reasons: []triage.Reason{{Rule: lostRule}}})
		if err != nil {
			return nil, next, err
		}
		p.escalation, announce = raised.ID, raised.Announce
	}
	return announce, nextConversation{r, key}, insertPlaceAgain(ctx, tx, p)
}
