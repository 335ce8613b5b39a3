package forum

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/errs"
)

// TestMergeThread: every post is there once, in its order, behind the others; every old address leads to it; who followed, read or was writing goes along.
func TestMergeThread(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	member, other, esp, tutor := w.as(account.RoleMember), w.newAccount(w.a, account.RoleMember, "Un altro"), w.as(account.RoleESP), w.as(account.RoleTutor)
	a, b := w.open(member, "members", "La prima", calm), w.open(other, "members", "La seconda", "Apre la seconda.")
	w.answer(other, a.Thread, "Risposta in A.")
	inB := []Receipt{b, w.answer(member, b.Thread, "Due in B."), w.answer(esp, b.Thread, "Tre in B.")}
	_, err := w.MarkAnswer(ctx, other, inB[1].Post)
	require.NoError(t, err)
	require.NoError(t, w.Subscribe(ctx, tutor, b.Thread, true))
	for _, thread := range []Receipt{a, b} {
		require.NoError(t, w.MarkRead(ctx, tutor, thread.Thread, 3))
	}
	_, err = w.KeepDraft(ctx, member, Keep{Thread: b.Thread, Text: "Stavo scrivendo.", CID: newCID()})
	require.NoError(t, err)

	for name, actor := range map[string]account.Actor{"who opened one of them": other, "a reader": member, "another service's": w.other} {
		_, err := w.MergeThread(ctx, actor, b.Thread, a.Thread)
		assert.Contains(t, []errs.Kind{errs.NotFound, errs.Forbidden}, errs.KindOf(err), name)
	}
	elsewhere := w.open(w.as(account.RoleSenior), "staff", "Tra noi", calm)
	own := w.open(esp, "members", "Di chi modera", calm)
	for name, into := range map[string]ThreadID{"itself": b.Thread, "none": {9}, "another category": elsewhere.Thread, "one's own": own.Thread} {
		_, err := w.MergeThread(ctx, esp, b.Thread, into)
		assert.Equal(t, errs.Invalid, errs.KindOf(err), name)
	}

	// Eight at once, in both directions, and somebody who answers meanwhile: it happens once, and no word is lost.
	var all sync.WaitGroup
	var mu sync.Mutex
	done, written := 0, 0
	for i := range 8 {
		all.Go(func() {
			if _, err := w.MergeThread(ctx, tutor, b.Thread, a.Thread); err == nil {
				mu.Lock()
				done++
				mu.Unlock()
			}
		})
		all.Go(func() {
			_, err := w.WritePost(ctx, member, NewPost{Thread: b.Thread, Text: "Mentre si unisce.", CID: newCID()})
			if err == nil {
				mu.Lock()
				written++
				mu.Unlock()
			} else {
				assert.True(t, errors.Is(err, account.ErrNotFound) || errors.Is(err, ErrLocked), "%d: %v", i, err)
			}
		})
	}
	all.Wait()
	require.Equal(t, 1, done)
	list, err := w.Posts(ctx, member, a.Thread, 0, 100)
	require.NoError(t, err)
	require.Len(t, list.Posts, 5+written)
	assert.Equal(t, 5+written, list.Thread.Posts)
	for i, p := range list.Posts {
		assert.Equal(t, i+1, p.Number, "no number is missing")
	}
	for i, r := range inB {
		assert.Equal(t, r.Post, list.Posts[2+i].ID)
		into, after, err := w.Merged(ctx, member, b.Thread, r.Number-1)
		require.NoError(t, err)
		assert.Equal(t, a.Thread, into)
		assert.Equal(t, 2+i, after)
		one, err := w.Post(ctx, member, r.Post)
		require.NoError(t, err)
		assert.Equal(t, a.Thread, one.Thread.ID, "its own address leads there too")
	}
	assert.Equal(t, 4, list.Thread.Answer, "what answered it still does")
	_, err = w.Posts(ctx, member, b.Thread, 0, 10)
	assert.ErrorIs(t, err, account.ErrNotFound)
	_, _, err = w.Merged(ctx, w.other, b.Thread, 0)
	assert.ErrorIs(t, err, account.ErrNotFound, "who may not read there learns nothing")
	_, _, err = w.Merged(ctx, member, a.Thread, 0)
	assert.ErrorIs(t, err, account.ErrNotFound)
	assert.Zero(t, w.count(`select count(*) from forum_threads where merged_into is not null and title <> ''`))
	seen, _, err := w.Thread(ctx, tutor, a.Thread)
	require.NoError(t, err)
	assert.True(t, seen.Followed)
	kept, err := w.DraftOf(ctx, member, a.Thread, "", DraftID{})
	require.NoError(t, err)
	assert.Equal(t, "Stavo scrivendo.", kept.Text)
	assert.Equal(t, 1, w.count(`select count(*) from audit_entries where action = 'thread.merge'`))

	// The other one goes on in turn: old addresses find the way over both.
	c := w.open(other, "members", "La terza", calm)
	_, err = w.MergeThread(ctx, tutor, a.Thread, c.Thread)
	require.NoError(t, err)
	into, after, err := w.Merged(ctx, member, b.Thread, 0)
	require.NoError(t, err)
	assert.Equal(t, c.Thread, into)
	assert.Equal(t, 3, after)
	_, err = w.MergeThread(ctx, tutor, c.Thread, b.Thread)
	assert.Equal(t, errs.Invalid, errs.KindOf(err), "no circle")
}

// TestMergeThread_long: ten thousand posts go along as one.
func TestMergeThread_long(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	const many = 10_000
	long, into := w.plant(w.members, "Lunghissima", time.Now().Add(-time.Hour), many), w.open(w.as(account.RoleMember), "members", "Un'altra", calm)
	r, err := w.MergeThread(ctx, w.as(account.RoleTutor), long, into.Thread)
	require.NoError(t, err)
	assert.Equal(t, 2, r.Number)
	assert.Equal(t, many+1, w.count(`select count(*) from forum_posts where thread_id = $1 and number between 1 and $2`, into.Thread, many+1))
	l, err := w.Posts(ctx, w.as(account.RoleMember), into.Thread, many-10, 50)
	require.NoError(t, err)
	assert.Len(t, l.Posts, 11)
	_, after, err := w.Merged(ctx, w.as(account.RoleMember), long, 9_000)
	require.NoError(t, err)
	assert.Equal(t, 9_001, after)
}
