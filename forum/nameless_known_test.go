package forum

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/moderation"
	"ponti/moderation/triage"
)

// TestNamelessNowhere: nothing that this package gives to anybody who reads or moderates holds the account or the alias of who has no name, whatever is asked for; only to themselves it says which is theirs.
func TestNamelessNowhere(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	heard := &channels{}
	w.hints = heard
	w.allows("members", true)
	anna := w.newAccount(w.a, account.RoleMember, "Ginestra")
	r, err := w.OpenThread(ctx, anna, NewThread{Category: "members", Kind: KindQuestion, Title: "Senza nome", Text: "Un melo fiorito.", Nameless: true, CID: newCID()})
	require.NoError(t, err)
	a := w.answersNameless(anna, r.Thread, "Un pero.")
	_, err = w.EditPost(ctx, anna, Edit{Post: a.Post, Version: 1, Text: "Un pero fiorito."})
	require.NoError(t, err)
	gone := w.answersNameless(anna, r.Thread, "Niente.")
	_, err = w.DeletePost(ctx, anna, gone.Post)
	require.NoError(t, err)
	hidden := w.answersNameless(anna, r.Thread, "Un insulto.")
	w.hide(hidden, "Insulta.")
	danger := w.answersNameless(anna, r.Thread, crisis)
	_, err = w.React(ctx, w.as(account.RoleFamily), a.Post, Thanks, true)
	require.NoError(t, err)
	_, err = w.IndexPosts(ctx)
	require.NoError(t, err)

	readers := []account.Actor{w.as(account.RoleMember), w.as(account.RoleFamily), w.as(account.RoleESP), w.as(account.RoleSenior), w.as(account.RoleTutor)}
	for _, reader := range readers {
		ask := func(about string, given any, err error) {
			t.Helper()
			require.NoError(t, err, about)
			w.silent(anna, string(reader.Role)+", "+about, given)
		}
		require.NoError(t, w.Subscribe(ctx, reader, r.Thread, true))
		boards, err := w.Categories(ctx, reader)
		ask("categories", boards, err)
		threads, err := w.Threads(ctx, reader, "members", Cursor{}, 10)
		ask("threads", threads, err)
		posts, err := w.Posts(ctx, reader, r.Thread, 0, 50)
		ask("posts", posts, err)
		thread, _, err := w.Thread(ctx, reader, r.Thread)
		ask("thread", thread, err)
		mark, err := w.ThreadMark(ctx, reader, r.Thread, 0)
		ask("mark", mark, err)
		news, err := w.News(ctx, reader)
		ask("news", news, err)
		visit, err := w.Visit(ctx, reader)
		ask("visit", visit, err)
		ask("search", w.look(reader, Query{Text: "fiorito"}), nil)
		ask("search by name", w.look(reader, Query{Text: "Ginestra"}).Found, nil)
		filters, err := w.Filters(ctx, reader)
		ask("filters", filters, err)
		if reader.Role != account.RoleMember && reader.Role != account.RoleFamily {
			questions, err := w.UnansweredQuestions(ctx, reader, Cursor{}, 10)
			ask("questions", questions, err)
			assert.NotEmpty(t, questions.Questions)
		}
		for _, id := range []PostID{r.Post, a.Post, gone.Post, hidden.Post, danger.Post} {
			one, err := w.Post(ctx, reader, id)
			ask("post", one, err)
			assert.False(t, one.Post.Mine || one.Post.Author.You)
			if _, list, err := w.PostHistory(ctx, reader, id); err == nil {
				ask("history", list, nil)
			}
			if o, list, err := w.ReactionsOf(ctx, reader, id); err == nil {
				ask("reactions", []any{o, list}, nil)
			}
			ex, err := w.Content().Excerpt(ctx, w.pool, w.a, id.String())
			require.NoError(t, err)
			assert.Equal(t, []any{"", true}, []any{ex.AuthorAlias, ex.Nameless})
		}
		if form, err := w.SplitForm(ctx, reader, r.Thread, Chosen{{2, 3}}, 0); err == nil {
			ask("split", form, nil)
		}
	}
	for _, h := range heard.all() {
		assert.NotContains(t, h, anna.ID.String(), "a live page is told which thread changed, and nothing of who wrote")
	}
	own, err := w.Posts(ctx, anna, r.Thread, 0, 50)
	require.NoError(t, err)
	for _, p := range own.Posts {
		assert.Equal(t, Author{Nameless: true, Voice: 1, You: true}, p.Author)
	}
	assert.Equal(t, triage.Crisis, own.Posts[4].Level, "she is helped as anybody")
	assert.NotEqual(t, moderation.CareNone, own.Posts[4].Care)
}

// channels remembers what was published.
type channels struct {
	mu   sync.Mutex
	said []string
}

