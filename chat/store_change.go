package chat

import (
	"context"

	"github.com/jackc/pgx/v5"

	"ponti/internal/pg"
)

// selectToChange reads a message of a room the caller has locked, and whether it was sent a short enough time ago.
func selectToChange(ctx context.Context, q pg.Querier, id RoomID, seq int64) (m messageRow, inTime bool, err error) {
	err = q.QueryRow(ctx, `select `+messageColumns+`, at > now() - $3::interval from chat_messages where room_id = $1 and seq = $2`, id, seq, ChangeFor).
		Scan(append(m.fields(), &inTime)...)
	return m, inTime, store("select message to change", err)
}

// updateChanged says which edit or removal of a message holds now, and withdraws the edits before it; a removal withdraws all.
func updateChanged(ctx context.Context, q pg.Querier, id RoomID, seq, by int64, removed bool) error {
	_, err := q.Exec(ctx, `with before as (update chat_messages set withdrawn = true where room_id = $1 and about = $2 and seq < $3)
		update chat_messages set changed_seq = $3, withdrawn = $4 where room_id = $1 and seq = $2`, id, seq, by, removed)
	return store("change message", err)
}

func selectMessages(ctx context.Context, q pg.Querier, id RoomID, seqs []int64) ([]messageRow, error) {
	rows, err := q.Query(ctx, `select `+messageColumns+` from chat_messages where room_id = $1 and seq = any($2) order by seq`, id, seqs)
	if err != nil {
		return nil, store("select messages", err)
	}
	list, err := pgx.CollectRows(rows, scanMessage)
	return list, store("select messages", err)
}

// selectAbout lists the edits and the removal of a message, in order.
func selectAbout(ctx context.Context, q pg.Querier, id RoomID, seq int64) ([]int64, error) {
	rows, err := q.Query(ctx, `select seq from chat_messages where room_id = $1 and about = $2 order by seq`, id, seq)
	if err != nil {
		return nil, store("select about", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	return list, store("select about", err)
}
