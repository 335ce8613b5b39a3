package forum

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/pg"
)

func newRound(slug string) NewRound {
	return NewRound{Category: slug, Title: "Il bar del centro", Text: calm, Agenda: "Orari\nChi apre\nLe feste", Terms: Terms{Stand: clock(1, "10:00"), Vote: clock(2, "10:00")}, CID: newCID()}
}

// table opens a round table in the category for members.
func (w *town) table() Receipt {
	w.t.Helper()
	r, err := w.OpenRound(w.t.Context(), w.as(account.RoleESP), newRound("members"))
	require.NoError(w.t, err)
	return r
}

// people are members by name.
func (w *town) people(names ...string) (list []account.Actor) {
	for _, n := range names {
		list = append(list, w.newAccount(w.a, account.RoleMember, n))
	}
	return list
}

func (w *town) stands(id ThreadID, who ...account.Actor) {
	w.t.Helper()
	for _, a := range who {
		_, err := w.Stand(w.t.Context(), a, Candidacy{Thread: id, Text: "Mi piace ascoltare.", CID: newCID()})
		require.NoError(w.t, err)
	}
}

// passes lets the time of what is open pass.
func (w *town) passes(id ThreadID) {
	w.t.Helper()
	for _, sql := range []string{
		`update forum_round_tables set stand_until = now() where thread_id = $1 and phase = 'standing'`,
		`update forum_ballots set opened_at = opened_at - interval '1 day', closes_at = now() where thread_id = $1 and counted_at is null`,
	} {
		_, err := w.pool.Exec(w.t.Context(), sql, id)
		require.NoError(w.t, err)
	}
}

func (w *town) at(actor account.Actor, id ThreadID) *Round {
	w.t.Helper()
	l, err := w.Table(w.t.Context(), actor, id)
	require.NoError(w.t, err)
	return l.Round
}

// votes has everybody vote for a place in the ballot that is open.
func (w *town) votes(id ThreadID, choice int, who ...account.Actor) {
	w.t.Helper()
	for _, a := range who {
		i := slices.IndexFunc(w.at(a, id).Ballots, func(b Ballot) bool { return b.MayVote })
		require.GreaterOrEqual(w.t, i, 0, "%s may vote", a.Alias)
		_, err := w.Vote(w.t.Context(), a, w.at(a, id).Ballots[i].ID, choice)
		require.NoError(w.t, err)
	}
}

// elected is a table that the first of some people runs.
func (w *town) elected(who ...account.Actor) ThreadID {
	w.t.Helper()
	id := w.table().Thread
	w.stands(id, who[0])
	w.passes(id)
	w.votes(id, 1, who...)
	w.passes(id)
	require.Equal(w.t, PhaseRunning, w.at(who[0], id).Phase)
	return id
}

