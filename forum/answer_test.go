package forum

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/errs"
)

// TestMarkAnswer: who asked says which post answers, or who moderates does; it is shown while that post can be read.
func TestMarkAnswer(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	asker, esp, tutor, family := w.as(account.RoleMember), w.as(account.RoleESP), w.as(account.RoleTutor), w.as(account.RoleFamily)
	r := w.open(asker, "members", "Chi sa?", calm)
	first, second := w.answer(esp, r.Thread, "Così."), w.answer(tutor, r.Thread, "O così.")
	now := func(actor account.Actor) int {
		thread, _, err := w.Thread(ctx, actor, r.Thread)
		require.NoError(t, err)
		list, err := w.Threads(ctx, actor, "members", Cursor{}, 10)
		require.NoError(t, err)
		assert.Equal(t, thread.Answer, list.Threads[0].Answer)
		return thread.Answer
	}
	mark := func() string {
		m, err := w.ThreadMark(ctx, asker, r.Thread, 0)
		require.NoError(t, err)
		return m
	}
	assert.Zero(t, now(asker))
	before := mark()
	got, err := w.MarkAnswer(ctx, asker, first.Post)
	require.NoError(t, err)
	assert.Equal(t, first.Number, got.Number)
	_, err = w.MarkAnswer(ctx, asker, first.Post)
	require.NoError(t, err, "again is no mistake")
	assert.Equal(t, 1, w.count(`select count(*) from audit_entries where action = 'thread.answered'`))
	assert.Equal(t, first.Number, now(esp))
	assert.NotEqual(t, before, mark(), "open pages hear of it")
	l, err := w.Posts(ctx, esp, r.Thread, 0, 10)
	require.NoError(t, err)
	assert.Equal(t, l.Mark, mark(), "the page and the look agree")
	assert.True(t, l.MayAnswer)

	_, err = w.UnmarkAnswer(ctx, asker, second.Post)
	require.NoError(t, err)
	assert.Equal(t, first.Number, now(asker), "it was not the other")
	_, err = w.MarkAnswer(ctx, tutor, second.Post)
	require.NoError(t, err)
	assert.Equal(t, second.Number, now(asker), "one in place of another")

	w.hide(second, "Non qui.")
	assert.Zero(t, now(asker), "what cannot be read answers nothing")
	_, err = w.MarkAnswer(ctx, asker, second.Post)
	require.ErrorIs(t, err, ErrNoAnswer)
	_, err = w.MarkAnswer(ctx, asker, r.Post)
	require.ErrorIs(t, err, ErrNoAnswer, "a question is not its own answer")
	require.NoError(t, w.LockThread(ctx, tutor, r.Thread, "È tutto detto."))
	_, err = w.MarkAnswer(ctx, asker, first.Post)
	require.ErrorIs(t, err, ErrLocked)
	_, err = w.MarkAnswer(ctx, esp, first.Post)
	require.NoError(t, err, "who moderates may where nobody writes any more")

	for name, actor := range map[string]account.Actor{"who may not read it": family, "a visitor": account.Visitor(asker.Service)} {
		for _, post := range []PostID{first.Post, {9}} {
			_, err = w.MarkAnswer(ctx, actor, post)
			assert.Contains(t, []errs.Kind{errs.NotFound, errs.Unauthenticated}, errs.KindOf(err), name)
		}
	}
	own := w.open(esp, "members", "Mia", calm)
	theirs := w.answer(asker, own.Thread, "Ecco.")
	_, err = w.MarkAnswer(ctx, asker, theirs.Post)
	require.Equal(t, errs.NotFound, errs.KindOf(err), "a reader who neither asked nor moderates")
	_, err = w.UnmarkAnswer(ctx, asker, theirs.Post)
	require.Equal(t, errs.NotFound, errs.KindOf(err))
}
