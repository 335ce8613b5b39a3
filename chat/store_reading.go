package chat

import (
	"context"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
)

// updateRead waits for nobody: many rows are marked in one go, and each may be somebody's who is just leaving.
func updateRead(ctx context.Context, q pg.Querier, marks []Mark) ([]Mark, error) {
	rooms, who, seqs := make([]RoomID, len(marks)), make([]account.ID, len(marks)), make([]int64, len(marks))
	for i, m := range marks {
		rooms[i], who[i], seqs[i] = m.Room, m.Account, m.Seq
	}
	rows, err := q.Query(ctx, `with mine as (
			select p.room_id, p.number, least(m.seq, r.last_seq) as seq
			from (select room_id, account_id, max(seq) as seq from unnest($1::uuid[], $2::uuid[], $3::bigint[]) as m (room_id, account_id, seq) group by 1, 2) m
				join chat_participants p on p.room_id = m.room_id and p.account_id = m.account_id and p.left_at is null
				join chat_rooms r on r.id = p.room_id and r.state = 'open'
			for update of p skip locked)
		update chat_participants p set read_seq = greatest(p.read_seq, mine.seq) from mine
		where p.room_id = mine.room_id and p.number = mine.number returning p.room_id, p.account_id, p.read_seq`, rooms, who, seqs)
	if err != nil {
		return nil, store("update read", err)
	}
	held, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Mark, error) {
		var m Mark
		return m, row.Scan(&m.Room, &m.Account, &m.Seq)
	})
	return held, store("update read", err)
}

func selectRead(ctx context.Context, q pg.Querier, rooms []RoomID) (map[RoomID]map[int16]int64, error) {
	rows, err := q.Query(ctx, `select room_id, number, read_seq from chat_participants where room_id = any($1) and read_seq > 0`, rooms)
	if err != nil {
		return nil, store("select read", err)
	}
	marks := map[RoomID]map[int16]int64{}
	var id RoomID
	var n int16
	var seq int64
	_, err = pgx.ForEachRow(rows, []any{&id, &n, &seq}, func() error {
		if marks[id] == nil {
			marks[id] = map[int16]int64{}
		}
		marks[id][n] = seq
		return nil
	})
	return marks, store("select read", err)
}
