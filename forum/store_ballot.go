package forum

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
	"ponti/internal/seal"
)

// insertBallot opens a ballot. That of an election closes when the table says, but leaves half of that time at least where the election was opened late; a second one has all of it.
func insertBallot(ctx context.Context, q pg.Querier, id BallotID, b newBallot, s seal.Alone) error {
	_, err := q.Exec(ctx, `insert into forum_ballots (id, service_id, thread_id, post_id, election, second, question, closes_at, key_id, key_wrapped, tally)
		select $1, $2, $3, $4, $5, $6, $7, coalesce($8::timestamptz, case when $6 then clock_timestamp() + r.vote_for else greatest(r.stand_until + r.vote_for, clock_timestamp() + r.vote_for / 2) end), $9, $10, $11
		from forum_round_tables r where r.service_id = $2 and r.thread_id = $3`,
		id, b.service, b.thread, b.post, b.election, b.second, b.question, b.until, s.KeyID, s.Wrapped, s.Text)
	return err
}

// insertOptions stores what can be voted for: answers, or candidates.
func insertOptions(ctx context.Context, q pg.Querier, s account.ServiceID, id BallotID, labels []string, candidates []account.ID) error {
	if len(candidates) > 0 {
		labels = make([]string, len(candidates))
	} else {
		candidates = make([]account.ID, len(labels))
	}
	_, err := q.Exec(ctx, `insert into forum_ballot_options (ballot_id, position, service_id, label, candidate_id)
		select $1, n.position, $2, n.label, n.candidate from unnest($3::text[], $4::uuid[]) with ordinality as n(label, candidate, position)`, id, s, labels, candidates)
	return err
}

// ballotRow is a ballot as it is stored.
type ballotRow struct {
	id       BallotID
	service  account.ServiceID
	thread   ThreadID
	election int
	second   bool
	openedAt time.Time
	closesAt time.Time
	over     bool
	counted  bool
	voters   int
	sealed   seal.Alone // read with lock alone

	// Read with all of a table alone:
	question string
	number   int
	voted    bool // the reader has
	options  []optionRow
}

// optionRow is what can be voted for.
type optionRow struct {
	ballot    BallotID
	label     string
	candidate account.ID
	votes     int
}

const ballotColumns = `b.id, b.service_id, b.thread_id, b.election, b.second, b.opened_at, b.closes_at, b.counted_at is not null or b.closes_at <= clock_timestamp(), b.counted_at is not null, b.voters`

func (b *ballotRow) fields() []any {
	return []any{&b.id, &b.service, &b.thread, &b.election, &b.second, &b.openedAt, &b.closesAt, &b.over, &b.counted, &b.voters}
}

const sealedColumns = `, b.key_id, b.key_wrapped, b.tally`

func (b *ballotRow) sealedFields() []any {
	return append(b.fields(), &b.sealed.KeyID, &b.sealed.Wrapped, &b.sealed.Text)
}

// standingBallot is true of ballots of elections, and of those whose question can be read; once it is counted, whoever asked cannot take the result back by deleting it. A question that was asked again while it was open, because it
// was hidden, is not asked twice when it comes back: the later one stands.
const standingBallot = `(b.election > 0 or exists (select from forum_posts p where p.id = b.post_id and p.thread_id = b.thread_id and p.hidden_at is null and (p.deleted_at is null or p.deleted_at > b.counted_at))
	and not exists (select from forum_ballots n join forum_posts np on np.id = n.post_id and np.thread_id = n.thread_id and np.hidden_at is null and np.deleted_at is null
		where n.thread_id = b.thread_id and n.question = b.question and n.question <> '' and n.opened_at > b.opened_at and n.opened_at < least(b.closes_at, b.counted_at)))`

// lockBallot reads one that can be voted in, or could be: whoever votes waits for who votes just now.
func lockBallot(ctx context.Context, q pg.Querier, s account.ServiceID, id BallotID) (b ballotRow, err error) {
	if _, err = q.Exec(ctx, `select from forum_ballots where service_id = $1 and id = $2 for update`, s, id); err != nil {
		return b, err
	}
	err = q.QueryRow(ctx, `select `+ballotColumns+sealedColumns+` from forum_ballots b where b.service_id = $1 and b.id = $2 and `+standingBallot, s, id).Scan(b.sealedFields()...)
	return b, one(err)
}

