package chat

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
)

// selectSaidBefore lists the last texts before a sequence that are young enough, in order: each message once, with the text that was put last in its place, and
// none of the message about. Whole is true when there are no others. However long the conversation is, it looks at a bounded part of its end.
func selectSaidBefore(ctx context.Context, q pg.Querier, id RoomID, before, about int64, young time.Duration, limit int) (list []messageRow, whole bool, err error) {
	rows, err := q.Query(ctx, `select `+messageColumns+` from chat_messages
		where room_id = $1 and seq < $2 and seq >= $2 - 5 * $5::bigint and kind in ('text', 'edited') and at > now() - $4::interval and coalesce(about, seq) <> $3
			and (withdrawn or changed_seq is null) and not (kind = 'edited' and withdrawn)
		order by seq desc limit $5`, id, before, about, young, limit)
	if err != nil {
		return nil, false, store("select said before", err)
	}
	list, err = pgx.CollectRows(rows, scanMessage)
	slices.Reverse(list)
	return list, len(list) < limit, store("select said before", err)
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
