package account

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"ponti/internal/pg"
)

// errNamed says that something still names an account.
var errNamed = errors.New("account: is named elsewhere")

const sweepAtOnce = 200

func updateErased(ctx context.Context, q pg.Querier, actor Actor, posts bool) error {
	_, err := q.Exec(ctx, `update account_accounts set erased_at = now(), disabled_at = now(), erase_posts = $3, look_at = now(), recovery_hash = null,
			password_hash = case when role <> 'guest' then '' end, alias_key = 'erased ' || id::text,
			alias = case locale when 'en' then $5 else $4 end
		where service_id = $1 and id = $2`, actor.Service, actor.ID, posts, erasedAlias["it"], erasedAlias["en"])
	return wrote(err, "erase account", nil)
}

// lockErased takes a person's account; ErrNotFound also for staff.
func lockErased(ctx context.Context, q pg.Querier, who Actor) (erased bool, err error) {
	err = q.QueryRow(ctx, `select erased_at is not null from account_accounts where service_id = $1 and id = $2 and role in ('guest', 'member', 'family') for update`,
		who.Service, who.ID).Scan(&erased)
	return erased, read(err, ErrNotFound, "lock erased")
}

func selectOwnPassword(ctx context.Context, q pg.Querier, actor Actor) (aliasKey, hash string, err error) {
	err = q.QueryRow(ctx, `select alias_key, coalesce(password_hash, '') from account_accounts where service_id = $1 and id = $2`, actor.Service, actor.ID).
		Scan(&aliasKey, &hash)
	return aliasKey, hash, read(err, ErrNotFound, "select password")
}

func selectErased(ctx context.Context, q pg.Querier) ([]Erased, error) {
	rows, err := q.Query(ctx, `select service_id, id, role, erase_posts from account_accounts
		where erased_at is not null and forgotten_at is null order by erased_at limit $1`, sweepAtOnce)
	if err != nil {
		return nil, read(err, nil, "select erased")
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Erased, error) {
		var e Erased
		return e, row.Scan(&e.Service, &e.ID, &e.Role, &e.Posts)
	})
	return list, read(err, nil, "select erased")
}

func updateForgotten(ctx context.Context, q pg.Querier, id ID) error {
	_, err := q.Exec(ctx, `update account_accounts set forgotten_at = now(), look_at = now() where id = $1 and erased_at is not null and forgotten_at is null`, id)
	return wrote(err, "forget account", nil)
}

// lockToLookAt takes accounts that may go: of guests without a session that holds, and of erased ones.
func lockToLookAt(ctx context.Context, q pg.Querier) ([]ID, error) {
	rows, err := q.Query(ctx, `select a.id from account_accounts a where a.look_at <= now() and (a.role = 'guest' or a.forgotten_at is not null)
			and (a.erased_at is null or a.forgotten_at is not null)
			and not exists (select from account_sessions s where s.account_id = a.id and `+sessionHolds+`)
		order by a.look_at limit $1 for update of a skip locked`, sweepAtOnce)
	if err != nil {
		return nil, read(err, nil, "lock accounts")
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[ID])
	return list, read(err, nil, "lock accounts")
}

// deleteAccount gives errNamed while a row of any table names it that does not go with it.
func deleteAccount(ctx context.Context, q pg.Querier, id ID) error {
	_, err := q.Exec(ctx, `delete from account_accounts where id = $1`, id)
	if pg.Constraint(err) != "" {
		return errNamed
	}
	return wrote(err, "delete account", nil)
}

func updateLookLater(ctx context.Context, q pg.Querier, id ID) error {
	_, err := q.Exec(ctx, `update account_accounts set look_at = now() + interval '1 day' where id = $1`, id)
	return wrote(err, "look later", nil)
}
