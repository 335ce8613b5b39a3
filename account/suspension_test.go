package account_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/pg"
)

func (w *town) suspend(t *testing.T, who account.Actor, d time.Duration) {
	t.Helper()
	var announce func()
	require.NoError(t, pg.InTx(t.Context(), w.pool, func(ctx context.Context, tx pgx.Tx) (err error) {
		announce, err = w.Suspend(ctx, tx, who.Service, who.ID, d)
		return err
	}))
	announce()
}

// TestSuspend: they are out everywhere at once, and are told for how long by who has shown that it is their account; nobody else learns of it. Their
// recovery code stays good. When it is over, or taken back, they come in as before.
func TestSuspend(t *testing.T) {
	t.Parallel()
	w, ctx := newTown(t), t.Context()
	member, code := w.newMember(t, w.a, "Mare di sera")
	other, _ := w.newMember(t, w.a, "Vento")
	phone, theirs := w.newBrowser(t, w.a), w.newBrowser(t, w.a)
	phone.get(ctx, "/in/"+member.ID.String())
	theirs.get(ctx, "/in/"+other.ID.String())
	w.suspend(t, member, 24*time.Hour)
	assert.NotContains(t, phone.who(ctx), member.ID.String())
	assert.Contains(t, theirs.who(ctx), other.ID.String())
	assert.True(t, w.hints.heard(member.ID))
	assert.False(t, w.hints.heard(other.ID))

	right := account.Credentials{Alias: "Mare di sera", Password: memberPassword}
	_, err := w.SignIn(ctx, w.a, right)
	require.Equal(t, map[string]string{"alias": "account.suspended"}, keysOf(err))
	require.Equal(t, errs.Invalid, errs.KindOf(err))
	_, err = w.SignIn(ctx, w.a, account.Credentials{Alias: "Mare di sera", Password: "una frase sbagliata"})
	require.ErrorIs(t, err, account.ErrWrongSignIn, "who does not know the password learns nothing")
	in := account.Recovery{Alias: "Mare di sera", Code: code, NewPassword: "quattro salti in salita"}
	_, _, err = w.Recover(ctx, w.a, in)
	require.Equal(t, map[string]string{"alias": "account.suspended"}, keysOf(err))

	_, err = w.pool.Exec(ctx, `update account_accounts set suspended_until = now() where id = $1`, member.ID)
	require.NoError(t, err)
	_, err = w.SignIn(ctx, w.a, right)
	require.NoError(t, err, "over")
	w.suspend(t, member, time.Hour)
	require.NoError(t, pg.InTx(ctx, w.pool, func(ctx context.Context, tx pgx.Tx) error { return w.Resume(ctx, tx, w.a, member.ID, 0) }))
	_, err = w.SignIn(ctx, w.a, right)
	require.NoError(t, err, "taken back")
	_, _, err = w.Recover(ctx, w.a, in)
	require.NoError(t, err, "the code of before")

	excluded, by, err := w.Exclusion(ctx, w.a, member.ID)
	require.NoError(t, err)
	assert.False(t, excluded)
	assert.True(t, by.IsZero())
	_, _, err = w.Exclusion(ctx, w.b, member.ID)
	assert.ErrorIs(t, err, account.ErrNotFound, "another service")
}
