package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/internal/audit"
	"ponti/internal/ids"
	"ponti/internal/pg"
	"ponti/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m, migrations()...) }

// audited is a database with one linked entry, and its address.
func audited(t *testing.T) (*pgxpool.Pool, string) {
	t.Helper()
	address := pgtest.URL(t)
	pool, err := pg.Open(t.Context(), address, pg.Options{MaxConns: 4})
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	require.NoError(t, audit.Append(t.Context(), pool, audit.Entry{Service: ids.New[int](), Role: "tutor", Action: "a.b", Object: "room:1"}))
	_, err = audit.Link(t.Context(), pool)
	require.NoError(t, err)
	return pool, address
}

func execute(t *testing.T, pool *pgxpool.Pool, sql string) {
	t.Helper()
	_, err := pool.Exec(t.Context(), sql)
	require.NoError(t, err)
}

// overdue makes an escalation that nobody climbs for.
const overdue = `alter table moderation_escalations disable trigger all;
	insert into moderation_escalations (id, service_id, subject_kind, subject_id, level, category, due_at)
		values (gen_random_uuid(), gen_random_uuid(), 'room', 'x', 'red', 'suicide', now() - interval '1 min')`

// valueOf reads a metric.
func valueOf(t *testing.T, m prometheus.Metric) float64 {
	t.Helper()
	var read dto.Metric
	require.NoError(t, m.Write(&read))
	return read.GetGauge().GetValue() + read.GetCounter().GetValue()
}

func TestAuditor(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	var status atomic.Int32
	status.Store(http.StatusOK)
	switchboard := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		w.WriteHeader(int(status.Load()))
	}))
	t.Cleanup(switchboard.Close)
	deadman, err := url.Parse(switchboard.URL + "/s3cret")
	require.NoError(t, err)
	pool, _ := audited(t)
	var log bytes.Buffer
	a := newAuditor(pool, deadman, prometheus.NewRegistry(), zerolog.New(&log))
	round := func(wantCalls int) {
		t.Helper()
		a.round(t.Context())
		require.EqualValues(t, wantCalls, calls.Load())
	}

	round(1)
	require.InDelta(t, float64(time.Now().Unix()), valueOf(t, a.well), 60)
	require.Contains(t, log.String(), a.head.String(), "the head is kept elsewhere: in the log")
	status.Store(http.StatusInternalServerError)
	round(2)
	require.EqualValues(t, 1, valueOf(t, a.pings.WithLabelValues("failed")))
	status.Store(http.StatusOK)

	execute(t, pool, overdue)
	round(2)
	require.Contains(t, log.String(), "moderation overdue escalation:")
	require.Positive(t, valueOf(t, a.faults.WithLabelValues("moderation")))
	execute(t, pool, `delete from moderation_escalations`)
	round(3)
	require.Zero(t, valueOf(t, a.faults.WithLabelValues("moderation")))

	execute(t, pool, `alter table audit_links disable trigger all; delete from audit_links`)
	round(3)
	round(3)
	require.Contains(t, log.String(), "audit rewritten link:1", "a head that was known is missed")

	switchboard.Close()
	a.head, a.whole = audit.Head{}, time.Now()
	execute(t, pool, `alter table audit_entries disable trigger all; delete from audit_entries`)
	a.round(t.Context())
	require.EqualValues(t, 2, valueOf(t, a.pings.WithLabelValues("failed")))
	require.NotContains(t, log.String(), "s3cret")
}

// Where nothing can be written, or nobody answers, all is not well.
func TestAuditor_withoutAStore(t *testing.T) {
	t.Parallel()
	pool, address := audited(t)
	for name, address := range map[string]string{
		"read-only": address + "&default_transaction_read_only=on",
		"gone":      "postgres://nobody@127.0.0.1:1/nothing",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool, err := pg.Open(t.Context(), address, pg.Options{MaxConns: 1})
			require.NoError(t, err)
			t.Cleanup(pool.Close)
			a := newAuditor(pool, nil, prometheus.NewRegistry(), zerolog.Nop())
			found := a.look(t.Context())
			assert.Contains(t, found, "store unknown")
			assert.EqualValues(t, 1, valueOf(t, a.faults.WithLabelValues("store")))
		})
	}
	require.Empty(t, newAuditor(pool, nil, prometheus.NewRegistry(), zerolog.Nop()).look(t.Context()))
}

func TestVerify(t *testing.T) {
	t.Parallel()
	pool, address := audited(t)
	try := func(kept string) (string, error) {
		var out strings.Builder
		err := verifyCommand{DatabaseURL: address, Head: kept}.Run(t.Context(), &out)
		return out.String(), err
	}
	out, err := try("")
	require.NoError(t, err)
	head, _, err := audit.Check(t.Context(), pool, audit.Head{})
	require.NoError(t, err)
	require.Equal(t, `Conversations guest (48 hours by default): none kept; late: 0; erased in 30 days: 0 with 0 messages
Conversations member (12 months by default): none kept; late: 0; erased in 30 days: 0 with 0 messages
Conversations flagged (24 months by default): none kept; late: 0; erased in 30 days: 0 with 0 messages
All is well. The audit chain ends with `+head.String()+"\n", out)
	_, err = try(head.String())
	require.NoError(t, err)

	_, err = try("7")
	require.ErrorContains(t, err, "--head cannot be read")
	out, err = try("1:" + strings.Repeat("ab", 32))
	require.ErrorContains(t, err, "wrong: 1")
	require.Equal(t, "audit rewritten link:1\n", out)

	execute(t, pool, overdue)
	execute(t, pool, `alter table audit_entries disable trigger all; update audit_entries set reason = 'altro'`)
	out, err = try("")
	require.Error(t, err)
	assert.Contains(t, out, "audit edited entry:1\n")
	assert.Contains(t, out, "moderation overdue escalation:")
	execute(t, pool, `alter table chat_messages drop constraint chat_messages_once`)
	out, _ = try("")
	assert.Contains(t, out, "chat constraint_missing: 1\n")

	none := verifyCommand{DatabaseURL: "postgres://nobody:s3cret@127.0.0.1:1/nothing"}.Run(t.Context(), &strings.Builder{})
	require.EqualError(t, none, "the database cannot be reached")
	nowhere := verifyCommand{Data: t.TempDir()}.Run(t.Context(), &strings.Builder{})
	require.ErrorContains(t, nowhere, "no private database")
	require.NotContains(t, fmt.Sprint(verifyCommand{DatabaseURL: "::s3cret"}.Run(t.Context(), &strings.Builder{})), "s3cret")
}
