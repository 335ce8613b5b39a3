package chat_test

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/chat"
	"ponti/internal/errs"
)

// TestWhisper: an ESP asks the tutors beside a conversation and is answered; nobody else learns of it, the person least of all.
func TestWhisper(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	other, second := w.onCall(account.RoleESP), w.onCall(account.RoleTutor)
	list := func(a account.Actor) []chat.Whisper {
		t.Helper()
		l, err := w.chat.Whispers(w.ctx, a, room)
		require.NoError(t, err)
		return l.List
	}
	mark := func(a account.Actor) int {
		t.Helper()
		v, err := w.chat.Room(w.ctx, a, room)
		require.NoError(t, err)
		return v.Whispers
	}
	waiting := func(a account.Actor) string {
		t.Helper()
		m, err := w.chat.WaitingMark(w.ctx, a)
		require.NoError(t, err)
		return m
	}
	none := waiting(w.tutor)
	_, err := w.chat.Whispers(w.ctx, w.tutor, room)
	require.ErrorIs(t, err, chat.ErrNotFound, "a tutor learns of no room in which nobody asked")
	require.ErrorIs(t, w.chat.AnswerWhisper(w.ctx, w.tutor, room, "Eccomi.", newCID()), chat.ErrNotFound)
	assert.Empty(t, list(esp))

	cid := newCID()
	require.NoError(t, w.chat.WhisperToTutor(w.ctx, esp, room, "  Non so come andare avanti 🙂\r\n", cid))
	require.NoError(t, w.chat.WhisperToTutor(w.ctx, esp, room, "  Non so come andare avanti 🙂\r\n", cid), "the same form again")
	require.Len(t, list(esp), 1)
	assert.Equal(t, "Non so come andare avanti 🙂", list(esp)[0].Text)
	assert.Nil(t, list(esp)[0].SeenAt, "one's own look is nobody's")
	asked := waiting(w.tutor)
	assert.NotEqual(t, none, asked)
	before := mark(esp)
	for _, tutor := range []account.Actor{w.tutor, second} {
		l, err := w.chat.AskedOfTutors(w.ctx, tutor)
		require.NoError(t, err)
		require.Len(t, l, 1)
		assert.Equal(t, []any{room, "Non so come andare avanti 🙂", false}, []any{l[0].Room, l[0].Text, l[0].Seen})
	}
	require.Len(t, list(second), 1)
	assert.NotEqual(t, before, mark(esp), "the ESP sees that it was read")
	assert.NotNil(t, list(esp)[0].SeenAt)
	assert.NotEqual(t, asked, waiting(w.tutor))
	require.NoError(t, w.chat.AnswerWhisper(w.ctx, w.tutor, room, "Chiedile che cosa la aiuta di solito.", newCID()))
	require.Len(t, list(esp), 2)
	assert.False(t, list(esp)[1].Mine)
	l, err := w.chat.AskedOfTutors(w.ctx, w.tutor)
	require.NoError(t, err)
	assert.Empty(t, l)
	assert.Equal(t, none, waiting(w.tutor))

	t.Run("nothing of it is in the room", func(t *testing.T) {
		assert.Empty(t, w.texts(person, room))
		v, err := w.chat.Room(w.ctx, person, room)
		require.NoError(t, err)
		assert.Zero(t, v.Whispers)
		assert.Zero(t, v.Head)
		w.hints.mu.Lock()
		defer w.hints.mu.Unlock()
		for i, channel := range w.hints.channels {
			assert.False(t, bytes.Contains(w.hints.payloads[i], []byte("avanti")), channel)
			assert.False(t, strings.Contains(channel, person.ID.String()) && i > 0 && bytes.Contains(w.hints.payloads[i], []byte("hisper")), channel)
		}
		assert.Zero(t, w.count(`select count(*) from chat_whispers where encode(text_sealed, 'escape') like '%avanti%'`))
	})
	t.Run("nobody else may", func(t *testing.T) {
		for name, a := range map[string]account.Actor{
			"the person": person, "another person": w.someone(account.RoleMember), "another ESP": other, "an administrator": w.someone(account.RoleAdmin), "an auditor": w.someone(account.RoleAuditor),
			"a tutor of another service": w.someoneOf(w.newService("altrove.test"), account.RoleTutor),
		} {
			_, err := w.chat.Whispers(w.ctx, a, room)
			assert.Equal(t, errs.NotFound, errs.KindOf(err), name)
			assert.Equal(t, errs.NotFound, errs.KindOf(w.chat.WhisperToTutor(w.ctx, a, room, "Ciao.", newCID())), name)
			assert.Equal(t, errs.NotFound, errs.KindOf(w.chat.AnswerWhisper(w.ctx, a, room, "Ciao.", newCID())), name)
			l, err := w.chat.AskedOfTutors(w.ctx, a)
			if !a.Is(account.RoleTutor) {
				assert.Error(t, err, name)
			}
			assert.Empty(t, l, name)
		}
		assert.Equal(t, 2, w.count(`select count(*) from chat_whispers`))
	})
	t.Run("what cannot be sent says why", func(t *testing.T) {
		for name, text := range map[string]string{"nothing": " \n ", "too much": strings.Repeat("à", chat.MaxWhisper+1), "a megabyte": strings.Repeat("a", 1<<20)} {
			assert.Equal(t, errs.Invalid, errs.KindOf(w.chat.WhisperToTutor(w.ctx, esp, room, text, newCID())), name)
		}
		assert.Equal(t, errs.Invalid, errs.KindOf(w.chat.WhisperToTutor(w.ctx, esp, room, "Ciao.", "")))
		require.NoError(t, w.chat.WhisperToTutor(w.ctx, esp, room, strings.Repeat("à", chat.MaxWhisper), newCID()))
	})
	t.Run("the form again with another text loses neither", func(t *testing.T) {
		said := len(list(esp))
		require.NoError(t, w.chat.WhisperToTutor(w.ctx, esp, room, "Un'altra cosa.", cid))
		require.Len(t, list(esp), said+1)
		assert.Equal(t, "Un'altra cosa.", list(esp)[said].Text)
	})
	t.Run("two tutors at once both answer", func(t *testing.T) {
		var all sync.WaitGroup
		for _, tutor := range []account.Actor{w.tutor, second} {
			all.Go(func() { assert.NoError(t, w.chat.AnswerWhisper(w.ctx, tutor, room, "Ci sono.", newCID())) })
		}
		all.Wait()
		assert.Len(t, list(esp), 6)
	})
	w.holds()
}

