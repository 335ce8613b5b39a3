package accounttest

import (
	"context"

	"ponti/account"
	"ponti/internal/pg"
)

func insertAccount(ctx context.Context, q pg.Querier, a account.Actor) error {
	_, err := q.Exec(ctx, `insert into account_accounts (id, service_id, role, alias, alias_key, password_hash, locale)
		values ($1, $2, $3, $4, lower($4), case when $3 <> 'guest' then '' end, $5)`, a.ID, a.Service, string(a.Role), a.Alias, a.Locale)
	return err
}

func insertTutor(ctx context.Context, q pg.Querier, esp, tutor account.Actor) error {
	_, err := q.Exec(ctx, `insert into account_tutors (service_id, esp_id, esp_role, tutor_id, assigned_by) values ($1, $2, $3, $4, $4)`,
		esp.Service, esp.ID, string(esp.Role), tutor.ID)
	return err
}

func updateNoHolding(ctx context.Context, q pg.Querier, id account.ServiceID) error {
	_, err := q.Exec(ctx, `update account_services set hold_first = 0, hold_uncovered = false where id = $1`, id)
	return err
}
