package account_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/ids"
)

// atOnce runs n times together and gives the errors.
func atOnce(n int, f func(i int) error) []error {
	results := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { results[i] = f(i) })
	}
	wg.Wait()
	return results
}

// oneWins checks that one succeeded and every other got the same refusal.
func oneWins(t *testing.T, results []error, refusal error) {
	t.Helper()
	won := 0
	for _, err := range results {
		if err == nil {
			won++
			continue
		}
		require.ErrorIs(t, err, refusal)
	}
	assert.Equal(t, 1, won)
}

func (w *town) age(t *testing.T, sql string) {
	t.Helper()
	_, err := w.pool.Exec(t.Context(), sql)
	require.NoError(t, err)
}

func TestFirstAdmin(t *testing.T) {
	t.Parallel()
	w, ctx := newTown(t), t.Context()
	token, ok, err := w.FirstAdminToken(ctx, w.a)
	require.NoError(t, err)
	require.True(t, ok)
	again, ok, err := w.FirstAdminToken(ctx, w.a)
	require.NoError(t, err)
	require.True(t, ok, "a second start prints one that works too")

	_, err = w.CreateFirstAdmin(ctx, w.b, token, "Ada", staffPassword)
	require.ErrorIs(t, err, account.ErrTokenSpent, "another service")
	_, err = w.CreateFirstAdmin(ctx, w.a, token+"x", "Ada", staffPassword)
	require.ErrorIs(t, err, account.ErrTokenSpent)
	_, err = w.CreateFirstAdmin(ctx, w.a, token, "Ada", "fourteen chars")
	assert.Equal(t, map[string]string{"password": "account.password_short"}, keysOf(err), "a mistake does not spend the token")

	oneWins(t, atOnce(6, func(i int) error {
		_, err := w.CreateFirstAdmin(ctx, w.a, []string{token, again}[i%2], "Ada "+string(rune('a'+i)), staffPassword)
		return err
	}), account.ErrTokenSpent)
	_, ok, err = w.FirstAdminToken(ctx, w.a)
	require.NoError(t, err)
	assert.False(t, ok, "there is one now")

	token, _, err = w.FirstAdminToken(ctx, w.b)
	require.NoError(t, err)
	w.age(t, `update account_first_admins set expires_at = expires_at - interval '1 hour'`)
	_, err = w.CreateFirstAdmin(ctx, w.b, token, "Ada", staffPassword)
	require.ErrorIs(t, err, account.ErrTokenSpent, "an hour old")
}

func TestInvite(t *testing.T) {
	t.Parallel()
	w, ctx := newTown(t), t.Context()
	admin := w.newAdmin(t, w.a, "Ada")
	esp := w.newStaff(t, admin, account.RoleESP, "Marta")
	assert.Equal(t, account.RoleESP, esp.Role, "bound to the role")

	t.Run("only an administrator, only staff roles", func(t *testing.T) {
		guest := w.newGuest(t, w.a, "Lontra")
		for _, actor := range []account.Actor{guest, esp, {Service: w.a, Role: account.RoleTutor}, {Service: w.a, Role: account.RoleAuditor}} {
			_, err := w.Invite(ctx, actor, account.Invite{Role: account.RoleTutor})
			assert.Equal(t, errs.Forbidden, errs.KindOf(err), actor.Role)
		}
		_, err := w.Invite(ctx, account.Visitor(w.a), account.Invite{Role: account.RoleTutor})
		require.ErrorIs(t, err, account.ErrSignInFirst)
		for _, role := range []account.Role{account.RoleMember, account.RoleSystem, account.RoleVisitor, "root"} {
			_, err = w.Invite(ctx, admin, account.Invite{Role: role})
			assert.Equal(t, map[string]string{"role": "account.role_of_staff"}, keysOf(err), role)
		}
	})
	t.Run("two who open one link at once: one is let in", func(t *testing.T) {
		token, err := w.Invite(ctx, admin, account.Invite{Role: account.RoleTutor, Alias: "Paolo"})
		require.NoError(t, err)
		in, err := w.Invitation(ctx, w.a, token)
		require.NoError(t, err)
		assert.Equal(t, account.Invite{Role: account.RoleTutor, Alias: "Paolo"}, in)
		oneWins(t, atOnce(5, func(i int) error {
			_, err := w.AcceptInvitation(ctx, w.a, token, "Paolo "+string(rune('a'+i)), staffPassword)
			return err
		}), account.ErrTokenSpent)
		_, err = w.Invitation(ctx, w.a, token)
		require.ErrorIs(t, err, account.ErrTokenSpent)
	})
	t.Run("a taken alias does not spend the link; three days do; another service never had it", func(t *testing.T) {
		token, err := w.Invite(ctx, admin, account.Invite{Role: account.RoleAuditor})
		require.NoError(t, err)
		_, err = w.AcceptInvitation(ctx, w.a, token, "marta", staffPassword)
		require.ErrorIs(t, err, account.ErrAliasTaken)
		_, err = w.AcceptInvitation(ctx, w.b, token, "Rita", staffPassword)
		require.ErrorIs(t, err, account.ErrTokenSpent)
		_, err = w.Invitation(ctx, w.a, token)
		require.NoError(t, err)
		w.age(t, `update account_invitations set expires_at = expires_at - interval '72 hours'`)
		_, err = w.AcceptInvitation(ctx, w.a, token, "Rita", staffPassword)
		require.ErrorIs(t, err, account.ErrTokenSpent)
	})
}

