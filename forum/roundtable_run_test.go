package forum

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/moderation"
)

// TestRound: who runs it gives the word in order; who has it writes, and nobody else; the moderator has no rights of those who look after the forum.
func TestRound(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	p := w.people("Ginepro", "Glicine", "Timo", "Alloro")
	id := w.elected(p...)
	esp := w.as(account.RoleESP)
	say := func(a account.Actor) error {
		_, err := w.WritePost(ctx, a, NewPost{Thread: id, Text: calm, CID: newCID()})
		return err
	}
	require.NoError(t, say(p[0]))
	for _, a := range []account.Actor{p[1], esp, w.as(account.RoleTutor), w.as(account.RoleSenior)} {
		require.ErrorIs(t, say(a), ErrNoWord, a.Alias)
	}
	require.Error(t, w.LockThread(ctx, p[0], id, why))
	require.ErrorIs(t, w.RaiseHand(ctx, esp, id), ErrNotInvited, "who opened it, too")
	for _, a := range []account.Actor{p[2], p[1], p[2]} {
		require.NoError(t, w.RaiseHand(ctx, a, id))
	}
	require.ErrorIs(t, w.RaiseHand(ctx, w.other, id), account.ErrNotFound)
	r := w.at(p[1], id)
	require.Len(t, r.Hands, 2)
	assert.Equal(t, 2, r.Place)
	assert.Equal(t, "Timo", r.Hands[0].Who.Alias)
	require.ErrorIs(t, w.GiveWord(ctx, p[1], id, r.Hands[0].ID), ErrNotRunning)
	require.ErrorIs(t, w.GiveWord(ctx, p[0], id, r.Hands[1].ID), ErrMeanwhile, "in the order of asking")
	require.NoError(t, w.PassHand(ctx, p[0], id, r.Hands[0].ID))
	mark, err := w.ThreadMark(ctx, p[1], id, 0)
	require.NoError(t, err)
	require.NoError(t, w.GiveWord(ctx, p[0], id, r.Hands[1].ID))
	now, err := w.ThreadMark(ctx, p[1], id, 0)
	require.NoError(t, err)
	assert.NotEqual(t, mark, now, "an open page looks again")
	require.NoError(t, say(p[1]))
	require.ErrorIs(t, say(p[2]), ErrNoWord)
	require.NoError(t, w.EndWord(ctx, p[1], id))
	require.ErrorIs(t, say(p[1]), ErrNoWord)
	require.NoError(t, w.LowerHand(ctx, p[2], id))
	assert.Empty(t, w.at(p[2], id).Hands)

	// Who works here is a guest, who asks like everybody.
	require.Equal(t, errs.Invalid, errs.KindOf(w.InviteStaff(ctx, p[0], id, "Nessuno")))
	require.Equal(t, errs.Invalid, errs.KindOf(w.InviteStaff(ctx, p[0], id, "Glicine")), "no member")
	require.Equal(t, errs.Invalid, errs.KindOf(w.InviteStaff(ctx, p[0], id, "Amina")), "nobody who cannot read it")
	require.ErrorIs(t, w.InviteStaff(ctx, p[1], id, "Marta"), ErrNotRunning)
	require.NoError(t, w.InviteStaff(ctx, p[0], id, "Marta"))
	require.NoError(t, w.InviteStaff(ctx, p[0], id, "Marta"))
	require.ErrorIs(t, say(esp), ErrNoWord)
	require.NoError(t, w.RaiseHand(ctx, esp, id))
	r = w.at(p[0], id)
	require.NoError(t, w.GiveWord(ctx, p[0], id, r.Hands[0].ID))
	require.NoError(t, say(esp))
	require.Len(t, r.Guests, 1)
	require.NoError(t, w.Uninvite(ctx, p[0], id, r.Guests[0].ID))
	require.NoError(t, w.Uninvite(ctx, p[0], id, r.Guests[0].ID))
	require.ErrorIs(t, say(esp), ErrNoWord)
	require.ErrorIs(t, w.RaiseHand(ctx, esp, id), ErrNotInvited)

	require.ErrorIs(t, w.EndRound(ctx, p[1], id), ErrNotRunning)
	require.ErrorIs(t, w.EndRound(ctx, esp, id), ErrNotRunning)
	require.NoError(t, w.EndRound(ctx, p[0], id))
	require.ErrorIs(t, say(p[0]), ErrNoWord)
	require.ErrorIs(t, w.RaiseHand(ctx, p[1], id), ErrNotNow)
	_, err = w.WriteMinutes(ctx, p[0], NewMinutes{Thread: id, Text: calm, CID: newCID()})
	require.NoError(t, err, "the minutes come after the end")
	assert.Equal(t, 3, w.count(`select count(*) from audit_entries where action in ('round.invite', 'round.uninvite', 'round.end')`))
}

