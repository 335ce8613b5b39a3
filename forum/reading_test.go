package forum

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/ids"
	"ponti/internal/pg"
)

// TestPostsAndDraft: with a page of a thread comes what DraftOf gives for an answer there: nobody else's, and nothing while the reader may not write.
func TestPostsAndDraft(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	me, other := w.as(account.RoleMember), w.as(account.RoleFamily)
	thread, elsewhere := w.open(other, "members", "Il fiume", calm).Thread, w.open(other, "members", "Il lago", calm).Thread
	w.keep(me, Keep{Thread: thread, Text: "La prima", CID: newCID()})
	w.keep(me, Keep{Thread: thread, Text: "La seconda", CID: newCID()})
	w.keep(me, Keep{Thread: elsewhere, Text: "Di un'altra", CID: newCID()})
	list := w.drafts(me)
	require.Len(t, list, 3)

	for name, tt := range map[string]struct {
		actor  account.Actor
		thread ThreadID
		asked  DraftID
		want   string
	}{
		"the latest":                   {me, thread, DraftID{}, "La seconda"},
		"the one that a link asks for": {me, thread, list[2].ID, "La prima"},
		"one of another thread":        {me, thread, list[0].ID, ""},
		"somebody else's":              {other, thread, list[1].ID, ""},
		"none":                         {other, thread, DraftID{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			l, d, err := w.PostsAndDraft(ctx, tt.actor, tt.thread, 0, PostsPerPage, tt.asked)
			require.NoError(t, err)
			assert.Equal(t, "Il fiume", l.Thread.Title)
			assert.Len(t, l.Posts, 1)
			assert.Equal(t, tt.want, d.Text)
			want, err := w.DraftOf(ctx, tt.actor, tt.thread, "", tt.asked)
			require.NoError(t, err)
			assert.Equal(t, want, d)
		})
	}
	_, _, err := w.PostsAndDraft(ctx, w.other, thread, 0, PostsPerPage, DraftID{})
	require.ErrorIs(t, err, account.ErrNotFound, "another service's")
	require.NoError(t, w.LockThread(ctx, w.as(account.RoleESP), thread, why))
	_, d, err := w.PostsAndDraft(ctx, me, thread, 0, PostsPerPage, DraftID{})
	require.NoError(t, err)
	assert.Zero(t, d)
}

// TestOneExchange_failed: when the database does not answer, a page is an error and never half of one.
func TestOneExchange_failed(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	thread := w.open(w.as(account.RoleMember), "members", "Il fiume", calm).Thread
	_, err := w.pool.Exec(t.Context(), `alter table forum_posts rename column changes to gone`)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for range 2 {
		l, err := w.Posts(ctx, w.as(account.RoleMember), thread, 0, PostsPerPage)
		require.ErrorContains(t, err, "changes")
		assert.Zero(t, l)
	}
}

// TestMutedWordsOnAPage: a text as it was typed is read for whoever looks for words in it, and for nobody else.
func TestMutedWordsOnAPage(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	me, other := w.as(account.RoleMember), w.as(account.RoleFamily)
	thread := w.open(w.as(account.RoleESP), "members", "Il fiume", "Una passeggiata.").Thread
	w.answer(other, thread, "Sul glicine.")
	require.NoError(t, w.ChangeFilters(ctx, me, "glicine", false))
	for _, actor := range []account.Actor{me, other} {
		read, err := w.selectThreadPage(ctx, actor, thread, 0, PostsPerPage, nil)
		require.NoError(t, err)
		l, err := w.Posts(ctx, actor, thread, 0, PostsPerPage)
		require.NoError(t, err)
		assert.Equal(t, actor == me, read.posts[1].Source == "Sul glicine.")
		assert.Equal(t, actor == me, l.Posts[1].Muted == MutedWord)
		assert.NotEmpty(t, l.Posts[1].HTML)
	}
}

// TestNamesOfAPage: who wrote what came while a page was read is named too, and who has no name is asked for nowhere.
func TestNamesOfAPage(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	member, family := w.as(account.RoleMember), w.as(account.RoleFamily)
	thread := w.open(member, "members", "Un titolo", "Un testo.").Thread
	w.answer(family, thread, "Una risposta.")
	read, err := w.selectThreadPage(t.Context(), member, thread, 0, PostsPerPage, nil)
	require.NoError(t, err)
	names := map[account.ID]account.Public{member.ID: read.names[member.ID]}
	require.NoError(t, w.nameAll(t.Context(), names, []account.ID{member.ID, {}, family.ID}))
	assert.Len(t, names, 2)
	assert.Equal(t, read.names, names)
}

// TestMigrateReads: what was read stays, and is still of no other service than its reader.
func TestMigrateReads(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	member := w.as(account.RoleMember)
	thread := w.open(member, "members", "Un titolo", "Un testo.").Thread
	require.NoError(t, w.MarkRead(ctx, member, thread, 1))
	w.migrateFrom(33)
	l, err := w.Posts(ctx, member, thread, 0, PostsPerPage)
	require.NoError(t, err)
	assert.Equal(t, 1, l.Thread.Read)
	_, err = w.pool.Exec(ctx, `update forum_reads set service_id = $1`, w.b)
	assert.Equal(t, "forum_reads_account", pg.Constraint(err))
	_, err = w.pool.Exec(ctx, `update forum_reads set service_id = $1`, ids.New[account.Service]())
	assert.Equal(t, "forum_reads_account", pg.Constraint(err))
}
