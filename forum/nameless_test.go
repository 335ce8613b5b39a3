package forum

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/moderation"
)

// allows lets people write without their name in a category, or no longer.
func (w *town) allows(slug string, allow bool) {
	w.t.Helper()
	require.NoError(w.t, w.AllowNameless(w.t.Context(), w.as(account.RoleAdmin), slug, allow))
}

// opensNameless and answersNameless write without the name of who does.
func (w *town) opensNameless(actor account.Actor, slug, title, text string) Receipt {
	w.t.Helper()
	r, err := w.OpenThread(w.t.Context(), actor, NewThread{Category: slug, Title: title, Text: text, Nameless: true, CID: newCID()})
	require.NoError(w.t, err)
	return r
}

func (w *town) answersNameless(actor account.Actor, thread ThreadID, text string) Receipt {
	w.t.Helper()
	r, err := w.WritePost(w.t.Context(), actor, NewPost{Thread: thread, Text: text, Nameless: true, CID: newCID()})
	require.NoError(w.t, err)
	return r
}

// voices are those of the posts of a thread, as somebody sees them; 0 for one with a name.
func (w *town) voices(actor account.Actor, id ThreadID) (list []int) {
	w.t.Helper()
	l, err := w.Posts(w.t.Context(), actor, id, 0, PostsPerPage)
	require.NoError(w.t, err)
	for _, p := range l.Posts {
		assert.Equal(w.t, p.Author.Nameless, p.Author.Voice > 0)
		list = append(list, p.Author.Voice)
	}
	return list
}

// silent fails when something that a reader is given holds the account or the alias of somebody.
func (w *town) silent(who account.Actor, about string, given ...any) {
	w.t.Helper()
	for _, g := range given {
		b, err := json.Marshal(g)
		require.NoError(w.t, err)
		assert.NotContains(w.t, string(b), who.ID.String(), about)
		assert.NotContains(w.t, strings.ToLower(string(b)), strings.ToLower(who.Alias), about)
	}
}

// TestNameless: a person writes without their name where an administrator allowed it, and nobody else, and nowhere else; what may not stand without a name is stored with none.
func TestNameless(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	anna, reader := w.newAccount(w.a, account.RoleMember, "Ginestra"), w.as(account.RoleFamily)
	refused := func(actor account.Actor, slug string, thread ThreadID) {
		t.Helper()
		before := w.count(`select count(*) from forum_posts`) + w.count(`select count(*) from forum_held`)
		_, err := w.OpenThread(ctx, actor, NewThread{Category: slug, Title: "Un titolo", Text: calm, Nameless: true, CID: newCID()})
		require.ErrorIs(t, err, ErrNameless)
		if !thread.IsZero() {
			_, err = w.WritePost(ctx, actor, NewPost{Thread: thread, Text: calm, Nameless: true, CID: newCID()})
			require.ErrorIs(t, err, ErrNameless)
		}
		assert.Equal(t, before, w.count(`select count(*) from forum_posts`)+w.count(`select count(*) from forum_held`), "nothing is published with the name instead")
	}
	plain := w.open(anna, "members", "Con il nome", calm)
	refused(anna, "members", plain.Thread)

	for _, actor := range []account.Actor{anna, w.as(account.RoleESP), w.as(account.RoleSenior), w.as(account.RoleTutor), w.as(account.RoleAuditor), w.as(account.RoleVisitor), w.other} {
		require.Error(t, w.AllowNameless(ctx, actor, "members", true), actor.Role)
	}
	require.ErrorIs(t, w.AllowNameless(ctx, w.as(account.RoleAdmin), "staff", true), account.ErrNotFound, "who works here answers by name")
	_, err := w.pool.Exec(ctx, `update forum_categories set archived_at = now() where slug = 'members'`)
	require.NoError(t, err)
	require.ErrorIs(t, w.AllowNameless(ctx, w.as(account.RoleAdmin), "members", true), ErrArchived, "nobody writes there any more")
	_, err = w.pool.Exec(ctx, `update forum_categories set archived_at = null`)
	require.NoError(t, err)
	assert.Zero(t, w.count(`select count(*) from forum_categories where nameless`))
	w.allows("members", true)
	w.allows("members", true)
	assert.Equal(t, 1, w.count(`select count(*) from audit_entries where action = 'forum_category.allow_nameless'`), "written down once")
	for _, role := range []account.Role{account.RoleESP, account.RoleSenior, account.RoleTutor} {
		refused(w.as(role), "members", plain.Thread)
	}

	r := w.opensNameless(anna, "members", "Senza nome", calm)
	own, others := w.seen(anna, r), w.seen(reader, r)
	assert.Equal(t, Author{Nameless: true, Voice: 1, You: true}, own.Author)
	assert.True(t, own.Mine)
	assert.Equal(t, Author{Nameless: true, Voice: 1}, others.Author, "without a role, too")
	assert.Equal(t, Author{Nameless: true, Voice: 1}, w.seen(w.as(account.RoleESP), r).Author, "who moderates there does not see it either")
	assert.Equal(t, Author{Nameless: true, Voice: 1}, w.seen(w.as(account.RoleTutor), r).Author)

	t.Run("it is edited and deleted as any other, and stays without a name", func(t *testing.T) {
		_, err := w.EditPost(ctx, reader, Edit{Post: r.Post, Version: 1, Title: "Altro titolo", Text: "Altro testo."})
		require.ErrorIs(t, err, account.ErrNotFound)
		_, err = w.EditPost(ctx, anna, Edit{Post: r.Post, Version: 1, Title: "Altro titolo", Text: "Altro testo di @Ginestra e @Marta."})
		require.NoError(t, err)
		p := w.seen(reader, r)
		assert.Equal(t, Author{Nameless: true, Voice: 1}, p.Author)
		assert.NotContains(t, p.HTML, "mention", "who has no name calls nobody")
		again := w.answersNameless(anna, r.Thread, "Ancora io.")
		_, err = w.DeletePost(ctx, anna, again.Post)
		require.NoError(t, err)
		gone := w.seen(reader, again)
		assert.Equal(t, Deleted, gone.State)
		assert.Equal(t, Author{Nameless: true, Voice: 1}, gone.Author)
	})
	t.Run("switched off, what is there stays and nothing new comes", func(t *testing.T) {
		w.allows("members", false)
		refused(anna, "members", r.Thread)
		assert.Equal(t, Author{Nameless: true, Voice: 1}, w.seen(reader, r).Author)
		assert.Equal(t, 1, w.count(`select count(*) from audit_entries where action = 'forum_category.end_nameless'`))
	})
}

