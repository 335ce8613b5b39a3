package forum

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/pg"
)

// inShort is what stands for a publication in lists.
const inShort = "Di che cosa parla, in due righe."

// opens starts a thread of a kind.
func (w *town) opens(actor account.Actor, slug string, k Kind, title string) (Receipt, error) {
	w.t.Helper()
	return w.OpenThread(w.t.Context(), actor, NewThread{Category: slug, Kind: k, Title: title, Text: calm, CID: newCID(), Told: Told{Abstract: inShort}})
}

// titles are those of one kind in a list.
func (w *town) titles(actor account.Actor, slug string, k Kind) (list []string) {
	w.t.Helper()
	l, err := w.ThreadsOfKind(w.t.Context(), actor, slug, k, Cursor{}, 100)
	require.NoError(w.t, err)
	for _, v := range l.Threads {
		list = append(list, v.Title)
	}
	return list
}

// TestKindsToOpen: who may open which kind where, and what is not offered is refused.
func TestKindsToOpen(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	allowed := map[string]map[account.Role][]Kind{
		"members": {
			account.RoleMember: {KindDiscussion, KindQuestion, KindStory}, account.RoleFamily: {KindDiscussion, KindQuestion, KindStory},
			account.RoleESP: {KindDiscussion, KindStory, KindPublication}, account.RoleSenior: {KindDiscussion, KindStory}, account.RoleTutor: {KindDiscussion, KindPublication},
		},
		"family": {
			account.RoleFamily: {KindDiscussion, KindQuestion, KindStory}, account.RoleESP: {KindDiscussion, KindStory}, account.RoleSenior: {KindDiscussion, KindStory, KindPublication}, account.RoleTutor: {KindDiscussion, KindPublication},
		},
		"staff": {account.RoleESP: {KindDiscussion}, account.RoleSenior: {KindDiscussion}, account.RoleTutor: {KindDiscussion, KindPublication}},
	}
	for slug, byRole := range allowed {
		for role, actor := range w.roles {
			c, _, err := selectCategory(ctx, w.pool, actor, slug)
			require.NoError(t, err)
			want := byRole[role]
			got := w.KindsToOpen(actor, c)
			assert.ElementsMatch(t, want, got, "%s in %s", role, slug)
			for _, k := range append(Kinds(), "rant", "") {
				r, err := w.opens(actor, slug, k, "Titolo")
				switch {
				case len(want) == 0:
					assert.Contains(t, []errs.Kind{errs.NotFound, errs.Forbidden, errs.Unauthenticated}, errs.KindOf(err), "%s %s in %s", role, k, slug)
				case k == "" || slices.Contains(want, k):
					if assert.NoError(t, err, "%s %s in %s", role, k, slug) && k != "" && !r.Held {
						v, _, err := w.Thread(ctx, actor, r.Thread)
						require.NoError(t, err)
						assert.Equal(t, k, v.Kind)
					}
				default:
					require.ErrorIs(t, err, ErrKind, "%s %s in %s", role, k, slug)
				}
			}
		}
	}
	assert.Zero(t, w.count(`select count(*) from forum_threads where kind in ('event', 'round_table')`))
	_, err := w.pool.Exec(ctx, `update forum_threads set kind = 'rant'`)
	require.Equal(t, "forum_threads_kind_known", pg.Constraint(err))
}

// TestThreadsOfKind: a list by kind holds those alone, also what is pinned, and pages as the whole one does; search and drafts tell the kind.
func TestThreadsOfKind(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	member, tutor := w.as(account.RoleMember), w.as(account.RoleTutor)
	for _, title := range []string{"Prima", "Seconda", "Terza"} {
		_, err := w.opens(member, "members", KindQuestion, title)
		require.NoError(t, err)
		w.open(member, "members", "Parole "+title, calm)
	}
	assert.Equal(t, []string{"Terza", "Seconda", "Prima"}, w.titles(tutor, "members", KindQuestion))
	assert.Len(t, w.titles(tutor, "members", KindDiscussion), 3)
	assert.Len(t, w.titles(tutor, "members", ""), 6)
	assert.Empty(t, w.titles(tutor, "members", KindStory))
	var walked []string
	for before := (Cursor{}); ; {
		l, err := w.ThreadsOfKind(ctx, tutor, "members", KindQuestion, before, 1)
		require.NoError(t, err)
		assert.Equal(t, KindQuestion, l.Kind)
		walked = append(walked, l.Threads[0].Title)
		if before = l.Older; before.At.IsZero() {
			break
		}
	}
	assert.Equal(t, []string{"Terza", "Seconda", "Prima"}, walked)
	l, err := w.Threads(ctx, tutor, "members", Cursor{}, 10)
	require.NoError(t, err)
	require.Equal(t, "Parole Terza", l.Threads[0].Title)
	require.NoError(t, w.PinThread(ctx, tutor, l.Threads[0].ID))
	assert.Equal(t, []string{"Terza", "Seconda", "Prima"}, w.titles(tutor, "members", KindQuestion), "what is pinned and of another kind is not among them")
	assert.Equal(t, "Parole Terza", w.titles(tutor, "members", KindDiscussion)[0])

	_, err = w.IndexPosts(ctx)
	require.NoError(t, err)
	found := w.look(tutor, Query{Text: "Seconda", Newest: true}).Found
	require.Len(t, found, 2)
	assert.ElementsMatch(t, []Kind{KindDiscussion, KindQuestion}, []Kind{found[0].Kind, found[1].Kind})

	cid := newCID()
	_, err = w.KeepDraft(ctx, member, Keep{Category: "members", Kind: KindQuestion, Title: "A metà", CID: cid})
	require.NoError(t, err)
	d, err := w.DraftOf(ctx, member, ThreadID{}, "members", DraftID{})
	require.NoError(t, err)
	assert.Equal(t, KindQuestion, d.Kind)
	assert.Equal(t, KindQuestion, ParseKind("question"))
	assert.Empty(t, ParseKind("question'--"))
}

