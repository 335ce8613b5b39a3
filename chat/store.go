package chat

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/ids"
	"ponti/internal/pg"
	"ponti/moderation"
	"ponti/moderation/triage"
)

func newRoomID() RoomID   { return ids.New[room]() }
func newPlaceID() PlaceID { return ids.New[place]() }

// parseRoomID reads what Subject and URLs hold; what is no identifier is not found.
func parseRoomID(s string) (RoomID, error) {
	id, err := ids.Parse[room](s)
	if err != nil {
		return id, ErrNotFound
	}
	return id, nil
}

// messageRow is a message as it is stored.
type messageRow struct {
	room       RoomID
	service    account.ServiceID
	sender     account.ID
	message    Message
	changed    int64 // the edit or removal of it that holds now; 0: as it was sent
	withdrawn  bool
	keyID      string
	version    int16 // of its text
	authority  int64 // version of the room under which its writer was found to be in it
	sealed     []byte
	sum        []byte
	level      triage.Level
	escalation moderation.EscalationID
}

// edited is true of a message whose text is that of a later edit.
func (m *messageRow) edited() bool { return m.changed > 0 && !m.withdrawn }

type participantRow struct {
	number  int16
	account account.ID
	part    string
	left    bool
	more    bool // would like more time
	read    int64
}

// store wraps an error with the statement it came from; a missing row is ErrNotFound.
func store(what string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrNotFound
	}
	return fmt.Errorf("chat: %s: %w", what, err)
}

const roomColumns = `r.id, r.service_id, r.person_id, r.state, r.key_id, r.key_wrapped, r.topic_sealed, r.last_seq, r.authority_version,
	r.feeling_before, r.feeling_after, r.created_at, r.started_at, r.ended_at, coalesce(r.ended_by, 0), r.lost, r.ends_at, r.time_up, r.stepped_out, coalesce(r.kept_as, ''), r.kept_until,
	(select e.account_id from chat_participants e where e.room_id = r.id and e.part = 'esp' order by e.left_at is null desc, e.number desc limit 1),
	(select max(o.opened_at) from chat_openings o where o.room_id = r.id)`

func (r *room) fields() []any {
	return []any{&r.id, &r.service, &r.person, &r.state, &r.key.id, &r.key.wrapped, &r.topic, &r.lastSeq, &r.version,
		&r.feelBefore, &r.feelAfter, &r.createdAt, &r.startedAt, &r.endedAt, &r.endedBy, &r.lost, &r.endsAt, &r.timeUp, &r.steppedOut, &r.keptAs, &r.keptUntil, &r.esp, &r.openedAt}
}

// selectStanding reads the room and what the account is to it. With lock it takes the row lock in a statement of its own: a
// statement that waits for a lock sees the locked row fresh, but the rows it joins as they were before it waited.
func selectStanding(ctx context.Context, q pg.Querier, service account.ServiceID, id RoomID, who account.ID, lock bool) (standing, error) {
	if lock {
		var one int
		err := q.QueryRow(ctx, `select 1 from chat_rooms where id = $1 and service_id = $2 for update`, id, service).Scan(&one)
		if err != nil {
			return standing{}, store("lock room", err)
		}
	}
	var s standing
	err := q.QueryRow(ctx, `select `+roomColumns+`,
			coalesce(p.number, 0), p.number is not null and p.left_at is null,
			coalesce(r.ended_at > now() - $4::interval and p.left_at >= r.ended_at and not r.stepped_out, false),
			exists (select from chat_openings o where o.room_id = r.id and o.account_id = $3 and o.opened_at > now() - $5::interval)
		from chat_rooms r left join chat_participants p on p.room_id = r.id and p.account_id = $3
		where r.id = $1 and r.service_id = $2`, id, service, who, peerReads, openingFor).
		Scan(append(s.room.fields(), &s.number, &s.here, &s.withinDay, &s.opened)...)
	return s, store("select standing", err)
}

func selectRoom(ctx context.Context, q pg.Querier, service account.ServiceID, id RoomID) (room, error) {
	var r room
	err := q.QueryRow(ctx, `select `+roomColumns+` from chat_rooms r where r.id = $1 and r.service_id = $2`, id, service).Scan(r.fields()...)
	return r, store("select room", err)
}