func (c *channels) Publish(channel string, payload []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if strings.HasPrefix(channel, "thread:") {
		c.said = append(c.said, channel+" "+string(payload))
	}
}

func (c *channels) all() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.said)
}

// TestNamelessAnswered: who moderates acts on a text without a name and on who wrote it as on any other, and is told no name while they do.
func TestNamelessAnswered(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	w.allows("members", true)
	anna, tutor := w.newAccount(w.a, account.RoleMember, "Ginestra"), w.as(account.RoleTutor)
	r := w.opensNameless(anna, "members", "Senza nome", "Un insulto.")
	named := w.open(w.as(account.RoleMember), "members", "Con il nome", "Un insulto.")
	w.mute(w.as(account.RoleMember), named)
	w.mute(anna, r)
	_, err := w.WritePost(ctx, anna, NewPost{Thread: r.Thread, Text: calm, CID: newCID()})
	require.Error(t, err, "with her name neither")
	list, err := w.moderation.InForce(ctx, tutor)
	require.NoError(t, err)
	require.Len(t, list, 2)
	for _, s := range list {
		assert.Equal(t, s.Alias == "", s.Nameless)
		assert.NotEqual(t, "Ginestra", s.Alias)
	}
	notices, err := w.moderation.Notices(ctx, anna)
	require.NoError(t, err)
	require.Len(t, notices, 1, "she is told why")
	assert.Equal(t, "Senza nome", notices[0].Title)
	i := slices.IndexFunc(list, func(s moderation.InForce) bool { return s.Nameless })
	require.NoError(t, w.moderation.Lift(ctx, tutor, list[i].Case))
	_, err = w.WritePost(ctx, anna, NewPost{Thread: r.Thread, Text: calm, Nameless: true, CID: newCID()})
	require.NoError(t, err)
	require.ErrorIs(t, w.moderation.FileReport(ctx, anna, moderation.Report{Subject: subject(r.Post), Reason: moderation.ReasonOther}), moderation.ErrInvolved, "nobody reports themselves")
}

// TestNamelessDraft: a draft remembers that it would have no name, and what a form sends counts, not what another window kept.
func TestNamelessDraft(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	w.allows("members", true)
	me := w.as(account.RoleMember)
	thread := w.open(w.as(account.RoleFamily), "members", "Il fiume", calm).Thread
	k := Keep{Thread: thread, Text: "Comincio", Nameless: true, CID: newCID(), DraftMark: DraftMark{Writer: "window one"}}
	k.Version = w.keep(me, k)
	assert.True(t, w.drafts(me)[0].Nameless)
	d, err := w.DraftOf(ctx, me, thread, "", DraftID{})
	require.NoError(t, err)
	assert.True(t, d.Nameless)

	late := Keep{Thread: thread, Text: "Comincio", CID: k.CID, DraftMark: DraftMark{Writer: "window two"}}
	_, err = w.KeepDraft(ctx, me, late)
	require.ErrorIs(t, err, ErrDraftElsewhere, "an older window without the tick does not take it away")
	assert.True(t, w.drafts(me)[0].Nameless)
	k.Nameless = false
	k.Version = w.keep(me, k)
	assert.False(t, w.drafts(me)[0].Nameless)
	k.Nameless = true
	k.Version = w.keep(me, k)

	w.allows("members", false)
	_, err = w.WritePost(ctx, me, NewPost{Thread: thread, Text: "Comincio", Nameless: true, CID: k.CID, DraftMark: k.DraftMark})
	require.ErrorIs(t, err, ErrNameless)
	require.Len(t, w.drafts(me), 1, "what was refused is still a draft")
	assert.True(t, w.drafts(me)[0].Nameless)
	assert.Zero(t, w.keep(me, Keep{Thread: thread, Nameless: true, CID: newCID()}), "a tick without a word is nothing to keep")
}

// TestNamelessSwitchedOff: who writes while it is switched off is published without a name, or told that it is over, and never published with one.
func TestNamelessSwitchedOff(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	w.allows("members", true)
	thread := w.open(w.as(account.RoleFamily), "members", "Il fiume", calm).Thread
	anna := w.newAccount(w.a, account.RoleMember, "Ginestra")
	var wg sync.WaitGroup
	written, refused := make(chan Receipt, 20), make(chan error, 20)
	for range 20 {
		wg.Go(func() {
			r, err := w.WritePost(ctx, anna, NewPost{Thread: thread, Text: "Mentre si cambia.", Nameless: true, CID: newCID()})
			if err != nil {
				refused <- err
				return
			}
			written <- r
		})
	}
	wg.Go(func() { assert.NoError(t, w.AllowNameless(ctx, w.as(account.RoleAdmin), "members", false)) })
	wg.Wait()
	close(written)
	close(refused)
	for err := range refused {
		require.ErrorIs(t, err, ErrNameless)
	}
	n := 0
	for r := range written {
		n++
		assert.True(t, w.seen(w.as(account.RoleMember), r).Author.Nameless)
	}
	assert.Equal(t, n, w.count(`select count(*) from forum_posts where author_id = $1`, anna.ID))
	assert.Zero(t, w.count(`select count(*) from forum_posts where author_id = $1 and voice is null`, anna.ID))
}

