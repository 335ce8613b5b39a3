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
	"ponti/internal/errs"
	"ponti/internal/ids"
	"ponti/moderation/triage"
)

// left has the time of an open conversation end in so long.
func (w *world) left(room chat.RoomID, d time.Duration) {
	w.Helper()
	w.exec(`update chat_rooms set ends_at = now() + $2::interval where id = $1`, room, d)
}

func (w *world) boundOf(a account.Actor, room chat.RoomID) *chat.Bound {
	w.Helper()
	v, err := w.chat.Room(w.ctx, a, room)
	require.NoError(w, err)
	return v.Bound
}

func TestTimeUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	for _, a := range []account.Actor{person, esp} {
		b := w.boundOf(a, room)
		require.NotNil(t, b)
		assert.WithinDuration(t, time.Now().Add(45*time.Minute), b.EndsAt, 10*time.Second)
		assert.False(t, b.Held || b.Asked || b.Wanted)
	}
	waiting := w.someone(account.RoleMember)
	w.enter(waiting, "anch'io")
	w.left(room, time.Second)
	w.chat.Work(w.ctx)
	require.Equal(t, "open", w.state(room), "not yet")
	w.left(room, -time.Millisecond)
	var all sync.WaitGroup
	for range 4 { // four instances
		all.Go(func() { w.chat.Work(w.ctx) })
	}
	all.Wait()
	require.Equal(t, "ended", w.state(room))
	v, err := w.chat.Room(w.ctx, person, room)
	require.NoError(t, err)
	assert.True(t, v.TimeUp)
	assert.False(t, v.Lost)
	assert.Nil(t, v.Bound)
	list, err := w.chat.MessagesAfter(w.ctx, esp, room, 0, 10)
	require.NoError(t, err)
	require.Len(t, list, 1, "said once")
	assert.Equal(t, chat.TimeUp, list[0].Kind)
	_, err = w.chat.PostMessage(w.ctx, person, chat.Post{Room: room, CID: ids.New[chat.Message]().String(), Text: "ancora una cosa"})
	assert.ErrorIs(t, err, chat.ErrEnded)
	assert.NotNil(t, w.offer(esp), "the ESP is free for the next one")
	require.NoError(t, w.chat.RecordFeeling(w.ctx, person, room, 6))
	assert.Equal(t, 1, w.count(`select count(*) from audit_entries where action = 'conversation.time_up'`))
	w.holds()
}

// TestTimeUp_faulty: a room that cannot be opened any more keeps no other one from ending, nor their people from being met.
func TestTimeUp_faulty(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var rooms []chat.RoomID
	var helpers []account.Actor
	for range 3 {
		_, esp, room := w.talking()
		rooms, helpers = append(rooms, room), append(helpers, esp)
	}
	for i, room := range rooms {
		w.left(room, -time.Duration(i+1)*time.Minute)
	}
	w.exec(`update chat_rooms set key_id = 'gone' where id = $1`, rooms[0])                                                    // the first that is looked at
	faulty := chat.New(w.pool, account.New(w.pool, account.Options{}), w.roster, w.moderation, w.ring, w.hints, zerolog.Nop()) // remembers no key
	faulty.Work(w.ctx)
	require.Equal(t, []string{"open", "ended", "ended"}, []string{w.state(rooms[0]), w.state(rooms[1]), w.state(rooms[2])})
	w.exec(`update chat_participants set left_at = null where room_id = $1`, rooms[1])
	w.exec(`update chat_rooms set state = 'open', ended_at = null, ended_by = null, time_up = false, ends_at = now() + interval '1 h' where id in ($1, $2)`, rooms[1], rooms[0])
	w.exec(`update chat_places set state = 'in_session', ended_at = null, end_reason = null where room_id = $1`, rooms[1])
	w.falls(helpers[1], 2*time.Minute)
	w.falls(helpers[0], 3*time.Minute)
	faulty.Work(w.ctx)
	require.Equal(t, "ended", w.state(rooms[1]))
}

// TestTimeUp_danger: while somebody answers for a danger, or a tutor is in it, no clock ends a conversation.
func TestTimeUp_danger(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	require.GreaterOrEqual(t, w.post(person, room, "Stanotte mi ammazzo, ho già preparato tutto.").Level, triage.Red)
	w.left(room, -time.Minute)
	w.chat.Work(w.ctx)
	require.Equal(t, "open", w.state(room))
	for _, a := range []account.Actor{person, esp} {
		assert.True(t, w.boundOf(a, room).Held)
	}
	w.route(room, w.tutor)
	require.NoError(t, w.chat.JoinVisibly(w.ctx, w.tutor, room, "Sono Tommaso, resto qui."))
	w.chat.Work(w.ctx)
	require.Equal(t, "open", w.state(room))
	w.close(w.tutor)
	w.chat.Work(w.ctx)
	w.chat.Work(w.ctx)
	require.Equal(t, "open", w.state(room), "the end does not come without its notices")
	b := w.boundOf(person, room)
	assert.False(t, b.Held)
	assert.WithinDuration(t, time.Now().Add(chat.NoticeBefore), b.EndsAt, 20*time.Second)
	w.left(room, -time.Minute)
	w.chat.Work(w.ctx)
	require.Equal(t, "ended", w.state(room), "and is not put off again")
	w.holds()
}

