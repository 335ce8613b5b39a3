package chat_test

import (
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/chat"
	"ponti/internal/errs"
	"ponti/internal/pushtest"
	"ponti/moderation"
	"ponti/moderation/triage"
)

// subjects are the rooms that open escalations are about.
func (w *world) subjects() (list []string) {
	w.Helper()
	rows, err := w.pool.Query(w.ctx, `select subject_id from moderation_escalations where state <> 'closed' order by raised_at`)
	require.NoError(w, err)
	defer rows.Close()
	for rows.Next() {
		var s string
		require.NoError(w, rows.Scan(&s))
		list = append(list, s)
	}
	require.NoError(w, rows.Err())
	return list
}

// meets has the tutor answer for a crisis in a room, and join.
func (w *world) meets(room chat.RoomID, tutor account.Actor) moderation.EscalationID {
	w.Helper()
	w.route(room, tutor)
	var id moderation.EscalationID
	require.NoError(w, w.pool.QueryRow(w.ctx, `select id from moderation_escalations where subject_id = $1 and state <> 'closed'`, room.String()).Scan(&id))
	require.NoError(w, w.moderation.Acknowledge(w.ctx, tutor, id))
	require.NoError(w, w.chat.JoinVisibly(w.ctx, tutor, room, "Sono qui."))
	return id
}

// TestIdleTutorIsNotSentAway: the ladder asks others because the tutor who is alone with a person wrote nothing for too long. They stay, may go on writing and reading, and leave
// when another is there.
func TestIdleTutorIsNotSentAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person := w.someone(account.RoleGuest)
	esp := w.onCall(account.RoleESP)
	w.enter(person, crisis)
	room := w.place(person).Room
	id := w.meets(room, w.tutor)
	second := w.onCall(account.RoleTutor)
	w.exec(`update roster_duties set started_at = now() - interval '1 h' where account_id = $1`, second.ID) // who is longest on duty is asked first
	w.exec(`update moderation_escalations set due_at = now() - interval '1 s' where id = $1`, id)
	require.Eventually(t, func() bool {
		routed, err := w.moderation.Routed(w.ctx, w.pool, moderation.Subject{Kind: moderation.SubjectRoom, ID: room.String()}, w.tutor.ID)
		return err == nil && !routed
	}, 10*time.Second, 10*time.Millisecond, "the ladder goes on without them")
	w.chat.Work(w.ctx)
	require.Equal(t, "open", w.state(room))
	w.post(w.tutor, room, "Ti ascolto.")
	_, err := w.chat.MessagesAfter(w.ctx, w.tutor, room, 0, 10)
	require.NoError(t, err)
	members, _, err := w.chat.Members(w.ctx, room)
	require.NoError(t, err)
	assert.Contains(t, members, w.tutor.ID)

	w.meets(room, second)
	w.chat.Work(w.ctx)
	require.Equal(t, "open", w.state(room))
	_, err = w.chat.MessagesAfter(w.ctx, w.tutor, room, 0, 10)
	assert.Equal(t, errs.NotFound, errs.KindOf(err), "it is another's now")
	members, _, err = w.chat.Members(w.ctx, room)
	require.NoError(t, err)
	assert.NotContains(t, members, w.tutor.ID)
	assert.Nil(t, w.offer(esp))
	w.holds()
}

// TestSilentTutor: a tutor who is alone with a person and vanishes is missed as an ESP is; beside an ESP who is there nothing ends.
func TestSilentTutor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	w.post(person, room, crisis)
	w.meets(room, w.tutor)
	w.falls(w.tutor, 2*time.Minute)
	w.falls(esp, 0)
	w.chat.Work(w.ctx)
	require.Equal(t, "open", w.state(room), "the ESP is there")

	w.falls(esp, time.Minute)
	w.chat.Work(w.ctx)
	require.Equal(t, "ended", w.state(room), "nobody is there, whoever has a seat")
	p := w.place(person)
	require.Equal(t, chat.PlaceWaiting, p.State)
	assert.Equal(t, triage.Crisis, p.Level)
	assert.Contains(t, w.subjects(), p.Room.String(), "the danger goes with them")
	w.holds()

	second := w.onCall(account.RoleTutor)
	w.meets(p.Room, second)
	w.falls(second, time.Minute)
	w.falls(person, 0)
	w.chat.Work(w.ctx)
	require.Equal(t, "ended", w.state(p.Room))
	assert.NotEqual(t, p.Room, w.place(person).Room)
	w.holds()
}

