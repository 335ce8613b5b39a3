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

	excluded, by, err := w.Exclusion(ctx, w.a, member.ID, "")
	require.NoError(t, err)
	assert.False(t, excluded)
	assert.True(t, by.IsZero())
	_, _, err = w.Exclusion(ctx, w.b, member.ID, "")
	assert.ErrorIs(t, err, account.ErrNotFound, "another service")
}

// TestExclusions: who decides about one case is told nothing of another of the same account, and it is let in again with the last.
func TestExclusions(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	member, _ := w.newMember(t, w.a, "Glicine")
	one := w.newAdmin(t, w.a, "Amina")
	two := w.newStaff(t, one, account.RoleAdmin, "Bea")
	seen := func(about string) [2]bool {
		t.Helper()
		excluded, by, err := w.Exclusion(ctx, w.a, member.ID, about)
		require.NoError(t, err)
		return [2]bool{excluded, !by.IsZero()}
	}
	both := func(do func(context.Context, account.Actor, account.ID, string) (bool, error), about string) {
		t.Helper()
		for i, by := range []account.Actor{one, two} {
			done, err := do(ctx, by, member.ID, about)
			require.NoError(t, err)
			assert.Equal(t, i == 1, done)
		}
	}
	const named, nameless = "case:11111111", "case:22222222"
	_, err := w.DisableBecause(ctx, one, member.ID, nameless)
	require.NoError(t, err)
	assert.Equal(t, [2]bool{false, true}, seen(nameless))
	assert.Equal(t, [2]bool{}, seen(named))
	done, err := w.DisableBecause(ctx, two, member.ID, named)
	require.NoError(t, err)
	assert.False(t, done, "it is not the second of the other")
	assert.Equal(t, [2]bool{false, true}, seen(nameless), "which still waits")
	done, err = w.DisableBecause(ctx, two, member.ID, nameless)
	require.NoError(t, err)
	assert.True(t, done)
	assert.Equal(t, [2]bool{true, false}, seen(nameless))
	assert.Equal(t, [2]bool{false, true}, seen(named))
	done, err = w.DisableBecause(ctx, one, member.ID, named)
	require.NoError(t, err)
	assert.True(t, done)
	out := func() int {
		return w.count(t, `select count(*) from account_accounts where disabled_at is not null and id = $1`, member.ID)
	}
	both(w.EnableBecause, nameless)
	assert.Equal(t, 1, out(), "the other case keeps them out")
	assert.Equal(t, [2]bool{}, seen(nameless))
	both(w.EnableBecause, named)
	assert.Zero(t, out())
}

// TestMigrateExclusions: who was shut out before is, for any case, and what one asked because of a case waits for that one.
func TestMigrateExclusions(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	out, _ := w.newMember(t, w.a, "Glicine")
	asked, _ := w.newMember(t, w.a, "Ginepro")
	one := w.newAdmin(t, w.a, "Amina")
	_, err := w.DisableBecause(ctx, one, asked.ID, "case:11111111")
	require.NoError(t, err)
	w.exec(t, `drop table account_exclusions; alter table account_requests drop constraint account_requests_once, drop column about, add constraint account_requests_pkey primary key (account_id);
		delete from account_migrations where version_id >= 8`)
	w.exec(t, `update account_accounts set disabled_at = now() where id = $1`, out.ID)
	require.NoError(t, pg.Migrate(ctx, w.pool.Config().ConnString(), account.Migrations()))
	w.pool.Reset() // statements prepared for the old tables
	excluded, _, err := w.Exclusion(ctx, w.a, out.ID, "case:22222222")
	require.NoError(t, err)
	assert.True(t, excluded)
	_, by, err := w.Exclusion(ctx, w.a, asked.ID, "case:11111111")
	require.NoError(t, err)
	assert.Equal(t, one.ID, by)
}
