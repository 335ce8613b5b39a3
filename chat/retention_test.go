package chat_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/chat"
	"ponti/internal/errs"
	"ponti/moderation"
	"ponti/moderation/triage"
)

// later lets time go by for a conversation that has ended.
func (w *world) later(room chat.RoomID, passed string) {
	w.Helper()
	w.exec(`update chat_rooms set ended_at = ended_at - $2::interval, kept_until = kept_until - $2::interval where id = $1`, room, passed)
}

func (w *world) erase() {
	w.Helper()
	require.NoError(w, w.chat.Erase(w.ctx))
}

// gone is true when nothing of a conversation is left in any table of this package.
func (w *world) gone(room chat.RoomID) bool {
	w.Helper()
	return w.count(`select (select count(*) from chat_rooms where id = $1) + (select count(*) from chat_messages where room_id = $1)
		+ (select count(*) from chat_participants where room_id = $1) + (select count(*) from chat_places where room_id = $1)
		+ (select count(*) from chat_openings where room_id = $1)`, room) == 0
}

func (w *world) report(by account.Actor, room chat.RoomID, seq string) {
	w.Helper()
	require.NoError(w, w.moderation.FileReport(w.ctx, by, moderation.Report{
		Subject: moderation.Subject{Kind: moderation.SubjectMessage, ID: room.String() + "/" + seq}, Reason: moderation.ReasonSpam}))
}

// TestErase: a conversation goes when its time is over, key and all, and not a minute sooner.
func TestErase(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		role          account.Role
		before        func(w *world, person, esp account.Actor, room chat.RoomID)
		kept, over    string
		as            string
		stillOpenThen func(w *world) // closes what holds it even then
	}{
		"a guest's":  {role: account.RoleGuest, kept: "47 h 59 min", over: "2 min", as: chat.KeptGuest},
		"a member's": {role: account.RoleMember, kept: "11 months 25 days", over: "10 days", as: chat.KeptMember},
		"one that somebody had to look at": {role: account.RoleGuest, kept: "23 months 25 days", over: "10 days", as: chat.KeptFlagged,
			before: func(w *world, person, _ account.Actor, room chat.RoomID) {
				require.NoError(w, w.chat.AskForMoreHelp(w.ctx, person, room))
				w.route(room, w.tutor)
				w.close(w.tutor)
			}},
		"one that somebody still looks at": {role: account.RoleGuest, kept: "10 years", over: "2 days", as: chat.KeptFlagged,
			before: func(w *world, person, _ account.Actor, room chat.RoomID) {
				require.NoError(w, w.chat.AskForMoreHelp(w.ctx, person, room))
				w.route(room, w.tutor)
			},
			stillOpenThen: func(w *world) { w.close(w.tutor) }},
		"one with a reported message": {role: account.RoleGuest, kept: "23 months", over: "2 months", as: chat.KeptFlagged,
			before: func(w *world, person, _ account.Actor, room chat.RoomID) {
				w.report(person, room, "2")
				w.exec(`update moderation_cases set state = 'decided', decided_by = $1, decided_at = now(), decision = 'none'`, w.tutor.ID)
			}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			esp := w.onCall(account.RoleESP)
			person := w.someone(tt.role)
			w.enter(person, "Vorrei parlare.")
			room := w.accept(esp)
			w.post(person, room, "Ciao, sono io.")
			w.post(esp, room, "Ti ascolto.")
			if tt.before != nil {
				tt.before(w, person, esp, room)
			}
			require.NoError(t, w.chat.EndConversation(w.ctx, person, room))
			w.erase()
			w.later(room, tt.kept)
			w.erase()
			require.False(t, w.gone(room), "too soon")
			if tt.stillOpenThen != nil {
				w.later(room, "2 days")
				w.erase()
				require.False(t, w.gone(room), "somebody answers for it")
				tt.stillOpenThen(w)
			}
			w.later(room, tt.over)
			w.erase()
			require.True(t, w.gone(room))
			for _, a := range []account.Actor{person, esp, w.tutor} {
				_, err := w.chat.Room(w.ctx, a, room)
				assert.Equal(t, errs.NotFound, errs.KindOf(err))
				_, err = w.chat.MessagesAfter(w.ctx, a, room, 0, 10)
				assert.Equal(t, errs.NotFound, errs.KindOf(err))
			}
			kept, err := w.chat.KeptBy(w.ctx, w.service)
			require.NoError(t, err)
			for _, k := range kept {
				assert.Zero(t, k.Rooms)
				if k.As == tt.as {
					assert.Equal(t, 1, k.Erased)
					assert.Positive(t, k.Messages)
				} else {
					assert.Zero(t, k.Erased)
				}
			}
			assert.Equal(t, 1, w.count(`select count(*) from audit_entries where action = 'conversation.erase'`))
			assert.Equal(t, 1, w.count(`select count(*) from chat_waits`), "how long one waited stays, for those who wait later")
			w.holds()
		})
	}
}

