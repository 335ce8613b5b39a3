package chat

import (
	"context"

	"github.com/jackc/pgx/v5"

	"ponti/internal/pg"
)

func selectMarks(ctx context.Context, q pg.Querier, rooms []RoomID) (map[RoomID]Marked, error) {
	rows, err := q.Query(ctx, `select r.id, r.service_id, r.last_seq, r.authority_version, r.state, concat_ws(' ', r.state, r.authority_version, extract(epoch from r.ends_at), p.mark,
			(select `+whisperMark+` from chat_whispers w where w.room_id = r.id),
			(select k.approved from chat_cards k where k.next_id = r.id), (select count(*) from chat_given g where g.account_id = r.person_id)), p.numbers, p.read
		from chat_rooms r, lateral (select string_agg(concat_ws('.', number, left_at is not null, more_at is not null), ' ' order by number) as mark,
				coalesce(array_agg(number order by number), '{}') as numbers, coalesce(array_agg(read_seq order by number), '{}') as read
			from chat_participants where room_id = r.id) p
		where r.id = any($2)`, whisperLate, rooms)
	if err != nil {
		return nil, store("select marks", err)
	}
	marks := make(map[RoomID]Marked, len(rooms))
	var id RoomID
	var m Marked
	var numbers []int16
	var read []int64
	_, err = pgx.ForEachRow(rows, []any{&id, &m.service, &m.Seq, &m.Version, &m.State, &m.Mark, &numbers, &read}, func() error {
		m.Read = make(map[int16]int64, len(numbers))
		for i, n := range numbers {
			m.Read[n] = read[i]
		}
		marks[id] = m
		return nil
	})
	return marks, store("select marks", err)
}
