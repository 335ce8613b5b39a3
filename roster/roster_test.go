package roster_test

import (
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ponti/account"
	"ponti/internal/audit"
	"ponti/internal/bus"
	"ponti/internal/errs"
	"ponti/internal/pgtest"
	"ponti/roster"
)

func TestMain(m *testing.M) {
	code := pgtest.Run(m, audit.Migrations(), account.Migrations(), roster.Migrations())
	if err := goleak.Find(); code == 0 && err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// recorder keeps what was published.
type recorder struct {
	mu  sync.Mutex
	got []string
}

func (r *recorder) Publish(channel string, payload []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got = append(r.got, channel+" "+string(payload))
}

func (r *recorder) all() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.got...)
}

type world struct {
	*roster.Roster
	t       *testing.T
	pool    *pgxpool.Pool
	hints   *recorder
	service account.ServiceID
}

func newWorld(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	pool := pgtest.New(t)
	hints := &recorder{}
	w := &world{Roster: roster.New(pool, account.New(pool, account.Options{}), hints), t: t, pool: pool, hints: hints}
	w.service = w.newService("*")
	return w
}

func (w *world) exec(sql string, args ...any) {
	w.t.Helper()
	_, err := w.pool.Exec(w.t.Context(), sql, args...)
	require.NoError(w.t, err)
}

// silence moves an open duty's heartbeat into the past.
func (w *world) silence(who account.Actor, ago time.Duration) {
	w.t.Helper()
	w.exec(`update roster_duties set started_at = now() - interval '2 hours', heartbeat_at = now() - make_interval(secs => $2)
		where account_id = $1 and ended_at is null`, who.ID, ago.Seconds())
}

func TestGoOn(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	tutor, esp := w.newActor(account.RoleTutor, "Paola"), w.newActor(account.RoleESP, "Leonardo")

	require.ErrorIs(t, w.GoOn(ctx, esp), roster.ErrNoTutor, "a peer without a named tutor stays off")
	w.assign(esp, tutor)
	require.NoError(t, w.GoOn(ctx, esp))
	require.ErrorIs(t, w.GoOn(ctx, esp), roster.ErrAlreadyOn)
	require.NoError(t, w.GoOn(ctx, tutor))
	assert.Contains(t, w.hints.all(), bus.Account(esp.ID.String())+" escalations", "those on shift hear who came")

	for _, role := range []account.Role{account.RoleGuest, account.RoleMember, account.RoleAdmin, account.RoleAuditor} {
		assert.Equal(t, errs.Forbidden, errs.KindOf(w.GoOn(ctx, w.newActor(role, string(role)))), role)
	}
	assert.ErrorIs(t, w.GoOn(ctx, account.Visitor(w.service)), account.ErrSignInFirst)

	cur, err := w.Current(ctx, esp)
	require.NoError(t, err)
	assert.True(t, cur.On)
	require.NoError(t, w.GoOff(ctx, esp))
	require.ErrorIs(t, w.GoOff(ctx, esp), roster.ErrNotOn)
	cur, err = w.Current(ctx, esp)
	require.NoError(t, err)
	assert.False(t, cur.On)

	var acts int
	require.NoError(t, w.pool.QueryRow(ctx, `select count(*) from audit_entries where actor_id = $1`, esp.ID).Scan(&acts))
	assert.Equal(t, 2, acts, "one entry each for on and off, none for what was refused")
}

func TestGoOnAtOnce(t *testing.T) {
	w := newWorld(t)
	tutor := w.newActor(account.RoleTutor, "Paola")
	results := make(chan error, 8)
	for range cap(results) {
		go func() { results <- w.GoOn(t.Context(), tutor) }()
	}
	won := 0
	for range cap(results) {
		if err := <-results; err == nil {
			won++
		} else {
			assert.ErrorIs(t, err, roster.ErrAlreadyOn)
		}
	}
	assert.Equal(t, 1, won)
}