// TestEraseFlaggedLater: what was reported after the end is kept although its first date has come.
func TestEraseFlaggedLater(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, _, room := w.talking()
	w.post(person, room, "Ciao.")
	require.NoError(t, w.chat.EndConversation(w.ctx, person, room))
	w.erase()
	require.Equal(t, 1, w.count(`select count(*) from chat_rooms where kept_as = 'guest'`))
	w.report(w.espOf(room), room, "1")
	w.later(room, "49 h")
	w.erase()
	require.False(t, w.gone(room))
	assert.Equal(t, 1, w.count(`select count(*) from chat_rooms where kept_as = 'flagged' and kept_until > now() + interval '20 months'`))
	w.holds()
}

// espOf is the peer of a room.
func (w *world) espOf(room chat.RoomID) account.Actor {
	w.Helper()
	a := account.Actor{Service: w.service, Role: account.RoleESP}
	require.NoError(w, w.pool.QueryRow(w.ctx, `select account_id from chat_participants where room_id = $1 and part = 'esp'`, room).Scan(&a.ID))
	return a
}

// TestEraseTogether: eight instances at once erase each conversation once, and one that cannot be erased holds up none.
func TestEraseTogether(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	esp := w.onCall(account.RoleESP)
	var rooms []chat.RoomID
	for range 12 {
		person := w.someone(account.RoleGuest)
		w.enter(person, "")
		room := w.accept(esp)
		w.post(person, room, "Ciao.")
		require.NoError(t, w.chat.EndConversation(w.ctx, person, room))
		rooms = append(rooms, room)
	}
	w.erase()
	for _, room := range rooms {
		w.later(room, "49 h")
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() { assert.NoError(t, w.chat.Erase(w.ctx)) })
	}
	all.Wait()
	for _, room := range rooms {
		assert.True(t, w.gone(room))
	}
	assert.Equal(t, 12, w.count(`select sum(rooms) from chat_erased`))
	assert.Equal(t, 12, w.count(`select count(*) from audit_entries where action = 'conversation.erase'`))
	w.holds()
}

// TestEraseUnmet: who waited and left wrote a topic, and that goes like a conversation.
func TestEraseUnmet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person := w.someone(account.RoleGuest)
	w.onCall(account.RoleESP)
	room := w.enter(person, "Una cosa mia.").Room
	require.NoError(t, w.chat.LeaveWaiting(w.ctx, person))
	w.erase()
	w.later(room, "49 h")
	w.erase()
	assert.True(t, w.gone(room))
	assert.Zero(t, w.count(`select count(*) from chat_waits`), "nobody was met")
	w.holds()
}

// TestForget: who asks to be forgotten is, at once, whatever they are doing; only what somebody answers for waits for that.
func TestForget(t *testing.T) {
	t.Parallel()
	t.Run("in the waiting room", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		person := w.someone(account.RoleMember)
		w.onCall(account.RoleESP)
		room := w.enter(person, "Una cosa mia.").Room
		done, err := w.chat.Forget(w.ctx, person)
		require.NoError(t, err)
		assert.True(t, done)
		assert.True(t, w.gone(room))
		w.holds()
	})
	t.Run("in mid-conversation, with old ones", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		esp, person := w.onCall(account.RoleESP), w.someone(account.RoleMember)
		var rooms []chat.RoomID
		for i := range 3 {
			w.enter(person, "")
			room := w.accept(esp)
			w.post(person, room, "Ciao.")
			if i < 2 {
				require.NoError(t, w.chat.EndConversation(w.ctx, person, room))
				w.exec(`update chat_rooms set created_at = created_at - interval '20 min'`)
			}
			rooms = append(rooms, room)
		}
		other, _, others := w.talking()
		w.post(other, others, "Io resto.")
		done, err := w.chat.Forget(w.ctx, person)
		require.NoError(t, err)
		assert.True(t, done)
		for _, room := range rooms {
			assert.True(t, w.gone(room))
		}
		assert.Equal(t, []string{"Io resto."}, w.texts(other, others))
		done, err = w.chat.Forget(w.ctx, person)
		require.NoError(t, err)
		assert.True(t, done, "again is no error")
		w.holds()
	})
	t.Run("while a tutor answers for it", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		person, _, room := w.talking()
		require.NoError(t, w.chat.AskForMoreHelp(w.ctx, person, room))
		w.route(room, w.tutor)
		done, err := w.chat.Forget(w.ctx, person)
		require.NoError(t, err)
		assert.False(t, done)
		assert.False(t, w.gone(room))
		assert.Equal(t, "ended", w.state(room))
		w.close(w.tutor)
		done, err = w.chat.Forget(w.ctx, person)
		require.NoError(t, err)
		assert.True(t, done, "what is closed holds nothing")
		assert.True(t, w.gone(room))
		assert.Equal(t, 1, w.count(`select count(*) from moderation_escalations`), "that it was answered stays")
		w.holds()
	})
}

