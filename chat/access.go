package chat

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/audit"
	"ponti/internal/errs"
	"ponti/internal/pg"
	"ponti/moderation"
	"ponti/moderation/triage"
)

// State of a room.
type State string

// The states of a room, in their order.
const (
	Waiting State = "waiting"
	Open    State = "open"
	Ended   State = "ended"
)

// standing is what one account is to one room, and the room as it is now: the facts every decision rests on.
type standing struct {
	room      room
	number    int16 // 0: never took part
	here      bool  // takes part now
	withinDay bool  // the end is less than 24 h ago
	routed    bool  // they answer for a danger in this room (answersFor); asked for tutors only
	opened    bool  // they opened it within the hour, and that is audited
}

// stand looks up what the actor is to a room; lock takes the room's row lock first. Rooms of other services do not exist here.
func (c *Chat) stand(ctx context.Context, q pg.Querier, actor account.Actor, id RoomID, lock bool) (standing, error) {
	s, err := selectStanding(ctx, q, actor.Service, id, actor.ID, lock)
	if err != nil {
		return standing{}, err
	}
	if actor.Is(account.RoleTutor) {
		if s.routed, err = c.answersFor(ctx, q, id, actor.ID, s.here); err != nil {
			return standing{}, err
		}
	}
	return s, nil
}

// answersFor tells whether a tutor answers for a danger in a room: an open escalation of it is routed to them, or they are in the room, alone with its person, and the ladder
// asks others because they did nothing for too long. They may have been listening: nobody is left alone before somebody else has it.
func (c *Chat) answersFor(ctx context.Context, q pg.Querier, id RoomID, tutor account.ID, here bool) (bool, error) {
	routed, err := c.moderation.Routed(ctx, q, subject(id), tutor)
	if err != nil {
		return false, fmt.Errorf("chat: routed: %w", err)
	}
	if routed || !here {
		return routed, nil
	}
	level, err := c.moderation.Unowned(ctx, q, subject(id))
	if err != nil {
		return false, fmt.Errorf("chat: unowned: %w", err)
	}
	if level < triage.Red {
		return false, nil
	}
	others, err := selectOtherHelpers(ctx, q, id, tutor)
	return !others, err
}

// relation turns facts into what the policy asks. A tutor is never in a room by having joined alone: when their escalation
// closes, so does the door.
func (s standing) relation(actor account.Actor) account.Relation {
	tutor := actor.Is(account.RoleTutor)
	return account.Relation{
		Object:         true,
		Own:            s.room.person == actor.ID,
		Participant:    s.here && (!tutor || s.routed),
		Assigned:       s.routed,
		BrokeGlass:     s.routed,
		WithinDayOfEnd: !tutor && s.number > 0 && s.withinDay,
	}
}

// mayRead decides whether the actor may read the content of the room.
func (s standing) mayRead(actor account.Actor) error {
	if s.room.state == Ended {
		return account.Can(actor, account.ConversationReadAfterItIsClosed, s.relation(actor))
	}
	return account.Can(actor, account.ConversationReadContent, s.relation(actor))
}

// reading runs f, which reads content, with the right to do so. A tutor's reading is audited and committed before f sees anything.
func (c *Chat) reading(ctx context.Context, actor account.Actor, id RoomID, f func(ctx context.Context, s standing) error) error {
	s, err := c.stand(ctx, c.pool, actor, id, false)
	if err != nil {
		return pg.Classify(err)
	}
	if err := s.mayRead(actor); err != nil {
		return err
	}
	if actor.Is(account.RoleTutor) && !s.opened {
		if err := c.openForTutor(ctx, actor, id); err != nil {
			return err
		}
	}
	return pg.Classify(f(ctx, s))
}

// openForTutor writes the audit row of a break-glass reading, and the row by which the person can see it.
func (c *Chat) openForTutor(ctx context.Context, actor account.Actor, id RoomID) error {
	return pg.InTx(ctx, c.pool, func(ctx context.Context, tx pgx.Tx) error { return c.noteOpening(ctx, tx, actor, id) })
}

// noteOpening is openForTutor in the caller's transaction.
func (c *Chat) noteOpening(ctx context.Context, q pg.Querier, actor account.Actor, id RoomID) error {
	// The right is checked again under the lock: the escalation may just have been closed.
	s, err := c.stand(ctx, q, actor, id, true)
	if err != nil {
		return err
	}
	if err := s.mayRead(actor); err != nil {
		return err
	}
	if s.opened {
		return nil
	}
	if err := insertOpening(ctx, q, actor, id); err != nil {
		return err
	}
	return audit.Append(ctx, q, entry(actor, account.BreakGlassOpenAConversation, id, "escalation"))
}

func subject(id RoomID) moderation.Subject {
	return moderation.Subject{Kind: moderation.SubjectRoom, ID: id.String()}
}

func entry(actor account.Actor, act account.Action, id RoomID, reason string) audit.Entry {
	return audit.Entry{Service: actor.Service, Actor: actor.ID, Role: string(actor.Role), Action: string(act), Object: "room:" + id.String(), Reason: reason}
}

// partOf is the part an actor plays in a room.
func partOf(actor account.Actor) string {
	switch {
	case actor.IsPerson():
		return "person"
	case actor.IsPeer():
		return "esp"
	}
	return "tutor"
}

// isNotFound is true of an error that says an object does not exist for the asker.
func isNotFound(err error) bool { return errs.KindOf(err) == errs.NotFound }
