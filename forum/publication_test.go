package forum

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/pg"
)

// TestPublication: long, told in short in its list, answered if its author wants that, and changed by them.
func TestPublication(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	member, esp, tutor := w.as(account.RoleMember), w.as(account.RoleESP), w.as(account.RoleTutor)
	long := "## La notte\n\n" + strings.TrimSpace(strings.Repeat("Una riga dopo l'altra. ", MaxLong/25))
	in := NewThread{Category: "members", Kind: KindPublication, Title: "Dormire meglio", Text: long, Told: Told{Abstract: "Che cosa  aiuta\nquando la notte non passa.", Closed: true}, CID: newCID()}
	r, err := w.OpenThread(ctx, esp, in)
	require.NoError(t, err)
	require.False(t, r.Held)
	again, err := w.OpenThread(ctx, esp, in)
	require.NoError(t, err)
	assert.Equal(t, r.Post, again.Post, "the same form twice")
	l, err := w.ThreadsOfKind(ctx, member, "members", KindPublication, Cursor{}, 10)
	require.NoError(t, err)
	require.Len(t, l.Threads, 1)
	assert.Equal(t, Told{"Che cosa aiuta quando la notte non passa.", true}, l.Threads[0].Told)
	assert.Equal(t, "Marta", l.Threads[0].Author.Alias)
	_, err = w.IndexPosts(ctx)
	require.NoError(t, err)
	require.Len(t, w.look(member, Query{Text: "notte"}).Found, 1, "it is found by what it says in short")

	assert.Contains(t, w.seen(member, r).HTML, `<h2 dir="auto">La notte</h2>`, "what is long has parts")
	posts, err := w.Posts(ctx, esp, r.Thread, 0, 10)
	require.NoError(t, err)
	assert.False(t, posts.MayWrite)
	assert.True(t, posts.CanEdit(&posts.Posts[0]), "who wrote it changes it")
	assert.True(t, posts.CanDelete(&posts.Posts[0]))
	assert.True(t, posts.MayReact)
	for _, a := range []account.Actor{member, esp, tutor} {
		_, err := w.WritePost(ctx, a, NewPost{Thread: r.Thread, Text: calm, CID: newCID()})
		require.ErrorIs(t, err, ErrClosed)
	}
	mark, err := w.ThreadMark(ctx, member, r.Thread, 0)
	require.NoError(t, err)
	_, err = w.pool.Exec(ctx, `update forum_posts set renderer = 0, html = ''`)
	require.NoError(t, err)
	_, err = w.RenderAgain(ctx)
	require.NoError(t, err)
	assert.Contains(t, w.seen(member, r).HTML, `<h2 dir="auto">La notte</h2>`, "also by newer rules")
	edit := Edit{Post: r.Post, Version: 1, Title: "Dormire meglio", Text: long, Told: Told{Abstract: in.Told.Abstract}}
	_, err = w.EditPost(ctx, esp, edit)
	require.NoError(t, err)
	opened, err := w.ThreadMark(ctx, member, r.Thread, 0)
	require.NoError(t, err)
	assert.NotEqual(t, mark, opened, "open pages hear of it")
	reply := w.answer(member, r.Thread, "## Grazie.")
	assert.NotContains(t, w.seen(member, reply).HTML, "<h2")
	assert.Equal(t, 2, reply.Number)
	_, err = w.MarkAnswer(ctx, esp, reply.Post)
	require.ErrorIs(t, err, ErrNoAnswer, "an article asks nothing")
	edit.Version, edit.Told.Abstract = 2, "Di nuovo, con altre parole."
	_, err = w.EditPost(ctx, esp, edit)
	require.NoError(t, err)
	thread, _, err := w.Thread(ctx, member, r.Thread)
	require.NoError(t, err)
	assert.Equal(t, Told{Abstract: "Di nuovo, con altre parole."}, thread.Told)
	_, err = w.EditPost(ctx, member, Edit{Post: reply.Post, Version: 1, Text: "Grazie mille.", Told: Told{Abstract: "Non è mio da dire.", Closed: true}})
	require.NoError(t, err)
	thread, _, err = w.Thread(ctx, member, r.Thread)
	require.NoError(t, err)
	assert.Equal(t, "Di nuovo, con altre parole.", thread.Told.Abstract, "an answer says nothing of the article")

	for field, wrong := range map[string]NewThread{
		"abstract": {Title: "Titolo", Text: calm, Told: Told{Abstract: "Breve."}},
		"text":     {Title: "Titolo", Text: strings.Repeat("à", MaxLong+1), Told: Told{Abstract: inShort}},
		"title":    {Title: "", Text: calm, Told: Told{Abstract: inShort}},
	} {
		wrong.Category, wrong.Kind, wrong.CID = "members", KindPublication, newCID()
		_, err := w.OpenThread(ctx, tutor, wrong)
		var fields errs.Fields
		require.ErrorAs(t, err, &fields)
		assert.Equal(t, field, fields[0].Field)
	}
	_, err = w.OpenThread(ctx, tutor, NewThread{Category: "members", Kind: KindPublication, Title: "Titolo", Text: calm, Told: Told{Abstract: strings.Repeat("à ", MaxAbstract)}, CID: newCID()})
	require.Equal(t, errs.Invalid, errs.KindOf(err))
	_, err = w.OpenThread(ctx, member, NewThread{Category: "members", Title: "Titolo", Text: long, CID: newCID()})
	require.Equal(t, errs.Invalid, errs.KindOf(err), "what others write stays short")
	plain, err := w.OpenThread(ctx, member, NewThread{Category: "members", Title: "Titolo", Text: calm, Told: Told{Abstract: inShort, Closed: true}, CID: newCID()})
	require.NoError(t, err)
	thread, _, err = w.Thread(ctx, member, plain.Thread)
	require.NoError(t, err)
	assert.Zero(t, thread.Told, "fields that the form of a discussion has not are not taken from it")
	_, err = w.pool.Exec(ctx, `update forum_threads set closed_to_replies = true where id = $1`, plain.Thread)
	assert.Equal(t, "forum_threads_publication_told", pg.Constraint(err))

	_, err = w.DeletePost(ctx, esp, r.Post)
	require.NoError(t, err)
	thread, _, err = w.Thread(ctx, member, r.Thread)
	require.NoError(t, err)
	assert.Empty(t, thread.Title+thread.Told.Abstract)
	assert.Zero(t, w.count(`select count(*) from forum_threads where abstract like 'Di nuovo%'`))
}

