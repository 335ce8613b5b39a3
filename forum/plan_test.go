package forum

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/moderation"
)

// fill puts n threads of two posts into each of two categories of the service, straight into the tables: plans are about numbers of rows.
func (w *town) fill(n int) {
	w.t.Helper()
	tx, err := w.pool.Begin(w.t.Context())
	require.NoError(w.t, err)
	defer tx.Rollback(context.WithoutCancel(w.t.Context()))            //nolint:errcheck // done when committed
	_, err = tx.Exec(w.t.Context(), `set local statement_timeout = 0`) // a busy machine may take its time to fill tables
	require.NoError(w.t, err)
	for _, c := range []CategoryID{w.members, w.family} {
		_, err := tx.Exec(w.t.Context(), `with threads as (
			insert into forum_threads (id, service_id, category_id, author_id, title, created_at, last_post_at, posts)
			select gen_random_uuid(), $1, $2, $3, 'Discussione ' || n, now() - interval '1 year', now() - n * interval '1 minute', 2
			from generate_series(1, $4::int) n returning id)
			insert into forum_posts (id, service_id, thread_id, number, author_id, cid, source, html, renderer, level, created_at)
			select gen_random_uuid(), $1, t.id, n, $3, gen_random_uuid()::text, 'Testo', '<p dir="auto">Testo</p>', 1, 'none', now()
			from threads t, generate_series(1, 2) n`, w.a, c, w.as(account.RoleMember).ID, n)
		require.NoError(w.t, err)
	}
	_, err = tx.Exec(w.t.Context(), `analyze forum_threads; analyze forum_posts`)
	require.NoError(w.t, err)
	require.NoError(w.t, tx.Commit(w.t.Context()))
}

// plan is what EXPLAIN ANALYZE tells of one node.
type plan struct {
	Type  string  `json:"Node Type"`
	Index string  `json:"Index Name"`
	Table string  `json:"Relation Name"`
	Rows  float64 `json:"Actual Rows"`
	Loops float64 `json:"Actual Loops"`
	Plans []plan
}

func (p plan) walk(f func(plan)) {
	f(p)
	for _, c := range p.Plans {
		c.walk(f)
	}
}

// ours is true of nodes that did read the forum's tables, or an index of theirs.
func (p plan) ours() bool {
	return p.Loops > 0 && (strings.HasPrefix(p.Table, "forum_") || strings.HasPrefix(p.Index, "forum_"))
}

func (w *town) explain(sql string, args ...any) []plan {
	w.t.Helper()
	var out string
	require.NoError(w.t, w.pool.QueryRow(w.t.Context(), "explain (analyze, format json) "+sql, args...).Scan(&out))
	return nodesOf(w.t, out)
}

func nodesOf(t testing.TB, out string) (nodes []plan) {
	t.Helper()
	var top []struct{ Plan plan }
	require.NoError(t, json.Unmarshal([]byte(out), &top))
	top[0].Plan.walk(func(p plan) { nodes = append(nodes, p) })
	return nodes
}

// explainKept is explain of the plan that is kept for a statement whatever its arguments are.
func (w *town) explainKept(sql string, args ...any) []plan {
	w.t.Helper()
	ctx := w.t.Context()
	conn, err := w.pool.Acquire(ctx)
	require.NoError(w.t, err)
	defer conn.Release()
	_, err = conn.Exec(ctx, "set plan_cache_mode = force_generic_plan; prepare kept as "+sql)
	require.NoError(w.t, err)
	defer conn.Exec(context.WithoutCancel(ctx), "deallocate kept; reset plan_cache_mode") //nolint:errcheck // the database ends with the test
	places, values := make([]string, len(args)), []any{pgx.QueryExecModeSimpleProtocol}
	for i, a := range args {
		places[i] = "$" + strconv.Itoa(i+1)
		if list, ok := a.([]Audience); ok { // what is written into a statement must be of a plain type
			plain := make([]string, len(list))
			for j := range list {
				plain[j] = string(list[j])
			}
			a = plain
		}
		values = append(values, a)
	}
	var out string
	require.NoError(w.t, conn.QueryRow(ctx, "explain (analyze, format json) execute kept ("+strings.Join(places, ", ")+")", values...).Scan(&out))
	return nodesOf(w.t, out)
}

// TestPlans: with thousands of rows a page reads one page's rows by the index, at the front, in the middle and at the end alike.
func TestPlans(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.fill(4000)
	long := w.plant(w.members, "Una lunga", time.Now().Add(-48*time.Hour), 1500)
	_, err := w.pool.Exec(t.Context(), `analyze forum_posts`)
	require.NoError(t, err)
	check := func(t *testing.T, nodes []plan, index string, page int) {
		t.Helper()
		var used bool
		for _, n := range nodes {
			used = used || n.Index == index
			assert.NotContains(t, n.Type, "Seq Scan")
			assert.LessOrEqual(t, n.Rows*n.Loops, float64(page)+1, "%s %s", n.Type, n.Index)
		}
		assert.True(t, used, "%+v", nodes)
	}
	for _, back := range []time.Duration{0, 2000 * time.Minute, 3980 * time.Minute} {
		var before Cursor
		if back > 0 {
			before.At = time.Now().Add(-back)
		}
		nodes := w.explain(threadsSQL(false, ThreadsPerPage+1), w.a, w.as(account.RoleMember).ID, "members", before.at(), before.ID.String())
		check(t, nodes, "forum_threads_by_activity", ThreadsPerPage+1)
		check(t, w.explain(openersSQL(false, false, ThreadsPerPage+1), w.a, "members", before.at(), before.ID.String()), "forum_threads_by_activity", ThreadsPerPage+1)
	}
	for _, after := range []int{0, 700, 1450} {
		check(t, w.explain(postsSQL, w.a, long, after, PostsPerPage, w.as(account.RoleMember).ID), "forum_posts_number_once", PostsPerPage)
		check(t, w.explain(authorsOnPageSQL, w.a, long, after, PostsPerPage), "forum_posts_number_once", PostsPerPage)
		check(t, w.explain(markSQL, w.a, w.as(account.RoleMember).ID, long, after, PostsPerPage), "forum_posts_number_once", PostsPerPage)
	}
}

