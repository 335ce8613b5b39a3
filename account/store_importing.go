package account

import (
	"context"

	"github.com/jackc/pgx/v5"

	"ponti/internal/pg"
)

// insertImport remembers that an account came from elsewhere; false when it came before.
func insertImport(ctx context.Context, q pg.Querier, service ServiceID, id ID) (first bool, err error) {
	tag, err := q.Exec(ctx, `insert into account_imports (id, service_id) values ($1, $2) on conflict do nothing`, id, service)
	return tag.RowsAffected() == 1, wrote(err, "insert import", nil)
}

// insertErased stores an account as erasing leaves it, with nothing that hangs on it left to erase.
func insertErased(ctx context.Context, q pg.Querier, n newAccount) error {
	_, err := q.Exec(ctx, `insert into account_accounts (id, service_id, role, alias, alias_key, password_hash, locale, disabled_at, erased_at, forgotten_at)
		values ($1, $2, $3, $4, 'erased ' || ($1::uuid)::text, '', $5, now(), now(), now())`, n.id, n.service, n.role, erasedAlias[n.locale], n.locale)
	return wrote(err, "insert erased", nil)
}

func selectByAlias(ctx context.Context, q pg.Querier, service ServiceID, key string) (id ID, role Role, err error) {
	err = q.QueryRow(ctx, `select id, role from account_accounts where service_id = $1 and alias_key = $2`, service, key).Scan(&id, &role)
	return id, role, read(err, ErrNotFound, "select by alias")
}

func selectRemaining(ctx context.Context, q pg.Querier, service ServiceID, some []ID) ([]ID, error) {
	rows, err := q.Query(ctx, `select id from account_accounts where service_id = $1 and id = any($2) and erased_at is null`, service, some)
	if err != nil {
		return nil, read(err, nil, "select remaining")
	}
	left, err := pgx.CollectRows(rows, pgx.RowTo[ID])
	return left, read(err, nil, "select remaining")
}

func selectAnyConsent(ctx context.Context, q pg.Querier, a Actor) (given bool, err error) {
	err = q.QueryRow(ctx, `select exists (select from account_consents where account_id = $1 and service_id = $2)`, a.ID, a.Service).Scan(&given)
	return given, read(err, nil, "select consent")
}
