package chat_test

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/chat"
	"ponti/internal/bus"
	"ponti/internal/pushtest"
	"ponti/moderation"
)

// TestStepAway: who does something else keeps the place, is offered to nobody, is told when it is their turn, and is then the first to be met.
func TestStepAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	esp := w.onCall(account.RoleESP)
	person, behind := w.someone(account.RoleGuest), w.someone(account.RoleMember)
	_, err := w.chat.StepAway(w.ctx, person)
	require.ErrorIs(t, err, chat.ErrNoPlace)
	require.ErrorIs(t, w.chat.StepBack(w.ctx, person), chat.ErrNoPlace)

	first := w.enter(person, "il lavoro")
	require.NotNil(t, w.offer(esp))
	code, err := w.chat.StepAway(w.ctx, person)
	require.NoError(t, err)
	require.Len(t, code, 16)
	v := w.place(person)
	assert.Equal(t, first.ID, v.ID)
	assert.Equal(t, chat.PlaceWaiting, v.State)
	assert.True(t, v.Away)
	assert.True(t, v.Told, "an ESP is free: it is their turn already")
	assert.Equal(t, 1, v.Position)
	assert.Nil(t, w.offer(esp), "nobody is offered somebody who is not there")
	list, err := w.chat.WaitingList(w.ctx, w.tutor)
	require.NoError(t, err)
	require.Len(t, list.People, 1)
	assert.True(t, list.People[0].Away)
	w.holds()

	second := w.enter(behind, "altro")
	assert.Equal(t, chat.PlaceOffered, second.State, "who is there does not wait for who is not")
	assert.Equal(t, 1, second.Position)
	mark, err := w.chat.WaitingMark(w.ctx, w.tutor)
	require.NoError(t, err)
	require.NoError(t, w.chat.StepBack(w.ctx, person))
	require.NoError(t, w.chat.StepBack(w.ctx, person), "twice is once")
	after, err := w.chat.WaitingMark(w.ctx, w.tutor)
	require.NoError(t, err)
	assert.NotEqual(t, mark, after, "tutors see who is back")
	v = w.place(person)
	assert.False(t, v.Away)
	assert.Equal(t, 1, v.Position)
	w.accept(esp) // the one who is there
	other := w.onCall(account.RoleESP)
	third := w.someone(account.RoleGuest)
	w.enter(third, "")
	require.Equal(t, person.Alias, w.offer(other).Alias, "who came back is before who came later")
	room := w.accept(other)
	assert.Equal(t, first.Room, room)
	_, err = w.chat.StepAway(w.ctx, person)
	require.ErrorIs(t, err, chat.ErrInSession)
	w.holds()
}

// TestStepAway_told: as many are told as ESPs are free for, in the order of the queue; who does not come keeps nobody else from being told.
func TestStepAway_told(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	busy := w.onCall(account.RoleESP)
	w.enter(w.someone(account.RoleGuest), "")
	w.accept(busy)
	people := make([]account.Actor, 4)
	for i := range people {
		people[i] = w.someone(account.RoleMember)
		w.enter(people[i], "")
		if i != 1 { // the second stays
			_, err := w.chat.StepAway(w.ctx, people[i])
			require.NoError(t, err)
		}
	}
	told := func() (list []bool) {
		t.Helper()
		for _, p := range people {
			list = append(list, w.place(p).Told)
		}
		return list
	}
	assert.Equal(t, []bool{false, false, false, false}, told(), "nobody is free")
	assert.Equal(t, []int{1, 1, 2, 2}, []int{w.place(people[0]).Position, w.place(people[1]).Position, w.place(people[2]).Position, w.place(people[3]).Position})
	before := len(w.hints.on(bus.Account(people[0].ID.String())))
	one := w.onCall(account.RoleESP)
	w.chat.Work(w.ctx)
	assert.Equal(t, []bool{true, false, false, false}, told())
	require.Equal(t, people[1].Alias, w.offer(one).Alias)
	assert.Contains(t, w.hints.on(bus.Account(people[0].ID.String()))[before:], []byte(bus.Place))
	two := w.onCall(account.RoleESP)
	w.chat.Work(w.ctx)
	assert.Equal(t, []bool{true, false, false, false}, told(), "the free one is the first's, who may be on their way")
	assert.Nil(t, w.offer(two))
	w.exec(`update chat_places set told_at = told_at - interval '4 minutes' where told_at is not null`)
	w.chat.Work(w.ctx)
	assert.Equal(t, []bool{true, false, true, false}, told())
	w.holds()

	// In time or not at all.
	w.exec(`update chat_places set seen_at = now() - interval '1 hour' where away_at is not null`)
	w.chat.Work(w.ctx)
	assert.True(t, w.place(people[3]).Away, "nobody need look")
	w.exec(`update chat_places set told_at = now() - interval '16 minutes' where person_id = $1`, people[0].ID)
	w.exec(`update chat_places set away_at = now() - interval '181 minutes' where person_id = $1`, people[3].ID)
	w.chat.Work(w.ctx)
	for i, late := range []bool{true, false, false, true} {
		v := w.place(people[i])
		assert.Equal(t, late, v.State == chat.PlaceEnded, i)
		assert.Equal(t, late, v.Late, i)
		assert.False(t, v.Unseen, i)
	}
	require.ErrorIs(t, w.chat.StepBack(w.ctx, people[0]), chat.ErrNoPlace)
	w.holds()
}

