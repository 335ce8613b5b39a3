package forum

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/pg"
)

// splits is a form to split a thread as it stands.
func (w *town) splits(t ThreadID, chosen string) Split {
	return Split{
		Thread: t, Chosen: ParseChosen(chosen), Title: "Una cosa a parte", Category: "members", CID: newCID(),
		Elsewhere: w.count(`select count(*) from forum_former_places where thread_id = $1`, t),
	}
}

// splitOff is SplitThread that succeeds.
func (w *town) splitOff(actor account.Actor, in Split) ThreadID {
	w.t.Helper()
	r, err := w.SplitThread(w.t.Context(), actor, in)
	require.NoError(w.t, err)
	require.Equal(w.t, 1, r.Number)
	return r.Thread
}

// numbers are those of the posts of a thread, and of its former places.
func (w *town) numbers(actor account.Actor, id ThreadID) (posts, former []int) {
	w.t.Helper()
	l, err := w.Posts(w.t.Context(), actor, id, 0, 100)
	require.NoError(w.t, err)
	for _, p := range l.Posts {
		posts = append(posts, p.Number)
	}
	for _, p := range l.Former {
		former = append(former, p.Number)
	}
	return posts, former
}

func (w *town) threadOf(actor account.Actor, id ThreadID) Thread {
	w.t.Helper()
	t, _, err := w.Thread(w.t.Context(), actor, id)
	require.NoError(w.t, err)
	return t
}

// TestSplitThread: the chosen posts are a thread of their own with all that hangs on them; every old number leads to its post and to no other.
func TestSplitThread(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	member, family, esp, tutor := w.as(account.RoleMember), w.as(account.RoleFamily), w.as(account.RoleESP), w.as(account.RoleTutor)
	all := []Receipt{w.open(member, "members", "Le mattine", "La ginestra apre.")}
	for i, who := range []account.Actor{family, esp, member, family, member, esp, member, family} {
		all = append(all, w.answer(who, all[0].Thread, "Risposta con il glicine "+strings.Repeat("i", i+1)))
	}
	a := all[0].Thread
	late := w.newAccount(w.a, account.RoleMember, "Tardi")
	for who, number := range map[account.Actor]int{member: 9, family: 4, late: 2} {
		require.NoError(t, w.MarkRead(ctx, who, a, number))
	}
	require.NoError(t, w.Subscribe(ctx, family, a, false))
	require.NoError(t, w.Subscribe(ctx, late, a, true))
	_, err := w.MarkAnswer(ctx, member, all[4].Post)
	require.NoError(t, err)
	_, err = w.React(ctx, family, all[3].Post, Thanks, true)
	require.NoError(t, err)
	_, err = w.NotePost(ctx, tutor, all[3].Post, []ContentNote{NoteLoss})
	require.NoError(t, err)
	w.hide(all[4], "Contiene un numero di telefono.")
	_, err = w.DeletePost(ctx, member, all[5].Post)
	require.NoError(t, err)
	_, err = w.IndexPosts(ctx)
	require.NoError(t, err)
	before, err := w.ThreadMark(ctx, member, a, 0)
	require.NoError(t, err)

	b := w.splitOff(tutor, w.splits(a, "1,4-6,9")) // the first stays, whatever was chosen
	posts, former := w.numbers(member, a)
	assert.Equal(t, []int{1, 2, 3, 7, 8}, posts)
	assert.Equal(t, []int{4, 5, 6, 9}, former)
	posts, former = w.numbers(member, b)
	assert.Equal(t, []int{1, 2, 3, 4}, posts)
	assert.Empty(t, former)
	for i, moved := range []int{3, 4, 5, 8} {
		o, err := w.Post(ctx, tutor, all[moved].Post)
		require.NoError(t, err)
		assert.Equal(t, []any{b, i + 1}, []any{o.Thread.ID, o.Post.Number}, "its own address leads there")
	}
	l, err := w.Posts(ctx, member, a, 0, 50)
	require.NoError(t, err)
	assert.Equal(t, all[3].Post, l.Former[0].Post)
	assert.Equal(t, "Una cosa a parte", l.Former[0].Thread.Title)
	assert.NotEqual(t, before, l.Mark, "an open page learns of it")
	mark, err := w.ThreadMark(ctx, member, a, 0)
	require.NoError(t, err)
	assert.Equal(t, mark, l.Mark)
	there, err := w.Posts(ctx, family, b, 0, 50)
	require.NoError(t, err)
	assert.Equal(t, []ContentNote{NoteLoss}, there.Posts[0].Notes)
	assert.Equal(t, []Reaction{Thanks}, there.Posts[0].MyReactions)
	assert.Equal(t, []State{Shown, Hidden, Deleted, Shown}, []State{there.Posts[0].State, there.Posts[1].State, there.Posts[2].State, there.Posts[3].State})
	assert.Equal(t, "Contiene un numero di telefono.", there.Posts[1].Reason, "its author still reads why")
	assert.Equal(t, member.ID, w.authorOf(b), "who wrote its first post opened it")
	assert.Equal(t, a, there.Thread.SplitFrom)
	assert.Zero(t, there.Thread.Answer)

	// Who had read it has, and no more.
	old := w.threadOf(late, a)
	assert.Equal(t, []int{5, 2, 3}, []int{old.Count(), old.Read, old.New()}, "of 3 to 9, four stand elsewhere")
	assert.Equal(t, []int{4, 4, 0}, []int{w.threadOf(member, b).Count(), w.threadOf(member, b).Read, w.threadOf(member, b).New()})
	assert.Equal(t, []int{1, 3}, []int{w.threadOf(family, b).Read, w.threadOf(family, b).New()})
	assert.Zero(t, w.threadOf(late, b).Read)
	// Who wrote what went along follows it as they did; who only followed does not.
	assert.True(t, w.threadOf(member, b).Followed)
	assert.False(t, w.threadOf(family, b).Followed)
	assert.False(t, w.threadOf(late, b).Followed)

	// A new post takes no number that was given before, nor does one elsewhere.
	assert.Equal(t, 10, w.answer(late, a, "Dopo.").Number)
	assert.Equal(t, 5, w.answer(late, b, "Dopo, di là.").Number)
	assert.Equal(t, 1, w.threadOf(member, a).New())
	require.NoError(t, w.MarkRead(ctx, late, a, 8))
	l, err = w.Posts(ctx, late, a, 0, 50)
	require.NoError(t, err)
	assert.Equal(t, 10, l.NewFrom(), "what stands elsewhere is not new here")

	// It is found where it stands, its first one by the title too.
	_, err = w.IndexPosts(ctx)
	require.NoError(t, err)
	found := w.look(member, Query{Text: "cosa a parte"}).Found
	require.Len(t, found, 1)
	assert.Equal(t, []any{b, 1}, []any{found[0].Thread, found[0].Number})
	assert.Equal(t, 1, w.count(`select count(*) from audit_entries where action = 'thread.split' and object = $1`, "thread:"+a.String()))
	excerpt, err := w.Content().Excerpt(ctx, w.pool, w.a, all[8].Post.String())
	require.NoError(t, err)
	assert.Equal(t, Path(b, 4), excerpt.URL, "what is reported of it leads there")
}

