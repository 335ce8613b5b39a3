package chat_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
)

func TestUsualWait(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	esp := w.onCall(account.RoleESP)
	usual := func() (from, to time.Duration) {
		t.Helper()
		from, to, err := w.chat.UsualWait(w.ctx, w.service)
		require.NoError(t, err)
		return from, to
	}
	wait := func() {
		person := w.someone(account.RoleGuest)
		w.enter(person, "")
		require.NoError(t, w.chat.EndConversation(w.ctx, esp, w.accept(esp)))
	}
	for range 19 {
		wait()
	}
	// Waits of 1 to 19 minutes, all of them long ago; the twentieth is of 20.
	age := func(ago string) {
		w.exec(`update chat_places p set started_at = now() - $1::interval, created_at = now() - $1::interval - make_interval(mins => n.n::int)
			from (select id, row_number() over (order by id) n from chat_places) n where n.id = p.id`, ago)
	}
	age("29 days")
	from, to := usual()
	assert.Zero(t, from)
	assert.Zero(t, to, "nineteen waits say nothing")
	wait()
	age("29 days")
	from, to = usual()
	assert.Equal(t, 10*time.Minute+30*time.Second, from.Round(time.Second))
	assert.Equal(t, 16*time.Minute+12*time.Second, to.Round(time.Second))
	age("31 days")
	_, to = usual()
	assert.Zero(t, to, "what was a month ago is not usual now")
}

// Four months of evenings are played again: for whoever came in, what they would have been shown is held against what they waited.
func TestUsualWait_replayed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const days, shown = 120, 700
	waits := evenings(days)
	person := w.someone(account.RoleGuest)
	began := time.Now().Add(-days * 24 * time.Hour)
	var came, met []time.Time
	for _, v := range waits {
		came, met = append(came, began.Add(v.at)), append(met, began.Add(v.at+v.wait))
	}
	w.exec(`with visits as (select gen_random_uuid() id, v.came, v.met from unnest($3::timestamptz[], $4::timestamptz[]) v (came, met)),
		rooms as (insert into chat_rooms (id, service_id, person_id, state, key_id, key_wrapped, topic_sealed, created_at, started_at, ended_at)
			select id, $1, $2, 'ended', 'k', '', '', came, met, met from visits)
		insert into chat_places (id, service_id, room_id, person_id, state, level, created_at, started_at, ended_at, end_reason)
			select gen_random_uuid(), $1, id, $2, 'ended', 0, came, met, met, 'talked' from visits`, w.service, person.ID, came, met)
	within, told := 0, 0
	for _, v := range waits[len(waits)-shown:] {
		_, to, err := w.chat.UsualWaitAt(w.ctx, w.service, began.Add(v.at))
		require.NoError(t, err)
		require.NotZero(t, to)
		told++
		if v.wait <= to {
			within++
		}
	}
	share := float64(within) / float64(told)
	t.Logf("%.1f %% of %d waits were within what was shown", 100*share, told)
	assert.True(t, share >= 0.70 && share <= 0.90, "%.3f of the waits were within what was shown", share)
}

type visit struct{ at, wait time.Duration }

// evenings are visits to a service that is open for four hours a day with one to three ESPs: busier some days, conversations of
// 10 to 45 minutes, first come first met.
func evenings(days int) []visit {
	r := rand.New(rand.NewPCG(1, 2))
	var all []visit
	for day := range days {
		opens := time.Duration(day) * 24 * time.Hour
		free := make([]time.Duration, 1+r.IntN(3)) // when each ESP is free next
		for i := range free {
			free[i] = opens
		}
		gap := time.Duration(float64(20*time.Minute) / float64(len(free)) * (0.7 + r.Float64()))
		for at := opens; at < opens+4*time.Hour; at += time.Duration(r.ExpFloat64() * float64(gap)) {
			first := slices.Index(free, slices.Min(free))
			met := max(at+5*time.Second, free[first])
			free[first] = met + 10*time.Minute + time.Duration(r.Int64N(int64(35*time.Minute)))
			all = append(all, visit{at, met - at})
		}
	}
	return all
}