// TestOpenRound: the ESPs of a category and tutors open one where members or families write; the form says every mistake, and what is held of one is words.
func TestOpenRound(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	for slug, allowed := range map[string][]account.Role{"members": {account.RoleESP, account.RoleTutor}, "family": {account.RoleSenior, account.RoleTutor}, "staff": nil} {
		for role, actor := range w.roles {
			c, _, err := selectCategory(ctx, w.pool, actor, slug)
			require.NoError(t, err)
			_, err = w.OpenRound(ctx, actor, newRound(slug))
			assert.Equal(t, actor.Is(allowed...), err == nil, "%s in %s: %v", role, slug, err)
			assert.Equal(t, actor.Is(allowed...), MayOpenRound(actor, c))
			_, err = w.opens(actor, slug, KindRoundTable, "Senza punti")
			require.Error(t, err)
		}
	}
	_, err := w.OpenRound(ctx, w.other, newRound("members"))
	require.ErrorIs(t, err, account.ErrNotFound)
	assert.Equal(t, 4, w.count(`select count(*) from forum_round_tables where phase = 'standing'`))

	in := newRound("members")
	again, err := w.OpenRound(ctx, w.as(account.RoleESP), in)
	require.NoError(t, err)
	same, err := w.OpenRound(ctx, w.as(account.RoleESP), in)
	require.NoError(t, err)
	assert.Equal(t, again, same)

	for _, bad := range []func(*NewRound){
		func(n *NewRound) { n.Title, n.Text, n.Agenda, n.Terms = "", " ", "\n \n", Terms{"ieri", ""} },
		func(n *NewRound) { n.Agenda = strings.Repeat("a\n", MaxPoints+1) },
		func(n *NewRound) { n.Agenda = strings.Repeat("a", 1<<20) },
		func(n *NewRound) { n.Text = strings.Repeat("a", 1<<20) },
		func(n *NewRound) { n.Stand = clock(-1, "10:00") },
		func(n *NewRound) { n.Vote = n.Stand },
		func(n *NewRound) { n.Vote = clock(90, "10:00") },
	} {
		in := newRound("members")
		bad(&in)
		_, err := w.OpenRound(ctx, w.as(account.RoleESP), in)
		assert.Equal(t, errs.Invalid, errs.KindOf(err))
	}
	in = newRound("members")
	in.Agenda = "🌳 Gli alberi\n" + crisis
	r, err := w.OpenRound(ctx, w.as(account.RoleESP), in)
	require.NoError(t, err)
	assert.Equal(t, "crisis", r.Level.String(), "its agenda is read too")
	assert.Equal(t, "🌳 Gli alberi", w.at(w.as(account.RoleMember), r.Thread).Points[0].Text)
	assert.Equal(t, KindDiscussion, KindRoundTable.held())
	_, err = w.SplitThread(ctx, w.as(account.RoleTutor), w.splits(r.Thread, "1"))
	require.ErrorIs(t, err, account.ErrForbidden)
}