func (w *town) authorOf(id ThreadID) (who account.ID) {
	w.t.Helper()
	require.NoError(w.t, w.pool.QueryRow(w.t.Context(), `select author_id from forum_threads where id = $1`, id).Scan(&who))
	return who
}

// TestSplitThread_rights: who may merge may split, into what they look after; nobody opens a thread by it.
func TestSplitThread_rights(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	member, family, esp, tutor := w.as(account.RoleMember), w.as(account.RoleFamily), w.as(account.RoleESP), w.as(account.RoleTutor)
	w.category(w.a, "other", ForMembers)
	w.category(w.b, "theirs", ForMembers)
	a := w.open(member, "members", "Le mattine", calm).Thread
	w.answer(esp, a, "Di chi modera.")
	two := w.answer(family, a, "Due.")
	gone := w.answer(family, a, "Tolto.")
	hidden := w.answer(family, a, "Nascosto.")
	_, err := w.DeletePost(ctx, family, gone.Post)
	require.NoError(t, err)
	w.hide(hidden, "Contiene un numero di telefono.")

	for role, actor := range w.roles {
		if role == account.RoleESP || role == account.RoleTutor {
			continue
		}
		_, err := w.SplitThread(ctx, actor, w.splits(a, "3"))
		assert.Contains(t, []errs.Kind{errs.NotFound, errs.Forbidden, errs.Unauthenticated}, errs.KindOf(err), role)
		_, err = w.SplitForm(ctx, actor, a, nil, 0)
		assert.Error(t, err, role)
	}
	_, err = w.SplitThread(ctx, w.other, w.splits(a, "3"))
	assert.ErrorIs(t, err, account.ErrNotFound)
	own := w.open(tutor, "members", "Mia", calm)
	w.answer(member, own.Thread, "Rispondo.")
	_, err = w.SplitThread(ctx, tutor, w.splits(own.Thread, "2"))
	assert.ErrorIs(t, err, account.ErrForbidden, "nobody arranges their own")

	targets, err := w.SplitTargets(ctx, esp, Category{ID: w.members, Audience: ForMembers})
	require.NoError(t, err)
	assert.Len(t, targets, 1, "only what they look after")
	targets, err = w.SplitTargets(ctx, tutor, Category{ID: w.members, Audience: ForMembers})
	require.NoError(t, err)
	assert.Len(t, targets, 2)
	wrong := func(actor account.Actor, field string, change func(*Split)) {
		t.Helper()
		in := w.splits(a, "3")
		change(&in)
		_, err := w.SplitThread(ctx, actor, in)
		var fields errs.Fields
		if assert.ErrorAs(t, err, &fields) {
			assert.Equal(t, field, fields[0].Field)
		}
	}
	for _, slug := range []string{"", "none", "family", "staff", "theirs", "other"} {
		wrong(esp, "to", func(in *Split) { in.Category = slug })
	}
	wrong(tutor, "to", func(in *Split) { in.Category = "staff" })
	wrong(tutor, "title", func(in *Split) { in.Title = " \u200b" })
	wrong(tutor, "title", func(in *Split) { in.Title = strings.Repeat("🌿", 1<<18) })
	for _, chosen := range []string{"", "1", "77", "0", "4", "5", "4-5"} { // nothing, or beginning with what nobody can read
		wrong(tutor, "chosen", func(in *Split) { in.Chosen = ParseChosen(chosen) })
	}
	wrong(esp, "chosen", func(in *Split) { in.Chosen = ParseChosen("2-3") })
	wrong(tutor, "chosen", func(in *Split) { in.Elsewhere = 1 })
	_, err = w.SplitThread(ctx, tutor, Split{Thread: a, Chosen: Chosen{{3, 3}}, Title: "Un titolo", Category: "members"})
	assert.ErrorIs(t, err, ErrForm)
	assert.Zero(t, w.count(`select count(*) from forum_former_places`))

	// Locked, it stays so on both sides; again, it is the same.
	require.NoError(t, w.LockThread(ctx, esp, a, why))
	in := w.splits(a, "3-4")
	in.Category = "other"
	b := w.splitOff(tutor, in)
	assert.Equal(t, b, w.splitOff(tutor, in), "the same form")
	assert.Equal(t, why, w.threadOf(member, b).LockedReason)
	_, err = w.SplitThread(ctx, esp, w.splits(b, "2"))
	assert.ErrorIs(t, err, account.ErrNotFound, "it is not theirs there")
	posts, _ := w.numbers(member, a)
	assert.Equal(t, []int{1, 2, 5}, posts)

	// Where the new one is removed by who wrote it, its old place leads nowhere and says nothing.
	_, err = w.DeletePost(ctx, family, two.Post)
	require.NoError(t, err)
	l, err := w.Posts(ctx, esp, a, 0, 50)
	require.NoError(t, err)
	assert.Empty(t, l.Former[0].Thread.Title)
	_, err = w.pool.Exec(ctx, `update forum_categories set archived_at = now() where id = $1`, w.members)
	require.NoError(t, err)
	_, err = w.SplitThread(ctx, tutor, w.splits(a, "2"))
	assert.ErrorIs(t, err, ErrArchived)
}