// TestErase_many: a service whose conversations ended before there were dates has all of them dated in one pass.
func TestErase_many(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person := w.someone(account.RoleMember)
	w.exec(`with n as (select gen_random_uuid() as id from generate_series(1, 120)),
		rooms as (insert into chat_rooms (id, service_id, person_id, state, key_id, key_wrapped, topic_sealed, created_at, ended_at)
			select id, $1, $2, 'ended', 'k', '', '', now() - interval '2 years', now() - interval '2 years' + interval '1 h' from n returning id)
		insert into chat_places (id, service_id, room_id, person_id, state, level, created_at, ended_at, end_reason)
			select gen_random_uuid(), $1, id, $2, 'ended', 0, now() - interval '2 years', now() - interval '2 years' + interval '1 h', 'left' from rooms`, w.service, person.ID)
	w.erase()
	assert.Zero(t, w.count(`select count(*) from chat_rooms`), "dated, and their date has come")
	assert.Equal(t, 120, w.count(`select sum(rooms) from chat_erased where kept_as = 'member'`))
}

// TestForget_unread: nothing is erased before triage has read it: it may ask for somebody.
func TestForget_unread(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, _, room := w.talking()
	w.post(person, room, "Ho preso le pillole, voglio morire stanotte.")
	w.exec(`update chat_messages set level = -1, escalation_id = null where room_id = $1 and seq = 1`, room)
	w.exec(`update moderation_escalations set subject_id = 'elsewhere'`) // as if it had never been read
	w.exec(`delete from moderation_causes`)
	done, err := w.chat.Forget(w.ctx, person)
	require.NoError(t, err)
	assert.False(t, done)
	assert.ErrorIs(t, w.chat.EraseConversation(w.ctx, person, room), chat.ErrKept)
	require.False(t, w.gone(room))
	w.chat.Work(w.ctx)
	assert.Equal(t, 1, w.count(`select count(*) from moderation_escalations where subject_id = $1 and level = 'crisis'`, room.String()))
	done, err = w.chat.Forget(w.ctx, person)
	require.NoError(t, err)
	assert.False(t, done, "now somebody answers for it")
	require.False(t, w.gone(room))
}

// TestKeptTooLong: the auditor hears of what should be gone.
func TestKeptTooLong(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, _, room := w.talking()
	require.NoError(t, w.chat.EndConversation(w.ctx, person, room))
	overdue := func() []string {
		broken, err := chat.CheckOverdue(w.ctx, w.pool)
		require.NoError(t, err)
		return broken
	}
	assert.Empty(t, overdue())
	w.exec(`update chat_rooms set ended_at = now() - interval '61 min'`)
	assert.Equal(t, []string{"kept_too_long: 1"}, overdue(), "nothing has given it a date")
	w.erase()
	assert.Empty(t, overdue())
	w.later(room, "48 h 1 min")
	assert.Equal(t, []string{"kept_too_long: 1"}, overdue())
	w.erase()
	assert.Empty(t, overdue())
}

// TestMigrateRetention: conversations that ended before are dated from their end.
func TestMigrateRetention(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	require.NoError(t, w.chat.EndConversation(w.ctx, person, room))
	w.enter(w.someone(account.RoleGuest), "")
	open := w.accept(esp)
	w.exec(`update chat_rooms set ended_at = ended_at - interval '47 h' where id = $1`, room)
	w.migrateFrom(7)
	w.erase()
	var until time.Time
	require.NoError(t, w.pool.QueryRow(w.ctx, `select kept_until from chat_rooms where id = $1`, room).Scan(&until))
	assert.WithinDuration(t, time.Now().Add(time.Hour), until, 30*time.Second)
	assert.False(t, w.gone(open))
	w.holds()
}

