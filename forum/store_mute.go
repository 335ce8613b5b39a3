package forum

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
	"ponti/internal/seal"
)

// mutedBy wants the reader after it: an author is compared with the few that the reader muted, which are read once for a statement.
const mutedBy = ` in (select m.muted_id from forum_mutes m where m.account_id = `

const mutedByReader = mutedBy + `$2)`

func selectFilters(ctx context.Context, q pg.Querier, a account.Actor) (r filterRow, err error) {
	err = q.QueryRow(ctx, filtersSQL, a.ID, a.Service).Scan(r.fields()...)
	if errors.Is(err, pgx.ErrNoRows) {
		return filterRow{}, nil
	}
	return r, err
}

const filtersSQL = `select open_noted, key_id, key_wrapped, words_sealed from forum_filters where account_id = $1 and service_id = $2`

// filterColumns are those of f, which may be none.
const filterColumns = `coalesce(f.open_noted, false), coalesce(f.key_id, ''), f.key_wrapped, f.words_sealed`

func (r *filterRow) fields() []any {
	return []any{&r.openNoted, &r.sealed.KeyID, &r.sealed.Wrapped, &r.sealed.Text}
}

func upsertFilters(ctx context.Context, q pg.Querier, a account.Actor, openNoted bool, s seal.Alone) error {
	_, err := q.Exec(ctx, `insert into forum_filters (account_id, service_id, open_noted, key_id, key_wrapped, words_sealed) values ($1, $2, $3, $4, $5, $6)
		on conflict (account_id) do update set open_noted = excluded.open_noted, key_id = excluded.key_id, key_wrapped = excluded.key_wrapped, words_sealed = excluded.words_sealed`,
		a.ID, a.Service, openNoted, s.KeyID, s.Wrapped, s.Text)
	return err
}

// muteRow is somebody who is muted.
type muteRow struct {
	ID    MuteID
	Who   account.ID
	Since time.Time
}

func selectMutes(ctx context.Context, q pg.Querier, a account.Actor) ([]muteRow, error) {
	rows, err := q.Query(ctx, `select id, muted_id, muted_at from forum_mutes where account_id = $1 and service_id = $2 order by muted_at, id limit $3`, a.ID, a.Service, MaxMutes)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[muteRow])
}

// countMutes counts under a lock that lets one window of an account mute at a time.
func countMutes(ctx context.Context, q pg.Querier, a account.Actor) (n int, err error) {
	if _, err = q.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('forum mutes ' || $1::text, 0))`, a.ID); err != nil {
		return 0, err
	}
	err = q.QueryRow(ctx, `select count(*) from forum_mutes where account_id = $1 and service_id = $2`, a.ID, a.Service).Scan(&n)
	return n, err
}

func insertMute(ctx context.Context, q pg.Querier, a account.Actor, id MuteID, who account.ID) error {
	_, err := q.Exec(ctx, `insert into forum_mutes (id, service_id, account_id, muted_id) values ($1, $2, $3, $4) on conflict on constraint forum_mutes_once do nothing`, id, a.Service, a.ID, who)
	return err
}

func deleteMute(ctx context.Context, q pg.Querier, a account.Actor, id MuteID) error {
	_, err := q.Exec(ctx, `delete from forum_mutes where id = $1 and account_id = $2 and service_id = $3`, id, a.ID, a.Service)
	return err
}

// deleteMutes forgets whom somebody muted, by whom they were, and their words.
func deleteMutes(ctx context.Context, q pg.Querier, a account.Actor) error {
	if _, err := q.Exec(ctx, `delete from forum_mutes where (account_id = $1 or muted_id = $1) and service_id = $2`, a.ID, a.Service); err != nil {
		return err
	}
	_, err := q.Exec(ctx, `delete from forum_filters where account_id = $1 and service_id = $2`, a.ID, a.Service)
	return err
}
