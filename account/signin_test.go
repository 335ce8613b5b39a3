package account_test

import (
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/errs"
)

func TestSignIn(t *testing.T) {
	t.Parallel()
	w, ctx := newTown(t), t.Context()
	member, _ := w.newMember(t, w.a, "Mare di sera")
	w.newGuest(t, w.a, "Lontra")

	t.Run("the alias is forgiving, the password is not", func(t *testing.T) {
		id, err := w.SignIn(ctx, w.a, account.Credentials{Alias: " mare DI sera", Password: memberPassword})
		require.NoError(t, err)
		assert.Equal(t, member.ID, id)
	})
	t.Run("every mistake has one answer", func(t *testing.T) {
		for name, c := range map[string]account.Credentials{
			"wrong password":  {Alias: "Mare di sera", Password: memberPassword + " "},
			"no such account": {Alias: "Nessuno", Password: memberPassword},
			"a guest":         {Alias: "Lontra", Password: memberPassword},
			"a guest, empty":  {Alias: "Lontra"},
			"nothing at all":  {},
		} {
			_, err := w.SignIn(ctx, w.a, c)
			require.ErrorIs(t, err, account.ErrWrongSignIn, name)
			assert.Equal(t, errs.Unauthenticated, errs.KindOf(err))
		}
	})
	t.Run("the credentials of one service are nothing in another", func(t *testing.T) {
		_, err := w.SignIn(ctx, w.b, account.Credentials{Alias: "Mare di sera", Password: memberPassword})
		require.ErrorIs(t, err, account.ErrWrongSignIn)
	})
}

// An unknown alias costs the same argon2id as a known one. Measured against each other, so that a busy machine slows both.
func TestSignIn_takes_as_long_without_an_account(t *testing.T) {
	w, ctx := newTown(t), t.Context()
	w.newMember(t, w.a, "Mare di sera")
	fastest := map[string]time.Duration{}
	for range 6 {
		for _, alias := range []string{"Mare di sera", "Nessuno"} {
			begin := time.Now()
			_, err := w.SignIn(ctx, w.a, account.Credentials{Alias: alias, Password: "una frase sbagliata"})
			took := time.Since(begin)
			require.ErrorIs(t, err, account.ErrWrongSignIn)
			if fastest[alias] == 0 || took < fastest[alias] {
				fastest[alias] = took
			}
		}
	}
	assert.Greater(t, fastest["Nessuno"], fastest["Mare di sera"]/2)
}

func TestSignIn_wrong_tries_are_counted(t *testing.T) {
	t.Parallel()
	w, ctx := newTown(t), t.Context()
	w.newMember(t, w.a, "Mare di sera")
	away, home := w.Network(netip.MustParseAddr("198.51.100.9")), w.Network(netip.MustParseAddr("203.0.113.9"))
	_, err := w.SignIn(ctx, w.a, account.Credentials{Alias: "Mare di sera", Password: memberPassword, From: home})
	require.NoError(t, err)

	// At once, as a program would: none slips past the count while another is being looked at.
	const many = 12
	results := make([]error, many)
	var wg sync.WaitGroup
	for i := range many {
		wg.Go(func() {
			_, results[i] = w.SignIn(ctx, w.a, account.Credentials{Alias: "Mare di sera", Password: "una frase sbagliata", From: away})
		})
	}
	wg.Wait()
	refused := 0
	for _, err := range results {
		if errs.KindOf(err) == errs.TooMany {
			refused++
		}
	}
	assert.GreaterOrEqual(t, refused, many-7, "6 are looked at, and one more if 20 s have passed")
	_, err = w.SignIn(ctx, w.a, account.Credentials{Alias: "Mare di sera", Password: memberPassword, From: home})
	require.NoError(t, err, "the owner is not locked out")
}

func TestRecover(t *testing.T) {
	t.Parallel()
	w, ctx := newTown(t), t.Context()
	member, code := w.newMember(t, w.a, "Mare di sera")
	phone := w.newBrowser(t, w.a)
	phone.get(ctx, "/in/"+member.ID.String())
	const next = "quattro salti in salita"

	for name, in := range map[string]account.Recovery{
		"wrong code":    {Alias: "Mare di sera", Code: "0000-0000-0000-0000-0000", NewPassword: next},
		"unknown alias": {Alias: "Nessuno", Code: code, NewPassword: next},
		"empty":         {NewPassword: next},
	} {
		_, _, err := w.Recover(ctx, w.a, in)
		require.ErrorIs(t, err, account.ErrWrongRecovery, name)
	}
	_, _, err := w.Recover(ctx, w.b, account.Recovery{Alias: "Mare di sera", Code: code, NewPassword: next})
	require.ErrorIs(t, err, account.ErrWrongRecovery, "another service")
	_, _, err = w.Recover(ctx, w.a, account.Recovery{Alias: "Mare di sera", Code: code, NewPassword: "short"})
	assert.Equal(t, map[string]string{"password": "account.password_short"}, keysOf(err))

	id, code2, err := w.Recover(ctx, w.a, account.Recovery{Alias: "Mare di sera", Code: code, NewPassword: next})
	require.NoError(t, err)
	assert.Equal(t, member.ID, id)
	assert.NotContains(t, phone.who(ctx), member.ID.String(), "the sessions of before are over")
	assert.True(t, w.hints.heard(member.ID))
	_, err = w.SignIn(ctx, w.a, account.Credentials{Alias: "Mare di sera", Password: memberPassword})
	require.ErrorIs(t, err, account.ErrWrongSignIn, "the old password")
	_, err = w.SignIn(ctx, w.a, account.Credentials{Alias: "Mare di sera", Password: next})
	require.NoError(t, err)
	_, _, err = w.Recover(ctx, w.a, account.Recovery{Alias: "Mare di sera", Code: code, NewPassword: next})
	require.ErrorIs(t, err, account.ErrWrongRecovery, "a code works once")
	_, _, err = w.Recover(ctx, w.a, account.Recovery{Alias: "Mare di sera", Code: code2, NewPassword: next})
	require.NoError(t, err, "the next one works")
}