// TestWhisperEnds: whoever no longer holds the conversation reads nothing any more, whoever takes over reads nothing from before, and with the room all is gone.
func TestWhisperEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, esp, room := w.talking()
	require.NoError(t, w.chat.WhisperToTutor(w.ctx, esp, room, "Mi serve una mano.", newCID()))
	require.NoError(t, w.chat.EndConversation(w.ctx, esp, room))
	_, err := w.chat.Whispers(w.ctx, esp, room)
	require.Error(t, err)
	require.Error(t, w.chat.WhisperToTutor(w.ctx, esp, room, "Ancora.", newCID()))
	require.ErrorIs(t, w.chat.AnswerWhisper(w.ctx, w.tutor, room, "Tardi.", newCID()), chat.ErrEnded)
	l, err := w.chat.AskedOfTutors(w.ctx, w.tutor)
	require.NoError(t, err)
	assert.Empty(t, l, "nobody is asked about what is over")
	w.exec(`update chat_rooms set kept_as = 'guest', ended_at = now() - interval '3 days', kept_until = now() - interval '1 h', created_at = now() - interval '4 days', started_at = now() - interval '4 days' where id = $1`, room)
	require.NoError(t, w.chat.Erase(w.ctx))
	assert.Zero(t, w.count(`select count(*) from chat_whispers`))
}

// TestWhisperToNobody: with no tutor on call the ESP is told so, at once.
func TestWhisperToNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, esp, room := w.talking()
	w.exec(`update roster_duties set started_at = now() - interval '1 h', heartbeat_at = now() - interval '1 h' where account_id = $1`, w.tutor.ID)
	require.ErrorIs(t, w.chat.WhisperToTutor(w.ctx, esp, room, "C'è qualcuno?", newCID()), chat.ErrNoTutor)
	assert.Zero(t, w.count(`select count(*) from chat_whispers`))
}

// TestWhisper_late: who has no answer for two minutes is told so, once each page looks again; the tutors see it, and so do the operators.
func TestWhisper_late(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, esp, room := w.talking()
	look := func() (chat.Whispers, chat.RoomView, []chat.Asked, string) {
		list, err := w.chat.Whispers(w.ctx, esp, room)
		require.NoError(t, err)
		view, err := w.chat.Room(w.ctx, esp, room)
		require.NoError(t, err)
		asked, err := w.chat.AskedOfTutors(w.ctx, w.tutor)
		require.NoError(t, err)
		marks, err := w.chat.Marks(w.ctx, []chat.RoomID{room})
		require.NoError(t, err)
		return list, view, asked, marks[room].Mark
	}
	waits, err := w.chat.AskedFor(w.ctx)
	require.NoError(t, err)
	assert.Zero(t, waits)
	require.NoError(t, w.chat.WhisperToTutor(w.ctx, esp, room, "Ci sei?", newCID()))
	list, before, asked, mark := look()
	assert.False(t, list.Late)
	assert.False(t, asked[0].Late)

	w.exec(`update chat_whispers set said_at = said_at - interval '2 minutes 1 second'`)
	list, view, asked, later := look()
	assert.True(t, list.Late)
	assert.True(t, asked[0].Late)
	assert.NotEqual(t, before.Whispers, view.Whispers, "an open page hears of it")
	assert.NotEqual(t, mark, later)
	waits, err = w.chat.AskedFor(w.ctx)
	require.NoError(t, err)
	assert.Greater(t, waits, 2*time.Minute)

	require.NoError(t, w.chat.AnswerWhisper(w.ctx, w.tutor, room, "Eccomi.", newCID()))
	list, _, asked, _ = look()
	assert.False(t, list.Late)
	assert.Empty(t, asked)
	waits, err = w.chat.AskedFor(w.ctx)
	require.NoError(t, err)
	assert.Zero(t, waits)
}