// TestRound_papers: the agenda, ballots and minutes are posts of who runs it, read for risk; what was opened stays, what others go by is not reworded.
func TestRound_papers(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	p := w.people("Ginepro", "Glicine", "Timo", "Alloro")
	id := w.elected(p...)
	points := func() (list []string) {
		for _, v := range w.at(p[1], id).Points {
			list = append(list, v.Text+" "+string(v.State))
		}
		return list
	}
	next := func() PointID { return w.at(p[0], id).NextPoint().ID }
	first := next()
	require.ErrorIs(t, w.OpenPoint(ctx, p[1], id, first), ErrNotRunning)
	require.NoError(t, w.OpenPoint(ctx, p[0], id, first))
	require.ErrorIs(t, w.OpenPoint(ctx, p[0], id, first), ErrMeanwhile, "an old page opens nothing")
	require.NoError(t, w.OpenPoint(ctx, p[0], id, next()))
	assert.Equal(t, []string{"Orari closed", "Chi apre open", "Le feste to_come"}, points())
	_, err := w.SetAgenda(ctx, p[1], NewAgenda{Thread: id, Agenda: "Io", CID: newCID()})
	require.ErrorIs(t, err, ErrNotRunning)
	set, err := w.SetAgenda(ctx, p[0], NewAgenda{Thread: id, Agenda: "Il caffè ☕\nLe feste", CID: newCID()})
	require.NoError(t, err)
	assert.Equal(t, []string{"Orari closed", "Chi apre open", "Il caffè ☕ to_come", "Le feste to_come"}, points())
	require.NoError(t, w.ClosePoint(ctx, p[0], id, w.at(p[0], id).OpenPoint().ID))
	w.hide(set, "Nomina una persona.")
	assert.Equal(t, []string{"Orari closed", "Chi apre closed", "Le feste to_come"}, points(), "what is hidden counts no longer")
	_, err = w.EditPost(ctx, p[0], Edit{Post: w.mustBallot(id, p[0]).Post, Version: 1, Text: "Altro"})
	require.ErrorIs(t, err, ErrRoundStands)

	for _, bad := range []NewBallot{
		{}, {Question: "Sì?", Options: "Sì", Until: clock(1, "10:00")}, {Question: "Sì?", Options: "Sì\nSì", Until: clock(1, "10:00")}, {Question: "Sì?", Options: strings.Repeat("a\nb\n", 4), Until: clock(1, "10:00")},
		{Question: "Sì?", Options: "Sì\nNo", Until: clock(-1, "10:00")}, {Question: strings.Repeat("a", 1<<20), Options: strings.Repeat("b", 1<<20) + "\nNo", Until: "mai"},
	} {
		bad.Thread, bad.CID = id, newCID()
		_, err := w.StartBallot(ctx, p[0], bad)
		assert.Equal(t, errs.Invalid, errs.KindOf(err))
	}
	_, err = w.StartBallot(ctx, w.as(account.RoleESP), NewBallot{Thread: id, Question: "Sì?", Options: "Sì\nNo", Until: clock(1, "10:00"), CID: newCID()})
	require.ErrorIs(t, err, ErrNotRunning)
	r, err := w.StartBallot(ctx, p[0], NewBallot{Thread: id, Question: "E allora?", Options: "Sì\n" + crisis, Until: clock(1, "10:00"), CID: newCID()})
	require.NoError(t, err)
	assert.Equal(t, "crisis", r.Level.String(), "its answers are read too")
	_, err = w.DeletePost(ctx, p[0], r.Post)
	require.NoError(t, err)
	w.votes(id, 2, p[0], p[1], p[2])
	w.passes(id)
	b := w.at(p[1], id).Ballots
	require.Equal(t, "Apriamo la domenica?", b[0].Question, "what was deleted is taken back")
	assert.Equal(t, []Option{{Label: "Sì 👍"}, {Label: "No", Votes: 3}}, b[0].Options)

	m, err := w.WriteMinutes(ctx, p[0], NewMinutes{Thread: id, Text: "Si apre alle 9.", CID: newCID()})
	require.NoError(t, err)
	_, err = w.EditPost(ctx, p[0], Edit{Post: m.Post, Version: 1, Text: "Si apre alle 10."})
	require.NoError(t, err)
	_, versions, err := w.PostHistory(ctx, p[0], m.Post)
	require.NoError(t, err)
	assert.Len(t, versions, 2)
	require.Len(t, w.at(p[1], id).Minutes, 1)
	_, err = w.WriteMinutes(ctx, p[1], NewMinutes{Thread: id, Text: calm, CID: newCID()})
	require.ErrorIs(t, err, ErrNotRunning)
	again := NewMinutes{Thread: id, Text: worried, CID: newCID()}
	m, err = w.WriteMinutes(ctx, p[0], again)
	require.NoError(t, err)
	same, err := w.WriteMinutes(ctx, p[0], again)
	require.NoError(t, err)
	assert.Equal(t, m.Post, same.Post)

	// Who asks to be forgotten takes their words along, and no vote.
	assert.False(t, w.forget(p[0], true), "somebody answers for one of them")
	assert.Zero(t, w.count(`select count(*) from forum_round_points where point like 'Il caff%'`)+w.count(`select count(*) from forum_ballots where question <> ''`))
	assert.Equal(t, 3, w.count(`select votes from forum_ballot_options where position = 2 and votes is not null`))
}

