// Package accounttest makes services and the people in them for the tests of the packages above account. Only tests import it.
package accounttest

import (
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/ids"
)

// NewService is a service on a host; "*" answers on every host. It holds no post back.
func NewService(t testing.TB, pool *pgxpool.Pool, host string) account.ServiceID {
	t.Helper()
	id, err := account.New(pool, account.Options{}).CreateService(t.Context(), account.System(account.ServiceID{}),
		account.NewService{Name: "Servizio " + host, Host: host, Locale: "it"})
	require.NoError(t, err)
	require.NoError(t, updateNoHolding(t.Context(), pool, id))
	return id
}

// NewActor is somebody of a role, as their sign-in would make them. Nobody can sign in as them: hashing a password for each of
// hundreds of people would take minutes.
func NewActor(t testing.TB, pool *pgxpool.Pool, service account.ServiceID, role account.Role, alias string) account.Actor {
	t.Helper()
	a := account.Actor{Service: service, ID: ids.New[account.Account](), Role: role, Alias: alias, Locale: "it"}
	require.NoError(t, insertAccount(t.Context(), pool, a))
	return a
}

// AssignTutor gives an ESP their tutor.
func AssignTutor(t testing.TB, pool *pgxpool.Pool, esp, tutor account.Actor) {
	t.Helper()
	require.NoError(t, insertTutor(t.Context(), pool, esp, tutor))
}
