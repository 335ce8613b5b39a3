package moderation

import (
	"context"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/audit"
	"ponti/internal/pg"
	"ponti/roster"
)

// Told gives an escalation as a tutor may know it who was told of it away from the console, or on a shift that is over, and to whom it is not routed now: that it is there,
// how grave it is, since when, and who has it; nothing of what it is about. It may be open or closed. ErrUnknown for one they were not told of.
func (m *Moderation) Told(ctx context.Context, actor account.Actor, id EscalationID) (Escalation, error) {
	if err := mayBeTold(actor); err != nil {
		return Escalation{}, err
	}
	list, err := selectTold(ctx, m.pool, actor, &id)
	if err != nil {
		return Escalation{}, pg.Classify(err)
	}
	if len(list) == 0 {
		return Escalation{}, ErrUnknown
	}
	told, err := m.told(ctx, list)
	if err != nil {
		return Escalation{}, err
	}
	return told[0], nil
}

// told leaves of escalations what a tutor may know to whom they are not routed.
func (m *Moderation) told(ctx context.Context, list []row) ([]Escalation, error) {
	owners := make([]account.ID, len(list))
	for i, e := range list {
		owners[i] = e.Owner
	}
	names, err := m.accounts.Public(ctx, m.pool, owners)
	if err != nil {
		return nil, err
	}
	out := make([]Escalation, len(list))
	for i, e := range list {
		out[i] = Escalation{ID: e.ID, Level: e.Level, State: e.State, Owner: names[e.Owner].Alias, RaisedAt: e.RaisedAt, AcknowledgedAt: e.AcknowledgedAt, DueAt: e.DueAt, Now: e.Now}
	}
	return out, nil
}

// Answer routes an escalation to a tutor who was told of it and has come on shift for it, at once and whatever rung it is on. Where somebody has it already, or it is over,
// it does nothing: Told says so. roster.ErrNotOn for who is not on shift, ErrUnknown for what they were not told of.
func (m *Moderation) Answer(ctx context.Context, actor account.Actor, id EscalationID) error {
	if err := mayBeTold(actor); err != nil {
		return err
	}
	if err := m.roster.Heartbeat(ctx, roster.Beat{Account: actor.ID}); err != nil {
		return err
	}
	here, err := m.roster.OnCall(ctx, m.pool, actor.Service)
	if err != nil {
		return pg.Classify(err)
	}
	asked := dutyOf(here, actor.ID)
	var e row
	routed := false
	err = pg.InTx(ctx, m.pool, func(ctx context.Context, tx pgx.Tx) error {
		routed = false
		if _, err := lockNewestCause(ctx, tx, id); err != nil {
			return err
		}
		list, err := selectTold(ctx, tx, actor, &id)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return ErrUnknown
		}
		if len(asked) == 0 {
			return roster.ErrNotOn
		}
		if e = list[0]; e.Routed || e.State != StateRaised && e.State != StateOffered {
			return nil
		}
		routed = true
		s := step{Kind: StepArrived, State: e.State, Rung: e.Rung, Round: e.Round, DueAt: e.DueAt, Ask: []account.ID{actor.ID}}
		if e, err = m.take(ctx, tx, e, s, asked, nil); err != nil {
			return err
		}
		return audit.Append(ctx, tx, entry(actor, "escalation.answer", "escalation:"+id.String(), ""))
	})
	if err == nil && routed {
		m.metrics.steps.WithLabelValues(e.Level.String(), string(StepArrived)).Inc()
	}
	return err
}

// mayBeTold lets tutors in, whom the outside channel calls.
func mayBeTold(actor account.Actor) error {
	if !actor.Is(account.RoleTutor) {
		return ErrUnknown
	}
	return account.Can(actor, account.EscalationSeeAndAcknowledge, account.Relation{Object: true, Assigned: true})
}
