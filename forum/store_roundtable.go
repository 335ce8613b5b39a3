package forum

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/ids"
	"ponti/internal/pg"
)

// roundRow is a round table as it is stored.
type roundRow struct {
	service            account.ServiceID
	thread             ThreadID
	phase              Phase
	result             Result
	election           int
	standUntil         time.Time
	standOver          bool
	voteFor            time.Duration
	moderator, speaker account.ID
	actedAt            time.Time // when who runs it last did something
	now                time.Time // of the database
}

// roundColumns take the time of the statement, not of its transaction, which may have waited for the row.
const roundColumns = `service_id, thread_id, phase, result, election, stand_until, stand_until <= clock_timestamp(), vote_for, moderator_id, speaker_id, acted_at, clock_timestamp()`

func selectRound(ctx context.Context, q pg.Querier, s account.ServiceID, id ThreadID) (r roundRow, err error) {
	err = q.QueryRow(ctx, `select `+roundColumns+` from forum_round_tables where service_id = $1 and thread_id = $2`, s, id).Scan(r.fields()...)
	return r, one(err)
}

func lockRound(ctx context.Context, q pg.Querier, s account.ServiceID, id ThreadID) (r roundRow, err error) {
	if _, err = q.Exec(ctx, `select from forum_round_tables where service_id = $1 and thread_id = $2 for update`, s, id); err != nil {
		return r, err
	}
	return selectRound(ctx, q, s, id)
}

func (r *roundRow) fields() []any {
	return []any{&r.service, &r.thread, &r.phase, &r.result, &r.election, &r.standUntil, &r.standOver, &r.voteFor, &r.moderator, &r.speaker, &r.actedAt, &r.now}
}

func insertRound(ctx context.Context, q pg.Querier, s account.ServiceID, id ThreadID, t turns) error {
	_, err := q.Exec(ctx, `insert into forum_round_tables (thread_id, service_id, stand_until, stand_for, vote_for) values ($1, $2, $3, $4::interval, $5::interval)`, id, s, t.until, t.standFor, t.voteFor)
	return err
}

// insertImportedRound stores a table that has ended.
func insertImportedRound(ctx context.Context, q pg.Querier, s account.ServiceID, id ThreadID, at time.Time) error {
	_, err := q.Exec(ctx, `insert into forum_round_tables (thread_id, service_id, phase, stand_until, stand_for, vote_for) values ($1, $2, 'ended', $3, '0', '0')`, id, s, at)
	return err
}

// updateRoundElection begins the next election: by terms of its own, or as long as the one before.
func updateRoundElection(ctx context.Context, q pg.Querier, s account.ServiceID, id ThreadID, t *turns, result Result) error {
	var until *time.Time
	var standFor, voteFor *time.Duration
	if t != nil {
		until, standFor, voteFor = &t.until, &t.standFor, &t.voteFor
	}
	_, err := q.Exec(ctx, `update forum_round_tables set phase = 'standing', election = election + 1, result = $3, moderator_id = null, speaker_id = null,
			stand_until = coalesce($4::timestamptz, clock_timestamp() + stand_for), stand_for = coalesce($5::interval, stand_for), vote_for = coalesce($6::interval, vote_for)
		where service_id = $1 and thread_id = $2`, s, id, result, until, standFor, voteFor)
	return err
}

func updateRoundPhase(ctx context.Context, q pg.Querier, s account.ServiceID, id ThreadID, p Phase, result Result) error {
	_, err := q.Exec(ctx, `update forum_round_tables set phase = $3, result = $4 where service_id = $1 and thread_id = $2`, s, id, p, result)
	return err
}

func updateRoundElected(ctx context.Context, q pg.Querier, s account.ServiceID, id ThreadID, who account.ID, result Result) error {
	_, err := q.Exec(ctx, `update forum_round_tables set phase = 'running', result = $4, moderator_id = $3, acted_at = clock_timestamp() where service_id = $1 and thread_id = $2`, s, id, who, result)
	return err
}

func updateRoundActed(ctx context.Context, q pg.Querier, s account.ServiceID, id ThreadID) error {
	_, err := q.Exec(ctx, `update forum_round_tables set acted_at = clock_timestamp() where service_id = $1 and thread_id = $2`, s, id)
	return err
}

