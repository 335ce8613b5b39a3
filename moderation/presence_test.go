package moderation_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/moderation"
	"ponti/moderation/triage"
	"ponti/roster"
)

// hearing is a worker's clock that runs so fast that silence counts after some looks.
func hearing() func() time.Time {
	var looks atomic.Int64
	return func() time.Time { return time.Unix(4*looks.Add(1), 0) }
}

// took tells whether somebody's routes ended within the time that a change of shift may take (R10).
func (w *world) took(id moderation.EscalationID, who account.Actor) bool {
	w.t.Helper()
	return scalar[bool](w, `select r.until - d.ended_at < interval '5 seconds' from moderation_routes r, roster_duties d
		where r.escalation_id = '`+id.String()+`' and r.account_id = '`+who.ID.String()+`' and d.account_id = r.account_id order by r.id desc, d.started_at desc limit 1`)
}

// TestOwnerWhoLeaves: what somebody has goes back to those who are there as soon as they are not, and they may read it no more.
func TestOwnerWhoLeaves(t *testing.T) {
	o := slow()
	o.Now = hearing()
	w := newWorld(t, o)
	ctx := t.Context()
	anna := w.newTutor("Anna")
	marta, person := w.newESP("Marta", anna), w.newActor(account.RoleGuest, "Mare")
	w.Start(ctx)
	defer w.Stop()
	raise := func(level triage.Level, by account.Actor) moderation.EscalationID {
		id := w.raise(w.flagged(newRoom(), 1, level, person, marta)).ID
		w.until("asked", func() bool { return w.Acknowledge(ctx, by, id) == nil })
		return id
	}
	home := map[triage.Level]moderation.EscalationID{triage.Red: raise(triage.Red, anna), triage.Crisis: raise(triage.Crisis, anna)}
	bruno := w.newTutor("Bruno")
	require.NoError(t, w.roster.GoOff(ctx, anna))
	for level, id := range home {
		w.until(level.String()+" goes to who is there", func() bool { return len(w.routed(id)) == 1 && w.routed(id)[0] == bruno.ID })
		assert.Equal(t, "offered", w.state(id))
		assert.True(t, w.took(id, anna), level)
		_, err := w.ShowEscalation(ctx, anna, id)
		assert.Equal(t, errs.NotFound, errs.KindOf(err), level)
		assert.Equal(t, errs.NotFound, errs.KindOf(w.CloseEscalation(ctx, anna, id, moderation.Closing{Outcome: moderation.OutcomeTalked, Note: "nota"})), level)
		require.NoError(t, w.Acknowledge(ctx, bruno, id))
	}
	amber := raise(triage.Amber, marta)
	carla := w.newTutor("Carla")
	w.silence(marta)
	w.silence(bruno)
	for level, id := range home {
		w.until("one who was not heard of for a minute has no "+level.String(), func() bool { return len(w.routed(id)) == 1 && w.routed(id)[0] == carla.ID })
	}
	assert.Equal(t, "acknowledged", w.state(amber), "amber waits for the end of the shift")
	require.NoError(t, w.roster.GoOff(ctx, marta))
	w.until("and not longer", func() bool { return len(w.routed(amber)) == 1 && w.routed(amber)[0] == carla.ID })
	w.checked()
}

// TestSilenceAfterAGap: nobody loses what they have because Ponti itself was away and heard nobody.
func TestSilenceAfterAGap(t *testing.T) {
	o := slow()
	start := time.Now()
	o.Now = func() time.Time { return start }
	w := newWorld(t, o)
	anna, person := w.newTutor("Anna"), w.newActor(account.RoleGuest, "Mare")
	w.Start(t.Context())
	id := w.raise(w.flagged(newRoom(), 1, triage.Crisis, person, account.Actor{})).ID
	w.until("taken", func() bool { return w.Acknowledge(t.Context(), anna, id) == nil })
	w.silence(anna)
	w.newTutor("Bruno")
	other := w.raise(w.flagged(newRoom(), 1, triage.Crisis, person, account.Actor{})).ID
	w.until("the worker has looked since", func() bool { return len(w.routed(other)) == 1 })
	assert.Equal(t, "acknowledged", w.state(id))
	w.Stop()
	w.options.Now = hearing()
	next := w.newInstance(w.pool)
	next.Start(t.Context())
	defer next.Stop()
	w.until("after a minute of listening silence counts", func() bool { return w.state(id) == "offered" })
}

