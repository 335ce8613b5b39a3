package chat_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/chat"
	"ponti/internal/errs"
	"ponti/moderation/triage"
)

// TestStepOut: an ESP who cannot go on is let go; their person comes first and is met by somebody else, and the ESP reads them no more.
func TestStepOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	w.post(person, room, "Ciao.")
	waits := w.someone(account.RoleGuest)
	w.enter(waits, "Aspetto da prima.")
	w.exec(`update chat_places set created_at = created_at - interval '5 min' where state <> 'in_session'`)
	for _, a := range []account.Actor{person, w.tutor, w.someone(account.RoleAdmin), w.onCall(account.RoleESP), account.Visitor(w.service)} {
		assert.Contains(t, []errs.Kind{errs.NotFound, errs.Forbidden, errs.Unauthenticated}, errs.KindOf(w.chat.StepOut(w.ctx, a, room, "")), a.Role)
	}
	require.Equal(t, "open", w.state(room))
	require.NoError(t, w.chat.StepOut(w.ctx, esp, room, ""))
	assert.Equal(t, "ended", w.state(room))
	assert.True(t, w.pausing(esp), "they are asked for nobody before they say so")
	assert.ErrorIs(t, w.chat.StepOut(w.ctx, esp, room, ""), chat.ErrNotFound, "it is not theirs any more")
	_, err := w.chat.Room(w.ctx, esp, room)
	assert.Equal(t, errs.NotFound, errs.KindOf(err))
	rooms, err := w.chat.RoomsOf(w.ctx, esp)
	require.NoError(t, err)
	assert.Empty(t, rooms)
	members, _, err := w.chat.Members(w.ctx, room)
	require.NoError(t, err)
	assert.Equal(t, []account.ID{person.ID}, members)

	v, err := w.chat.Room(w.ctx, person, room)
	require.NoError(t, err)
	assert.True(t, v.SteppedOut)
	list := w.said(person, room)
	assert.Equal(t, chat.SteppedOut, list[len(list)-1].Kind)
	assert.True(t, w.place(person).Again)
	require.NoError(t, w.chat.Ready(w.ctx, esp))
	w.chat.Match(w.ctx, w.service)
	w.holds()
}

// TestStepOut_alarm: who answers for a danger finds the person in their new place, and where a tutor is there already the conversation goes on with them.
func TestStepOut_alarm(t *testing.T) {
	t.Parallel()
	t.Run("nobody there", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		person, esp, room := w.talking()
		require.NoError(t, w.chat.AskForMoreHelp(w.ctx, person, room))
		require.NoError(t, w.chat.StepOut(w.ctx, esp, room, ""))
		assert.Equal(t, 1, w.count(`select count(*) from chat_places where again and level = 2 and escalation_id is not null`))
		w.holds()
	})
	t.Run("a tutor there", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		person, esp, room := w.talking()
		require.NoError(t, w.chat.AskForMoreHelp(w.ctx, person, room))
		w.route(room, w.tutor)
		require.NoError(t, w.chat.JoinVisibly(w.ctx, w.tutor, room, "Sono Tommaso."))
		require.NoError(t, w.chat.StepOut(w.ctx, esp, room, ""))
		assert.Equal(t, "open", w.state(room))
		w.post(person, room, "Grazie di essere qui.")
		_, err := w.chat.Room(w.ctx, esp, room)
		assert.Equal(t, errs.NotFound, errs.KindOf(err))
		require.NoError(t, w.chat.EndConversation(w.ctx, person, room))
		_, err = w.chat.Room(w.ctx, esp, room)
		assert.Equal(t, errs.NotFound, errs.KindOf(err), "nor after the end: they had left")
		w.holds()
	})
}

// TestStepOut_race: both sides end it at the same moment as the ESP steps out, ten times over: one thing happens.
func TestStepOut_race(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() { _ = w.chat.StepOut(w.ctx, esp, room, "") })
		all.Go(func() { _ = w.chat.EndConversation(w.ctx, person, room) })
	}
	all.Wait()
	assert.Equal(t, "ended", w.state(room))
	assert.Equal(t, 1, w.count(`select count(*) from chat_messages where kind in ('ended', 'stepped_out')`))
	w.holds()
}

// TestEndAndBlock: who treats an ESP badly cannot come back for a day; never in danger, and a tutor may take it back.
func TestEndAndBlock(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	block := func(a account.Actor, reason chat.BlockReason) error {
		return w.chat.EndAndBlock(w.ctx, a, room, reason)
	}
	assert.Equal(t, errs.Invalid, errs.KindOf(block(esp, "perché sì")))
	for _, a := range []account.Actor{person, w.tutor, w.someone(account.RoleAdmin), w.onCall(account.RoleESP), account.Visitor(w.service)} {
		assert.Contains(t, []errs.Kind{errs.NotFound, errs.Forbidden, errs.Unauthenticated}, errs.KindOf(block(a, chat.BlockInsult)), a.Role)
	}
	require.NoError(t, w.chat.AskForMoreHelp(w.ctx, person, room))
	assert.ErrorIs(t, block(esp, chat.BlockInsult), chat.ErrBlockInDanger)
	w.route(room, w.tutor)
	w.close(w.tutor)
	require.NoError(t, block(esp, chat.BlockInsult))
	assert.Equal(t, "ended", w.state(room))
	_, err := w.chat.EnterWaiting(w.ctx, person, chat.Entry{})
	require.ErrorIs(t, err, chat.ErrBlocked)
	until, err := w.chat.BlockedUntil(w.ctx, person)
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now().Add(24*time.Hour), until, 20*time.Second)

	_, err = w.chat.Blocks(w.ctx, esp)
	assert.Equal(t, errs.Forbidden, errs.KindOf(err))
	list, err := w.chat.Blocks(w.ctx, w.tutor)
	require.NoError(t, err)
	require.Len(t, list, 1)
	assert.Equal(t, person.Alias, list[0].Alias)
	other := w.someoneOf(w.newService("other.example"), account.RoleTutor)
	foreign, err := w.chat.Blocks(w.ctx, other)
	require.NoError(t, err)
	assert.Empty(t, foreign)
	require.NoError(t, w.chat.Unblock(w.ctx, other, person.ID))
	assert.Equal(t, errs.Forbidden, errs.KindOf(w.chat.Unblock(w.ctx, esp, person.ID)))
	_, err = w.chat.EnterWaiting(w.ctx, person, chat.Entry{})
	require.ErrorIs(t, err, chat.ErrBlocked)
	require.NoError(t, w.chat.Unblock(w.ctx, w.tutor, person.ID))
	require.NoError(t, w.chat.Unblock(w.ctx, w.tutor, person.ID), "again")
	w.enter(person, "Torno.")
	assert.Equal(t, 1, w.count(`select count(*) from audit_entries where action = 'conversation.unblock'`))
	w.holds()
}

// TestBlockIsOver: a day later it means nothing, and is gone.
func TestBlockIsOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	require.Equal(t, triage.None, w.post(person, room, "Ciao.").Level)
	require.NoError(t, w.chat.EndAndBlock(w.ctx, esp, room, chat.BlockOther))
	w.exec(`update chat_blocks set until = now() - interval '1 s'`)
	w.enter(person, "Torno.")
	w.erase()
	assert.Zero(t, w.count(`select count(*) from chat_blocks`))
	w.holds()
}
