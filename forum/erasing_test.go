package forum

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/moderation"
)

// forget is Forget that succeeds.
func (w *town) forget(a account.Actor, posts bool) (done bool) {
	w.t.Helper()
	done, err := w.Forget(w.t.Context(), a, posts)
	require.NoError(w.t, err)
	return done
}

// texts is everything that the tables of the forum hold, in one string.
func (w *town) texts() (all string) {
	w.t.Helper()
	require.NoError(w.t, w.pool.QueryRow(w.t.Context(), `select coalesce(string_agg(x, ' '), '') from (select title x from forum_threads
		union all select source || html || coalesce(words::text, '') from forum_posts union all select title || source from forum_post_versions
		union all select word from forum_words) t`).Scan(&all))
	return all
}

// TestForget: nothing is left of what somebody wrote who asked for that: no text, no title, no earlier version, no word that only they used.
func TestForget(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	me, other := w.as(account.RoleMember), w.newAccount(w.a, account.RoleMember, "Ginepro")
	mine := w.open(me, "members", "Il glicine segreto", "La pergola di casa, primo testo.")
	_, err := w.EditPost(ctx, me, Edit{Post: mine.Post, Version: 1, Title: "Il glicine segreto", Text: "La pergola di casa, secondo testo."})
	require.NoError(t, err)
	theirs := w.open(other, "members", "Una pergola", "Una panchina al sole.")
	reply := w.answer(me, theirs.Thread, "Sotto il carrubo.")
	alone := w.open(me, "members", "Cancellato", "Il biancospino.")
	_, err = w.DeletePost(ctx, me, alone.Post)
	require.NoError(t, err)
	_ = w.answer(other, mine.Thread, "Ti leggo volentieri.")
	require.NoError(t, w.MarkRead(ctx, me, theirs.Thread, 2))
	_, err = w.IndexPosts(ctx)
	require.NoError(t, err)
	for _, said := range []string{"glicine", "segreto", "carrubo", "biancospino", "secondo", "primo"} {
		require.Contains(t, w.texts(), said)
	}

	assert.True(t, w.forget(me, true))
	assert.True(t, w.forget(me, true), "again")
	for _, said := range []string{"glicine", "segreto", "carrubo", "biancospino", "secondo", "primo"} {
		assert.NotContains(t, w.texts(), said)
	}
	assert.Contains(t, w.texts(), "pergola", "another uses the word")
	assert.Zero(t, w.count(`select count(*) from forum_reads`))
	for thread, numbers := range map[ThreadID][]bool{mine.Thread: {true, false}, theirs.Thread: {false, true}} {
		list, err := w.Posts(ctx, other, thread, 0, 10)
		require.NoError(t, err)
		require.Len(t, list.Posts, 2, "numbers stay")
		for i, deleted := range numbers {
			assert.Equal(t, deleted, list.Posts[i].State == Deleted)
		}
	}
	_, err = w.Post(ctx, w.as(account.RoleTutor), reply.Post)
	require.NoError(t, err)
	assert.Equal(t, 3, w.count(`select count(*) from audit_entries where action = 'post.erase'`), "each once")
}

// TestForget_name: who asks that only their name goes leaves their posts to those who read them.
func TestForget_name(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	me := w.as(account.RoleMember)
	mine := w.open(me, "members", "Il glicine", "La pergola di casa.")
	require.NoError(t, w.MarkRead(t.Context(), me, mine.Thread, 1))
	assert.True(t, w.forget(me, false))
	assert.Contains(t, w.texts(), "pergola")
	assert.Zero(t, w.count(`select count(*) from forum_reads`))
}

// TestForget_open: what somebody answers for is taken away from readers at once, and erased when they have closed it.
func TestForget_open(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	me, reader, tutor := w.as(account.RoleMember), w.newAccount(w.a, account.RoleMember, "Ginepro"), w.as(account.RoleTutor)
	mine := w.open(me, "members", "Il glicine", calm)
	require.NoError(t, w.moderation.FileReport(ctx, reader, moderation.Report{Subject: moderation.Subject{Kind: moderation.SubjectPost, ID: mine.Post.String()}, Reason: moderation.ReasonSpam}))
	assert.False(t, w.forget(me, true))
	_, _, err := w.Thread(ctx, reader, mine.Thread)
	require.ErrorIs(t, err, account.ErrNotFound)
	assert.Contains(t, w.texts(), "passeggiata", "moderators still need it")
	queue, err := w.moderation.Queue(ctx, tutor)
	require.NoError(t, err)
	require.Len(t, queue, 1)
	require.NoError(t, w.moderation.Claim(ctx, tutor, queue[0].ID))
	require.NoError(t, w.moderation.Decide(ctx, tutor, queue[0].ID, moderation.Decision{Kind: moderation.DecideNone}))
	assert.True(t, w.forget(me, true))
	assert.NotContains(t, w.texts(), "passeggiata")
}