// TestNamelessRoundTable: who has the floor is named, and so is what they say.
func TestNamelessRoundTable(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.allows("members", true)
	r := w.open(w.as(account.RoleFamily), "members", "Attorno a un tavolo", calm)
	_, err := w.pool.Exec(t.Context(), `update forum_threads set kind = 'round_table' where id = $1`, r.Thread)
	require.NoError(t, err)
	_, err = w.WritePost(t.Context(), w.as(account.RoleMember), NewPost{Thread: r.Thread, Text: calm, Nameless: true, CID: newCID()})
	require.Error(t, err)
	assert.Zero(t, w.count(`select count(*) from forum_posts where voice is not null`))
	c, err := w.Category(t.Context(), w.as(account.RoleMember), "members")
	require.NoError(t, err)
	require.ErrorIs(t, mayBeNameless(w.as(account.RoleMember), c, KindRoundTable, true), ErrNameless)
	require.NoError(t, mayBeNameless(w.as(account.RoleMember), c, KindDiscussion, true))
}

// TestNamelessVoices: one person is one voice in a thread, in two windows too, and another one in the next; what they write with their name is beside it and not of it.
func TestNamelessVoices(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.allows("members", true)
	anna, bruno, reader := w.newAccount(w.a, account.RoleMember, "Ginestra"), w.newAccount(w.a, account.RoleMember, "Ginepro"), w.as(account.RoleFamily)
	r := w.open(anna, "members", "Con il nome", calm)
	w.answersNameless(bruno, r.Thread, "Senza nome.")
	w.answersNameless(anna, r.Thread, "Senza nome anch'io.")
	w.answer(bruno, r.Thread, "Con il nome.")
	w.answersNameless(bruno, r.Thread, "E senza.")
	assert.Equal(t, []int{0, 1, 2, 0, 1}, w.voices(reader, r.Thread))
	next := w.opensNameless(anna, "members", "Un'altra", calm)
	w.answersNameless(bruno, next.Thread, "Ciao.")
	assert.Equal(t, []int{1, 2}, w.voices(reader, next.Thread), "another number for the same person")

	busy := w.open(reader, "members", "In tanti", calm)
	var wg sync.WaitGroup
	for range 4 {
		for _, who := range []account.Actor{anna, bruno} {
			wg.Go(func() {
				_, err := w.WritePost(t.Context(), who, NewPost{Thread: busy.Thread, Text: "Insieme.", Nameless: true, CID: newCID()})
				assert.NoError(t, err)
			})
		}
	}
	wg.Wait()
	assert.Equal(t, 2, w.count(`select count(distinct (author_id, voice)) from forum_posts where thread_id = $1 and voice is not null`, busy.Thread))
	assert.Equal(t, 2, w.count(`select count(distinct voice) from forum_posts where thread_id = $1 and voice is not null`, busy.Thread))
	assert.Equal(t, 2, w.count(`select voices from forum_threads where id = $1`, busy.Thread))
}