// TestSecondLook: an ESP shows a tutor what they are about to say; nothing of it is said before they say it.
func TestSecondLook(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	look := func(a account.Actor) chat.Whispers {
		t.Helper()
		l, err := w.chat.Whispers(w.ctx, a, room)
		require.NoError(t, err)
		return l
	}
	require.ErrorIs(t, w.chat.AnswerDraft(w.ctx, w.tutor, room, "Eccomi.", newCID()), chat.ErrNotFound)
	require.NoError(t, w.chat.WhisperToTutor(w.ctx, esp, room, "Ci sei?", newCID()))
	require.ErrorIs(t, w.chat.AnswerDraft(w.ctx, w.tutor, room, "Eccomi.", newCID()), chat.ErrNotFound, "nobody asked for a second look")
	long := strings.Repeat("à", chat.MaxText)
	for _, wrong := range []string{" ", long + "a", strings.Repeat("a", 1<<20)} {
		err := w.chat.AskSecondLook(w.ctx, esp, room, wrong, newCID())
		assert.Equal(t, errs.Invalid, errs.KindOf(err))
	}
	cid := newCID()
	require.NoError(t, w.chat.AskSecondLook(w.ctx, esp, room, "Penso che tu debba dormire.", cid))
	require.NoError(t, w.chat.AskSecondLook(w.ctx, esp, room, "Penso che tu debba dormire.", cid), "the same form again")
	l := look(w.tutor)
	require.Len(t, l.List, 2)
	assert.Equal(t, []any{chat.WhisperDraft, "Penso che tu debba dormire.", true}, []any{l.List[1].Kind, l.Draft, l.DraftWaits})
	asked, err := w.chat.AskedOfTutors(w.ctx, w.tutor)
	require.NoError(t, err)
	assert.Equal(t, chat.WhisperDraft, asked[0].Kind)

	require.NoError(t, w.chat.AnswerDraft(w.ctx, w.tutor, room, "Com'è andata stanotte?", newCID()))
	l = look(esp)
	assert.Equal(t, []any{chat.WhisperDraft, "Com'è andata stanotte?", false, false}, []any{l.List[2].Kind, l.List[2].Text, l.List[2].Mine, l.DraftWaits})
	require.NoError(t, w.chat.AnswerDraft(w.ctx, w.onCall(account.RoleTutor), room, "O: vuoi dirmi di stanotte?", newCID()), "a second tutor was slower, and is heard too")
	require.NoError(t, w.chat.AskSecondLook(w.ctx, esp, room, long, newCID()))
	for _, fine := range []string{"", long} {
		require.NoError(t, w.chat.AnswerDraft(w.ctx, w.tutor, room, fine, newCID()))
		l = look(esp)
		last := l.List[len(l.List)-1]
		assert.Equal(t, []any{chat.WhisperFine, "", false}, []any{last.Kind, last.Text, l.DraftWaits})
	}
	require.Equal(t, errs.Invalid, errs.KindOf(w.chat.AnswerDraft(w.ctx, w.tutor, room, strings.Repeat("a", 1<<20), newCID())))
	assert.Empty(t, w.texts(person, room), "nothing was said")
	for _, a := range []account.Actor{person, w.onCall(account.RoleESP), w.someone(account.RoleAdmin), w.someoneOf(w.newService("altrove.test"), account.RoleTutor)} {
		assert.Equal(t, errs.NotFound, errs.KindOf(w.chat.AskSecondLook(w.ctx, a, room, "Ciao.", newCID())), a.Role)
		assert.Equal(t, errs.NotFound, errs.KindOf(w.chat.AnswerDraft(w.ctx, a, room, "Ciao.", newCID())), a.Role)
	}
	require.Equal(t, errs.NotFound, errs.KindOf(w.chat.AnswerDraft(w.ctx, esp, room, "Ciao.", newCID())), "nobody answers themselves")
	require.NoError(t, w.chat.EndConversation(w.ctx, esp, room))
	require.Error(t, w.chat.AskSecondLook(w.ctx, esp, room, "Ciao.", newCID()))
	w.holds()
}

// TestMigrateSecondLook: what was whispered before is a word.
func TestMigrateSecondLook(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, esp, room := w.talking()
	require.NoError(t, w.chat.WhisperToTutor(w.ctx, esp, room, "Ci sei?", newCID()))
	w.migrateFrom(18)
	l, err := w.chat.Whispers(w.ctx, esp, room)
	require.NoError(t, err)
	assert.Equal(t, chat.WhisperWord, l.List[0].Kind)
	w.holds()
}
