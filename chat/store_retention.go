package chat

import (
	"context"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
)

func scanEnded(row pgx.CollectableRow) (ended, error) {
	var e ended
	return e, row.Scan(&e.room, &e.service, &e.person, &e.lastSeq, &e.keptAs)
}

const endedColumns = `id, service_id, person_id, last_seq, coalesce(kept_as, '')`

func lockUndated(ctx context.Context, q pg.Querier) ([]ended, error) {
	rows, err := q.Query(ctx, `select `+endedColumns+` from chat_rooms where state = 'ended' and kept_until is null
		order by ended_at limit $1 for no key update skip locked`, dateAtOnce)
	if err != nil {
		return nil, store("lock undated", err)
	}
	list, err := pgx.CollectRows(rows, scanEnded)
	return list, store("lock undated", err)
}

// updateKept counts from the end of the conversation.
func updateKept(ctx context.Context, q pg.Querier, e ended, lasts string) error {
	_, err := q.Exec(ctx, `update chat_rooms set kept_as = $2, kept_until = ended_at + $3::text::interval where id = $1`, e.room, e.keptAs, lasts)
	return store("keep room", err)
}

// updateKeptLonger looks again in a day: somebody still works on it.
func updateKeptLonger(ctx context.Context, q pg.Querier, id RoomID, lasts string) error {
	_, err := q.Exec(ctx, `update chat_rooms set kept_as = 'flagged', kept_until = greatest(ended_at + $2::text::interval, now() + interval '1 day') where id = $1`, id, lasts)
	return store("keep room longer", err)
}

func selectPastKeeping(ctx context.Context, q pg.Querier) ([]ended, error) {
	rows, err := q.Query(ctx, `select `+endedColumns+` from chat_rooms where kept_until <= now() order by kept_until limit $1`, eraseAtOnce)
	if err != nil {
		return nil, store("select past keeping", err)
	}
	list, err := pgx.CollectRows(rows, scanEnded)
	return list, store("select past keeping", err)
}

// selectRoomsToForget lists what there is of a person, open or ended.
func selectRoomsToForget(ctx context.Context, q pg.Querier, person account.Actor) ([]ended, error) {
	rows, err := q.Query(ctx, `select `+endedColumns+` from chat_rooms where person_id = $1 and service_id = $2 order by created_at`, person.ID, person.Service)
	if err != nil {
		return nil, store("select rooms to forget", err)
	}
	list, err := pgx.CollectRows(rows, scanEnded)
	return list, store("select rooms to forget", err)
}

// lockPastKeeping locks the place and then the room, in the order of all that lock both, and reads it again. ErrNotFound when it is gone; also, unless it
// was asked for, when it is kept for longer now.
func lockPastKeeping(ctx context.Context, q pg.Querier, e *ended, asked bool) error {
	if _, err := q.Exec(ctx, `select 1 from chat_places where room_id = $1 for update`, e.room); err != nil {
		return store("lock place of room", err)
	}
	err := q.QueryRow(ctx, `select last_seq, coalesce(kept_as, $3) from chat_rooms where id = $1 and state = 'ended' and ($2 or kept_until <= now()) for update`,
		e.room, asked, e.keptAs).Scan(&e.lastSeq, &e.keptAs)
	return store("lock past keeping", err)
}

func selectIsUnread(ctx context.Context, q pg.Querier, id RoomID) (is bool, err error) {
	err = q.QueryRow(ctx, `select exists (select from chat_messages where room_id = $1 and level = -1)
		or exists (select from chat_places where room_id = $1 and level = -1)`, id).Scan(&is)
	return is, store("select is unread", err)
}

// deleteRoom erases a conversation with all that hangs on it, and keeps what tells nothing of anybody: a count, and how long one waited.
func deleteRoom(ctx context.Context, q pg.Querier, e ended) error {
	_, err := q.Exec(ctx, `insert into chat_waits (service_id, created_at, started_at) select service_id, created_at, started_at
		from chat_places where room_id = $1 and started_at is not null and not again and not was_away`, e.room)
	if err != nil {
		return store("keep wait", err)
	}
	said, err := q.Exec(ctx, `delete from chat_messages where room_id = $1`, e.room)
	if err != nil {
		return store("erase messages", err)
	}
	if _, err := q.Exec(ctx, `delete from chat_rooms where id = $1`, e.room); err != nil {
		return store("erase room", err)
	}
	_, err = q.Exec(ctx, `insert into chat_erased (service_id, day, kept_as, rooms, messages) values ($1, (now() at time zone 'utc')::date, $2, 1, $3)
		on conflict on constraint chat_erased_pkey do update set rooms = chat_erased.rooms + 1, messages = chat_erased.messages + excluded.messages`,
		e.service, e.keptAs, said.RowsAffected())
	return store("count erased", err)
}

func selectKept(ctx context.Context, q pg.Querier, service account.ServiceID) ([]Kept, error) {
	rows, err := q.Query(ctx, `select k.kind, coalesce(r.rooms, 0), coalesce(r.oldest, interval '0'), coalesce(r.late, 0), coalesce(e.rooms, 0), coalesce(e.messages, 0)
		from unnest($1::text[]) with ordinality k (kind, n)
		left join (select kept_as, count(*) as rooms, max(now() - ended_at) as oldest, count(*) filter (where kept_until < now() - interval '1 h') as late
			from chat_rooms where kept_as is not null and ($2 or service_id = $3) group by kept_as) r on r.kept_as = k.kind
		left join (select kept_as, sum(rooms)::bigint as rooms, sum(messages)::bigint as messages
			from chat_erased where day > (now() at time zone 'utc')::date - 30 and ($2 or service_id = $3) group by kept_as) e on e.kept_as = k.kind
		order by k.n`, Kinds, service.IsZero(), service)
	if err != nil {
		return nil, store("select kept", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Kept, error) {
		var k Kept
		return k, row.Scan(&k.As, &k.Rooms, &k.Oldest, &k.Late, &k.Erased, &k.Messages)
	})
	return list, store("select kept", err)
}
