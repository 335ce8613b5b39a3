package chat

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/ids"
	"ponti/internal/pg"
	"ponti/moderation"
	"ponti/moderation/triage"
)

// placeRow is a place as it is stored.
type placeRow struct {
	id         PlaceID
	service    account.ServiceID
	room       RoomID
	person     account.ID
	state      PlaceState
	level      triage.Level
	feeling    *int
	escalation moderation.EscalationID
	createdAt  time.Time
	endReason  string
	again      bool
	called     bool // tutors, because nobody took them on in time
	away       bool // its person does something else, and is not offered to anybody
	told       bool // that it is their turn
	wakes      bool // a browser of theirs is woken then
	prefers    account.ID
}

const placeColumns = `p.id, p.service_id, p.room_id, p.person_id, p.state, p.level, p.feeling, p.escalation_id, p.created_at, coalesce(p.end_reason, ''), p.again, p.tutor_called_at is not null,
	p.away_at is not null, p.told_at is not null, exists (select from chat_wakes w where w.place_id = p.id), p.prefers_id`

func (p *placeRow) fields() []any {
	return []any{&p.id, &p.service, &p.room, &p.person, &p.state, &p.level, &p.feeling, &p.escalation, &p.createdAt, &p.endReason, &p.again, &p.called, &p.away, &p.told, &p.wakes, &p.prefers}
}

func scanPlace(row pgx.CollectableRow) (placeRow, error) {
	var p placeRow
	return p, row.Scan(p.fields()...)
}

// The order of the queue: the higher level first, then the lower feeling (none counts as 5), then who has waited longest. What triage has not read yet is not put last for it.
const queueOrder = `(-greatest(p.level, 0), coalesce(p.feeling, 5), p.created_at, p.id)`

// insertPlace gives errHasPlace when the person has an open place already.
func insertPlace(ctx context.Context, q pg.Querier, p placeRow) error {
	tag, err := q.Exec(ctx, `insert into chat_places (id, service_id, room_id, person_id, level, feeling, escalation_id, prefers_id)
		values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (person_id) where state <> 'ended' do nothing`,
		p.id, p.service, p.room, p.person, p.level, p.feeling, p.escalation, p.prefers)
	if err == nil && tag.RowsAffected() == 0 {
		return errHasPlace
	}
	return store("insert place", err)
}

// selectEntries counts how often a person entered lately, and says after how long the first of these no longer counts. Who has a
// place has entered already, and counts as none.
func selectEntries(ctx context.Context, q pg.Querier, actor account.Actor) (n int, free time.Duration, err error) {
	err = q.QueryRow(ctx, `select count(*) filter (where not exists (select from chat_places where person_id = $1 and state <> 'ended')),
			coalesce(min(created_at) + $3::interval - now(), interval '0')
		from chat_rooms where person_id = $1 and service_id = $2 and created_at > now() - $3::interval`, actor.ID, actor.Service, entriesFor).Scan(&n, &free)
	return n, free, store("count entries", err)
}

func updatePlaceSeen(ctx context.Context, q pg.Querier, actor account.Actor) error {
	_, err := q.Exec(ctx, `update chat_places set seen_at = now(), kept = false where person_id = $1 and service_id = $2 and state <> 'ended'`, actor.ID, actor.Service)
	return store("update place seen", err)
}

func selectPlaceOf(ctx context.Context, q pg.Querier, actor account.Actor) (placeRow, room, error) {
	var p placeRow
	var r room
	err := q.QueryRow(ctx, `select `+placeColumns+`, `+roomColumns+` from chat_places p join chat_rooms r on r.id = p.room_id
		where p.person_id = $1 and p.service_id = $2 order by p.state <> 'ended' desc, p.created_at desc limit 1`, actor.ID, actor.Service).
		Scan(append(p.fields(), r.fields()...)...)
	return p, r, store("select place", err)
}

// selectPosition counts who would be offered before: not those who are away, or kept only for who answers for them.
func selectPosition(ctx context.Context, q pg.Querier, p placeRow) (int, error) {
	var n int
	err := q.QueryRow(ctx, `select count(*) from chat_places p join chat_places mine on mine.id = $1
		where p.service_id = mine.service_id and p.state in ('waiting', 'offered') and (p.away_at is null and not p.kept or p.id = mine.id)
			and `+queueOrder+` <= (-greatest(mine.level, 0), coalesce(mine.feeling, 5), mine.created_at, mine.id)`, p.id).Scan(&n)
	return n, store("select position", err)
}

func selectWaitingCount(ctx context.Context, q pg.Querier, service account.ServiceID) (int, error) {
	var n int
	err := q.QueryRow(ctx, `select count(*) from chat_places where service_id = $1 and state in ('waiting', 'offered')`, service).Scan(&n)
	return n, store("count waiting", err)
}

