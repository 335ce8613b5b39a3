package moderation

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/audit"
	"ponti/internal/errs"
	"ponti/internal/pg"
	"ponti/roster"
)

// ErrNotHere says that whom an escalation is to be handed to is no tutor on call.
var ErrNotHere = errs.New(errs.Invalid, "moderation.not_on_call")

// HandOver asks another tutor on call to take an escalation that the actor owns. Its owner stays the actor until the other takes it over, so that it is
// nobody's at no moment; to have asked is to have done something about it. Invalid for who is not on call, ErrNotOwner for somebody else's, ErrClosed.
func (m *Moderation) HandOver(ctx context.Context, actor account.Actor, id EscalationID, to account.ID) error {
	here, err := m.roster.OnCall(ctx, m.pool, actor.Service)
	if err != nil {
		return pg.Classify(err)
	}
	asked := dutyOf(here, to)
	if to == actor.ID {
		asked = nil
	}
	var e row
	err = pg.InTx(ctx, m.pool, func(ctx context.Context, tx pgx.Tx) (err error) {
		if e, err = m.assignedForUpdate(ctx, tx, actor, id); err != nil {
			return err
		}
		switch {
		case e.State == StateClosed:
			return ErrClosed
		case e.Owner != actor.ID || account.Can(actor, account.EscalationReRouteTakeOver, account.Relation{Object: true, Assigned: true}) != nil:
			return ErrNotOwner
		case len(asked) == 0 || to == e.Person:
			return errs.Field("to", ErrNotHere.Key, nil)
		}
		if e, err = updateActed(ctx, tx, e, m.patience(e)); err != nil {
			return err
		}
		if err := insertRoutes(ctx, tx, e, asked); err != nil {
			return err
		}
		if err := insertStep(ctx, tx, e, StepHanded, actor.ID); err != nil {
			return err
		}
		if err := m.insertNotifications(ctx, tx, e, []account.ID{to}); err != nil {
			return err
		}
		return audit.Append(ctx, tx, entry(actor, "escalation.hand_over", "escalation:"+id.String(), "account:"+to.String()))
	})
	if err != nil {
		return err
	}
	m.tell(e, []account.ID{actor.ID, to})
	return nil
}

// dutyOf is a tutor's duty, as it is asked of; empty for who has none.
func dutyOf(here []roster.Duty, tutor account.ID) (asked []roster.Duty) {
	for _, d := range here {
		if d.Account == tutor && d.Role == account.RoleTutor {
			asked = append(asked, d)
		}
	}
	return asked
}

// TakeOver makes a tutor the owner whom the owner asked to. Whoever had it sees it no more. ErrTaken when another was first, ErrClosed when it is over;
// again by its owner is no error. One that has gone back to everybody is acknowledged by it.
func (m *Moderation) TakeOver(ctx context.Context, actor account.Actor, id EscalationID) error {
	if err := m.roster.Heartbeat(ctx, roster.Beat{Account: actor.ID}); err != nil {
		return err
	}
	var e row
	var others []account.ID
	back := false
	err := pg.InTx(ctx, m.pool, func(ctx context.Context, tx pgx.Tx) (err error) {
		others, back = nil, false
		if e, err = m.assignedForUpdate(ctx, tx, actor, id); err != nil {
			return err
		}
		if back = e.State == StateRaised || e.State == StateOffered; back {
			return nil
		}
		if err := account.Can(actor, account.EscalationReRouteTakeOver, account.Relation{Object: true, Assigned: true}); err != nil {
			return err
		}
		if e.State != StateAcknowledged || e.Owner == actor.ID {
			return refusal(ctx, tx, actor, id)
		}
		if e, err = updateTakenOver(ctx, tx, e, actor.ID, m.patience(e)); err != nil {
			return err
		}
		if others, err = updateRoutesEnded(ctx, tx, id, actor.ID); err != nil {
			return err
		}
		if err := insertStep(ctx, tx, e, StepTakenOver, actor.ID); err != nil {
			return err
		}
		return audit.Append(ctx, tx, entry(actor, "escalation.take_over", "escalation:"+id.String(), ""))
	})
	if err != nil {
		return err
	}
	if back {
		return m.Acknowledge(ctx, actor, id)
	}
	m.tell(e, append(others, actor.ID))
	return nil
}

// assignedForUpdate is assigned, of a row that nobody changes until the transaction ends: in a lively conversation causes come all the time.
func (m *Moderation) assignedForUpdate(ctx context.Context, tx pgx.Tx, actor account.Actor, id EscalationID) (row, error) {
	if _, err := lockNewestCause(ctx, tx, id); err != nil {
		return row{}, err
	}
	return m.assigned(ctx, tx, actor, id)
}

// TakenSince tells whether somebody else than an account owns the open escalation of a subject, and has for no longer than a time.
func (m *Moderation) TakenSince(ctx context.Context, q pg.Querier, s Subject, but account.ID, within time.Duration) (bool, error) {
	return selectTakenSince(ctx, q, s.grouped(), but, within)
}
