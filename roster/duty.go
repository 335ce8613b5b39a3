package roster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/audit"
	"ponti/internal/bus"
	"ponti/internal/errs"
	"ponti/internal/pg"
)

// GoOn puts the actor on shift. A peer needs a named tutor first. ErrAlreadyOn when they are on already.
func (r *Roster) GoOn(ctx context.Context, actor account.Actor) error {
	if err := account.Can(actor, account.ShiftGoOnOff, account.Relation{Own: true}); err != nil {
		return err
	}
	err := pg.InTx(ctx, r.pool, func(ctx context.Context, tx pgx.Tx) error {
		if actor.IsPeer() {
			if _, err := r.accounts.TutorOf(ctx, tx, actor.ID); errs.KindOf(err) == errs.NotFound {
				return ErrNoTutor
			} else if err != nil {
				return fmt.Errorf("roster: tutor of peer: %w", err)
			}
		}
		// A duty that fell silent and was not swept yet must not keep its owner from starting a new one.
		if err := updateSilentDutyOf(ctx, tx, actor.ID); err != nil {
			return err
		}
		if err := insertDuty(ctx, tx, actor); err != nil {
			return err
		}
		return audit.Append(ctx, tx, entry(actor, "shift.go_on", actor.ID.String()))
	})
	if err != nil {
		return err
	}
	r.announce(ctx, actor.Service)
	return nil
}

// GoOff ends the actor's duty now. ErrNotOn when there is none.
func (r *Roster) GoOff(ctx context.Context, actor account.Actor) error {
	if err := account.Can(actor, account.ShiftGoOnOff, account.Relation{Own: true}); err != nil {
		return err
	}
	err := pg.InTx(ctx, r.pool, func(ctx context.Context, tx pgx.Tx) error {
		if err := updateDutyEnded(ctx, tx, actor.ID); err != nil {
			return err
		}
		return audit.Append(ctx, tx, entry(actor, "shift.go_off", actor.ID.String()))
	})
	if err != nil {
		return err
	}
	r.hints.Publish(bus.Account(actor.ID.String()), []byte(bus.Desk))
	r.announce(ctx, actor.Service)
	return nil
}

// Beat is a sign of life of an account.
type Beat struct {
	Account account.ID
	Ago     time.Duration
}

// Heartbeat notes of whom something was heard, in one statement for any number. It does nothing for an account without an open duty, and does not
// revive one that was silent for ten minutes: those hours were not worked. A duty that somebody else works on is left out: note it again.
func (r *Roster) Heartbeat(ctx context.Context, beats ...Beat) error {
	if len(beats) == 0 {
		return nil
	}
	return pg.Classify(updateHeartbeats(ctx, r.pool, beats))
}

// Current is the actor's own duty and next shift.
func (r *Roster) Current(ctx context.Context, actor account.Actor) (Current, error) {
	if err := account.Can(actor, account.ShiftGoOnOff, account.Relation{Own: true}); err != nil {
		return Current{}, err
	}
	var c Current
	since, err := selectOpenDuty(ctx, r.pool, actor.ID)
	switch {
	case err == nil:
		c.On, c.Since = true, since
	case !errors.Is(err, ErrNotOn):
		return Current{}, pg.Classify(err)
	}
	now, own, err := selectShiftsOf(ctx, r.pool, actor.ID)
	if err != nil {
		return Current{}, pg.Classify(err)
	}
	c.Planned = current(own, now)
	return c, nil
}

// OnCall lists who of the service is on shift with a heartbeat younger than a minute, longest on duty first. It is for the
// other domains, which ask inside their own transaction; aliases are left out.
func (r *Roster) OnCall(ctx context.Context, q pg.Querier, service account.ServiceID) ([]Duty, error) {
	all, err := r.Duties(ctx, q, service)
	if err != nil {
		return nil, err
	}
	return onCall(all), nil
}

// Duties is OnCall with those who are on shift and silent for a while.
func (r *Roster) Duties(ctx context.Context, q pg.Querier, service account.ServiceID) ([]Duty, error) {
	return selectOpenDuties(ctx, q, service)
}

func onCall(all []Duty) []Duty {
	var on []Duty
	for _, d := range all {
		if d.OnCall {
			on = append(on, d)
		}
	}
	return on
}

// OnShift lists who is on shift, for staff: with alias and role, on call or silent for a while.
func (r *Roster) OnShift(ctx context.Context, actor account.Actor) ([]Duty, error) {
	if err := account.Can(actor, account.ShiftSeeWhoIsOn, account.Relation{}); err != nil {
		return nil, err
	}
	all, err := selectOpenDuties(ctx, r.pool, actor.Service)
	if err != nil {
		return nil, pg.Classify(err)
	}
	who := make([]account.ID, len(all))
	for i, d := range all {
		who[i] = d.Account
	}
	names, err := r.accounts.Public(ctx, r.pool, who)
	if err != nil {
		return nil, fmt.Errorf("roster: names: %w", err)
	}
	for i := range all {
		all[i].Alias = names[all[i].Account].Alias
	}
	return all, nil
}

// Opening is whether people may enter the service now. Anybody may know it.
func (r *Roster) Opening(ctx context.Context, service account.ServiceID) (Opening, error) {
	on, err := r.OnCall(ctx, r.pool, service)
	if err != nil {
		return Opening{}, pg.Classify(err)
	}
	now, planned, err := selectShiftsAround(ctx, r.pool, service)
	if err != nil {
		return Opening{}, pg.Classify(err)
	}
	talk, err := r.accounts.Conversation(ctx, r.pool, service)
	if err != nil {
		return Opening{}, pg.Classify(err)
	}
	return opening(on, planned, talk, now), nil
}

// announce tells the consoles of the service that who is on has changed. It comes after the commit and may be lost:
// consoles look again by themselves.
func (r *Roster) announce(ctx context.Context, service account.ServiceID) {
	all, err := selectOpenDuties(ctx, r.pool, service)
	if err != nil {
		return
	}
	for _, d := range all {
		r.hints.Publish(bus.Account(d.Account.String()), []byte(bus.Escalations))
	}
}

func entry(actor account.Actor, action, object string) audit.Entry {
	return audit.Entry{Service: actor.Service, Actor: actor.ID, Role: string(actor.Role), Action: action, Object: object}
}