// TestStepAway_raid: those who step away and never come back cost nobody their turn, however many they are.
func TestStepAway_raid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.onCall(account.RoleESP)
	for range 120 {
		p := w.someone(account.RoleGuest)
		w.enter(p, "")
		_, err := w.chat.StepAway(w.ctx, p)
		require.NoError(t, err)
	}
	assert.Equal(t, 1, w.count(`select count(*) from chat_places where told_at is not null`), "one ESP is free, and one is told")
	v := w.enter(w.someone(account.RoleMember), "")
	assert.Equal(t, chat.PlaceOffered, v.State)
	assert.Equal(t, 1, v.Position)
	w.holds()
}

func TestStepAway_code(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	guest, member := w.someone(account.RoleGuest), w.someone(account.RoleMember)
	w.onCall(account.RoleESP)
	other := w.newService("altrove.example")
	w.enter(guest, "")
	w.enter(member, "")
	code, err := w.chat.StepAway(w.ctx, member)
	require.NoError(t, err)
	assert.Empty(t, code, "a member signs in as always")
	old, err := w.chat.StepAway(w.ctx, guest)
	require.NoError(t, err)
	code, err = w.chat.StepAway(w.ctx, guest)
	require.NoError(t, err)
	by := func(service account.ServiceID, code string) error {
		t.Helper()
		id, err := w.chat.ReturnBy(w.ctx, service, code)
		if err == nil {
			assert.Equal(t, guest.ID, id)
		}
		return err
	}
	spaced := strings.ToLower(" " + code[:4] + "-" + code[4:8] + " " + strings.NewReplacer("O", "0", "I", "1").Replace(code[8:]) + "\t")
	require.NoError(t, by(w.service, code))
	require.NoError(t, by(w.service, spaced))
	for _, wrong := range []string{"", old, code[:15], "\x00", strings.Repeat("A", 1<<20), "👵"} {
		require.ErrorIs(t, by(w.service, wrong), chat.ErrNoReturn)
	}
	require.ErrorIs(t, by(other, code), chat.ErrNoReturn)
	assert.Zero(t, w.count(`select count(*) from chat_places where position($1::bytea in return_mark) > 0`, code))
	require.NoError(t, w.chat.StepBack(w.ctx, guest))
	require.ErrorIs(t, by(w.service, code), chat.ErrNoReturn, "it is of no use any more")

	code, err = w.chat.StepAway(w.ctx, guest)
	require.NoError(t, err)
	require.NoError(t, w.chat.LeaveWaiting(w.ctx, guest))
	require.ErrorIs(t, by(w.service, code), chat.ErrNoReturn)
	for _, role := range []account.Role{account.RoleESP, account.RoleTutor, account.RoleAdmin, account.RoleFamily} {
		_, err := w.chat.StepAway(w.ctx, w.someone(role))
		require.Error(t, err, role)
	}
	w.holds()
}

