package moderation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
	"ponti/moderation/triage"
)

// storedLevel reads a level by its name.
type storedLevel struct{ *triage.Level }

// Scan implements sql.Scanner.
func (l storedLevel) Scan(src any) (err error) {
	name, _ := src.(string)
	*l.Level, err = triage.ParseLevel(name)
	return err
}

// selectLadder is the times of a service's own; ErrUnknown while it has those it started with.
func selectLadder(ctx context.Context, q pg.Querier, service account.ServiceID) (Ladder, error) {
	var t times
	err := q.QueryRow(ctx, `select times from moderation_policies where service_id = $1 and state = 'active'`, service).Scan(&t)
	if errors.Is(err, pgx.ErrNoRows) {
		return Ladder{}, ErrUnknown
	}
	if err != nil {
		return Ladder{}, fmt.Errorf("moderation: select ladder: %w", err)
	}
	return t.ladder(), nil
}

// updateCaseRisen makes a case as urgent as its last report. It is never due later than it was.
func updateCaseRisen(ctx context.Context, q pg.Querier, id CaseID, level triage.Level, lies time.Duration) error {
	_, err := q.Exec(ctx, `update moderation_cases set level = $2::text::moderation_level, within = $3::interval, due_at = least(due_at, greatest(now(), claimed_until) + $3::interval)
		where id = $1`, id, level.String(), lies)
	if err != nil {
		return fmt.Errorf("moderation: raise case: %w", err)
	}
	return nil
}

// selectDueCases lists the cases of all services that nobody has claimed in time, those that lie longest first.
func selectDueCases(ctx context.Context, q pg.Querier) ([]caseRow, error) {
	rows, err := q.Query(ctx, `select `+caseColumns+` from moderation_cases c where c.state = 'open' and c.due_at <= now() order by c.level desc, c.due_at limit 100`)
	if err != nil {
		return nil, fmt.Errorf("moderation: select due cases: %w", err)
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (c caseRow, err error) { return c, r.Scan(c.fields()...) })
}

// selectDueCase locks one; ErrUnknown when another instance has it, or when it is due no more.
func selectDueCase(ctx context.Context, q pg.Querier, id CaseID) (caseRow, error) {
	return oneCase("lock due case", q.QueryRow(ctx, `select `+caseColumns+` from moderation_cases c
		where c.id = $1 and c.state = 'open' and c.due_at <= now() for update skip locked`, id))
}

// updateCaseCalled notes that somebody was told; while that is not all, others are after as long again.
func updateCaseCalled(ctx context.Context, q pg.Querier, id CaseID, all bool) error {
	_, err := q.Exec(ctx, `update moderation_cases set overdue_at = coalesce(overdue_at, now()), due_at = case when not $2 then now() + within end where id = $1`, id, all)
	if err != nil {
		return fmt.Errorf("moderation: note call: %w", err)
	}
	return nil
}

// insertOverdueNotices tells those of a list who have no part in a case that it lies; it returns whom.
func insertOverdueNotices(ctx context.Context, q pg.Querier, c caseRow, who []account.ID) ([]account.ID, error) {
	rows, err := q.Query(ctx, `insert into moderation_notices (id, service_id, account_id, case_id, kind)
		select gen_random_uuid(), $1, a.id, $2, 'case_overdue' from unnest($3::uuid[]) as a(id)
			where a.id <> $4 and not exists (select from moderation_reports r where r.case_id in ($2, $5) and r.reporter_id = a.id)
				and not exists (select from moderation_cases f where f.id = $5 and f.decided_by = a.id)
		on conflict on constraint moderation_notices_once do nothing returning account_id`, c.Service, c.ID, who, c.Author, c.AppealOf)
	if err != nil {
		return nil, fmt.Errorf("moderation: insert overdue notices: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[account.ID])
}