// TestPlanOfKind: a page of one kind reads one page's rows by the index, however rare the kind is.
func TestPlanOfKind(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.fill(4000)
	_, err := w.pool.Exec(t.Context(), `update forum_threads set kind = 'question' where id in (select id from forum_threads where category_id = $1 order by last_post_at limit 400)`, w.members)
	require.NoError(t, err)
	_, err = w.pool.Exec(t.Context(), `analyze forum_threads`)
	require.NoError(t, err)
	for _, before := range []Cursor{{}, {At: time.Now().Add(-3980 * time.Minute)}} {
		used := false
		for _, n := range w.explain(threadsSQL(true, ThreadsPerPage+1), w.a, w.as(account.RoleMember).ID, "members", before.at(), before.ID.String(), KindQuestion) {
			used = used || n.Index == "forum_threads_by_kind"
			assert.NotContains(t, n.Type, "Seq Scan")
			assert.LessOrEqual(t, n.Rows*n.Loops, float64(ThreadsPerPage+2), "%s %s", n.Type, n.Index)
		}
		assert.True(t, used)
	}
}

// TestKindTravels: held back and published, merged, exported and brought in elsewhere, a thread keeps its kind; and what answers have no say.
func TestKindTravels(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	member, esp, tutor := w.as(account.RoleMember), w.as(account.RoleESP), w.as(account.RoleTutor)
	w.holds(account.Holding{First: 1})
	r, err := w.opens(member, "members", KindQuestion, "Trattenuta")
	require.NoError(t, err)
	require.True(t, r.Held)
	h, err := w.HeldPost(ctx, esp, r.Post)
	require.NoError(t, err)
	assert.Equal(t, KindQuestion, h.Kind)
	r, err = w.PublishHeld(ctx, esp, r.Post)
	require.NoError(t, err)
	assert.Equal(t, []string{"Trattenuta"}, w.titles(esp, "members", KindQuestion))

	talk := w.open(member, "members", "Discussione", calm)
	_, err = w.MergeThread(ctx, tutor, talk.Thread, r.Thread)
	require.Equal(t, errs.Invalid, errs.KindOf(err), "not into another kind")
	l, err := w.Posts(ctx, tutor, talk.Thread, 0, 1)
	require.NoError(t, err)
	targets, err := w.MergeTargets(ctx, tutor, l)
	require.NoError(t, err)
	assert.Empty(t, targets)
	again, err := w.opens(member, "members", KindQuestion, "Un'altra")
	require.NoError(t, err)
	_, err = w.MergeThread(ctx, tutor, again.Thread, r.Thread)
	require.NoError(t, err)

	var out bytes.Buffer
	_, err = w.Export(ctx, account.System(w.a), &out)
	require.NoError(t, err)
	assert.Equal(t, 1, strings.Count(out.String(), `"thread_kind":"question"`))
	assert.NotContains(t, out.String(), `"thread_kind":"discussion"`)

	lines := `{"kind":"person","id":"u1","alias":"Glicine","role":"member"}
{"kind":"category","id":"c1","slug":"members","title":"Categoria members","audience":"members"}
{"kind":"thread","id":"t1","category":"c1","author":"u1","title":"Da altrove","text":"Come si fa?","at":"2018-01-01T00:00:00Z","thread_kind":"question"}
`
	w.brings(lines)
	assert.Equal(t, []string{"Trattenuta", "Da altrove"}, w.titles(esp, "members", KindQuestion))
	for _, k := range []string{"rant", "event"} {
		_, wrong, err := w.CheckImport(ctx, account.System(w.a), "altrove", strings.NewReader(strings.Replace(lines, `"question"`, `"`+k+`"`, 1)))
		require.NoError(t, err)
		require.Len(t, wrong, 1)
		assert.Contains(t, wrong[0].What, k)
	}
}

// TestMigrateKinds: what was there before is a discussion.
func TestMigrateKinds(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	w.open(w.as(account.RoleMember), "members", "Di prima", calm)
	w.holds(account.Holding{First: 5})
	held := w.open(w.as(account.RoleMember), "members", "Di prima, trattenuta", calm)
	require.True(t, held.Held)
	w.migrateFrom(16)
	assert.Equal(t, []string{"Di prima"}, w.titles(w.as(account.RoleTutor), "members", KindDiscussion))
	h, err := w.HeldPost(ctx, w.as(account.RoleESP), held.Post)
	require.NoError(t, err)
	assert.Equal(t, KindDiscussion, h.Kind)
}