func selectRoomsOf(ctx context.Context, q pg.Querier, actor account.Actor) ([]room, error) {
	rows, err := q.Query(ctx, `select `+roomColumns+`
		from chat_participants p join chat_rooms r on r.id = p.room_id
		where p.account_id = $1 and r.service_id = $2 and r.started_at is not null
			and (p.part = 'person' or p.left_at is null or p.part = 'esp' and p.left_at >= r.ended_at and not r.stepped_out and r.ended_at > now() - $3::interval)
		order by r.created_at desc, r.id limit 100`, actor.ID, actor.Service, peerReads)
	if err != nil {
		return nil, store("select rooms", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (room, error) {
		var r room
		return r, row.Scan(r.fields()...)
	})
	return list, store("select rooms", err)
}

func insertRoom(ctx context.Context, q pg.Querier, r room) error {
	_, err := q.Exec(ctx, `insert into chat_rooms (id, service_id, person_id, key_id, key_wrapped, topic_sealed, feeling_before)
		values ($1, $2, $3, $4, $5, $6, $7)`, r.id, r.service, r.person, r.key.id, r.key.wrapped, r.topic, r.feelBefore)
	return store("insert room", err)
}

func updateRoomStarted(ctx context.Context, q pg.Querier, id RoomID, lasts time.Duration) error {
	_, err := q.Exec(ctx, `with here as (update chat_participants set seen_at = now() where room_id = $1)
		update chat_rooms set state = 'open', started_at = now(), ends_at = now() + $2::interval where id = $1 and state = 'waiting'`, id, lasts)
	return store("start room", err)
}

// updateRoomEnded ends a room, by a participant or (0) without one, and with it everybody's part.
func updateRoomEnded(ctx context.Context, q pg.Querier, id RoomID, by int16) error {
	_, err := q.Exec(ctx, `with gone as (update chat_participants set left_at = now() where room_id = $1 and left_at is null)
		update chat_rooms set state = 'ended', ended_at = now(), ended_by = nullif($2, 0), authority_version = authority_version + 1
		where id = $1 and state <> 'ended'`, id, by)
	return store("end room", err)
}

func updateFeelingAfter(ctx context.Context, q pg.Querier, id RoomID, feeling int) error {
	_, err := q.Exec(ctx, `update chat_rooms set feeling_after = $2 where id = $1`, id, feeling)
	return store("update feeling", err)
}

// insertParticipant gives somebody a number in the room and changes its authority version; who left before comes back under
// the number they had. The caller holds the room's row lock. ErrBusy when an ESP holds another conversation, or
// two where a tutor allows that: what was offered while they might is theirs.
func insertParticipant(ctx context.Context, q pg.Querier, r room, who account.ID, part string) (int16, error) {
	var number int16
	err := q.QueryRow(ctx, `with changed as (update chat_rooms set authority_version = authority_version + 1 where id = $1)
		insert into chat_participants (room_id, service_id, number, account_id, part, slot)
		select $1, $2, coalesce(max(number), 0) + 1, $3, $4, case when $4 = 'esp'
				and exists (select from chat_participants o where o.account_id = $3 and o.part = 'esp' and o.left_at is null and o.slot = 1 and o.room_id <> $1)
				and exists (select from chat_pairs where account_id = $3 and until > now() - $5::interval) then 2 else 1 end
			from chat_participants where room_id = $1
		on conflict on constraint chat_participants_once do update set left_at = null, seen_at = now(), slot = excluded.slot returning number`,
		r.id, r.service, who, part, offerFor).Scan(&number)
	if pg.Constraint(err) == "chat_participants_cap" {
		return 0, ErrBusy
	}
	return number, store("insert participant", err)
}

func selectParticipants(ctx context.Context, q pg.Querier, id RoomID) ([]participantRow, error) {
	rows, err := q.Query(ctx, `select number, account_id, part, left_at is not null, more_at is not null, read_seq from chat_participants where room_id = $1 order by number`, id)
	if err != nil {
		return nil, store("select participants", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (participantRow, error) {
		var p participantRow
		return p, row.Scan(&p.number, &p.account, &p.part, &p.left, &p.more, &p.read)
	})
	return list, store("select participants", err)
}

// selectHearers lists who may hear a room, tutors as if their escalation were open, and the version of that answer.
func selectHearers(ctx context.Context, q pg.Querier, id RoomID) ([]participantRow, int64, error) {
	rows, err := q.Query(ctx, `select r.authority_version, p.account_id, coalesce(p.part, '')
		from chat_rooms r left join chat_participants p on p.room_id = r.id and case
			when r.state <> 'ended' then p.left_at is null
			else p.part = 'person' or p.part = 'esp' and p.left_at >= r.ended_at and not r.stepped_out and r.ended_at > now() - $2::interval end
		where r.id = $1`, id, peerReads)
	if err != nil {
		return nil, 0, store("select hearers", err)
	}
	var list []participantRow
	var version int64
	var p participantRow
	tag, err := pgx.ForEachRow(rows, []any{&version, &p.account, &p.part}, func() error {
		if !p.account.IsZero() {
			list = append(list, p)
		}
		return nil
	})
	if err == nil && tag.RowsAffected() == 0 {
		return nil, 0, ErrNotFound
	}
	return list, version, store("select hearers", err)
}

// selectTutorsHere lists the tutors who take part in a room now.
// tutorHere is a tutor who takes part in a room.
type tutorHere struct {
	actor account.Actor
	room  RoomID
}

func selectTutorsHere(ctx context.Context, q pg.Querier) ([]tutorHere, error) {
	rows, err := q.Query(ctx, `select service_id, room_id, account_id from chat_participants where part = 'tutor' and left_at is null limit 500`)
	if err != nil {
		return nil, store("select tutors", err)
	}
	here, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (tutorHere, error) {
		t := tutorHere{actor: account.Actor{Role: account.RoleTutor}}
		return t, row.Scan(&t.actor.Service, &t.room, &t.actor.ID)
	})
	return here, store("select tutors", err)
}

func updateParticipantLeft(ctx context.Context, q pg.Querier, id RoomID, who account.ID) error {
	_, err := q.Exec(ctx, `with gone as (update chat_participants set left_at = now() where room_id = $1 and account_id = $2 and left_at is null returning 1)
		update chat_rooms set authority_version = authority_version + 1 where id = $1 and exists (select from gone)`, id, who)
	return store("leave room", err)
}

func selectHeads(ctx context.Context, q pg.Querier, rooms []RoomID) (map[RoomID]Head, error) {
	rows, err := q.Query(ctx, `select id, last_seq, authority_version, state from chat_rooms where id = any($1)`, rooms)
	if err != nil {
		return nil, store("select heads", err)
	}
	heads := make(map[RoomID]Head, len(rooms))
	var id RoomID
	var h Head
	_, err = pgx.ForEachRow(rows, []any{&id, &h.Seq, &h.Version, &h.State}, func() error { heads[id] = h; return nil })
	return heads, store("select heads", err)
}

func updateEpoch(ctx context.Context, q pg.Querier) (epoch string, err error) {
	err = q.QueryRow(ctx, `update chat_epoch set id = gen_random_uuid() returning id::text`).Scan(&epoch)
	return epoch, store("update epoch", err)
}

func selectEpoch(ctx context.Context, q pg.Querier) (string, error) {
	var epoch string
	err := q.QueryRow(ctx, `select id::text from chat_epoch`).Scan(&epoch)
	return epoch, store("select epoch", err)
}

func insertOpening(ctx context.Context, q pg.Querier, actor account.Actor, id RoomID) error {
	_, err := q.Exec(ctx, `insert into chat_openings (room_id, service_id, account_id) values ($1, $2, $3)`, id, actor.Service, actor.ID)
	return store("insert opening", err)
}

// insertMessage stores a message at the sequence the caller took under the room's row lock, and bumps the room to it. The
// instant is read after the lock, so it never runs against the sequence. ErrCIDReused when this sender used the client id in another room meanwhile.
func insertMessage(ctx context.Context, q pg.Querier, m messageRow) (time.Time, error) {
	var at time.Time
	err := q.QueryRow(ctx, `with bumped as (update chat_rooms set last_seq = $2 where id = $1)
		insert into chat_messages (room_id, seq, service_id, sender_id, number, cid, kind, key_id, text_version, body_sealed, body_sum, level, escalation_id, about)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, nullif($14::bigint, 0))
		on conflict on constraint chat_messages_once do nothing returning at`,
		m.room, m.message.Seq, m.service, m.sender, m.message.From, m.message.CID, m.message.Kind, m.keyID, bodyVersion, m.sealed, m.sum,
		m.level, m.escalation, m.message.About).Scan(&at)
	if errors.Is(err, pgx.ErrNoRows) {
		return at, ErrCIDReused
	}
	return at, store("insert message", err)
}

const messageColumns = `room_id, service_id, sender_id, seq, number, cid, kind, at, hidden_at is not null, key_id, text_version, body_sealed, level,
	coalesce(about, 0), coalesce(changed_seq, 0), withdrawn`

func (m *messageRow) fields() []any {
	return []any{&m.room, &m.service, &m.sender, &m.message.Seq, &m.message.From, &m.message.CID, &m.message.Kind, &m.message.At, &m.message.Hidden,
		&m.keyID, &m.version, &m.sealed, &m.level, &m.message.About, &m.changed, &m.withdrawn}
}

func scanMessage(row pgx.CollectableRow) (messageRow, error) {
	var m messageRow
	return m, row.Scan(m.fields()...)
}

func selectMessagesAfter(ctx context.Context, q pg.Querier, id RoomID, after int64, limit int) ([]messageRow, error) {
	rows, err := q.Query(ctx, `select `+messageColumns+` from chat_messages where room_id = $1 and seq > $2 order by seq limit $3`, id, after, limit)
	if err != nil {
		return nil, store("select messages after", err)
	}
	list, err := pgx.CollectRows(rows, scanMessage)
	return list, store("select messages after", err)
}

func selectMessagesBefore(ctx context.Context, q pg.Querier, id RoomID, before int64, limit int) ([]messageRow, error) {
	rows, err := q.Query(ctx, `select * from (select `+messageColumns+` from chat_messages where room_id = $1 and seq < $2 order by seq desc limit $3) last
		order by seq`, id, before, limit)
	if err != nil {
		return nil, store("select messages before", err)
	}
	list, err := pgx.CollectRows(rows, scanMessage)
	return list, store("select messages before", err)
}

func selectMessage(ctx context.Context, q pg.Querier, service account.ServiceID, id RoomID, seq int64) (messageRow, error) {
	rows, err := q.Query(ctx, `select `+messageColumns+` from chat_messages where room_id = $1 and seq = $2 and service_id = $3`, id, seq, service)
	if err != nil {
		return messageRow{}, store("select message", err)
	}
	m, err := pgx.CollectExactlyOneRow(rows, scanMessage)
	return m, store("select message", err)
}

// updateMessageHidden hides a message with every edit of it.
func updateMessageHidden(ctx context.Context, q pg.Querier, service account.ServiceID, id RoomID, seq int64, reason string, by account.ID) error {
	tag, err := q.Exec(ctx, `with changed as (update chat_rooms set authority_version = authority_version + 1 where id = $1 and service_id = $3)
		update chat_messages set hidden_at = coalesce(hidden_at, now()), hidden_reason = coalesce(hidden_reason, $4), hidden_by = coalesce(hidden_by, $5)
		where room_id = $1 and service_id = $3 and coalesce(about, seq) = coalesce((select about from chat_messages where room_id = $1 and seq = $2), $2)`, id, seq, service, reason, by)
	if err == nil && tag.RowsAffected() == 0 {
		return ErrNotFound
	}
	return store("hide message", err)
}

func updateMessageRestored(ctx context.Context, q pg.Querier, service account.ServiceID, id RoomID, seq int64) error {
	tag, err := q.Exec(ctx, `with changed as (update chat_rooms set authority_version = authority_version + 1 where id = $1 and service_id = $3)
		update chat_messages set hidden_at = null, hidden_reason = null, hidden_by = null
		where room_id = $1 and service_id = $3 and coalesce(about, seq) = coalesce((select about from chat_messages where room_id = $1 and seq = $2), $2)`, id, seq, service)
	if err == nil && tag.RowsAffected() == 0 {
		return ErrNotFound
	}
	return store("restore message", err)
}

// lockUnscoredMessages takes messages that triage has not read, oldest first; another instance's are skipped. late tells those that have waited too long.
func lockUnscoredMessages(ctx context.Context, q pg.Querier) ([]unscored, error) {
	rows, err := q.Query(ctx, `select `+messageColumns+`, at < now() - $1::interval from chat_messages where level = -1
		order by at limit 20 for update skip locked`, giveUpReading)
	if err != nil {
		return nil, store("lock unscored messages", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (unscored, error) {
		var u unscored
		return u, row.Scan(append(u.message.fields(), &u.late)...)
	})
	return list, store("lock unscored messages", err)
}

func updateMessageLevel(ctx context.Context, q pg.Querier, m messageRow) error {
	_, err := q.Exec(ctx, `update chat_messages set level = $3, escalation_id = $4 where room_id = $1 and seq = $2`,
		m.room, m.message.Seq, m.level, m.escalation)
	return store("update message level", err)
}
