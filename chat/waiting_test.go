package chat_test

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/chat"
	"ponti/internal/bus"
	"ponti/internal/errs"
	"ponti/moderation/triage"
	"ponti/roster"
)

func TestEnterWaiting(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person := w.someone(account.RoleGuest)

	t.Run("is refused while closed", func(t *testing.T) {
		_, err := w.chat.EnterWaiting(w.ctx, person, chat.Entry{Topic: "ciao"})
		require.ErrorIs(t, err, chat.ErrClosed)
		_, err = w.chat.Place(w.ctx, person)
		require.ErrorIs(t, err, chat.ErrNoPlace)
	})
	esp := w.onCall(account.RoleESP)
	t.Run("hears of every mistake at once", func(t *testing.T) {
		feeling := 11
		_, err := w.chat.EnterWaiting(w.ctx, person, chat.Entry{Topic: string(make([]byte, 16*chat.MaxTopic+1)), Feeling: &feeling})
		require.Equal(t, errs.Invalid, errs.KindOf(err))
		assert.ErrorContains(t, err, "chat.text_long")
		assert.ErrorContains(t, err, "chat.feeling_invalid")
	})
	t.Run("offers the person to the free ESP at once", func(t *testing.T) {
		feeling := 3
		v, err := w.chat.EnterWaiting(w.ctx, person, chat.Entry{Topic: "il lavoro", Feeling: &feeling})
		require.NoError(t, err)
		assert.Equal(t, chat.PlaceOffered, v.State)
		assert.Equal(t, 1, v.Position)
		assert.Equal(t, "il lavoro", v.Topic)
		assert.True(t, v.Opening)
		o := w.offer(esp)
		require.NotNil(t, o)
		assert.Equal(t, person.Alias, o.Alias)
		assert.Equal(t, "il lavoro", o.Topic)
		assert.Equal(t, 3, *o.Feeling)
		assert.InDelta(t, 20, o.ExpiresAfter.Seconds(), 5)
		assert.Equal(t, [][]byte{[]byte("desk")}, w.hints.on(bus.Account(esp.ID.String()))[1:2], "the desk is told, with no content")
	})
	t.Run("twice keeps the first place and topic", func(t *testing.T) {
		first := w.place(person)
		again := w.enter(person, "altro")
		assert.Equal(t, first.ID, again.ID)
		assert.Equal(t, "il lavoro", again.Topic)
		assert.Equal(t, 1, w.count(`select count(*) from chat_rooms`), "no room is left behind")
	})
	t.Run("at once from two devices makes one place", func(t *testing.T) {
		other := w.someone(account.RoleMember)
		var wg sync.WaitGroup
		places := make([]chat.PlaceView, 6)
		for i := range places {
			wg.Go(func() {
				var err error
				places[i], err = w.chat.EnterWaiting(w.ctx, other, chat.Entry{})
				assert.NoError(t, err)
			})
		}
		wg.Wait()
		for _, p := range places {
			assert.Equal(t, places[0].ID, p.ID)
		}
		assert.Equal(t, 2, places[0].Position)
	})
	t.Run("leaving takes the offer back", func(t *testing.T) {
		o := w.offer(esp)
		require.NoError(t, w.chat.LeaveWaiting(w.ctx, person))
		assert.Equal(t, chat.PlaceEnded, w.place(person).State)
		require.ErrorIs(t, w.chat.LeaveWaiting(w.ctx, person), chat.ErrNoPlace)
		_, err := w.chat.AcceptOffer(w.ctx, esp, o.ID)
		require.ErrorIs(t, err, chat.ErrTaken)
		assert.NotEqual(t, o.ID, w.offer(esp).ID, "the next person is offered at once")
	})
	w.holds()
}

func TestEnterWaiting_flagged_topic_raises(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.onCall(account.RoleESP)
	person := w.someone(account.RoleGuest)
	v := w.enter(person, crisis)
	assert.GreaterOrEqual(t, v.Level, triage.Red)
	assert.Equal(t, "alerting", string(v.Care))
	assert.Equal(t, 1, w.count(`select count(*) from chat_places p join moderation_escalations e on e.id = p.escalation_id`))
	w.holds()
}

func TestOffers_come_in_order(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.onCall(account.RoleESP)
	busy := w.someone(account.RoleGuest)
	w.enter(busy, "")
	w.accept(first) // nobody is free while the others enter

	feelings := []int{5, 2, 9}
	names := []string{"unsaid, longest", "five", "two", "nine", "crisis"}
	people := make([]account.Actor, len(names))
	for i := range people {
		people[i] = w.someone(account.RoleMember)
		in := chat.Entry{Topic: "ciao"}
		switch {
		case i >= 1 && i <= 3:
			in.Feeling = &feelings[i-1]
		case i == 4:
			in.Topic = crisis
		}
		_, err := w.chat.EnterWaiting(w.ctx, people[i], in)
		require.NoError(t, err)
	}
	// A feeling that was not said counts as 5, so waiting longer decides between the first two.
	for position, i := range []int{4, 2, 0, 1, 3} {
		assert.Equal(t, position+1, w.place(people[i]).Position, names[i])
	}
	for _, i := range []int{4, 2, 0, 1, 3} {
		esp := w.onCall(account.RoleSenior)
		w.chat.Match(w.ctx, w.service)
		o := w.offer(esp)
		require.NotNil(t, o)
		assert.Equal(t, people[i].Alias, o.Alias, names[i])
		w.accept(esp)
	}
	w.holds()
}

