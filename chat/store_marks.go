package chat

import (
	"context"

	"github.com/jackc/pgx/v5"

	"ponti/internal/pg"
)

func selectMarks(ctx context.Context, q pg.Querier, rooms []RoomID) (map[RoomID]string, error) {
	rows, err := q.Query(ctx, `select r.id, concat_ws(' ', r.state, r.authority_version, extract(epoch from r.ends_at),
			(select string_agg(concat_ws('.', p.number, p.left_at is not null, p.more_at is not null, p.read_seq), ' ' order by p.number) from chat_participants p where p.room_id = r.id),
			(select `+whisperMark+` from chat_whispers w where w.room_id = r.id),
			(select k.approved from chat_cards k where k.next_id = r.id), (select count(*) from chat_given g where g.account_id = r.person_id))
		from chat_rooms r where r.id = any($2)`, whisperLate, rooms)
	if err != nil {
		return nil, store("select marks", err)
	}
	marks := make(map[RoomID]string, len(rooms))
	var id RoomID
	var mark string
	_, err = pgx.ForEachRow(rows, []any{&id, &mark}, func() error { marks[id] = mark; return nil })
	return marks, store("select marks", err)
}