func TestOnCall(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	fresh, quiet, gone := w.newActor(account.RoleTutor, "Uno"), w.newActor(account.RoleTutor, "Due"), w.newActor(account.RoleTutor, "Tre")
	other := w.newActorOf(w.newService("other.example"), account.RoleTutor, "Altrove")
	for _, a := range []account.Actor{fresh, quiet, gone, other} {
		require.NoError(t, w.GoOn(ctx, a))
	}
	w.silence(quiet, 61*time.Second)
	w.silence(gone, 10*time.Minute)

	on, err := w.OnCall(ctx, w.pool, w.service)
	require.NoError(t, err)
	require.Len(t, on, 1, "neither the silent nor another service's")
	assert.Equal(t, fresh.ID, on[0].Account)

	require.NoError(t, w.Heartbeat(ctx, roster.Beat{Account: quiet.ID}))
	require.NoError(t, w.Heartbeat(ctx, roster.Beat{Account: gone.ID}))
	on, err = w.OnCall(ctx, w.pool, w.service)
	require.NoError(t, err)
	assert.Len(t, on, 2, "a heartbeat brings back a minute's silence, not ten")

	shown, err := w.OnShift(ctx, fresh)
	require.NoError(t, err)
	assert.Len(t, shown, 2)
	assert.NotEmpty(t, shown[0].Alias)
	_, err = w.OnShift(ctx, w.newActor(account.RoleMember, "Ospite"))
	assert.Equal(t, errs.Forbidden, errs.KindOf(err))
}

func TestSweep(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	gone, here := w.newActor(account.RoleTutor, "Uno"), w.newActor(account.RoleTutor, "Due")
	require.NoError(t, w.GoOn(ctx, gone))
	require.NoError(t, w.GoOn(ctx, here))
	w.silence(gone, 25*time.Minute)
	require.NoError(t, w.Sweep(ctx))
	require.NoError(t, w.Sweep(ctx))

	var ago float64
	var by string
	require.NoError(t, w.pool.QueryRow(ctx, `select extract(epoch from now() - ended_at), ended_by from roster_duties where account_id = $1`, gone.ID).Scan(&ago, &by))
	assert.InDelta(t, (25 * time.Minute).Seconds(), ago, 30, "it ended when it was last heard of, not when it was swept")
	assert.Equal(t, "silence", by)
	on, err := w.OnCall(ctx, w.pool, w.service)
	require.NoError(t, err)
	assert.Len(t, on, 1)
	require.NoError(t, w.GoOn(ctx, gone), "and its owner may come back")

	w.silence(here, time.Hour)
	require.NoError(t, w.GoOn(ctx, here), "also before any sweep")
}

func TestOpeningHere(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	tutor, esp, admin := w.newActor(account.RoleTutor, "Paola"), w.newActor(account.RoleESP, "Leonardo"), w.newActor(account.RoleAdmin, "Capo")
	w.assign(esp, tutor)
	o, err := w.Opening(ctx, w.service)
	require.NoError(t, err)
	assert.Equal(t, roster.Opening{}, o)

	from := time.Now().UTC().Add(24 * time.Hour).Truncate(time.Minute)
	for _, who := range []account.Actor{tutor, esp} {
		_, err = w.PlanShift(ctx, admin, roster.Shift{Account: who.ID, From: from, To: from.Add(4 * time.Hour)})
		require.NoError(t, err)
	}
	o, err = w.Opening(ctx, w.service)
	require.NoError(t, err)
	require.NotNil(t, o.NextAt)
	assert.True(t, from.Equal(*o.NextAt))
	assert.False(t, o.Open)

	require.NoError(t, w.GoOn(ctx, tutor))
	require.NoError(t, w.GoOn(ctx, esp))
	o, err = w.Opening(ctx, w.service)
	require.NoError(t, err)
	assert.Equal(t, roster.Opening{Open: true, Covered: true, ESPs: 1, Tutors: 1}, o)

	w.silence(tutor, 61*time.Second)
	o, err = w.Opening(ctx, w.service)
	require.NoError(t, err)
	assert.False(t, o.Open, "never open without a tutor who can be reached")
}

