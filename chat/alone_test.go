package chat_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/chat"
	"ponti/internal/bus"
	"ponti/moderation"
	"ponti/moderation/triage"
)

// waits has all who wait have been there for so long.
func (w *world) waits(d time.Duration) {
	w.Helper()
	w.exec(`update chat_rooms set created_at = now() - $1::interval where state = 'waiting'`, d)
}

func (w *world) calls() int {
	w.Helper()
	return w.count(`select count(*) from moderation_causes where kind = $1`, moderation.CauseAlone)
}

// TestLeftAlone: who was left in mid-conversation and is taken on by nobody within a minute has tutors called, once; they come and meet them.
func TestLeftAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	require.NoError(t, w.chat.StepOut(w.ctx, esp, room, ""))
	other := w.someone(account.RoleGuest)
	w.enter(other, "Aspetto e basta.")
	w.waits(59 * time.Second)
	w.chat.Work(w.ctx)
	require.Zero(t, w.calls(), "not yet")
	require.False(t, w.place(person).Called)
	w.waits(71 * time.Second)
	broken, err := chat.Check(w.ctx, w.pool)
	require.NoError(t, err)
	require.Equal(t, []string{"left_alone: 1"}, broken, "an auditor sees who was not called for")
	before := len(w.hints.on(bus.Account(person.ID.String())))
	w.chat.Work(w.ctx)
	w.chat.Work(w.ctx)
	require.Equal(t, 1, w.calls(), "once, and for nobody who only waits")
	p := w.place(person)
	assert.True(t, p.Called)
	assert.Equal(t, chat.PlaceWaiting, p.State)
	assert.Equal(t, triage.Red, p.Level)
	assert.False(t, w.place(other).Called)
	assert.Greater(t, len(w.hints.on(bus.Account(person.ID.String()))), before, "their page is told")
	w.holds()

	w.route(p.Room, w.tutor)
	require.NoError(t, w.chat.JoinVisibly(w.ctx, w.tutor, p.Room, "Sono qui."))
	assert.Equal(t, chat.PlaceInSession, w.place(person).State)
	w.holds()
}

// TestLeftAlone_notCalledTwice: a danger that went with them has a tutor already, and who is met or leaves in time needs none.
func TestLeftAlone_notCalledTwice(t *testing.T) {
	t.Parallel()
	t.Run("danger", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		person, esp, room := w.talking()
		require.NoError(t, w.chat.AskForMoreHelp(w.ctx, person, room))
		require.NoError(t, w.chat.StepOut(w.ctx, esp, room, ""))
		w.waits(2 * time.Minute)
		w.chat.Work(w.ctx)
		assert.Zero(t, w.calls())
		assert.True(t, w.place(person).Called, "and that is what they read")
		w.holds()
	})
	t.Run("met", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		person, esp, room := w.talking()
		require.NoError(t, w.chat.StepOut(w.ctx, esp, room, ""))
		next := w.onCall(account.RoleESP)
		w.chat.Match(w.ctx, w.service)
		w.accept(next)
		w.exec(`update chat_rooms set created_at = now() - interval '2 min'`)
		w.chat.Work(w.ctx)
		assert.Zero(t, w.calls())
		assert.Equal(t, chat.PlaceInSession, w.place(person).State)
	})
	t.Run("left", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		person, esp, room := w.talking()
		require.NoError(t, w.chat.StepOut(w.ctx, esp, room, ""))
		w.waits(59 * time.Second)
		require.NoError(t, w.chat.LeaveWaiting(w.ctx, person))
		w.exec(`update chat_rooms set created_at = now() - interval '2 min'`)
		w.chat.Work(w.ctx)
		assert.Zero(t, w.calls())
	})
}