func TestOffer_passes_on(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one, two := w.onCall(account.RoleESP), w.onCall(account.RoleESP)
	person, behind := w.someone(account.RoleGuest), w.someone(account.RoleGuest)
	place := w.enter(person, "prima")
	holder, other := one, two
	if w.offer(one) == nil {
		holder, other = two, one
	}
	since := place.Since

	t.Run("when it is not taken in 20 s, and keeps the place", func(t *testing.T) {
		o := w.offer(holder)
		w.exec(`update chat_offers set expires_at = clock_timestamp() where id = $1`, o.ID)
		assert.Nil(t, w.offer(holder), "no longer on the desk")
		_, err := w.chat.AcceptOffer(w.ctx, holder, o.ID)
		require.ErrorIs(t, err, chat.ErrTaken)
		w.chat.Work(w.ctx)
		require.NotNil(t, w.offer(other))
		assert.Nil(t, w.offer(holder))
		v := w.place(person)
		assert.Equal(t, 1, v.Position)
		assert.True(t, since.Equal(v.Since))
	})
	t.Run("when it is passed on, with others behind", func(t *testing.T) {
		w.enter(behind, "dopo")
		o := w.offer(holder)
		require.NotNil(t, o, "the free one is offered the next person")
		assert.Equal(t, behind.Alias, o.Alias)
		// Both have now let the first person pass: who did may take the one behind, and the first waits for a breath.
		require.NoError(t, w.chat.PassOffer(w.ctx, other, w.offer(other).ID))
		assert.Nil(t, w.offer(other))
		assert.Equal(t, chat.PlaceWaiting, w.place(person).State)
		require.ErrorIs(t, w.chat.PassOffer(w.ctx, other, o.ID), chat.ErrTaken, "an offer to somebody else cannot be passed on")
	})
	t.Run("comes back after a breath when nobody else is free", func(t *testing.T) {
		w.exec(`update chat_offers set answered_at = answered_at - interval '11 s' where answered_at is not null`)
		w.chat.Work(w.ctx)
		o := w.offer(other)
		require.NotNil(t, o)
		assert.Equal(t, person.Alias, o.Alias)
	})
	w.holds()
}

func TestPlace_is_kept_five_minutes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	esp := w.onCall(account.RoleESP)
	seen, gone := w.someone(account.RoleGuest), w.someone(account.RoleGuest)
	w.enter(seen, "")
	gonePlace := w.enter(gone, "")
	w.exec(`update chat_places set seen_at = now() - interval '4 min 58 s'`)
	w.chat.Work(w.ctx)
	require.NoError(t, w.chat.KeepPlace(w.ctx, seen))
	assert.Equal(t, 2, w.count(`select count(*) from chat_places where state <> 'ended'`))

	w.exec(`update chat_places set seen_at = now() - interval '5 min 1 s' where id = $1`, gonePlace.ID)
	w.chat.Work(w.ctx)
	v := w.place(gone)
	assert.Equal(t, chat.PlaceEnded, v.State)
	assert.True(t, v.Unseen)
	assert.NotEqual(t, chat.PlaceEnded, w.place(seen).State)

	w.exec(`update chat_places set seen_at = now() - interval '5 min 1 s' where state = 'offered'`)
	o := w.offer(esp)
	w.chat.Work(w.ctx)
	assert.Nil(t, w.offer(esp), "the offer goes with the place")
	_, err := w.chat.AcceptOffer(w.ctx, esp, o.ID)
	require.ErrorIs(t, err, chat.ErrTaken)
	assert.NotEqual(t, v.ID, w.enter(gone, "di nuovo").ID, "who lost a place may take a new one")
	w.holds()
}

