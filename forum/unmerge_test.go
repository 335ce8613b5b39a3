package forum

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/errs"
)

// merge is MergeThread that succeeds.
func (w *town) merge(id, into ThreadID) {
	w.t.Helper()
	_, err := w.MergeThread(w.t.Context(), w.as(account.RoleTutor), id, into)
	require.NoError(w.t, err)
}

// mergers are what was merged into a thread, as a tutor sees it.
func (w *town) mergers(into ThreadID) []Merger {
	w.t.Helper()
	_, list, err := w.Mergers(w.t.Context(), w.as(account.RoleTutor), into)
	require.NoError(w.t, err)
	return list
}

// TestUnmergeThread: what came stands where it came from again, with all that hangs on it; what was written since stays, and every number goes on meaning what it meant.
func TestUnmergeThread(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	member, other, family, tutor := w.as(account.RoleMember), w.newAccount(w.a, account.RoleMember, "Un altro"), w.as(account.RoleFamily), w.as(account.RoleTutor)
	follower := w.newAccount(w.a, account.RoleMember, "Chi segue")
	a, b := w.open(member, "members", "La prima", calm), w.open(other, "members", "Il glicine", "Apre la seconda.")
	inB := []Receipt{b, w.answer(family, b.Thread, "Due in B."), w.answer(other, b.Thread, "Tre in B.")}
	_, err := w.MarkAnswer(ctx, other, inB[1].Post)
	require.NoError(t, err)
	require.NoError(t, w.Subscribe(ctx, follower, b.Thread, true))
	require.NoError(t, w.MarkRead(ctx, follower, b.Thread, 1))
	w.holds(account.Holding{First: 20})
	held := w.write(family, b.Thread, "Aspetta in B.")
	w.holds(account.Holding{})
	w.keep(family, Keep{Thread: b.Thread, Text: "Stavo scrivendo in B.", CID: newCID()})
	w.merge(b.Thread, a.Thread)
	w.answer(member, a.Thread, "Dopo, in A.")
	require.NoError(t, w.MarkRead(ctx, tutor, a.Thread, 3))

	list := w.mergers(a.Thread)
	require.Len(t, list, 1)
	assert.Equal(t, []any{"Il glicine", 2, 4, 3, nil}, []any{list[0].Title, list[0].First, list[0].Last, list[0].Posts, list[0].Why})
	in := Unmerge{Into: a.Thread, Thread: b.Thread, Title: "Il glicine"}
	for role, actor := range w.roles {
		if role == account.RoleESP || role == account.RoleTutor {
			continue
		}
		_, err := w.UnmergeThread(ctx, actor, in)
		assert.Contains(t, []errs.Kind{errs.NotFound, errs.Forbidden, errs.Unauthenticated}, errs.KindOf(err), role)
		_, _, err = w.Mergers(ctx, actor, a.Thread)
		assert.Error(t, err, role)
	}
	_, err = w.UnmergeThread(ctx, w.other, in)
	require.ErrorIs(t, err, account.ErrNotFound)
	_, err = w.UnmergeThread(ctx, tutor, Unmerge{Into: a.Thread, Thread: b.Thread})
	assert.Equal(t, errs.Invalid, errs.KindOf(err), "no title")
	_, err = w.UnmergeThread(ctx, tutor, Unmerge{Into: b.Thread, Thread: a.Thread, Title: "Al contrario"})
	require.ErrorIs(t, err, account.ErrNotFound)

	// Several at once, while somebody answers: it happens once.
	var work sync.WaitGroup
	var wrote atomic.Int32
	for range 4 {
		work.Go(func() { _, err := w.UnmergeThread(ctx, tutor, in); assert.NoError(t, err, "again is no mistake") })
		work.Go(func() {
			_, err := w.WritePost(ctx, member, NewPost{Thread: a.Thread, Text: "Mentre si divide.", CID: newCID()})
			if assert.NoError(t, err) {
				wrote.Add(1)
			}
		})
	}
	work.Wait()
	w.sound()
	assert.Equal(t, 1, w.count(`select count(*) from audit_entries where action = 'thread.unmerge'`))
	posts, former := w.numbers(member, b.Thread)
	assert.Equal(t, []int{1, 2, 3}, posts)
	assert.Empty(t, former)
	posts, former = w.numbers(member, a.Thread)
	assert.Equal(t, []int{2, 3, 4}, former)
	assert.Equal(t, []int{1, 5}, posts[:2], "what was written since keeps its number")
	assert.Len(t, posts, 2+int(wrote.Load()))
	back := w.threadOf(follower, b.Thread)
	assert.Equal(t, []any{"Il glicine", 2, 1, true}, []any{back.Title, back.Answer, back.Read, back.Followed})
	assert.False(t, w.threadOf(follower, a.Thread).Followed, "who came with it does not follow the other")
	assert.True(t, w.threadOf(member, a.Thread).Followed)
	assert.Equal(t, 2, w.threadOf(tutor, b.Thread).Read, "who read it there has read it")
	h, err := w.HeldPost(ctx, tutor, held)
	require.NoError(t, err)
	assert.Equal(t, b.Thread, h.Thread)
	d, err := w.DraftOf(ctx, family, b.Thread, "", DraftID{})
	require.NoError(t, err)
	assert.Equal(t, "Stavo scrivendo in B.", d.Text)
	_, _, err = w.Merged(ctx, member, b.Thread, 0)
	assert.ErrorIs(t, err, account.ErrNotFound, "its address is its own")
	_, err = w.IndexPosts(ctx)
	require.NoError(t, err)
	found := w.look(member, Query{Text: "glicine"}).Found
	require.Len(t, found, 1)
	assert.Equal(t, b.Thread, found[0].Thread)

	// Merged and taken back once more, it is the same, further on.
	w.merge(b.Thread, a.Thread)
	w.sound()
	_, err = w.UnmergeThread(ctx, tutor, in)
	require.NoError(t, err)
	w.sound()
	assert.Empty(t, w.mergers(a.Thread))
}