// TestAskedAndGone: whoever was asked and went home reads it no more, and the next is asked at once.
func TestAskedAndGone(t *testing.T) {
	w := newWorld(t, slow())
	ctx := t.Context()
	anna, person := w.newTutor("Anna"), w.newActor(account.RoleGuest, "Mare")
	w.Start(ctx)
	defer w.Stop()
	room := newRoom()
	id := w.raise(w.flagged(room, 1, triage.Red, person, account.Actor{})).ID
	w.until("Anna is asked", func() bool { return len(w.routed(id)) == 1 })
	bruno := w.newTutor("Bruno")
	require.NoError(t, w.roster.GoOff(ctx, anna))
	w.until("Bruno is asked, before Anna's time is over", func() bool { return len(w.routed(id)) == 1 && w.routed(id)[0] == bruno.ID })
	assert.True(t, w.took(id, anna))
	_, err := w.ShowEscalation(ctx, anna, id)
	assert.Equal(t, errs.NotFound, errs.KindOf(err))
	routed, err := w.Routed(ctx, w.pool, moderation.Subject{Kind: moderation.SubjectRoom, ID: room}, anna.ID)
	require.NoError(t, err)
	assert.False(t, routed, "the conversation neither")
	console, err := w.Console(ctx, anna)
	require.NoError(t, err)
	assert.Empty(t, console.Waiting)
	require.Len(t, console.Told, 1, "but she knows that it waits")
}

// TestToldAtNight: a tutor who is called with nobody on shift sees that an alert waits and since when, and has it by coming on shift.
func TestToldAtNight(t *testing.T) {
	w := newWorld(t, slow())
	ctx := t.Context()
	p := newPager(t, nil)
	w.setWebhook(p.URL)
	anna, bruno, esp := w.newActor(account.RoleTutor, "Anna"), w.newActor(account.RoleTutor, "Bruno"), w.newActor(account.RoleESP, "Marta")
	person := w.newActor(account.RoleMember, "Mare")
	w.Start(ctx)
	id := w.raise(w.flagged(newRoom(), 1, triage.Crisis, person, account.Actor{})).ID
	w.until("the outside channel is told", func() bool { return len(p.all()) == 1 })
	w.Stop() // nothing below needs the worker

	console, err := w.Console(ctx, anna)
	require.NoError(t, err)
	assert.Empty(t, console.Waiting)
	require.Len(t, console.Told, 1)
	told, err := w.Told(ctx, anna, id)
	require.NoError(t, err)
	assert.Equal(t, console.Told[0].ID, told.ID)
	assert.Equal(t, triage.Crisis, told.Level)
	assert.False(t, told.RaisedAt.IsZero())
	assert.Zero(t, told.Person+told.Subject.ID+string(told.Category), "nothing of what it is about")
	_, err = w.ShowEscalation(ctx, anna, id)
	require.Equal(t, errs.NotFound, errs.KindOf(err))
	for name, who := range map[string]account.Actor{"an ESP": esp, "the person": person, "a tutor of another service": w.newActorOf(w.newService("other.example"), account.RoleTutor, "Altrove")} {
		_, err := w.Told(ctx, who, id)
		assert.Equal(t, errs.NotFound, errs.KindOf(err), name)
		assert.Equal(t, errs.NotFound, errs.KindOf(w.Answer(ctx, who, id)), name)
	}
	require.ErrorIs(t, w.Answer(ctx, anna, id), roster.ErrNotOn)
	require.NoError(t, w.roster.GoOn(ctx, anna))
	require.NoError(t, w.Answer(ctx, anna, id))
	require.NoError(t, w.Answer(ctx, anna, id), "again is no mistake")
	assert.Equal(t, 1, w.kinds(id, "arrived"))
	shown, err := w.ShowEscalation(ctx, anna, id)
	require.NoError(t, err)
	assert.NotNil(t, shown.Causes[0].Excerpt)
	require.NoError(t, w.Acknowledge(ctx, anna, id))

	told, err = w.Told(ctx, bruno, id)
	require.NoError(t, err)
	assert.Equal(t, "Anna", told.Owner, "who comes later sees that somebody has it")
	require.NoError(t, w.roster.GoOn(ctx, bruno))
	require.NoError(t, w.Answer(ctx, bruno, id))
	assert.Equal(t, []account.ID{anna.ID}, w.routed(id))
	require.NoError(t, w.CloseEscalation(ctx, anna, id, moderation.Closing{Outcome: moderation.OutcomeTalked, Note: "Sta meglio."}))
	told, err = w.Told(ctx, bruno, id)
	require.NoError(t, err)
	assert.Equal(t, moderation.StateClosed, told.State)
}