// TestSplitThread_atOnce: splits, answers, edits, locks, moves and merges of one thread at once: every post is there once, every number leads to its post.
func TestSplitThread_atOnce(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	member, family, esp, tutor := w.as(account.RoleMember), w.as(account.RoleFamily), w.as(account.RoleESP), w.as(account.RoleTutor)
	w.category(w.a, "other", ForMembers)
	a, c := w.open(member, "members", "Le mattine", calm), w.open(member, "members", "Le sere", calm)
	var all []Receipt
	for range 12 {
		all = append(all, w.answer(family, a.Thread, calm))
	}
	var work sync.WaitGroup
	var wrote, split atomic.Int32
	known := func(err error) {
		k := errs.KindOf(err)
		assert.True(t, err == nil || k == errs.NotFound || k == errs.Conflict || k == errs.Invalid || k == errs.Forbidden || errors.Is(err, pg.ErrUnavailable), "%v", err)
	}
	var forms []Split
	for _, chosen := range []string{"3-6", "5-8", "4-", "10,12", "3-6", "2"} {
		forms = append(forms, w.splits(a.Thread, chosen))
	}
	for i, in := range forms {
		work.Go(func() {
			_, err := w.SplitThread(ctx, tutor, in)
			if known(err); err == nil {
				split.Add(1)
			}
		})
		work.Go(func() {
			_, err := w.WritePost(ctx, member, NewPost{Thread: a.Thread, Text: "Nel frattempo.", CID: newCID()})
			if known(err); err == nil {
				wrote.Add(1)
			}
		})
		work.Go(func() {
			_, err := w.EditPost(ctx, family, Edit{Post: all[2*i].Post, Version: 1, Text: "Cambiato mentre va."})
			known(err)
			if err != nil {
				assert.NotErrorIs(t, err, account.ErrNotFound, "what moves is still there for who edits it")
			}
		})
		work.Go(func() {
			_, err := w.MarkAnswer(ctx, member, all[i].Post)
			known(err)
		})
	}
	work.Go(func() { known(w.LockThread(ctx, esp, a.Thread, why)); known(w.UnlockThread(ctx, esp, a.Thread)) })
	work.Go(func() { known(w.MoveThread(ctx, tutor, a.Thread, "other")) })
	work.Go(func() { _, err := w.MergeThread(ctx, tutor, c.Thread, a.Thread); known(err) })
	work.Wait()
	assert.EqualValues(t, 1, split.Load(), "who chose before it was split looks again")
	w.sound()
	assert.Equal(t, 14+int(wrote.Load()), w.count(`select count(*) from forum_posts`))
}

