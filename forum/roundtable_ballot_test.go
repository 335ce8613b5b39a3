package forum

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/pg"
)

// TestBallot_electorate: whoever comes after a ballot was opened, or comes back with another account, has no vote in it, and in the next one they have.
func TestBallot_electorate(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	p := w.people("Ginepro", "Glicine", "Timo")
	id := w.table().Thread
	w.stands(id, p[0])
	w.passes(id)
	require.Equal(t, PhaseVoting, w.at(p[0], id).Phase)
	late := w.people("Alloro")[0]
	b := w.at(late, id).Ballots[0]
	assert.True(t, b.TooNew)
	assert.False(t, b.MayVote)
	_, err := w.Vote(ctx, late, b.ID, 1)
	require.ErrorIs(t, err, ErrTooNew)
	assert.Zero(t, w.count(`select count(*) from forum_ballot_voters`))
	w.votes(id, 1, p...)
	w.passes(id)
	_, err = w.StartBallot(ctx, p[0], NewBallot{Thread: id, Question: "Apriamo?", Options: "Sì\nNo", Until: clock(1, "10:00"), CID: newCID()})
	require.NoError(t, err)
	w.votes(id, 1, late)
}

// TestBallot_gone: nobody spends their one vote on somebody who no longer stands.
func TestBallot_gone(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	p := w.people("Ginepro", "Glicine", "Timo")
	id := w.table().Thread
	w.stands(id, p[0], p[1])
	w.passes(id)
	leaves := func(i int) {
		for _, c := range w.at(p[i], id).Candidates {
			if c.Mine {
				_, err := w.DeletePost(ctx, p[i], c.Post)
				require.NoError(t, err)
			}
		}
	}
	leaves(0)
	b := w.at(p[2], id).Ballots[0]
	assert.True(t, b.Options[0].Gone)
	assert.False(t, b.Options[1].Gone)
	_, err := w.Vote(ctx, p[2], b.ID, 1)
	require.Equal(t, errs.Field("choice", "round.choice_gone", nil), err)
	w.votes(id, 2, p[2])
	leaves(1)
	b = w.at(p[1], id).Ballots[0]
	assert.True(t, b.AllGone())
	assert.False(t, b.MayVote || b.TooNew)
	w.passes(id)
	assert.False(t, w.at(p[2], id).Ballots[0].Options[0].Gone, "told of an open ballot alone")
}

// TestElection_standsMeanwhile: whoever stands in time, a moment after it was asked who is there, is not left off the ballot.
func TestElection_standsMeanwhile(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	p := w.people("Ginepro", "Glicine")
	id := w.table().Thread
	w.stands(id, p[0])
	due, err := selectRoundDue(ctx, w.pool, w.a, id)
	require.NoError(t, err)
	w.stands(id, p[1])
	w.passes(id)
	require.NoError(t, pg.InTx(ctx, w.pool, func(ctx context.Context, tx pgx.Tx) error {
		changed, err := w.step(ctx, tx, w.a, id, due, map[account.ID]bool{p[0].ID: true}, nil)
		assert.False(t, changed)
		return err
	}))
	assert.Len(t, w.at(p[0], id).Ballots[0].Options, 2)
}

// TestRound_idle: a table whose moderator does nothing for days is not stuck, and one who may not write for a time rules nothing; they can leave it.
func TestRound_idle(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	esp := w.as(account.RoleESP)
	p := w.people("Ginepro", "Glicine", "Timo")
	id := w.elected(p...)
	idle := func() {
		_, err := w.pool.Exec(ctx, `update forum_round_tables set acted_at = now() - interval '73 hours'`)
		require.NoError(t, err)
	}
	require.ErrorIs(t, w.CallElection(ctx, esp, id, newRound("").Terms), ErrNotNow)
	require.NoError(t, w.RaiseHand(ctx, p[1], id))
	for _, act := range []func() error{
		func() error { return w.GiveWord(ctx, p[0], id, w.at(p[0], id).Hands[0].ID) },
		func() error {
			_, err := w.WritePost(ctx, p[0], NewPost{Thread: id, Text: calm, CID: newCID()})
			return err
		},
		func() error {
			_, err := w.WriteMinutes(ctx, p[0], NewMinutes{Thread: id, Text: calm, CID: newCID()})
			return err
		},
	} {
		idle()
		assert.True(t, w.at(esp, id).MayCall)
		require.NoError(t, act())
		assert.False(t, w.at(esp, id).MayCall, "they did something")
	}
	_, err := w.WritePost(ctx, p[1], NewPost{Thread: id, Text: calm, CID: newCID()})
	require.NoError(t, err)
	idle()
	require.NoError(t, w.RaiseHand(ctx, p[2], id))
	assert.True(t, w.at(esp, id).MayCall, "what others do is no act of theirs")
	assert.False(t, w.at(p[0], id).MayCall)
	require.ErrorIs(t, w.CallElection(ctx, p[1], id, newRound("").Terms), account.ErrForbidden)

	w.mutes(p[0])
	require.Error(t, w.GiveWord(ctx, p[0], id, w.at(p[0], id).Hands[0].ID))
	require.Error(t, w.OpenPoint(ctx, p[0], id, w.at(p[0], id).Points[0].ID))
	require.Equal(t, errs.Invalid, errs.KindOf(w.InviteStaff(ctx, p[0], id, esp.Alias)))
	require.Error(t, w.EndRound(ctx, p[0], id))
	require.NoError(t, w.EndWord(ctx, p[0], id))

	idle()
	require.NoError(t, w.CallElection(ctx, esp, id, newRound("").Terms))
	r := w.at(esp, id)
	assert.Equal(t, PhaseStanding, r.Phase)
	assert.Empty(t, r.Hands)
	assert.Equal(t, 1, w.count(`select count(*) from audit_entries where action = 'round.call'`))
}

// TestMigrateRoundActs: at a table that ran before, whoever runs it has their days from then on.
func TestMigrateRoundActs(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	p := w.people("Ginepro", "Glicine", "Timo")
	id := w.elected(p...)
	w.migrateFrom(29)
	r := w.at(w.as(account.RoleESP), id)
	assert.Equal(t, "Ginepro", r.Moderator.Alias)
	assert.False(t, r.MayCall)
	assert.Equal(t, 1, w.count(`select count(*) from forum_round_tables where acted_at > now() - interval '1 minute'`))
}
