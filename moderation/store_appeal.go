package moderation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/internal/pg"
)

func insertAppeal(ctx context.Context, q pg.Querier, c caseRow, text []byte, lies time.Duration) error {
	_, err := q.Exec(ctx, `insert into moderation_cases (id, service_id, subject_kind, subject_id, author_id, text_wrapped, text_key_id, appeal_of, appeal, within, due_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::interval, now() + $10::interval)`, c.ID, c.Service, string(c.Subject.Kind), c.Subject.ID, c.Author, c.Wrapped, c.KeyID, c.AppealOf, text, lies)
	switch pg.Constraint(err) {
	case "":
	case "moderation_cases_one_appeal":
		return ErrAppealed
	case "moderation_cases_one_open":
		return ErrBeingLooked
	}
	if err != nil {
		return fmt.Errorf("moderation: insert appeal: %w", err)
	}
	return nil
}

// appealState is an expression for the appeal of a decided case c, whose appeal is a.
const appealState = `case when a.id is not null then case a.state when 'open' then 'open' else 'decided' end
	when c.state = 'decided' and (c.decision = 'hide' or c.sanction is not null) and c.appeal_of is null
		and (c.taken_back_at is null or c.sanction is not null) and c.decided_at > now() - make_interval(secs => %d) then 'possible' else '' end`

func selectAppealState(ctx context.Context, q pg.Querier, id CaseID) (state AppealState, err error) {
	err = q.QueryRow(ctx, fmt.Sprintf(`select `+appealState+` from moderation_cases c left join moderation_cases a on a.appeal_of = c.id where c.id = $1`, int(appealFor.Seconds())), id).Scan(&state)
	if err != nil {
		return "", fmt.Errorf("moderation: select appeal state: %w", err)
	}
	return state, nil
}

func selectAppeal(ctx context.Context, q pg.Querier, id CaseID) (text []byte, err error) {
	err = q.QueryRow(ctx, `select appeal from moderation_cases where id = $1`, id).Scan(&text)
	if err != nil {
		return nil, fmt.Errorf("moderation: select appeal: %w", err)
	}
	return text, nil
}

func selectStatement(ctx context.Context, q pg.Querier, id CaseID) (text []byte, at time.Time, err error) {
	err = q.QueryRow(ctx, `select statement, coalesce(decided_at, opened_at) from moderation_cases where id = $1`, id).Scan(&text, &at)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, at, ErrUnknown
	}
	if err != nil {
		return nil, at, fmt.Errorf("moderation: select statement: %w", err)
	}
	return text, at, nil
}
