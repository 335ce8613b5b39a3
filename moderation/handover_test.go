package moderation_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/moderation"
	"ponti/moderation/triage"
)

// owned is an escalation that a tutor has taken.
func (w *world) owned(by account.Actor, level triage.Level) moderation.EscalationID {
	w.t.Helper()
	id := w.raise(w.flagged("stanza", 1, level, w.newActor(account.RoleMember, "Mare"), account.Actor{})).ID
	w.Start(w.t.Context())
	w.t.Cleanup(w.Stop)
	w.until("it is offered", func() bool { return w.Acknowledge(w.t.Context(), by, id) == nil })
	return id
}

func (w *world) owner(id moderation.EscalationID) account.ID {
	w.t.Helper()
	return scalar[account.ID](w, `select owner_id from moderation_escalations where id = '`+id.String()+`'`)
}

// TestHandOver: who has it asks another, keeps it until the other takes it, and then sees it no more.
func TestHandOver(t *testing.T) {
	w := newWorld(t, moderation.Options{})
	ctx := t.Context()
	first, second := w.newTutor("Anna"), w.newTutor("Bruno")
	id := w.owned(first, triage.Red)
	require.Equal(t, errs.NotFound, errs.KindOf(w.TakeOver(ctx, second, id)), "nobody takes what they were not asked to")
	for name, to := range map[string]account.ID{"themselves": first.ID, "nobody": {}, "an ESP": w.newESP("Emma", first).ID,
		"a tutor who is not on call": w.newActor(account.RoleTutor, "Assente").ID} {
		assert.Equal(t, errs.Invalid, errs.KindOf(w.HandOver(ctx, first, id, to)), name)
	}
	require.NoError(t, w.HandOver(ctx, first, id, second.ID))
	require.NoError(t, w.HandOver(ctx, first, id, second.ID), "asking again is no error")
	assert.Equal(t, first.ID, w.owner(id), "until then it stays")
	console, err := w.Console(ctx, second)
	require.NoError(t, err)
	require.Len(t, console.Handed, 1)
	assert.Equal(t, "Anna", console.Handed[0].Owner)
	shown, err := w.ShowEscalation(ctx, second, id)
	require.NoError(t, err)
	assert.NotNil(t, shown.Excerpt, "they may read what they are asked to take")
	require.ErrorIs(t, w.CloseEscalation(ctx, second, id, moderation.Closing{Outcome: moderation.OutcomeNoRisk, Note: "Va bene."}), moderation.ErrNotOwner)
	require.ErrorIs(t, w.HandOver(ctx, second, id, first.ID), moderation.ErrNotOwner)

	require.NoError(t, w.TakeOver(ctx, second, id))
	require.NoError(t, w.TakeOver(ctx, second, id))
	assert.Equal(t, second.ID, w.owner(id))
	assert.Equal(t, []account.ID{second.ID}, w.routed(id))
	_, err = w.ShowEscalation(ctx, first, id)
	assert.Equal(t, errs.NotFound, errs.KindOf(err))
	assert.Equal(t, errs.NotFound, errs.KindOf(w.CloseEscalation(ctx, first, id, moderation.Closing{Outcome: moderation.OutcomeNoRisk, Note: "Va bene."})))
	require.NoError(t, w.CloseEscalation(ctx, second, id, moderation.Closing{Outcome: moderation.OutcomeNoRisk, Note: "Va bene."}))
	assert.Error(t, w.HandOver(ctx, second, id, first.ID))
	assert.Error(t, w.TakeOver(ctx, second, id))
	broken, err := moderation.Check(ctx, w.pool)
	require.NoError(t, err)
	for _, v := range broken {
		assert.NotContains(t, []string{"history", "ownerless", "overdue"}, v.Rule)
	}
}

// TestHandOver_atOnce: two tutors who were both asked, ten times each: one owner; and it goes on when neither comes.
func TestHandOver_atOnce(t *testing.T) {
	w := newWorld(t, moderation.Options{})
	ctx := t.Context()
	first, second, third := w.newTutor("Anna"), w.newTutor("Bruno"), w.newTutor("Carla")
	id := w.owned(first, triage.Crisis)
	require.NoError(t, w.HandOver(ctx, first, id, second.ID))
	require.NoError(t, w.HandOver(ctx, first, id, third.ID))
	var won atomic.Int64
	var all sync.WaitGroup
	for i := range 10 {
		who := []account.Actor{second, third}[i%2]
		all.Go(func() {
			if w.TakeOver(ctx, who, id) == nil {
				won.Add(1)
			}
		})
	}
	all.Wait()
	owner := w.owner(id)
	assert.Contains(t, []account.ID{second.ID, third.ID}, owner)
	assert.GreaterOrEqual(t, won.Load(), int64(1))
	assert.Equal(t, []account.ID{owner}, w.routed(id))
	assert.Equal(t, 1, scalar[int](w, `select count(*) from moderation_steps where kind = 'taken_over'`), "once")
}

// TestHandOver_noAnswer: who was asked and does not come holds nothing up: the owner's own clock runs, and then everybody is asked.
func TestHandOver_noAnswer(t *testing.T) {
	w := newWorld(t, moderation.Options{})
	ctx := t.Context()
	first, second := w.newTutor("Anna"), w.newTutor("Bruno")
	id := w.owned(first, triage.Red)
	require.NoError(t, w.HandOver(ctx, first, id, second.ID))
	w.exec(`update moderation_escalations set due_at = now() - interval '1 s'`)
	w.until("it is offered again", func() bool { return w.state(id) == "offered" })
	taker := first
	if w.routed(id)[0] == second.ID {
		taker = second
	}
	require.NoError(t, w.TakeOver(ctx, taker, id), "then it is anybody's who is asked")
	assert.Equal(t, taker.ID, w.owner(id))
}

// TestHandOver_whileCausesCome: in a conversation in which one alarming message follows the other, neither asking nor taking is refused for it.
func TestHandOver_whileCausesCome(t *testing.T) {
	w := newWorld(t, moderation.Options{})
	ctx := t.Context()
	first, second := w.newTutor("Anna"), w.newTutor("Bruno")
	id := w.owned(first, triage.Red)
	person := w.newActor(account.RoleMember, "Nuvola")
	quit := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		for seq := 2; ; seq++ {
			select {
			case <-quit:
				return
			default:
				w.raise(w.flagged("stanza", seq, triage.Red, person, account.Actor{}))
			}
		}
	})
	for i := range 20 {
		from, to := first, second
		if i%2 == 1 {
			from, to = second, first
		}
		assert.NoError(t, w.HandOver(ctx, from, id, to.ID), i)
		assert.NoError(t, w.TakeOver(ctx, to, id), i)
	}
	close(quit)
	all.Wait()
	assert.Equal(t, first.ID, w.owner(id))
}