// TestElection: people stand and vote, each once; who works here, a guest, somebody of another service or somebody muted does neither; the result is told when it is closed and counted, once.
func TestElection(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	id := w.table().Thread
	p := w.people("Ginepro", "Glicine", "Timo", "Alloro")
	for _, role := range []account.Role{account.RoleESP, account.RoleSenior, account.RoleTutor, account.RoleAdmin, account.RoleGuest, account.RoleVisitor} {
		_, err := w.Stand(ctx, w.as(role), Candidacy{Thread: id, Text: calm, CID: newCID()})
		require.Error(t, err, role)
	}
	_, err := w.Stand(ctx, w.other, Candidacy{Thread: id, Text: calm, CID: newCID()})
	require.ErrorIs(t, err, account.ErrNotFound)
	_, err = w.Stand(ctx, p[0], Candidacy{Thread: id, Text: strings.Repeat("a", 1<<20), CID: newCID()})
	require.Equal(t, errs.Invalid, errs.KindOf(err))
	w.stands(id, p[0], p[1])
	_, err = w.Stand(ctx, p[0], Candidacy{Thread: id, Text: calm, CID: newCID()})
	require.ErrorIs(t, err, ErrStands)
	_, err = w.WritePost(ctx, p[0], NewPost{Thread: id, Text: calm, CID: newCID()})
	require.ErrorIs(t, err, ErrNoWord, "nobody speaks before somebody runs it")
	r, err := w.Stand(ctx, p[2], Candidacy{Thread: id, Text: worried, CID: newCID()})
	require.NoError(t, err)
	assert.Equal(t, "amber", r.Level.String(), "a sentence is read for risk")
	_, err = w.DeletePost(ctx, p[2], r.Post)
	require.NoError(t, err)
	assert.Len(t, w.at(p[2], id).Candidates, 2, "who deletes it stands no longer")
	w.stands(id, p[2])
	assert.Len(t, w.at(p[2], id).Candidates, 3)

	w.passes(id)
	round := w.at(p[0], id)
	require.Equal(t, PhaseVoting, round.Phase)
	_, err = w.Stand(ctx, p[3], Candidacy{Thread: id, Text: calm, CID: newCID()})
	require.ErrorIs(t, err, ErrNotNow)
	b := round.Ballots[0]
	for _, role := range []account.Role{account.RoleESP, account.RoleTutor, account.RoleAdmin, account.RoleGuest, account.RoleVisitor} {
		_, err := w.Vote(ctx, w.as(role), b.ID, 1)
		require.Error(t, err, role)
	}
	_, err = w.Vote(ctx, w.other, b.ID, 1)
	require.ErrorIs(t, err, account.ErrNotFound)
	for _, choice := range []int{0, -1, 4, 1 << 40} {
		_, err = w.Vote(ctx, p[0], b.ID, choice)
		require.Equal(t, errs.Invalid, errs.KindOf(err))
	}
	// Two at once count once, from two windows.
	var wg sync.WaitGroup
	results := make([]error, 4)
	for i := range results {
		wg.Go(func() { _, results[i] = w.Vote(context.WithoutCancel(ctx), p[0], b.ID, 1+i%2) })
	}
	wg.Wait()
	counted := 0
	for _, err := range results {
		if err == nil {
			counted++
		} else {
			require.ErrorIs(t, err, ErrVoted)
		}
	}
	assert.Equal(t, 1, counted)
	w.votes(id, 2, p[1], p[2], p[3])
	assert.False(t, w.at(p[3], id).Ballots[0].Told())
	assert.Zero(t, w.at(p[3], id).Ballots[0].Voters, "not told while it is open")
	assert.Equal(t, 4, w.count(`select voters from forum_ballots`))
	w.passes(id)
	_, err = w.Vote(ctx, w.as(account.RoleMember), b.ID, 1)
	require.ErrorIs(t, err, ErrBallotOver, "its time has passed, though nobody has counted it yet")
	for i := range results { // tallied by several at once
		wg.Go(func() { results[i] = w.KeepRounds(context.WithoutCancel(ctx)) })
	}
	wg.Wait()
	require.Equal(t, make([]error, 4), results)
	round = w.at(p[3], id)
	assert.Equal(t, PhaseRunning, round.Phase)
	assert.Equal(t, "Glicine", round.Moderator.Alias)
	assert.True(t, round.Ballots[0].Told())
	assert.Equal(t, 4, round.Ballots[0].Voters)
	sum := 0
	for _, o := range round.Ballots[0].Options {
		sum += o.Votes
	}
	assert.Equal(t, 4, sum)
	assert.GreaterOrEqual(t, round.Ballots[0].Options[1].Votes, 3)
	assert.Zero(t, w.count(`select count(*) from forum_ballot_voters`), "who voted goes with the count")
	assert.Equal(t, 1, w.count(`select count(*) from audit_entries where action = 'round.elect'`))
	assert.Zero(t, w.count(`select count(*) from audit_entries where action like '%vote%'`))
}

