package forum

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
)

// look indexes what is stored and searches.
func (w *town) look(actor account.Actor, q Query) Results {
	w.t.Helper()
	_, err := w.IndexPosts(w.t.Context())
	require.NoError(w.t, err)
	r, err := w.Search(w.t.Context(), actor, q)
	require.NoError(w.t, err)
	return r
}

func shownText(pieces []Piece) string {
	var b strings.Builder
	for _, p := range pieces {
		if p.Hit {
			b.WriteString("[" + p.Text + "]")
		} else {
			b.WriteString(p.Text)
		}
	}
	return b.String()
}

// TestSearch_words: forms of a word in both languages, accents and slips are forgiven, and what was found is marked in the original.
func TestSearch_words(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	member := w.as(account.RoleMember)
	w.open(member, "members", "Perché non dormo", "Le **notti** sono lunghe, e più penso più mi agito.\n\n> Ho provato la camomilla 🌼")
	w.open(member, "members", "Walking helps", "I was walking by the river and my worries went quiet.")
	w.open(member, "members", "Altro", "Qui si parla d'altro.")
	for q, want := range map[string]string{
		"notte":              "Le [notti] sono lunghe, e più penso più mi agito.\nHo provato la camomilla 🌼",
		"NOTTI lunga":        "Le [notti] sono [lunghe], e più penso più mi agito.\nHo provato la camomilla 🌼",
		"piu pensare":        "Le notti sono lunghe, e [più] [penso] [più] mi agito.\nHo provato la camomilla 🌼",
		"perche":             "Le notti sono lunghe, e più penso più mi agito.\nHo provato la camomilla 🌼", // in the title
		"walked":             "I was [walking] by the river and my worries went quiet.",
		"worry quietly":      "I was walking by the river and my [worries] went [quiet].",
		"camomila":           "Le notti sono lunghe, e più penso più mi agito.\nHo provato la [camomilla] 🌼",
		"camomlila 🌼 , -":    "Le notti sono lunghe, e più penso più mi agito.\nHo provato la [camomilla] 🌼",
		"walkign rivver":     "I was [walking] by the [river] and my worries went quiet.",
		"camomilla' or '1'=": "",
		"camomilla | notti":  "Le [notti] sono lunghe, e più penso più mi agito.\nHo provato la [camomilla] 🌼",
		"camomilla fiume":    "",
		"zzzzzzzz":           "",
		"":                   "", "a": "", "🌼": "", "!!! & | ( ) <->": "", "di": "",
		strings.Repeat("notte ", 200_000): "Le [notti] sono lunghe, e più penso più mi agito.\nHo provato la camomilla 🌼",
		"notte\x00\u202e":                 "Le [notti] sono lunghe, e più penso più mi agito.\nHo provato la camomilla 🌼",
	} {
		r := w.look(member, Query{Text: q})
		if want == "" {
			assert.Empty(t, r.Found, "%.40q", q)
			assert.Zero(t, r.Total)
			continue
		}
		require.Len(t, r.Found, 1, "%.40q", q)
		assert.Equal(t, want, shownText(r.Found[0].Text), "%.40q", q)
	}
	assert.True(t, w.look(member, Query{Text: "camomila"}).Alike)
	assert.False(t, w.look(member, Query{Text: "camomilla"}).Alike)
	assert.Equal(t, "[Perché] non dormo", shownText(w.look(member, Query{Text: "perche"}).Found[0].Title))
}

