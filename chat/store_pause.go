package chat

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
)

// insertPause begins the pause of the ESP who takes part in a room; one who pauses already goes on.
func insertPause(ctx context.Context, q pg.Querier, id RoomID) error {
	_, err := q.Exec(ctx, `insert into chat_pauses (account_id, service_id)
		select account_id, service_id from chat_participants where room_id = $1 and part = 'esp' and left_at is null
		on conflict (account_id) do nothing`, id)
	return store("insert pause", err)
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
