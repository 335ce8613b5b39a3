package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"ponti/internal/history"
	"ponti/web/wire"
)

// climbed is one step of an escalation that its ladder took by itself.
type climbed struct {
	Rung, Round int
	At          time.Time
	DueAt       time.Time
}

// stepsOf reads the rungs that an escalation was taken to.
func stepsOf(t *testing.T, conn *pgx.Conn, room string) []climbed {
	t.Helper()
	rows, err := conn.Query(t.Context(), `select s.rung, s.round, s.at, s.due_at from moderation_steps s
		join moderation_escalations e on e.id = s.escalation_id
		where e.subject_kind = 'room' and e.subject_id = $1 and e.level = 'crisis' and s.kind = 'rung' order by s.fence`, room)
	require.NoError(t, err)
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[climbed])
	require.NoError(t, err)
	return list
}

// awaitStep waits for the nth rung of a room's crisis.
func awaitStep(t *testing.T, conn *pgx.Conn, room string, n int, limit time.Duration) climbed {
	t.Helper()
	var list []climbed
	require.NoError(t, within(limit, func() error {
		if list = stepsOf(t, conn, room); len(list) < n {
			return fmt.Errorf("the ladder took %d steps, not %d", len(list), n)
		}
		return nil
	}))
	return list[n-1]
}

// callers at each instance are more than the twenty connections it has for pages and chat.
const callers = 24

// fillPools is F12: it holds the table of conversations locked and has so many at each instance ask for theirs over and over, so that every connection
// that pages and chat have is taken, until the returned function is called. That holds what they were answered: in time, and when to come again.
func (k *conversation) fillPools(t *testing.T) (empty func()) {
	t.Helper()
	tx, err := k.cluster.connect(t).Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "lock table chat_rooms in access exclusive mode")
	require.NoError(t, err)
	numbers := watchNumbers(k.cluster)
	var mu sync.Mutex
	var wrong []string
	var slowest time.Duration
	refused := 0
	quit := make(chan struct{})
	var all sync.WaitGroup
	for n := range 2 * callers {
		b := &browser{at: k.cluster.instances[n%2], host: k.guest.host, client: k.guest.client}
		all.Go(func() {
			for {
				select {
				case <-quit:
					return
				default:
				}
				begin := time.Now()
				p, err := b.get("/rooms/" + k.room)
				mu.Lock()
				slowest = max(slowest, time.Since(begin))
				switch {
				case err != nil:
					wrong = append(wrong, err.Error())
				case p.status != http.StatusServiceUnavailable || p.header.Get("Retry-After") == "":
					wrong = append(wrong, fmt.Sprintf("%d, to come again after %q s", p.status, p.header.Get("Retry-After")))
				default:
					refused++
				}
				mu.Unlock()
			}
		})
	}
	return func() {
		t.Helper()
		close(quit)
		all.Wait()
		require.NoError(t, tx.Rollback(context.Background()))
		asked, none := numbers()
		require.Greater(t, asked, 20)
		require.Empty(t, none, "the page with the numbers must always be there")
		slices.Sort(wrong)
		require.Empty(t, slices.Compact(wrong))
		require.Greater(t, refused, 200, "hardly anybody asked: the pools were not full")
		// 0.7 s for connections, however many a page asks for, half a one for the lock; so many at once on two processors take the rest.
		waitsAtMost(t, 2*time.Second, slowest, "the slowest answer while every connection was taken")
	}
}

// TestEscalationClimbsThoughEveryInstanceDies has nobody acknowledge a crisis while all instances are killed and started
// again, once before the next rung is due, once over the moment itself, and while pages and chat have no connection left.
//
// It runs beside no other test: browsers that take both processors would answer for the two seconds, not Ponti.
func TestEscalationClimbsThoughEveryInstanceDies(t *testing.T) {
	const lateness = 5 * time.Second
	c := newCluster(t, 2, func(in *instance) { in.env = append(in.env, "PONTI_LIMIT_FACTOR=1000") })
	a, b := c.instances[0], c.instances[1]
	marta, _ := staffed(t, b, a, "Marta", "Tommaso")
	teresa := signIn(t, b, "localhost", "Teresa")
	goOn(t, teresa)
	other := openDevice(t, teresa, "Teresa", &history.History{}, "", places(b), wire.Console)
	// Two tutors agree on the shortest ladder that a service may have.
	signIn(t, a, "localhost", "Tommaso").open(t, "/policy").form(t, `form[action="/policy"]`).fill(t, "crisis_within", "30").submit(t)
	teresa.open(t, "/policy").form(t, `form[action$="/approve"]`).submit(t)
	k := meet(t, enter(t, a), marta, nil)
	for n := range 3 {
		k.say(k.esp, n)
	}
	told := len(other.frames("changed"))
	k.person.say("stanotte voglio farla finita, mi uccido")
	require.NoError(t, within(converged, func() error {
		for _, f := range k.person.frames("state") {
			var s wire.State
			if err := with(f.data, func(v wire.State) error { s = v; return nil }); err != nil {
				return err
			}
			if s.Numbers && s.Care != "" {
				return nil
			}
		}
		return errors.New("the person is not shown that help is called")
	}))
	conn := c.connect(t)
	first := awaitStep(t, conn, k.room, 1, lateness)
	require.Equal(t, 0, first.Round)

	kill := func() {
		for _, in := range c.instances {
			in.kill()
		}
	}
	kill()
	c.startAll()
	require.True(t, time.Now().Before(first.DueAt), "the instances came back too late to prove anything")
	pass(time.Until(first.DueAt.Add(-5 * time.Second)))
	empty := k.fillPools(t)
	second := awaitStep(t, conn, k.room, 2, time.Until(first.DueAt)+patience)
	pass(3 * time.Second)
	empty()
	require.Greater(t, second.Rung, first.Rung)
	waitsAtMost(t, lateness, second.At.Sub(first.DueAt), "from the due time to the second rung")
	require.NoError(t, within(converged, func() error {
		if len(other.frames("changed")) <= told {
			return errors.New("the other tutor's console was told nothing")
		}
		return nil
	}))

	pass(time.Until(second.DueAt.Add(-5 * time.Second)))
	kill()
	pass(time.Until(second.DueAt.Add(3 * time.Second)))
	require.Len(t, stepsOf(t, conn, k.room), 2, "somebody was still alive")
	ready := c.startAll()
	require.True(t, ready.After(second.DueAt))
	third := awaitStep(t, conn, k.room, 3, lateness+time.Second)
	waitsAtMost(t, lateness, third.At.Sub(ready), "from the first instance's return to the third rung")
	k.settle(t)
}
