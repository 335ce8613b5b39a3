package forum

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
)

const marked = `<span class="mention">@`

// calling are the threads in which somebody is told that they are called by name, with the number of the post.
func (w *town) calling(actor account.Actor) map[string]int {
	w.t.Helper()
	list, err := w.News(w.t.Context(), actor)
	require.NoError(w.t, err)
	out := map[string]int{}
	for _, n := range list {
		if n.Thread.Mentioned > 0 {
			out[n.Thread.Title] = n.Thread.Mentioned
		}
	}
	return out
}

// TestRenderMentions: only names that were given are marked, whole, and never where nobody is spoken to.
func TestRenderMentions(t *testing.T) {
	t.Parallel()
	who := map[string]account.ID{}
	for i, name := range []string{"Mirto", "Vento di lago", "Vento", "Nicolò", "L'Anna", "Ил"} {
		who[spelled(name)] = account.ID{byte(i + 1)}
	}
	for _, c := range []struct{ name, source, want string }{
		{"a name", "Ciao @Mirto.", `Ciao <span class="mention">@Mirto</span>.`},
		{"in any case and without accents", "@MIRTO e @nicolo", `<span class="mention">@MIRTO</span> e <span class="mention">@nicolo</span>`},
		{"the longest", "@Vento di lago, @Vento di mare", `<span class="mention">@Vento di lago</span>, <span class="mention">@Vento</span> di mare`},
		{"with an apostrophe", "@L'Anna!", `<span class="mention">@L&#39;Anna</span>!`},
		{"in other letters", "(@Ил)", `(<span class="mention">@Ил</span>)`},
		{"of two words, last in a line", "Ciao @Vento di lago\nciao @Vento di lago", "Ciao " + marked + "Vento di lago</span><br>ciao " + marked + "Vento di lago</span>"},
		{"not of somebody else", "@Salvia", "@Salvia"},
		{"not a part of a name", "@Mirtone @Mirto-Luca @Mirto2", "@Mirtone @Mirto-Luca @Mirto2"},
		{"not inside a word", "casa@Mirto", "casa@Mirto"},
		{"not behind a backslash", `\@Mirto`, "@Mirto"},
		{"not in backticks", "`@Mirto` @Vento", "`@Mirto` " + marked + "Vento</span>"},
		{"not twice the sign", "@@Mirto", "@@Mirto"},
		{"in bold", "**@Mirto**", "<strong>" + marked + "Mirto</span></strong>"},
		{"not in the words of a link", "[@Mirto](tel:112)", `<a href="tel:112" rel="noopener noreferrer nofollow ugc">@Mirto</a> <span class="post-host">(112)</span>`},
		{"not as markup", "@<b>Mirto</b>", "@&lt;b&gt;Mirto&lt;/b&gt;"},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := &names{ids: who, left: 100}
			assert.Equal(t, `<p dir="auto">`+c.want+`</p>`, strings.ReplaceAll(renderWith(markdown, cleanText(c.source), true, n).HTML, "&amp;", "&"))
		})
	}
	for _, quiet := range []string{"> @Mirto", "> - @Mirto\n> > @Mirto", "```\n@Mirto\n```", "```\n\n@Mirto\n\n```"} {
		n := &names{ids: who, left: 100}
		assert.NotContains(t, renderWith(markdown, quiet, true, n).HTML, "mention", quiet)
		assert.Empty(t, n.found)
	}
	n := &names{ids: who, left: 100}
	assert.Equal(t, "Ciao @Mirto", renderWith(markdown, "Ciao @**Mirto**", true, n).Plain)
	assert.Empty(t, n.found)
	for _, a := range attacks(t) {
		checkSafe(t, renderWith(markdown, cleanText("@Mirto "+a+"@Vento di lago"), true, &names{ids: who, left: 100}).HTML, a)
	}
	began := time.Now()
	for _, hostile := range []string{strings.Repeat("@", MaxText), strings.Repeat("@Ил", MaxText/3), strings.Repeat("@è", MaxText/2), strings.Repeat("`@", MaxText/2), strings.Repeat(`@\`, MaxText/2)} {
		renderWith(markdown, hostile, true, &names{ids: who, left: 100})
	}
	assert.Less(t, time.Since(began), 20*time.Second, "hostile texts take no time")
}

// TestMention: who is called in a thread finds it in what is new to them, until they have seen it, on whatever device.
func TestMention(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	member, family, esp := w.as(account.RoleMember), w.as(account.RoleFamily), w.as(account.RoleESP)
	river := w.open(member, "members", "Il fiume", "Una domanda per @Marta, non per @Salvia e @Nadia.").Thread
	first := w.seen(member, Receipt{Thread: river, Number: 1}).HTML
	assert.Contains(t, first, marked+"Marta<", "who looks after the category")
	assert.NotContains(t, first, marked+"Salvia", "who has not written there")
	assert.NotContains(t, first, marked+"Nadia", "who looks after another category")
	assert.NotContains(t, first, marked+"Mirto")
	assert.Equal(t, map[string]int{"Il fiume": 1}, w.calling(esp))
	assert.Empty(t, w.calling(family))

	require.NoError(t, w.MarkMentionsRead(ctx, esp, river, 2, 50))
	require.NoError(t, w.MarkMentionsRead(ctx, family, river, 1, 50))
	require.NoError(t, w.MarkMentionsRead(ctx, w.other, river, 1, 50))
	assert.Len(t, w.calling(esp), 1, "another page, or another reader, is not it")
	require.NoError(t, w.MarkMentionsRead(ctx, esp, river, 1, 50))
	assert.Empty(t, w.calling(esp))

	w.answer(family, river, "Ci sono anch'io, @Mirto e @Salvia.")
	assert.Equal(t, map[string]int{"Il fiume": 2}, w.calling(member), "who wrote there")
	assert.Empty(t, w.calling(family), "nobody calls themselves")
	require.NoError(t, w.Subscribe(ctx, member, river, false))
	assert.Len(t, w.calling(member), 1, "also who follows no more")
	l, err := w.Posts(ctx, member, river, 0, 10)
	require.NoError(t, err)
	assert.Equal(t, 2, l.Thread.Mentioned)

	t.Run("an edit tells again nobody who was told", func(t *testing.T) {
		require.NoError(t, w.MarkMentionsRead(ctx, member, river, 1, 50))
		r := l.Posts[1].ID
		edit := func(version int, text string) string {
			_, err := w.EditPost(ctx, family, Edit{Post: r, Version: version, Text: text})
			require.NoError(t, err)
			return w.seen(member, Receipt{Thread: river, Number: 2}).HTML
		}
		assert.Contains(t, edit(1, "Di nuovo, @Mirto."), marked+"Mirto<")
		assert.NotContains(t, edit(2, "Senza nessuno."), "mention")
		assert.Contains(t, edit(3, "@Mirto, e tu @Marta?"), marked+"Mirto<")
		assert.Empty(t, w.calling(member))
		assert.Equal(t, map[string]int{"Il fiume": 2}, w.calling(esp), "but whoever was not")
		edit(4, "Senza nessuno.")
		assert.Empty(t, w.calling(esp), "what does not stand there calls nobody")
	})
	t.Run("rendered again it stays marked", func(t *testing.T) {
		again := w.answer(family, river, "Ancora @Mirto.")
		_, err := w.pool.Exec(ctx, `update forum_posts set renderer = 0, html = ''`)
		require.NoError(t, err)
		n, err := w.RenderAgain(ctx)
		require.NoError(t, err)
		assert.Equal(t, 3, n)
		assert.Contains(t, w.seen(member, again).HTML, marked+"Mirto<")
		assert.Contains(t, w.seen(member, Receipt{Thread: river, Number: 1}).HTML, marked+"Marta<")
		require.NoError(t, w.MarkMentionsRead(ctx, member, river, 1, 50))
	})
	t.Run("what is hidden or deleted calls nobody", func(t *testing.T) {
		hidden, deleted := w.answer(family, river, "@Mirto"), w.answer(family, river, "@Mirto")
		w.hide(hidden, "Insulta.")
		_, err := w.DeletePost(ctx, family, deleted.Post)
		require.NoError(t, err)
		assert.Empty(t, w.calling(member))
		assert.Zero(t, w.count(`select count(*) from forum_mentions where post_id = $1`, deleted.Post))
	})
	t.Run("who muted the author is not told, and the author sees no difference", func(t *testing.T) {
		quiet := w.newAccount(w.a, account.RoleMember, "Timo")
		w.answer(quiet, river, calm)
		_, err := w.MuteAuthor(ctx, quiet, l.Posts[1].ID)
		require.NoError(t, err)
		r := w.answer(family, river, "Timo? @Timo!")
		assert.Contains(t, w.seen(family, r).HTML, marked+"Timo<")
		assert.Empty(t, w.calling(quiet))
	})
	t.Run("a text that waits calls nobody until it appears", func(t *testing.T) {
		require.NoError(t, w.accounts.ChangeHolding(ctx, w.as(account.RoleAdmin), account.Holding{First: 5}))
		lake := w.open(esp, "members", "Il lago", calm).Thread
		novice := w.newAccount(w.a, account.RoleMember, "Rosa")
		held := w.answer(novice, lake, "Grazie @Marta")
		require.True(t, held.Held)
		assert.NotContains(t, w.calling(esp), "Il lago")
		_, err := w.PublishHeld(ctx, w.as(account.RoleTutor), held.Post)
		require.NoError(t, err)
		assert.Equal(t, 2, w.calling(esp)["Il lago"])
	})
	t.Run("nothing of who is forgotten", func(t *testing.T) {
		require.True(t, w.forget(member, false))
		require.True(t, w.forget(family, false))
		assert.Zero(t, w.count(`select count(*) from forum_mentions where $1 in (account_id, author_id) or $2 in (account_id, author_id)`, member.ID, family.ID))
	})
}

// TestMentionAbuse: calling tells nothing of who exists, reaches nobody who may not read, and has bounds.
func TestMentionAbuse(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	member, family, senior := w.as(account.RoleMember), w.as(account.RoleFamily), w.as(account.RoleSenior)
	thread := w.open(member, "members", "Un titolo", calm).Thread
	for _, name := range []string{"Salvia", "Tommaso", "Amina", "Remo", "Ospite", "Nessuno"} {
		r := w.answer(member, thread, "Ciao @"+name)
		assert.Equal(t, `<p dir="auto">Ciao @`+name+`</p>`, w.seen(member, r).HTML, "who is not there looks like who does not exist")
	}
	assert.Zero(t, w.count(`select count(*) from forum_mentions`))

	home := w.open(family, "family", "Tra noi", calm).Thread
	was := w.newAccount(w.a, account.RoleFamily, "Felce")
	w.answer(was, home, calm)
	_, err := w.pool.Exec(ctx, `update account_accounts set role = 'member' where id = $1`, was.ID)
	require.NoError(t, err)
	r := w.answer(family, home, "@Felce e @Nadia")
	assert.Equal(t, 1, w.count(`select count(*) from forum_mentions where post_id = $1`, r.Post), "who may not read there any more is not called")
	assert.Equal(t, map[string]int{"Tra noi": 3}, w.calling(senior))
	senior.Role = account.RoleMember
	assert.Empty(t, w.calling(senior), "nor told, once they may not")
	require.True(t, w.forget(was, false))
	_, err = w.pool.Exec(ctx, `update account_accounts set erased_at = now(), disabled_at = now(), password_hash = '', recovery_hash = null, alias = 'Persona' where id = $1`, was.ID)
	require.NoError(t, err)
	assert.NotContains(t, w.seen(family, w.answer(family, home, "@Persona")).HTML, "mention", "a name that nobody has any more")

	var crowd []string
	for i := range MaxMentions + 2 {
		name := fmt.Sprintf("Foglia %c", 'a'+i)
		w.answer(w.newAccount(w.a, account.RoleMember, name), thread, calm)
		crowd = append(crowd, "@"+name)
	}
	all := w.answer(member, thread, strings.Join(crowd, ", ")+" e ancora "+crowd[0])
	assert.Equal(t, MaxMentions+1, strings.Count(w.seen(member, all).HTML, marked), "five people, one of them twice")
	assert.Equal(t, MaxMentions, w.count(`select count(*) from forum_mentions where post_id = $1`, all.Post))
	var at sync.WaitGroup
	for range 8 {
		at.Go(func() {
			_, err := w.WritePost(ctx, member, NewPost{Thread: thread, Text: strings.Join(crowd, " "), CID: newCID()})
			assert.NoError(t, err)
		})
	}
	at.Wait()
	assert.Equal(t, mentionsPerHour, w.count(`select count(*) from forum_mentions where author_id = $1`, member.ID), "in an hour, also at once")
	last := w.answer(member, thread, crowd[6])
	assert.NotContains(t, w.seen(member, last).HTML, "mention")
	_, err = w.EditPost(ctx, member, Edit{Post: all.Post, Version: 1, Text: strings.Join(crowd[:2], " ") + ", scusate"})
	require.NoError(t, err)
	assert.Equal(t, 2, strings.Count(w.seen(member, all).HTML, marked), "those who were called by it before cost nothing")
	_, err = w.pool.Exec(ctx, `update forum_mentions set at = at - interval '61 minutes'`)
	require.NoError(t, err)
	assert.Contains(t, w.seen(member, w.answer(member, thread, crowd[6])).HTML, marked)
	big := w.answer(family, thread, strings.Repeat("@Mirto 🌿 ", MaxText/9))
	assert.Equal(t, 1, w.count(`select count(*) from forum_mentions where post_id = $1`, big.Post))
}

// TestMentionAtOnce: somebody who edits what opened a thread and answers in it at the same time waits for themselves, and for nothing else.
func TestMentionAtOnce(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	member := w.as(account.RoleMember)
	r := w.open(member, "members", "Un titolo", "Per @Marta.")
	w.answer(w.as(account.RoleFamily), r.Thread, calm)
	var all sync.WaitGroup
	all.Go(func() {
		for i := range 10 {
			_, err := w.EditPost(ctx, member, Edit{Post: r.Post, Version: i + 1, Title: fmt.Sprintf("Titolo %d", i), Text: fmt.Sprintf("Per @Salvia, %d.", i)})
			assert.NoError(t, err)
		}
	})
	for range 2 {
		all.Go(func() {
			for range 10 {
				_, err := w.WritePost(ctx, member, NewPost{Thread: r.Thread, Text: "E tu @Salvia?", CID: newCID()})
				assert.NoError(t, err)
			}
		})
	}
	all.Wait()
	assert.Len(t, w.calling(w.as(account.RoleFamily)), 1)
}

// TestMigrateMentions: posts of before call nobody, and new ones do.
func TestMigrateMentions(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	old := w.open(w.as(account.RoleMember), "members", "Di prima", "Per @Marta.")
	w.migrateFrom(19)
	assert.Empty(t, w.calling(w.as(account.RoleESP)))
	w.answer(w.as(account.RoleMember), old.Thread, "Per @Marta.")
	assert.Equal(t, map[string]int{"Di prima": 2}, w.calling(w.as(account.RoleESP)))
}