// TestUnmergeThread_stands: what stands against it is said: an opening that was split off, or is one's own, and an archive. What its author deleted is not shown again.
func TestUnmergeThread_stands(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	member, family, esp, tutor := w.as(account.RoleMember), w.as(account.RoleFamily), w.as(account.RoleESP), w.as(account.RoleTutor)
	a := w.open(member, "members", "La prima", calm).Thread
	open := func(who account.Actor, title string) Receipt {
		r := w.open(who, "members", title, "Apre "+title)
		w.answer(member, r.Thread, "Risponde a "+title)
		return r
	}
	split, own, deleted, chain, old := open(family, "Divisa"), open(esp, "Di chi modera"), open(family, "Tolta"), open(family, "Catena"), open(family, "Antica")
	for _, r := range []Receipt{split, own, deleted, old} {
		w.merge(r.Thread, a)
	}
	_, err := w.DeletePost(ctx, family, deleted.Post)
	require.NoError(t, err)
	assert.Zero(t, w.count(`select count(*) from forum_threads where merged_title = 'Tolta'`), "its title was its author's too")
	_, err = w.pool.Exec(ctx, `update forum_threads set merged_title = '', merged_opening = null where id = $1`, old.Thread)
	require.NoError(t, err)
	w.splitOff(tutor, w.splits(a, "2"))

	list := w.mergers(a)
	require.Len(t, list, 4)
	assert.Equal(t, []error{ErrOpeningElsewhere, nil, nil, nil}, []error{list[0].Why, list[1].Why, list[2].Why, list[3].Why})
	assert.Equal(t, []int{1, 2, 2, 2}, []int{list[0].Posts, list[1].Posts, list[2].Posts, list[3].Posts})
	assert.Equal(t, []any{Deleted, ""}, []any{list[2].Opening, list[3].Title})
	undo := func(actor account.Actor, id ThreadID, title string) error {
		_, err := w.UnmergeThread(ctx, actor, Unmerge{Into: a, Thread: id, Title: title})
		return err
	}
	require.ErrorIs(t, undo(tutor, split.Thread, "Divisa"), ErrOpeningElsewhere)
	require.ErrorIs(t, undo(esp, own.Thread, "Di chi modera"), ErrOpenedByOneself)
	require.NoError(t, undo(tutor, deleted.Thread, "Un titolo"))
	assert.Empty(t, w.threadOf(member, deleted.Thread).Title)
	assert.Zero(t, w.count(`select count(*) from forum_threads where title = 'Un titolo'`))
	require.NoError(t, undo(tutor, old.Thread, "Un altro titolo"), "from before titles were kept")
	assert.Equal(t, "Un altro titolo", w.threadOf(member, old.Thread).Title)
	w.sound()

	// One after the other: the way leads over both, and back over one.
	w.merge(chain.Thread, deleted.Thread)
	w.merge(deleted.Thread, a)
	into, _, err := w.Merged(ctx, member, chain.Thread, 0)
	require.NoError(t, err)
	assert.Equal(t, a, into)
	w.category(w.a, "other", ForMembers)
	require.NoError(t, w.LockThread(ctx, esp, a, why))
	require.NoError(t, w.MoveThread(ctx, tutor, a, "other"))
	require.NoError(t, undo(tutor, deleted.Thread, ""))
	into, _, err = w.Merged(ctx, member, chain.Thread, 0)
	require.NoError(t, err)
	assert.Equal(t, deleted.Thread, into)
	there, c, err := w.Thread(ctx, member, deleted.Thread)
	require.NoError(t, err)
	assert.Equal(t, []any{"other", "Categoria members", true, why}, []any{c.Slug, there.MovedFrom, there.Locked, there.LockedReason}, "it stands where its posts stood")
	w.sound()
}

// TestUnmergeThread_long: ten thousand posts go back as one.
func TestUnmergeThread_long(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	const many = 10_000
	long, into := w.plant(w.members, "Lunghissima", time.Now().Add(-240*time.Hour), many), w.open(w.as(account.RoleMember), "members", "Un'altra", calm)
	w.merge(long, into.Thread)
	require.NoError(t, w.MarkRead(ctx, w.as(account.RoleESP), into.Thread, 5001))
	_, err := w.UnmergeThread(ctx, w.as(account.RoleTutor), Unmerge{Into: into.Thread, Thread: long, Title: "Lunghissima"})
	require.NoError(t, err)
	back := w.threadOf(w.as(account.RoleESP), long)
	assert.Equal(t, []int{many, 5000}, []int{back.Count(), back.Read})
	w.sound()
}

// TestMigrateUnmerge: what was merged before can be taken back too, under a new title.
func TestMigrateUnmerge(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	member := w.as(account.RoleMember)
	a, b := w.open(member, "members", "La prima", calm).Thread, w.open(w.as(account.RoleFamily), "members", "La seconda", calm).Thread
	w.keep(member, Keep{Thread: b, Text: "Stavo scrivendo.", CID: newCID()})
	w.merge(b, a)
	w.migrateFrom(23)
	_, err := w.UnmergeThread(ctx, w.as(account.RoleTutor), Unmerge{Into: a, Thread: b, Title: "Un titolo"})
	require.NoError(t, err)
	w.sound()
}