// lockBallotsOver are those of a table that are closed and not counted. The table's row is locked: nobody else counts them.
func lockBallotsOver(ctx context.Context, q pg.Querier, s account.ServiceID, id ThreadID) ([]ballotRow, error) {
	rows, err := q.Query(ctx, `select `+ballotColumns+sealedColumns+` from forum_ballots b
		where b.service_id = $1 and b.thread_id = $2 and b.counted_at is null and b.closes_at <= clock_timestamp() order by b.opened_at, b.id for update`, s, id)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (b ballotRow, err error) { return b, row.Scan(b.sealedFields()...) })
}

// selectBallots are those of a table: first those that are open, then the latest.
func selectBallots(ctx context.Context, q pg.Querier, a account.Actor, id ThreadID) ([]ballotRow, error) {
	rows, err := q.Query(ctx, `select `+ballotColumns+`, case when exists (select from forum_posts p where p.id = b.post_id and p.deleted_at is not null) then '' else b.question end, coalesce((select p.number from forum_posts p where p.id = b.post_id), 0),
			exists (select from forum_ballot_voters v where v.ballot_id = b.id and v.account_id = $3)
		from forum_ballots b where b.service_id = $1 and b.thread_id = $2 and `+standingBallot+`
		order by b.counted_at is not null, b.opened_at desc, b.id`, a.Service, id, a.ID)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (b ballotRow, err error) {
		return b, row.Scan(append(b.fields(), &b.question, &b.number, &b.voted)...)
	})
	if err != nil || len(list) == 0 {
		return list, err
	}
	options, err := selectOptionsOf(ctx, q, a.Service, id)
	for i, b := range list {
		list[i].options = options[b.id]
	}
	return list, err
}

const optionsSQL = `select o.ballot_id, o.label, o.candidate_id, coalesce(o.votes, 0) from forum_ballot_options o join forum_ballots b on b.id = o.ballot_id where b.service_id = $1`

func selectOptionsOf(ctx context.Context, q pg.Querier, s account.ServiceID, id ThreadID) (map[BallotID][]optionRow, error) {
	rows, err := q.Query(ctx, optionsSQL+` and b.thread_id = $2 order by o.ballot_id, o.position`, s, id)
	if err != nil {
		return nil, err
	}
	all := map[BallotID][]optionRow{}
	var o optionRow
	_, err = pgx.ForEachRow(rows, []any{&o.ballot, &o.label, &o.candidate, &o.votes}, func() error {
		all[o.ballot] = append(all[o.ballot], o)
		return nil
	})
	return all, err
}

func selectOptions(ctx context.Context, q pg.Querier, s account.ServiceID, id BallotID) ([]optionRow, error) {
	rows, err := q.Query(ctx, optionsSQL+` and b.id = $2 order by o.position`, s, id)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (o optionRow, err error) {
		return o, row.Scan(&o.ballot, &o.label, &o.candidate, &o.votes)
	})
}

// insertVoter says that somebody has voted, and nothing of what; twice is refused by the constraint.
func insertVoter(ctx context.Context, q pg.Querier, a account.Actor, id BallotID) error {
	_, err := q.Exec(ctx, `insert into forum_ballot_voters (ballot_id, account_id, service_id, account_role) values ($1, $2, $3, $4)`, id, a.ID, a.Service, a.Role)
	return err
}

func updateTally(ctx context.Context, q pg.Querier, s account.ServiceID, id BallotID, t seal.Alone) error {
	_, err := q.Exec(ctx, `update forum_ballots set voters = voters + 1, key_id = $3, key_wrapped = $4, tally = $5 where service_id = $1 and id = $2`, s, id, t.KeyID, t.Wrapped, t.Text)
	return err
}

func updateVotes(ctx context.Context, q pg.Querier, s account.ServiceID, id BallotID, votes []int) error {
	_, err := q.Exec(ctx, `update forum_ballot_options o set votes = n.votes from unnest($3::int[]) with ordinality as n(votes, position)
		where o.service_id = $1 and o.ballot_id = $2 and o.position = n.position`, s, id, votes)
	return err
}

// updateBallotCounted takes the tally, its key and who voted away.
func updateBallotCounted(ctx context.Context, q pg.Querier, s account.ServiceID, id BallotID) error {
	_, err := q.Exec(ctx, `with voted as (delete from forum_ballot_voters where service_id = $1 and ballot_id = $2)
		update forum_ballots set counted_at = clock_timestamp(), key_id = '', key_wrapped = '', tally = '' where service_id = $1 and id = $2`, s, id)
	return err
}
