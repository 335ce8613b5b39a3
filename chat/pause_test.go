package chat_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/chat"
	"ponti/moderation/triage"
)

func (w *world) pausing(esp account.Actor) bool {
	w.Helper()
	d, err := w.chat.Desk(w.ctx, esp)
	require.NoError(w, err)
	return d.PausedSince != nil
}

// TestPauseAfterCrisis: an ESP who has just held a life is offered nobody until they are ready, however the conversation ended.
func TestPauseAfterCrisis(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(w *world, person, esp account.Actor, room chat.RoomID){
		"the person ends it": func(w *world, person, _ account.Actor, room chat.RoomID) {
			require.NoError(w, w.chat.EndConversation(w.ctx, person, room))
		},
		"the ESP ends it": func(w *world, _, esp account.Actor, room chat.RoomID) {
			require.NoError(w, w.chat.EndConversation(w.ctx, esp, room))
		},
		"closed, and time is up": func(w *world, _, _ account.Actor, room chat.RoomID) {
			w.route(room, w.tutor)
			w.close(w.tutor)
			w.left(room, -1)
			w.chat.Work(w.ctx)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			person, esp, room := w.talking()
			require.Equal(t, triage.Crisis, w.post(person, room, "Stanotte mi ammazzo, ho già preparato tutto.").Level)
			assert.False(t, w.pausing(esp), "they are there now")
			end(w, person, esp, room)
			require.Equal(t, "ended", w.state(room))
			assert.True(t, w.pausing(esp))
			w.enter(w.someone(account.RoleMember), "tocca a me")
			w.chat.Work(w.ctx)
			d, err := w.chat.Desk(w.ctx, esp)
			require.NoError(t, err)
			assert.Nil(t, d.Offer)
			require.NoError(t, w.chat.Ready(w.ctx, esp))
			require.NoError(t, w.chat.Ready(w.ctx, esp), "twice is no error")
			assert.False(t, w.pausing(esp))
			assert.NotNil(t, w.offer(esp), "who waits is met at once")
			w.holds()
		})
	}
	t.Run("an ordinary conversation needs no pause", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		person, esp, room := w.talking()
		w.post(person, room, "grazie, va meglio")
		require.NoError(t, w.chat.EndConversation(w.ctx, person, room))
		assert.False(t, w.pausing(esp))
	})
}

// TestRelease: a tutor of the service may end it, nobody else may, and it stays written who did.
func TestRelease(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	w.post(person, room, "Stanotte mi ammazzo, ho già preparato tutto.")
	require.NoError(t, w.chat.EndConversation(w.ctx, person, room))
	other := w.newService("altrove.test")
	for _, a := range []account.Actor{
		person, esp, w.onCall(account.RoleESP), w.someone(account.RoleAdmin), w.someone(account.RoleAuditor), account.Visitor(w.service),
	} {
		assert.ErrorIs(t, w.chat.Release(w.ctx, a, esp.ID), account.ErrForbidden, a.Role)
		_, err := w.chat.Pauses(w.ctx, a)
		assert.ErrorIs(t, err, account.ErrForbidden, a.Role)
	}
	stranger := w.someoneOf(other, account.RoleTutor)
	require.NoError(t, w.chat.Release(w.ctx, stranger, esp.ID))
	assert.True(t, w.pausing(esp), "a tutor of another service releases nobody here")
	pauses, err := w.chat.Pauses(w.ctx, stranger)
	require.NoError(t, err)
	assert.Empty(t, pauses)
	pauses, err = w.chat.Pauses(w.ctx, w.tutor)
	require.NoError(t, err)
	assert.Contains(t, pauses, esp.ID)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() { assert.NoError(t, w.chat.Release(w.ctx, w.tutor, esp.ID)) })
	}
	all.Wait()
	assert.False(t, w.pausing(esp))
	assert.Equal(t, 1, w.count(`select count(*) from audit_entries where action = 'pause.release'`))
	assert.ErrorIs(t, w.chat.Ready(w.ctx, person), account.ErrForbidden)
}
