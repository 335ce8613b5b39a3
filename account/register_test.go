package account_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
)

// TestRegister: an auditor reads all of their service, a tutor what they did and what was done to them; that it was read stands in it.
func TestRegister(t *testing.T) {
	t.Parallel()
	w, ctx := newTown(t), t.Context()
	admin := w.newAdmin(t, w.a, "Ada")
	tutor, auditor := w.newStaff(t, admin, account.RoleTutor, "Tullio"), w.newStaff(t, admin, account.RoleAuditor, "Rocco")
	member, _ := w.newMember(t, w.a, "Mare di sera")
	elsewhere := w.newStaff(t, w.newAdmin(t, w.b, "Bea"), account.RoleAuditor, "Remo")
	_, err := w.SignIn(ctx, w.a, account.Credentials{Alias: "Tullio", Password: staffPassword})
	require.NoError(t, err)

	all, err := w.Register(ctx, auditor, 0)
	require.NoError(t, err)
	actions := map[string]int{}
	for _, l := range all.Lines {
		actions[l.Action]++
	}
	assert.Equal(t, "audit_log.read", all.Lines[0].Action, "the newest first")
	assert.Equal(t, "Rocco", all.Lines[0].Alias)
	assert.Positive(t, actions["account.sign_in"])
	assert.Zero(t, all.Older)
	mine, err := w.Register(ctx, tutor, 0)
	require.NoError(t, err)
	require.NotEmpty(t, mine.Lines)
	for _, l := range mine.Lines {
		assert.True(t, l.Alias == "Tullio" || l.Object == "account:"+tutor.ID.String(), l.Action)
	}
	assert.Less(t, len(mine.Lines), len(all.Lines))
	theirs, err := w.Register(ctx, elsewhere, 0)
	require.NoError(t, err)
	for _, l := range theirs.Lines {
		assert.NotContains(t, []string{"Tullio", "Rocco", "Ada"}, l.Alias)
	}
	for _, a := range []account.Actor{admin, member, account.Visitor(w.a), w.newGuest(t, w.a, "Lontra"), w.newStaff(t, admin, account.RoleESP, "Marta")} {
		_, err := w.Register(ctx, a, 0)
		assert.Error(t, err, a.Role)
	}

	// Page by page, each once.
	_, err = w.pool.Exec(ctx, `insert into audit_entries (service_id, actor_role, action, object, reason) select $1, 'system', 'test.fill', 'x:' || i, '' from generate_series(1, 150) i`, w.a)
	require.NoError(t, err)
	seen := map[int64]bool{}
	pages := 0
	for before := int64(0); ; pages++ {
		p, err := w.Register(ctx, auditor, before)
		require.NoError(t, err)
		for _, l := range p.Lines {
			require.False(t, seen[l.ID])
			seen[l.ID] = true
		}
		if before = p.Older; before == 0 {
			break
		}
	}
	assert.Equal(t, 1, pages)
	assert.Greater(t, len(seen), 150)
}

// TestProveRegister: a line that was edited is named; who may not ask is told nothing.
func TestProveRegister(t *testing.T) {
	t.Parallel()
	w, ctx := newTown(t), t.Context()
	admin := w.newAdmin(t, w.a, "Ada")
	auditor := w.newStaff(t, admin, account.RoleAuditor, "Rocco")
	for _, a := range []account.Actor{auditor, admin} {
		p, err := w.ProveRegister(ctx, a)
		require.NoError(t, err)
		assert.Empty(t, p.Faults)
		end, err := w.RegisterEnd(ctx, a)
		require.NoError(t, err)
		assert.Equal(t, p.Head, end)
	}
	member, _ := w.newMember(t, w.a, "Mare di sera")
	for _, a := range []account.Actor{member, w.newStaff(t, admin, account.RoleTutor, "Tullio"), account.Visitor(w.a)} {
		_, err := w.ProveRegister(ctx, a)
		assert.Error(t, err, a.Role)
		_, err = w.RegisterEnd(ctx, a)
		assert.Error(t, err, a.Role)
	}
	_, err := w.pool.Exec(ctx, `insert into audit_entries (service_id, at, actor_role, action, object, reason) values ($1, now() - interval '5 min', 'system', 'by.hand', 'x:1', '')`, w.a)
	require.NoError(t, err)
	p, err := w.ProveRegister(ctx, auditor)
	require.NoError(t, err)
	require.Len(t, p.Faults, 1)
	assert.Contains(t, p.Faults[0], "unlinked entry:")
}