// sound holds all threads to what is said of them.
func (w *town) sound() {
	w.t.Helper()
	assert.Zero(w.t, w.count(`select count(*) from forum_threads t where deleted_at is null and (
		t.posts is distinct from (select max(number) from forum_posts p where p.thread_id = t.id)
		or t.former_until <> coalesce((select max(number) from forum_former_places m where m.thread_id = t.id), 0)
		or not exists (select from forum_posts p where p.thread_id = t.id and p.number = 1 and p.author_id = t.author_id)
		or greatest(t.posts, t.former_until) <> (select count(*) from forum_posts p where p.thread_id = t.id) + (select count(*) from forum_former_places m where m.thread_id = t.id))`),
		"numbers have no gaps but former places")
	assert.Zero(w.t, w.count(`select count(*) from forum_former_places m join forum_posts p using (thread_id, number)`), "a number means one post")
	assert.Zero(w.t, w.count(`select count(*) from forum_reads r join forum_threads t on t.id = r.thread_id where t.deleted_at is null and r.number > greatest(t.posts, t.former_until)`))
	assert.Zero(w.t, w.count(`select count(*) from forum_posts p join forum_threads t on t.id = p.thread_id where t.merged_into is not null`))
}

// TestSplitThread_long: from one post on, of ten thousand; an old page of it says where they went.
func TestSplitThread_long(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	tutor, member := w.as(account.RoleTutor), w.as(account.RoleMember)
	const many = 10_000
	a := w.plant(w.members, "Lunghissima", time.Now().Add(-240*time.Hour), many)
	require.NoError(t, w.MarkRead(ctx, tutor, a, 5000))
	form, err := w.SplitForm(ctx, tutor, a, ParseChosen("3,101-9000,9002-"), 5000)
	require.NoError(t, err)
	assert.Equal(t, []int{1 + 8900 + 999, 3, 50}, []int{form.Count, form.First.Post.Number, len(form.Excerpts)})
	in := w.splits(a, "3,101-9000,9002-")
	in.CID = newCID()
	r, err := w.SplitThread(ctx, w.as(account.RoleESP), in)
	require.NoError(t, err)
	old := w.threadOf(tutor, a)
	assert.Equal(t, []int{9001, 100, 1}, []int{old.Posts, old.Count(), old.New()})
	assert.Equal(t, []int{9900, 4901, 4999}, []int{w.threadOf(tutor, r.Thread).Count(), w.threadOf(tutor, r.Thread).Read, w.threadOf(tutor, r.Thread).New()})
	l, err := w.Posts(ctx, member, a, 50, 50)
	require.NoError(t, err)
	assert.Equal(t, []int{50, 9001, 50}, []int{l.Earlier, l.Later, len(l.Posts)})
	l, err = w.Posts(ctx, member, a, 4000, 50)
	require.NoError(t, err)
	assert.Equal(t, []int{100, 9001, 0, 50}, []int{l.Earlier, l.Later, len(l.Posts), len(l.Former)})
	l, err = w.Posts(ctx, member, a, 9950, 50)
	require.NoError(t, err)
	assert.Equal(t, []int{9001, 0, 50}, []int{l.Earlier, l.Later, len(l.Former)})
	assert.Equal(t, 10_001, w.answer(member, a, "Avanti.").Number)
	w.sound()
}