// TestPublication_danger: what an article says in short is read for risk with it.
func TestPublication_danger(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	_, err := w.OpenThread(t.Context(), w.as(account.RoleESP), NewThread{Category: "members", Kind: KindPublication, Title: "Titolo", Text: calm, Told: Told{Abstract: crisis}, CID: newCID()})
	require.NoError(t, err)
	assert.Equal(t, 1, w.count(`select count(*) from moderation_escalations where level = 'crisis'`))
}

// TestPublicationDraft: what was begun is kept whole.
func TestPublicationDraft(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	esp := w.as(account.RoleESP)
	k := Keep{Category: "members", Kind: KindPublication, Told: Told{Abstract: "Per ora solo questo.", Closed: true}, CID: newCID()}
	w.keep(esp, k)
	d := w.drafts(esp)
	require.Len(t, d, 1)
	assert.Equal(t, k.Told, d[0].Told)
	assert.Equal(t, KindPublication, d[0].Kind)
	k.Kind, k.CID = KindDiscussion, newCID()
	version, err := w.KeepDraft(t.Context(), esp, k)
	require.NoError(t, err)
	assert.Zero(t, version, "nothing of it belongs to a discussion")
}

// TestPublicationTravels: exported and brought in elsewhere, it is the same.
func TestPublicationTravels(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	_, err := w.OpenThread(ctx, w.as(account.RoleESP), NewThread{Category: "members", Kind: KindPublication, Title: "Un articolo", Text: calm, Told: Told{inShort, true}, CID: newCID()})
	require.NoError(t, err)
	w.published(w.as(account.RoleMember), "Una storia")
	var out bytes.Buffer
	_, err = w.Export(ctx, account.System(w.a), &out)
	require.NoError(t, err)
	w.newAccount(w.b, account.RoleESP, "Marta")
	wanted, wrong, err := w.CheckImport(ctx, account.System(w.b), "altrove", strings.NewReader(strings.ReplaceAll(out.String(), `"alias":"Mirto"`, `"alias":"Mirtillo"`)))
	require.NoError(t, err)
	require.Empty(t, wrong)
	assert.Equal(t, 2, wanted.Threads)
	_, err = w.Import(ctx, account.System(w.b), "altrove", strings.NewReader(strings.ReplaceAll(out.String(), `"alias":"Mirto"`, `"alias":"Mirtillo"`)), func(string, string) error { return nil })
	require.NoError(t, err)
	l, err := w.ThreadsOfKind(ctx, w.other, "members", KindPublication, Cursor{}, 10)
	require.NoError(t, err)
	require.Len(t, l.Threads, 1)
	assert.Equal(t, Told{inShort, true}, l.Threads[0].Told)
	assert.Equal(t, []string{"Una storia"}, w.titles(w.other, "members", KindStory))
	_, wrong, err = w.CheckImport(ctx, account.System(w.b), "altrove", strings.NewReader(strings.ReplaceAll(out.String(), `"thread_kind":"publication"`, `"thread_kind":"question"`)))
	require.NoError(t, err)
	assert.NotEmpty(t, wrong)
}
