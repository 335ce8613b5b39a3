package chat

import (
	"context"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
	"ponti/internal/seal"
)

// updatePlaceAway begins or goes on with being away; it does not begin anew. A nil mark leaves no code.
func updatePlaceAway(ctx context.Context, q pg.Querier, id PlaceID, mark []byte) error {
	_, err := q.Exec(ctx, `update chat_places set state = 'waiting', offer_id = null, away_at = coalesce(away_at, now()), was_away = true, return_mark = $2
		where id = $1 and state in ('waiting', 'offered')`, id, mark)
	return store("step away", err)
}

func updatePlaceBack(ctx context.Context, q pg.Querier, id PlaceID) error {
	_, err := q.Exec(ctx, `with gone as (delete from chat_wakes where place_id = $1)
		update chat_places set away_at = null, told_at = null, return_mark = null, seen_at = now() where id = $1`, id)
	return store("step back", err)
}

func upsertWake(ctx context.Context, q pg.Querier, id PlaceID, s seal.Alone) error {
	_, err := q.Exec(ctx, `insert into chat_wakes (place_id, service_id, key_id, key_wrapped, sub_sealed, due_at)
			select id, service_id, $2, $3, $4, told_at from chat_places where id = $1
		on conflict (place_id) do update set key_id = $2, key_wrapped = $3, sub_sealed = $4, due_at = excluded.due_at, tries = 0`, id, s.KeyID, s.Wrapped, s.Text)
	return store("upsert wake", err)
}

func selectReturn(ctx context.Context, q pg.Querier, service account.ServiceID, mark []byte) (id account.ID, err error) {
	err = q.QueryRow(ctx, `select person_id from chat_places where return_mark = $1 and service_id = $2 and state <> 'ended'`, mark, service).Scan(&id)
	return id, store("select return", err)
}

// updatePlacesTold looks at the first of those who are away, so that many who never come back cost little. Who was told a while ago keeps nobody else from being told.
func updatePlacesTold(ctx context.Context, q pg.Querier, service account.ServiceID, free int) ([]account.ID, error) {
	rows, err := q.Query(ctx, `with first as (
			select id from chat_places p where service_id = $1 and state = 'waiting' and away_at is not null and told_at is null
			order by `+queueOrder+` limit least($2, 20)),
		turn as (select p.id from first join chat_places p on p.id = first.id
			where (select count(*) from chat_places o where o.service_id = $1 and o.state = 'waiting' and o.id <> p.id
				and (o.away_at is null or o.told_at > now() - $3::interval or o.told_at is null and o.id in (select id from first))
				and (-greatest(o.level, 0), coalesce(o.feeling, 5), o.created_at, o.id) < `+queueOrder+`) < $2
			for update of p skip locked),
		woken as (update chat_wakes set due_at = now(), tries = 0 where place_id in (select id from turn))
		update chat_places set told_at = now() where id in (select id from turn) and told_at is null returning person_id`, service, free, expectFor)
	if err != nil {
		return nil, store("tell away", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[account.ID])
	return list, store("tell away", err)
}

// wakeRow is a browser to be woken.
type wakeRow struct {
	place   PlaceID
	service account.ServiceID
	sealed  seal.Alone
	tries   int
}

// takeWakes takes those that are due, each for one try: the next is later, and the last is the last.
func takeWakes(ctx context.Context, q pg.Querier) ([]wakeRow, error) {
	rows, err := q.Query(ctx, `update chat_wakes set tries = tries + 1, due_at = case when tries + 1 < $1 then now() + $2::interval end
		where place_id in (select place_id from chat_wakes where due_at <= now() order by due_at limit $3 for update skip locked)
		returning place_id, service_id, key_id, key_wrapped, sub_sealed, tries`, wakeTries, wakeAgain, wakesAtOne)
	if err != nil {
		return nil, store("take wakes", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (wakeRow, error) {
		var w wakeRow
		return w, row.Scan(&w.place, &w.service, &w.sealed.KeyID, &w.sealed.Wrapped, &w.sealed.Text, &w.tries)
	})
	return list, store("take wakes", err)
}

// updateWoken leaves a browser that took the place of this one meanwhile to be woken.
func updateWoken(ctx context.Context, q pg.Querier, w wakeRow) error {
	_, err := q.Exec(ctx, `update chat_wakes set due_at = null where place_id = $1 and key_id = $2`, w.place, w.sealed.KeyID)
	return store("update woken", err)
}
