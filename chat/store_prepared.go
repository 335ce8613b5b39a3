package chat

import (
	"context"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
)

// preparedRow is a version of a prepared text with who wrote it.
type preparedRow struct {
	Prepared

	author account.ID
}

const preparedFrom = `select p.id, v.version, v.title, v.text, v.written_at, v.written_by from chat_prepared p join chat_prepared_versions v on v.prepared_id = p.id `

func collectPrepared(rows pgx.Rows, err error) ([]preparedRow, error) {
	if err != nil {
		return nil, store("select prepared", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (r preparedRow, err error) {
		return r, row.Scan(&r.ID, &r.Version, &r.Title, &r.Text, &r.At, &r.author)
	})
	return list, store("select prepared", err)
}

func selectPreparedTexts(ctx context.Context, q pg.Querier, s account.ServiceID) ([]preparedRow, error) {
	return collectPrepared(q.Query(ctx, preparedFrom+`and v.version = p.version where p.service_id = $1 and p.removed_at is null
		order by lower(v.title), p.id limit $2`, s, MaxPreparedTexts))
}

func selectPreparedVersions(ctx context.Context, q pg.Querier, s account.ServiceID, id PreparedID) ([]preparedRow, error) {
	return collectPrepared(q.Query(ctx, preparedFrom+`where p.service_id = $1 and p.id = $2 and p.removed_at is null order by v.version desc limit 200`, s, id))
}

// countPrepared counts under a lock that lets one be added at a time in a service.
func countPrepared(ctx context.Context, q pg.Querier, s account.ServiceID) (n int, err error) {
	if _, err = q.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('prepared texts ' || $1::text, 0))`, s); err != nil {
		return 0, store("lock prepared texts", err)
	}
	err = q.QueryRow(ctx, `select count(*) from chat_prepared where service_id = $1 and removed_at is null`, s).Scan(&n)
	return n, store("count prepared", err)
}

func insertPrepared(ctx context.Context, q pg.Querier, s account.ServiceID, id PreparedID) error {
	_, err := q.Exec(ctx, `insert into chat_prepared (id, service_id) values ($1, $2)`, id, s)
	return store("insert prepared", err)
}

func lockPrepared(ctx context.Context, q pg.Querier, s account.ServiceID, id PreparedID) (p Prepared, err error) {
	if err := q.QueryRow(ctx, `select version from chat_prepared where service_id = $1 and id = $2 and removed_at is null for update`, s, id).Scan(&p.Version); err != nil {
		return p, store("lock prepared", err)
	}
	err = q.QueryRow(ctx, `select title, text from chat_prepared_versions where prepared_id = $1 and version = $2`, id, p.Version).Scan(&p.Title, &p.Text)
	return p, store("read prepared", err)
}

func updatePreparedVersion(ctx context.Context, q pg.Querier, p Prepared) error {
	_, err := q.Exec(ctx, `update chat_prepared set version = $2 where id = $1`, p.ID, p.Version)
	return store("update prepared", err)
}

func insertPreparedVersion(ctx context.Context, q pg.Querier, a account.Actor, p Prepared) error {
	_, err := q.Exec(ctx, `insert into chat_prepared_versions (prepared_id, version, service_id, title, text, written_by) values ($1, $2, $3, $4, $5, $6)`,
		p.ID, p.Version, a.Service, p.Title, p.Text, a.ID)
	return store("insert prepared version", err)
}

func updatePreparedRemoved(ctx context.Context, q pg.Querier, s account.ServiceID, id PreparedID) (gone bool, err error) {
	tag, err := q.Exec(ctx, `update chat_prepared set removed_at = clock_timestamp() where service_id = $1 and id = $2 and removed_at is null`, s, id)
	return tag.RowsAffected() == 1, store("remove prepared", err)
}
