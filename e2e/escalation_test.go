package e2e

import (
	"errors"
	"fmt"
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

// TestEscalationClimbsThoughEveryInstanceDies has nobody acknowledge a crisis while all instances are killed and started
// again: once before the next rung is due, once over the moment itself.
func TestEscalationClimbsThoughEveryInstanceDies(t *testing.T) {
	t.Parallel()
	const lateness = 5 * time.Second
	c := newCluster(t, 2)
	a, b := c.instances[0], c.instances[1]
	marta, _ := staffed(t, b, a, "Marta", "Tommaso")
	teresa := signIn(t, b, "localhost", "Teresa")
	goOn(t, teresa)
	other := openDevice(t, teresa, "Teresa", &history.History{}, "", places(b), wire.Console)
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
	second := awaitStep(t, conn, k.room, 2, time.Until(first.DueAt)+patience)
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
