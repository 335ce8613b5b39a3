package audit_test

import (
	"context"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/internal/audit"
	"ponti/internal/ids"
	"ponti/internal/pg"
	"ponti/internal/pgtest"
)

// newChain has six entries, linked in two passes; their numbers are 1 to 6.
func newChain(t *testing.T) *pgxpool.Pool {
	t.Helper()
	ctx, pool := t.Context(), pgtest.New(t)
	for range 2 {
		for range 3 {
			appendOne(t, pool)
		}
		n, err := audit.Link(ctx, pool)
		require.NoError(t, err)
		require.Equal(t, 3, n)
	}
	return pool
}

func appendOne(t *testing.T, q pg.Querier) {
	t.Helper()
	require.NoError(t, audit.Append(t.Context(), q, audit.Entry{Service: ids.New[int](), Actor: ids.New[int](), Role: "tutor", Action: "a.b", Object: "room:1", Reason: "perché sì 🙂"}))
}

func check(t *testing.T, q pg.Querier, from audit.Head) (audit.Head, []audit.Fault) {
	t.Helper()
	head, faults, err := audit.Check(t.Context(), q, from)
	require.NoError(t, err)
	return head, faults
}

func TestCheck_unharmed(t *testing.T) {
	t.Parallel()
	empty, faults := check(t, pgtest.New(t), audit.Head{})
	require.Empty(t, faults)
	require.Equal(t, audit.Head{}, empty)

	pool := newChain(t)
	head, faults := check(t, pool, audit.Head{})
	require.Empty(t, faults)
	require.EqualValues(t, 6, head.N)
	appendOne(t, pool)
	_, faults = check(t, pool, head)
	require.Empty(t, faults, "what has just been written is not late")
	_, err := audit.Link(t.Context(), pool)
	require.NoError(t, err)
	further, faults := check(t, pool, head)
	require.Empty(t, faults)
	require.EqualValues(t, 7, further.N)
	again, _ := check(t, pool, audit.Head{})
	require.Equal(t, further, again, "from anywhere to the same end")
	require.NoError(t, audit.Pulse(t.Context(), pool))
}

// TestCheck_harmed is somebody who may do everything in the database.
func TestCheck_harmed(t *testing.T) {
	t.Parallel()
	const relink = `insert into audit_links select 2, 2, now(), sha256('another')`
	for name, c := range map[string]struct {
		sql  string
		want []audit.Fault
	}{
		"edited":                       {`update audit_entries set reason = 'altro' where id = 2`, []audit.Fault{{"edited", "entry:2"}}},
		"edited in who did it":         {`update audit_entries set actor_id = null where id = 5`, []audit.Fault{{"edited", "entry:5"}}},
		"edited in when":               {`update audit_entries set at = at + interval '1 ms' where id = 5`, []audit.Fault{{"edited", "entry:5"}}},
		"moved between fields":         {`update audit_entries set action = 'a.bro', object = 'om:1' where id = 3`, []audit.Fault{{"edited", "entry:3"}}},
		"dropped":                      {`delete from audit_entries where id = 2`, []audit.Fault{{"dropped", "entry:2"}}},
		"dropped with its link":        {`delete from audit_entries where id = 2; delete from audit_links where n = 2`, []audit.Fault{{"gap", "link:2"}}},
		"dropped before it was linked": {`insert into audit_pending values (99)`, []audit.Fault{{"dropped", "entry:99"}}},
		"swapped": {`update audit_entries a set at = b.at, service_id = b.service_id, actor_id = b.actor_id from audit_entries b where (a.id, b.id) in ((2, 5), (5, 2))`,
			[]audit.Fault{{"edited", "entry:2"}, {"edited", "entry:5"}}},
		"swapped in the chain": {`update audit_links set entry_id = 99 where n = 2; update audit_links set entry_id = 2 where n = 5; update audit_links set entry_id = 5 where n = 2`,
			[]audit.Fault{{"edited", "entry:5"}, {"edited", "entry:2"}}},
		"link made anew": {`delete from audit_links where n = 2; ` + relink, []audit.Fault{{"edited", "entry:2"}, {"edited", "entry:3"}}},
		"linked at another time": {`update audit_links set linked_at = linked_at - interval '1 s' where n = 4`,
			[]audit.Fault{{"edited", "entry:4"}}},
		"put in late":                    {`insert into audit_entries overriding system value select 77, service_id, now() - interval '2 min', actor_id, actor_role, action, object, reason from audit_entries where id = 1`, []audit.Fault{{"unlinked", "entry:77"}}},
		"never linked":                   {`insert into audit_entries overriding system value select 77, service_id, now() - interval '2 min', actor_id, actor_role, action, object, reason from audit_entries where id = 1; insert into audit_pending values (77)`, []audit.Fault{{"unlinked", "entry:77"}}},
		"all of it gone, without a head": {`delete from audit_links; delete from audit_entries`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool := newChain(t)
			head, _ := check(t, pool, audit.Head{})
			harm(t, pool, c.sql)
			_, faults := check(t, pool, audit.Head{})
			assert.ElementsMatch(t, c.want, faults)
			if c.want == nil {
				_, faults = check(t, pool, head)
				assert.Equal(t, []audit.Fault{{"rewritten", "link:6"}}, faults)
			}
		})
	}
	t.Run("the end cut off is found by a head kept elsewhere", func(t *testing.T) {
		t.Parallel()
		pool := newChain(t)
		head, _ := check(t, pool, audit.Head{})
		harm(t, pool, `delete from audit_links where n > 4; delete from audit_entries where id > 4`)
		kept, err := audit.ParseHead(head.String() + "\n")
		require.NoError(t, err)
		_, faults := check(t, pool, kept)
		assert.Equal(t, []audit.Fault{{"rewritten", "link:6"}}, faults)
	})
	t.Run("an entry that claims to be old", func(t *testing.T) {
		t.Parallel()
		pool := newChain(t)
		_, err := pool.Exec(t.Context(), `insert into audit_entries (service_id, at, actor_role, action, object)
			values (gen_random_uuid(), now() - interval '1 hour', 'tutor', 'a.b', 'c:1')`)
		require.NoError(t, err)
		_, err = audit.Link(t.Context(), pool)
		require.NoError(t, err)
		_, faults := check(t, pool, audit.Head{})
		assert.Equal(t, []audit.Fault{{"backdated", "entry:7"}}, faults)
	})
}