// TestAnotherCategory: another thing at the same level is told again to who has it, and has its own time.
func TestAnotherCategory(t *testing.T) {
	w := newWorld(t, slow())
	ctx := t.Context()
	anna, person := w.newTutor("Anna"), w.newActor(account.RoleGuest, "Mare")
	w.Start(ctx)
	defer w.Stop()
	room, seq := newRoom(), 0
	raise := func(level triage.Level, c triage.Category) moderation.EscalationID {
		seq++
		r := w.flagged(room, seq, level, person, account.Actor{})
		r.Category = c
		return w.raise(r).ID
	}
	others := func() []moderation.Another {
		c, err := w.Console(ctx, anna)
		require.NoError(t, err)
		require.Len(t, c.Mine, 1)
		return c.Mine[0].Others
	}
	told := func(id moderation.EscalationID) int {
		return scalar[int](w, `select count(*) from moderation_notifications where escalation_id = $1 and account_id = $2`, id, anna.ID)
	}
	id := raise(triage.Red, triage.CategorySuicide)
	w.until("taken", func() bool { return w.Acknowledge(ctx, anna, id) == nil })
	before := told(id)
	raise(triage.Red, triage.CategorySuicide)
	raise(triage.Red, triage.CategoryNone)
	raise(triage.Amber, triage.CategoryConcernOther)
	assert.Equal(t, before, told(id), "what is known already, or is less, only joins")
	assert.Zero(t, w.kinds(id, "widened"))

	w.exec(`update moderation_escalations set due_at = now() + interval '1 minute', acted_at = now() where id = $1`, id)
	raise(triage.Red, triage.CategoryAbuseVictim)
	assert.Equal(t, 1, w.kinds(id, "widened"))
	assert.Equal(t, before+1, told(id), "the owner is told again")
	assert.Equal(t, "acknowledged", w.state(id))
	assert.True(t, scalar[bool](w, `select due_at > now() + interval '14 minutes' from moderation_escalations where id = $1`, id), "with the time of its level")
	assert.Equal(t, []moderation.Another{{Category: triage.CategoryConcernOther}, {Category: triage.CategoryAbuseVictim, New: true}}, others())
	raise(triage.Red, triage.CategoryAbuseVictim)
	assert.Equal(t, 1, w.kinds(id, "widened"), "once")
	require.NoError(t, w.Acted(ctx, w.pool, moderation.Subject{Kind: moderation.SubjectRoom, ID: room}, anna.ID))
	assert.False(t, others()[1].New)
	w.checked()
}
