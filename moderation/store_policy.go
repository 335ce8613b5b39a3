package moderation

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
)

// times is a ladder as it is stored, in seconds.
type times struct {
	CrisisWithin int `json:"crisis_within"`
	CrisisIdle   int `json:"crisis_idle"`
	RedWithin    int `json:"red_within"`
	RedIdle      int `json:"red_idle"`
	AmberWithin  int `json:"amber_within"`
}

func (t times) ladder() Ladder {
	s := func(n int) time.Duration { return time.Duration(n) * time.Second }
	return Ladder{Crisis: Times{s(t.CrisisWithin), s(t.CrisisIdle)}, Red: Times{s(t.RedWithin), s(t.RedIdle)}, Amber: Times{Within: s(t.AmberWithin)}}
}

func timesOf(l Ladder) times {
	s := func(d time.Duration) int { return int(d / time.Second) }
	return times{s(l.Crisis.Within), s(l.Crisis.Idle), s(l.Red.Within), s(l.Red.Idle), s(l.Amber.Within)}
}

type policyRow struct {
	Policy
	askedBy, approvedBy account.ID
}

// lockPolicies lets one transaction at a time change those of a service.
func lockPolicies(ctx context.Context, q pg.Querier, service account.ServiceID) error {
	_, err := q.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('moderation_policies ' || $1::text, 0))`, service.String())
	if err != nil {
		return fmt.Errorf("moderation: lock policies: %w", err)
	}
	return nil
}

// selectPolicies lists them, the latest first. What was asked for too long ago counts as dropped.
func selectPolicies(ctx context.Context, q pg.Querier, a account.Actor, asked time.Duration) ([]policyRow, error) {
	rows, err := q.Query(ctx, `select version, times, case when state = 'asked' and asked_at < now() - $2::interval then 'dropped' else state end,
			asked_by, asked_at, approved_by, coalesce(approved_at, '0001-01-01Z')
		from moderation_policies where service_id = $1 order by state = 'active' desc, version desc limit 51`, a.Service, asked)
	if err != nil {
		return nil, fmt.Errorf("moderation: select policies: %w", err)
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (p policyRow, err error) {
		var t times
		err = r.Scan(&p.Version, &t, &p.State, &p.askedBy, &p.AskedAt, &p.approvedBy, &p.ApprovedAt)
		p.Ladder = t.ladder()
		return p, err
	})
}

func insertPolicy(ctx context.Context, q pg.Querier, a account.Actor, l Ladder) error {
	_, err := q.Exec(ctx, `insert into moderation_policies (service_id, version, times, asked_by)
		select $1, coalesce(max(version), 0) + 1, $2, $3 from moderation_policies where service_id = $1`, a.Service, timesOf(l), a.ID)
	if err != nil {
		return fmt.Errorf("moderation: insert policy: %w", err)
	}
	return nil
}

func updatePolicyDropped(ctx context.Context, q pg.Querier, service account.ServiceID) error {
	_, err := q.Exec(ctx, `update moderation_policies set state = 'dropped' where service_id = $1 and state = 'asked'`, service)
	if err != nil {
		return fmt.Errorf("moderation: drop policy: %w", err)
	}
	return nil
}

func updatePolicyActive(ctx context.Context, q pg.Querier, a account.Actor, version int) error {
	_, err := q.Exec(ctx, `update moderation_policies set state = 'past' where service_id = $1 and state = 'active'`, a.Service)
	if err == nil {
		_, err = q.Exec(ctx, `update moderation_policies set state = 'active', approved_by = $3, approved_at = now() where service_id = $1 and version = $2`, a.Service, version, a.ID)
	}
	if err != nil {
		return fmt.Errorf("moderation: approve policy: %w", err)
	}
	return nil
}
