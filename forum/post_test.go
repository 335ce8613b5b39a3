package forum

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/ids"
	"ponti/moderation"
	"ponti/moderation/triage"
)

func TestOpenThread(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	author := w.as(account.RoleMember)
	r := w.open(author, "members", "  Una \n bella\u202e giornata ", "Oggi **bene**.\r\nDomani vediamo.")
	assert.Equal(t, 1, r.Number)
	l, err := w.Posts(ctx, w.as(account.RoleFamily), r.Thread, 0, 10)
	require.NoError(t, err)
	assert.Equal(t, "Una bella giornata", l.Thread.Title)
	assert.Equal(t, "members", l.Category.Slug)
	assert.Equal(t, 1, l.Thread.Posts)
	require.Len(t, l.Posts, 1)
	p := l.Posts[0]
	assert.Equal(t, `<p dir="auto">Oggi <strong>bene</strong>.<br>Domani vediamo.</p>`, p.HTML)
	assert.Equal(t, "Mirto", p.Author.Alias)
	assert.False(t, p.Mine)
	assert.Equal(t, l.Thread.LastPostAt, p.At)
	assert.True(t, w.seen(author, r).Mine)

	t.Run("all mistakes at once", func(t *testing.T) {
		_, err := w.OpenThread(ctx, author, NewThread{Category: "members", Title: "x", Text: " ", CID: newCID()})
		fields, ok := errors.AsType[errs.Fields](err)
		require.True(t, ok)
		assert.Len(t, fields, 2)
	})
	t.Run("a form without its client id", func(t *testing.T) {
		for _, cid := range []string{"", "short", strings.Repeat("x", 65), "0123456789abcdef\x00"} {
			_, err := w.OpenThread(ctx, author, NewThread{Category: "members", Title: "Un titolo", Text: calm, CID: cid})
			assert.ErrorIs(t, err, ErrForm)
		}
	})
	t.Run("an archived category can be read, not written", func(t *testing.T) {
		_, err := w.pool.Exec(ctx, `update forum_categories set archived_at = now() where id = $1`, w.members)
		require.NoError(t, err)
		_, err = w.OpenThread(ctx, author, NewThread{Category: "members", Title: "Un titolo", Text: calm, CID: newCID()})
		assert.ErrorIs(t, err, ErrArchived)
		_, err = w.WritePost(ctx, author, NewPost{Thread: r.Thread, Text: calm, CID: newCID()})
		assert.ErrorIs(t, err, ErrArchived)
		l, err := w.Posts(ctx, author, r.Thread, 0, 10)
		require.NoError(t, err)
		assert.False(t, l.MayWrite)
		_, err = w.DeletePost(ctx, author, r.Post)
		assert.NoError(t, err, "what is one's own can always be taken away")
	})
}

func TestWritePost(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	author := w.as(account.RoleMember)
	r := w.open(author, "members", "Un titolo", calm)
	before, _, err := w.Thread(ctx, author, r.Thread)
	require.NoError(t, err)
	second := w.answer(w.as(account.RoleESP), r.Thread, "Ti leggo.")
	assert.Equal(t, 2, second.Number)
	after, _, err := w.Thread(ctx, author, r.Thread)
	require.NoError(t, err)
	assert.Equal(t, 2, after.Posts)
	assert.True(t, after.LastPostAt.After(before.LastPostAt))

	t.Run("a locked thread refuses", func(t *testing.T) {
		require.NoError(t, w.LockThread(ctx, w.as(account.RoleESP), r.Thread, why))
		_, err := w.WritePost(ctx, author, NewPost{Thread: r.Thread, Text: calm, CID: newCID()})
		assert.ErrorIs(t, err, ErrLocked)
		_, err = w.EditPost(ctx, author, Edit{Post: r.Post, Version: 1, Title: "Un titolo", Text: "Altro."})
		assert.ErrorIs(t, err, ErrLocked)
		l, err := w.Posts(ctx, author, r.Thread, 0, 10)
		require.NoError(t, err)
		assert.False(t, l.MayWrite)
		assert.True(t, l.Thread.Locked)
		require.NoError(t, w.LockThread(ctx, w.as(account.RoleESP), r.Thread, why), "again is no mistake")
		assert.Equal(t, 1, w.count(`select count(*) from audit_entries where action = 'thread.lock'`))
		require.NoError(t, w.UnlockThread(ctx, w.as(account.RoleTutor), r.Thread))
		w.answer(author, r.Thread, calm)
	})
}

