package account_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
)

// TestNamed: who was erased has no name; who may not sign in just now has theirs, and nobody learns of it.
func TestNamed(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	here, _ := w.newMember(t, w.a, "Mirto")
	out, _ := w.newMember(t, w.a, "Salvia")
	gone, _ := w.newMember(t, w.a, "Timo")
	w.suspend(t, out, time.Hour)
	_, err := w.pool.Exec(ctx, `update account_accounts set erased_at = now(), disabled_at = now(), password_hash = '', recovery_hash = null where id = $1`, gone.ID)
	require.NoError(t, err)
	all := []account.ID{here.ID, out.ID, gone.ID}
	known, err := w.Named(ctx, w.pool, here.Service, all)
	require.NoError(t, err)
	assert.Equal(t, map[account.ID]account.Public{here.ID: {Alias: "Mirto", Role: account.RoleMember}, out.ID: {Alias: "Salvia", Role: account.RoleMember}}, known)
	known, err = w.Named(ctx, w.pool, w.b, all)
	require.NoError(t, err)
	assert.Empty(t, known)

	a, err := w.Acting(ctx, here.Service, here.ID)
	require.NoError(t, err)
	assert.Equal(t, account.RoleMember, a.Role)
	for _, id := range []account.ID{out.ID, gone.ID} {
		_, err := w.Acting(ctx, here.Service, id)
		require.ErrorIs(t, err, account.ErrNotFound)
	}
	there, err := w.Present(ctx, here.Service, all)
	require.NoError(t, err)
	assert.Equal(t, map[account.ID]bool{here.ID: true}, there)
	there, err = w.Present(ctx, w.b, all)
	require.NoError(t, err)
	assert.Empty(t, there)
	_, err = w.Acting(ctx, w.b, here.ID)
	require.ErrorIs(t, err, account.ErrNotFound)
	_, err = w.pool.Exec(ctx, `update account_accounts set suspended_until = now() - interval '1 second' where id = $1`, out.ID)
	require.NoError(t, err)
	_, err = w.Acting(ctx, out.Service, out.ID)
	require.NoError(t, err)
	at, err := w.MadeAt(ctx, w.pool, here)
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now(), at, time.Minute)
	here.Service = w.b
	_, err = w.MadeAt(ctx, w.pool, here)
	require.ErrorIs(t, err, account.ErrNotFound)
}
