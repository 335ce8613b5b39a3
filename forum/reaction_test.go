package forum

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
)

// TestReact: a kind word is given and taken back, seen by who reads the post, and by nobody else.
func TestReact(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	member, family, esp := w.as(account.RoleMember), w.as(account.RoleFamily), w.as(account.RoleESP)
	r := w.open(member, "members", "Un titolo", calm)
	react := func(actor account.Actor, r Receipt, kind Reaction, given bool) error {
		_, err := w.React(ctx, actor, r.Post, kind, given)
		return err
	}
	before, err := w.ThreadMark(ctx, member, r.Thread, 0)
	require.NoError(t, err)
	assert.Empty(t, w.seen(family, r).Reactions)
	require.NoError(t, react(family, r, Thanks, true))
	require.NoError(t, react(family, r, Thanks, true), "again is no mistake")
	require.NoError(t, react(family, r, Understand, true))
	require.NoError(t, react(esp, r, Thanks, true))
	after, err := w.ThreadMark(ctx, member, r.Thread, 0)
	require.NoError(t, err)
	assert.NotEqual(t, before, after, "those who read see it")
	l, err := w.Posts(ctx, member, r.Thread, 0, PostsPerPage)
	require.NoError(t, err)
	assert.Equal(t, after, l.Mark, "a page is as old as it says")
	assert.ElementsMatch(t, []Reaction{Thanks, Understand}, l.Posts[0].Reactions)
	assert.Empty(t, l.Posts[0].MyReactions)
	assert.ElementsMatch(t, []Reaction{Thanks, Understand}, w.seen(family, r).MyReactions)
	_, list, err := w.ReactionsOf(ctx, member, r.Post)
	require.NoError(t, err)
	require.Len(t, list, 3)
	assert.Equal(t, "Salvia", list[0].By.Alias)
	require.NoError(t, react(family, r, Thanks, false))
	require.NoError(t, react(family, r, Thanks, false))
	assert.Equal(t, []Reaction{Understand}, w.seen(family, r).MyReactions)

	t.Run("not to oneself, and none that does not exist", func(t *testing.T) {
		require.ErrorIs(t, react(member, r, Thanks, true), account.ErrForbidden)
		require.ErrorIs(t, react(family, r, "dislike", true), ErrForm)
	})
	t.Run("who may not read the post learns and gives nothing", func(t *testing.T) {
		among := w.open(esp, "staff", "Fra noi", calm)
		require.NoError(t, react(w.as(account.RoleSenior), among, Thanks, true))
		for _, actor := range []account.Actor{member, family, w.other, w.as(account.RoleAdmin), w.as(account.RoleAuditor), w.as(account.RoleGuest), w.as(account.RoleVisitor)} {
			require.Error(t, react(actor, among, Thanks, true))
			_, list, err := w.ReactionsOf(ctx, actor, among.Post)
			require.Error(t, err)
			assert.Empty(t, list)
		}
		assert.Equal(t, 1, w.count(`select count(*) from forum_reactions where post_id = $1`, among.Post))
	})
	t.Run("a hidden post shows none, also to its moderator", func(t *testing.T) {
		hidden := w.answer(member, r.Thread, "Un'altra riga.")
		require.NoError(t, react(esp, hidden, Thanks, true))
		w.hide(hidden, "Contiene un numero di telefono.")
		require.ErrorIs(t, react(family, hidden, Thanks, true), ErrHidden)
		assert.Empty(t, w.seen(esp, hidden).Reactions)
		_, _, err := w.ReactionsOf(ctx, esp, hidden.Post)
		require.ErrorIs(t, err, account.ErrNotFound)
	})
	t.Run("they go with the text, and with who gave them", func(t *testing.T) {
		mine := w.answer(member, r.Thread, "Ancora una riga.")
		require.NoError(t, react(family, mine, Strength, true))
		_, err := w.DeletePost(ctx, member, mine.Post)
		require.NoError(t, err)
		assert.Zero(t, w.count(`select count(*) from forum_reactions where post_id = $1`, mine.Post))
		require.ErrorIs(t, react(family, mine, Strength, true), ErrDeleted)
		assert.True(t, w.forget(family, false))
		assert.Zero(t, w.count(`select count(*) from forum_reactions where account_id = $1`, family.ID))
		assert.Equal(t, []Reaction{Thanks}, w.seen(member, r).Reactions)
	})
	t.Run("many at once", func(t *testing.T) {
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() { assert.NoError(t, react(esp, r, Reactions()[i%3], i%2 == 0)) })
		}
		all.Wait()
		require.NoError(t, react(esp, r, Thanks, true))
		assert.Contains(t, w.seen(esp, r).MyReactions, Thanks)
	})
}
