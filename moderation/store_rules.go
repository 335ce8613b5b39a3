package moderation

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
)

type rulesRow struct {
	RuleSet

	askedBy, approvedBy, activeBy account.ID
}

// lockRules lets one transaction at a time change those of a service.
func lockRules(ctx context.Context, q pg.Querier, service account.ServiceID) error {
	_, err := q.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('moderation_rules ' || $1::text, 0))`, service.String())
	if err != nil {
		return fmt.Errorf("moderation: lock rules: %w", err)
	}
	return nil
}

// selectRules lists the versions of a service: what is active and what is worked on, then the others, the latest first.
func selectRules(ctx context.Context, q pg.Querier, service account.ServiceID) ([]rulesRow, error) {
	rows, err := q.Query(ctx, `select version, changes, state, changed_at, why, asked_by, coalesce(asked_at, '0001-01-01Z'), approved_by, active_by,
			coalesce(active_since, '0001-01-01Z'), trial
		from moderation_rules where service_id = $1 order by state in ('active', 'draft', 'asked') desc, version desc limit 50`, service)
	if err != nil {
		return nil, fmt.Errorf("moderation: select rules: %w", err)
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (s rulesRow, err error) {
		return s, r.Scan(&s.Version, &s.Changes, &s.State, &s.ChangedAt, &s.Why, &s.askedBy, &s.AskedAt, &s.approvedBy, &s.activeBy, &s.ActiveSince, &s.Trial)
	})
}

// selectActiveRules are those of every service that has any.
func selectActiveRules(ctx context.Context, q pg.Querier) (map[account.ServiceID]RuleSet, error) {
	rows, err := q.Query(ctx, `select service_id, version, changes from moderation_rules where state = 'active'`)
	if err != nil {
		return nil, fmt.Errorf("moderation: select active rules: %w", err)
	}
	list := make(map[account.ServiceID]RuleSet)
	var service account.ServiceID
	var set RuleSet
	_, err = pgx.ForEachRow(rows, []any{&service, &set.Version, &set.Changes}, func() error {
		list[service] = set
		set = RuleSet{}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("moderation: select active rules: %w", err)
	}
	return list, nil
}

// upsertRulesDraft changes the draft of a service, or begins one.
func upsertRulesDraft(ctx context.Context, q pg.Querier, a account.Actor, changes any) error {
	tag, err := q.Exec(ctx, `update moderation_rules set changes = $2, changed_by = $3, changed_at = now() where service_id = $1 and state = 'draft'`, a.Service, changes, a.ID)
	if err == nil && tag.RowsAffected() == 0 {
		_, err = q.Exec(ctx, `insert into moderation_rules (service_id, version, changes, changed_by)
			select $1, coalesce(max(version), 0) + 1, $2, $3 from moderation_rules where service_id = $1`, a.Service, changes, a.ID)
	}
	return wrapRules("draft", err)
}

func updateRulesAsked(ctx context.Context, q pg.Querier, a account.Actor, version int, why string, t Trial) error {
	_, err := q.Exec(ctx, `update moderation_rules set state = 'asked', asked_by = $3, asked_at = now(), why = $4, trial = $5 where service_id = $1 and version = $2 and state = 'draft'`,
		a.Service, version, a.ID, why, t)
	return wrapRules("ask", err)
}

func updateRulesTrial(ctx context.Context, q pg.Querier, service account.ServiceID, version int, t Trial) error {
	_, err := q.Exec(ctx, `update moderation_rules set trial = $3 where service_id = $1 and version = $2 and state in ('draft', 'asked')`, service, version, t)
	return wrapRules("try", err)
}

func updateRulesDraft(ctx context.Context, q pg.Querier, service account.ServiceID, version int) error {
	_, err := q.Exec(ctx, `update moderation_rules set state = 'draft', asked_by = null, asked_at = null where service_id = $1 and version = $2`, service, version)
	return wrapRules("take back", err)
}

func updateRulesDropped(ctx context.Context, q pg.Querier, service account.ServiceID, version int) error {
	_, err := q.Exec(ctx, `update moderation_rules set state = 'dropped' where service_id = $1 and version = $2`, service, version)
	return wrapRules("drop", err)
}

func updateRulesPast(ctx context.Context, q pg.Querier, service account.ServiceID) error {
	_, err := q.Exec(ctx, `update moderation_rules set state = 'past' where service_id = $1 and state = 'active'`, service)
	return wrapRules("end", err)
}

// updateRulesActive makes a version the active one; approved is false of one that was before.
func updateRulesActive(ctx context.Context, q pg.Querier, a account.Actor, version int, approved bool) error {
	if err := updateRulesPast(ctx, q, a.Service); err != nil {
		return err
	}
	_, err := q.Exec(ctx, `update moderation_rules set state = 'active', active_by = $3, active_since = now(),
			approved_by = case when $4 then $3 else approved_by end, approved_at = case when $4 then now() else approved_at end
		where service_id = $1 and version = $2`, a.Service, version, a.ID, approved)
	return wrapRules("activate", err)
}

// selectOutcomes says of every conversation and post in which an alarm was closed whether all were as no risk.
func selectOutcomes(ctx context.Context, q pg.Querier, service account.ServiceID) (map[Subject]bool, error) {
	rows, err := q.Query(ctx, `select subject_kind, subject_id, bool_and(outcome = $2) from moderation_escalations
		where service_id = $1 and state = 'closed' and outcome is not null group by subject_kind, subject_id`, service, OutcomeNoRisk)
	if err != nil {
		return nil, fmt.Errorf("moderation: select outcomes: %w", err)
	}
	list := make(map[Subject]bool)
	var s Subject
	var noRisk bool
	if _, err := pgx.ForEachRow(rows, []any{&s.Kind, &s.ID, &noRisk}, func() error {
		list[s] = noRisk
		return nil
	}); err != nil {
		return nil, fmt.Errorf("moderation: select outcomes: %w", err)
	}
	return list, nil
}

func wrapRules(what string, err error) error {
	if err != nil {
		return fmt.Errorf("moderation: rules: %s: %w", what, err)
	}
	return nil
}
