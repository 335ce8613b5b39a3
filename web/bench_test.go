package web

import (
	"context"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/account/accounttest"
	"ponti/forum"
	"ponti/internal/ids"
	"ponti/internal/pgtest"
)

// statements counts what is asked of the database.
type statements struct{ n atomic.Int64 }

func (s *statements) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	s.n.Add(1)
	return ctx
}

func (*statements) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// A batch is as many statements as are in it.
func (*statements) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}

func (s *statements) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) { s.n.Add(1) }

func (*statements) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// BenchmarkForum asks for whole pages as signed-in readers do, sixteen at a time, of a forum with PONTI_BENCH_THREADS threads of twenty posts (1,000 where that is
// not set). It reports the middle and the slowest hundredth in ms, requests a second, statements a request, bytes over the wire, and processor time of this process and of PostgreSQL.
func BenchmarkForum(b *testing.B) {
	size := 1000
	if n, err := strconv.Atoi(os.Getenv("PONTI_BENCH_THREADS")); err == nil {
		size = n
	}
	counted := &statements{}
	cfg := pgtest.New(b).Config()
	cfg.ConnConfig.Tracer, cfg.MaxConns = counted, 16
	pool, err := pgxpool.NewWithConfig(b.Context(), cfg)
	require.NoError(b, err)
	b.Cleanup(pool.Close)
	st := siteOf(b, domains(b, pool, account.New(pool, account.Options{Hints: silence{}})))
	limits := DefaultLimits().Times(1000)
	st.limiter = newLimiter(limits)
	st.service, st.pool = accounttest.NewService(b, pool, "ponti.test"), pool
	begin := time.Now()
	category, err := st.Forum.CreateCategory(b.Context(), account.System(st.service), forum.NewCategory{Slug: "piazza", Audience: forum.ForMembers, Title: "Piazza"})
	require.NoError(b, err)
	var authors []account.ID
	for i := range 20 {
		authors = append(authors, st.member(b, "Autore "+strconv.Itoa(i)).ID)
	}
	require.NoError(b, st.Forum.PlantCommunity(b.Context(), account.System(st.service), forum.Community{Category: category, Authors: authors, Threads: size, Posts: 20}))
	b.Logf("%d threads planted in %s", size, time.Since(begin).Round(time.Second))

	var threads []string
	rows, err := pool.Query(b.Context(), `select id from forum_threads order by id limit 20000`)
	require.NoError(b, err)
	all, err := pgx.CollectRows(rows, pgx.RowTo[forum.ThreadID])
	require.NoError(b, err)
	for _, id := range all {
		threads = append(threads, id.String())
	}
	var cursors []string
	for _, share := range []float64{0, 0.5, 0.99} {
		cursors = append(cursors, forum.Cursor{At: time.Now().Add(-time.Duration(share*float64(size)) * time.Minute)}.String())
	}
	words := strings.Fields("lago pioggia pane bambino radio piante treno finestre walk letter cucina silenzio libro pane+lago pioggai")
	long, err := st.Forum.PlantThread(b.Context(), account.System(st.service), longThread(category, authors))
	require.NoError(b, err)

	readers := make([]*browser, 16)
	for i := range readers {
		readers[i] = st.signedIn(b, st.member(b, "Chi legge "+strings.Repeat("a", i+1)).ID)
	}
	for name, path := range map[string]func() string{
		"list":   func() string { return "/forum/categories/piazza?before=" + cursors[rand.IntN(len(cursors))] },
		"thread": func() string { return "/forum/threads/" + threads[rand.IntN(len(threads))] },
		"long":   func() string { return "/forum/threads/" + long.String() + "?after=" + strconv.Itoa(50*rand.IntN(20)) },
		"search": func() string { return "/forum/search?q=" + words[rand.IntN(len(words))] },
	} {
		b.Run(name, func(b *testing.B) {
			st.pages(b, counted, readers, func() *http.Request { return httptest.NewRequest(http.MethodGet, siteURL+path(), nil) })
		})
	}
	b.Run("post", func(b *testing.B) {
		open := threads[:64]
		st.pages(b, counted, readers, func() *http.Request {
			form := strings.NewReader("text=Oggi+ho+fatto+una+passeggiata.&cid=" + ids.New[forum.Post]().String())
			r := httptest.NewRequest(http.MethodPost, siteURL+"/forum/threads/"+open[rand.IntN(len(open))]+"/posts", form)
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			return r
		})
	})
}

