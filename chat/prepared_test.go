package chat_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/chat"
	"ponti/internal/errs"
)

// TestPreparedTexts: an administrator keeps them, with every version and its author; ESPs of the service have them at hand, and nobody else.
func TestPreparedTexts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	admin, esp := w.someone(account.RoleAdmin), w.someone(account.RoleESP)
	list := func(a account.Actor) []chat.Prepared {
		t.Helper()
		l, err := w.chat.PreparedTexts(w.ctx, a)
		require.NoError(t, err)
		return l
	}
	save := func(a account.Actor, p chat.Prepared) error { return w.chat.SavePrepared(w.ctx, a, p) }
	assert.Empty(t, list(esp))
	require.NoError(t, save(admin, chat.Prepared{Title: "  Il numero \n verde ", Text: " Risponde sempre. \r\nÈ gratis 🙂 "}))
	require.NoError(t, save(admin, chat.Prepared{Title: "Che cosa succede dopo", Text: "Ci salutiamo con calma."}))
	got := list(esp)
	require.Len(t, got, 2)
	assert.Equal(t, "Che cosa succede dopo", got[0].Title, "by title")
	assert.Equal(t, []any{"Il numero verde", "Risponde sempre. \nÈ gratis 🙂", 1, admin.Alias}, []any{got[1].Title, got[1].Text, got[1].Version, got[1].Author.Alias})

	p := got[1]
	p.Text = "Risponde a tutte le ore."
	require.NoError(t, save(admin, p))
	require.ErrorIs(t, save(admin, p), chat.ErrPreparedEdited, "it is another version by now")
	versions, err := w.chat.PreparedText(w.ctx, admin, p.ID)
	require.NoError(t, err)
	require.Len(t, versions, 2)
	assert.Equal(t, []int{2, 1}, []int{versions[0].Version, versions[1].Version})
	assert.Equal(t, "Risponde a tutte le ore.", list(esp)[1].Text)
	assert.Equal(t, 3, w.count(`select count(*) from audit_entries where action like 'prepared_text.%'`))

	t.Run("every mistake is told at once", func(t *testing.T) {
		var wrong errs.Fields
		require.ErrorAs(t, save(admin, chat.Prepared{Title: "a", Text: " "}), &wrong)
		assert.Len(t, wrong, 2)
		assert.Equal(t, errs.Invalid, errs.KindOf(save(admin, chat.Prepared{Title: strings.Repeat("a", 81), Text: "Uno."})))
		assert.Equal(t, errs.Invalid, errs.KindOf(save(admin, chat.Prepared{Title: "Titolo", Text: strings.Repeat("à", chat.MaxPrepared+1)})))
	})
	t.Run("nobody else", func(t *testing.T) {
		other := w.newService("altrove.test")
		for name, a := range map[string]account.Actor{
			"a guest": w.someone(account.RoleGuest), "a member": w.someone(account.RoleMember), "a tutor": w.tutor, "an ESP": esp, "an auditor": w.someone(account.RoleAuditor),
		} {
			require.Error(t, save(a, chat.Prepared{Title: "Titolo", Text: "Uno."}), name)
			require.Error(t, w.chat.RemovePrepared(w.ctx, a, p.ID), name)
		}
		elsewhere := w.someoneOf(other, account.RoleAdmin)
		assert.Empty(t, list(elsewhere))
		require.ErrorIs(t, save(elsewhere, chat.Prepared{ID: p.ID, Version: 2, Title: "Titolo", Text: "Uno."}), chat.ErrNotFound)
		require.NoError(t, w.chat.RemovePrepared(w.ctx, elsewhere, p.ID), "one that is gone, for them")
		_, err := w.chat.PreparedText(w.ctx, elsewhere, p.ID)
		require.ErrorIs(t, err, chat.ErrNotFound)
		_, err = w.chat.PreparedTexts(w.ctx, w.someone(account.RoleMember))
		require.Error(t, err)
		assert.Len(t, list(esp), 2)
	})
	t.Run("two at once: one of them is told", func(t *testing.T) {
		now := list(admin)[0]
		require.NoError(t, save(admin, now), "as it was")
		require.Equal(t, now.Version, list(admin)[0].Version, "is no version")
		now.Text += " A presto."
		var all sync.WaitGroup
		var saved atomic.Int64
		for range 4 {
			all.Go(func() {
				if save(admin, now) == nil {
					saved.Add(1)
				}
			})
		}
		all.Wait()
		assert.EqualValues(t, 1, saved.Load())
	})
	require.NoError(t, w.chat.RemovePrepared(w.ctx, admin, p.ID))
	require.NoError(t, w.chat.RemovePrepared(w.ctx, admin, p.ID))
	assert.Len(t, list(esp), 1)
	require.ErrorIs(t, save(admin, chat.Prepared{ID: p.ID, Version: 2, Title: "Titolo", Text: "Uno."}), chat.ErrNotFound)
	for range chat.MaxPreparedTexts - 1 {
		require.NoError(t, save(admin, chat.Prepared{Title: "Ancora uno", Text: "Uno."}))
	}
	require.ErrorIs(t, save(admin, chat.Prepared{Title: "Uno di troppo", Text: "Uno."}), chat.ErrPreparedFull)
}