func TestAssignTutor(t *testing.T) {
	t.Parallel()
	w, ctx := newTown(t), t.Context()
	admin, adminB := w.newAdmin(t, w.a, "Ada"), w.newAdmin(t, w.b, "Bea")
	esp, senior := w.newStaff(t, admin, account.RoleESP, "Marta"), w.newStaff(t, admin, account.RoleSenior, "Nadia")
	tutor, other := w.newStaff(t, admin, account.RoleTutor, "Paolo"), w.newStaff(t, admin, account.RoleTutor, "Quinto")
	tutorB := w.newStaff(t, adminB, account.RoleTutor, "Renzo")

	_, err := w.TutorOf(ctx, w.pool, esp.ID)
	require.ErrorIs(t, err, account.ErrNoTutor)
	require.NoError(t, w.AssignTutor(ctx, admin, esp.ID, tutor.ID))
	require.NoError(t, w.AssignTutor(ctx, admin, senior.ID, tutor.ID))
	require.NoError(t, w.AssignTutor(ctx, admin, esp.ID, other.ID), "in place of the one before")
	got, err := w.TutorOf(ctx, w.pool, esp.ID)
	require.NoError(t, err)
	assert.Equal(t, other.ID, got)
	assert.True(t, w.hints.heard(esp.ID))

	for name, pair := range map[string][2]account.ID{
		"a tutor has no tutor":        {tutor.ID, other.ID},
		"an ESP is no tutor":          {esp.ID, senior.ID},
		"an admin is no tutor":        {esp.ID, admin.ID},
		"the other service's tutor":   {esp.ID, tutorB.ID},
		"nobody":                      {esp.ID, ids.New[account.Account]()},
		"the other service, both":     {tutorB.ID, tutorB.ID},
		"nobody's tutor":              {ids.New[account.Account](), tutor.ID},
		"oneself, whatever the roles": {esp.ID, esp.ID},
	} {
		require.ErrorIs(t, w.AssignTutor(ctx, admin, pair[0], pair[1]), account.ErrTutorUnfit, name)
	}
	require.ErrorIs(t, w.AssignTutor(ctx, adminB, esp.ID, tutor.ID), account.ErrTutorUnfit, "not of their service")
	require.ErrorIs(t, w.AssignTutor(ctx, tutor, esp.ID, tutor.ID), account.ErrForbidden)
}

