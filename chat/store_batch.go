package chat

import (
	"bytes"
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
	about int64 // of an edit or a removal
}

func selectByCID(ctx context.Context, q pg.Querier, sender account.ID, cid string) (stored, error) {
	var s stored
	err := q.QueryRow(ctx, `select room_id, seq, at, body_sum, level, coalesce(about, 0) from chat_messages where sender_id = $1 and cid = $2`, sender, cid).
		Scan(&s.room, &s.seq, &s.at, &s.sum, &s.level, &s.about)
	return s, store("select by cid", err)
}

// sent is what makes a message the same.
type sent struct {
	sender account.ID
	cid    string
}

func (p *posting) sent() sent { return sent{p.actor.ID, p.in.CID} }

// selectSeats reads what the sender of each message is to its room; of a room that is not there for them, nothing.
func selectSeats(ctx context.Context, q pg.Querier, batch []*posting) (map[int]standing, error) {
	n := make([]int32, len(batch))
	rooms, services, senders := make([]RoomID, len(batch)), make([]account.ServiceID, len(batch)), make([]account.ID, len(batch))
	for i, p := range batch {
		n[i], rooms[i], services[i], senders[i] = int32(i), p.in.Room, p.actor.Service, p.actor.ID
	}
	rows, err := q.Query(ctx, `select b.n, r.id, r.service_id, r.person_id, r.state, r.key_id, r.key_wrapped, r.authority_version,
			coalesce(p.number, 0), p.number is not null and p.left_at is null
		from unnest($1::int[], $2::uuid[], $3::uuid[], $4::uuid[]) as b (n, room, service, sender)
		join chat_rooms r on r.id = b.room and r.service_id = b.service
		left join chat_participants p on p.room_id = r.id and p.account_id = b.sender`, n, rooms, services, senders)
	if err != nil {
		return nil, store("select seats", err)
	}
	found := make(map[int]standing, len(batch))
	var i int
	var s standing
	r := &s.room
	_, err = pgx.ForEachRow(rows, []any{&i, &r.id, &r.service, &r.person, &r.state, &r.key.id, &r.key.wrapped, &r.version, &s.number, &s.here},
		func() error {
			s.room.key.wrapped = bytes.Clone(s.room.key.wrapped)
			found[i] = s
			return nil
		})
	return found, store("select seats", err)
}

// insertMessages stores unflagged messages at the next sequences of their rooms, whose row locks it takes in the order of their
// ids, so that no two batches wait for each other. It waits 100 ms for a lock, after which a locked room no longer holds up the
// others of its writer; without wait it leaves those that somebody else has locked. A room that is not open any more, of another
// authority version than the message was sealed under, or in which somebody spoke since it was heard, is left too. With again it first looks for client ids that are used already, and
// stores nothing under them; without, which is cheaper, one of them makes it fail by the constraint chat_messages_once.
//
// Once b was sent, kept has what is stored under the client ids, whoever stored it, and fresh what this did. The instants never run
// against the sequence. When another instance stores one of the client ids at the same time, it fails.
//
// The statement is the same for any number of messages, and planning it anew each time would cost more than running it. The plan is
// kept, though it may have been made for tables that were empty then: it must not be one that reads them whole.
func insertMessages(b *pgx.Batch, list []messageRow, said map[RoomID]*heard, wait, again bool, kept map[sent]stored, fresh map[sent]bool) {
	k := len(list)
	n, versions, numbers := make([]int32, k), make([]int64, k), make([]int16, k)
	rooms, services, senders := make([]RoomID, k), make([]account.ServiceID, k), make([]account.ID, k)
	heads := make([]*int64, k)
	cids, keys, bodies, sums := make([]string, k), make([]string, k), make([][]byte, k), make([][]byte, k)
	for i, m := range list {
		n[i], versions[i], numbers[i] = int32(i), m.authority, m.message.From
		rooms[i], services[i], senders[i] = m.room, m.service, m.sender
		cids[i], keys[i], bodies[i], sums[i] = m.message.CID, m.keyID, m.sealed, m.sum
		if h := said[m.room]; h != nil && h.asked {
			heads[i] = &h.head
		}
	}
	skip, old, unless, others := "", "", "", ""
	if !wait {
		skip = " skip locked"
	}
	if again {
		old = `old as materialized (select b.n, m.* from new b cross join lateral
			(select room_id, seq, at, body_sum, level, sender_id, cid from chat_messages where sender_id = b.sender and cid = b.cid) m),`
		unless, others = ` where b.n not in (select n from old)`, ` union all select room_id, seq, at, body_sum, level, sender_id, cid, false from old`
	}
	b.Queue(`select set_config('lock_timeout', '100ms', true), set_config('plan_cache_mode', 'force_generic_plan', true),
		set_config('enable_seqscan', 'off', true)`)
	b.Queue(`with new as (
			select * from unnest($1::int[], $2::uuid[], $3::bigint[], $4::uuid[], $5::uuid[], $6::smallint[], $7::text[], $8::text[], $9::bytea[], $10::bytea[], $15::bigint[])
				as b (n, room, version, service, sender, number, cid, key, body, sum, head)),
		`+old+`
		held as materialized (select id, state, last_seq, authority_version from chat_rooms where id = any($2::uuid[]) order by id for update`+skip+`),
		fit as materialized (select b.*, h.last_seq + row_number() over (partition by b.room order by b.n) as seq
			from new b join held h on h.id = b.room and h.authority_version = b.version and h.state = $14 and coalesce(h.last_seq = b.head, true)`+unless+`),
		bumped as (update chat_rooms r set last_seq = t.seq from (select room, max(seq) as seq from fit group by room) t where r.id = t.room),
		stored as (insert into chat_messages (room_id, seq, service_id, sender_id, number, cid, kind, key_id, text_version, body_sealed, body_sum, level)
			select room, seq, service, sender, number, cid, $11, key, $12, body, sum, $13 from fit order by n
			returning room_id, seq, at, body_sum, level, sender_id, cid)
		select *, true from stored`+others,
		n, rooms, versions, services, senders, numbers, cids, keys, bodies, sums, Text, bodyVersion, triage.None, Open, heads).
		Query(func(rows pgx.Rows) error {
			for rows.Next() {
				var s stored
				var of sent
				var isNew bool
				if err := rows.Scan(&s.room, &s.seq, &s.at, &s.sum, &s.level, &of.sender, &of.cid, &isNew); err != nil {
					return store("insert messages", err)
				}
				kept[of] = s
				if isNew {
					fresh[of] = true
				}
			}
			return store("insert messages", rows.Err())
		})
}
