package moderation

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
)

func updateTakenBack(ctx context.Context, q pg.Querier, id CaseID, by account.ID, statement []byte) error {
	tag, err := q.Exec(ctx, `update moderation_cases set taken_back = $3, taken_back_at = now(), taken_back_by = $2
		where id = $1 and decision = 'hide' and taken_back_at is null`, id, by, statement)
	if err != nil {
		return fmt.Errorf("moderation: take back: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return ErrNotHidden
	}
	return nil
}

// insertTakenBackNotices tells the author of what is shown again and everybody who reported it; it returns whom.
func insertTakenBackNotices(ctx context.Context, q pg.Querier, c caseRow) ([]account.ID, error) {
	rows, err := q.Query(ctx, `insert into moderation_notices (id, service_id, account_id, case_id, kind)
		select gen_random_uuid(), $1, t.account_id, $2, t.kind from (
			select author_id as account_id, 'taken_back' as kind from moderation_cases where id = $2
			union all
			select reporter_id, 'report_taken_back' from moderation_reports where case_id = $2) t
		returning account_id`, c.Service, c.ID)
	if err != nil {
		return nil, fmt.Errorf("moderation: insert taken back notices: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[account.ID])
}

// selectHidden lists what was hidden in the service within a month and stays so, but for what the actor has a part in.
func selectHidden(ctx context.Context, q pg.Querier, actor account.Actor) ([]caseRow, error) {
	rows, err := q.Query(ctx, `select `+caseColumns+` from moderation_cases c
		where c.service_id = $1 and c.decision = 'hide' and c.taken_back_at is null and c.appeal_of is null and c.author_id <> $2 and c.decided_at > now() - interval '30 days'
			and not exists (select from moderation_reports r where r.case_id = c.id and r.reporter_id = $2)
			and not exists (select from moderation_cases a where a.appeal_of = c.id)
		order by c.decided_at desc, c.id limit 100`, actor.Service, actor.ID)
	if err != nil {
		return nil, fmt.Errorf("moderation: select hidden: %w", err)
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (c caseRow, err error) { return c, r.Scan(c.fields()...) })
}
