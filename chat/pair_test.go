package chat_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/chat"
)

// TestAllowTwo: an ESP holds two conversations at once where a tutor allows it, never three, and is offered the second only while nobody is free.
func TestAllowTwo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, first := w.talking()
	next := w.someone(account.RoleGuest)
	w.enter(next, "")
	assert.Nil(t, w.offer(esp))
	beside, err := w.chat.Beside(w.ctx, esp, first)
	require.NoError(t, err)
	assert.Nil(t, beside)

	for _, role := range []account.Role{account.RoleESP, account.RoleSenior, account.RoleAdmin, account.RoleAuditor, account.RoleGuest} {
		require.ErrorIs(t, w.chat.AllowTwo(w.ctx, w.someone(role), esp.ID, true), account.ErrForbidden, role)
		_, err := w.chat.Pairs(w.ctx, w.someone(role))
		require.ErrorIs(t, err, account.ErrForbidden, role)
	}
	for _, no := range []account.ID{person.ID, w.tutor.ID, {}, w.someoneOf(w.newService("altrove.example"), account.RoleESP).ID} {
		require.ErrorIs(t, w.chat.AllowTwo(w.ctx, w.tutor, no, true), chat.ErrNotFound)
	}
	require.NoError(t, w.chat.AllowTwo(w.ctx, w.tutor, esp.ID, true))
	require.NoError(t, w.chat.AllowTwo(w.ctx, w.tutor, esp.ID, true), "again is no mistake")
	pairs, err := w.chat.Pairs(w.ctx, w.tutor)
	require.NoError(t, err)
	assert.Equal(t, map[account.ID]bool{esp.ID: true}, pairs)
	assert.Equal(t, 2, w.count(`select count(*) from audit_entries where action = 'conversation.two_at_once'`))
	beside, err = w.chat.Beside(w.ctx, esp, first)
	require.NoError(t, err)
	require.NotNil(t, beside.Offer)
	assert.Equal(t, next.Alias, beside.Offer.Alias)
	w.holds()
	second := w.accept(esp)
	require.NotEqual(t, first, second)
	w.holds()
	w.post(esp, first, "Sono qui.")
	w.post(esp, second, "E anche qui.")
	assert.Equal(t, []string{"E anche qui."}, w.texts(next, second))
	beside, err = w.chat.Beside(w.ctx, esp, first)
	require.NoError(t, err)
	require.Len(t, beside.Rooms, 1)
	assert.Equal(t, second, beside.Rooms[0].ID)

	third := w.someone(account.RoleGuest)
	w.enter(third, "")
	w.chat.Work(w.ctx)
	assert.Nil(t, w.offer(esp), "never three")
	_, err = w.pool.Exec(w.ctx, `insert into chat_participants (room_id, service_id, number, account_id, part, slot)
		select room_id, service_id, 2, $1, 'esp', 3 from chat_places where state = 'waiting'`, esp.ID)
	require.ErrorContains(t, err, "chat_participants_slot")
	idle := w.onCall(account.RoleESP)
	w.chat.Work(w.ctx)
	require.NotNil(t, w.offer(idle))

	require.NoError(t, w.chat.AllowTwo(w.ctx, w.tutor, esp.ID, false))
	w.holds()
	w.post(esp, second, "Continuiamo.")
	require.NoError(t, w.chat.EndConversation(w.ctx, esp, first))
	w.accept(idle)
	w.enter(w.someone(account.RoleGuest), "")
	w.chat.Work(w.ctx)
	assert.Nil(t, w.offer(esp), "one is enough again")
	require.NoError(t, w.chat.EndConversation(w.ctx, esp, second))
	require.NotNil(t, w.offer(esp))
	w.holds()
}

// TestAllowTwo_order: who holds nobody comes first; who is with somebody whose life may be in danger is offered nobody else.
func TestAllowTwo_order(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	require.NoError(t, w.chat.AllowTwo(w.ctx, w.tutor, esp.ID, true))
	idle := w.onCall(account.RoleESP)
	w.enter(w.someone(account.RoleGuest), "")
	require.NotNil(t, w.offer(idle))
	assert.Nil(t, w.offer(esp))
	w.accept(idle)
	w.post(person, room, crisis)
	behind := w.enter(w.someone(account.RoleGuest), "")
	w.chat.Work(w.ctx)
	assert.Equal(t, chat.PlaceWaiting, behind.State)
	assert.Nil(t, w.offer(esp), "they are all there for that person")
	w.route(room, w.tutor)
	w.close(w.tutor)
	w.chat.Work(w.ctx)
	assert.NotNil(t, w.offer(esp))
	w.holds()
}

// TestAllowTwo_withdrawn: what was offered while it was allowed may still be accepted; and whatever is pressed at once, nobody holds more than two.
func TestAllowTwo_withdrawn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, esp, _ := w.talking()
	require.NoError(t, w.chat.AllowTwo(w.ctx, w.tutor, esp.ID, true))
	w.enter(w.someone(account.RoleGuest), "")
	require.NoError(t, w.chat.AllowTwo(w.ctx, w.tutor, esp.ID, false))
	w.holds()
	w.accept(esp)
	w.holds()

	other := w.onCall(account.RoleESP)
	var all sync.WaitGroup
	for range 6 {
		guest := w.someone(account.RoleGuest)
		all.Go(func() { _, _ = w.chat.EnterWaiting(w.ctx, guest, chat.Entry{}) })
		all.Go(func() { _ = w.chat.AllowTwo(w.ctx, w.tutor, other.ID, true) })
		all.Go(func() { _ = w.chat.AllowTwo(w.ctx, w.tutor, other.ID, false) })
		all.Go(func() {
			if d, err := w.chat.Desk(w.ctx, other); err == nil && d.Offer != nil {
				_, _ = w.chat.AcceptOffer(w.ctx, other, d.Offer.ID)
			}
		})
	}
	all.Wait()
	w.holds()
	assert.LessOrEqual(t, w.count(`select count(*) from chat_participants where account_id = $1 and left_at is null`, other.ID), 2)
}

// TestMigratePairs: who talks goes on, and may be allowed a second.
func TestMigratePairs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, esp, room := w.talking()
	w.migrateFrom(17)
	w.holds()
	w.post(esp, room, "Eccomi.")
	require.NoError(t, w.chat.AllowTwo(w.ctx, w.tutor, esp.ID, true))
	w.enter(w.someone(account.RoleGuest), "")
	w.accept(esp)
	w.holds()
}