// harm changes rows as the owner of the database can: with the triggers off.
func harm(t *testing.T, pool *pgxpool.Pool, sql string) {
	t.Helper()
	require.NoError(t, pg.InTx(t.Context(), pool, func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `set local session_replication_role = replica; `+sql)
		return err
	}))
}

// Many write and several link at once: each entry is linked once, also one whose number became visible after a higher one's.
func TestLink_atOnce(t *testing.T) {
	t.Parallel()
	ctx, pool := t.Context(), pgtest.New(t)
	late, err := pool.Begin(ctx)
	require.NoError(t, err)
	appendOne(t, late) // the lowest number, not committed yet
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 50 {
				assert.NoError(t, audit.Append(ctx, pool, audit.Entry{Service: ids.New[int](), Role: "system", Action: "a.b", Object: "c:1"}))
				_, err := audit.Link(ctx, pool)
				assert.NoError(t, err)
			}
		})
	}
	all.Wait()
	require.NoError(t, late.Commit(ctx))
	_, err = audit.Link(ctx, pool)
	require.NoError(t, err)
	head, faults := check(t, pool, audit.Head{})
	require.Empty(t, faults)
	require.EqualValues(t, 201, head.N)
}

// A long queue, as after a migration of many entries, is linked in one pass.
func TestLink_many(t *testing.T) {
	t.Parallel()
	ctx, pool := t.Context(), pgtest.New(t)
	_, err := pool.Exec(ctx, `insert into audit_entries (service_id, actor_role, action, object) select gen_random_uuid(), 'tutor', 'a.b', 'c:' || i from generate_series(1, 2500) i`)
	require.NoError(t, err)
	n, err := audit.Link(ctx, pool)
	require.NoError(t, err)
	require.Equal(t, 2500, n)
	head, faults := check(t, pool, audit.Head{})
	require.Empty(t, faults)
	require.EqualValues(t, 2500, head.N)
}

func TestParseHead_refuses(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "7", "0:" + strings.Repeat("a", 64), "x:" + strings.Repeat("a", 64), "7:" + strings.Repeat("a", 62), "7:" + strings.Repeat("g", 64)} {
		_, err := audit.ParseHead(bad)
		assert.Error(t, err, bad)
	}
}

func TestLinker(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	l := audit.NewLinker(pool, zerolog.Nop())
	l.Start(t.Context())
	t.Cleanup(l.Stop)
	appendOne(t, pool)
	require.Eventually(t, func() bool {
		head, _ := check(t, pool, audit.Head{})
		return head.N == 1
	}, 10*time.Second, 20*time.Millisecond)
}

// What was written before there was a chain is chained when it comes.
func TestMigrations_ofOldEntries(t *testing.T) {
	t.Parallel()
	ctx, url := t.Context(), pgtest.URL(t)
	pool, err := pg.Open(ctx, url, pg.Options{MaxConns: 2})
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	_, err = pool.Exec(ctx, `drop table audit_entries, audit_links, audit_pending, audit_pulse, audit_migrations; drop function audit_refuse_change, audit_queue_link`)
	require.NoError(t, err)
	first, err := fs.ReadFile(audit.Migrations().FS, "00001_entries.sql")
	require.NoError(t, err)
	require.NoError(t, pg.Migrate(ctx, url, pg.Migrations{Name: "audit", FS: fstest.MapFS{"00001_entries.sql": {Data: first}}}))
	appendOne(t, pool)
	require.NoError(t, pg.Migrate(ctx, url, audit.Migrations()))
	appendOne(t, pool)
	n, err := audit.Link(ctx, pool)
	require.NoError(t, err)
	require.Equal(t, 2, n)
	_, faults := check(t, pool, audit.Head{})
	require.Empty(t, faults)
}