func selectOpenCount(ctx context.Context, q pg.Querier, service account.ServiceID) (int, error) {
	var n int
	err := q.QueryRow(ctx, `select count(*) from chat_rooms where service_id = $1 and state = 'open'`, service).Scan(&n)
	return n, store("count open", err)
}

// selectUsualWait tells it as of a moment; nil is now.
func selectUsualWait(ctx context.Context, q pg.Querier, service account.ServiceID, at *time.Time) (from, to time.Duration, err error) {
	err = q.QueryRow(ctx, `select
			case when count(*) < $2 then interval '0' else make_interval(secs => percentile_cont(0.5) within group (order by extract(epoch from started_at - created_at))) end,
			case when count(*) < $2 then interval '0' else make_interval(secs => percentile_cont(0.8) within group (order by extract(epoch from started_at - created_at))) end
		from (select started_at, created_at from (
				(select started_at, created_at from chat_places where service_id = $1 and not again and not was_away
					and started_at > coalesce($4, now()) - $3::interval and started_at <= coalesce($4, now())
					order by started_at desc limit 200)
				union all
				(select started_at, created_at from chat_waits where service_id = $1
					and started_at > coalesce($4, now()) - $3::interval and started_at <= coalesce($4, now())
					order by started_at desc limit 200)) each_way
			order by started_at desc limit 200) met`, service, usualLeast, usualFor, at).Scan(&from, &to)
	return from, to, store("select usual wait", err)
}

// lockOpenPlace gives ErrNoPlace when the actor has none.
func lockOpenPlace(ctx context.Context, q pg.Querier, actor account.Actor) (placeRow, error) {
	var p placeRow
	err := q.QueryRow(ctx, `select `+placeColumns+` from chat_places p where p.person_id = $1 and p.service_id = $2 and p.state <> 'ended' for update`,
		actor.ID, actor.Service).Scan(p.fields()...)
	if err = store("lock place", err); isNotFound(err) {
		err = ErrNoPlace
	}
	return p, err
}

// lockPlaceOf locks the place that belongs to a room; ErrNotFound when there is no such room.
func lockPlaceOf(ctx context.Context, q pg.Querier, service account.ServiceID, id RoomID) error {
	var one int
	err := q.QueryRow(ctx, `select 1 from chat_places where room_id = $1 and service_id = $2 for update`, id, service).Scan(&one)
	return store("lock place of room", err)
}

func selectPlaceOfRoom(ctx context.Context, q pg.Querier, id RoomID) (placeRow, error) {
	var p placeRow
	err := q.QueryRow(ctx, `select `+placeColumns+` from chat_places p where p.room_id = $1`, id).Scan(p.fields()...)
	return p, store("select place of room", err)
}

// lockPlaceOfOffer locks the place an offer to this ESP is about, whatever became of the offer.
func lockPlaceOfOffer(ctx context.Context, q pg.Querier, actor account.Actor, id OfferID) (placeRow, error) {
	var p placeRow
	err := q.QueryRow(ctx, `select `+placeColumns+` from chat_places p
		where p.id = (select place_id from chat_offers where id = $1 and esp_id = $2 and service_id = $3) for update`, id, actor.ID, actor.Service).Scan(p.fields()...)
	return p, store("lock place of offer", err)
}

// updatePlaceInSession also wakes the browser of who is away and was not told yet: somebody is there for them now.
func updatePlaceInSession(ctx context.Context, q pg.Querier, id PlaceID) error {
	_, err := q.Exec(ctx, `with met as (update chat_places set state = 'in_session', offer_id = null, started_at = now(), away_at = null, told_at = null, prefers_id = null where id = $1 returning id),
			away as (select w.place_id from chat_wakes w join chat_places p on p.id = w.place_id where p.id = $1 and p.away_at is not null and p.told_at is null)
		update chat_wakes set due_at = now(), tries = 0 where place_id in (select place_id from away)`, id)
	return store("start place", err)
}

func updatePlaceWaiting(ctx context.Context, q pg.Querier, id PlaceID) error {
	_, err := q.Exec(ctx, `update chat_places set state = 'waiting', offer_id = null where id = $1`, id)
	return store("return place", err)
}

func updatePlaceEnded(ctx context.Context, q pg.Querier, id RoomID, reason string) error {
	_, err := q.Exec(ctx, `with over as (update chat_places set state = 'ended', offer_id = null, ended_at = now(), end_reason = $2, away_at = null, told_at = null, return_mark = null, prefers_id = null
			where room_id = $1 and state <> 'ended' returning id)
		delete from chat_wakes where place_id in (select id from over)`, id, reason)
	return store("end place", err)
}