// TestNamelessMoved: split off, merged, taken back and moved to where nobody may, it stays without a name; one person is one voice in each thread, and none says who they are in another.
func TestNamelessMoved(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	w.allows("members", true)
	anna, bruno, reader, tutor := w.newAccount(w.a, account.RoleMember, "Ginestra"), w.newAccount(w.a, account.RoleMember, "Ginepro"), w.as(account.RoleFamily), w.as(account.RoleTutor)
	one := w.open(reader, "members", "Una", calm)
	w.answersNameless(bruno, one.Thread, "Bruno qui.")
	w.answersNameless(anna, one.Thread, "Anna qui.")
	other := w.opensNameless(anna, "members", "Altra", calm)
	w.answer(anna, other.Thread, "E con il nome.")

	w.merge(other.Thread, one.Thread)
	assert.Equal(t, []int{0, 1, 2, 2, 0}, w.voices(reader, one.Thread), "one person is one voice")
	w.answersNameless(bruno, one.Thread, "Ancora.")
	w.answersNameless(w.as(account.RoleMember), one.Thread, "Io sono nuovo.")
	assert.Equal(t, []int{0, 1, 2, 2, 0, 1, 3}, w.voices(reader, one.Thread))
	w.silent(anna, "mergers", w.mergers(one.Thread))
	_, err := w.UnmergeThread(ctx, tutor, Unmerge{Into: one.Thread, Thread: other.Thread, Title: "Altra"})
	require.NoError(t, err)
	assert.Equal(t, []int{1, 0}, w.voices(reader, other.Thread))
	assert.Equal(t, []int{0, 1, 2, 1, 3}, w.voices(reader, one.Thread))
	w.answersNameless(bruno, other.Thread, "Nuovo qui.")
	assert.Equal(t, []int{1, 0, 2}, w.voices(reader, other.Thread))

	off := w.splitOff(tutor, w.splits(one.Thread, "3,7-"))
	assert.Equal(t, []int{1, 2}, w.voices(reader, off), "numbered anew")
	assert.Equal(t, []int{0, 1, 1}, w.voices(reader, one.Thread))
	l, err := w.Threads(ctx, reader, "members", Cursor{}, 10)
	require.NoError(t, err)
	for _, th := range l.Threads {
		if th.ID == off {
			assert.Equal(t, Author{Nameless: true}, th.Author, "opened by who has no name")
		}
	}
	w.answersNameless(w.newAccount(w.a, account.RoleMember, "Ortensia"), off, "E io?")
	assert.Equal(t, []int{1, 2, 3}, w.voices(reader, off))
	w.answersNameless(anna, one.Thread, "Torno.")
	assert.Equal(t, []int{0, 1, 1, 2}, w.voices(reader, one.Thread), "no gap tells who was split off")
	assert.Equal(t, 2, w.count(`select voices from forum_threads where id = $1`, one.Thread))

	w.category(w.a, "plain", ForMembers)
	require.NoError(t, w.MoveThread(ctx, tutor, other.Thread, "plain"))
	assert.Equal(t, []int{1, 0, 2}, w.voices(reader, other.Thread))
	_, err = w.WritePost(ctx, anna, NewPost{Thread: other.Thread, Text: calm, Nameless: true, CID: newCID()})
	require.ErrorIs(t, err, ErrNameless)
	w.sound()
}