// TestTimeUp_dangerWithoutATutor: the last while comes also where no tutor came into the conversation.
func TestTimeUp_dangerWithoutATutor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, _, room := w.talking()
	w.post(person, room, crisis)
	w.left(room, -time.Minute)
	w.chat.Work(w.ctx)
	require.Equal(t, 1, w.count(`select count(*) from chat_rooms where held`))
	w.route(room, w.tutor)
	w.close(w.tutor)
	w.chat.Work(w.ctx)
	require.Equal(t, "open", w.state(room))
	assert.WithinDuration(t, time.Now().Add(chat.NoticeBefore), w.boundOf(person, room).EndsAt, 20*time.Second)
	w.left(room, -time.Minute)
	w.chat.Work(w.ctx)
	require.Equal(t, "ended", w.state(room))
}

// TestMigrateBounds: who is in a conversation when the bound comes has the whole time from then on.
func TestMigrateBounds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, _, room := w.talking()
	w.exec(`update chat_rooms set started_at = now() - interval '2 h'`)
	w.migrateFrom(5)
	w.chat.Work(w.ctx)
	assert.WithinDuration(t, time.Now().Add(account.DefaultConversation), w.boundOf(person, room).EndsAt, 20*time.Second)
}

// TestConversationLasts: as long as the service says when it begins; one that runs keeps its end.
func TestConversationLasts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	accounts := account.New(w.pool, account.Options{})
	admin := w.someone(account.RoleAdmin)
	person, _, room := w.talking()
	before := w.boundOf(person, room).EndsAt
	for _, a := range []account.Actor{w.tutor, person, w.someone(account.RoleAuditor), account.Visitor(w.service)} {
		assert.Error(t, accounts.ChangeConversation(w.ctx, a, 60), a.Role)
	}
	for _, n := range []int{-1, 0, account.MinConversation - 1, account.MaxConversation + 1} {
		assert.Equal(t, errs.Invalid, errs.KindOf(accounts.ChangeConversation(w.ctx, admin, n)), n)
	}
	require.NoError(t, accounts.ChangeConversation(w.ctx, admin, 90))
	assert.Equal(t, before, w.boundOf(person, room).EndsAt)
	esp := w.onCall(account.RoleESP)
	other := w.someone(account.RoleMember)
	w.enter(other, "E io?")
	next := w.accept(esp)
	assert.WithinDuration(t, time.Now().Add(90*time.Minute), w.boundOf(other, next).EndsAt, 20*time.Second)
}

func TestAskForMoreTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	ask := func(a account.Actor) error { return w.chat.AskForMoreTime(w.ctx, a, room) }
	assert.ErrorIs(t, ask(person), chat.ErrMoreTooEarly)
	w.left(room, 9*time.Minute)
	for _, stranger := range []account.Actor{w.someone(account.RoleGuest), w.onCall(account.RoleESP), w.tutor, w.someone(account.RoleAdmin), account.Visitor(w.service)} {
		kind := errs.KindOf(ask(stranger))
		assert.Contains(t, []errs.Kind{errs.NotFound, errs.Forbidden, errs.Unauthenticated}, kind, stranger.Role)
	}
	require.NoError(t, ask(person))
	require.NoError(t, ask(person), "twice is no error, and no yes of the other side")
	assert.True(t, w.boundOf(person, room).Asked)
	assert.True(t, w.boundOf(esp, room).Wanted)
	assert.False(t, w.boundOf(esp, room).Asked)
	assert.Zero(t, w.count(`select count(*) from audit_entries where action = 'conversation.extend'`))

	w.left(room, -time.Second) // a late yes still counts, as long as nothing ended it
	require.NoError(t, ask(esp))
	b := w.boundOf(person, room)
	assert.WithinDuration(t, time.Now().Add(15*time.Minute), b.EndsAt, 10*time.Second)
	assert.False(t, b.Asked || b.Wanted, "the next time both are asked again")
	assert.Equal(t, 1, w.count(`select count(*) from audit_entries where action = 'conversation.extend'`))
	assert.ErrorIs(t, ask(esp), chat.ErrMoreTooEarly)

	t.Run("both at once, while the clock runs out", func(t *testing.T) {
		for range 10 {
			w.left(room, 0)
			var all sync.WaitGroup
			all.Go(func() { _ = ask(person) })
			all.Go(func() { _ = ask(esp) })
			all.Go(func() { w.chat.Work(w.ctx) })
			all.Wait()
			ended := w.state(room) == "ended"
			said := w.count(`select count(*) from chat_messages where room_id = $1 and kind = 'time_up'`, room)
			require.Equal(t, ended, said == 1, "it ended and said so, or went on")
			if ended {
				break
			}
			require.True(t, w.boundOf(person, room).EndsAt.After(time.Now()))
		}
		w.holds()
	})
	if w.state(room) == "open" {
		require.NoError(t, w.chat.EndConversation(w.ctx, person, room))
	}
	assert.ErrorIs(t, ask(person), chat.ErrEnded)
}
