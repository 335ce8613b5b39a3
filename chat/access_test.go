package chat_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/chat"
	"ponti/internal/errs"
	"ponti/moderation"
	"ponti/moderation/triage"
)

// rights is what one account can do with one room, in the words of errs.Kind; nil is yes.
type rights struct{ read, post error }

// probe asks for everything the actor might do, in an order that changes nothing before it was asked.
func (w *world) probe(a account.Actor, room chat.RoomID) rights {
	w.Helper()
	var r rights
	_, r.read = w.chat.MessagesAfter(w.ctx, a, room, 0, 10)
	_, view := w.chat.Room(w.ctx, a, room)
	assert.Equal(w, errs.KindOf(r.read), errs.KindOf(view), "%s: Room and MessagesAfter agree", a.Role)
	_, before := w.chat.MessagesBefore(w.ctx, a, room, 100, 10)
	assert.Equal(w, errs.KindOf(r.read), errs.KindOf(before), "%s: MessagesBefore and MessagesAfter agree", a.Role)
	_, r.post = w.chat.PostMessage(w.ctx, a, chat.Post{Room: room, CID: newCID(), Text: "prova"})
	return r
}

func TestAuthorization(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	w.post(person, room, "segreto")

	everybodyElse := []account.Actor{account.Visitor(w.service)}
	for _, role := range []account.Role{account.RoleGuest, account.RoleMember, account.RoleFamily, account.RoleESP, account.RoleSenior,
		account.RoleTutor, account.RoleAdmin, account.RoleAuditor} {
		everybodyElse = append(everybodyElse, w.someone(role))
	}
	elsewhere := w.newService("altrove.example")
	for _, role := range []account.Role{account.RoleMember, account.RoleESP, account.RoleTutor, account.RoleAdmin} {
		everybodyElse = append(everybodyElse, w.someoneOf(elsewhere, role))
	}
	// The same account under another service's name does not reach it either.
	stolen := person
	stolen.Service = elsewhere
	everybodyElse = append(everybodyElse, stolen)

	nobodyElse := func(t *testing.T) {
		t.Helper()
		for _, a := range everybodyElse {
			unknown := chat.RoomID{9}
			real, none := w.probe(a, room), w.probe(a, unknown)
			for _, pair := range [][2]error{
				{real.read, none.read}, {real.post, none.post},
				{w.chat.EndConversation(w.ctx, a, room), w.chat.EndConversation(w.ctx, a, unknown)},
				{w.chat.RecordFeeling(w.ctx, a, room, 5), w.chat.RecordFeeling(w.ctx, a, unknown, 5)},
				{w.chat.AskForMoreHelp(w.ctx, a, room), w.chat.AskForMoreHelp(w.ctx, a, unknown)},
				{w.chat.FlagConversation(w.ctx, a, room, triage.Red), w.chat.FlagConversation(w.ctx, a, unknown, triage.Red)},
				{w.chat.JoinVisibly(w.ctx, a, room, "eccomi"), w.chat.JoinVisibly(w.ctx, a, unknown, "eccomi")},
			} {
				require.Error(t, pair[0], "%s got in", a.Role)
				if a.Role != account.RoleVisitor { // who has not entered is told so, and nothing else
					assert.Equal(t, pair[1].Error(), pair[0].Error(), "%s can tell that the room exists", a.Role)
				}
			}
		}
		members, _, err := w.chat.Members(w.ctx, room)
		require.NoError(t, err)
		for _, a := range everybodyElse {
			if a != stolen {
				assert.NotContains(t, members, a.ID)
			}
		}
	}

	t.Run("nobody else while it is open", nobodyElse)
	t.Run("both sides read and write while it is open", func(t *testing.T) {
		for _, a := range []account.Actor{person, esp} {
			r := w.probe(a, room)
			require.NoError(t, r.read)
			require.NoError(t, r.post)
		}
		members, _, err := w.chat.Members(w.ctx, room)
		require.NoError(t, err)
		assert.ElementsMatch(t, []account.ID{person.ID, esp.ID}, members)
	})
	t.Run("only the person records a feeling", func(t *testing.T) {
		require.ErrorIs(t, w.chat.RecordFeeling(w.ctx, esp, room, 7), chat.ErrNotFound)
		require.NoError(t, w.chat.RecordFeeling(w.ctx, person, room, 7))
		require.Equal(t, errs.Invalid, errs.KindOf(w.chat.RecordFeeling(w.ctx, person, room, 11)))
	})
	_, before, err := w.chat.Members(w.ctx, room)
	require.NoError(t, err)
	require.NoError(t, w.chat.EndConversation(w.ctx, person, room))
	require.NoError(t, w.chat.EndConversation(w.ctx, esp, room), "ending twice is no error")

	t.Run("nobody else after the end", nobodyElse)
	t.Run("both sides read after the end and write no more", func(t *testing.T) {
		for _, a := range []account.Actor{person, esp} {
			r := w.probe(a, room)
			require.NoError(t, r.read)
			require.ErrorIs(t, r.post, chat.ErrEnded)
		}
		_, after, err := w.chat.Members(w.ctx, room)
		require.NoError(t, err)
		assert.Greater(t, after, before, "the authority version changes with the members")
		assert.Equal(t, 1, w.count(`select count(*) from chat_messages where kind = 'ended'`))
	})
	t.Run("24 h after the end only the person reads", func(t *testing.T) {
		w.exec(`update chat_rooms set ended_at = now() - interval '24 h 1 s', created_at = now() - interval '25 h', started_at = now() - interval '25 h'`)
		require.NoError(t, w.probe(person, room).read)
		r := w.probe(esp, room)
		require.ErrorIs(t, r.read, chat.ErrNotFound)
		require.ErrorIs(t, r.post, chat.ErrNotFound)
		require.ErrorIs(t, w.chat.EndConversation(w.ctx, esp, room), chat.ErrNotFound)
		rooms, err := w.chat.RoomsOf(w.ctx, esp)
		require.NoError(t, err)
		assert.Empty(t, rooms)
		members, _, err := w.chat.Members(w.ctx, room)
		require.NoError(t, err)
		assert.Equal(t, []account.ID{person.ID}, members)
	})
	w.erase() // which dates what ended a day ago
	w.holds()
}

