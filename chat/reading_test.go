package chat_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/chat"
)

// TestMarkRead: a mark goes on, never back and never beyond what was said; it is of who takes part, while it goes on.
func TestMarkRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	w.post(person, room, "uno")
	w.post(esp, room, "due")
	mark := func(who account.Actor, seq int64) []chat.Mark {
		held, err := w.chat.MarkRead(w.ctx, chat.Mark{Room: room, Account: who.ID, Seq: seq})
		require.NoError(t, err)
		return held
	}
	assert.Equal(t, []chat.Mark{{Room: room, Account: esp.ID, Seq: 1}}, mark(esp, 1))
	assert.Equal(t, []chat.Mark{{Room: room, Account: esp.ID, Seq: 2}}, mark(esp, 1<<52))
	assert.Equal(t, []chat.Mark{{Room: room, Account: esp.ID, Seq: 2}}, mark(esp, 1))
	for _, a := range []account.Actor{w.tutor, w.someone(account.RoleMember), w.someone(account.RoleAdmin)} {
		assert.Empty(t, mark(a, 1), a.Role)
	}
	read, err := w.chat.ReadUpTo(w.ctx, []chat.RoomID{room, {}})
	require.NoError(t, err)
	assert.Equal(t, map[chat.RoomID]map[int16]int64{room: {2: 2}}, read)
	v, err := w.chat.Room(w.ctx, person, room)
	require.NoError(t, err)
	assert.Equal(t, []int64{0, 2}, []int64{v.People[0].Read, v.People[1].Read})

	// Many at once, twice the same: what is not there is nobody's.
	held, err := w.chat.MarkRead(w.ctx, chat.Mark{Room: room, Account: person.ID, Seq: 1}, chat.Mark{Room: room, Account: person.ID, Seq: 2}, chat.Mark{Room: chat.RoomID{}, Account: person.ID, Seq: 2})
	require.NoError(t, err)
	assert.Equal(t, []chat.Mark{{Room: room, Account: person.ID, Seq: 2}}, held)

	// Somebody who works on the row is not waited for.
	w.post(person, room, "tre")
	tx, err := w.pool.Begin(w.ctx)
	require.NoError(t, err)
	_, err = tx.Exec(w.ctx, `select from chat_participants where account_id = $1 for update`, esp.ID)
	require.NoError(t, err)
	assert.Empty(t, mark(esp, 3))
	require.NoError(t, tx.Rollback(w.ctx))
	assert.Len(t, mark(esp, 3), 1)

	require.NoError(t, w.chat.StepOut(w.ctx, esp, room, ""))
	assert.Empty(t, mark(esp, 4))
	assert.Empty(t, mark(person, 4), "nor when it is over")
	w.holds()
	w.exec(`update chat_participants set read_seq = 99 where account_id = $1`, esp.ID)
	broken, err := chat.Check(w.ctx, w.pool)
	require.NoError(t, err)
	assert.Contains(t, broken, "read_beyond_the_last: 1")
}
