package chat_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/chat"
	"ponti/internal/bus"
	"ponti/internal/errs"
	"ponti/moderation/triage"
)

func (w *world) edit(a account.Actor, room chat.RoomID, seq int64, text string) error {
	_, err := w.chat.EditMessage(w.ctx, a, chat.Change{Room: room, Seq: seq, CID: newCID()}, text)
	return err
}

func (w *world) remove(a account.Actor, room chat.RoomID, seq int64) error {
	_, err := w.chat.RemoveMessage(w.ctx, a, chat.Change{Room: room, Seq: seq, CID: newCID()})
	return err
}

// said is what a reader sees, by sequence.
func (w *world) said(a account.Actor, room chat.RoomID) []chat.Message {
	w.Helper()
	list, err := w.chat.MessagesAfter(w.ctx, a, room, 0, 100)
	require.NoError(w, err)
	for i, m := range list {
		require.Equal(w, int64(i)+1, m.Seq, "no hole")
	}
	return list
}

// TestEditMessage: another text stands in the place of one's own; every change has a sequence of its own, so whoever catches up hears of it.
func TestEditMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	first := w.post(person, room, "Oggi va mele.")
	w.post(esp, room, "Ti ascolto.")
	require.NoError(t, w.edit(person, room, first.Seq, "Oggi va male."))
	require.NoError(t, w.edit(person, room, first.Seq, "Oggi va meglio.  "))
	for _, a := range []account.Actor{person, esp} {
		list := w.said(a, room)
		require.Len(t, list, 4)
		assert.Equal(t, "Oggi va meglio.", list[0].Text)
		assert.True(t, list[0].Edited)
		assert.False(t, list[1].Edited)
		assert.Equal(t, chat.Edited, list[2].Kind)
		assert.True(t, list[2].Withdrawn, "another edit stands for it")
		assert.Empty(t, list[2].Text)
		assert.Equal(t, "Oggi va meglio.", list[3].Text)
		assert.Equal(t, first.Seq, list[3].About)
		tail, err := w.chat.MessagesAfter(w.ctx, a, room, 3, 10)
		require.NoError(t, err)
		assert.Equal(t, list[3:], tail, "who catches up from there")
	}
	require.NoError(t, w.edit(person, room, first.Seq, "Oggi va meglio."))
	assert.Len(t, w.said(person, room), 4, "the same text is no change")
	again, err := w.chat.PostMessage(w.ctx, person, chat.Post{Room: room, CID: w.said(person, room)[0].CID, Text: "Oggi va mele."})
	require.NoError(t, err)
	assert.Equal(t, first.Seq, again.Seq, "a resend of the first text is still the same message")
	for _, p := range w.hints.on(bus.Room(room.String())) {
		assert.NotContains(t, string(p), "meglio", "nothing in the clear on the bus")
	}
	w.holds()
}

// TestRemoveMessage: the number stays and nobody who takes part reads any text that ever stood there.
func TestRemoveMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	first := w.post(person, room, "Il mio numero è 333.")
	require.NoError(t, w.edit(person, room, first.Seq, "Il mio numero è 334."))
	require.NoError(t, w.remove(person, room, first.Seq))
	require.NoError(t, w.remove(person, room, first.Seq), "again")
	assert.ErrorIs(t, w.edit(person, room, first.Seq, "Torna."), chat.ErrWithdrawn)
	for _, a := range []account.Actor{person, esp} {
		list := w.said(a, room)
		require.Len(t, list, 3)
		assert.True(t, list[0].Withdrawn)
		for _, m := range list {
			assert.Empty(t, m.Text)
		}
		assert.Equal(t, chat.Removed, list[2].Kind)
	}
	w.holds()
}

func TestChange_refused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	mine := w.post(person, room, "Mio.")
	theirs := w.post(esp, room, "Suo.")
	other, _, elsewhere := w.talking()
	foreign := w.post(other, elsewhere, "Altrove.")
	for name, who := range map[string]account.Actor{
		"another guest": w.someone(account.RoleGuest), "tutor": w.tutor, "admin": w.someone(account.RoleAdmin), "visitor": account.Visitor(w.service), "other": other,
		"another service": w.someoneOf(w.newService("other.example"), account.RoleGuest),
	} {
		for _, err := range []error{w.edit(who, room, mine.Seq, "No."), w.remove(who, room, mine.Seq)} {
			assert.Contains(t, []errs.Kind{errs.NotFound, errs.Forbidden, errs.Unauthenticated}, errs.KindOf(err), name)
		}
	}
	assert.Equal(t, errs.NotFound, errs.KindOf(w.edit(person, room, theirs.Seq, "No.")), "not one's own")
	assert.Equal(t, errs.NotFound, errs.KindOf(w.remove(esp, room, mine.Seq)), "not even the ESP's")
	assert.Equal(t, errs.NotFound, errs.KindOf(w.edit(person, elsewhere, foreign.Seq, "No.")))
	assert.Equal(t, errs.NotFound, errs.KindOf(w.edit(person, room, 99, "No.")))
	assert.Equal(t, errs.Invalid, errs.KindOf(w.edit(person, room, mine.Seq, "  ")))
	assert.Equal(t, errs.Invalid, errs.KindOf(w.edit(person, room, mine.Seq, strings.Repeat("è", chat.MaxText+1))))
	require.NoError(t, w.edit(person, room, mine.Seq, "🌱👩‍👩‍👧"))
	marker := w.said(person, room)[2]
	assert.Equal(t, errs.NotFound, errs.KindOf(w.edit(person, room, marker.Seq, "No.")), "an edit is no message")
	_, err := w.chat.EditMessage(w.ctx, person, chat.Change{Room: room, Seq: mine.Seq, CID: "short"}, "No.")
	assert.Equal(t, errs.Invalid, errs.KindOf(err))

	w.exec(`update chat_messages set at = at - interval '15 min 1 s' where room_id = $1`, room)
	assert.ErrorIs(t, w.edit(person, room, mine.Seq, "Tardi."), chat.ErrTooLate)
	assert.ErrorIs(t, w.remove(person, room, mine.Seq), chat.ErrTooLate)
	w.exec(`update chat_messages set at = now() where room_id = $1`, room)
	require.NoError(t, w.chat.EndConversation(w.ctx, person, room))
	assert.ErrorIs(t, w.edit(person, room, mine.Seq, "Finita."), chat.ErrEnded)
	assert.Equal(t, "🌱👩‍👩‍👧", w.said(esp, room)[0].Text)
	w.holds()
}