// TestSplitThread_leaves: what was split leaves and comes back as two threads, once; and who asks to be forgotten is, in both.
func TestSplitThread_leaves(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	member, family := w.as(account.RoleMember), w.as(account.RoleFamily)
	a := w.open(member, "members", "Le mattine", calm).Thread
	for range 4 {
		w.answer(family, a, "Di chi se ne va, il glicine.")
	}
	w.answer(member, a, "Resta.")
	b := w.splitOff(w.as(account.RoleTutor), w.splits(a, "3-4,6"))
	var out strings.Builder
	n, err := w.Export(ctx, account.System(w.a), &out)
	require.NoError(t, err)
	assert.Equal(t, []int{2, 4}, []int{n.Threads, n.Posts})
	require.True(t, w.forget(family, true))
	assert.Zero(t, w.count(`select count(*) from forum_posts where author_id = $1 and source <> ''`, family.ID))
	posts, former := w.numbers(member, a)
	assert.Equal(t, [][]int{{1, 2, 5}, {3, 4, 6}}, [][]int{posts, former}, "numbers stay")
	assert.Empty(t, w.threadOf(member, b).Title, "its first post is gone, and its title with it")
	_, err = w.DeletePost(ctx, member, firstOf(t, w, member, a))
	require.NoError(t, err)
	w.threadOf(member, a) // what was answered stands elsewhere: old addresses go on leading there
}

func firstOf(t *testing.T, w *town, actor account.Actor, id ThreadID) PostID {
	t.Helper()
	l, err := w.Posts(t.Context(), actor, id, 0, 1)
	require.NoError(t, err)
	return l.Posts[0].ID
}

// TestMigrateSplit: threads of before stand as they stood, and can be split.
func TestMigrateSplit(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	a := w.open(w.as(account.RoleMember), "members", "Di prima", calm).Thread
	w.answer(w.as(account.RoleFamily), a, "Due.")
	w.migrateFrom(22)
	assert.Equal(t, 2, w.threadOf(w.as(account.RoleMember), a).Count())
	w.splitOff(w.as(account.RoleTutor), w.splits(a, "2"))
	w.sound()
}

func TestChosen(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "", "x": "", "3": "3", "3,": "3", "4,3": "3-4", "5-3": "", "7-": "7-", "3-9,5-12,40-": "3-12,40-", "-3": "", "0-4": "", "9-x": "",
		" 3 - 5 , 7 ": "3-5,7", "99999999999999999999": "", "2147483647": "", "3-,5": "3-",
	} {
		assert.Equal(t, want, ParseChosen(in).String(), in)
	}
	c := ParseChosen("3-9,20-")
	assert.Equal(t, "3-4,8-9,20-", c.Without(Span{5, 7}).String())
	assert.Equal(t, "3-9,20-49,51-", c.Without(Span{50, 50}).String())
	assert.Equal(t, "3-", c.With(Span{10, 19}).String())
	assert.True(t, c.Has(20) && c.Has(1<<30) && !c.Has(10) && !c.Has(2))
	assert.Equal(t, "3-9,20-", c.String(), "what was is left alone")
}

func FuzzParseChosen(f *testing.F) {
	f.Add("3,7-12,40-")
	f.Fuzz(func(t *testing.T, s string) {
		c := ParseChosen(s)
		assert.Equal(t, c, ParseChosen(c.String()))
		assert.True(t, slices.IsSortedFunc(c, func(a, b Span) int { return a.First - b.First }))
	})
}
