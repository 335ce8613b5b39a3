package moderation

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/ids"
	"ponti/internal/pg"
)

func selectCaseForUpdate(ctx context.Context, q pg.Querier, service account.ServiceID, id CaseID) (caseRow, error) {
	return oneCase("lock case", q.QueryRow(ctx, `select `+caseColumns+` from moderation_cases c where c.service_id = $1 and c.id = $2 for update`, service, id))
}

// updateSecondAsked gives the case back, too.
func updateSecondAsked(ctx context.Context, q pg.Querier, id CaseID, by account.ID) error {
	tag, err := q.Exec(ctx, `update moderation_cases set second_by = $2, second_at = clock_timestamp(), claimed_by = null, claimed_until = null,
			due_at = case when due_at is not null then now() + within end
		where id = $1 and state = 'open' and claimed_by = $2 and claimed_until > now()`, id, by)
	if err != nil {
		return fmt.Errorf("moderation: ask second opinion: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return ErrClaimFirst
	}
	return nil
}

func insertCaseNote(ctx context.Context, q pg.Querier, id ids.ID[CaseNote], c caseRow, by account.ID, opinion Opinion, sealed []byte) error {
	tag, err := q.Exec(ctx, `insert into moderation_case_notes (id, service_id, case_id, author_id, opinion, note)
		select $1, $2, $3, $4, nullif($5, ''), $6 where (select count(*) from moderation_case_notes where case_id = $3) < $7`,
		id, c.Service, c.ID, by, string(opinion), sealed, maxCaseNotes)
	if err != nil {
		return fmt.Errorf("moderation: insert case note: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return ErrNotesFull
	}
	return nil
}

type caseNoteRow struct {
	author  account.ID
	opinion Opinion
	note    []byte
	at      time.Time
	of      caseRow // under whose key it is
}

func selectCaseNotes(ctx context.Context, q pg.Querier, c caseRow) ([]caseNoteRow, error) {
	rows, err := q.Query(ctx, `select n.author_id, coalesce(n.opinion, ''), n.note, n.noted_at, `+caseColumns+` from moderation_case_notes n join moderation_cases c on c.id = n.case_id
		where n.case_id in ($1, $2) order by n.noted_at, n.id`, c.ID, c.AppealOf)
	if err != nil {
		return nil, fmt.Errorf("moderation: select case notes: %w", err)
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (x caseNoteRow, err error) {
		return x, r.Scan(append([]any{&x.author, &x.opinion, &x.note, &x.at}, x.of.fields()...)...)
	})
}
