package chat_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/chat"
	"ponti/internal/errs"
	"ponti/moderation/triage"
)

const listed = `select count(*) from audit_entries where action = 'conversation: see the waiting list (topic; minutes waited; alias)'`

func TestWaitingList(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.onCall(account.RoleESP)
	calm, heavy := w.someone(account.RoleGuest), w.someone(account.RoleMember)
	w.enter(calm, "il lavoro")
	w.exec(`update chat_places set created_at = now() - interval '7 minutes'`)
	w.enter(heavy, "stanotte voglio morire")

	t.Run("a tutor sees who waits, who needs it most first", func(t *testing.T) {
		list, err := w.chat.WaitingList(w.ctx, w.tutor)
		require.NoError(t, err)
		assert.Equal(t, 2, list.Count)
		require.Len(t, list.People, 2)
		first, second := list.People[0], list.People[1]
		assert.Equal(t, heavy.Alias, first.Alias)
		assert.Equal(t, "stanotte voglio morire", first.Topic)
		assert.Positive(t, first.Level-triage.None)
		assert.Equal(t, calm.Alias, second.Alias)
		assert.InDelta(t, 7*time.Minute, second.Waited, float64(30*time.Second))
		assert.True(t, second.Offered, "the ESP was asked before the other came")
	})
	t.Run("which is audited once for each person and tutor", func(t *testing.T) {
		require.Equal(t, 2, w.count(listed))
		_, err := w.chat.WaitingList(w.ctx, w.tutor)
		require.NoError(t, err)
		assert.Equal(t, 2, w.count(listed), "looking again")
		w.enter(w.someone(account.RoleGuest), "")
		_, err = w.chat.WaitingList(w.ctx, w.tutor)
		require.NoError(t, err)
		assert.Equal(t, 3, w.count(listed), "one more came")
		_, err = w.chat.WaitingList(w.ctx, w.someone(account.RoleTutor))
		require.NoError(t, err)
		assert.Equal(t, 6, w.count(listed), "another tutor reads, too")
	})
	t.Run("an admin sees no count under five, and never a person", func(t *testing.T) {
		admin := w.someone(account.RoleAdmin)
		list, err := w.chat.WaitingList(w.ctx, admin)
		require.NoError(t, err)
		assert.Equal(t, chat.WaitingList{Few: true}, list)
		for range 2 {
			w.enter(w.someone(account.RoleGuest), "altro")
		}
		list, err = w.chat.WaitingList(w.ctx, admin)
		require.NoError(t, err)
		assert.Equal(t, 5, list.Count)
		assert.InDelta(t, 7*time.Minute, list.Longest, float64(30*time.Second))
		assert.Empty(t, list.People)
		assert.Equal(t, 6, w.count(listed), "counts are not reading")
	})
	t.Run("nobody else sees anything", func(t *testing.T) {
		for _, role := range []account.Role{account.RoleGuest, account.RoleMember, account.RoleFamily, account.RoleESP, account.RoleSenior, account.RoleAuditor} {
			list, err := w.chat.WaitingList(w.ctx, w.someone(role))
			assert.Equal(t, errs.Forbidden, errs.KindOf(err), role)
			assert.Empty(t, list)
			mark, err := w.chat.WaitingMark(w.ctx, w.someone(role))
			assert.Equal(t, errs.Forbidden, errs.KindOf(err), role)
			assert.Empty(t, mark)
		}
	})
	t.Run("a tutor of another service sees an empty room", func(t *testing.T) {
		other := w.someoneOf(w.newService("altrove.test"), account.RoleTutor)
		list, err := w.chat.WaitingList(w.ctx, other)
		require.NoError(t, err)
		assert.Empty(t, list)
		assert.Equal(t, 6, w.count(listed))
	})
	w.holds()
}

// TestWaitingMark holds the mark to all that a tutor sees change.
func TestWaitingMark(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mark := func() string {
		t.Helper()
		m, err := w.chat.WaitingMark(w.ctx, w.tutor)
		require.NoError(t, err)
		return m
	}
	esp := w.onCall(account.RoleESP)
	require.Empty(t, mark())
	person := w.someone(account.RoleGuest)
	w.enter(person, "parlare")
	before := mark()
	require.NotEmpty(t, before)
	assert.Equal(t, before, mark(), "nothing happened")
	for _, step := range []struct {
		what   string
		happen func()
	}{
		{"a minute passed", func() { w.exec(`update chat_places set created_at = created_at - interval '1 minute'`) }},
		{"the offer went back", func() { require.NoError(t, w.chat.PassOffer(w.ctx, esp, w.offer(esp).ID)) }},
		{"somebody came", func() { w.enter(w.someone(account.RoleGuest), "") }},
		{"somebody left", func() { require.NoError(t, w.chat.LeaveWaiting(w.ctx, person)) }},
	} {
		before = mark()
		step.happen()
		assert.NotEqual(t, before, mark(), step.what)
	}
}