// TestEraseConversation: a person has their own conversation erased, when it is over and nobody had to look at it.
func TestEraseConversation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	w.post(person, room, "Ciao.")
	erase := func(a account.Actor) error { return w.chat.EraseConversation(w.ctx, a, room) }
	assert.ErrorIs(t, erase(person), chat.ErrNotOver)
	require.NoError(t, w.chat.EndConversation(w.ctx, person, room))
	for _, a := range []account.Actor{esp, w.tutor, w.someone(account.RoleGuest), w.someone(account.RoleAdmin), w.someoneOf(w.newService("other.example"), account.RoleGuest), account.Visitor(w.service)} {
		assert.Contains(t, []errs.Kind{errs.NotFound, errs.Forbidden, errs.Unauthenticated}, errs.KindOf(erase(a)), a.Role)
	}
	require.False(t, w.gone(room))
	require.NoError(t, erase(person))
	assert.True(t, w.gone(room))
	assert.Equal(t, errs.NotFound, errs.KindOf(erase(person)), "again there is nothing")

	person = w.someone(account.RoleGuest)
	w.enter(person, "")
	room = w.accept(esp)
	require.NoError(t, w.chat.AskForMoreHelp(w.ctx, person, room))
	w.route(room, w.tutor)
	require.NoError(t, w.chat.EndConversation(w.ctx, person, room))
	assert.ErrorIs(t, erase(person), chat.ErrKept)
	w.close(w.tutor)
	assert.ErrorIs(t, erase(person), chat.ErrKept)
	assert.False(t, w.gone(room))
	v, err := w.chat.Room(w.ctx, person, room)
	require.NoError(t, err)
	assert.Nil(t, v.KeptUntil)
	w.erase()
	v, err = w.chat.Room(w.ctx, person, room)
	require.NoError(t, err)
	assert.Equal(t, chat.KeptFlagged, v.KeptAs)
	v, err = w.chat.Room(w.ctx, w.espOf(room), room)
	require.NoError(t, err)
	assert.Empty(t, v.KeptAs, "whether it is kept is the person's to know")
	w.holds()
}

// TestKeeping: for how long is the service's to say, within bounds; who has been told a date keeps it.
func TestKeeping(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	accounts := account.New(w.pool, account.Options{})
	admin := w.someone(account.RoleAdmin)
	before, _, old := w.talking()
	require.NoError(t, w.chat.EndConversation(w.ctx, before, old))
	w.exec(`update chat_rooms set kept_as = 'guest', kept_until = ended_at + interval '48 h' where id = $1`, old) // dated while that was the rule
	k := account.Keeping{GuestHours: 1, MemberMonths: 2, FlaggedMonths: 36}
	for _, a := range []account.Actor{w.tutor, before, w.someone(account.RoleAuditor), account.Visitor(w.service)} {
		assert.Error(t, accounts.ChangeKeeping(w.ctx, a, k), a.Role)
	}
	for _, wrong := range [][3]int{{}, {0, 12, 24}, {169, 12, 24}, {48, 0, 24}, {48, 25, 24}, {48, 12, 5}, {48, 12, 61}, {-1, -1, -1}} {
		err := accounts.ChangeKeeping(w.ctx, admin, account.Keeping{GuestHours: wrong[0], MemberMonths: wrong[1], FlaggedMonths: wrong[2]})
		assert.Equal(t, errs.Invalid, errs.KindOf(err), wrong)
	}
	require.NoError(t, accounts.ChangeKeeping(w.ctx, admin, k))
	assert.Equal(t, 1, w.count(`select count(*) from audit_entries where action = 'settings.change_keeping'`))

	guest, _, ofGuest := w.talking()
	require.NoError(t, w.chat.EndConversation(w.ctx, guest, ofGuest))
	member, _, ofMember := w.talkingWith(account.RoleMember)
	w.post(member, ofMember, "Ciao.")
	require.NoError(t, w.chat.EndConversation(w.ctx, member, ofMember))
	flagged, by, ofFlagged := w.talkingWith(account.RoleMember)
	require.NoError(t, w.chat.FlagConversation(w.ctx, by, ofFlagged, triage.Amber))
	require.NoError(t, w.chat.EndConversation(w.ctx, flagged, ofFlagged))
	w.exec(`update chat_rooms set ended_at = ended_at - interval '2 minutes'`)
	w.erase()
	for room, want := range map[chat.RoomID]string{ofGuest: "1 hour", ofMember: "2 months", ofFlagged: "36 months"} {
		assert.Equal(t, 1, w.count(`select count(*) from chat_rooms where id = $1 and kept_until = ended_at + $2::text::interval`, room, want), want)
	}
	assert.Equal(t, 1, w.count(`select count(*) from chat_rooms where id = $1 and kept_until > now() + interval '47 h'`, old), "as its person was told")
	w.later(ofGuest, "61 minutes")
	w.erase()
	assert.True(t, w.gone(ofGuest))
	assert.False(t, w.gone(ofMember))
	w.holds()
}

// talkingWith is talking, of a person of some role.
func (w *world) talkingWith(role account.Role) (person, esp account.Actor, room chat.RoomID) {
	w.Helper()
	person, esp = w.someone(role), w.onCall(account.RoleESP)
	w.enter(person, "parlare un po'")
	w.chat.Work(w.ctx)
	return person, esp, w.accept(esp)
}
