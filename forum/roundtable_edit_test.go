package forum

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
)

// TestRound_edits: nobody speaks at a table by editing: a slip is mended for a while, and what people voted by stays.
func TestRound_edits(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	esp := w.as(account.RoleESP)
	p := w.people("Ginepro", "Glicine", "Timo")
	opened := w.table()
	id := opened.Thread
	stood, err := w.Stand(ctx, p[0], Candidacy{Thread: id, Text: calm, CID: newCID()})
	require.NoError(t, err)
	edits := func(who account.Actor, r Receipt) error {
		one, err := w.Post(ctx, who, r.Post)
		require.NoError(t, err)
		l, err := w.Posts(ctx, who, id, r.Number-1, 1)
		require.NoError(t, err)
		_, err = w.EditPost(ctx, who, Edit{Post: r.Post, Version: one.Post.Version, Title: one.Thread.Title, Text: "Meglio così: " + newCID()})
		assert.Equal(t, err == nil, one.MayEdit)
		assert.Equal(t, err == nil, l.CanEdit(&l.Posts[0]))
		return err
	}
	require.NoError(t, edits(esp, opened))
	require.NoError(t, edits(p[0], stood))
	w.passes(id)
	w.votes(id, 1, p...)
	assert.Equal(t, ErrStoodOver, edits(esp, opened))
	assert.Equal(t, ErrStoodOver, edits(p[0], stood))
	w.passes(id)
	require.Equal(t, PhaseRunning, w.at(p[0], id).Phase)
	require.NoError(t, w.RaiseHand(ctx, p[1], id))
	require.NoError(t, w.GiveWord(ctx, p[0], id, w.at(p[0], id).Hands[0].ID))
	said, err := w.WritePost(ctx, p[1], NewPost{Thread: id, Text: calm, CID: newCID()})
	require.NoError(t, err)
	require.NoError(t, w.EndWord(ctx, p[1], id))
	require.NoError(t, edits(p[1], said), "a slip")
	_, err = w.pool.Exec(ctx, `update forum_posts set created_at = created_at - interval '16 minutes' where id = $1`, said.Post)
	require.NoError(t, err)
	assert.Equal(t, ErrNoWord, edits(p[1], said))
	_, err = w.DeletePost(ctx, p[1], said.Post)
	require.NoError(t, err)
}

// TestBallot_stays: whoever asked cannot take back what people answered.
func TestBallot_stays(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	p := w.people("Ginepro", "Glicine", "Timo")
	id := w.elected(p...)
	one, other := w.mustBallot(id, p[0]), w.mustBallot(id, p[0])
	_, err := w.DeletePost(ctx, p[0], other.Post)
	require.NoError(t, err)
	require.Len(t, w.at(p[1], id).Ballots, 2, "taken back while it is open")
	w.votes(id, 1, p...)
	w.passes(id)
	require.True(t, w.at(p[1], id).Ballots[0].Told())
	_, err = w.DeletePost(ctx, p[0], one.Post)
	require.NoError(t, err)
	b := w.at(p[1], id).Ballots[0]
	require.False(t, b.Election)
	assert.True(t, b.Told())
	assert.Empty(t, b.Question)
	assert.Equal(t, 3, b.Options[0].Votes)
	w.hide(one, "Nomina una persona.")
	assert.Len(t, w.at(p[1], id).Ballots, 1)
}

// TestBallot_unreadable: a tally that cannot be read keeps nobody from reading the table, and is given up by whoever keeps the tables, who says why.
func TestBallot_unreadable(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	p := w.people("Ginepro", "Glicine", "Timo")
	id := w.elected(p...)
	w.mustBallot(id, p[0])
	w.votes(id, 1, p...)
	_, err := w.pool.Exec(ctx, `update forum_ballots set tally = 'x' where counted_at is null`)
	require.NoError(t, err)
	w.passes(id)
	assert.False(t, w.at(p[1], id).Ballots[0].Counted)
	require.Error(t, w.KeepRounds(ctx), "it is told once")
	require.NoError(t, w.KeepRounds(ctx))
	b := w.at(p[1], id).Ballots[0]
	assert.True(t, b.Lost())
	assert.False(t, b.Told())
	require.NoError(t, w.RaiseHand(ctx, p[1], id))
}