// TestStepAway_taken_over: a tutor who meets somebody because of an alarm does so wherever that person is.
func TestStepAway_taken_over(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.onCall(account.RoleESP)
	guest := w.someone(account.RoleGuest)
	place := w.enter(guest, crisis)
	code, err := w.chat.StepAway(w.ctx, guest)
	require.NoError(t, err)
	w.route(place.Room, w.tutor)
	require.NoError(t, w.chat.JoinVisibly(w.ctx, w.tutor, place.Room, "Sono qui."))
	v := w.place(guest)
	assert.Equal(t, chat.PlaceInSession, v.State)
	assert.False(t, v.Away)
	id, err := w.chat.ReturnBy(w.ctx, w.service, code)
	require.NoError(t, err, "the way back leads into the conversation")
	assert.Equal(t, guest.ID, id)
	w.holds()
	require.NoError(t, w.chat.EndConversation(w.ctx, guest, place.Room))
	_, err = w.chat.ReturnBy(w.ctx, w.service, code)
	require.ErrorIs(t, err, chat.ErrNoReturn)
	w.holds()
}

// TestStepAway_at_once: whoever presses what at the same time, the place is in one state.
func TestStepAway_at_once(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person := w.someone(account.RoleGuest)
	esps := []account.Actor{w.onCall(account.RoleESP), w.onCall(account.RoleESP)}
	w.enter(person, "")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() { _, _ = w.chat.StepAway(w.ctx, person) })
		all.Go(func() { _ = w.chat.StepBack(w.ctx, person) })
		all.Go(func() { w.chat.Work(w.ctx) })
		for _, e := range esps {
			all.Go(func() {
				if d, err := w.chat.Desk(w.ctx, e); err == nil && d.Offer != nil {
					_, _ = w.chat.AcceptOffer(w.ctx, e, d.Offer.ID)
				}
			})
		}
	}
	all.Wait()
	w.holds()
	assert.Equal(t, 1, w.count(`select count(*) from chat_places where state <> 'ended'`))
}

// TestWakeMe: a browser is woken once when it is the turn of who asked, with nothing in it; again when its provider fails, and never after they are back.
func TestWakeMe(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer func(n int, w http.ResponseWriter, r *http.Request)
		calls  []int // after each round of work, half a minute apart
	}{
		"takes_it": {nil, []int{1, 1}},
		"fails": {func(n int, w http.ResponseWriter, _ *http.Request) {
			if n < 3 {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		}, []int{1, 2, 3, 3}},
		"fails_for_ever": {func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }, []int{1, 2, 3, 4, 5, 5}},
		"gone":           {func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) }, []int{1, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := pushtest.New(t, tt.answer)
			w := newWorld(t, func(o *moderation.Options) { o.Push = p.Sender(t) })
			busy := w.onCall(account.RoleESP)
			w.enter(w.someone(account.RoleGuest), "")
			w.accept(busy)
			person := w.someone(account.RoleMember)
			require.ErrorIs(t, w.chat.WakeMe(w.ctx, person, p.Subscription(t, "a")), chat.ErrNotWaiting)
			w.enter(person, "")
			require.ErrorIs(t, w.chat.WakeMe(w.ctx, person, p.Subscription(t, "a")), chat.ErrNotWaiting)
			_, err := w.chat.StepAway(w.ctx, person)
			require.NoError(t, err)
			for _, wrong := range []string{"", "{}", "\x00", strings.Repeat("x", 1<<20), strings.ReplaceAll(p.Subscription(t, "a"), "127.0.0.1", "elsewhere.invalid")} {
				require.ErrorIs(t, w.chat.WakeMe(w.ctx, person, wrong), moderation.ErrNoBrowser)
			}
			require.NoError(t, w.chat.WakeMe(w.ctx, person, p.Subscription(t, "old")))
			require.NoError(t, w.chat.WakeMe(w.ctx, person, p.Subscription(t, "canarino")))
			assert.True(t, w.place(person).Wakes)
			assert.Zero(t, w.count(`select count(*) from chat_wakes where position('canarino'::bytea in sub_sealed) > 0`))
			work := func() int {
				t.Helper()
				w.chat.Work(w.ctx)
				w.chat.Wake(w.ctx)
				w.exec(`update chat_wakes set due_at = due_at - interval '30 seconds'`)
				return len(p.Calls())
			}
			assert.Zero(t, work(), "nobody is free")
			w.onCall(account.RoleESP)
			for i, n := range tt.calls {
				assert.Equal(t, n, work(), "round %d", i+1)
			}
			assert.Equal(t, "/canarino", p.Calls()[0].URL.Path)
			w.holds()
			require.NoError(t, w.chat.StepBack(w.ctx, person))
			assert.Zero(t, w.count(`select count(*) from chat_wakes`))
			assert.Equal(t, tt.calls[len(tt.calls)-1], work())
			w.holds()
		})
	}
}

