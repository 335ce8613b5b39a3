package chat

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"ponti/account"
	"ponti/internal/pg"
)

// stillSaid is true of the texts that stand for what was said: each message once, with the text that was put last in its place, and also what was removed.
const stillSaid = `kind in ('text', 'edited') and (withdrawn or changed_seq is null) and not (kind = 'edited' and withdrawn)`

// selectSaidBefore lists the last texts before a sequence that are young enough, in order: each message once, with the text that was put last in its place, and
// none of the message about. Whole is true when there are no others. However long the conversation is, it looks at a bounded part of its end.
func selectSaidBefore(ctx context.Context, q pg.Querier, id RoomID, before, about int64, young time.Duration, limit int) (list []messageRow, whole bool, err error) {
	rows, err := q.Query(ctx, `select `+messageColumns+` from chat_messages
		where room_id = $1 and seq < $2 and seq >= $2 - 5 * $5::bigint and at > now() - $4::interval and coalesce(about, seq) <> $3 and `+stillSaid+`
		order by seq desc limit $5`, id, before, about, young, limit)
	if err != nil {
		return nil, false, store("select said before", err)
	}
	list, err = pgx.CollectRows(rows, scanMessage)
	slices.Reverse(list)
	return list, len(list) < limit, store("select said before", err)
}

// selectSaid lists what selectSaidBefore does of several rooms, after a sequence and before the next message of each, and how the rooms stood. What changed between
// its two statements has another last sequence by then.
func selectSaid(ctx context.Context, pool *pgxpool.Pool, after map[RoomID]int64, young time.Duration, limit int) (rooms []room, said map[RoomID][]messageRow, err error) {
	ids, heads := make([]RoomID, 0, len(after)), make([]int64, 0, len(after))
	for id, head := range after {
		ids, heads = append(ids, id), append(heads, head)
	}
	b := &pgx.Batch{}
	b.Queue(`select id, service_id, person_id, key_id, topic_sealed, last_seq, created_at from chat_rooms where id = any($1)`, ids).Query(func(rows pgx.Rows) (err error) {
		rooms, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (r room, err error) {
			return r, row.Scan(&r.id, &r.service, &r.person, &r.key.id, &r.topic, &r.lastSeq, &r.createdAt)
		})
		return err
	})
	said = make(map[RoomID][]messageRow, len(ids))
	b.Queue(`select `+messageColumns+` from (select m.* from unnest($1::uuid[], $2::bigint[]) as a (room, head)
			cross join lateral (select * from chat_messages
				where room_id = a.room and seq > greatest(a.head, (select last_seq from chat_rooms where id = a.room) - 5 * $4::bigint) and at > now() - $3::interval and `+stillSaid+`
				order by seq desc limit $4) m) as said order by room_id, seq`, ids, heads, young, limit).Query(func(rows pgx.Rows) error {
		list, err := pgx.CollectRows(rows, scanMessage)
		for _, row := range list {
			said[row.room] = append(said[row.room], row)
		}
		return err
	})
	return rooms, said, store("select said", pool.SendBatch(ctx, b).Close())
}

// selectRoomsBefore lists conversations of a service, from one to older ones.
func selectRoomsBefore(ctx context.Context, q pg.Querier, service account.ServiceID, before room, limit int) ([]room, error) {
	rows, err := q.Query(ctx, `select `+roomColumns+` from chat_rooms r where r.service_id = $1 and ($2::uuid is null or (r.created_at, r.id) < ($3, $2))
		order by r.created_at desc, r.id desc limit $4`, service, before.id, before.createdAt, limit)
	if err != nil {
		return nil, store("select rooms before", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (r room, err error) { return r, row.Scan(r.fields()...) })
	return list, store("select rooms before", err)
}

// selectSaidByPersons lists every text of the persons of these rooms, the newest first.
func selectSaidByPersons(ctx context.Context, q pg.Querier, rooms []RoomID) (map[RoomID][]messageRow, error) {
	found, err := q.Query(ctx, `select `+messageColumns+` from chat_messages
		where room_id = any($1) and kind in ('text', 'edited') and sender_id = (select person_id from chat_rooms where id = room_id) order by room_id, seq desc`, rooms)
	if err != nil {
		return nil, store("select said by persons", err)
	}
	list, err := pgx.CollectRows(found, scanMessage)
	said := make(map[RoomID][]messageRow, len(rooms))
	for _, row := range list {
		said[row.room] = append(said[row.room], row)
	}
	return said, store("select said by persons", err)
}