func TestPlanShift(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	tutor, esp, admin, member := w.newActor(account.RoleTutor, "Paola"), w.newActor(account.RoleESP, "Leonardo"), w.newActor(account.RoleAdmin, "Capo"), w.newActor(account.RoleMember, "Mare")
	from := time.Now().UTC().Add(time.Hour).Truncate(time.Minute)
	shift := roster.Shift{Account: esp.ID, From: from, To: from.Add(2 * time.Hour)}

	id, err := w.PlanShift(ctx, tutor, shift)
	require.NoError(t, err)
	_, err = w.PlanShift(ctx, admin, shift)
	require.ErrorIs(t, err, roster.ErrSameStart)
	_, err = w.PlanShift(ctx, esp, shift)
	assert.Equal(t, errs.Forbidden, errs.KindOf(err))
	_, err = w.PlanShift(ctx, admin, roster.Shift{Account: member.ID, From: from, To: from.Add(time.Hour)})
	require.ErrorIs(t, err, roster.ErrNotStaff)
	_, err = w.PlanShift(ctx, admin, roster.Shift{Account: esp.ID, From: from, To: from})
	assert.Equal(t, errs.Invalid, errs.KindOf(err))

	elsewhere := w.newService("other.example")
	foreign := w.newActorOf(elsewhere, account.RoleAdmin, "Altrove")
	_, err = w.PlanShift(ctx, foreign, roster.Shift{Account: esp.ID, From: from.Add(time.Hour), To: from.Add(2 * time.Hour)})
	require.Error(t, err, "another service's people cannot be planned")
	assert.Equal(t, errs.Invalid, errs.KindOf(err))
	require.ErrorIs(t, w.RemoveShift(ctx, foreign, id), roster.ErrShiftUnknown)

	list, err := w.Planned(ctx, esp, from.Add(-time.Hour), from.Add(24*time.Hour))
	require.NoError(t, err)
	require.Len(t, list, 1)
	assert.Equal(t, "Leonardo", list[0].Alias)
	cur, err := w.Current(ctx, esp)
	require.NoError(t, err)
	require.NotNil(t, cur.Planned)
	assert.Equal(t, id, cur.Planned.ID)
	require.NoError(t, w.RemoveShift(ctx, admin, id))
	require.ErrorIs(t, w.RemoveShift(ctx, admin, id), roster.ErrShiftUnknown)
}

func TestStartStop(t *testing.T) {
	w := newWorld(t)
	gone := w.newActor(account.RoleTutor, "Uno")
	require.NoError(t, w.GoOn(t.Context(), gone))
	w.silence(gone, time.Hour)
	w.Start(t.Context(), zerolog.Nop())
	w.Start(t.Context(), zerolog.Nop())
	require.Eventually(t, func() bool {
		var swept int
		require.NoError(t, w.pool.QueryRow(t.Context(), `select count(*) from roster_duties where ended_by = 'silence'`).Scan(&swept))
		return swept == 1
	}, 10*time.Second, 5*time.Millisecond)
	w.Stop()
	w.Stop()
}

// TestHeartbeat_of_many: one statement for any number, whoever of them is on call; who is being worked on waits for nobody.
func TestHeartbeat_of_many(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	require.NoError(t, w.Heartbeat(ctx))
	var beats []roster.Beat
	for i := range 5 {
		a := w.newActor(account.RoleTutor, fmt.Sprintf("Tutor %d", i))
		beats = append(beats, roster.Beat{Account: a.ID, Ago: time.Duration(i) * time.Second})
		if i > 0 { // the first is not on shift
			require.NoError(t, w.GoOn(ctx, a))
		}
	}
	_, err := w.pool.Exec(ctx, `update roster_duties set started_at = now() - interval '3 minutes', heartbeat_at = now() - interval '2 minutes'`)
	require.NoError(t, err)
	held, err := w.pool.Begin(ctx)
	require.NoError(t, err)
	defer held.Rollback(ctx) //nolint:errcheck // it was
	_, err = held.Exec(ctx, `select 1 from roster_duties where account_id = $1 for update`, beats[4].Account)
	require.NoError(t, err)
	require.NoError(t, w.Heartbeat(ctx, beats...))
	var heard int
	require.NoError(t, w.pool.QueryRow(ctx, `select count(*) from roster_duties where heartbeat_at > now() - interval '1 minute'`).Scan(&heard))
	assert.Equal(t, 3, heard)
	require.NoError(t, held.Rollback(ctx))
	require.NoError(t, w.Heartbeat(ctx, beats...))
	require.NoError(t, w.pool.QueryRow(ctx, `select count(*) from roster_duties where heartbeat_at > now() - interval '1 minute'`).Scan(&heard))
	assert.Equal(t, 4, heard)
}