func updateRoundSpeaker(ctx context.Context, q pg.Querier, s account.ServiceID, id ThreadID, who account.ID) error {
	_, err := q.Exec(ctx, `update forum_round_tables set speaker_id = $3 where service_id = $1 and thread_id = $2`, s, id, who)
	return err
}

func updateRoundEnded(ctx context.Context, q pg.Querier, s account.ServiceID, id ThreadID) error {
	_, err := q.Exec(ctx, `update forum_round_tables set phase = 'ended', speaker_id = null where service_id = $1 and thread_id = $2`, s, id)
	return err
}

// roundDue is what may be due at a table.
type roundDue struct {
	election  int
	over      bool         // a time has passed
	moderator account.ID   // who runs it now
	people    []account.ID // of whom the next step depends on whether they are there
}

// selectRoundDue finds none in an archived category, whose clocks stand still.
func selectRoundDue(ctx context.Context, q pg.Querier, s account.ServiceID, id ThreadID) (d roundDue, err error) {
	err = q.QueryRow(ctx, `select r.election, r.phase = 'standing' and r.stand_until <= clock_timestamp()
				or exists (select from forum_ballots b where b.thread_id = r.thread_id and b.counted_at is null and b.closes_at <= clock_timestamp()),
			case when r.phase = 'running' then r.moderator_id end,
			array(select w.account_id from forum_round_writings w where w.thread_id = r.thread_id and w.election = r.election and w.purpose = 'candidacy' and r.phase in ('standing', 'voting')
				union select r.moderator_id where r.phase = 'running')
		from forum_round_tables r join forum_threads t on t.id = r.thread_id join forum_categories c on c.id = t.category_id and c.archived_at is null
		where r.service_id = $1 and r.thread_id = $2`, s, id).Scan(&d.election, &d.over, &d.moderator, &d.people)
	return d, one(err)
}

// roundToKeep is a table at which something may be due.
type roundToKeep struct {
	service account.ServiceID
	thread  ThreadID
}

func selectRoundsToKeep(ctx context.Context, q pg.Querier) ([]roundToKeep, error) {
	rows, err := q.Query(ctx, `select r.service_id, r.thread_id from (select service_id, thread_id from forum_round_tables where phase = 'running' or phase = 'standing' and stand_until <= now()
			union select service_id, thread_id from forum_ballots where counted_at is null and closes_at <= now()) r
		join forum_threads t on t.id = r.thread_id join forum_categories c on c.id = t.category_id and c.archived_at is null`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (r roundToKeep, err error) { return r, row.Scan(&r.service, &r.thread) })
}

// updateRoundClocks gives the tables of an archived category back the time that it was archived for.
func updateRoundClocks(ctx context.Context, q pg.Querier, s account.ServiceID, c CategoryID) error {
	_, err := q.Exec(ctx, `with stood as (select t.id, c.archived_at, clock_timestamp() - c.archived_at as stood from forum_categories c join forum_threads t on t.category_id = c.id
				where c.service_id = $1 and c.id = $2 and c.archived_at is not null),
			ballots as (update forum_ballots b set closes_at = b.closes_at + s.stood from stood s where b.thread_id = s.id and b.counted_at is null and b.closes_at > s.archived_at)
		update forum_round_tables r set stand_until = case when r.stand_until > s.archived_at then r.stand_until + s.stood else r.stand_until end, acted_at = r.acted_at + s.stood
			from stood s where r.thread_id = s.id`, s, c)
	return err
}

// upsertWriting says what a post is for. Who stands for election again does so with the later post.
func upsertWriting(ctx context.Context, q pg.Querier, a account.Actor, t ThreadID, id PostID, p Purpose, election int) error {
	_, err := q.Exec(ctx, `insert into forum_round_writings (post_id, service_id, thread_id, account_id, purpose, election) values ($1, $2, $3, $4, $5, $6)
		on conflict (thread_id, election, account_id) where purpose = 'candidacy' do update set post_id = excluded.post_id`, id, a.Service, t, a.ID, p, election)
	return err
}

// deleteWriting takes away what a post would have been for that never appeared.
func deleteWriting(ctx context.Context, q pg.Querier, s account.ServiceID, id PostID) error {
	_, err := q.Exec(ctx, `delete from forum_round_writings where service_id = $1 and post_id = $2`, s, id)
	return err
}

