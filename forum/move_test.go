package forum

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/errs"
)

// TestMoveThread: a thread goes where the same people read, with all that hangs on it, and nowhere else.
func TestMoveThread(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	member, esp, tutor := w.as(account.RoleMember), w.as(account.RoleESP), w.as(account.RoleTutor)
	other := w.category(w.a, "other", ForMembers)
	w.category(w.b, "theirs", ForMembers)
	r := w.open(member, "members", "Qui non c'entra", calm)
	w.answer(w.as(account.RoleFamily), r.Thread, "Rispondo.")
	require.NoError(t, w.PinThread(ctx, tutor, r.Thread))
	w.holds(account.Holding{First: 20})
	held := w.write(member, r.Thread, "Aspetta.")

	for _, slug := range []string{"family", "staff", "theirs", "none", ""} {
		assert.Equal(t, errs.Invalid, errs.KindOf(w.MoveThread(ctx, tutor, r.Thread, slug)), slug)
	}
	for role, a := range w.roles {
		if role != account.RoleESP && role != account.RoleTutor {
			assert.Error(t, w.MoveThread(ctx, a, r.Thread, "other"), role)
		}
	}
	assert.Error(t, w.MoveThread(ctx, w.other, r.Thread, "other"))
	targets, err := w.MoveTargets(ctx, esp, Category{ID: w.members, Audience: ForMembers})
	require.NoError(t, err)
	require.Len(t, targets, 1)
	assert.Equal(t, other, targets[0].ID)

	require.NoError(t, w.MoveThread(ctx, esp, r.Thread, "members"), "it is there")
	require.NoError(t, w.MoveThread(ctx, esp, r.Thread, "other"))
	assert.Error(t, w.MoveThread(ctx, esp, r.Thread, "members"), "it is not theirs any more")
	list, err := w.Threads(ctx, member, "members", Cursor{}, ThreadsPerPage)
	require.NoError(t, err)
	assert.Empty(t, list.Threads)
	list, err = w.Threads(ctx, member, "other", Cursor{}, ThreadsPerPage)
	require.NoError(t, err)
	require.Len(t, list.Threads, 1)
	assert.Equal(t, 2, list.Threads[0].Posts)
	assert.False(t, list.Threads[0].Pinned)
	posts, err := w.Posts(ctx, member, r.Thread, 0, PostsPerPage)
	require.NoError(t, err)
	assert.Equal(t, "Categoria members", posts.Thread.MovedFrom)
	assert.Equal(t, 1, w.count(`select count(*) from audit_entries where action = 'thread.move'`), "what changed nothing is not written down")
	_, err = w.HeldPost(ctx, esp, held)
	assert.Equal(t, errs.NotFound, errs.KindOf(err), "what waits goes with it")
	_, err = w.PublishHeld(ctx, tutor, held)
	require.NoError(t, err)

	_, err = w.pool.Exec(ctx, `update forum_categories set archived_at = now() where id = $1`, w.members)
	require.NoError(t, err)
	assert.Equal(t, errs.Invalid, errs.KindOf(w.MoveThread(ctx, tutor, r.Thread, "members")), "into an archive nothing comes")
	own := w.open(tutor, "other", "Mia", calm)
	assert.Equal(t, errs.Forbidden, errs.KindOf(w.MoveThread(ctx, tutor, own.Thread, "members")), "nobody arranges their own")
	_, err = w.pool.Exec(ctx, `update forum_categories set archived_at = case when id = $1 then null else now() end`, w.members)
	require.NoError(t, err)
	require.ErrorIs(t, w.MoveThread(ctx, tutor, r.Thread, "members"), ErrArchived, "and nothing leaves one")
}
