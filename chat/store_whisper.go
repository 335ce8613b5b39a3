package chat

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
)

// whisperRow says where a whisper belongs.
type whisperRow struct {
	room room
	esp  account.ID // whose whispers they are
	kind WhisperKind
}

// saidRow is a whisper as it is stored.
type saidRow struct {
	author account.ID
	cid    string
	sealed []byte
	at     time.Time
	seenAt *time.Time
	seenBy account.ID
	late   bool
	kind   WhisperKind

	answered bool // if the ESP said it
}

// whisperIsLate wants whisperLate as its first parameter.
const whisperIsLate = `(w.author_id = w.esp_id and w.answered_at is null and w.said_at < now() - $1::interval)`

const saidColumns = `w.author_id, w.cid, w.text_sealed, w.said_at, w.seen_at, w.seen_by, ` + whisperIsLate + `, w.kind, w.answered_at is not null`

func (r *saidRow) fields() []any {
	return []any{&r.author, &r.cid, &r.sealed, &r.at, &r.seenAt, &r.seenBy, &r.late, &r.kind, &r.answered}
}

func insertWhisper(ctx context.Context, q pg.Querier, a account.Actor, w whisperRow, id WhisperID, cid string, sealed []byte) (stored bool, err error) {
	tag, err := q.Exec(ctx, `insert into chat_whispers (id, service_id, room_id, esp_id, author_id, cid, text_sealed, kind) values ($1, $2, $3, $4, $5, $6, $7, $8)
		on conflict on constraint chat_whispers_cid_once do nothing`, id, a.Service, w.room.id, w.esp, a.ID, cid, sealed, w.kind)
	return tag.RowsAffected() == 1, store("insert whisper", err)
}

func selectWhispered(ctx context.Context, q pg.Querier, a account.Actor, cid string) (room RoomID, sealed []byte, err error) {
	err = q.QueryRow(ctx, `select room_id, text_sealed from chat_whispers where author_id = $1 and cid = $2`, a.ID, cid).Scan(&room, &sealed)
	return room, sealed, store("select whispered", err)
}

func selectHasWhispered(ctx context.Context, q pg.Querier, room RoomID, esp account.ID) (is bool, err error) {
	err = q.QueryRow(ctx, `select exists (select from chat_whispers where room_id = $1 and esp_id = $2)`, room, esp).Scan(&is)
	return is, store("select has whispered", err)
}

func updateWhispersAnswered(ctx context.Context, q pg.Querier, tutor account.Actor, room RoomID, esp account.ID) error {
	_, err := q.Exec(ctx, `update chat_whispers set answered_at = clock_timestamp(), seen_at = coalesce(seen_at, clock_timestamp()), seen_by = coalesce(seen_by, $3)
		where room_id = $1 and esp_id = $2 and author_id = $2 and answered_at is null`, room, esp, tutor.ID)
	return store("update whispers answered", err)
}

func updateWhispersSeen(ctx context.Context, q pg.Querier, tutor account.Actor, room RoomID, esp account.ID) (news bool, err error) {
	tag, err := q.Exec(ctx, `update chat_whispers set seen_at = clock_timestamp(), seen_by = $3
		where room_id = $1 and esp_id = $2 and author_id = $2 and seen_at is null`, room, esp, tutor.ID)
	return tag.RowsAffected() > 0, store("update whispers seen", err)
}

func selectWhispers(ctx context.Context, q pg.Querier, room RoomID, esp account.ID) ([]saidRow, error) {
	rows, err := q.Query(ctx, `select `+saidColumns+` from chat_whispers w where w.room_id = $2 and w.esp_id = $3 order by w.said_at, w.id`, whisperLate, room, esp)
	if err != nil {
		return nil, store("select whispers", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (r saidRow, err error) { return r, row.Scan(r.fields()...) })
	return list, store("select whispers", err)
}

// selectWhisperMark counts what changes for an ESP: that something was said, seen or answered, or waits for long.
func selectWhisperMark(ctx context.Context, q pg.Querier, room RoomID, esp account.ID) (n int, err error) {
	err = q.QueryRow(ctx, `select `+whisperMark+` from chat_whispers w where w.room_id = $2 and w.esp_id = $3`, whisperLate, room, esp).Scan(&n)
	return n, store("select whisper mark", err)
}

const whisperMark = `count(*) + count(w.seen_at) + count(w.answered_at) + 1000 * count(*) filter (where ` + whisperIsLate + `)`

// askedRow is what an ESP said last and nobody has answered.
type askedRow struct {
	saidRow
	room RoomID
	key  sealedKey
}

// askedFrom are the unanswered whispers of those who still hold their conversation.
const askedFrom = ` from chat_whispers w join chat_rooms r on r.id = w.room_id and r.state = 'open'
	join chat_participants p on p.room_id = w.room_id and p.account_id = w.esp_id and p.left_at is null
	where w.answered_at is null and w.author_id = w.esp_id`

func selectAskedFor(ctx context.Context, q pg.Querier) (d time.Duration, err error) {
	err = q.QueryRow(ctx, `select coalesce(max(now() - w.said_at), interval '0')`+askedFrom).Scan(&d)
	return d, store("select asked for", err)
}

func selectAsked(ctx context.Context, q pg.Querier, s account.ServiceID) ([]askedRow, error) {
	rows, err := q.Query(ctx, `select * from (select distinct on (w.room_id) `+saidColumns+`, w.room_id, r.key_id, r.key_wrapped, min(w.said_at) over (partition by w.room_id) as since`+askedFrom+` and w.service_id = $2
		order by w.room_id, w.said_at desc, w.id desc) x order by since, room_id limit 100`, whisperLate, s)
	if err != nil {
		return nil, store("select asked", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (r askedRow, err error) {
		var since time.Time
		return r, row.Scan(append(r.fields(), &r.room, &r.key.id, &r.key.wrapped, &since)...)
	})
	return list, store("select asked", err)
}