// TestThreadsWalk: walking back through 1,000 threads while others are bumped shows none twice, in falling order, and every one that stayed.
func TestThreadsWalk(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.fill(1000)
	ctx := t.Context()
	reader := w.as(account.RoleMember)
	var threads []ThreadID
	rows, err := w.pool.Query(ctx, `select id from forum_threads where category_id = $1 order by last_post_at desc`, w.members)
	require.NoError(t, err)
	for rows.Next() {
		var id ThreadID
		require.NoError(t, rows.Scan(&id))
		threads = append(threads, id)
	}
	require.NoError(t, rows.Err())
	require.Len(t, threads, 1000)

	bumped := map[ThreadID]bool{} // owned by the writer until done
	stop, done := make(chan struct{}), sync.WaitGroup{}
	done.Go(func() {
		random := rand.New(rand.NewPCG(1, 2))
		for {
			select {
			case <-stop:
				return
			default:
			}
			id := threads[random.IntN(len(threads))]
			if _, err := w.WritePost(ctx, w.as(account.RoleFamily), NewPost{Thread: id, Text: "Su.", CID: newCID()}); !assert.NoError(t, err) {
				return
			}
			bumped[id] = true
		}
	})
	seen := map[ThreadID]bool{}
	var before Cursor
	last := time.Now().Add(time.Hour)
	for {
		l, err := w.Threads(ctx, reader, "members", before, ThreadsPerPage)
		require.NoError(t, err)
		for _, v := range l.Threads {
			require.False(t, seen[v.ID], "shown twice")
			require.False(t, v.LastPostAt.After(last), "out of order")
			seen[v.ID], last = true, v.LastPostAt
			require.True(t, strings.HasPrefix(v.Title, "Discussione "))
			require.Equal(t, "Mirto", v.Author.Alias)
		}
		if before = l.Older; before.At.IsZero() {
			break
		}
	}
	close(stop)
	done.Wait()
	require.NotEmpty(t, bumped)
	for _, id := range threads {
		assert.True(t, seen[id] || bumped[id], "one that stayed where it was must be seen")
	}
}

// statements counts what is asked of the database, and in how many exchanges.
type statements struct{ n, trips atomic.Int32 }

func (s *statements) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	s.n.Add(1)
	s.trips.Add(1)
	return ctx
}

func (*statements) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// A batch is as many statements as are in it.
func (s *statements) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	s.trips.Add(1)
	return ctx
}

func (s *statements) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) { s.n.Add(1) }

func (*statements) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// TestStatements: a page costs a few statements however many posts are on it, also when all are one's own and worried triage; and fewer exchanges.
func TestStatements(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	member := w.as(account.RoleMember)
	thread := w.open(member, "members", "Un titolo", worried).Thread
	for range 9 {
		w.answer(member, thread, crisis)
	}
	cfg := w.pool.Config()
	counted := &statements{}
	cfg.ConnConfig.Tracer = counted
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	accounts := account.New(pool, account.Options{})
	f := New(pool, accounts, newModeration(t, pool, accounts), newKeys(t), silence{})
	asked := func(most, trips int32, page func() error) {
		t.Helper()
		counted.n.Store(0)
		counted.trips.Store(0)
		require.NoError(t, page())
		require.LessOrEqual(t, counted.n.Load(), most)
		require.LessOrEqual(t, counted.trips.Load(), trips)
	}
	for _, limit := range []int{1, 10} {
		asked(5, 2, func() error {
			l, _, err := f.PostsAndDraft(t.Context(), member, thread, 0, limit, DraftID{})
			require.Len(t, l.Posts, limit)
			if limit == 10 {
				assert.Equal(t, []moderation.Care{moderation.CareNone, moderation.CareAlerting}, []moderation.Care{l.Posts[0].Care, l.Posts[9].Care})
			}
			return err
		})
		asked(4, 1, func() error {
			l, _, err := f.PostsAndDraft(t.Context(), w.as(account.RoleFamily), thread, 0, limit, DraftID{})
			require.Len(t, l.Posts, limit)
			return err
		})
	}
	for range 2 { // the second is on the same visit
		asked(8, 1, func() error {
			_, err := f.Front(t.Context(), member, true, 3)
			return err
		})
	}
	asked(4, 1, func() error {
		_, err := f.Threads(t.Context(), member, "members", Cursor{}, ThreadsPerPage)
		return err
	})
	_, err = w.IndexPosts(t.Context())
	require.NoError(t, err)
	for _, c := range []struct {
		text  string
		page  int
		most  int32
		found bool
	}{{"titolo", 1, 2, true}, {"titolo", 2, 1, false}, {"titolp", 1, 3, true}, {"zzzzzzzz", 1, 1, false}, {"", 1, 2, false}} {
		asked(c.most, c.most, func() error {
			r, err := f.Search(t.Context(), member, Query{Text: c.text, Page: c.page})
			assert.Equal(t, c.found, len(r.Found) > 0, c.text)
			assert.NotEmpty(t, r.Categories)
			return err
		})
	}
}
