package forum

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/errs"
)

// TestPostHistory: what a post said before is for its author, who moderates there, and tutors; others do not even learn that there is something.
func TestPostHistory(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	member := w.as(account.RoleMember)
	r := w.open(member, "members", "Il primo titolo", "Il primo testo.")
	edit := func(version int, title, text string) {
		t.Helper()
		_, err := w.EditPost(ctx, member, Edit{Post: r.Post, Version: version, Title: title, Text: text})
		require.NoError(t, err)
	}
	assert.False(t, w.seen(member, r).History, "nothing before")
	edit(1, "Il secondo titolo", "Il secondo testo.")
	edit(2, "Il secondo titolo", "Il terzo testo.")
	for role, a := range w.roles {
		_, list, err := w.PostHistory(ctx, a, r.Post)
		switch role {
		case account.RoleMember, account.RoleESP, account.RoleTutor:
			require.NoError(t, err, role)
			require.Len(t, list, 3)
			assert.Equal(t, []string{"Il terzo testo.", "Il secondo testo.", "Il primo testo."}, []string{list[0].Text, list[1].Text, list[2].Text})
			assert.Equal(t, "Il primo titolo", list[2].Title)
			assert.Nil(t, list[0].Until)
			assert.True(t, list[1].Until.After(*list[2].Until))
			assert.True(t, w.seen(a, r).History)
		default:
			assert.Contains(t, []errs.Kind{errs.Forbidden, errs.NotFound, errs.Unauthenticated}, errs.KindOf(err), role)
			assert.Empty(t, list)
		}
	}
	assert.False(t, w.seen(w.as(account.RoleFamily), r).History)
	_, _, err := w.PostHistory(ctx, w.other, r.Post)
	assert.Equal(t, errs.NotFound, errs.KindOf(err))

	// Deleted, its moderators still see what it was; erased, nobody does.
	w.answer(w.as(account.RoleFamily), r.Thread, "Rispondo.")
	_, err = w.DeletePost(ctx, member, r.Post)
	require.NoError(t, err)
	_, list, err := w.PostHistory(ctx, w.as(account.RoleESP), r.Post)
	require.NoError(t, err)
	require.Len(t, list, 3)
	assert.Equal(t, "Il terzo testo.", list[0].Text)
	done, err := w.Forget(ctx, member, true)
	require.NoError(t, err)
	require.True(t, done)
	_, list, err = w.PostHistory(ctx, w.as(account.RoleESP), r.Post)
	require.NoError(t, err)
	assert.Empty(t, list)
}