func TestDoubleSubmit(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	author := w.as(account.RoleMember)
	in := NewThread{Category: "members", Title: "Un titolo", Text: crisis, CID: newCID()}
	first, err := w.OpenThread(ctx, author, in)
	require.NoError(t, err)
	again, err := w.OpenThread(ctx, author, in)
	require.NoError(t, err)
	assert.Equal(t, first, again)
	assert.Equal(t, 1, w.count(`select count(*) from forum_threads`))
	assert.Equal(t, 1, w.count(`select count(*) from moderation_causes`))

	answer := NewPost{Thread: first.Thread, Text: calm, CID: newCID()}
	var group sync.WaitGroup
	receipts := make([]Receipt, 8)
	for i := range receipts {
		group.Go(func() {
			var err error
			receipts[i], err = w.WritePost(ctx, author, answer)
			assert.NoError(t, err)
		})
	}
	group.Wait()
	for _, r := range receipts {
		assert.Equal(t, receipts[0], r)
	}
	assert.Equal(t, 2, w.count(`select count(*) from forum_posts`))
	assert.Equal(t, 2, w.count(`select posts from forum_threads`), "the ones too many leave no gap")

	t.Run("locked in between, the answer is still what was stored", func(t *testing.T) {
		require.NoError(t, w.LockThread(ctx, w.as(account.RoleTutor), first.Thread, why))
		r, err := w.WritePost(ctx, author, answer)
		require.NoError(t, err)
		assert.Equal(t, receipts[0], r)
		require.NoError(t, w.UnlockThread(ctx, w.as(account.RoleTutor), first.Thread))
	})
	t.Run("another text in a form that was sent before is another text", func(t *testing.T) {
		other := answer
		other.Text = crisis
		r, err := w.WritePost(ctx, author, other)
		require.NoError(t, err)
		require.NotEqual(t, receipts[0].Post, r.Post)
		again, err := w.WritePost(ctx, author, other)
		require.NoError(t, err)
		assert.Equal(t, r, again, "and it is stored once, too")
		assert.Equal(t, triage.Crisis, r.Level)
		assert.Equal(t, 2, w.count(`select count(*) from moderation_causes`))
		first, err := w.WritePost(ctx, author, answer)
		require.NoError(t, err)
		assert.Equal(t, receipts[0], first)
		require.Equal(t, 3, w.count(`select count(*) from forum_posts`))
	})
	t.Run("somebody else may have the same client id", func(t *testing.T) {
		r, err := w.WritePost(ctx, w.as(account.RoleFamily), answer)
		require.NoError(t, err)
		assert.Equal(t, 4, r.Number)
	})
}

// TestConcurrentPosts: many write at once; numbers are 1..n without gap, times never go back, everybody's post is there.
func TestConcurrentPosts(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	writers := []account.Actor{w.as(account.RoleMember), w.as(account.RoleFamily), w.as(account.RoleESP), w.as(account.RoleTutor)}
	r := w.open(writers[0], "members", "Un titolo", calm)
	const each = 25
	var group sync.WaitGroup
	numbers := make([][]int, len(writers))
	for i, a := range writers {
		group.Go(func() {
			for range each {
				r, err := w.WritePost(t.Context(), a, NewPost{Thread: r.Thread, Text: calm, CID: newCID()})
				if !assert.NoError(t, err) {
					return
				}
				numbers[i] = append(numbers[i], r.Number)
			}
		})
	}
	group.Wait()
	all := append(slices.Concat(numbers...), 1)
	slices.Sort(all)
	for i, n := range all {
		require.Equal(t, i+1, n)
	}
	require.Len(t, all, 1+each*len(writers))
	var last time.Time
	for after := 0; after < len(all); after += PostsPerPage {
		l, err := w.Posts(t.Context(), writers[0], r.Thread, after, PostsPerPage)
		require.NoError(t, err)
		for i, p := range l.Posts {
			require.Equal(t, after+i+1, p.Number)
			require.False(t, p.At.Before(last), "time in a thread never goes back")
			last = p.At
		}
	}
	assert.Equal(t, len(all), w.count(`select posts from forum_threads`))
}

