package forum

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/errs"
)

// TestMuteAuthor: what somebody writes comes folded, for the one who said so and for nobody else, and nobody else learns of it.
func TestMuteAuthor(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	me, other, esp := w.as(account.RoleMember), w.as(account.RoleFamily), w.as(account.RoleESP)
	theirs := w.open(other, "members", "Il fiume", calm)
	mine := w.answer(me, theirs.Thread, "Ci sono anch'io.")
	again := w.answer(other, theirs.Thread, "Bene così.")
	_, err := w.IndexPosts(ctx)
	require.NoError(t, err)
	muted := func(actor account.Actor) (list []Muted) {
		l, err := w.Posts(ctx, actor, theirs.Thread, 0, PostsPerPage)
		require.NoError(t, err)
		for _, p := range l.Posts {
			assert.NotEmpty(t, p.HTML, "nothing is withheld")
			list = append(list, p.Muted)
		}
		return list
	}
	_, err = w.MuteAuthor(ctx, me, again.Post)
	require.NoError(t, err)
	_, err = w.MuteAuthor(ctx, me, theirs.Post)
	require.NoError(t, err, "again is no mistake")
	assert.Equal(t, []Muted{MutedPerson, "", MutedPerson}, muted(me))
	assert.Equal(t, []Muted{"", "", ""}, muted(other))
	assert.Equal(t, []Muted{"", "", ""}, muted(esp))
	list, err := w.Threads(ctx, me, "members", Cursor{}, 10)
	require.NoError(t, err)
	assert.Equal(t, MutedPerson, list.Threads[0].Muted)
	boards, err := w.Categories(ctx, me)
	require.NoError(t, err)
	assert.Equal(t, MutedPerson, boards[0].LatestMuted)
	news, err := w.News(ctx, me)
	require.NoError(t, err)
	require.Len(t, news, 1)
	assert.Equal(t, MutedPerson, news[0].Thread.Muted)
	found := w.look(me, Query{Text: "bene"}).Found
	require.Len(t, found, 1)
	assert.Equal(t, []Muted{MutedPerson, MutedPerson}, []Muted{found[0].Muted, found[0].TitleMuted})
	assert.Empty(t, w.look(other, Query{Text: "bene"}).Found[0].Muted)
	assert.Zero(t, w.count(`select count(*) from audit_entries where actor_id = $1`, me.ID), "it is written down nowhere else")

	t.Run("what is pinned is for everybody", func(t *testing.T) {
		require.NoError(t, w.PinThread(ctx, w.as(account.RoleTutor), theirs.Thread))
		assert.Equal(t, []Muted{"", "", MutedPerson}, muted(me))
		list, err := w.Threads(ctx, me, "members", Cursor{}, 10)
		require.NoError(t, err)
		assert.Empty(t, list.Threads[0].Muted)
		require.NoError(t, w.UnpinThread(ctx, w.as(account.RoleTutor), theirs.Thread))
	})
	t.Run("not oneself, and not by a post that one may not read", func(t *testing.T) {
		_, err := w.MuteAuthor(ctx, me, mine.Post)
		require.ErrorIs(t, err, account.ErrForbidden)
		among := w.open(w.as(account.RoleSenior), "staff", "Fra noi", calm)
		for _, actor := range []account.Actor{me, other, w.other, w.as(account.RoleAdmin), w.as(account.RoleVisitor)} {
			_, err := w.MuteAuthor(ctx, actor, among.Post)
			require.Error(t, err)
		}
		assert.Equal(t, 1, w.count(`select count(*) from forum_mutes`))
	})
	t.Run("taken back by who said it alone", func(t *testing.T) {
		l, err := w.Filters(ctx, me)
		require.NoError(t, err)
		require.Len(t, l.People, 1)
		assert.Equal(t, "Salvia", l.People[0].Who.Alias)
		require.NoError(t, w.Unmute(ctx, esp, l.People[0].ID))
		assert.Equal(t, 1, w.count(`select count(*) from forum_mutes`))
		require.NoError(t, w.Unmute(ctx, me, l.People[0].ID))
		assert.Equal(t, []Muted{"", "", ""}, muted(me))
	})
	t.Run("no more than so many, also at once", func(t *testing.T) {
		_, err := w.pool.Exec(ctx, `with others as (insert into account_accounts (id, service_id, role, alias, alias_key, locale)
			select gen_random_uuid(), $1, 'guest', 'Altri ' || n, 'altri ' || n, 'it' from generate_series(1, $3::int) n returning id)
			insert into forum_mutes (id, service_id, account_id, muted_id) select gen_random_uuid(), $1, $2, id from others`, w.a, me.ID, MaxMutes-1)
		require.NoError(t, err)
		senior := w.open(w.as(account.RoleSenior), "members", "Uno", calm)
		tutor := w.open(w.as(account.RoleTutor), "members", "Due", calm)
		var all sync.WaitGroup
		for _, r := range []Receipt{theirs, senior, tutor} {
			all.Go(func() {
				if _, err := w.MuteAuthor(ctx, me, r.Post); err != nil {
					assert.ErrorIs(t, err, ErrMutesFull)
				}
			})
		}
		all.Wait()
		assert.Equal(t, MaxMutes, w.count(`select count(*) from forum_mutes where account_id = $1`, me.ID))
	})
	t.Run("nothing is left with who goes", func(t *testing.T) {
		assert.True(t, w.forget(other, false))
		assert.Zero(t, w.count(`select count(*) from forum_mutes where muted_id = $1`, other.ID))
		assert.True(t, w.forget(me, false))
		assert.Zero(t, w.count(`select count(*) from forum_mutes`)+w.count(`select count(*) from forum_filters`))
	})
}