// TestSearch_access: nobody finds, counts or can guess at what they may not read.
func TestSearch_access(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	esp := w.as(account.RoleESP)
	family := w.open(w.as(account.RoleFamily), "family", "Mia figlia", "Il segreto del glicine.")
	w.open(esp, "staff", "Turni", "Il segreto del glicine.")
	found := func(role account.Role) int {
		r := w.look(w.as(role), Query{Text: "glicine"})
		assert.Len(t, r.Found, r.Total)
		return r.Total
	}
	for role, n := range map[account.Role]int{account.RoleMember: 0, account.RoleFamily: 1, account.RoleESP: 2, account.RoleSenior: 2, account.RoleTutor: 2} {
		assert.Equal(t, n, found(role), role)
		for _, c := range w.look(w.as(role), Query{}).Categories {
			assert.NoError(t, mayRead(w.as(role), c.place()))
		}
	}
	for _, role := range []account.Role{account.RoleVisitor, account.RoleGuest, account.RoleAdmin, account.RoleAuditor} {
		_, err := w.Search(t.Context(), w.as(role), Query{Text: "glicine"})
		assert.Error(t, err, role)
	}
	member := w.as(account.RoleMember)
	assert.Empty(t, w.look(member, Query{Text: "glicinne"}).Found, "a word typed wrong leads to nothing else")
	assert.False(t, w.look(member, Query{Text: "glicinne"}).Alike, "and does not tell that there is such a word")
	assert.Empty(t, w.look(member, Query{Text: "glicine", Category: "family"}).Found)
	assert.Empty(t, w.look(w.other, Query{Text: "glicine"}).Found, "another service")
	for _, category := range []string{"no-such", "members\x00", "\xff", "'", strings.Repeat("members", 200_000)} {
		r := w.look(w.as(account.RoleTutor), Query{Text: "glicine", Category: category})
		assert.Empty(t, r.Found, "%.20q", category)
		assert.NotEmpty(t, r.Categories, "what may be chosen instead")
	}

	t.Run("hidden, deleted and edited posts", func(t *testing.T) {
		w.hide(family, "Da rileggere")
		for _, role := range []account.Role{account.RoleFamily, account.RoleSenior, account.RoleTutor} {
			for _, f := range w.look(w.as(role), Query{Text: "glicine"}).Found {
				assert.NotEqual(t, family.Thread, f.Thread, "hidden: found by nobody")
			}
		}
		answer := w.answer(w.as(account.RoleTutor), family.Thread, "Una risposta con ginestra.")
		r := w.look(w.as(account.RoleFamily), Query{Text: "ginestra"})
		require.Len(t, r.Found, 1)
		assert.NotEmpty(t, r.Found[0].Title, "their own title")
		r = w.look(w.newAccount(w.a, account.RoleFamily, "Alloro"), Query{Text: "ginestra"})
		require.Len(t, r.Found, 1)
		assert.Empty(t, r.Found[0].Title, "the title goes with the hidden opening")
		assert.Equal(t, 2, r.Found[0].Number)

		_, err := w.EditPost(t.Context(), w.as(account.RoleTutor), Edit{Post: answer.Post, Version: 1, Text: "Una risposta con mimosa."})
		require.NoError(t, err)
		assert.Empty(t, w.look(w.as(account.RoleFamily), Query{Text: "ginestra"}).Found)
		assert.Len(t, w.look(w.as(account.RoleFamily), Query{Text: "mimosa"}).Found, 1)
		_, err = w.DeletePost(t.Context(), w.as(account.RoleTutor), answer.Post)
		require.NoError(t, err)
		assert.Empty(t, w.look(w.as(account.RoleFamily), Query{Text: "mimosa"}).Found)
		assert.Zero(t, w.count(`select count(*) from forum_posts where deleted_at is not null and words is not null`))
	})
}

// TestSearch_pages: what fits best stands first, or what is newest; pages neither repeat nor skip, and end.
func TestSearch_pages(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	member := w.as(account.RoleMember)
	first := w.open(member, "members", "Ansia, ansia, ansia", "Ansia al mattino, ansia alla sera: parliamo di ansia.")
	for i := range 44 {
		w.answer(member, first.Thread, fmt.Sprintf("Giorno %d: un poco di ansia anche qui, ma anche tante altre cose di cui scrivere a lungo.", i))
	}
	best := w.look(member, Query{Text: "ansia"})
	assert.Equal(t, 45, best.Total)
	assert.Equal(t, 3, best.Pages())
	require.Len(t, best.Found, ResultsPerPage)
	assert.Equal(t, 1, best.Found[0].Number, "says it most often")
	seen := map[int]bool{}
	last := 1 << 30
	for page := 1; page <= 3; page++ {
		r := w.look(member, Query{Text: "ansia", Newest: true, Page: page})
		assert.Equal(t, 45, r.Total)
		for _, f := range r.Found {
			assert.False(t, seen[f.Number])
			assert.Less(t, f.Number, last)
			seen[f.Number], last = true, f.Number
		}
	}
	assert.Len(t, seen, 45)
	for _, page := range []int{4, 50, 51, 1 << 40, 1 << 62} {
		assert.Empty(t, w.look(member, Query{Text: "ansia", Page: page}).Found)
	}
	assert.Len(t, w.look(member, Query{Text: "ansai", Page: 3}).Found, 5, "pages of words alike, too")
	assert.Len(t, w.look(member, Query{Text: "ansia", Page: -3}).Found, ResultsPerPage)
}