func TestEditPost(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	author := w.as(account.RoleMember)
	r := w.open(author, "members", "Un titolo", calm)
	_, err := w.EditPost(ctx, author, Edit{Post: r.Post, Version: 1, Title: "Un altro titolo", Text: "Più *breve*."})
	require.NoError(t, err)
	p := w.seen(author, r)
	assert.Equal(t, `<p dir="auto">Più <em>breve</em>.</p>`, p.HTML)
	assert.Equal(t, 2, p.Version)
	assert.NotNil(t, p.EditedAt)
	thread, _, err := w.Thread(ctx, author, r.Thread)
	require.NoError(t, err)
	assert.Equal(t, "Un altro titolo", thread.Title)
	var title, source string
	require.NoError(t, w.pool.QueryRow(ctx, `select title, source from forum_post_versions where post_id = $1 and version = 1`, r.Post).Scan(&title, &source))
	assert.Equal(t, []string{"Un titolo", calm}, []string{title, source})

	_, err = w.EditPost(ctx, author, Edit{Post: r.Post, Version: 1, Title: "Un titolo", Text: "Da un'altra scheda."})
	assert.ErrorIs(t, err, ErrEdited)
	_, err = w.EditPost(ctx, author, Edit{Post: r.Post, Version: 2, Title: "", Text: ""})
	assert.Equal(t, errs.Invalid, errs.KindOf(err))
	_, err = w.EditPost(ctx, author, Edit{Post: r.Post, Version: 2, Title: "Un altro titolo", Text: "Più *breve*."})
	require.NoError(t, err)
	assert.Equal(t, 2, w.seen(author, r).Version, "the same text is no new version")

	answer := w.answer(author, r.Thread, calm)
	_, err = w.EditPost(ctx, author, Edit{Post: answer.Post, Version: 1, Title: "No", Text: "Corretto."})
	require.NoError(t, err)
	thread, _, err = w.Thread(ctx, author, r.Thread)
	require.NoError(t, err)
	assert.Equal(t, "Un altro titolo", thread.Title, "an answer has no title to change")
}

func TestDeletePost(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	author := w.as(account.RoleMember)
	r := w.open(author, "members", "Un titolo", calm)
	answer := w.answer(w.as(account.RoleFamily), r.Thread, "Una risposta.")
	require.NoError(t, w.LockThread(ctx, w.as(account.RoleTutor), r.Thread, why))
	_, err := w.DeletePost(ctx, author, r.Post)
	require.NoError(t, err, "in a locked thread too")
	for _, role := range []account.Role{account.RoleMember, account.RoleFamily, account.RoleESP, account.RoleTutor} {
		p := w.seen(w.as(role), r)
		assert.Equal(t, Deleted, p.State)
		assert.Empty(t, p.HTML)
		thread, _, err := w.Thread(ctx, w.as(role), r.Thread)
		require.NoError(t, err)
		assert.Empty(t, thread.Title)
		assert.Equal(t, Deleted, thread.Opening)
	}
	assert.Equal(t, 0, w.count(`select count(*) from forum_posts where id = $1 and (source <> '' or html <> '')`, r.Post))
	assert.Equal(t, 2, w.count(`select posts from forum_threads where id = $1`, r.Thread))
	assert.Equal(t, Shown, w.seen(author, answer).State, "what others said stays")
	_, err = w.DeletePost(ctx, author, r.Post)
	assert.NoError(t, err, "again is no mistake")
	_, err = w.EditPost(ctx, author, Edit{Post: r.Post, Version: 2, Title: "Un titolo", Text: calm})
	assert.ErrorIs(t, err, ErrDeleted)
	assert.ErrorIs(t, w.Content().MayRead(ctx, w.pool, author, r.Post.String()), account.ErrNotFound)

	t.Run("with nobody's answer the thread goes", func(t *testing.T) {
		alone := w.open(author, "members", "Da solo", calm)
		_, err := w.DeletePost(ctx, author, alone.Post)
		require.NoError(t, err)
		_, _, err = w.Thread(ctx, author, alone.Thread)
		assert.ErrorIs(t, err, account.ErrNotFound)
		_, err = w.WritePost(ctx, author, NewPost{Thread: alone.Thread, Text: calm, CID: newCID()})
		assert.ErrorIs(t, err, account.ErrNotFound)
		l, err := w.Threads(ctx, author, "members", Cursor{}, 10)
		require.NoError(t, err)
		assert.Len(t, l.Threads, 1)
	})
}