// TestNamelessMutes: who muted somebody does not learn what they write without their name, by its being folded, left out or not; and nobody is muted by such a post.
func TestNamelessMutes(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	w.allows("members", true)
	anna, me := w.newAccount(w.a, account.RoleMember, "Ginestra"), w.as(account.RoleMember)
	namedPost := w.open(anna, "members", "Con il nome", calm)
	r := w.opensNameless(anna, "members", "Senza nome", "Un melo fiorito.")
	w.answersNameless(anna, r.Thread, "Un pero fiorito.")
	_, err := w.MuteAuthor(ctx, me, namedPost.Post)
	require.NoError(t, err)
	_, err = w.MuteAuthor(ctx, me, r.Post)
	require.ErrorIs(t, err, ErrNoNameToMute)
	_, err = w.IndexPosts(ctx)
	require.NoError(t, err)

	require.NoError(t, w.Subscribe(ctx, me, r.Thread, true))
	l, err := w.Posts(ctx, me, r.Thread, 0, 10)
	require.NoError(t, err)
	for _, p := range l.Posts {
		assert.Empty(t, p.Muted)
	}
	threads, err := w.Threads(ctx, me, "members", Cursor{}, 10)
	require.NoError(t, err)
	assert.Equal(t, []Muted{"", MutedPerson}, []Muted{threads.Threads[0].Muted, threads.Threads[1].Muted})
	boards, err := w.Categories(ctx, me)
	require.NoError(t, err)
	assert.Empty(t, boards[0].LatestMuted)
	news, err := w.News(ctx, me)
	require.NoError(t, err)
	require.Len(t, news, 1)
	assert.Empty(t, news[0].Thread.Muted)
	found := w.look(me, Query{Text: "fiorito"}).Found
	require.Len(t, found, 2)
	for _, f := range found {
		assert.Equal(t, []Muted{"", ""}, []Muted{f.Muted, f.TitleMuted})
	}
	n, err := w.countNew(ctx, me, l.Thread.CreatedAt.Add(-1))
	require.NoError(t, err)
	assert.Equal(t, 2, n, "a digest counts them as from anybody")
	filters, err := w.Filters(ctx, me)
	require.NoError(t, err)
	assert.Len(t, filters.People, 1)
}

// TestNamelessMentions: nobody learns who has no name by whether they can be called by it, and who has none calls nobody.
func TestNamelessMentions(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.allows("members", true)
	anna, me := w.newAccount(w.a, account.RoleMember, "Ginestra"), w.as(account.RoleMember)
	r := w.opensNameless(anna, "members", "Senza nome", calm)
	p := w.answer(me, r.Thread, "Sei tu, @Ginestra?")
	assert.NotContains(t, w.seen(me, p).HTML, marked, "she does not show in it")
	assert.Empty(t, w.calling(anna))
	w.answer(anna, r.Thread, "Passavo di qui.")
	p = w.answer(me, r.Thread, "Ciao @Ginestra.")
	assert.Contains(t, w.seen(me, p).HTML, marked, "by her name she does")
	assert.Equal(t, map[string]int{"Senza nome": p.Number}, w.calling(anna))
	for _, text := range []string{"Io, @Ginestra, e tu, @Mirto.", "@Marta, aiuto."} {
		p = w.answersNameless(anna, r.Thread, text)
		assert.NotContains(t, w.seen(me, p).HTML, marked)
	}
	assert.Empty(t, w.calling(me))
	_, err := w.pool.Exec(t.Context(), `update forum_posts set renderer = 0`)
	require.NoError(t, err)
	_, err = w.RenderAgain(t.Context())
	require.NoError(t, err)
	assert.NotContains(t, w.seen(me, p).HTML, marked, "nor once it is rendered again")
	_, err = w.EditPost(t.Context(), anna, Edit{Post: p.Post, Version: 1, Text: "@Mirto, ciao."})
	require.NoError(t, err)
	assert.NotContains(t, w.seen(me, p).HTML, marked)
}

// TestNamelessHeld: what is read before it appears is read without a name, without what would say something of its author, and appears without one, wherever that is.
func TestNamelessHeld(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	w.allows("members", true)
	anna, esp, reader := w.newAccount(w.a, account.RoleMember, "Ginestra"), w.as(account.RoleESP), w.as(account.RoleFamily)
	w.holds(account.Holding{First: 3})
	r := w.opensNameless(anna, "members", "Senza nome", calm)
	require.True(t, r.Held, "the first posts of somebody are read, with a name or not")
	assert.Equal(t, HoldFirst, w.own(anna)[0].Why)
	assert.Equal(t, Author{Nameless: true, You: true}, w.own(anna)[0].Author)
	waits := w.toRead(esp)
	require.Len(t, waits, 1)
	assert.Equal(t, Author{Nameless: true}, waits[0].Author)
	assert.Equal(t, HoldNameless, waits[0].Why)
	h, err := w.HeldPost(ctx, esp, r.Post)
	require.NoError(t, err)
	w.silent(anna, "held", waits, h)
	ex, err := w.Content().Excerpt(ctx, w.pool, w.a, r.Post.String())
	require.NoError(t, err)
	assert.True(t, ex.Nameless)
	assert.Empty(t, ex.AuthorAlias)
	assert.Equal(t, anna.ID, ex.Author, "who answers for it is known to the program")
	w.allows("members", false)
	r, err = w.PublishHeld(ctx, esp, r.Post)
	require.NoError(t, err)
	assert.Equal(t, Author{Nameless: true, Voice: 1}, w.seen(reader, r).Author, "as it was written")
	ex, err = w.Content().Excerpt(ctx, w.pool, w.a, r.Post.String())
	require.NoError(t, err)
	assert.True(t, ex.Nameless)
	assert.Empty(t, ex.AuthorAlias)
	assert.Equal(t, 1, w.count(`select count(*) from forum_posts where author_id = $1`, anna.ID), "and counts among the first three")
}

