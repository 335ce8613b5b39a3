package account_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/ids"
)

func TestImport(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	system := account.System(w.a)
	const password = "tre barche sul lago"
	me := account.Imported{ID: ids.Of[account.Account]("altrove", "1"), Alias: "Gelsomino"}
	var codes []string
	keep := func(code string) error { codes = append(codes, code); return nil }

	made, err := w.Import(ctx, system, me, keep)
	require.NoError(t, err)
	require.True(t, made)
	require.Len(t, codes, 1)
	made, err = w.Import(ctx, system, me, keep)
	require.NoError(t, err)
	assert.False(t, made, "the same again is nobody new")
	assert.Len(t, codes, 1)
	require.NoError(t, w.CheckImported(ctx, w.a, me), "who is here already is no mistake")

	second := account.Imported{ID: ids.Of[account.Account]("altrove", "2"), Alias: "gelsomino"}
	require.ErrorIs(t, w.CheckImported(ctx, w.a, second), account.ErrAliasTaken)
	_, err = w.Import(ctx, system, second, keep)
	require.ErrorIs(t, err, account.ErrAliasTaken)
	second.Alias = "x"
	assert.Equal(t, errs.Invalid, errs.KindOf(w.CheckImported(ctx, w.a, second)))
	_, err = w.Import(ctx, w.newAdmin(t, w.a, "Amina"), second, keep)
	assert.ErrorIs(t, err, account.ErrForbidden, "by Ponti itself only")
	assert.Zero(t, w.count(t, `select count(*) from account_imports where id = $1`, second.ID), "nothing is remembered of who did not come")

	t.Run("nobody signs in without the code, and with it after they agreed", func(t *testing.T) {
		_, err := w.SignIn(ctx, w.a, account.Credentials{Alias: "Gelsomino", Password: ""})
		require.Error(t, err)
		_, err = w.SignIn(ctx, w.a, account.Credentials{Alias: "Gelsomino", Password: password})
		require.ErrorIs(t, err, account.ErrWrongSignIn)
		_, _, err = w.Recover(ctx, w.a, account.Recovery{Alias: "Gelsomino", Code: "x" + codes[0][1:], NewPassword: password, ConsentVersion: account.ConsentVersion})
		require.ErrorIs(t, err, account.ErrWrongRecovery)
		_, _, err = w.Recover(ctx, w.a, account.Recovery{Alias: "Gelsomino", Code: codes[0], NewPassword: password})
		require.Equal(t, errs.Invalid, errs.KindOf(err), "the code is right, and they are asked first")
		assert.Zero(t, w.count(t, `select count(*) from account_consents where account_id = $1`, me.ID))
		id, next, err := w.Recover(ctx, w.a, account.Recovery{Alias: "Gelsomino", Code: codes[0], NewPassword: password, ConsentVersion: account.ConsentVersion})
		require.NoError(t, err)
		assert.Equal(t, me.ID, id)
		_, err = w.SignIn(ctx, w.a, account.Credentials{Alias: "Gelsomino", Password: password})
		require.NoError(t, err)
		_, _, err = w.Recover(ctx, w.a, account.Recovery{Alias: "Gelsomino", Code: next, NewPassword: password})
		require.NoError(t, err, "and never again")
	})
	t.Run("who was erased does not come back", func(t *testing.T) {
		require.NoError(t, w.Erase(ctx, account.Actor{ID: me.ID, Service: w.a, Role: account.RoleMember}, account.Erasure{Password: password, Posts: true}))
		require.NoError(t, w.Forgotten(ctx, me.ID))
		require.NoError(t, w.Sweep(ctx))
		assert.Zero(t, w.count(t, `select count(*) from account_accounts where id = $1`, me.ID))
		made, err := w.Import(ctx, system, me, keep)
		require.NoError(t, err)
		assert.False(t, made)
		left, err := w.Remaining(ctx, w.a, []account.ID{me.ID})
		require.NoError(t, err)
		assert.Empty(t, left)
	})
	t.Run("who was erased where they come from is nobody here", func(t *testing.T) {
		gone := account.Imported{ID: ids.Of[account.Account]("altrove", "3"), Erased: true}
		made, err := w.Import(ctx, system, gone, keep)
		require.NoError(t, err)
		assert.True(t, made)
		assert.Len(t, codes, 1, "there is no code")
		assert.Equal(t, 1, w.count(t, `select count(*) from account_accounts where id = $1 and erased_at is not null and recovery_hash is null`, gone.ID))
	})
	t.Run("staff are found by alias, people are not", func(t *testing.T) {
		id, err := w.StaffByAlias(ctx, w.a, "amina")
		require.NoError(t, err)
		assert.False(t, id.IsZero())
		_, err = w.StaffByAlias(ctx, w.b, "amina")
		require.ErrorIs(t, err, account.ErrNotFound)
		w.newMember(t, w.a, "Ginepro")
		_, err = w.StaffByAlias(ctx, w.a, "Ginepro")
		assert.ErrorIs(t, err, account.ErrNotFound)
	})
}
