package account_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/errs"
)

// keysOf are the message keys of a refusal, by field.
func keysOf(err error) map[string]string {
	keys := map[string]string{}
	if fields, ok := errors.AsType[errs.Fields](err); ok {
		for _, e := range fields {
			keys[e.Field] = e.Key
		}
	} else if e, ok := errors.AsType[*errs.Error](err); ok {
		keys[e.Field] = e.Key
	}
	return keys
}

func TestEnter(t *testing.T) {
	t.Parallel()
	w, ctx := newTown(t), t.Context()

	t.Run("a guest has an alias, a role and the consent they gave", func(t *testing.T) {
		g := w.newGuest(t, w.a, "  Lontra   celeste ")
		assert.Equal(t, account.RoleGuest, g.Role)
		assert.Equal(t, "Lontra celeste", g.Alias)
		var version string
		require.NoError(t, w.pool.QueryRow(ctx, `select version from account_consents where service_id = $1 and account_id = $2`, w.a, g.ID).Scan(&version))
		assert.Equal(t, account.ConsentVersion, version)
	})
	t.Run("under eighteen is refused before anything is stored", func(t *testing.T) {
		_, err := w.Enter(ctx, w.a, account.Entry{ConsentVersion: account.ConsentVersion, Alias: "Airone"})
		require.ErrorIs(t, err, account.ErrAdultsOnly)
		_, _, err = w.SignUp(ctx, w.a, account.SignUp{ConsentVersion: account.ConsentVersion, Alias: "Airone", Password: memberPassword})
		require.ErrorIs(t, err, account.ErrAdultsOnly)
		w.newGuest(t, w.a, "Airone")
	})
	t.Run("without consent to the notice of now nobody enters, and every mistake is told at once", func(t *testing.T) {
		_, err := w.Enter(ctx, w.a, account.Entry{Adult: true, ConsentVersion: "2020-01", Alias: "x"})
		assert.Equal(t, map[string]string{"consent": "account.consent_needed", "alias": "account.alias_length"}, keysOf(err))
		assert.Equal(t, errs.Invalid, errs.KindOf(err))
	})
	t.Run("an alias that passes for a taken one is refused in the service, free in another", func(t *testing.T) {
		w.newGuest(t, w.a, "Nuvola 10")
		for _, alias := range []string{"nuvola 10", "NUVOLA10", "Nùvola lo", "Nuvola-1O"} {
			_, err := w.Enter(ctx, w.a, account.Entry{Adult: true, ConsentVersion: account.ConsentVersion, Alias: alias})
			require.ErrorIs(t, err, account.ErrAliasTaken, alias)
		}
		w.newGuest(t, w.b, "Nuvola 10")
	})
	t.Run("of many who take the same alias at once, one does", func(t *testing.T) {
		const many = 12
		var wg sync.WaitGroup
		results := make([]error, many)
		for i := range many {
			wg.Go(func() {
				_, results[i] = w.Enter(ctx, w.a, account.Entry{Adult: true, ConsentVersion: account.ConsentVersion, Alias: "Quercia"})
			})
		}
		wg.Wait()
		won := 0
		for _, err := range results {
			if err == nil {
				won++
				continue
			}
			require.ErrorIs(t, err, account.ErrAliasTaken)
		}
		assert.Equal(t, 1, won)
	})
	t.Run("a proposed alias is valid and free in both languages", func(t *testing.T) {
		for _, locale := range []string{"it", "en", "xx"} {
			alias, err := w.ProposeAlias(ctx, w.a, locale)
			require.NoError(t, err)
			assert.Equal(t, alias, w.newGuest(t, w.a, alias).Alias)
		}
	})
}

func TestSignUp(t *testing.T) {
	t.Parallel()
	w, ctx := newTown(t), t.Context()
	member, code := w.newMember(t, w.a, "Mare di sera")
	assert.Equal(t, account.RoleMember, member.Role)
	assert.Regexp(t, `^([0-9A-HJKMNP-TV-Z]{4}-){4}[0-9A-HJKMNP-TV-Z]{4}$`, code)

	id, _, err := w.SignUp(ctx, w.a, account.SignUp{
		Alias: "Faro", Password: memberPassword, Adult: true, ConsentVersion: account.ConsentVersion, Family: true, Locale: "de",
	})
	require.NoError(t, err)
	assert.Equal(t, account.RoleFamily, w.actor(t, w.a, id).Role)

	_, _, err = w.SignUp(ctx, w.a, account.SignUp{Alias: "Tutor Anna", Password: "short", Adult: true})
	assert.Equal(t, map[string]string{
		"alias": "account.alias_staff", "password": "account.password_short", "consent": "account.consent_needed",
	}, keysOf(err))
}