// TestFilters: words that somebody does not want to meet fold a text, in any spelling, and stand nowhere in the clear.
func TestFilters(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	me, other := w.as(account.RoleMember), w.as(account.RoleFamily)
	change := func(lines string, open bool) error { return w.ChangeFilters(ctx, me, lines, open) }
	require.NoError(t, change("  Caffè  \r\n\r\nla  PIOGGIA\ncaffe\nricover*\n", true))
	l, err := w.Filters(ctx, me)
	require.NoError(t, err)
	assert.Equal(t, []string{"Caffè", "la PIOGGIA", "ricover*"}, l.Words, "each once, as it was typed")
	assert.True(t, l.OpenNoted)
	assert.Zero(t, w.count(`select count(*) from forum_filters where encode(words_sealed, 'escape') ilike '%caff%' or encode(words_sealed, 'escape') ilike '%ricover%'`))

	r := w.open(other, "members", "Un CAFFE' al bar", calm)
	for text, want := range map[string]Muted{
		"Bevo un caffè.": MutedWord, "BEVO UN CAFFE": MutedWord, "Bevo un **caffè**!": MutedWord, "Caffettiera nuova.": "", "Guardo la\npioggia.": MutedWord,
		"La bella pioggia.": "", "Mi hanno ricoverato.": MutedWord, "Il ricovero.": MutedWord, "Un soggiorno.": "", "caffe\u0300 con combinanti": MutedWord,
	} {
		assert.Equal(t, want, w.seen(me, w.answer(other, r.Thread, text)).Muted, text)
	}
	assert.Empty(t, w.seen(me, w.answer(me, r.Thread, "Il mio caffè.")).Muted, "one's own is never folded")
	list, err := w.Threads(ctx, me, "members", Cursor{}, 10)
	require.NoError(t, err)
	assert.Equal(t, MutedWord, list.Threads[0].Muted)
	page, err := w.Posts(ctx, me, r.Thread, 0, 1)
	require.NoError(t, err)
	assert.True(t, page.OpenNoted)
	page, err = w.Posts(ctx, other, r.Thread, 0, PostsPerPage)
	require.NoError(t, err)
	assert.False(t, page.OpenNoted)
	for _, p := range page.Posts {
		assert.Empty(t, p.Muted, "one reader's words are nobody else's")
	}

	for name, lines := range map[string]string{
		"a letter": "a", "only a star": "*", "a star behind a letter": "a*", "no letters": "!!!", "too long": strings.Repeat("a", MaxMuteWord+1), "too many": numbered(MaxMuteWords + 1),
	} {
		assert.Equal(t, errs.Invalid, errs.KindOf(change(lines, false)), name)
	}
	l, err = w.Filters(ctx, me)
	require.NoError(t, err)
	assert.Len(t, l.Words, 3, "what could not be stored changed nothing")
	require.NoError(t, change(numbered(MaxMuteWords), false))
	require.NoError(t, change("", false))
	l, err = w.Filters(ctx, me)
	require.NoError(t, err)
	assert.Empty(t, l.Words)
	assert.False(t, l.OpenNoted)
	for _, role := range []account.Role{account.RoleVisitor, account.RoleGuest, account.RoleAdmin, account.RoleAuditor} {
		require.Error(t, w.ChangeFilters(ctx, w.as(role), "uno", false))
	}
}

func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "parola%d\n", i)
	}
	return b.String()
}
