package chat_test

import (
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/chat"
	"ponti/internal/bus"
	"ponti/internal/errs"
	"ponti/moderation/triage"
)

// falls has somebody be silent for so long, while an instance was there to hear them.
func (w *world) falls(who account.Actor, silent time.Duration) {
	w.Helper()
	w.exec(`update chat_watch set since = now() - interval '1 h', at = now()`)
	w.exec(`update chat_participants set seen_at = now() - $2::interval where account_id = $1 and left_at is null`, who.ID, silent)
	w.exec(`update roster_duties set started_at = now() - interval '1 h', heartbeat_at = now() - $2::interval where account_id = $1`, who.ID, silent)
}

func (w *world) state(room chat.RoomID) (state string) {
	w.Helper()
	require.NoError(w, w.pool.QueryRow(w.ctx, `select state from chat_rooms where id = $1`, room).Scan(&state))
	return state
}

func TestSilentESP_personIsOfferedAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, gone, room := w.talking()
	w.post(person, room, "ci sei?")
	w.exec(`update chat_places set created_at = created_at - interval '20 min'`)
	other := w.onCall(account.RoleESP)
	waiting := w.someone(account.RoleMember)
	w.enter(waiting, "anch'io")
	w.accept(other)
	late := w.someone(account.RoleMember)
	w.enter(late, "dopo")

	w.falls(gone, 59*time.Second)
	w.chat.Work(w.ctx)
	require.Equal(t, "open", w.state(room), "not yet")
	w.falls(gone, 60*time.Second)
	w.chat.Work(w.ctx)

	require.Equal(t, "ended", w.state(room))
	v, err := w.chat.Room(w.ctx, person, room)
	require.NoError(t, err)
	assert.True(t, v.Lost)
	assert.Equal(t, int16(2), v.EndedBy)
	list, err := w.chat.MessagesAfter(w.ctx, person, room, 1, 10)
	require.NoError(t, err)
	require.Len(t, list, 1)
	assert.Equal(t, chat.Lost, list[0].Kind, "the conversation itself says what happened")
	assert.Len(t, w.hints.on(bus.Room(room.String())), 2, "and its sockets are told")

	p := w.place(person)
	assert.Equal(t, chat.PlaceWaiting, p.State)
	assert.Equal(t, 1, p.Position, "before who has waited less")
	assert.True(t, p.Again)
	assert.Equal(t, "parlare un po'", p.Topic)
	assert.NotEqual(t, room, p.Room)

	third := w.onCall(account.RoleESP)
	w.chat.Match(w.ctx, w.service)
	o := w.offer(third)
	require.NotNil(t, o)
	assert.True(t, o.Again)
	assert.Equal(t, person.Alias, o.Alias)
	next := w.accept(third)

	// Who comes back takes nothing back, and who takes over reads nothing of before.
	_, err = w.chat.PostMessage(w.ctx, gone, chat.Post{Room: room, CID: newCID(), Text: "eccomi"})
	require.ErrorIs(t, err, chat.ErrEnded)
	_, err = w.chat.PostMessage(w.ctx, gone, chat.Post{Room: next, CID: newCID(), Text: "eccomi"})
	require.ErrorIs(t, err, chat.ErrNotFound)
	_, err = w.chat.MessagesAfter(w.ctx, gone, next, 0, 10)
	require.ErrorIs(t, err, chat.ErrNotFound)
	_, err = w.chat.MessagesAfter(w.ctx, third, room, 0, 10)
	require.ErrorIs(t, err, chat.ErrNotFound)
	w.post(person, next, "grazie")
	assert.Equal(t, []string{"ci sei?", ""}, w.texts(person, room), "what they wrote stays theirs to read")
	assert.Equal(t, 1, w.count(`select count(*) from audit_entries where action = 'conversation.drop_silent' and actor_id is null`))
	w.holds()
}

func TestSilentESP_dangerGoesWithThePerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, gone, room := w.talking()
	w.post(person, room, crisis)
	w.falls(gone, time.Minute)
	w.chat.Work(w.ctx)
	p := w.place(person)
	assert.GreaterOrEqual(t, p.Level, triage.Red)
	assert.Equal(t, "alerting", string(p.Care))
	assert.Equal(t, 2, w.count(`select count(*) from moderation_escalations where state <> 'closed'`), "who answers for it finds them where they are now")
	w.route(p.Room, w.tutor)
	require.NoError(t, w.chat.JoinVisibly(w.ctx, w.tutor, p.Room, "Buonasera, sono qui."))
	assert.Equal(t, chat.PlaceInSession, w.place(person).State)
	w.holds()
}

func TestSilentESP_amberKeepsItsPlaceInTheOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, gone, room := w.talking()
	require.NoError(t, w.chat.FlagConversation(w.ctx, gone, room, triage.Amber))
	w.falls(gone, time.Minute)
	w.chat.Work(w.ctx)
	assert.Equal(t, 1, w.count(`select count(*) from chat_places where again and level = 1 and escalation_id is not null`))
	assert.Equal(t, 1, w.count(`select count(*) from moderation_escalations where subject_id = $1 and level = 'amber'`, w.place(person).Room.String()),
		"who meets them next has it, not only who is gone")
	w.holds()
}