// lockUnseenPlaces takes places that nobody has looked at for too long; those somebody works on are skipped. While no instance
// was there nobody could look, so afterwards all get a minute to do so.
func lockUnseenPlaces(ctx context.Context, q pg.Querier) ([]placeRow, error) {
	rows, err := q.Query(ctx, `select `+placeColumns+` from chat_places p where p.state in ('waiting', 'offered')
			and case when p.away_at is null then p.seen_at < now() - $1::interval else p.told_at < now() - $3::interval or p.away_at < now() - $4::interval end
			and (select since from chat_watch) < now() - $2::interval
		order by p.seen_at limit 100 for update skip locked`, placeFor, espSilentFor, returnFor, awayFor)
	if err != nil {
		return nil, store("lock unseen places", err)
	}
	list, err := pgx.CollectRows(rows, scanPlace)
	return list, store("lock unseen places", err)
}

// lockQueue lets one transaction at a time match the places of a service.
func lockQueue(ctx context.Context, q pg.Querier, service account.ServiceID) error {
	_, err := q.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('chat_places ' || $1::text, 0))`, service.String())
	return store("lock queue", err)
}

// selectQueue is who can be offered now, in their order; again: only of those who lost a conversation.
func selectQueue(ctx context.Context, q pg.Querier, service account.ServiceID, again bool) ([]placeRow, error) {
	rows, err := q.Query(ctx, `select `+placeColumns+` from chat_places p where p.service_id = $1 and p.state = 'waiting' and p.away_at is null
			and not p.kept and (p.again or not $2)
		order by `+queueOrder+` limit 100 for update skip locked`, service, again)
	if err != nil {
		return nil, store("select queue", err)
	}
	list, err := pgx.CollectRows(rows, scanPlace)
	return list, store("select queue", err)
}

func selectServicesWaiting(ctx context.Context, q pg.Querier) ([]account.ServiceID, error) {
	rows, err := q.Query(ctx, `select distinct service_id from chat_places where state = 'waiting'`)
	if err != nil {
		return nil, store("select services", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[account.ServiceID])
	return list, store("select services", err)
}

// selectPassed says which ESPs let which of these people pass in the last minute, and whether they have had a breath since.
func selectPassed(ctx context.Context, q pg.Querier, queue []placeRow) (map[passing]bool, error) {
	places := make([]PlaceID, len(queue))
	for i, p := range queue {
		places[i] = p.id
	}
	rows, err := q.Query(ctx, `select place_id, esp_id, max(answered_at) < now() - $2::interval from chat_offers
		where place_id = any($1) and state in ('passed', 'expired') and answered_at > now() - $3::interval group by place_id, esp_id`, places, breathFor, passFor)
	if err != nil {
		return nil, store("select passed", err)
	}
	passed := map[passing]bool{}
	var p passing
	var rested bool
	_, err = pgx.ForEachRow(rows, []any{&p.place, &p.esp, &rested}, func() error { passed[p] = rested; return nil })
	return passed, store("select passed", err)
}

// insertOffer makes an offer of a place whose row the caller has locked.
func insertOffer(ctx context.Context, q pg.Querier, service account.ServiceID, m match) error {
	_, err := q.Exec(ctx, `with made as (insert into chat_offers (id, service_id, place_id, esp_id, made_at, expires_at)
			values ($1, $2, $3, $4, clock_timestamp(), clock_timestamp() + $5::interval))
		update chat_places set state = 'offered', offer_id = $1 where id = $3 and state = 'waiting' and away_at is null`, ids.New[Offer](), service, m.place.id, m.esp, offerFor)
	return store("insert offer", err)
}

// updateOfferAnswered is the compare-and-set of an answer: ErrTaken unless the offer is this ESP's, open and in time.
func updateOfferAnswered(ctx context.Context, q pg.Querier, actor account.Actor, id OfferID, answer string) error {
	tag, err := q.Exec(ctx, `update chat_offers set state = $4, answered_at = clock_timestamp()
		where id = $1 and esp_id = $2 and service_id = $3 and state = 'open' and expires_at > clock_timestamp()`, id, actor.ID, actor.Service, answer)
	if err == nil && tag.RowsAffected() == 0 {
		return ErrTaken
	}
	return store("answer offer", err)
}

// updateOfferWithdrawn takes back the open offer of a place, if there is one, and says whose it was.
func updateOfferWithdrawn(ctx context.Context, q pg.Querier, id PlaceID) (account.ID, error) {
	var esp account.ID
	err := q.QueryRow(ctx, `update chat_offers set state = 'withdrawn', answered_at = clock_timestamp() where place_id = $1 and state = 'open' returning esp_id`, id).Scan(&esp)
	if err = store("withdraw offer", err); isNotFound(err) {
		return account.ID{}, nil
	}
	return esp, err
}

// expired is an offer nobody answered in time.
type expired struct {
	place  PlaceID
	offer  OfferID
	esp    account.ID
	person account.ID
}

// lockExpired locks the places of offers that ran out; those somebody works on are skipped.
func lockExpired(ctx context.Context, q pg.Querier) ([]expired, error) {
	rows, err := q.Query(ctx, `select p.id, o.id, o.esp_id, p.person_id from chat_places p join chat_offers o on o.id = p.offer_id
		where p.state = 'offered' and o.state = 'open' and o.expires_at <= clock_timestamp() order by o.expires_at limit 100 for update of p skip locked`)
	if err != nil {
		return nil, store("lock expired", err)
	}
	list, err := pgx.CollectRows(rows, scanExpired)
	return list, store("lock expired", err)
}

func scanExpired(row pgx.CollectableRow) (expired, error) {
	var e expired
	return e, row.Scan(&e.place, &e.offer, &e.esp, &e.person)
}

// updateOfferExpired ends an offer and gives the place back its turn, if the offer is still the open one.
func updateOfferExpired(ctx context.Context, q pg.Querier, e expired) error {
	_, err := q.Exec(ctx, `with over as (update chat_offers set state = 'expired', answered_at = clock_timestamp() where id = $2 and state = 'open' returning 1)
		update chat_places set state = 'waiting', offer_id = null where id = $1 and offer_id = $2 and exists (select from over)`, e.place, e.offer)
	return store("expire offer", err)
}

func selectOpenOffer(ctx context.Context, q pg.Querier, actor account.Actor) (Offer, account.ID, room, error) {
	var o Offer
	var person account.ID
	var r room
	err := q.QueryRow(ctx, `select o.id, p.feeling, greatest(p.level, 0), p.created_at, o.expires_at, o.expires_at - clock_timestamp(), p.again, p.prefers_id is not distinct from o.esp_id, p.person_id, `+roomColumns+`
		from chat_offers o join chat_places p on p.id = o.place_id join chat_rooms r on r.id = p.room_id
		where o.esp_id = $1 and o.service_id = $2 and o.state = 'open' and o.expires_at > clock_timestamp()`, actor.ID, actor.Service).
		Scan(append([]any{&o.ID, &o.Feeling, &o.Level, &o.WaitedSince, &o.ExpiresAt, &o.ExpiresAfter, &o.Again, &o.Familiar, &person}, r.fields()...)...)
	return o, person, r, store("select offer", err)
}

// lockUnscoredPlaces is lockUnscoredMessages for topics.
func lockUnscoredPlaces(ctx context.Context, q pg.Querier) ([]unscored, error) {
	rows, err := q.Query(ctx, `select `+placeColumns+`, p.created_at < now() - $1::interval from chat_places p where p.level = -1
		order by p.created_at limit 20 for update skip locked`, giveUpReading)
	if err != nil {
		return nil, store("lock unscored places", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (unscored, error) {
		u := unscored{place: &placeRow{}}
		return u, row.Scan(append(u.place.fields(), &u.late)...)
	})
	return list, store("lock unscored places", err)
}

func updatePlaceKept(ctx context.Context, q pg.Querier, id PlaceID) error {
	_, err := q.Exec(ctx, `update chat_places set kept = true where id = $1 and not kept`, id)
	return store("keep place", err)
}

// updatePlaceAtLeast raises the place of a room, while it waits, to what was asked for there.
func updatePlaceAtLeast(ctx context.Context, q pg.Querier, id RoomID, level triage.Level, of moderation.EscalationID) error {
	_, err := q.Exec(ctx, `update chat_places set level = greatest(level, $2), escalation_id = $3 where room_id = $1 and state in ('waiting', 'offered')`, id, level, of)
	return store("raise place", err)
}

// lockPlaceOfPerson locks the open place of a person; its room is zero when there is none.
func lockPlaceOfPerson(ctx context.Context, q pg.Querier, service account.ServiceID, person account.ID) (placeRow, error) {
	p, err := lockOpenPlace(ctx, q, account.Actor{Service: service, ID: person})
	if isNotFound(err) {
		return placeRow{}, nil
	}
	return p, err
}

func updatePlaceLevel(ctx context.Context, q pg.Querier, p placeRow) error {
	_, err := q.Exec(ctx, `update chat_places set level = $2, escalation_id = $3 where id = $1`, p.id, p.level, p.escalation)
	return store("update place level", err)
}