func TestAcceptOffer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	esp := w.onCall(account.RoleESP)
	person := w.someone(account.RoleGuest)
	w.enter(person, "")
	o := w.offer(esp)

	t.Run("off shift is refused", func(t *testing.T) {
		require.NoError(t, w.roster.GoOff(w.ctx, esp))
		_, err := w.chat.AcceptOffer(w.ctx, esp, o.ID)
		require.Equal(t, errs.Forbidden, errs.KindOf(err))
		require.NoError(t, w.roster.GoOn(w.ctx, esp))
	})
	t.Run("of somebody else is taken, like one that never was", func(t *testing.T) {
		other := w.onCall(account.RoleESP)
		_, err := w.chat.AcceptOffer(w.ctx, other, o.ID)
		require.ErrorIs(t, err, chat.ErrTaken)
		_, err = w.chat.AcceptOffer(w.ctx, other, chat.OfferID{1})
		require.ErrorIs(t, err, chat.ErrTaken)
		require.NoError(t, w.roster.GoOff(w.ctx, other))
	})
	t.Run("begins the conversation", func(t *testing.T) {
		room := w.accept(esp)
		v := w.place(person)
		assert.Equal(t, chat.PlaceInSession, v.State)
		assert.Equal(t, room, v.Room)
		view, err := w.chat.Room(w.ctx, person, room)
		require.NoError(t, err)
		assert.Equal(t, chat.Open, view.State)
		require.Len(t, view.People, 2)
		assert.Equal(t, chat.Participant{N: 1, Alias: person.Alias, Role: account.RoleGuest, Me: true}, view.People[0])
		assert.Equal(t, chat.Participant{N: 2, Alias: esp.Alias, Role: account.RoleESP}, view.People[1])
		require.ErrorIs(t, w.chat.LeaveWaiting(w.ctx, person), chat.ErrInSession)
	})
	t.Run("one conversation is enough", func(t *testing.T) {
		next := w.someone(account.RoleGuest)
		w.enter(next, "")
		w.chat.Work(w.ctx)
		assert.Nil(t, w.offer(esp), "nobody is offered to the busy")
		// Even if two instances disagreed, the table holds.
		_, err := w.pool.Exec(w.ctx, `insert into chat_participants (room_id, service_id, number, account_id, part)
			select room_id, service_id, 2, $1, 'esp' from chat_places where state = 'waiting'`, esp.ID)
		assert.ErrorContains(t, err, "chat_participants_cap")
	})
	t.Run("whose end makes room for the next", func(t *testing.T) {
		d, err := w.chat.Desk(w.ctx, esp)
		require.NoError(t, err)
		assert.Equal(t, 1, d.Waiting)
		require.Len(t, d.Rooms, 1)
		require.NoError(t, w.chat.EndConversation(w.ctx, esp, d.Rooms[0].ID))
		assert.NotNil(t, w.offer(esp))
	})
	w.holds()
}

// TestAcceptOffer_race lets an ESP accept on two devices in the instant in which the offer runs out and goes to a second ESP, who accepts it too. Whatever happens, the conversation has one helper.
func TestAcceptOffer_race(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	esps := []account.Actor{w.onCall(account.RoleESP), w.onCall(account.RoleESP)}
	var first, second, nobody int
	for round := range 1000 {
		if round%50 == 0 { // as their sockets do: a busy machine takes longer than the minute one heartbeat lasts
			for _, a := range append(esps, w.tutor) {
				require.NoError(t, w.roster.Heartbeat(w.ctx, roster.Beat{Account: a.ID}))
			}
		}
		person := w.someone(account.RoleGuest)
		v := w.enter(person, "")
		holder := 0
		o := w.offer(esps[0])
		if o == nil {
			holder, o = 1, w.offer(esps[1])
		}
		require.NotNil(t, o)
		w.exec(`update chat_offers set expires_at = clock_timestamp() + make_interval(secs => $2) where id = $1`, o.ID, rand.Float64()*0.008)

		var wins [2]atomic.Int64
		accept := func(who int, id chat.OfferID) {
			room, err := w.chat.AcceptOffer(w.ctx, esps[who], id)
			if err == nil {
				assert.Equal(t, v.Room, room)
				wins[who].Add(1)
			} else {
				assert.Equal(t, errs.Conflict, errs.KindOf(err), "%v", err)
			}
		}
		var wg sync.WaitGroup
		wg.Go(func() { accept(holder, o.ID) })
		wg.Go(func() { accept(holder, o.ID) })
		wg.Go(func() {
			for until := time.Now().Add(12 * time.Millisecond); time.Now().Before(until); {
				w.chat.Work(w.ctx)
				d, err := w.chat.Desk(w.ctx, esps[1-holder])
				if assert.NoError(t, err) && d.Offer != nil {
					accept(1-holder, d.Offer.ID)
					return
				}
				if w.place(person).State == chat.PlaceInSession {
					return
				}
			}
		})
		wg.Wait()

		won := wins[0].Load() + wins[1].Load()
		require.LessOrEqual(t, won, int64(1))
		require.Equal(t, int(won), w.count(`select count(*) from chat_participants where room_id = $1 and part = 'esp'`, v.Room))
		switch {
		case wins[holder].Load() == 1:
			first++
			require.NoError(t, w.chat.EndConversation(w.ctx, esps[holder], v.Room))
		case won == 1:
			second++
			require.NoError(t, w.chat.EndConversation(w.ctx, esps[1-holder], v.Room))
		default:
			nobody++
			require.NoError(t, w.chat.LeaveWaiting(w.ctx, person))
		}
	}
	w.holds()
	t.Logf("the first ESP won %d times, the second %d times, nobody %d times", first, second, nobody)
	assert.Positive(t, first, "the race was never won before the deadline")
	assert.Positive(t, second, "the race was never won after the deadline")
}
