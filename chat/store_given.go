package chat

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
	"ponti/internal/seal"
)

func insertGiven(ctx context.Context, q pg.Querier, s account.ServiceID, id GivenID, to, by account.ID, sealed seal.Alone, keep *time.Duration) error {
	_, err := q.Exec(ctx, `insert into chat_given (id, service_id, account_id, given_by, key_id, key_wrapped, page_sealed, kept_until)
		values ($1, $2, $3, $4, $5, $6, $7, now() + $8::interval)`, id, s, to, by, sealed.KeyID, sealed.Wrapped, sealed.Text, keep)
	return store("insert given", err)
}

func selectGiven(ctx context.Context, q pg.Querier, to account.ID) ([]givenRow, error) {
	rows, err := q.Query(ctx, `select id, given_by, given_at, key_id, key_wrapped, page_sealed from chat_given where account_id = $1 order by given_at desc, id limit $2`, to, MaxGiven)
	if err != nil {
		return nil, store("select given", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (r givenRow, err error) {
		return r, row.Scan(&r.id, &r.by, &r.at, &r.sealed.KeyID, &r.sealed.Wrapped, &r.sealed.Text)
	})
	return list, store("select given", err)
}

func countGiven(ctx context.Context, q pg.Querier, to account.ID) (n int, err error) {
	err = q.QueryRow(ctx, `select count(*) from chat_given where account_id = $1`, to).Scan(&n)
	return n, store("count given", err)
}

func deleteGiven(ctx context.Context, q pg.Querier, a account.Actor, id GivenID) error {
	_, err := q.Exec(ctx, `delete from chat_given where id = $1 and account_id = $2 and service_id = $3`, id, a.ID, a.Service)
	return store("delete given", err)
}

func deleteGivenOver(ctx context.Context, q pg.Querier) error {
	_, err := q.Exec(ctx, `delete from chat_given where kept_until < now()`)
	return store("delete given", err)
}

func deleteGivenTo(ctx context.Context, q pg.Querier, a account.Actor) error {
	_, err := q.Exec(ctx, `delete from chat_given where account_id = $1 and service_id = $2`, a.ID, a.Service)
	return store("delete given", err)
}
