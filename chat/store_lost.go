package chat

import (
	"bytes"
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
)

// updateSeen notes signs of life, rarely enough that an idle conversation costs next to nothing.
func updateSeen(ctx context.Context, q pg.Querier, signs []Sign) error {
	signs = slices.Clone(signs)
	// In one order, so that two instances that note the same people do not wait for each other.
	slices.SortFunc(signs, func(a, b Sign) int { return bytes.Compare(a.Account[:], b.Account[:]) })
	who, ago := make([]account.ID, len(signs)), make([]float64, len(signs))
	for i, s := range signs {
		who[i], ago[i] = s.Account, s.Ago.Seconds()
	}
	_, err := q.Exec(ctx, `update chat_participants p set seen_at = now() - make_interval(secs => s.ago)
		from unnest($1::uuid[], $2::float8[]) as s (id, ago)
		where p.account_id = s.id and p.left_at is null
			and p.seen_at < now() - make_interval(secs => s.ago + case p.part when 'person' then 60 else 10 end)`, who, ago)
	return store("update seen", err)
}

// updateWatch leaves it to another instance that is at it: on a slow disk each would otherwise wait for the other's commit.
func updateWatch(ctx context.Context, q pg.Querier) error {
	_, err := q.Exec(ctx, `update chat_watch set since = case when at < now() - $1::interval then now() else since end, at = now()
		where only_one = (select only_one from chat_watch where at < now() - interval '900 ms' for update skip locked)`, watchGap)
	return store("update watch", err)
}

// isSilent is the condition on a participant p; silence counts only while somebody was there to hear a sign. A tutor is missed where no other helper was heard of lately.
const isSilent = `p.left_at is null and p.seen_at < now() - case p.part when 'person' then $2::interval else $1::interval end
	and (select since from chat_watch) < now() - $1::interval
	and (p.part <> 'tutor' or not exists (select from chat_participants o where o.room_id = p.room_id and o.part <> 'person' and o.account_id <> p.account_id
		and o.left_at is null and o.seen_at >= now() - $1::interval))`

func selectSilent(ctx context.Context, q pg.Querier) ([]silent, error) {
	rows, err := q.Query(ctx, `select p.room_id, p.service_id, p.account_id, p.part
		from chat_participants p join chat_rooms r on r.id = p.room_id and r.state = 'open'
		where p.seen_at < now() - $1::interval and `+isSilent+`
		order by p.part, p.seen_at limit 100`, espSilentFor, personSilentFor)
	if err != nil {
		return nil, store("select silent", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (silent, error) {
		var s silent
		return s, row.Scan(&s.room, &s.service, &s.who, &s.part)
	})
	return list, store("select silent", err)
}

func selectIsSilent(ctx context.Context, q pg.Querier, s silent) (bool, error) {
	var is bool
	err := q.QueryRow(ctx, `select exists (select from chat_participants p where p.room_id = $3 and p.account_id = $4 and `+isSilent+`)`,
		espSilentFor, personSilentFor, s.room, s.who).Scan(&is)
	return is, store("select is silent", err)
}

// selectTutorIsHere tells whether a tutor, but not this account, is in a room and was heard of lately.
func selectTutorIsHere(ctx context.Context, q pg.Querier, id RoomID, but account.ID) (bool, error) {
	var is bool
	err := q.QueryRow(ctx, `select exists (select from chat_participants where room_id = $1 and part = 'tutor' and account_id <> $2 and left_at is null
		and (seen_at >= now() - $3::interval or (select since from chat_watch) >= now() - $3::interval))`, id, but, espSilentFor).Scan(&is)
	return is, store("select tutor is here", err)
}

// selectOtherHelpers tells whether anybody but this account and the person takes part in a room.
func selectOtherHelpers(ctx context.Context, q pg.Querier, id RoomID, but account.ID) (bool, error) {
	var are bool
	err := q.QueryRow(ctx, `select exists (select from chat_participants where room_id = $1 and part <> 'person' and account_id <> $2 and left_at is null)`, id, but).Scan(&are)
	return are, store("select other helpers", err)
}

func selectPersonIsHere(ctx context.Context, q pg.Querier, id RoomID) (bool, error) {
	var is bool
	err := q.QueryRow(ctx, `select exists (select from chat_participants where room_id = $1 and number = 1 and left_at is null and seen_at >= now() - $2::interval)`,
		id, personSilentFor).Scan(&is)
	return is, store("select person is here", err)
}

// updateRoomLost ends a room because the participant of this number was not heard of, or stepped out.
func updateRoomLost(ctx context.Context, q pg.Querier, id RoomID, number int16, steppedOut bool) error {
	if err := updateRoomEnded(ctx, q, id, number); err != nil {
		return err
	}
	_, err := q.Exec(ctx, `update chat_rooms set lost = true, stepped_out = $2 where id = $1`, id, steppedOut)
	return store("lose room", err)
}

func insertPlaceAgain(ctx context.Context, q pg.Querier, p placeRow) error {
	_, err := q.Exec(ctx, `insert into chat_places (id, service_id, room_id, person_id, level, feeling, escalation_id, created_at, again)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, p.id, p.service, p.room, p.person, p.level, p.feeling, p.escalation, p.createdAt, p.again)
	return store("insert place again", err)
}

// isAlone is a place p whose room is r: its person was left in mid-conversation, $1 ago or more, and nobody has taken them on or called a tutor.
const isAlone = `p.again and p.state in ('waiting', 'offered') and p.tutor_called_at is null and r.created_at < now() - $1::interval`

func selectAlone(ctx context.Context, q pg.Querier) ([]alone, error) {
	rows, err := q.Query(ctx, `select p.id, p.room_id, p.person_id, p.service_id from chat_places p join chat_rooms r on r.id = p.room_id
		where `+isAlone+` order by r.created_at limit 100`, aloneFor)
	if err != nil {
		return nil, store("select alone", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (alone, error) {
		var a alone
		return a, row.Scan(&a.place, &a.room, &a.person, &a.service)
	})
	return list, store("select alone", err)
}

// updateTutorCalled notes that tutors are called, unless the person was taken on or left meanwhile.
func updateTutorCalled(ctx context.Context, q pg.Querier, id PlaceID) (bool, error) {
	tag, err := q.Exec(ctx, `update chat_places p set tutor_called_at = now() from chat_rooms r where p.id = $2 and r.id = p.room_id and `+isAlone, aloneFor, id)
	return tag.RowsAffected() == 1, store("update tutor called", err)
}