// TestChange_alarm: an edit is read like a message, and nobody edits an alarm away: who answers for it reads what was said first.
func TestChange_alarm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, _, room := w.talking()
	first := w.post(person, room, "Va tutto bene.")
	assert.Equal(t, triage.None, first.Level)
	_, err := w.chat.EditMessage(w.ctx, person, chat.Change{Room: room, Seq: first.Seq, CID: newCID()}, "Ho preso le pillole, voglio morire stanotte.")
	require.NoError(t, err)
	assert.Equal(t, 1, w.count(`select count(*) from moderation_escalations where level = 'crisis' and state <> 'closed'`))
	require.NoError(t, w.remove(person, room, first.Seq))
	w.route(room, w.tutor)
	content := w.chat.MessageContent()
	for _, seq := range []string{"1", "2"} {
		ex, err := content.Excerpt(w.ctx, w.pool, w.service, room.String()+"/"+seq)
		require.NoError(t, err)
		assert.Contains(t, ex.Text, "Va tutto bene.")
		assert.Contains(t, ex.Text, "Ho preso le pillole", "the tutor reads what raised it")
	}
	assert.Equal(t, 1, w.count(`select count(*) from moderation_escalations where state <> 'closed'`))
	w.holds()
}

// TestChange_unread: an edit that triage could not read is read again.
func TestChange_unread(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, _, room := w.talking()
	first := w.post(person, room, "Va tutto bene.")
	require.NoError(t, w.edit(person, room, first.Seq, "Ho preso le pillole, voglio morire stanotte."))
	w.exec(`update chat_messages set level = -1, escalation_id = null where kind = 'edited'`)
	w.chat.Work(w.ctx)
	assert.Equal(t, 1, w.count(`select count(*) from chat_messages where kind = 'edited' and level = 3 and escalation_id is not null`))
	w.holds()
}

// TestChange_hidden: what moderators hid stays hidden with every edit of it, and comes back with them.
func TestChange_hidden(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	first := w.post(person, room, "Uno.")
	require.NoError(t, w.edit(person, room, first.Seq, "Due."))
	content := w.chat.MessageContent()
	require.NoError(t, content.Hide(w.ctx, w.pool, w.service, room.String()+"/2", "offende", w.tutor.ID), "named by its edit")
	for _, m := range w.said(esp, room) {
		assert.True(t, m.Hidden)
		assert.Empty(t, m.Text)
	}
	assert.ErrorIs(t, w.edit(person, room, first.Seq, "Tre."), chat.ErrWithdrawn)
	require.NoError(t, content.Restore(w.ctx, w.pool, w.service, room.String()+"/1"))
	assert.Equal(t, "Due.", w.said(esp, room)[0].Text)
	w.holds()
}

// TestChange_twice: the same act sent twenty times at once changes it once, and edits that race each other leave one text.
func TestChange_twice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	first := w.post(person, room, "Uno.")
	same := chat.Change{Room: room, Seq: first.Seq, CID: newCID()}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			r, err := w.chat.EditMessage(w.ctx, person, same, "Due.")
			assert.NoError(t, err)
			assert.Equal(t, int64(2), r.Seq)
		})
	}
	all.Wait()
	assert.Len(t, w.said(esp, room), 2)
	_, err := w.chat.RemoveMessage(w.ctx, person, chat.Change{Room: room, Seq: w.post(person, room, "Altro.").Seq, CID: same.CID})
	assert.ErrorIs(t, err, chat.ErrCIDReused)
	for i := range 10 {
		all.Go(func() { assert.NoError(t, w.edit(person, room, first.Seq, strings.Repeat("a", i+3))) })
		all.Go(func() { w.post(esp, room, "Intanto.") })
	}
	all.Wait()
	shown := w.said(esp, room)
	shows := 0
	for _, m := range shown {
		if m.Kind == chat.Edited && !m.Withdrawn {
			shows++
			assert.Equal(t, shown[0].Text, m.Text)
		}
	}
	assert.Equal(t, 1, shows)
	w.holds()
}

// TestMigrateChanges: a conversation from before goes on, and its messages can be changed.
func TestMigrateChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	first := w.post(person, room, "Uno.")
	w.migrateFrom(8)
	require.NoError(t, w.edit(person, room, first.Seq, "Due."))
	assert.Equal(t, "Due.", w.said(esp, room)[0].Text)
	w.holds()
}