func TestDisable(t *testing.T) {
	t.Parallel()
	w, ctx := newTown(t), t.Context()
	admin := w.newAdmin(t, w.a, "Ada")
	esp, tutor := w.newStaff(t, admin, account.RoleESP, "Marta"), w.newStaff(t, admin, account.RoleTutor, "Paolo")
	require.NoError(t, w.AssignTutor(ctx, admin, esp.ID, tutor.ID))
	second := w.newStaff(t, admin, account.RoleAdmin, "Bea")
	const reason = "ha perso il telefono"
	desk := w.newBrowser(t, w.a)
	desk.get(ctx, "/in/"+tutor.ID.String())
	require.Contains(t, desk.who(ctx), tutor.ID.String())

	t.Run("one person asking only ends the sessions", func(t *testing.T) {
		for range 2 { // asking twice is still one person
			done, err := w.Disable(ctx, admin, tutor.ID, reason)
			require.NoError(t, err)
			assert.False(t, done)
		}
		assert.NotContains(t, desk.who(ctx), tutor.ID.String())
		assert.True(t, w.hints.heard(tutor.ID))
		_, err := w.SignIn(ctx, w.a, account.Credentials{Alias: "Paolo", Password: staffPassword})
		require.NoError(t, err)
		staff, err := w.Staff(ctx, admin)
		require.NoError(t, err)
		for _, m := range staff {
			assert.Equal(t, m.ID == tutor.ID, m.Asked == "disable" && m.AskedBy == admin.ID, m.Role)
		}
	})
	t.Run("a second one makes it true", func(t *testing.T) {
		desk.get(ctx, "/in/"+tutor.ID.String())
		done, err := w.Disable(ctx, second, tutor.ID, reason)
		require.NoError(t, err)
		assert.True(t, done)
		assert.NotContains(t, desk.who(ctx), tutor.ID.String())
		_, err = w.SignIn(ctx, w.a, account.Credentials{Alias: "Paolo", Password: staffPassword})
		require.ErrorIs(t, err, account.ErrWrongSignIn)
		_, err = w.TutorOf(ctx, w.pool, esp.ID)
		require.ErrorIs(t, err, account.ErrNoTutor, "a disabled tutor is behind nobody")
	})
	t.Run("and back in by two, within a day of each other", func(t *testing.T) {
		done, err := w.Enable(ctx, admin, tutor.ID, reason)
		require.NoError(t, err)
		require.False(t, done)
		w.age(t, `update account_requests set asked_at = asked_at - interval '1 day'`)
		done, err = w.Enable(ctx, second, tutor.ID, reason)
		require.NoError(t, err)
		require.False(t, done, "the first asking is too old")
		done, err = w.Disable(ctx, admin, tutor.ID, reason)
		require.NoError(t, err)
		require.False(t, done, "the opposite is not agreement")
		_, err = w.Enable(ctx, admin, tutor.ID, reason)
		require.NoError(t, err)
		done, err = w.Enable(ctx, second, tutor.ID, reason)
		require.NoError(t, err)
		require.True(t, done)
		_, err = w.SignIn(ctx, w.a, account.Credentials{Alias: "Paolo", Password: staffPassword})
		require.NoError(t, err)
	})
	t.Run("refusals", func(t *testing.T) {
		_, err := w.Disable(ctx, admin, admin.ID, reason)
		require.ErrorIs(t, err, account.ErrNotYourself)
		_, err = w.Disable(ctx, admin, esp.ID, "così")
		assert.Equal(t, map[string]string{"reason": "account.reason_short"}, keysOf(err))
		_, err = w.Disable(ctx, esp, tutor.ID, reason)
		require.ErrorIs(t, err, account.ErrForbidden)
		adminB := w.newAdmin(t, w.b, "Bea")
		_, err = w.Disable(ctx, adminB, esp.ID, reason)
		require.ErrorIs(t, err, account.ErrNotFound, "another service's")
	})
}

func TestStaff(t *testing.T) {
	t.Parallel()
	w, ctx := newTown(t), t.Context()
	admin, adminB := w.newAdmin(t, w.a, "Ada"), w.newAdmin(t, w.b, "Bea")
	esp, tutor := w.newStaff(t, admin, account.RoleESP, "Marta"), w.newStaff(t, admin, account.RoleTutor, "Paolo")
	require.NoError(t, w.AssignTutor(ctx, admin, esp.ID, tutor.ID))
	w.newGuest(t, w.a, "Lontra")

	staff, err := w.Staff(ctx, tutor)
	require.NoError(t, err)
	require.Len(t, staff, 3, "no person, nobody of another service")
	for _, m := range staff {
		assert.Equal(t, m.ID == esp.ID, m.Tutor == tutor.ID, m.Role)
	}
	staff, err = w.Staff(ctx, adminB)
	require.NoError(t, err)
	require.Len(t, staff, 1)
	_, err = w.Staff(ctx, w.newGuest(t, w.a, "Airone"))
	require.ErrorIs(t, err, account.ErrForbidden)
}