// TestBallotSecret: nothing in the tables tells what was voted: the tally is sealed, always as long and new at each vote; who voted has no time.
func TestBallotSecret(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	id := w.table().Thread
	p := w.people("Ginepro", "Glicine", "Timo")
	w.stands(id, p[0], p[1])
	w.passes(id)
	require.Equal(t, PhaseVoting, w.at(p[0], id).Phase)
	seen, size := map[string]bool{}, 0
	for i, a := range p {
		w.votes(id, 1+i%2, a)
		var tally, key string
		var n int
		require.NoError(t, w.pool.QueryRow(t.Context(), `select encode(tally, 'hex'), encode(key_wrapped, 'hex'), octet_length(tally) + octet_length(key_wrapped) from forum_ballots`).Scan(&tally, &key, &n))
		assert.False(t, seen[tally] || seen[key])
		seen[tally], seen[key] = true, true
		assert.True(t, size == 0 || size == n, "as long as before")
		size = n
		assert.Zero(t, w.count(`select count(*) from forum_ballot_options where votes is not null`))
	}
	assert.Zero(t, w.count(`select count(*) from information_schema.columns where table_name = 'forum_ballot_voters' and column_name not in ('ballot_id', 'account_id', 'service_id', 'account_role')`))
	// Who is forgotten while it runs is counted all the same.
	assert.True(t, w.forget(p[2], true))
	assert.Equal(t, 2, w.count(`select count(*) from forum_ballot_voters`))
	w.passes(id)
	b := w.at(p[0], id).Ballots[0]
	assert.Equal(t, 3, b.Voters)
	assert.Equal(t, 2, b.Options[0].Votes)
	assert.Zero(t, w.count(`select count(*) from forum_ballots where tally <> '' or key_wrapped <> ''`))
}

func TestOutcome(t *testing.T) {
	t.Parallel()
	a, b, c, gone := account.ID{1}, account.ID{2}, account.ID{3}, account.ID{}
	for _, v := range []struct {
		name   string
		who    []account.ID
		votes  []int
		second bool
		want   []account.ID
		result Result
	}{
		{"most votes", []account.ID{a, b}, []int{1, 2}, false, []account.ID{b}, ResultElected},
		{"a tie", []account.ID{a, b, c}, []int{2, 2, 1}, false, []account.ID{a, b}, ResultTie},
		{"a tie again", []account.ID{a, b}, []int{2, 2}, true, []account.ID{a, b}, ResultLot},
		{"too few", []account.ID{a, b}, nil, false, nil, ResultTooFew},
		{"too few the second time", []account.ID{a, b}, nil, true, []account.ID{a, b}, ResultLot},
		{"who had most is gone", []account.ID{gone, b}, []int{3, 1}, false, []account.ID{b}, ResultElected},
		{"who had all is gone", []account.ID{gone, b}, []int{3, 0}, false, nil, ResultNobody},
		{"who had all the second time is gone", []account.ID{gone, b}, []int{3, 0}, true, []account.ID{b}, ResultLot},
		{"nobody is left", []account.ID{gone}, []int{3}, false, nil, ResultNobody},
		{"one alone", []account.ID{a}, []int{3}, false, []account.ID{a}, ResultElected},
	} {
		who, result := outcome(v.who, v.votes, v.second)
		assert.Equal(t, v.result, result, v.name)
		assert.Equal(t, v.want, who, v.name)
	}
}

// TestElection_ends: a tie is voted again and then drawn; too few votes are not told and elect nobody; where nobody stands the staff calls another one.
func TestElection_ends(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	esp, tutor := w.as(account.RoleESP), w.as(account.RoleTutor)
	p := w.people("Ginepro", "Glicine", "Timo", "Alloro")
	id := w.table().Thread
	w.passes(id)
	require.NoError(t, w.KeepRounds(ctx))
	r := w.at(esp, id)
	assert.Equal(t, PhaseWaiting, r.Phase)
	assert.Equal(t, ResultNobody, r.Result)
	assert.True(t, r.MayCall)
	assert.False(t, w.at(w.as(account.RoleSenior), id).MayCall)
	require.ErrorIs(t, w.CallElection(ctx, p[0], id, newRound("").Terms), account.ErrForbidden)
	require.ErrorIs(t, w.CallElection(ctx, w.as(account.RoleSenior), id, newRound("").Terms), account.ErrForbidden)
	require.Error(t, w.CallElection(ctx, esp, id, Terms{}))
	require.NoError(t, w.CallElection(ctx, tutor, id, newRound("").Terms))
	require.ErrorIs(t, w.CallElection(ctx, tutor, id, newRound("").Terms), ErrNotNow)

	w.stands(id, p[0], p[1])
	w.passes(id)
	w.votes(id, 1, p[0], p[1])
	w.passes(id)
	r = w.at(p[0], id)
	assert.Equal(t, ResultTooFew, r.Result)
	assert.False(t, r.Ballots[0].Told())
	assert.Zero(t, w.count(`select count(*) from forum_ballot_options where votes is not null`), "not even in the table")

	require.NoError(t, w.CallElection(ctx, esp, id, newRound("").Terms))
	w.stands(id, p[0], p[1], p[2])
	w.passes(id)
	w.votes(id, 1, p[0], p[3])
	w.votes(id, 2, p[1], p[2])
	w.passes(id)
	r = w.at(p[0], id)
	assert.Equal(t, PhaseVoting, r.Phase)
	assert.Equal(t, ResultTie, r.Result)
	require.True(t, r.Ballots[0].Second)
	assert.Len(t, r.Ballots[0].Options, 2, "between those who had as many")
	w.votes(id, 1, p[0])
	w.passes(id)
	r = w.at(p[0], id)
	assert.Equal(t, PhaseRunning, r.Phase)
	assert.Equal(t, ResultLot, r.Result)
	assert.Contains(t, []string{"Ginepro", "Glicine"}, r.Moderator.Alias)
	assert.False(t, r.Ballots[0].Told())
}

