package chat

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
)

// waiterRow is a waiting person as they are stored.
type waiterRow struct {
	Waiter
	place  PlaceID
	person account.ID
	room   room
	shown  bool // to this tutor, before
}

func selectWaitingSum(ctx context.Context, q pg.Querier, service account.ServiceID) (count int, longest time.Duration, err error) {
	err = q.QueryRow(ctx, `select count(*), coalesce(max(now() - created_at), interval '0') from chat_places
		where service_id = $1 and state in ('waiting', 'offered')`, service).Scan(&count, &longest)
	return count, longest, store("sum waiting", err)
}

func selectWaitingList(ctx context.Context, q pg.Querier, actor account.Actor) ([]waiterRow, error) {
	rows, err := q.Query(ctx, `select p.id, p.person_id, p.level, now() - p.created_at, p.state = 'offered', p.away_at is not null,
			exists (select from chat_listings l where l.place_id = p.id and l.account_id = $2), `+roomColumns+`
		from chat_places p join chat_rooms r on r.id = p.room_id
		where p.service_id = $1 and p.state in ('waiting', 'offered') order by `+queueOrder+` limit 100`, actor.Service, actor.ID)
	if err != nil {
		return nil, store("select waiting list", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (waiterRow, error) {
		var w waiterRow
		return w, row.Scan(append([]any{&w.place, &w.person, &w.Level, &w.Waited, &w.Offered, &w.Away, &w.shown}, w.room.fields()...)...)
	})
	return list, store("select waiting list", err)
}

// insertListing says whether this was the first time. A place that is gone was not shown.
func insertListing(ctx context.Context, q pg.Querier, actor account.Actor, id PlaceID) (first bool, err error) {
	tag, err := q.Exec(ctx, `insert into chat_listings (place_id, service_id, account_id)
		select id, service_id, $2 from chat_places where id = $1 and service_id = $3 on conflict do nothing`, id, actor.ID, actor.Service)
	return err == nil && tag.RowsAffected() > 0, store("insert listing", err)
}

func selectWaitingMark(ctx context.Context, q pg.Querier, service account.ServiceID) (string, error) {
	var mark string
	err := q.QueryRow(ctx, `select coalesce(md5(string_agg(concat_ws(' ', id, state, away_at is null, level, floor(extract(epoch from now() - created_at) / 60)), ',' order by id)), '')
			|| coalesce((select md5(string_agg(concat_ws(' ', w.id, w.seen_at is null), ',' order by w.id))`+askedFrom+`), '')
		from chat_places where service_id = $1 and state in ('waiting', 'offered')`, service).Scan(&mark)
	return mark, store("select waiting mark", err)
}