func TestTutor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	w.post(person, room, "prima")
	openings := `select count(*) from audit_entries where action = 'break-glass: open a conversation' and object = $1`

	require.ErrorIs(t, w.probe(w.tutor, room).read, chat.ErrNotFound, "no escalation, no reading")
	require.NoError(t, w.chat.AskForMoreHelp(w.ctx, person, room))
	w.route(room, w.tutor)

	t.Run("reads because of an escalation, audited once an hour, and the person can see it", func(t *testing.T) {
		r := w.probe(w.tutor, room)
		require.NoError(t, r.read)
		assert.Equal(t, 1, w.count(openings, "room:"+room.String()))
		view, err := w.chat.Room(w.ctx, person, room)
		require.NoError(t, err)
		assert.NotNil(t, view.OpenedAt)
		w.exec(`update chat_openings set opened_at = now() - interval '61 min'`)
		require.NoError(t, w.probe(w.tutor, room).read)
		assert.Equal(t, 2, w.count(openings, "room:"+room.String()))
	})
	t.Run("is not in the room before joining", func(t *testing.T) {
		members, _, err := w.chat.Members(w.ctx, room)
		require.NoError(t, err)
		assert.NotContains(t, members, w.tutor.ID)
		require.ErrorIs(t, w.chat.EndConversation(w.ctx, w.tutor, room), chat.ErrNotFound)
		_, err = w.chat.PostMessage(w.ctx, w.tutor, chat.Post{Room: room, CID: newCID(), Text: "di nascosto"})
		require.ErrorIs(t, err, chat.ErrNotFound, "nobody writes in a room they have not joined visibly")
	})
	t.Run("joins visibly: told first, then greeted", func(t *testing.T) {
		require.Equal(t, errs.Invalid, errs.KindOf(w.chat.JoinVisibly(w.ctx, w.tutor, room, " ")))
		require.NoError(t, w.chat.JoinVisibly(w.ctx, w.tutor, room, "Sono Anna, operatrice"))
		require.NoError(t, w.chat.JoinVisibly(w.ctx, w.tutor, room, "due volte"))
		list, err := w.chat.MessagesAfter(w.ctx, person, room, 0, 50)
		require.NoError(t, err)
		list = list[len(list)-2:]
		assert.Equal(t, chat.Joined, list[0].Kind)
		assert.Equal(t, "Sono Anna, operatrice", list[1].Text)
		assert.Equal(t, int16(3), list[1].From)
		members, _, err := w.chat.Members(w.ctx, room)
		require.NoError(t, err)
		assert.Contains(t, members, w.tutor.ID)
		w.post(w.tutor, room, "ci sono anch'io")
		rooms, err := w.chat.RoomsOf(w.ctx, w.tutor)
		require.NoError(t, err)
		assert.Len(t, rooms, 1)
	})
	t.Run("loses the room with the escalation", func(t *testing.T) {
		_, before, err := w.chat.Members(w.ctx, room)
		require.NoError(t, err)
		w.close(w.tutor)
		r := w.probe(w.tutor, room)
		require.ErrorIs(t, r.read, chat.ErrNotFound)
		require.ErrorIs(t, r.post, chat.ErrNotFound)
		require.ErrorIs(t, w.chat.EndConversation(w.ctx, w.tutor, room), chat.ErrNotFound)
		rooms, err := w.chat.RoomsOf(w.ctx, w.tutor)
		require.NoError(t, err)
		assert.Empty(t, rooms)
		members, _, err := w.chat.Members(w.ctx, room)
		require.NoError(t, err)
		assert.NotContains(t, members, w.tutor.ID)

		w.chat.Work(w.ctx)
		heads, err := w.chat.Heads(w.ctx, []chat.RoomID{room, {1}})
		require.NoError(t, err)
		require.Len(t, heads, 1)
		assert.Greater(t, heads[room].Version, before, "instances learn of it by the version")
		view, err := w.chat.Room(w.ctx, esp, room)
		require.NoError(t, err)
		assert.True(t, view.People[2].Left)
	})
	w.holds()
}