func TestRisk(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	author := w.as(account.RoleMember)
	open := func(id PostID) (level string) {
		t.Helper()
		err := w.pool.QueryRow(ctx, `select level::text from moderation_escalations where service_id = $1 and subject_kind = 'post' and subject_id = $2 and state <> 'closed'`, w.a, id.String()).Scan(&level)
		if err != nil {
			return "none"
		}
		return level
	}
	t.Run("a calm post raises nothing", func(t *testing.T) {
		r := w.open(author, "members", "Un titolo", calm)
		assert.Equal(t, triage.None, r.Level)
		assert.Equal(t, moderation.CareNone, r.Care)
		assert.Equal(t, "none", open(r.Post))
	})
	t.Run("a crisis raises one, appears at once, and its author alone is told", func(t *testing.T) {
		r := w.open(author, "members", "Un titolo", crisis)
		assert.Equal(t, triage.Crisis, r.Level)
		assert.Equal(t, moderation.CareAlerting, r.Care)
		assert.Equal(t, "crisis", open(r.Post))
		p := w.seen(author, r)
		assert.Equal(t, triage.Crisis, p.Level)
		assert.Equal(t, moderation.CareAlerting, p.Care)
		for _, role := range []account.Role{account.RoleFamily, account.RoleESP, account.RoleTutor} {
			p := w.seen(w.as(role), r)
			assert.Equal(t, triage.None, p.Level)
			assert.Equal(t, moderation.CareNone, p.Care)
			assert.Contains(t, p.HTML, "mi ammazzo")
		}
	})
	t.Run("markup inside a word hides nothing", func(t *testing.T) {
		r := w.open(author, "members", "Un titolo", "Stanotte mi amm**azzo**, ho già prep_ar_ato tutto.")
		assert.Equal(t, triage.Crisis, r.Level)
	})
	t.Run("a title is read too", func(t *testing.T) {
		r := w.open(author, "members", crisis, "Scusate.")
		assert.Equal(t, triage.Crisis, r.Level)
	})
	t.Run("an edit is read again, and only lifts", func(t *testing.T) {
		r := w.open(author, "members", "Un titolo", calm)
		edit := func(version int, text string) Receipt {
			r, err := w.EditPost(ctx, author, Edit{Post: r.Post, Version: version, Title: "Un titolo", Text: text})
			require.NoError(t, err)
			return r
		}
		assert.Equal(t, triage.Amber, edit(1, worried).Level)
		assert.Equal(t, "amber", open(r.Post))
		assert.Equal(t, moderation.CareAlerting, edit(2, crisis).Care)
		assert.Equal(t, "crisis", open(r.Post))
		edit(3, calm)
		assert.Equal(t, "crisis", open(r.Post), "what was once written is looked after")
	})
}

// TestRiskIsAtomic: a worrying post that cannot be escalated is not stored; one that cannot be stored is not escalated.
func TestRiskIsAtomic(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	author := w.as(account.RoleMember)
	thread := w.open(author, "members", "Un titolo", calm)
	break_ := func(table string) (repair func()) {
		_, err := w.pool.Exec(ctx, fmt.Sprintf(`create function refuse() returns trigger language plpgsql as $$ begin raise exception 'no disk'; end $$;
			create trigger refuse before insert on %s for each row execute function refuse()`, table))
		require.NoError(t, err)
		return func() {
			_, err := w.pool.Exec(ctx, `drop function refuse cascade`)
			require.NoError(t, err)
		}
	}
	in := NewPost{Thread: thread.Thread, Text: crisis, CID: newCID()}
	for _, table := range []string{"moderation_causes", "moderation_escalations", "moderation_steps", "audit_entries", "forum_posts"} {
		repair := break_(table)
		_, err := w.WritePost(ctx, author, in)
		require.Error(t, err, table)
		assert.Equal(t, 1, w.count(`select count(*) from forum_posts`), table)
		assert.Equal(t, 1, w.count(`select posts from forum_threads`), table)
		assert.Equal(t, 0, w.count(`select count(*) from moderation_escalations`), table)
		repair()
	}
	repair := break_("moderation_causes")
	_, err := w.EditPost(ctx, author, Edit{Post: thread.Post, Version: 1, Title: "Un titolo", Text: crisis})
	require.Error(t, err)
	assert.Equal(t, 1, w.seen(author, thread).Version)
	repair()
	r, err := w.WritePost(ctx, author, in)
	require.NoError(t, err)
	assert.Equal(t, 2, r.Number)
	assert.Equal(t, 1, w.count(`select count(*) from moderation_escalations`))
}