// mustBallot asks a question at a table.
func (w *town) mustBallot(id ThreadID, a account.Actor) Receipt {
	w.t.Helper()
	r, err := w.StartBallot(w.t.Context(), a, NewBallot{Thread: id, Question: "Apriamo la domenica?", Options: "Sì 👍\nNo", Until: clock(1, "10:00"), CID: newCID()})
	require.NoError(w.t, err)
	return r
}

// TestRoundTravels: its posts, its agenda and which posts are minutes leave and come back, as of a table that has ended; no vote does.
func TestRoundTravels(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	p := w.people("Ginepro", "Glicine", "Timo")
	id := w.elected(p...)
	require.NoError(t, w.OpenPoint(ctx, p[0], id, w.at(p[0], id).NextPoint().ID))
	_, err := w.SetAgenda(ctx, p[0], NewAgenda{Thread: id, Agenda: "Il caffè ☕", CID: newCID()})
	require.NoError(t, err)
	_, err = w.WriteMinutes(ctx, p[0], NewMinutes{Thread: id, Text: calm, CID: newCID()})
	require.NoError(t, err)
	var first, second bytes.Buffer
	_, err = w.Export(ctx, account.System(w.a), &first)
	require.NoError(t, err)
	assert.Contains(t, first.String(), `"agenda":["Orari","Il caffè ☕"]`)
	assert.Equal(t, 1, strings.Count(first.String(), `"minutes":true`))
	assert.NotContains(t, first.String(), "vote")
	w.newAccount(w.b, account.RoleESP, "Marta")
	_, wrong, err := w.CheckImport(ctx, account.System(w.b), "a", strings.NewReader(first.String()))
	require.NoError(t, err)
	require.Empty(t, wrong)
	_, err = w.Import(ctx, account.System(w.b), "a", strings.NewReader(first.String()), func(string, string) error { return nil })
	require.NoError(t, err)
	_, err = w.Export(ctx, account.System(w.b), &second)
	require.NoError(t, err)
	assert.Equal(t, plainRecords(t, first.String()), plainRecords(t, second.String()))
	l, err := w.Threads(ctx, w.other, "members", Cursor{}, 5)
	require.NoError(t, err)
	r := w.at(w.other, l.Threads[0].ID)
	assert.Equal(t, PhaseEnded, r.Phase)
	assert.Len(t, r.Minutes, 1)
	require.NoError(t, w.KeepRounds(ctx))
	for _, bad := range []string{
		`"agenda":["Orari"]`, `"thread_kind":"round_table","agenda":[""]`, `"thread_kind":"round_table","agenda":["` + strings.Repeat("a", MaxPoint+1) + `"]`,
	} {
		line := moving + `{"kind":"thread","id":"t9","category":"c1","author":"u1","title":"Tavola","text":"Venite.","at":"2019-05-01T10:00:00Z",` + bad + "}\n"
		_, wrong, err := w.CheckImport(ctx, account.System(w.a), "altrove", strings.NewReader(line))
		require.NoError(t, err)
		assert.NotEmpty(t, wrong, bad)
	}
	line := moving + `{"kind":"post","id":"p9","thread":"t1","author":"u1","text":"Verbale.","at":"2019-05-01T10:00:00Z","minutes":true}` + "\n"
	_, wrong, err = w.CheckImport(ctx, account.System(w.a), "altrove", strings.NewReader(line))
	require.NoError(t, err)
	assert.NotEmpty(t, wrong)
}