// TestNamelessForgotten: that somebody asked to be forgotten shows in nothing that has no name; what they took with them is gone as from anybody.
func TestNamelessForgotten(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.allows("members", true)
	anna, reader := w.newAccount(w.a, account.RoleMember, "Ginestra"), w.as(account.RoleFamily)
	r := w.opensNameless(anna, "members", "Senza nome", calm)
	w.answer(reader, r.Thread, "Ti leggo.")
	require.True(t, w.forget(anna, false))
	_, err := w.pool.Exec(t.Context(), `update account_accounts set alias = '' where id = $1`, anna.ID)
	require.NoError(t, err)
	assert.Equal(t, Author{Nameless: true, Voice: 1}, w.seen(reader, r).Author, "it does not become somebody who has left")
	require.NoError(t, w.Content().(moderation.Unnamed).Reveal(t.Context(), w.pool, w.as(account.RoleTutor), r.Post.String()))
	require.True(t, w.forget(anna, true))
	p := w.seen(reader, r)
	assert.Equal(t, Deleted, p.State)
	assert.Equal(t, Author{Nameless: true, Voice: 1}, p.Author)
	assert.Zero(t, w.count(`select count(*) from forum_reveals`))
}

// TestNamelessRevealed: a tutor who was told sees for an hour that they were, others do not, and the author sees when; what has a name has nothing to reveal.
func TestNamelessRevealed(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	w.allows("members", true)
	anna, reader, tutor := w.newAccount(w.a, account.RoleMember, "Ginestra"), w.as(account.RoleFamily), w.as(account.RoleTutor)
	r, named := w.opensNameless(anna, "members", "Senza nome", calm), w.open(anna, "members", "Con il nome", calm)
	content := w.Content().(moderation.Unnamed)
	asked := func(actor account.Actor) map[string]bool {
		t.Helper()
		list, err := content.Unnamed(ctx, w.pool, actor, []string{r.Post.String(), named.Post.String(), "nothing"})
		require.NoError(t, err)
		return list
	}
	assert.Equal(t, map[string]bool{r.Post.String(): false}, asked(tutor))
	assert.Nil(t, w.seen(anna, r).RevealedAt)
	require.NoError(t, content.Reveal(ctx, w.pool, tutor, r.Post.String()))
	require.NoError(t, content.Reveal(ctx, w.pool, tutor, r.Post.String()))
	assert.Equal(t, map[string]bool{r.Post.String(): true}, asked(tutor))
	assert.Equal(t, map[string]bool{r.Post.String(): false}, asked(w.newAccount(w.a, account.RoleTutor, "Teresa")))
	assert.NotNil(t, w.seen(anna, r).RevealedAt)
	assert.Nil(t, w.seen(reader, r).RevealedAt)
	one, err := w.Post(ctx, anna, r.Post)
	require.NoError(t, err)
	assert.NotNil(t, one.Post.RevealedAt)
	_, err = w.pool.Exec(ctx, `update forum_reveals set revealed_at = now() - interval '61 minutes'`)
	require.NoError(t, err)
	assert.Equal(t, map[string]bool{r.Post.String(): false}, asked(tutor))
	assert.NotNil(t, w.seen(anna, r).RevealedAt, "she is told that it was")
}