func TestRenderAgain(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	r := w.open(w.as(account.RoleMember), "members", "Un titolo", calm)
	gone := w.answer(w.as(account.RoleMember), r.Thread, calm)
	_, err := w.DeletePost(ctx, w.as(account.RoleMember), gone.Post)
	require.NoError(t, err)
	for range 250 {
		w.answer(w.as(account.RoleFamily), r.Thread, calm)
	}
	want := w.seen(w.as(account.RoleMember), r).HTML
	_, err = w.pool.Exec(ctx, `update forum_posts set html = 'old', renderer = renderer - 1 where deleted_at is null`)
	require.NoError(t, err)
	n, err := w.RenderAgain(ctx)
	require.NoError(t, err)
	assert.Equal(t, 251, n)
	assert.Equal(t, want, w.seen(w.as(account.RoleMember), r).HTML)
	assert.Equal(t, Deleted, w.seen(w.as(account.RoleMember), gone).State)
	n, err = w.RenderAgain(ctx)
	require.NoError(t, err)
	assert.Zero(t, n)
}

func TestPlantThread(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	author := w.as(account.RoleMember).ID
	in := Planted{Category: w.members, Title: "Dal passato", Posts: []PlantedPost{
		{Author: author, Text: calm, At: at}, {Author: w.as(account.RoleESP).ID, Text: crisis, At: at.Add(time.Hour)},
	}}
	for _, role := range everyRole {
		_, err := w.PlantThread(ctx, w.as(role), in)
		assert.ErrorIs(t, err, account.ErrForbidden)
	}
	id, err := w.PlantThread(ctx, account.System(w.a), in)
	require.NoError(t, err)
	l, err := w.Posts(ctx, w.as(account.RoleMember), id, 0, 10)
	require.NoError(t, err)
	require.Len(t, l.Posts, 2)
	assert.True(t, at.Equal(l.Posts[0].At))
	assert.True(t, at.Add(time.Hour).Equal(l.Thread.LastPostAt))
	assert.Equal(t, "Marta", l.Posts[1].Author.Alias)
	assert.Equal(t, 0, w.count(`select count(*) from moderation_escalations`), "the past calls nobody")

	in.Category = w.category(w.b, "members", ForMembers)
	_, err = w.PlantThread(ctx, account.System(w.a), in)
	assert.Error(t, err, "another service's category")
	in.Category, in.Posts[1].Author = w.members, w.other.ID
	_, err = w.PlantThread(ctx, account.System(w.a), in)
	assert.Error(t, err, "another service's person")
	in.Posts[1] = PlantedPost{Author: author, Text: "", At: at}
	_, err = w.PlantThread(ctx, account.System(w.a), in)
	assert.Equal(t, errs.Invalid, errs.KindOf(err))
	assert.Equal(t, 1, w.count(`select count(*) from forum_threads`), "all of it or nothing")
}

func TestCursor(t *testing.T) {
	c := Cursor{At: time.Date(2026, 11, 22, 10, 0, 0, 123456000, time.UTC), ID: ids.New[Thread]()}
	assert.Equal(t, c, ParseCursor(c.String()))
	assert.Empty(t, Cursor{}.String())
	for _, s := range []string{"", "x", "AAAA", c.String() + "A", strings.Repeat("/", 32), strings.Repeat("A", 32), strings.Repeat("_", 32), "';drop table forum_posts;--"} {
		assert.Equal(t, Cursor{}, ParseCursor(s), s)
	}
}