// TestIndexPosts_together: two indexers beside writers and an edit leave nothing out and nothing stale.
func TestIndexPosts_together(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	member := w.as(account.RoleMember)
	first := w.open(member, "members", "Un titolo", "versione zero")
	stop := make(chan struct{})
	var indexers, writers sync.WaitGroup
	for range 2 {
		indexers.Go(func() {
			for {
				if _, err := w.IndexPosts(t.Context()); !assert.NoError(t, err) {
					return
				}
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	writers.Go(func() {
		for v := 1; v <= 20; v++ {
			_, err := w.EditPost(t.Context(), member, Edit{Post: first.Post, Version: v, Title: "Un titolo", Text: fmt.Sprintf("versione parola%c", 'a'+v)})
			assert.NoError(t, err)
		}
	})
	for range 3 {
		thread := w.open(member, "members", "Un altro titolo", calm).Thread
		writers.Go(func() {
			for range 30 {
				_, err := w.WritePost(t.Context(), member, NewPost{Thread: thread, Text: "nuova parola insieme agli altri", CID: newCID()})
				assert.NoError(t, err)
			}
		})
	}
	writers.Wait()
	close(stop)
	indexers.Wait()
	assert.Equal(t, 90, w.look(member, Query{Text: "insieme"}).Total)
	assert.Equal(t, 1, w.look(member, Query{Text: "parolau"}).Total)
	assert.Zero(t, w.count(`select count(*) from forum_posts where words @@ plainto_tsquery('italian', 'parolat')`), "what an older version said is forgotten")
	assert.Zero(t, w.count(`select count(*) from forum_posts where words is null`))
}

// TestSearchPlan: a rare word among thousands of posts is found by the index, and so is one that nobody ever wrote.
func TestSearchPlan(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.fill(4000)
	w.open(w.as(account.RoleMember), "members", "Glicine", "Un glicine solo.")
	_, err := w.IndexPosts(t.Context())
	require.NoError(t, err)
	_, err = w.pool.Exec(t.Context(), `vacuum analyze forum_posts`)
	require.NoError(t, err)
	for _, word := range []string{"glicine", "pioggai"} {
		for _, newest := range []bool{true, false} {
			args := search{Reader: w.as(account.RoleMember), Category: "members", Terms: [][]string{{word}}, Typed: []string{word}}.args()
			for _, nodes := range [][]plan{w.explain(foundSQL(newest), args...), w.explainKept(foundSQL(newest), args...)} {
				used := false
				for _, n := range nodes {
					used = used || n.Index == "forum_posts_by_words"
					if n.ours() {
						assert.NotContains(t, n.Type, "Seq Scan")
						assert.LessOrEqual(t, n.Rows*n.Loops, 10.0, "%s %s", n.Type, n.Index)
					}
				}
				assert.True(t, used)
			}
		}
	}
}

// TestSearchPlan_common: of a word that all posts hold, no more than the newest are read.
func TestSearchPlan_common(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.fill(6000)
	_, err := w.IndexPosts(t.Context())
	require.NoError(t, err)
	_, err = w.pool.Exec(t.Context(), `vacuum analyze forum_posts`)
	require.NoError(t, err)
	args := search{Reader: w.as(account.RoleFamily), Terms: [][]string{{"testo"}}}.args()
	for _, n := range append(w.explain(foundSQL(false), args...), w.explainKept(foundSQL(false), args...)...) {
		if n.ours() {
			assert.NotContains(t, n.Type, "Seq Scan")
			assert.LessOrEqual(t, n.Rows*n.Loops, MaxResults+1.0, "%s %s", n.Type, n.Index)
		}
	}
	r, err := w.Search(t.Context(), w.as(account.RoleFamily), Query{Text: "testo", Page: 50})
	require.NoError(t, err)
	assert.Equal(t, MaxResults, r.Total)
	assert.Len(t, r.Found, ResultsPerPage)
}

// TestMigrateSearch: a forum of before is found without being written again, and nobody has read anything in it.
func TestMigrateSearch(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	member := w.as(account.RoleMember)
	old := w.open(member, "members", "Di prima", "Una ginestra di prima.")
	w.migrateFrom(2)
	require.Len(t, w.look(member, Query{Text: "ginestre"}).Found, 1)
	require.NoError(t, w.MarkRead(ctx, member, old.Thread, 1))
	require.Equal(t, 1, w.count(`select number from forum_reads`))
}

func TestFold(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"Perché è così?", "e\u0301", "ǅ İ ß ﬁ 한국어 𝔘", "\u0301\u0301", "👩‍👩‍👧 àè"} {
		assert.Len(t, []rune(fold(s)), len([]rune(cleanText(s))), "a place in one is the same place in the other: %q", s)
	}
	assert.Equal(t, "Perche e cosi", fold("Perché è così"))
}

func TestSlips(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want int
	}{{"ansia", "ansia", 0}, {"ansai", "ansia", 1}, {"ansi", "ansia", 1}, {"annsia", "ansia", 1}, {"ansio", "ansia", 1}, {"depresione", "depressioni", 2}, {"notte", "morte", 2}} {
		assert.Equal(t, c.want, slips([]rune(c.a), []rune(c.b), 2), c)
	}
	assert.Greater(t, slips([]rune("ansia"), []rune("ansiolitico"), 2), 2)
}

// TestMarkRead: the mark follows the reader over devices, only forwards, and tells nobody else anything.
func TestMarkRead(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	author, reader := w.as(account.RoleMember), w.as(account.RoleFamily)
	r := w.open(author, "members", "Un titolo", calm)
	w.answer(author, r.Thread, "Due.")
	thread := func(a account.Actor) Thread {
		t.Helper()
		l, err := w.Threads(ctx, a, "members", Cursor{}, 10)
		require.NoError(t, err)
		require.Len(t, l.Threads, 1)
		one, err := w.Posts(ctx, a, r.Thread, 0, 1)
		require.NoError(t, err)
		assert.Equal(t, l.Threads[0].Read, one.Thread.Read)
		return l.Threads[0]
	}
	unread := func(a account.Actor) bool {
		t.Helper()
		boards, err := w.Categories(ctx, a)
		require.NoError(t, err)
		for _, b := range boards {
			if b.ID == w.members {
				return b.Unread
			}
		}
		return false
	}
	assert.Equal(t, 0, thread(reader).Read)
	assert.True(t, unread(reader))
	var all sync.WaitGroup
	for _, n := range []int{1, 2, 1, 2, 99, -4, 0} { // two tabs, a form from outside
		all.Go(func() { assert.NoError(t, w.MarkRead(ctx, reader, r.Thread, n)) })
	}
	all.Wait()
	assert.Equal(t, 2, thread(reader).Read, "what is not written yet cannot be read")
	assert.False(t, unread(reader))
	assert.Equal(t, 0, thread(author).Read, "nobody else's mark")
	w.answer(author, r.Thread, "Tre.")
	assert.Equal(t, Thread{Posts: 3, Read: 2}, Thread{Posts: thread(reader).Posts, Read: thread(reader).Read})
	assert.True(t, unread(reader))

	secret := w.open(w.as(account.RoleESP), "staff", "Turni", calm)
	assert.ErrorIs(t, w.MarkRead(ctx, reader, secret.Thread, 1), account.ErrNotFound)
	assert.ErrorIs(t, w.MarkRead(ctx, w.other, r.Thread, 1), account.ErrNotFound)
	assert.Equal(t, 1, w.count(`select count(*) from forum_reads`))
}

// TestCommunity: an invented community is what people's own would be: found by its words, paged, and whole; and only Ponti makes one.
func TestCommunity(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	me := w.as(account.RoleMember)
	in := Community{Category: w.members, Authors: []account.ID{me.ID, w.as(account.RoleFamily).ID}, Threads: 600, Posts: 3}
	require.ErrorIs(t, w.PlantCommunity(ctx, w.as(account.RoleAdmin), in), account.ErrForbidden)
	require.Error(t, w.PlantCommunity(ctx, account.System(w.a), Community{Category: w.members, Threads: 1, Posts: 1}))
	require.NoError(t, w.PlantCommunity(ctx, account.System(w.a), in))
	var threads, posts, whole int
	require.NoError(t, w.pool.QueryRow(ctx, `select count(distinct thread_id), count(*), count(*) filter (where number <= 3 and words is not null) from forum_posts`).Scan(&threads, &posts, &whole))
	require.Equal(t, []int{600, 1800, 1800}, []int{threads, posts, whole})
	l, err := w.Threads(ctx, me, "members", Cursor{}, ThreadsPerPage)
	require.NoError(t, err)
	require.Len(t, l.Threads, ThreadsPerPage)
	p, err := w.Posts(ctx, me, l.Threads[0].ID, 0, PostsPerPage)
	require.NoError(t, err)
	require.Len(t, p.Posts, 3)
	for _, q := range []string{"guardare lago", "libri", "the cat", "pioggai"} {
		r, err := w.Search(ctx, me, Query{Text: q})
		require.NoError(t, err)
		assert.NotEmpty(t, r.Found, q)
	}
}

// TestSearchInASmallCategory: what stands in a small category is found also when its words are everywhere else.
func TestSearchInASmallCategory(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	family := w.as(account.RoleFamily)
	r := w.open(family, "family", "Una cosa nostra", "Il lago di casa.")
	_, err := w.IndexPosts(ctx)
	require.NoError(t, err)
	_, err = w.pool.Exec(ctx, `update forum_posts set created_at = now() - interval '3 years'`)
	require.NoError(t, err)
	require.NoError(t, w.PlantCommunity(ctx, account.System(w.a), Community{Category: w.members, Authors: []account.ID{family.ID}, Threads: 500, Posts: 20}))
	found, err := w.Search(ctx, family, Query{Text: "lago", Category: "family"})
	require.NoError(t, err)
	require.Len(t, found.Found, 1)
	assert.Equal(t, r.Thread, found.Found[0].Thread)
}