func TestTutor_meets_a_person_who_waits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	esp := w.onCall(account.RoleESP)
	person := w.someone(account.RoleGuest)
	place := w.enter(person, crisis)
	require.NotNil(t, w.offer(esp))
	w.route(place.Room, w.tutor)
	require.NoError(t, w.chat.JoinVisibly(w.ctx, w.tutor, place.Room, "Sono qui"))
	assert.Nil(t, w.offer(esp))
	assert.Equal(t, chat.PlaceInSession, w.place(person).State)
	w.post(person, place.Room, "grazie")
	require.NoError(t, w.chat.EndConversation(w.ctx, w.tutor, place.Room))
	w.holds()
}

// TestTutor_who_was_the_only_one: a person whose only company was a tutor is told that it is over, not left in a silent room.
func TestTutor_who_was_the_only_one(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.onCall(account.RoleESP)
	person := w.someone(account.RoleGuest)
	place := w.enter(person, crisis)
	w.route(place.Room, w.tutor)
	require.NoError(t, w.chat.JoinVisibly(w.ctx, w.tutor, place.Room, "Sono qui"))
	w.chat.Work(w.ctx)
	view, err := w.chat.Room(w.ctx, person, place.Room)
	require.NoError(t, err)
	require.Equal(t, chat.Open, view.State, "not while the tutor is there")

	w.close(w.tutor)
	w.chat.Work(w.ctx)
	view, err = w.chat.Room(w.ctx, person, place.Room)
	require.NoError(t, err)
	assert.Equal(t, chat.Ended, view.State)
	assert.Equal(t, chat.PlaceEnded, w.place(person).State)
	assert.Equal(t, chat.PlaceOffered, w.enter(person, "vorrei parlare ancora").State, "they can ask for another at once")
	w.holds()
}

func TestAskAndFlag(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	causes := func() int { return w.count(`select count(*) from audit_entries where action = 'escalation: raise'`) }

	require.NoError(t, w.chat.FlagConversation(w.ctx, esp, room, triage.Crisis))
	require.NoError(t, w.chat.AskForMoreHelp(w.ctx, person, room))
	assert.Equal(t, 2, causes())
	require.Equal(t, errs.Invalid, errs.KindOf(w.chat.FlagConversation(w.ctx, esp, room, triage.None)))
	require.Equal(t, errs.Forbidden, errs.KindOf(w.chat.FlagConversation(w.ctx, person, room, triage.Red)))
	require.Equal(t, errs.Forbidden, errs.KindOf(w.chat.AskForMoreHelp(w.ctx, esp, room)))
	view, err := w.chat.Room(w.ctx, person, room)
	require.NoError(t, err)
	assert.Equal(t, "alerting", string(view.Care))

	require.NoError(t, w.chat.EndConversation(w.ctx, person, room))
	require.NoError(t, w.chat.AskForMoreHelp(w.ctx, person, room), "help may be needed after the end, too")
	require.NoError(t, w.chat.FlagConversation(w.ctx, esp, room, triage.Amber))
	assert.Equal(t, 4, causes())
	w.holds()
}

