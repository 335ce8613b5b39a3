package chat_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/chat"
	"ponti/internal/errs"
)

// TestGive: what an ESP gives stays with the person when the conversation is gone, and goes when they want it or are forgotten; nobody else ever reads it.
func TestGive(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	esp, person := w.onCall(account.RoleESP), w.someone(account.RoleMember)
	w.enter(person, "")
	place := w.place(person)
	assert.Equal(t, errs.NotFound, errs.KindOf(w.chat.Give(w.ctx, esp, place.Room, "riva")), "nobody is met yet")
	room := w.accept(esp)
	other := w.onCall(account.RoleESP)
	pages := func(list []chat.Given, err error) (names []string) {
		t.Helper()
		require.NoError(t, err)
		for _, g := range list {
			names = append(names, g.Page)
			assert.NotEmpty(t, g.By.Alias)
		}
		return names
	}
	mine := func() []string { return pages(w.chat.Given(w.ctx, person)) }

	for name, actor := range map[string]account.Actor{"the person": person, "another ESP": other, "a tutor who did not join": w.tutor, "another member": w.someone(account.RoleMember)} {
		assert.Equal(t, errs.NotFound, errs.KindOf(w.chat.Give(w.ctx, actor, room, "riva")), name)
		_, err := w.chat.GivenIn(w.ctx, actor, room)
		assert.Equal(t, errs.NotFound, errs.KindOf(err), name)
	}
	require.NoError(t, w.chat.Give(w.ctx, esp, room, "riva"))
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() { assert.NoError(t, w.chat.Give(w.ctx, esp, room, "passi")) })
	}
	all.Wait()
	assert.Equal(t, []string{"passi", "riva"}, mine(), "given by eight at once, it is there once")
	assert.Equal(t, []string{"passi", "riva"}, pages(w.chat.GivenIn(w.ctx, esp, room)))
	view, err := w.chat.Room(w.ctx, person, room)
	require.NoError(t, err)
	assert.Equal(t, 2, view.Given)
	view, err = w.chat.Room(w.ctx, esp, room)
	require.NoError(t, err)
	assert.Zero(t, view.Given)
	assert.Empty(t, pages(w.chat.Given(w.ctx, w.someone(account.RoleMember))))
	assert.Zero(t, w.count(`select count(*) from chat_given where encode(page_sealed, 'escape') like '%riva%' or kept_until is not null`))

	// The conversation goes; what was given stays. The next ESP does not learn what others gave.
	require.NoError(t, w.chat.EndConversation(w.ctx, person, room))
	assert.ErrorIs(t, w.chat.Give(w.ctx, esp, room, "tardi"), chat.ErrEnded)
	require.NoError(t, w.chat.EraseConversation(w.ctx, person, room))
	assert.Equal(t, []string{"passi", "riva"}, mine())
	require.NoError(t, w.roster.GoOff(w.ctx, esp))
	w.enter(person, "")
	next := w.accept(other)
	assert.Empty(t, pages(w.chat.GivenIn(w.ctx, other, next)))
	for i := range chat.MaxGiven - 2 {
		require.NoError(t, w.chat.Give(w.ctx, other, next, fmt.Sprint("pagina-", i)))
	}
	assert.ErrorIs(t, w.chat.Give(w.ctx, other, next, "una-di-troppo"), chat.ErrGivenFull)
	require.NoError(t, w.chat.Give(w.ctx, other, next, "riva"), "again is no mistake")

	list, err := w.chat.Given(w.ctx, person)
	require.NoError(t, err)
	last := list[len(list)-1]
	require.NoError(t, w.chat.PutAway(w.ctx, w.someone(account.RoleMember), last.ID), "what is not theirs is not there")
	assert.Len(t, mine(), chat.MaxGiven)
	require.NoError(t, w.chat.PutAway(w.ctx, person, last.ID))
	assert.Len(t, mine(), chat.MaxGiven-1)
	_, err = w.chat.Forget(w.ctx, person)
	require.NoError(t, err)
	assert.Empty(t, mine())
	w.holds()
}

// TestGive_guest: what a guest was given goes after a month, when nobody can come back to it.
func TestGive_guest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	require.NoError(t, w.chat.Give(w.ctx, esp, room, "riva"))
	require.NoError(t, w.chat.Erase(w.ctx))
	list, err := w.chat.Given(w.ctx, person)
	require.NoError(t, err)
	require.Len(t, list, 1)
	w.exec(`update chat_given set kept_until = kept_until - interval '30 days 1 second'`)
	require.NoError(t, w.chat.Erase(w.ctx))
	assert.Zero(t, w.count(`select count(*) from chat_given`))
}
