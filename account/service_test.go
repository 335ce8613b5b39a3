package account_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/ids"
	"ponti/internal/pg"
	"ponti/internal/pgtest"
)

func TestServices(t *testing.T) {
	t.Parallel()
	w, ctx := newTown(t), t.Context()
	_, err := w.ServiceByHost(ctx, "c.test")
	require.ErrorIs(t, err, account.ErrUnknownService, "no service takes all others yet")
	rest := w.newService(t, account.AnyHost)

	for host, want := range map[string]account.ServiceID{"a.test": w.a, "B.Test.": w.b, "c.test": rest, "": rest} {
		got, err := w.ServiceByHost(ctx, host)
		require.NoError(t, err)
		assert.Equal(t, want, got.ID, host)
	}
	s, err := w.Service(ctx, w.a)
	require.NoError(t, err)
	assert.Equal(t, "Europe/Rome", s.TimeZone.String())
	assert.Equal(t, account.DefaultNumbers(), s.Numbers)
	assert.Nil(t, s.NumbersConfirmedAt)
	_, err = w.Service(ctx, ids.New[account.Service]())
	require.ErrorIs(t, err, account.ErrUnknownService)
	_, err = w.CreateService(ctx, account.System(account.ServiceID{}), account.NewService{Name: "x", Host: "A.test", Locale: "it"})
	require.ErrorIs(t, err, account.ErrHostTaken)
	_, err = w.CreateService(ctx, account.Actor{Role: account.RoleAdmin}, account.NewService{Name: "x", Host: "x", Locale: "it"})
	require.ErrorIs(t, err, account.ErrForbidden)
	for _, zone := range []string{"Mars/Olympus", "Local"} {
		_, err = w.CreateService(ctx, account.System(account.ServiceID{}), account.NewService{Name: "x", Host: "x", Locale: "it", TimeZone: zone})
		require.Error(t, err, zone)
	}
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	w, ctx := newTown(t), t.Context()
	admin := w.newAdmin(t, w.a, "Ada")
	numbers := []account.Number{{Number: "112", Name: "Emergenze", Always: true}, {Number: "+39 02 1234", Name: "Il Servizio", Note: "9-18"}}

	require.NoError(t, w.ConfirmNumbers(ctx, admin))
	s, err := w.Service(ctx, w.a)
	require.NoError(t, err)
	require.NotNil(t, s.NumbersConfirmedAt)
	require.NoError(t, w.ChangeNumbers(ctx, admin, numbers))
	s, err = w.Service(ctx, w.a)
	require.NoError(t, err)
	assert.Equal(t, numbers, s.Numbers)
	assert.Nil(t, s.NumbersConfirmedAt, "changed numbers are to be confirmed again")
	other, err := w.Service(ctx, w.b)
	require.NoError(t, err)
	assert.Equal(t, account.DefaultNumbers(), other.Numbers, "another service keeps its own")

	err = w.ChangeNumbers(ctx, admin, []account.Number{{Number: "call me", Name: "x"}, {Number: "112"}})
	assert.Equal(t, map[string]string{"numbers[0].number": "account.number_digits", "numbers[1].name": "account.number_name"}, keysOf(err))
	assert.Equal(t, errs.Invalid, errs.KindOf(w.ChangeNumbers(ctx, admin, nil)))
	for _, role := range []account.Role{account.RoleAuditor, account.RoleTutor, account.RoleMember} {
		actor := account.Actor{Service: w.a, Role: role}
		require.ErrorIs(t, w.ChangeNumbers(ctx, actor, numbers), account.ErrForbidden, role)
		require.ErrorIs(t, w.ConfirmNumbers(ctx, actor), account.ErrForbidden, role)
	}
}

// The page with the numbers must come while the database is down: the services asked for last are kept.
func TestServices_outlive_the_database(t *testing.T) {
	t.Parallel()
	server := pgtest.NewPostgresServer(t)
	pool, err := pg.Open(t.Context(), server.URL(), pg.Options{Name: "test", MaxConns: 2})
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	accounts, ctx := account.New(pool, account.Options{}), t.Context()
	id, err := accounts.CreateService(ctx, account.System(account.ServiceID{}), account.NewService{Name: "a", Host: "a.test", Locale: "it"})
	require.NoError(t, err)
	_, err = accounts.ServiceByHost(ctx, "a.test")
	require.NoError(t, err)

	server.Stop()
	_, err = accounts.CreateService(ctx, account.System(account.ServiceID{}), account.NewService{Name: "b", Host: "b.test", Locale: "it"})
	assert.Equal(t, errs.Unavailable, errs.KindOf(err), "it really is down")
	account.Forget(accounts)
	s, err := accounts.ServiceByHost(ctx, "a.test")
	require.NoError(t, err)
	assert.Equal(t, id, s.ID)

	cold := account.New(pool, account.Options{})
	_, err = cold.ServiceByHost(ctx, "a.test")
	assert.Equal(t, errs.Unavailable, errs.KindOf(err), "what was never known is not made up")
}
