package chat_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/chat"
	"ponti/moderation/triage"
)

// TestFamiliar: a person may ask for the ESP of the last time, who is offered them first and may pass.
func TestFamiliar(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	stranger := w.someone(account.RoleMember)
	alias, err := w.chat.Familiar(w.ctx, stranger)
	require.NoError(t, err)
	assert.Empty(t, alias)
	alias, err = w.chat.Familiar(w.ctx, esp)
	require.NoError(t, err)
	assert.Empty(t, alias, "it is a person's to ask")
	require.NoError(t, w.chat.EndConversation(w.ctx, person, room))
	alias, err = w.chat.Familiar(w.ctx, person)
	require.NoError(t, err)
	require.Equal(t, esp.Alias, alias)

	other := w.onCall(account.RoleESP) // was never offered anybody, and would be asked first
	_, err = w.chat.EnterWaiting(w.ctx, person, chat.Entry{Familiar: true})
	require.NoError(t, err)
	require.Nil(t, w.offer(other))
	o := w.offer(esp)
	require.NotNil(t, o)
	assert.True(t, o.Familiar)
	require.NoError(t, w.chat.PassOffer(w.ctx, esp, o.ID))
	o = w.offer(other)
	require.NotNil(t, o, "nobody has to")
	assert.False(t, o.Familiar, "whom else they would have liked is not told")
	next := w.accept(other)
	assert.Zero(t, w.count(`select count(*) from chat_places where prefers_id is not null`))
	require.NoError(t, w.chat.EndConversation(w.ctx, person, next))

	// Without asking, chance decides; and who is no ESP any more cannot be asked for.
	w.enter(person, "")
	assert.Zero(t, w.count(`select count(*) from chat_places where prefers_id is not null`))
	require.NoError(t, w.chat.LeaveWaiting(w.ctx, person))
	w.exec(`delete from account_tutors where esp_id = $1`, other.ID)
	w.exec(`update account_accounts set role = 'member' where id = $1`, other.ID)
	alias, err = w.chat.Familiar(w.ctx, person)
	require.NoError(t, err)
	assert.Empty(t, alias)
	_, err = w.chat.EnterWaiting(w.ctx, stranger, chat.Entry{Familiar: true, Topic: crisis})
	require.NoError(t, err)
	assert.Equal(t, triage.Crisis, w.place(stranger).Level)
	w.holds()
}