// TestNobodyNewWithoutTutor: while no tutor is on call nobody begins a conversation, and who is in one is told; who lost theirs is not left alone.
func TestNobodyNewWithoutTutor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	free := w.onCall(account.RoleESP)
	other := w.someone(account.RoleGuest)
	w.enter(other, "")
	o := w.offer(free)
	require.NotNil(t, o)
	marks, err := w.chat.Marks(w.ctx, []chat.RoomID{room})
	require.NoError(t, err)
	w.falls(w.tutor, 2*time.Minute)
	w.falls(person, 0)
	w.falls(esp, 0)
	w.falls(free, 0)

	_, err = w.chat.AcceptOffer(w.ctx, free, o.ID)
	require.ErrorIs(t, err, chat.ErrUncovered)
	w.exec(`update chat_offers set expires_at = now() where state = 'open'`)
	w.exec(`update chat_offers set answered_at = now() - interval '2 min' where state <> 'open'`)
	w.chat.Work(w.ctx)
	w.chat.Work(w.ctx)
	require.Nil(t, w.offer(free))
	assert.Equal(t, chat.PlaceWaiting, w.place(other).State, "the place is kept")
	v, err := w.chat.Room(w.ctx, person, room)
	require.NoError(t, err)
	assert.False(t, v.Covered)
	after, err := w.chat.Marks(w.ctx, []chat.RoomID{room})
	require.NoError(t, err)
	assert.NotEqual(t, marks[room].Mark, after[room].Mark, "their pages are told")

	require.NoError(t, w.chat.StepOut(w.ctx, esp, room, ""))
	w.chat.Match(w.ctx, w.service)
	o = w.offer(free)
	require.NotNil(t, o)
	assert.True(t, o.Again)
	w.accept(free)
	w.holds()

	require.NoError(t, w.roster.GoOn(w.ctx, w.someone(account.RoleTutor)))
	next := w.onCall(account.RoleESP)
	w.chat.Match(w.ctx, w.service)
	require.NotNil(t, w.offer(next))
}

// TestUnseenPlace_danger: a place that nobody looks at stays while somebody has to answer for its person, and is offered to nobody meanwhile.
func TestUnseenPlace_danger(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.talking()
	person, calm := w.someone(account.RoleGuest), w.someone(account.RoleGuest)
	w.enter(person, crisis)
	room := w.place(person).Room
	w.enter(calm, "")
	w.exec(`update chat_watch set since = now() - interval '1 h', at = now()`)
	w.exec(`update chat_places set seen_at = now() - interval '6 min'`)
	esp := w.onCall(account.RoleESP)
	w.chat.Work(w.ctx)
	assert.Equal(t, 1, w.count(`select count(*) from chat_places where end_reason = 'unseen'`))
	require.Equal(t, "waiting", w.state(room))
	assert.Nil(t, w.offer(esp), "not to an empty chair")
	w.holds()
	next := w.someone(account.RoleGuest)
	assert.Equal(t, chat.PlaceOffered, w.enter(next, "").State)
	assert.Equal(t, 1, w.place(next).Position)

	assert.Equal(t, 1, w.place(person).Position, "once they look again they are the first")
	w.exec(`update chat_places set seen_at = now() - interval '6 min' where state <> 'offered'`)
	w.meets(room, w.tutor)
	assert.Equal(t, chat.PlaceInSession, w.place(person).State)
}

// TestHelpAfterTheEnd: who asks for more help after the end of a conversation is met in a new one; while they wait already, there.
func TestHelpAfterTheEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	require.NoError(t, w.chat.EndConversation(w.ctx, esp, room))
	w.enter(w.someone(account.RoleGuest), "")
	w.accept(esp)
	first := w.someone(account.RoleGuest)
	w.enter(first, "")
	require.NoError(t, w.chat.AskForMoreHelp(w.ctx, person, room))
	p := w.place(person)
	require.Equal(t, chat.PlaceWaiting, p.State)
	assert.Equal(t, []string{p.Room.String()}, w.subjects())
	assert.Equal(t, triage.Red, p.Level)
	assert.Equal(t, 1, p.Position, "before who is not in danger")
	require.NoError(t, w.chat.AskForMoreHelp(w.ctx, person, room))
	require.NoError(t, w.chat.FlagConversation(w.ctx, esp, room, triage.Crisis), "of the conversation before")
	assert.Equal(t, []string{p.Room.String()}, w.subjects(), "one alarm, where they are")
	assert.Equal(t, triage.Crisis, w.place(person).Level)
	w.meets(p.Room, w.tutor)
	assert.Equal(t, chat.PlaceInSession, w.place(person).State)
	w.holds()

	// Who may not begin to wait again is heard all the same.
	blocked := w.someone(account.RoleGuest)
	w.onCall(account.RoleESP)
	w.enter(blocked, "")
	again := w.place(blocked).Room
	require.NoError(t, w.chat.LeaveWaiting(w.ctx, blocked))
	for range 5 {
		w.enter(blocked, "")
		require.NoError(t, w.chat.LeaveWaiting(w.ctx, blocked))
	}
	require.NoError(t, w.chat.AskForMoreHelp(w.ctx, blocked, again))
	assert.Contains(t, w.subjects(), again.String())
}