// TestRound_moderatorGone: who gives it back, is shut out or erased is followed by an election, seen by whoever looks and by the worker, once.
func TestRound_moderatorGone(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	p := w.people("Ginepro", "Glicine", "Timo", "Alloro")
	id := w.elected(p...)
	require.NoError(t, w.RaiseHand(ctx, p[1], id))
	require.ErrorIs(t, w.GiveBack(ctx, p[1], id), ErrNotRunning)
	require.NoError(t, w.GiveBack(ctx, p[0], id))
	r := w.at(p[1], id)
	assert.Equal(t, PhaseStanding, r.Phase)
	assert.Equal(t, ResultLeft, r.Result)
	assert.Empty(t, r.Hands)
	assert.Empty(t, r.Candidates, "who stood before stands anew")
	assert.WithinDuration(t, time.Now().Add(24*time.Hour), r.StandUntil, 48*time.Hour)
	for i, sql := range []string{`update account_accounts set suspended_until = now() + interval '1 day' where id = $1`, `update account_accounts set disabled_at = now() where id = $1`} {
		w.stands(id, p[i])
		w.passes(id)
		w.votes(id, 1, p[i], p[2], p[3])
		w.passes(id)
		require.Equal(t, p[i].Alias, w.at(p[3], id).Moderator.Alias)
		_, err := w.pool.Exec(ctx, sql, p[i].ID)
		require.NoError(t, err)
		if i == 0 {
			require.NoError(t, w.KeepRounds(ctx))
			require.NoError(t, w.KeepRounds(ctx))
		}
		r = w.at(p[3], id)
		assert.Equal(t, PhaseStanding, r.Phase)
		assert.Equal(t, ResultLeft, r.Result)
		assert.Equal(t, 3+i, w.count(`select election from forum_round_tables`))
	}
	// Who stands and is shut out is nobody to vote for; who is shut out while people vote is not elected.
	w.stands(id, p[2], p[3])
	w.passes(id)
	w.votes(id, 1, p[2], p[3], w.as(account.RoleMember))
	_, err := w.pool.Exec(ctx, `update account_accounts set disabled_at = now() where id = $1`, p[2].ID)
	require.NoError(t, err)
	w.passes(id)
	assert.Equal(t, ResultNobody, w.at(p[3], id).Result)
}

