package moderation

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
	"ponti/internal/seal"
)

// reachRow is a Reach as it is stored.
type reachRow struct {
	Reach
	locale string
	sealed seal.Alone
}

// selectReaches lists the addresses and devices of the actor, mail first, and their quiet hours.
func selectReaches(ctx context.Context, q pg.Querier, actor account.Actor) (list []reachRow, quiet Quiet, err error) {
	rows, err := q.Query(ctx, `select id, channel, confirmed_at is not null, asked_at, coalesce(told_at, 'epoch'), coalesce(told = 'failed', false), locale, address, wrapped, key_id
		from moderation_reaches where service_id = $1 and account_id = $2 order by channel, asked_at, id`, actor.Service, actor.ID)
	if err != nil {
		return nil, quiet, fmt.Errorf("moderation: select reaches: %w", err)
	}
	list, err = pgx.CollectRows(rows, func(r pgx.CollectableRow) (reachRow, error) {
		var x reachRow
		err := r.Scan(&x.ID, &x.Channel, &x.Confirmed, &x.AddedAt, &x.ToldAt, &x.Failed, &x.locale, &x.sealed.Text, &x.sealed.Wrapped, &x.sealed.KeyID)
		return x, err
	})
	if err == nil {
		err = q.QueryRow(ctx, `select from_min, to_min from moderation_quiet where account_id = $1 and service_id = $2`, actor.ID, actor.Service).Scan(&quiet.From, &quiet.To)
	}
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return nil, quiet, fmt.Errorf("moderation: select reaches: %w", err)
	}
	return list, quiet, nil
}

// deleteSameReach forgets the address with the mark, which is about to be kept anew, and one that waits for its code, and counts the actor's others. Two of one person wait for one another.
func deleteSameReach(ctx context.Context, q pg.Querier, actor account.Actor, mark []byte) (others int, err error) {
	if _, err = q.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('reach' || $1::uuid, 0))`, actor.ID); err == nil {
		_, err = q.Exec(ctx, `delete from moderation_reaches where account_id = $1 and service_id = $2 and (mark = $3 or code is not null)`, actor.ID, actor.Service, mark)
	}
	if err == nil {
		err = q.QueryRow(ctx, `select count(*) from moderation_reaches where account_id = $1 and service_id = $2`, actor.ID, actor.Service).Scan(&others)
	}
	if err != nil {
		return 0, fmt.Errorf("moderation: replace reach: %w", err)
	}
	return others, nil
}

// insertReach keeps an address; one with a code is to be confirmed.
func insertReach(ctx context.Context, q pg.Querier, actor account.Actor, id ReachID, by Channel, mark []byte, s seal.Alone, locale string, code []byte) error {
	_, err := q.Exec(ctx, `insert into moderation_reaches (id, service_id, account_id, channel, mark, address, wrapped, key_id, locale, code, confirmed_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, case when $10::bytea is null then now() end)`,
		id, actor.Service, actor.ID, string(by), mark, s.Text, s.Wrapped, s.KeyID, locale, code)
	if err != nil {
		return fmt.Errorf("moderation: insert reach: %w", err)
	}
	return nil
}

// updateReachTried tries a code on an address that waits for one, and says whether it was right; each try counts.
func updateReachTried(ctx context.Context, q pg.Querier, actor account.Actor, id ReachID, code []byte) (right bool, err error) {
	err = q.QueryRow(ctx, `update moderation_reaches set tries = tries + 1,
			confirmed_at = case when code = $4 and tries < $5 then now() end, code = case when code = $4 and tries < $5 then null else code end
		where id = $1 and account_id = $2 and service_id = $3 and code is not null and asked_at > now() - make_interval(secs => $6)
		returning confirmed_at is not null`, id, actor.ID, actor.Service, code, codeTries, codeValid.Seconds()).Scan(&right)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("moderation: try reach: %w", err)
	}
	return right, nil
}

func deleteReach(ctx context.Context, q pg.Querier, actor account.Actor, id ReachID) error {
	tag, err := q.Exec(ctx, `delete from moderation_reaches where id = $1 and account_id = $2 and service_id = $3`, id, actor.ID, actor.Service)
	if err != nil {
		return fmt.Errorf("moderation: delete reach: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return ErrUnknown
	}
	return nil
}

func updateReachTold(ctx context.Context, q pg.Querier, id ReachID, sent bool) error {
	_, err := q.Exec(ctx, `update moderation_reaches set told = case when $2 then 'sent' else 'failed' end, told_at = now() where id = $1`, id, sent)
	if err != nil {
		return fmt.Errorf("moderation: update reach: %w", err)
	}
	return nil
}

func upsertQuiet(ctx context.Context, q pg.Querier, actor account.Actor, quiet Quiet, zone string) error {
	sql := `insert into moderation_quiet (account_id, service_id, from_min, to_min, zone) values ($1, $2, $3, $4, $5)
		on conflict (account_id) do update set from_min = excluded.from_min, to_min = excluded.to_min, zone = excluded.zone`
	args := []any{actor.ID, actor.Service, quiet.From, quiet.To, zone}
	if quiet.From == quiet.To {
		sql, args = `delete from moderation_quiet where account_id = $1 and service_id = $2`, args[:2]
	}
	if _, err := q.Exec(ctx, sql, args...); err != nil {
		return fmt.Errorf("moderation: set quiet hours: %w", err)
	}
	return nil
}

// deleteReaches forgets how somebody could be reached.
func deleteReaches(ctx context.Context, q pg.Querier, who account.Actor) error {
	_, err := q.Exec(ctx, `delete from moderation_reaches where account_id = $1 and service_id = $2`, who.ID, who.Service)
	if err == nil {
		_, err = q.Exec(ctx, `delete from moderation_quiet where account_id = $1 and service_id = $2`, who.ID, who.Service)
	}
	if err != nil {
		return fmt.Errorf("moderation: erase reaches: %w", err)
	}
	return nil
}

// deleteUnconfirmed forgets addresses whose code nobody typed: whose they are is not known.
func deleteUnconfirmed(ctx context.Context, q pg.Querier) error {
	_, err := q.Exec(ctx, `delete from moderation_reaches where code is not null and asked_at < now() - interval '1 day'`)
	if err != nil {
		return fmt.Errorf("moderation: erase unconfirmed: %w", err)
	}
	return nil
}

func selectPushKey(ctx context.Context, q pg.Querier, service account.ServiceID) (s seal.Alone, err error) {
	err = q.QueryRow(ctx, `select key, wrapped, key_id from moderation_push_keys where service_id = $1`, service).Scan(&s.Text, &s.Wrapped, &s.KeyID)
	if errors.Is(err, pgx.ErrNoRows) {
		return s, ErrUnknown
	}
	if err != nil {
		return s, fmt.Errorf("moderation: select push key: %w", err)
	}
	return s, nil
}

func insertPushKey(ctx context.Context, q pg.Querier, service account.ServiceID, s seal.Alone) error {
	_, err := q.Exec(ctx, `insert into moderation_push_keys (service_id, key, wrapped, key_id) values ($1, $2, $3, $4) on conflict do nothing`, service, s.Text, s.Wrapped, s.KeyID)
	if err != nil {
		return fmt.Errorf("moderation: insert push key: %w", err)
	}
	return nil
}
