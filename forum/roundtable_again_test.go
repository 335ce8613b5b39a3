package forum

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
)

// restore shows a hidden post again.
func (w *town) restore(r Receipt) {
	w.t.Helper()
	require.NoError(w.t, w.Content().Restore(w.t.Context(), w.pool, w.a, r.Post.String()))
}

// TestRound_restored: an agenda and a question that come back after others took their place count once.
func TestRound_restored(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	p := w.people("Ginepro", "Glicine", "Timo")
	id := w.elected(p...)
	points := func() (list []string) {
		for _, v := range w.at(p[1], id).Points {
			list = append(list, v.Text+" "+string(v.State))
		}
		return list
	}
	next := func() {
		t.Helper()
		require.NoError(t, w.OpenPoint(ctx, p[0], id, w.at(p[0], id).NextPoint().ID))
	}
	sets := func(agenda string) Receipt {
		t.Helper()
		r, err := w.SetAgenda(ctx, p[0], NewAgenda{Thread: id, Agenda: agenda, CID: newCID()})
		require.NoError(t, err)
		return r
	}
	newer := sets("Orari\nIl caffè")
	w.hide(newer, "Nomina una persona.")
	next() // of the opening
	assert.Equal(t, []string{"Orari open", "Chi apre to_come", "Le feste to_come"}, points())
	w.restore(newer)
	assert.Equal(t, []string{"Orari open", "Il caffè to_come"}, points(), "it was opened already")
	next()
	w.hide(newer, "Nomina una persona.")
	again := sets("Il caffè\nOrari")
	assert.Equal(t, []string{"Orari closed", "Il caffè to_come", "Orari to_come"}, points(), "who runs it may come back to a point")
	next()
	w.restore(newer)
	assert.Equal(t, []string{"Orari closed", "Il caffè open", "Orari to_come"}, points())
	require.False(t, again.Held)

	first := w.mustBallot(id, p[0])
	w.hide(first, "Nomina una persona.")
	second := w.mustBallot(id, p[0])
	w.restore(first)
	open := func() (list []int) {
		for _, b := range w.at(p[1], id).Ballots {
			if b.Number > 0 {
				list = append(list, b.Number)
			}
		}
		return list
	}
	assert.Equal(t, []int{second.Number}, open(), "one question, one ballot")
	w.hide(second, "Nomina una persona.")
	assert.Equal(t, []int{first.Number}, open())
	w.restore(second)
	w.votes(id, 1, p...)
	w.passes(id)
	require.NoError(t, w.KeepRounds(ctx))
	third := w.mustBallot(id, p[0])
	assert.ElementsMatch(t, []int{second.Number, third.Number}, open(), "what was counted may be asked once more")
}

// TestRound_archived: while its category is archived the clocks of a table stand still, and go on with the time that was left.
func TestRound_archived(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	p := w.people("Ginepro", "Glicine", "Timo")
	id := w.elected(p...)
	ballot := w.mustBallot(id, p[0])
	waits := w.table().Thread
	w.stands(waits, p[0])
	archive := func(sql string) {
		t.Helper()
		_, err := w.pool.Exec(ctx, sql)
		require.NoError(t, err)
	}
	archive(`update forum_categories set archived_at = now() - interval '3 days' where slug = 'members'`)
	archive(`update forum_round_tables set stand_until = now() - interval '2 days' where phase = 'standing'`)
	archive(`update forum_ballots set opened_at = now() - interval '4 days', closes_at = now() - interval '2 days' where counted_at is null`)
	require.NoError(t, w.KeepRounds(ctx))
	w.at(p[0], waits)
	assert.Equal(t, 1, w.count(`select count(*) from forum_round_tables where phase = 'standing'`), "nobody can stand or vote meanwhile")
	assert.Equal(t, 1, w.count(`select count(*) from forum_ballots where counted_at is null`))
	w.settled(w.ProposeRestore(ctx, w.as(account.RoleAdmin), "members", whyNew))(w.newAccount(w.a, account.RoleAdmin, "Bea"))
	require.NoError(t, w.KeepRounds(ctx))
	assert.Equal(t, 1, w.count(`select count(*) from forum_round_tables where phase = 'standing' and stand_until between now() + interval '23 hours' and now() + interval '25 hours'`))
	assert.Equal(t, 1, w.count(`select count(*) from forum_ballots where post_id = $1 and closes_at between now() + interval '23 hours' and now() + interval '25 hours'`, ballot.Post))
}
