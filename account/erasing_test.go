package account_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/pg"
)

func (w *town) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	_, err := w.pool.Exec(t.Context(), sql, args...)
	require.NoError(t, err)
}

func (w *town) count(t *testing.T, sql string, args ...any) (n int) {
	t.Helper()
	require.NoError(t, w.pool.QueryRow(t.Context(), sql, args...).Scan(&n))
	return n
}

func TestErase(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	member, code := w.newMember(t, w.a, "Glicine")
	other, _ := w.newMember(t, w.a, "Ginepro")
	guest := w.newGuest(t, w.a, "Ospite")
	admin := w.newAdmin(t, w.a, "Amina")

	t.Run("not by a wrong password", func(t *testing.T) {
		err := w.Erase(ctx, member, account.Erasure{Password: "sbagliata del tutto"})
		assert.Equal(t, errs.Invalid, errs.KindOf(err))
		_, err = w.SignIn(ctx, w.a, account.Credentials{Alias: "Glicine", Password: memberPassword})
		require.NoError(t, err)
	})
	t.Run("not by a visitor, and not by staff", func(t *testing.T) {
		assert.Equal(t, errs.Unauthenticated, errs.KindOf(w.Erase(ctx, account.Visitor(w.a), account.Erasure{})))
		assert.ErrorIs(t, w.Erase(ctx, admin, account.Erasure{Password: staffPassword}), account.ErrNotErasable)
	})
	t.Run("name, password and sessions go at once", func(t *testing.T) {
		require.NoError(t, w.Erase(ctx, member, account.Erasure{Password: memberPassword, Posts: true}))
		_, err := w.SignIn(ctx, w.a, account.Credentials{Alias: "Glicine", Password: memberPassword})
		require.ErrorIs(t, err, account.ErrWrongSignIn)
		_, _, err = w.Recover(ctx, w.a, account.Recovery{Alias: "Glicine", Code: code, NewPassword: "tre barche sul lago"})
		require.ErrorIs(t, err, account.ErrWrongRecovery)
		public, err := w.Public(ctx, w.pool, []account.ID{member.ID})
		require.NoError(t, err)
		assert.Equal(t, "Account cancellato", public[member.ID].Alias)
		assert.True(t, w.hints.heard(member.ID), "every instance closes what is open")
		assert.Zero(t, w.count(t, `select count(*) from account_sessions where account_id = $1`, member.ID))
		assert.Zero(t, w.count(t, `select count(*) from account_accounts where alias = 'Glicine' or alias_key like '%glicine%'`))
		again, _ := w.newMember(t, w.a, "Glicine")
		assert.NotEqual(t, member.ID, again.ID, "the name is free again, and nobody's past comes with it")
	})
	t.Run("nobody lets an erased account in again", func(t *testing.T) {
		second := w.newStaff(t, admin, account.RoleAdmin, "Amedeo")
		_, err := w.Enable(ctx, admin, member.ID, "È tornata e ha chiesto di rientrare.")
		require.NoError(t, err)
		_, err = w.Enable(ctx, second, member.ID, "È tornata e ha chiesto di rientrare.")
		assert.ErrorIs(t, err, account.ErrNotFound)
	})
	t.Run("a guest needs no password", func(t *testing.T) {
		require.NoError(t, w.Erase(ctx, guest, account.Erasure{}))
	})
	t.Run("what hangs on it is asked for until it has gone", func(t *testing.T) {
		list, err := w.Erased(ctx)
		require.NoError(t, err)
		require.Len(t, list, 2)
		assert.Equal(t, member.ID, list[0].ID)
		assert.True(t, list[0].Posts)
		require.NoError(t, w.Sweep(ctx))
		assert.Equal(t, 2, w.count(t, `select count(*) from account_accounts where erased_at is not null`), "not before")
		require.NoError(t, w.Forgotten(ctx, member.ID))
		require.NoError(t, w.Forgotten(ctx, other.ID), "who did not ask is not")
		require.NoError(t, w.Sweep(ctx))
		assert.Zero(t, w.count(t, `select count(*) from account_accounts where id = $1`, member.ID))
		list, err = w.Erased(ctx)
		require.NoError(t, err)
		assert.Len(t, list, 1)
		_, err = w.SignIn(ctx, w.a, account.Credentials{Alias: "Ginepro", Password: memberPassword})
		require.NoError(t, err)
	})
}