// longThread has a thousand posts.
func longThread(c forum.CategoryID, authors []account.ID) forum.Planted {
	p := forum.Planted{Category: c, Title: "Una lunga"}
	for i := range 1000 {
		p.Posts = append(p.Posts, forum.PlantedPost{Author: authors[i%len(authors)], Text: "Una passeggiata **lungo il fiume**, " + strconv.Itoa(i) + ". Poi il tè, e una pagina del libro che mi hai prestato.", At: time.Now().Add(time.Duration(i-2000) * time.Minute)})
	}
	return p
}

// pages sends b.N requests from the readers and reports how long they took.
func (st *site) pages(b *testing.B, counted *statements, browsers []*browser, next func() *http.Request) {
	readers := len(browsers)
	var left, bytes atomic.Int64
	left.Store(int64(b.N))
	taken := make([][]time.Duration, readers)
	counted.n.Store(0)
	ours, theirs := st.spent(b)
	b.ResetTimer()
	var running sync.WaitGroup
	for i, reader := range browsers {
		running.Go(func() {
			for left.Add(-1) >= 0 {
				r := next()
				maps.Copy(r.Header, reader.headers)
				r.Header.Set("Accept-Encoding", "gzip")
				for _, c := range reader.jar.Cookies(r.URL) {
					r.AddCookie(c)
				}
				w := httptest.NewRecorder()
				begin := time.Now()
				st.handler.ServeHTTP(w, r)
				taken[i] = append(taken[i], time.Since(begin))
				bytes.Add(int64(w.Body.Len()))
				if w.Code != http.StatusOK && w.Code != http.StatusSeeOther {
					b.Errorf("%s: status %d", r.URL, w.Code)
					return
				}
			}
		})
	}
	running.Wait()
	b.StopTimer()
	all := slices.Sorted(slices.Values(slices.Concat(taken...)))
	ms := func(share float64) float64 { return float64(all[int(share*float64(len(all)-1))].Microseconds()) / 1000 }
	b.ReportMetric(ms(0.5), "p50-ms")
	b.ReportMetric(ms(0.99), "p99-ms")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
	b.ReportMetric(float64(counted.n.Load())/float64(b.N), "statements/op")
	b.ReportMetric(float64(bytes.Load())/float64(b.N), "bytes/op")
	oursNow, theirsNow := st.spent(b)
	b.ReportMetric(float64((oursNow-ours).Microseconds())/float64(b.N), "cpu-µs/op")
	b.ReportMetric(float64((theirsNow-theirs).Microseconds())/float64(b.N), "pg-µs/op")
}

// spent is the processor time of this process, and of PostgreSQL's that serve it: what a page costs, also where others share the machine.
func (st *site) spent(b *testing.B) (ours, theirs time.Duration) {
	var use syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &use))
	ours = time.Duration(use.Utime.Nano() + use.Stime.Nano())
	rows, err := st.pool.Query(b.Context(), `select pid from pg_stat_activity where datname = current_database()`)
	require.NoError(b, err)
	backends, err := pgx.CollectRows(rows, pgx.RowTo[int])
	require.NoError(b, err)
	for _, pid := range backends {
		line, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if err != nil {
			continue // not Linux, or gone meanwhile
		}
		_, after, _ := strings.Cut(string(line), ") ")
		for _, ticks := range strings.Fields(after)[11:13] { // of the process and of the system for it
			n, err := strconv.Atoi(ticks)
			require.NoError(b, err)
			theirs += time.Duration(n) * 10 * time.Millisecond
		}
	}
	return ours, theirs
}