// TestNamelessTravels: an export names nobody who had no name, in another place as here; and what is brought in has none there either.
func TestNamelessTravels(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	w.allows("members", true)
	anna, bruno := w.newAccount(w.a, account.RoleMember, "Ginestra"), w.newAccount(w.a, account.RoleMember, "Ginepro")
	r := w.opensNameless(anna, "members", "Senza nome", calm)
	w.answersNameless(bruno, r.Thread, "Io pure.")
	w.answersNameless(anna, r.Thread, "Ancora io.")
	w.answer(bruno, r.Thread, "Con il nome.")
	w.opensNameless(anna, "members", "Un'altra", calm)
	var out bytes.Buffer
	_, err := w.Export(ctx, account.System(w.a), &out)
	require.NoError(t, err)
	assert.NotContains(t, out.String(), anna.ID.String())
	assert.NotContains(t, out.String(), "Ginestra", "who never wrote by name is not in it")
	assert.Equal(t, 1, strings.Count(out.String(), `"Ginepro"`))
	assert.Equal(t, 1+1, strings.Count(out.String(), bruno.ID.String()), "his line, and what he wrote by name")
	assert.Equal(t, 3, strings.Count(out.String(), `"voice":1`), "two in one discussion and one in another")

	system := account.System(w.b)
	_, wrong, err := w.CheckImport(ctx, system, "a", strings.NewReader(out.String()))
	require.NoError(t, err)
	require.Empty(t, wrong)
	_, err = w.Import(ctx, system, "a", strings.NewReader(out.String()), func(string, string) error { return nil })
	require.NoError(t, err)
	n, err := w.Import(ctx, system, "a", strings.NewReader(out.String()), func(string, string) error { return nil })
	require.NoError(t, err)
	assert.Zero(t, n, "again brings nothing")
	l, err := w.Threads(ctx, w.other, "members", Cursor{}, 10)
	require.NoError(t, err)
	require.Len(t, l.Threads, 2)
	for _, th := range l.Threads {
		assert.Equal(t, Author{Nameless: true}, th.Author)
		if th.Title == "Senza nome" {
			assert.Equal(t, []int{1, 2, 1, 0}, w.voices(w.other, th.ID))
		}
	}
	assert.Equal(t, 2, w.count(`select voices from forum_threads where service_id = $1 and title = 'Senza nome'`, w.b))

	_, wrong, err = w.CheckImport(ctx, system, "a", strings.NewReader(strings.Replace(out.String(), `"voice":1`, `"voice":-1`, 1)))
	require.NoError(t, err)
	assert.Len(t, wrong, 1)
	_, err = w.Export(ctx, account.System(w.b), io.Discard)
	require.NoError(t, err)
}

// TestMigrateNameless: what was there before has its author's name, and so has what comes after where nobody allowed otherwise.
func TestMigrateNameless(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	member, reader := w.as(account.RoleMember), w.as(account.RoleFamily)
	r := w.open(member, "members", "Di prima", calm)
	w.holds(account.Holding{First: 5})
	held := w.open(member, "members", "Di prima, trattenuta", calm)
	require.True(t, held.Held)
	w.migrateFrom(28)
	w.holds(account.Holding{})
	assert.Equal(t, "Mirto", w.seen(reader, r).Author.Alias)
	assert.False(t, w.toRead(w.as(account.RoleESP))[0].Author.Nameless)
	c, err := w.Category(t.Context(), reader, "members")
	require.NoError(t, err)
	assert.False(t, c.Nameless)
	w.allows("members", true)
	assert.Equal(t, 1, w.answersNameless(member, r.Thread, "Dopo.").Number-1)
	assert.Equal(t, []int{0, 1}, w.voices(reader, r.Thread))
}

// TestMigrateVoices: threads that were split or merged before have their voices numbered anew, and others keep theirs.
func TestMigrateVoices(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.allows("members", true)
	anna, bruno, reader := w.as(account.RoleMember), w.newAccount(w.a, account.RoleMember, "Ginepro"), w.as(account.RoleFamily)
	one, other := w.opensNameless(anna, "members", "Una", calm), w.opensNameless(bruno, "members", "Altra", calm)
	w.answersNameless(bruno, one.Thread, "Io.")
	w.answersNameless(anna, other.Thread, "Io pure.")
	_, err := w.pool.Exec(t.Context(), `with v as (update forum_posts set voice = case number when 1 then 4 else 6 end where thread_id = $1) update forum_threads set voice = 4, voices = 6 where id = $1`, one.Thread)
	require.NoError(t, err)
	w.migrateFrom(31)
	assert.Equal(t, []int{1, 2}, w.voices(reader, one.Thread))
	assert.Equal(t, []int{1, 2}, w.voices(reader, other.Thread))
	assert.Equal(t, 2, w.count(`select count(*) from forum_threads where voice = 1 and voices = 2`))
	w.answersNameless(reader, one.Thread, "Chi sono?")
	assert.Equal(t, []int{1, 2, 3}, w.voices(reader, one.Thread))
}

// TestNamelessPlanted: a discussion of the past may have posts without a name.
func TestNamelessPlanted(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	anna, bruno := w.as(account.RoleMember), w.as(account.RoleFamily)
	at := time.Now().Add(-time.Hour)
	id, err := w.PlantThread(t.Context(), account.System(w.a), Planted{Category: w.members, Title: "Di ieri", Posts: []PlantedPost{
		{Author: anna.ID, Text: calm, At: at, Nameless: true}, {Author: bruno.ID, Text: calm, At: at, Nameless: true}, {Author: anna.ID, Text: calm, At: at},
	}})
	require.NoError(t, err)
	assert.Equal(t, []int{1, 2, 0}, w.voices(bruno, id))
}
