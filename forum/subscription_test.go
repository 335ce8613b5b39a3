package forum

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
)

// news are the titles of what is new to somebody, with how many posts.
func (w *town) news(actor account.Actor) map[string]int {
	w.t.Helper()
	list, err := w.News(w.t.Context(), actor)
	require.NoError(w.t, err)
	out := map[string]int{}
	for _, n := range list {
		out[n.Thread.Title] = n.Thread.Posts - n.Thread.Read
	}
	return out
}

// TestSubscriptions: whoever writes somewhere, or asks for it, hears what is new there until they say no; and nobody hears of what they may not read.
func TestSubscriptions(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	member, family, esp := w.as(account.RoleMember), w.as(account.RoleFamily), w.as(account.RoleESP)
	river := w.open(member, "members", "Il fiume", calm).Thread
	lake := w.open(family, "members", "Il lago", calm).Thread
	home := w.open(family, "family", "Tra noi", calm).Thread
	read := func(actor account.Actor, id ThreadID) {
		t.Helper()
		require.NoError(t, w.MarkRead(ctx, actor, id, 1000))
	}
	read(member, river)
	read(family, lake)
	read(family, home)
	assert.Empty(t, w.news(member))

	w.answer(family, river, calm)
	w.answer(esp, river, calm)
	w.answer(esp, lake, calm)
	assert.Equal(t, map[string]int{"Il fiume": 2}, w.news(member), "who wrote there follows it")
	read(member, river)
	assert.Empty(t, w.news(member))
	require.NoError(t, w.Subscribe(ctx, member, lake, true))
	require.NoError(t, w.Subscribe(ctx, member, lake, true), "again is no mistake")
	assert.Equal(t, map[string]int{"Il lago": 2}, w.news(member))
	l, err := w.Posts(ctx, member, lake, 0, 1)
	require.NoError(t, err)
	assert.True(t, l.Thread.Followed)

	// Who said no stays out of it, also when they write there again.
	require.NoError(t, w.Subscribe(ctx, member, river, false))
	w.answer(member, river, calm)
	w.answer(esp, river, calm)
	assert.NotContains(t, w.news(member), "Il fiume")

	// Nothing of what one may not read: neither to follow, nor when one could once.
	require.ErrorIs(t, w.Subscribe(ctx, member, home, true), account.ErrNotFound)
	require.ErrorIs(t, w.Subscribe(ctx, w.other, river, true), account.ErrNotFound)
	for _, role := range []account.Role{account.RoleVisitor, account.RoleGuest, account.RoleAdmin, account.RoleAuditor} {
		require.Error(t, w.Subscribe(ctx, w.as(role), river, true), role)
		_, err := w.News(ctx, w.as(role))
		require.Error(t, err, role)
	}
	w.answer(esp, home, calm)
	assert.Contains(t, w.news(family), "Tra noi")
	was := family
	was.Role = account.RoleMember
	assert.NotContains(t, w.news(was), "Tra noi")
	first, err := w.Posts(ctx, esp, lake, 0, 1)
	require.NoError(t, err)
	w.hide(Receipt{Post: first.Posts[0].ID, Thread: lake, Number: 1}, "Un nome vero")
	assert.Equal(t, map[string]int{"": 2}, w.news(member), "a hidden title is not told")

	require.True(t, w.forget(member, false))
	assert.Empty(t, w.news(member))
	var left int
	require.NoError(t, w.pool.QueryRow(ctx, `select count(*) from forum_subscriptions where account_id = $1`, member.ID).Scan(&left))
	assert.Zero(t, left)
}

// TestSubscribeAtOnce: two windows that follow and write at the same time leave one subscription.
func TestSubscribeAtOnce(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	me := w.as(account.RoleMember)
	thread := w.open(w.as(account.RoleFamily), "members", "Il fiume", calm).Thread
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() { assert.NoError(t, w.Subscribe(t.Context(), me, thread, true)) })
		all.Go(func() {
			_, err := w.WritePost(t.Context(), me, NewPost{Thread: thread, Text: calm, CID: newCID()})
			assert.NoError(t, err)
		})
	}
	all.Wait()
	assert.Equal(t, map[string]int{"Il fiume": 7}, w.news(me))
	require.NoError(t, w.Subscribe(t.Context(), me, thread, false))
	assert.Empty(t, w.news(me))
}