// TestRound_held: what is read before it appears counts once it does, and leaves nothing when it is taken back; a locked table stands still.
func TestRound_held(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	p := w.people("Ginepro", "Glicine")
	id := w.table().Thread
	w.holds(account.Holding{First: 3})
	var held []PostID
	for _, a := range p {
		r, err := w.Stand(ctx, a, Candidacy{Thread: id, Text: calm, CID: newCID()})
		require.NoError(t, err)
		require.True(t, r.Held)
		held = append(held, r.Post)
	}
	assert.Empty(t, w.at(p[0], id).Candidates)
	_, err := w.PublishHeld(ctx, w.as(account.RoleESP), held[0])
	require.NoError(t, err)
	assert.Len(t, w.at(p[0], id).Candidates, 1)
	require.NoError(t, w.WithdrawHeld(ctx, p[1], held[1]))
	assert.Equal(t, 2, w.count(`select count(*) from forum_round_writings`), "the opening, and who stands")
	w.holds(account.Holding{})
	require.NoError(t, w.LockThread(ctx, w.as(account.RoleTutor), id, why))
	_, err = w.Stand(ctx, p[1], Candidacy{Thread: id, Text: calm, CID: newCID()})
	require.ErrorIs(t, err, ErrLocked)
	w.passes(id)
	b := w.at(p[1], id).Ballots[0]
	assert.False(t, b.MayVote)
	_, err = w.Vote(ctx, p[1], b.ID, 1)
	require.ErrorIs(t, err, ErrLocked)
}

// TestMigrateRounds: threads of before are none, and the tables hold what the use-cases promise.
func TestMigrateRounds(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	w.open(w.as(account.RoleMember), "members", "Di prima", calm)
	w.migrateFrom(26)
	assert.Equal(t, []string{"Di prima"}, w.titles(w.as(account.RoleTutor), "members", ""))
	p := w.people("Ginepro", "Glicine", "Timo")
	id := w.table().Thread
	w.stands(id, p[0], p[1])
	w.passes(id)
	w.votes(id, 1, p[0])
	for sql, constraint := range map[string]string{
		`update forum_round_tables set phase = 'running'`:                       "forum_round_tables_run_by_one",
		`update forum_round_tables set speaker_id = '` + p[0].ID.String() + `'`: "forum_round_tables_speaker_while_it_runs",
		`insert into forum_ballot_voters select * from forum_ballot_voters`:     "forum_ballot_voters_once",
		`insert into forum_ballot_voters (ballot_id, account_id, service_id, account_role) select id, '` + w.as(account.RoleESP).ID.String() + `', service_id, 'esp' from forum_ballots`:                                                        "forum_ballot_voters_are_people",
		`insert into forum_ballot_voters (ballot_id, account_id, service_id, account_role) select id, '` + w.as(account.RoleESP).ID.String() + `', service_id, 'member' from forum_ballots`:                                                     "forum_ballot_voters_account",
		`insert into forum_ballot_voters (ballot_id, account_id, service_id, account_role) select id, '` + w.other.ID.String() + `', service_id, 'member' from forum_ballots`:                                                                   "forum_ballot_voters_account",
		`insert into forum_round_writings (post_id, service_id, thread_id, account_id, purpose, election) select gen_random_uuid(), service_id, thread_id, account_id, purpose, election from forum_round_writings where purpose = 'candidacy'`: "forum_round_writings_stand_once",
		`insert into forum_ballots (id, service_id, thread_id, election, closes_at, key_id, key_wrapped, tally) select gen_random_uuid(), service_id, thread_id, election, closes_at, '', '', '' from forum_ballots`:                            "forum_ballots_election_once",
		`update forum_ballots set counted_at = now()`:     "forum_ballots_counted_once",
		`update forum_round_points set opened_at = now()`: "forum_round_points_one_open",
		`insert into forum_round_guests (id, service_id, thread_id, account_id, account_role) select gen_random_uuid(), service_id, thread_id, '` + p[0].ID.String() + `', 'member' from forum_round_tables`: "forum_round_guests_are_staff",
	} {
		_, err := w.pool.Exec(ctx, sql)
		assert.Equal(t, constraint, pg.Constraint(err), sql)
	}
}
