package account

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/internal/pg"
)

func selectNamed(ctx context.Context, q pg.Querier, service ServiceID, some []ID) (map[ID]Public, error) {
	rows, err := q.Query(ctx, `select id, alias, role from account_accounts where service_id = $1 and id = any($2) and erased_at is null`, service, some)
	if err != nil {
		return nil, read(err, nil, "select named")
	}
	found := map[ID]Public{}
	var id ID
	var p Public
	_, err = pgx.ForEachRow(rows, []any{&id, &p.Alias, &p.Role}, func() error {
		found[id] = p
		return nil
	})
	return found, read(err, nil, "select named")
}

// isActing is true of an account that is there and not shut out.
const isActing = `erased_at is null and disabled_at is null and (suspended_until is null or suspended_until <= now())`

func selectActing(ctx context.Context, q pg.Querier, service ServiceID, id ID) (Actor, error) {
	a := Actor{Service: service, ID: id}
	err := q.QueryRow(ctx, `select role, alias, locale from account_accounts where service_id = $1 and id = $2 and `+isActing, service, id).
		Scan(&a.Role, &a.Alias, &a.Locale)
	return a, read(err, ErrNotFound, "select acting")
}

func selectMadeAt(ctx context.Context, q pg.Querier, who Actor) (at time.Time, err error) {
	err = q.QueryRow(ctx, `select created_at from account_accounts where service_id = $1 and id = $2`, who.Service, who.ID).Scan(&at)
	return at, read(err, ErrNotFound, "select made at")
}

func selectPresent(ctx context.Context, q pg.Querier, service ServiceID, some []ID) (map[ID]bool, error) {
	rows, err := q.Query(ctx, `select id from account_accounts where service_id = $1 and id = any($2) and `+isActing, service, some)
	if err != nil {
		return nil, read(err, nil, "select present")
	}
	there := map[ID]bool{}
	var id ID
	_, err = pgx.ForEachRow(rows, []any{&id}, func() error {
		there[id] = true
		return nil
	})
	return there, read(err, nil, "select present")
}
