package chat

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
	"ponti/moderation/triage"
)

// stored is a message found by its client id; a zero seq is none.
type stored struct {
	room  RoomID
	seq   int64
	at    time.Time
	sum   []byte
	level triage.Level
}

func selectByCID(ctx context.Context, q pg.Querier, sender account.ID, cid string) (stored, error) {
	var s stored
	err := q.QueryRow(ctx, `select room_id, seq, at, body_sum, level from chat_messages where sender_id = $1 and cid = $2`, sender, cid).
		Scan(&s.room, &s.seq, &s.at, &s.sum, &s.level)
	return s, store("select by cid", err)
}

// lockRooms takes the row locks of rooms in the order of their ids, so that no two batches wait for each other, and tells
// which it got. It waits 100 ms, after which a locked room no longer holds up the others of its writer; without wait it leaves
// those that somebody else has locked. What it tells is there once b was sent.
//
// The statements of a batch are the same whatever its size, and planning them for each would cost more than running them.
func lockRooms(b *pgx.Batch, batch []*posting, wait bool) map[RoomID]bool {
	b.Queue(`select set_config('lock_timeout', '100ms', true), set_config('plan_cache_mode', 'force_generic_plan', true)`)
	sql := `select id from chat_rooms where id = any($1) order by id for update`
	if !wait {
		sql += ` skip locked`
	}
	rooms := make([]RoomID, len(batch))
	for i, p := range batch {
		rooms[i] = p.in.Room
	}
	locked := make(map[RoomID]bool, len(batch))
	b.Queue(sql, rooms).Query(func(rows pgx.Rows) error {
		var id RoomID
		_, err := pgx.ForEachRow(rows, []any{&id}, func() error { locked[id] = true; return nil })
		return store("lock rooms", err)
	})
	return locked
}

// facts are what a batch knows of one of its messages before it is stored.
type facts struct {
	standing standing // as far as judging a message needs it
	old      stored
}

// selectFacts reads the facts of each message of a batch; of a room that is not there, none. It comes after lockRooms, in a
// statement of its own, for the reason that selectStanding tells. What it reads is there once b was sent.
func selectFacts(b *pgx.Batch, batch []*posting) map[int]facts {
	n := make([]int32, len(batch))
	rooms, services, senders := make([]RoomID, len(batch)), make([]account.ServiceID, len(batch)), make([]account.ID, len(batch))
	cids := make([]string, len(batch))
	for i, p := range batch {
		n[i], rooms[i], services[i], senders[i], cids[i] = int32(i), p.in.Room, p.actor.Service, p.actor.ID, p.in.CID
	}
	found := make(map[int]facts, len(batch))
	b.Queue(`select b.n, r.id, r.service_id, r.person_id, r.state, r.key_id, r.key_wrapped, r.last_seq,
			coalesce(p.number, 0), p.number is not null and p.left_at is null, coalesce(r.ended_at > now() - $6::interval, false),
			m.room_id, coalesce(m.seq, 0), coalesce(m.at, now()), m.body_sum, coalesce(m.level, 0)
		from unnest($1::int[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[]) as b (n, room, service, sender, cid)
		join chat_rooms r on r.id = b.room and r.service_id = b.service
		left join chat_participants p on p.room_id = r.id and p.account_id = b.sender
		left join chat_messages m on m.sender_id = b.sender and m.cid = b.cid`, n, rooms, services, senders, cids, peerReads).
		Query(func(rows pgx.Rows) error { return store("select facts", scanFacts(rows, found)) })
	return found
}

func scanFacts(rows pgx.Rows, found map[int]facts) error {
	for rows.Next() {
		var i int
		var f facts
		var other *RoomID
		r := &f.standing.room
		if err := rows.Scan(&i, &r.id, &r.service, &r.person, &r.state, &r.key.id, &r.key.wrapped, &r.lastSeq,
			&f.standing.number, &f.standing.here, &f.standing.withinDay, &other, &f.old.seq, &f.old.at, &f.old.sum, &f.old.level); err != nil {
			return err
		}
		if other != nil {
			f.old.room = *other
		}
		found[i] = f
	}
	return rows.Err()
}

// insertMessages stores unflagged messages at the sequences the caller took under the row locks of their rooms, bumps the
// rooms to the last of them, and gives the instants once b was sent, which never run against the sequence. When a sender
// stored something meanwhile under the same client id, in another room, it fails.
func insertMessages(b *pgx.Batch, list []messageRow) map[int]time.Time {
	k := len(list)
	n, seqs, numbers := make([]int32, k), make([]int64, k), make([]int16, k)
	rooms, services, senders := make([]RoomID, k), make([]account.ServiceID, k), make([]account.ID, k)
	cids, keys, bodies, sums := make([]string, k), make([]string, k), make([][]byte, k), make([][]byte, k)
	at := make(map[messagePlace]int, k)
	for i, m := range list {
		n[i], seqs[i], numbers[i] = int32(i), m.message.Seq, m.message.From
		rooms[i], services[i], senders[i] = m.room, m.service, m.sender
		cids[i], keys[i], bodies[i], sums[i] = m.message.CID, m.keyID, m.sealed, m.sum
		at[messagePlace{m.room, m.message.Seq}] = i
	}
	times := make(map[int]time.Time, k)
	b.Queue(`with new as (
			select * from unnest($1::int[], $2::uuid[], $3::bigint[], $4::uuid[], $5::uuid[], $6::smallint[], $7::text[], $8::text[], $9::bytea[], $10::bytea[])
				as b (n, room, seq, service, sender, number, cid, key, body, sum)),
		bumped as (update chat_rooms r set last_seq = t.seq from (select room, max(seq) as seq from new group by room) t where r.id = t.room)
		insert into chat_messages (room_id, seq, service_id, sender_id, number, cid, kind, key_id, text_version, body_sealed, body_sum, level)
		select room, seq, service, sender, number, cid, $11, key, $12, body, sum, $13 from new order by n
		returning room_id, seq, at`,
		n, rooms, seqs, services, senders, numbers, cids, keys, bodies, sums, Text, bodyVersion, triage.None).
		Query(func(rows pgx.Rows) error {
			var place messagePlace
			var when time.Time
			_, err := pgx.ForEachRow(rows, []any{&place.room, &place.seq, &when}, func() error { times[at[place]] = when; return nil })
			return store("insert messages", err)
		})
	return times
}

type messagePlace struct {
	room RoomID
	seq  int64
}