// TestUsedCIDTellsNothing: a client id that was used elsewhere is no way to ask whether a room exists, and who may no longer
// read a room is not told how it stands by sending an old message again.
func TestUsedCIDTellsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	used := chat.Post{Room: room, CID: newCID(), Text: "ciao"}
	_, err := w.chat.PostMessage(w.ctx, esp, used)
	require.NoError(t, err)
	other := w.someone(account.RoleGuest)
	hidden := w.enter(other, "altro").Room

	for _, text := range []string{"ciao", "altro"} {
		_, real := w.chat.PostMessage(w.ctx, esp, chat.Post{Room: hidden, CID: used.CID, Text: text})
		_, none := w.chat.PostMessage(w.ctx, esp, chat.Post{Room: chat.RoomID{9}, CID: used.CID, Text: text})
		assert.ErrorIs(t, real, chat.ErrNotFound)
		assert.Equal(t, none, real)
	}

	w.post(person, room, "voglio morire stanotte, ho preso le pillole")
	require.NoError(t, w.chat.EndConversation(w.ctx, person, room))
	r, err := w.chat.PostMessage(w.ctx, esp, used)
	require.NoError(t, err)
	assert.Equal(t, int64(1), r.Seq, "within a day, and after it, the answer that was lost is given")
	w.exec(`update chat_rooms set ended_at = ended_at - interval '25 hours' where id = $1`, room)
	r, err = w.chat.PostMessage(w.ctx, esp, used)
	require.NoError(t, err)
	assert.Equal(t, int64(1), r.Seq)
}

// TestWaitingChurn: who enters and leaves over and over, each time with an alarming topic, does not fill the tutors' consoles.
func TestWaitingChurn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.onCall(account.RoleESP)
	person := w.someone(account.RoleGuest)
	var err error
	entered := 0
	for range 20 {
		if _, err = w.chat.EnterWaiting(w.ctx, person, chat.Entry{Topic: "voglio morire stanotte, ho preso le pillole"}); err != nil {
			break
		}
		entered++
		_, again := w.chat.EnterWaiting(w.ctx, person, chat.Entry{Topic: "sempre io"})
		require.NoError(t, again, "who has a place keeps it")
		require.NoError(t, w.chat.LeaveWaiting(w.ctx, person))
	}
	assert.Equal(t, errs.TooMany, errs.KindOf(err))
	assert.Equal(t, 6, entered)
	assert.Equal(t, 6, w.count(`select count(*) from moderation_escalations`))
	w.enter(w.someone(account.RoleGuest), "un'altra persona entra")
	w.exec(`update chat_rooms set created_at = created_at - interval '11 minutes' where person_id = $1`, person.ID)
	w.enter(person, "")
	w.holds()
}

// TestReadingOnTheConsole: a tutor who reads a conversation on the console leaves the same traces as in the room, and an amber
// alert that stayed with an ESP does not keep the conversation open to them for longer than a day.
func TestReadingOnTheConsole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	require.NoError(t, w.chat.FlagConversation(w.ctx, esp, room, triage.Amber))
	w.post(person, room, "un segreto")
	w.route(room, esp)
	console, err := w.moderation.Console(w.ctx, esp)
	require.NoError(t, err)
	require.Len(t, console.Waiting, 1)
	amber := console.Waiting[0].ID
	require.NoError(t, w.moderation.Acknowledge(w.ctx, esp, amber))
	shown, err := w.moderation.ShowEscalation(w.ctx, esp, amber)
	require.NoError(t, err)
	require.NotNil(t, shown.Excerpt)
	assert.Contains(t, shown.Excerpt.Text, "un segreto")
	assert.Zero(t, w.count(`select count(*) from chat_openings`), "it is the ESP's own conversation")

	require.NoError(t, w.chat.EndConversation(w.ctx, person, room))
	w.exec(`update chat_rooms set ended_at = ended_at - interval '25 hours' where id = $1`, room)
	shown, err = w.moderation.ShowEscalation(w.ctx, esp, amber)
	require.NoError(t, err)
	assert.Nil(t, shown.Excerpt)
	require.NoError(t, w.moderation.CloseEscalation(w.ctx, esp, amber, moderation.Closing{Outcome: moderation.OutcomeTalked, Note: "Chiuso."}))

	w.exec(`update chat_rooms set ended_at = ended_at + interval '24 hours' where id = $1`, room)
	require.NoError(t, w.chat.FlagConversation(w.ctx, esp, room, triage.Red), "in the hours after, too")
	w.route(room, w.tutor)
	console, err = w.moderation.Console(w.ctx, w.tutor)
	require.NoError(t, err)
	require.Len(t, console.Waiting, 1)
	v, err := w.chat.Room(w.ctx, person, room)
	require.NoError(t, err)
	require.Nil(t, v.OpenedAt)
	shown, err = w.moderation.ShowEscalation(w.ctx, w.tutor, console.Waiting[0].ID)
	require.NoError(t, err)
	assert.Contains(t, shown.Excerpt.Text, "un segreto")
	v, err = w.chat.Room(w.ctx, person, room)
	require.NoError(t, err)
	assert.NotNil(t, v.OpenedAt, "the person is told")
	assert.Equal(t, 1, w.count(`select count(*) from audit_entries where action = $1`, string(account.BreakGlassOpenAConversation)))
}