// TestNamelessInstead: a new text that somebody may not put in place of theirs, and that sounds like danger, is kept beside it without their name as well.
func TestNamelessInstead(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	w.allows("members", true)
	anna, esp := w.newAccount(w.a, account.RoleMember, "Ginestra"), w.as(account.RoleESP)
	r := w.opensNameless(anna, "members", "Senza nome", calm)
	other := w.open(anna, "members", "Con il nome", calm)
	w.mute(anna, other)
	got, err := w.EditPost(ctx, anna, Edit{Post: r.Post, Version: 1, Title: "Senza nome", Text: crisis})
	require.NoError(t, err)
	require.True(t, got.Held)
	waits := w.toRead(esp)
	require.Len(t, waits, 1)
	assert.Equal(t, Author{Nameless: true}, waits[0].Author)
	assert.Equal(t, HoldNameless, waits[0].Why, "that she may not write would say which of the muted she is")
	_, err = w.WritePost(ctx, anna, NewPost{Thread: r.Thread, Text: calm, Nameless: true, CID: newCID()})
	assert.Equal(t, errs.Invalid, errs.KindOf(err), "a mute holds without a name, too")
	require.NotErrorIs(t, err, ErrNameless)
}

// mute has a tutor decide that the author of a post may not write for a day.
func (w *town) mute(author account.Actor, r Receipt) {
	w.t.Helper()
	ctx, tutor := w.t.Context(), w.as(account.RoleTutor)
	require.NoError(w.t, w.moderation.FileReport(ctx, w.as(account.RoleFamily), moderation.Report{Subject: subject(r.Post), Reason: moderation.ReasonHarassment}))
	queue, err := w.moderation.Queue(ctx, tutor)
	require.NoError(w.t, err)
	require.NoError(w.t, w.moderation.Claim(ctx, tutor, queue[0].ID))
	require.NoError(w.t, w.moderation.Decide(ctx, tutor, queue[0].ID, moderation.Decision{Kind: moderation.DecideNone, Sanction: moderation.SanctionMute, Reason: "Insulta."}))
	require.Error(w.t, w.moderation.MayWrite(ctx, w.pool, author))
}

// TestNamelessOwn: who wrote without a name goes on so unless they say otherwise, the same form with another tick is another one, and the register does not name them for what they do to such a text.
func TestNamelessOwn(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	w.allows("members", true)
	anna := w.newAccount(w.a, account.RoleMember, "Ginestra")
	opened := w.opensNameless(anna, "members", "Un titolo", calm)
	goesOn := func(actor account.Actor) bool {
		t.Helper()
		l, err := w.Posts(ctx, actor, opened.Thread, 0, PostsPerPage)
		require.NoError(t, err)
		return l.WroteNameless()
	}
	assert.True(t, goesOn(anna))
	assert.False(t, goesOn(w.as(account.RoleFamily)))
	cid := newCID()
	named, err := w.WritePost(ctx, anna, NewPost{Thread: opened.Thread, Text: calm, CID: cid})
	require.NoError(t, err)
	assert.False(t, goesOn(anna))
	again, err := w.WritePost(ctx, anna, NewPost{Thread: opened.Thread, Text: calm, CID: cid, Nameless: true})
	require.NoError(t, err)
	require.NotEqual(t, named.Post, again.Post, "that one has her name")
	assert.True(t, w.seen(anna, again).Author.You)
	last := w.answersNameless(anna, opened.Thread, calm)
	assert.True(t, goesOn(anna))

	for _, r := range []Receipt{last, named} {
		_, err = w.DeletePost(ctx, anna, r.Post)
		require.NoError(t, err)
	}
	const told = `select count(*) from audit_entries where action = 'post.delete' and object = $1 and actor_id = $2`
	assert.Zero(t, w.count(told, "post:"+last.Post.String(), anna.ID))
	assert.Equal(t, 1, w.count(told, "post:"+named.Post.String(), anna.ID))
}