// selectWriting is what one post is for, and in which election; empty when somebody speaks.
func selectWriting(ctx context.Context, q pg.Querier, s account.ServiceID, id PostID) (w writingRow, err error) {
	err = q.QueryRow(ctx, `select purpose, election from forum_round_writings where service_id = $1 and post_id = $2`, s, id).Scan(&w.purpose, &w.election)
	if errors.Is(err, pgx.ErrNoRows) {
		return w, nil
	}
	return w, err
}

// writingRow is a post of a table with what it is for.
type writingRow struct {
	post     PostID
	number   int
	who      account.ID
	purpose  Purpose
	election int
	at       time.Time
}

const writingsSQL = `select w.post_id, p.number, w.account_id, w.purpose, w.election, coalesce(p.edited_at, p.created_at)
	from forum_round_writings w join forum_posts p on p.id = w.post_id and p.thread_id = w.thread_id and p.hidden_at is null and p.deleted_at is null
	where w.service_id = $1 and w.thread_id = $2`

// selectWritings are those that can be read, in the order of their posts.
func selectWritings(ctx context.Context, q pg.Querier, s account.ServiceID, id ThreadID) ([]writingRow, error) {
	rows, err := q.Query(ctx, writingsSQL+` order by p.number`, s, id)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, collectWriting)
}

// selectCandidates are those who stand in an election, in the order in which they put themselves forward.
func selectCandidates(ctx context.Context, q pg.Querier, s account.ServiceID, id ThreadID, election int) ([]writingRow, error) {
	rows, err := q.Query(ctx, writingsSQL+` and w.purpose = 'candidacy' and w.election = $3 order by p.number`, s, id, election)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, collectWriting)
}

func collectWriting(row pgx.CollectableRow) (w writingRow, err error) {
	return w, row.Scan(&w.post, &w.number, &w.who, &w.purpose, &w.election, &w.at)
}

func insertPoints(ctx context.Context, q pg.Querier, s account.ServiceID, t ThreadID, id PostID, points []string) error {
	list := make([]PointID, len(points))
	for i := range list {
		list[i] = ids.New[Point]()
	}
	_, err := q.Exec(ctx, `insert into forum_round_points (id, service_id, thread_id, post_id, position, point)
		select n.id, $1, $2, $3, n.position, n.point from unnest($4::uuid[], $5::text[]) with ordinality as n(id, point, position)`, s, t, id, list, points)
	return err
}

// selectPoints are the agenda: what was opened, and after it what the latest post that sets it says. A point that was opened from another post, while the one that it stands in was hidden or before it was set again, counts there alone.
func selectPoints(ctx context.Context, q pg.Querier, s account.ServiceID, id ThreadID) ([]Point, error) {
	rows, err := q.Query(ctx, `with said (post_id, number, account_id, purpose, election, at) as (`+writingsSQL+` and w.purpose in ('opening', 'agenda'))
		select r.id, r.point, case when r.closed_at is not null then 'closed' when r.opened_at is not null then 'open' else 'to_come' end
		from forum_round_points r join said on said.post_id = r.post_id
		where (r.opened_at is not null or said.number = (select max(number) from said)) and not exists (select from forum_round_points o join said s on s.post_id = o.post_id
			where o.post_id <> r.post_id and o.point = r.point and o.point <> '' and o.opened_at > coalesce(r.opened_at, said.at))
		order by r.opened_at nulls last, r.position`, s, id)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (p Point, err error) { return p, row.Scan(&p.ID, &p.Text, &p.State) })
}

func updatePointOpened(ctx context.Context, q pg.Querier, s account.ServiceID, id PointID) error {
	_, err := q.Exec(ctx, `update forum_round_points set opened_at = clock_timestamp() where service_id = $1 and id = $2`, s, id)
	return err
}

// updatePointClosed closes the point that is open, if one is.
func updatePointClosed(ctx context.Context, q pg.Querier, s account.ServiceID, id ThreadID) error {
	_, err := q.Exec(ctx, `update forum_round_points set closed_at = clock_timestamp() where service_id = $1 and thread_id = $2 and opened_at is not null and closed_at is null`, s, id)
	return err
}

// handRow is somebody who asks for the word.
type handRow struct {
	id  HandID
	who account.ID
}

// selectHands are in the order of asking.
func selectHands(ctx context.Context, q pg.Querier, s account.ServiceID, id ThreadID) ([]handRow, error) {
	rows, err := q.Query(ctx, `select id, account_id from forum_round_hands where service_id = $1 and thread_id = $2 order by asked_at, id`, s, id)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (h handRow, err error) { return h, row.Scan(&h.id, &h.who) })
}

