package moderation

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/audit"
	"ponti/internal/pg"
)

// ApproveRules has texts read by what another tutor asks for, on every instance within seconds. ErrRulesOwn for one's own; ErrRulesGone when it is not
// asked for any more; ErrRulesWrong, ErrRulesLose and ErrRulesFlood when it does not hold with this version of the program.
func (m *Moderation) ApproveRules(ctx context.Context, actor account.Actor, version int) error {
	content, err := m.rulesToActivate(ctx, actor, version, RulesAsked)
	if err != nil {
		return err
	}
	return m.settleRules(ctx, actor, version, "rules.approve", []RulesState{RulesAsked}, func(ctx context.Context, tx pgx.Tx, r rulesRow) error {
		if contentOf(r.Changes) != content {
			return ErrRulesMoved
		}
		return updateRulesActive(ctx, tx, actor, version, true)
	})
}

// TakeBackRules makes a draft again of what was asked for; any tutor may.
func (m *Moderation) TakeBackRules(ctx context.Context, actor account.Actor, version int) error {
	return m.settleRules(ctx, actor, version, "rules.take_back", []RulesState{RulesAsked}, func(ctx context.Context, tx pgx.Tx, _ rulesRow) error {
		return updateRulesDraft(ctx, tx, actor.Service, version)
	})
}

// DropRules drops a draft, or what was asked for; any tutor may.
func (m *Moderation) DropRules(ctx context.Context, actor account.Actor, version int) error {
	return m.settleRules(ctx, actor, version, "rules.drop", []RulesState{RulesDraft, RulesAsked}, func(ctx context.Context, tx pgx.Tx, _ rulesRow) error {
		return updateRulesDropped(ctx, tx, actor.Service, version)
	})
}

// ReturnRules goes back at once to a version that was active, or with zero to the rules of the program alone. One tutor may: two wanted it once, and
// an alarm that everything sets off cannot wait for a second. ErrRulesGone when there is nothing to go back from or to; ErrRulesWrong when the version does not hold any more.
func (m *Moderation) ReturnRules(ctx context.Context, actor account.Actor, version int) error {
	if version == 0 {
		return m.settleRules(ctx, actor, version, "rules.return", []RulesState{RulesActive}, func(ctx context.Context, tx pgx.Tx, _ rulesRow) error {
			return updateRulesPast(ctx, tx, actor.Service)
		})
	}
	if _, err := m.rulesToActivate(ctx, actor, version, RulesPast); err != nil {
		return err
	}
	return m.settleRules(ctx, actor, version, "rules.return", []RulesState{RulesPast}, func(ctx context.Context, tx pgx.Tx, _ rulesRow) error {
		return updateRulesActive(ctx, tx, actor, version, false)
	})
}

// rulesToActivate says what a version holds, when it may be active: it takes too long for others to wait for it at a lock.
func (m *Moderation) rulesToActivate(ctx context.Context, actor account.Actor, version int, state RulesState) (content string, err error) {
	if err := maySetPolicy(actor); err != nil {
		return "", err
	}
	rows, err := selectRules(ctx, m.pool, actor.Service)
	if err != nil {
		return "", pg.Classify(err)
	}
	for _, r := range rows {
		switch {
		case r.Version != version || r.State != state:
			continue
		case state == RulesAsked && r.askedBy == actor.ID:
			return "", ErrRulesOwn
		}
		return contentOf(r.Changes), m.holds(r.Changes)
	}
	return "", ErrRulesGone
}

// settleRules changes the state of a version that is in one of these; version zero is whichever is.
func (m *Moderation) settleRules(ctx context.Context, actor account.Actor, version int, action string, from []RulesState, settle func(context.Context, pgx.Tx, rulesRow) error) error {
	if err := maySetPolicy(actor); err != nil {
		return err
	}
	err := pg.InTx(ctx, m.pool, func(ctx context.Context, tx pgx.Tx) error {
		if err := lockRules(ctx, tx, actor.Service); err != nil {
			return err
		}
		rows, err := selectRules(ctx, tx, actor.Service)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if version != 0 && r.Version != version || !slices.Contains(from, r.State) {
				continue
			}
			if err := settle(ctx, tx, r); err != nil {
				return err
			}
			return audit.Append(ctx, tx, entry(actor, action, "service:"+actor.Service.String(), versionText(version)))
		}
		return ErrRulesGone
	})
	if err != nil {
		return err
	}
	// Here at once; the others look every few seconds, as this one does if it cannot now.
	if err := m.LoadRules(ctx); err != nil {
		m.log.Error().Err(err).Msg("rules could not be loaded")
	}
	return nil
}