// TestRoundTravels_long: a table whose opening is deleted and one with more points than one agenda has come in where they were exported to.
func TestRoundTravels_long(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	p := w.people("Ginepro", "Glicine", "Timo")
	id := w.elected(p...)
	require.NoError(t, w.OpenPoint(ctx, p[0], id, w.at(p[0], id).NextPoint().ID))
	_, err := w.SetAgenda(ctx, p[0], NewAgenda{Thread: id, Agenda: strings.Repeat("Un punto\n", MaxPoints), CID: newCID()})
	require.NoError(t, err)
	require.Len(t, w.at(p[0], id).Points, MaxPoints+1)
	w.newAccount(w.b, account.RoleESP, "Marta")
	travels := func() string {
		var out bytes.Buffer
		_, err := w.Export(ctx, account.System(w.a), &out)
		require.NoError(t, err)
		_, wrong, err := w.CheckImport(ctx, account.System(w.b), "a", strings.NewReader(out.String()))
		require.NoError(t, err)
		assert.Empty(t, wrong)
		return out.String()
	}
	assert.Contains(t, travels(), `"agenda":["Orari","Un punto"`)
	l, err := w.Posts(ctx, w.as(account.RoleESP), id, 0, 1)
	require.NoError(t, err)
	_, err = w.DeletePost(ctx, w.as(account.RoleESP), l.Posts[0].ID)
	require.NoError(t, err)
	assert.NotContains(t, travels(), `"agenda"`)
}

// TestRound_heldTooLong: what appears when its time is over, or when its writer no longer runs the table, is words and no more.
func TestRound_heldTooLong(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	esp := w.as(account.RoleESP)
	p := w.people("Ginepro", "Glicine", "Timo")
	id := w.elected(p...)
	w.holds(account.Holding{First: 20})
	held := func(r Receipt, err error) PostID {
		t.Helper()
		require.NoError(t, err)
		require.True(t, r.Held)
		return r.Post
	}
	sets := func(point string) PostID {
		return held(w.SetAgenda(ctx, p[0], NewAgenda{Thread: id, Agenda: point, CID: newCID()}))
	}
	asks := func() PostID {
		return held(w.StartBallot(ctx, p[0], NewBallot{Thread: id, Question: "Apriamo?", Options: "Sì\nNo", Until: clock(1, "10:00"), CID: newCID()}))
	}
	appears := func(post PostID) {
		_, err := w.PublishHeld(ctx, esp, post)
		require.NoError(t, err)
	}
	inTime, late, asked := sets("In tempo"), []PostID{sets("Troppo tardi"), asks()}, asks()
	appears(inTime)
	appears(asked)
	require.Equal(t, "In tempo", w.at(p[0], id).Points[0].Text)
	require.Len(t, w.at(p[0], id).Ballots, 2)
	require.NoError(t, w.GiveBack(ctx, p[0], id))
	stood := held(w.Stand(ctx, p[1], Candidacy{Thread: id, Text: calm, CID: newCID()}))
	for _, post := range late {
		appears(post)
	}
	r := w.at(p[0], id)
	assert.Equal(t, "In tempo", r.Points[0].Text)
	assert.Len(t, r.Ballots, 2)
	w.passes(id)
	require.Equal(t, PhaseWaiting, w.at(p[0], id).Phase)
	appears(stood)
	assert.Empty(t, w.at(p[0], id).Candidates)
	l, err := w.Posts(ctx, p[0], id, 0, 50)
	require.NoError(t, err)
	assert.Len(t, l.Posts, 7, "all of it is read")
}