// TestHelpWhileWaiting: it brings the person forward.
func TestHelpWhileWaiting(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.talking()
	first, person := w.someone(account.RoleGuest), w.someone(account.RoleGuest)
	w.enter(first, "")
	w.enter(person, "")
	require.Equal(t, 2, w.place(person).Position)
	require.NoError(t, w.chat.AskForMoreHelp(w.ctx, person, w.place(person).Room))
	assert.Equal(t, 1, w.place(person).Position)
	esp := w.onCall(account.RoleESP)
	w.chat.Match(w.ctx, w.service)
	o := w.offer(esp)
	require.NotNil(t, o)
	assert.Equal(t, triage.Red, o.Level)
	assert.Equal(t, person.Alias, o.Alias)
	w.holds()
}

// TestUnsaid: what somebody in danger says when the conversation has just ended is not stored, and is not lost on everybody.
func TestUnsaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	require.NoError(t, w.chat.StepOut(w.ctx, esp, room, ""))
	post := chat.Post{Room: room, CID: newCID(), Text: crisis}
	for range 2 {
		_, err := w.chat.PostMessage(w.ctx, person, post)
		require.ErrorIs(t, err, chat.ErrEnded)
	}
	p := w.place(person)
	assert.Equal(t, []string{p.Room.String()}, w.subjects())
	assert.Equal(t, triage.Crisis, p.Level)
	assert.Equal(t, 1, w.count(`select count(*) from moderation_causes`), "sent again it is the same")
	_, err := w.chat.PostMessage(w.ctx, esp, chat.Post{Room: room, CID: newCID(), Text: crisis})
	require.Error(t, err)
	assert.Len(t, w.subjects(), 1)
	w.holds()
}

// TestTutorMeetsWhoIsAway: their browser is woken.
func TestTutorMeetsWhoIsAway(t *testing.T) {
	t.Parallel()
	p := pushtest.New(t, nil)
	w := newWorld(t, func(o *moderation.Options) { o.Push = p.Sender(t) })
	w.talking()
	person := w.someone(account.RoleMember)
	w.enter(person, crisis)
	_, err := w.chat.StepAway(w.ctx, person)
	require.NoError(t, err)
	require.NoError(t, w.chat.WakeMe(w.ctx, person, p.Subscription(t, "a")))
	w.chat.Wake(w.ctx)
	require.Empty(t, p.Calls())
	w.meets(w.place(person).Room, w.tutor)
	w.chat.Wake(w.ctx)
	assert.Len(t, p.Calls(), 1)
	w.holds()
}

// TestPauseTakesBackTheOffer: who steps out of one conversation is not left with an offer of another.
func TestPauseTakesBackTheOffer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, esp, room := w.talking()
	w.exec(`insert into chat_pairs (account_id, service_id, allowed_by, until) values ($1, $2, $3, now() + interval '1 h')`, esp.ID, w.service, w.tutor.ID)
	waits := w.someone(account.RoleGuest)
	w.enter(waits, "")
	o := w.offer(esp)
	require.NotNil(t, o)
	require.NoError(t, w.chat.StepOut(w.ctx, esp, room, ""))
	assert.Nil(t, w.offer(esp))
	_, err := w.chat.AcceptOffer(w.ctx, esp, o.ID)
	require.ErrorIs(t, err, chat.ErrTaken)
	assert.Equal(t, chat.PlaceWaiting, w.place(waits).State)
	w.holds()
}

// TestWork_oneFaultyRoom: a tutor who is to leave a room that cannot be opened keeps none of the others.
func TestWork_oneFaultyRoom(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.talking()
	var rooms []chat.RoomID
	for range 2 {
		person := w.someone(account.RoleGuest)
		w.enter(person, crisis)
		rooms = append(rooms, w.place(person).Room)
	}
	for _, room := range rooms {
		id := w.meets(room, w.tutor)
		require.NoError(t, w.moderation.CloseEscalation(w.ctx, w.tutor, id, moderation.Closing{Outcome: moderation.OutcomeNoRisk, Note: "Sta meglio."}))
	}
	w.exec(`update chat_rooms set key_wrapped = '\x00' where id = $1`, rooms[0])
	chat.New(w.pool, account.New(w.pool, account.Options{}), w.roster, w.moderation, w.ring, w.hints, zerolog.Nop()).Work(w.ctx)
	assert.Equal(t, "ended", w.state(rooms[1]))
}