// TestSweep: the row of a guest goes when they have gone and nothing names them any more.
func TestSweep(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	fresh, gone, here, named := w.newGuest(t, w.a, "Nuova"), w.newGuest(t, w.a, "Andata"), w.newGuest(t, w.a, "Presente"), w.newGuest(t, w.a, "Nominata")
	member, _ := w.newMember(t, w.a, "Glicine")
	w.exec(t, `update account_accounts set look_at = now() - interval '1 min' where id <> $1`, fresh.ID)
	w.exec(t, `insert into account_sessions (id, service_id, account_id, token_hash, idle, ends_at)
		values (gen_random_uuid(), $1, $2, 'a', interval '1 h', now() + interval '1 h'), (gen_random_uuid(), $1, $3, 'b', interval '1 h', now() - interval '1 s')`, w.a, here.ID, gone.ID)
	w.exec(t, `create table names_somebody (id uuid references account_accounts)`)
	w.exec(t, `insert into names_somebody values ($1)`, named.ID)
	require.NoError(t, w.Sweep(ctx))
	left := func(id account.ID) int { return w.count(t, `select count(*) from account_accounts where id = $1`, id) }
	assert.Zero(t, left(gone.ID))
	for name, id := range map[string]account.ID{"new": fresh.ID, "signed in": here.ID, "named elsewhere": named.ID, "a member": member.ID} {
		assert.Equal(t, 1, left(id), name)
	}
	w.exec(t, `delete from names_somebody`)
	require.NoError(t, w.Sweep(ctx))
	assert.Equal(t, 1, left(named.ID), "it is looked at again in a day")
	w.exec(t, `update account_accounts set look_at = look_at - interval '1 day' where id = $1`, named.ID)
	require.NoError(t, w.Sweep(ctx))
	assert.Zero(t, left(named.ID))
}

func TestMigrateErasure(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	guest := w.newGuest(t, w.a, "Ospite")
	w.exec(t, `update account_accounts set created_at = now() - interval '49 h'`)
	w.exec(t, `alter table account_services drop column keep_guest_hours, drop column keep_member_months, drop column keep_flagged_months, drop column conversation_minutes, drop column hold_first, drop column hold_uncovered; alter table account_accounts drop column suspended_until, drop column erased_at, drop column erase_posts, drop column forgotten_at, drop column look_at;
		drop table account_exclusions; alter table account_requests drop constraint account_requests_once, drop column about, add constraint account_requests_pkey primary key (account_id);
		drop table account_imports; delete from account_migrations where version_id >= 2`)
	require.NoError(t, pg.Migrate(t.Context(), w.pool.Config().ConnString(), account.Migrations()))
	w.pool.Reset() // statements prepared for the old tables
	require.NoError(t, w.Sweep(t.Context()))
	assert.Zero(t, w.count(t, `select count(*) from account_accounts where id = $1`, guest.ID))
}

// TestEraseAgain: an account that a backup brought back is erased without its owner; staff is not, nor somebody of another service, nor anybody twice.
func TestEraseAgain(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	member, _ := w.newMember(t, w.a, "Glicine")
	admin := w.newAdmin(t, w.a, "Amina")
	for _, c := range []struct {
		service account.ServiceID
		who     account.ID
		did     bool
	}{{w.b, member.ID, false}, {w.a, admin.ID, false}, {w.a, member.ID, true}, {w.a, member.ID, false}} {
		did, err := w.EraseAgain(ctx, c.service, c.who, true)
		require.NoError(t, err)
		assert.Equal(t, c.did, did)
	}
	_, err := w.SignIn(ctx, w.a, account.Credentials{Alias: "Glicine", Password: memberPassword})
	require.ErrorIs(t, err, account.ErrWrongSignIn)
	list, err := w.Erased(ctx)
	require.NoError(t, err)
	require.Len(t, list, 1)
	assert.True(t, list[0].Posts)
	assert.Equal(t, 1, w.count(t, `select count(*) from audit_entries where action = 'account.erase' and reason = 'with posts'`))
}