// TestWakeMe_late: who lets a browser be woken when it is their turn already is woken at once; what a place that ended left behind is gone.
func TestWakeMe_late(t *testing.T) {
	t.Parallel()
	p := pushtest.New(t, nil)
	w := newWorld(t, func(o *moderation.Options) { o.Push = p.Sender(t) })
	w.onCall(account.RoleESP)
	person := w.someone(account.RoleMember)
	w.enter(person, "")
	_, err := w.chat.StepAway(w.ctx, person)
	require.NoError(t, err)
	require.NoError(t, w.chat.WakeMe(w.ctx, person, p.Subscription(t, "a")))
	w.chat.Wake(w.ctx)
	assert.Len(t, p.Calls(), 1)
	require.NoError(t, w.chat.LeaveWaiting(w.ctx, person))
	assert.Zero(t, w.count(`select count(*) from chat_wakes`))

	// By itself, as it runs in a server.
	w.enter(person, "")
	_, err = w.chat.StepAway(w.ctx, person)
	require.NoError(t, err)
	require.NoError(t, w.chat.WakeMe(w.ctx, person, p.Subscription(t, "b")))
	w.chat.Start(w.ctx)
	defer w.chat.Stop()
	require.Eventually(t, func() bool { return len(p.Calls()) == 2 }, 10*time.Second, 20*time.Millisecond)
}

// TestWakeMe_many: all whose turn it is are woken at once; whose provider hangs keeps nobody else waiting.
func TestWakeMe_many(t *testing.T) {
	t.Parallel()
	const many = 4
	together, over := make(chan struct{}), make(chan struct{})
	p := pushtest.New(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		if n == many {
			close(together)
		}
		select {
		case <-together:
			w.WriteHeader(http.StatusCreated)
		case <-over:
		}
	})
	t.Cleanup(func() { close(over) })
	w := newWorld(t, func(o *moderation.Options) { o.Push = p.Sender(t) })
	for range many {
		w.onCall(account.RoleESP)
	}
	for i := range many {
		person := w.someone(account.RoleMember)
		w.enter(person, "")
		_, err := w.chat.StepAway(w.ctx, person)
		require.NoError(t, err)
		require.NoError(t, w.chat.WakeMe(w.ctx, person, p.Subscription(t, strconv.Itoa(i))))
	}
	require.Equal(t, many, w.count(`select count(*) from chat_wakes where due_at is not null`))
	w.chat.Wake(w.ctx)
	assert.Len(t, p.Calls(), many)
	assert.Zero(t, w.count(`select count(*) from chat_wakes where due_at is not null`))
	w.holds()
}

// TestMigrateAway: who waited before goes on waiting, and can step away.
func TestMigrateAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	esp := w.onCall(account.RoleESP)
	one, two := w.someone(account.RoleGuest), w.someone(account.RoleGuest)
	w.enter(one, "")
	place := w.enter(two, "")
	require.NoError(t, w.chat.LeaveWaiting(w.ctx, w.someoneWaiting()))
	w.migrateFrom(16)
	w.holds()
	assert.Equal(t, place.ID, w.place(two).ID)
	_, err := w.chat.StepAway(w.ctx, one)
	require.NoError(t, err)
	require.Equal(t, two.Alias, w.offer(esp).Alias)
	w.holds()
}

func (w *world) someoneWaiting() account.Actor {
	w.Helper()
	a := w.someone(account.RoleGuest)
	w.enter(a, "")
	return a
}
