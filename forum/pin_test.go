package forum

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
)

// TestPinThread: what is pinned stands first, once, on the newest page alone, whatever is written elsewhere.
func TestPinThread(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	member, tutor := w.as(account.RoleMember), w.as(account.RoleTutor)
	var threads []Receipt
	for range MaxPinned + 3 {
		threads = append(threads, w.open(member, "members", "Un titolo", calm))
	}
	list := func(before Cursor, limit int) (ids []ThreadID, older Cursor) {
		l, err := w.Threads(ctx, member, "members", before, limit)
		require.NoError(t, err)
		for _, v := range l.Threads {
			ids = append(ids, v.ID)
		}
		return ids, l.Older
	}
	require.NoError(t, w.PinThread(ctx, w.as(account.RoleESP), threads[1].Thread))
	require.NoError(t, w.PinThread(ctx, tutor, threads[0].Thread))
	require.NoError(t, w.PinThread(ctx, tutor, threads[0].Thread), "again is no mistake")
	assert.Equal(t, 2, w.count(`select count(*) from audit_entries where action = 'thread.pin'`))
	first, older := list(Cursor{}, 2)
	require.Len(t, first, 4, "those that stand first do not take the others' room")
	assert.Equal(t, []ThreadID{threads[1].Thread, threads[0].Thread}, first[:2])
	seen := map[ThreadID]bool{}
	for {
		for _, id := range first {
			assert.False(t, seen[id], "shown twice")
			seen[id] = true
		}
		if older == (Cursor{}) {
			break
		}
		first, older = list(older, 2)
	}
	assert.Len(t, seen, len(threads))

	t.Run("no more than a few, also when two pin at once", func(t *testing.T) {
		var all sync.WaitGroup
		for _, r := range threads {
			all.Go(func() {
				if err := w.PinThread(ctx, tutor, r.Thread); err != nil {
					assert.ErrorIs(t, err, ErrTooManyPinned)
				}
			})
		}
		all.Wait()
		assert.Equal(t, MaxPinned, w.count(`select count(*) from forum_threads where pinned_at is not null`))
	})
	require.NoError(t, w.UnpinThread(ctx, tutor, threads[1].Thread))
	first, _ = list(Cursor{}, 2)
	assert.Equal(t, threads[0].Thread, first[0])
	own := w.open(w.as(account.RoleESP), "members", "Mio", calm)
	assert.ErrorIs(t, w.PinThread(ctx, w.as(account.RoleESP), own.Thread), account.ErrForbidden, "nobody puts their own first")

	_, err := w.pool.Exec(ctx, `update forum_categories set archived_at = $2 where id = $1`, w.members, time.Now())
	require.NoError(t, err)
	assert.ErrorIs(t, w.PinThread(ctx, tutor, threads[7].Thread), ErrArchived)
	require.NoError(t, w.UnpinThread(ctx, tutor, threads[0].Thread))
}