// mutes has somebody not write for a time.
func (w *town) mutes(who account.Actor) {
	w.t.Helper()
	ctx, tutor := w.t.Context(), w.as(account.RoleTutor)
	r := w.open(who, "members", "Un titolo", "Un insulto.")
	require.NoError(w.t, w.moderation.FileReport(ctx, w.as(account.RoleFamily), moderation.Report{Subject: subject(r.Post), Reason: moderation.ReasonHarassment}))
	queue, err := w.moderation.Queue(ctx, tutor)
	require.NoError(w.t, err)
	require.NoError(w.t, w.moderation.Claim(ctx, tutor, queue[0].ID))
	require.NoError(w.t, w.moderation.Decide(ctx, tutor, queue[0].ID, moderation.Decision{Kind: moderation.DecideNone, Sanction: moderation.SanctionMute, Reason: "Insulta."}))
}

// TestRound_muted: who may not write for a time neither votes nor asks for the word; what sounds like danger is read all the same, and counts for nothing.
func TestRound_muted(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	p := w.people("Ginepro", "Glicine", "Timo")
	id := w.elected(p...)
	b := w.mustBallot(id, p[0])
	w.mutes(p[1])
	ballot := w.at(p[0], id).Ballots[0].ID
	_, err := w.Vote(ctx, p[1], ballot, 1)
	require.Equal(t, errs.Invalid, errs.KindOf(err))
	require.Equal(t, errs.Invalid, errs.KindOf(w.RaiseHand(ctx, p[1], id)))
	require.NoError(t, w.GiveBack(ctx, p[0], id))
	_, err = w.Stand(ctx, p[1], Candidacy{Thread: id, Text: calm, CID: newCID()})
	require.Equal(t, errs.Invalid, errs.KindOf(err))
	r, err := w.Stand(ctx, p[1], Candidacy{Thread: id, Text: crisis, CID: newCID()})
	require.NoError(t, err)
	assert.True(t, r.Held)
	_, err = w.PublishHeld(ctx, w.as(account.RoleESP), r.Post)
	require.NoError(t, err)
	assert.Empty(t, w.at(p[0], id).Candidates)
	w.hide(b, "Nomina una persona.")
	_, err = w.Vote(ctx, p[2], ballot, 1)
	require.ErrorIs(t, err, account.ErrNotFound, "a question that is hidden takes no votes")
}