func insertHand(ctx context.Context, q pg.Querier, a account.Actor, t ThreadID, id HandID) (changed bool, err error) {
	tag, err := q.Exec(ctx, `insert into forum_round_hands (id, service_id, thread_id, account_id) values ($1, $2, $3, $4) on conflict on constraint forum_round_hands_once do nothing`, id, a.Service, t, a.ID)
	return tag.RowsAffected() == 1, err
}

// updateHandLast puts somebody behind all others.
func updateHandLast(ctx context.Context, q pg.Querier, s account.ServiceID, id HandID) error {
	_, err := q.Exec(ctx, `update forum_round_hands set asked_at = clock_timestamp() where service_id = $1 and id = $2`, s, id)
	return err
}

func deleteHandOf(ctx context.Context, q pg.Querier, s account.ServiceID, t ThreadID, who account.ID) (changed bool, err error) {
	tag, err := q.Exec(ctx, `delete from forum_round_hands where service_id = $1 and thread_id = $2 and account_id = $3`, s, t, who)
	return tag.RowsAffected() == 1, err
}

func deleteHands(ctx context.Context, q pg.Querier, s account.ServiceID, t ThreadID) error {
	_, err := q.Exec(ctx, `delete from forum_round_hands where service_id = $1 and thread_id = $2`, s, t)
	return err
}

// guestRow is somebody of the staff who was invited.
type guestRow struct {
	id  GuestID
	who account.ID
}

func selectGuests(ctx context.Context, q pg.Querier, s account.ServiceID, id ThreadID) ([]guestRow, error) {
	rows, err := q.Query(ctx, `select id, account_id from forum_round_guests where service_id = $1 and thread_id = $2 order by invited_at, id`, s, id)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (g guestRow, err error) { return g, row.Scan(&g.id, &g.who) })
}

func selectInvited(ctx context.Context, q pg.Querier, a account.Actor, id ThreadID) (is bool, err error) {
	err = q.QueryRow(ctx, `select exists (select from forum_round_guests where service_id = $1 and thread_id = $2 and account_id = $3)`, a.Service, id, a.ID).Scan(&is)
	return is, err
}

func insertGuest(ctx context.Context, q pg.Querier, s account.ServiceID, t ThreadID, id GuestID, who account.Actor) (changed bool, err error) {
	tag, err := q.Exec(ctx, `insert into forum_round_guests (id, service_id, thread_id, account_id, account_role) values ($1, $2, $3, $4, $5)
		on conflict on constraint forum_round_guests_once do nothing`, id, s, t, who.ID, who.Role)
	return tag.RowsAffected() == 1, err
}

func deleteGuest(ctx context.Context, q pg.Querier, s account.ServiceID, t ThreadID, id GuestID) (who account.ID, err error) {
	err = q.QueryRow(ctx, `delete from forum_round_guests where service_id = $1 and thread_id = $2 and id = $3 returning account_id`, s, t, id).Scan(&who)
	return who, one(err)
}

// deleteRoundTraces takes away what somebody has asked for, and that they have voted; how many did is counted elsewhere.
func deleteRoundTraces(ctx context.Context, q pg.Querier, a account.Actor) error {
	_, err := q.Exec(ctx, `with hands as (delete from forum_round_hands where service_id = $2 and account_id = $1),
			guests as (delete from forum_round_guests where service_id = $2 and account_id = $1),
			voted as (delete from forum_ballot_voters where service_id = $2 and account_id = $1)
		update forum_round_tables set speaker_id = null where service_id = $2 and speaker_id = $1`, a.ID, a.Service)
	return err
}

// updateRoundWordsForgotten empties the points and questions that somebody wrote, and the answers to those.
func updateRoundWordsForgotten(ctx context.Context, q pg.Querier, a account.Actor) error {
	_, err := q.Exec(ctx, `with wrote as (select post_id from forum_round_writings where service_id = $2 and account_id = $1),
			points as (update forum_round_points set point = '' where service_id = $2 and post_id in (select post_id from wrote)),
			questions as (update forum_ballots set question = '' where service_id = $2 and post_id in (select post_id from wrote) returning id)
		update forum_ballot_options set label = '' where service_id = $2 and ballot_id in (select id from questions)`, a.ID, a.Service)
	return err
}