func TestSilentESP_whereATutorIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, gone, room := w.talking()
	w.post(person, room, crisis)
	w.route(room, w.tutor)
	require.NoError(t, w.chat.JoinVisibly(w.ctx, w.tutor, room, "Sono qui con voi."))
	w.falls(gone, time.Minute)
	w.chat.Work(w.ctx)
	require.Equal(t, "open", w.state(room), "the tutor goes on")
	_, err := w.chat.PostMessage(w.ctx, gone, chat.Post{Room: room, CID: newCID(), Text: "eccomi"})
	require.Error(t, err)
	w.post(person, room, "ok")
	w.post(w.tutor, room, "ti ascolto")
	w.chat.Work(w.ctx)
	assert.Equal(t, 1, w.count(`select count(*) from chat_messages where kind = 'lost'`), "said once")
	w.holds()
}

func TestSilentPerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	w.falls(person, 9*time.Minute)
	w.falls(esp, 0)
	w.chat.Work(w.ctx)
	require.Equal(t, "open", w.state(room), "the place is kept")
	w.falls(person, 10*time.Minute)
	w.chat.Work(w.ctx)
	require.Equal(t, "ended", w.state(room))
	assert.Equal(t, chat.PlaceEnded, w.place(person).State)
	assert.Equal(t, 1, w.count(`select count(*) from chat_places`), "who went away takes no place from others")
	next := w.someone(account.RoleGuest)
	w.enter(next, "")
	assert.NotNil(t, w.offer(esp), "and the ESP is free")
	w.holds()
}

func TestSilentPerson_inDangerIsWaitedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	w.post(person, room, crisis)
	w.falls(person, time.Hour)
	w.falls(esp, 0)
	w.chat.Work(w.ctx)
	assert.Equal(t, "open", w.state(room))
	w.holds()
}

func TestSilentBoth(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	w.falls(person, 11*time.Minute)
	w.falls(esp, 11*time.Minute)
	w.chat.Work(w.ctx)
	assert.Equal(t, "ended", w.state(room))
	assert.Equal(t, 1, w.count(`select count(*) from chat_places`))
	w.holds()
}

func TestSignsOfLife(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	age := func(who account.Actor) int {
		t.Helper()
		return w.count(`select round(extract(epoch from now() - seen_at)) from chat_participants where account_id = $1`, who.ID)
	}
	w.falls(esp, 2*time.Minute)
	w.falls(person, 2*time.Minute)
	stranger := w.someone(account.RoleESP)
	require.NoError(t, w.chat.StillHere(w.ctx, chat.Sign{Account: esp.ID, Ago: 20 * time.Second}, chat.Sign{Account: person.ID}, chat.Sign{Account: stranger.ID}))
	assert.InDelta(t, 20, age(esp), 5, "as long ago as it came")
	assert.InDelta(t, 0, age(person), 5)
	require.NoError(t, w.chat.StillHere(w.ctx, chat.Sign{Account: esp.ID, Ago: 50 * time.Second}))
	assert.InDelta(t, 20, age(esp), 5, "an older one takes nothing back")
	require.NoError(t, w.chat.StillHere(w.ctx))
	w.chat.Work(w.ctx)
	assert.Equal(t, "open", w.state(room))
	require.NoError(t, w.chat.EndConversation(w.ctx, person, room))
	w.exec(`update chat_participants set seen_at = now() - interval '2 min'`)
	require.NoError(t, w.chat.StillHere(w.ctx, chat.Sign{Account: esp.ID}))
	assert.InDelta(t, 120, age(esp), 5, "after the end there is nothing to keep")
}

func TestSilence_whileNobodyCouldHear(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, esp, room := w.talking()
	waiting := w.someone(account.RoleGuest)
	w.enter(waiting, "")
	w.falls(esp, 10*time.Minute)
	w.exec(`update chat_places set seen_at = now() - interval '10 min'`)
	w.exec(`update chat_watch set at = now() - interval '6 s'`) // every instance was down, or the database was
	w.chat.Work(w.ctx)
	require.Equal(t, "open", w.state(room), "they get a minute to come back")
	require.NotEqual(t, chat.PlaceEnded, w.place(waiting).State)
	w.exec(`update chat_watch set since = now() - interval '61 s'`)
	w.chat.Work(w.ctx)
	assert.Equal(t, "ended", w.state(room), "and no more than that")
	w.holds()
}

func TestSilentESP_whoReturnsInThatMoment(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	second := chat.New(w.pool, account.New(w.pool, account.Options{}), w.roster, w.moderation, w.ring, w.hints, zerolog.Nop())
	for range 10 {
		person, gone, room := w.talking()
		w.falls(gone, time.Minute)
		var wg sync.WaitGroup
		for _, c := range []*chat.Chat{w.chat, second} {
			wg.Go(func() { c.Work(w.ctx) })
		}
		wg.Go(func() { assert.NoError(t, w.chat.StillHere(w.ctx, chat.Sign{Account: gone.ID})) })
		var posted error
		wg.Go(func() {
			_, posted = w.chat.PostMessage(w.ctx, gone, chat.Post{Room: room, CID: newCID(), Text: "rieccomi"})
		})
		wg.Wait()
		if posted != nil {
			require.Contains(t, []errs.Kind{errs.Conflict, errs.Unavailable}, errs.KindOf(posted))
		}
		open := w.state(room) == "open"
		places := w.count(`select count(*) from chat_places where person_id = $1 and state <> 'ended'`, person.ID)
		require.Equal(t, 1, places, "one place, whoever was first")
		require.Equal(t, open, w.place(person).State == chat.PlaceInSession && w.place(person).Room == room)
		w.holds()
		w.falls(gone, 5*time.Minute)
		if open {
			require.NoError(t, w.chat.EndConversation(w.ctx, person, room))
		} else {
			require.NoError(t, w.chat.LeaveWaiting(w.ctx, person))
		}
	}
}
