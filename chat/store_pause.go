package chat

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
)

// insertPause begins the pause of the ESP who takes part in a room, and takes back what they are offered; one who pauses already goes on.
func insertPause(ctx context.Context, q pg.Querier, id RoomID) error {
	_, err := q.Exec(ctx, `insert into chat_pauses (account_id, service_id)
		select account_id, service_id from chat_participants where room_id = $1 and part = 'esp' and left_at is null
		on conflict (account_id) do nothing`, id)
	if err != nil {
		return store("insert pause", err)
	}
	// Who waits and was just offered to them goes to somebody else. A place is locked before its offer, as everywhere.
	rows, err := q.Query(ctx, `select p.id, o.id, o.esp_id, p.person_id from chat_participants e join chat_offers o on o.esp_id = e.account_id and o.state = 'open'
		join chat_places p on p.offer_id = o.id where e.room_id = $1 and e.part = 'esp' and e.left_at is null for update of p`, id)
	if err != nil {
		return store("lock offers of who pauses", err)
	}
	offers, err := pgx.CollectRows(rows, scanExpired)
	if err != nil {
		return store("lock offers of who pauses", err)
	}
	for _, o := range offers {
		_, err := q.Exec(ctx, `with over as (update chat_offers set state = 'withdrawn', answered_at = clock_timestamp() where id = $2 and state = 'open' returning 1)
			update chat_places set state = 'waiting', offer_id = null where id = $1 and offer_id = $2 and exists (select from over)`, o.place, o.offer)
		if err != nil {
			return store("withdraw offers of who pauses", err)
		}
	}
	return nil
}

func deletePause(ctx context.Context, q pg.Querier, s account.ServiceID, esp account.ID) (bool, error) {
	tag, err := q.Exec(ctx, `delete from chat_pauses where service_id = $1 and account_id = $2`, s, esp)
	return tag.RowsAffected() == 1, store("delete pause", err)
}

// selectPause is since when somebody pauses; nil when they do not.
func selectPause(ctx context.Context, q pg.Querier, esp account.ID) (*time.Time, error) {
	rows, err := q.Query(ctx, `select since from chat_pauses where account_id = $1`, esp)
	if err != nil {
		return nil, store("select pause", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[time.Time])
	if err != nil || len(list) == 0 {
		return nil, store("select pause", err)
	}
	return &list[0], nil
}

func selectPauses(ctx context.Context, q pg.Querier, s account.ServiceID) (map[account.ID]time.Time, error) {
	rows, err := q.Query(ctx, `select account_id, since from chat_pauses where service_id = $1`, s)
	if err != nil {
		return nil, store("select pauses", err)
	}
	pauses := map[account.ID]time.Time{}
	var who account.ID
	var since time.Time
	_, err = pgx.ForEachRow(rows, []any{&who, &since}, func() error { pauses[who] = since; return nil })
	return pauses, store("select pauses", err)
}
