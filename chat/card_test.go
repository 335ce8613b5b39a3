package chat_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/chat"
	"ponti/internal/errs"
	"ponti/moderation/triage"
)

// TestCard: what an ESP leaves for who comes next is read by the person first, by the next ESP when the person wants it, and by nobody else.
func TestCard(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	next := w.onCall(account.RoleESP)
	require.Equal(t, errs.Invalid, errs.KindOf(w.chat.StepOut(w.ctx, esp, room, strings.Repeat("à", chat.MaxCard+1))))
	require.NoError(t, w.chat.StepOut(w.ctx, esp, room, "  Parlavamo del lavoro.\r\nLe fa bene camminare.  "))
	place := w.place(person)
	require.NotNil(t, place.Card)
	assert.Equal(t, "Parlavamo del lavoro.\nLe fa bene camminare.", place.Card.Text)
	assert.Nil(t, place.Card.Approved)
	assert.Zero(t, w.count(`select count(*) from chat_cards where encode(text_sealed, 'escape') like '%lavoro%'`))

	again := w.accept(next)
	require.Equal(t, place.Room, again)
	cardOf := func(a account.Actor) *chat.Card {
		t.Helper()
		v, err := w.chat.Room(w.ctx, a, again)
		require.NoError(t, err)
		return v.Card
	}
	mark := func() string {
		t.Helper()
		m, err := w.chat.Marks(w.ctx, []chat.RoomID{again})
		require.NoError(t, err)
		return m[again].Mark
	}
	assert.Nil(t, cardOf(next), "the person has not decided")
	require.NotNil(t, cardOf(person))
	before := mark()
	require.NoError(t, w.chat.AnswerCard(w.ctx, person, again, true))
	require.NoError(t, w.chat.AnswerCard(w.ctx, person, again, true), "again is no mistake")
	assert.NotEqual(t, before, mark())
	require.NotNil(t, cardOf(next))
	assert.Equal(t, "Parlavamo del lavoro.\nLe fa bene camminare.", cardOf(next).Text)
	require.NoError(t, w.chat.AnswerCard(w.ctx, person, again, false))
	assert.Nil(t, cardOf(next), "taken back")

	for name, a := range map[string]account.Actor{
		"who wrote it": esp, "the next ESP": next, "another person": w.someone(account.RoleMember), "a tutor": w.tutor, "an administrator": w.someone(account.RoleAdmin),
		"a person elsewhere": w.someoneOf(w.newService("altrove.test"), account.RoleMember),
	} {
		assert.ErrorIs(t, w.chat.AnswerCard(w.ctx, a, again, true), chat.ErrNotFound, name)
	}
	_, err := w.chat.Room(w.ctx, esp, again)
	require.Error(t, err, "who stepped out reads none of what comes next")
	assert.ErrorIs(t, w.chat.AnswerCard(w.ctx, person, room, true), chat.ErrEnded, "the card is of the next conversation")
	require.NoError(t, w.chat.EndConversation(w.ctx, next, again))
	assert.ErrorIs(t, w.chat.AnswerCard(w.ctx, person, again, true), chat.ErrEnded)
	w.exec(`update chat_rooms set kept_as = 'guest', ended_at = now() - interval '3 days', kept_until = now() - interval '1 h', created_at = now() - interval '4 days', started_at = now() - interval '4 days' where id = $1`, again)
	require.NoError(t, w.chat.Erase(w.ctx))
	assert.Zero(t, w.count(`select count(*) from chat_cards`), "it goes with that conversation")
	w.holds()
}

// TestCardForNobody: where nobody waits for the next ESP there is nobody to leave a card for, and nothing of it is kept.
func TestCardForNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	require.NoError(t, w.chat.FlagConversation(w.ctx, esp, room, triage.Red))
	w.route(room, w.tutor)
	require.NoError(t, w.chat.JoinVisibly(w.ctx, w.tutor, room, "Sono Tommaso, resto qui."))
	require.NoError(t, w.chat.StepOut(w.ctx, esp, room, "Due righe."))
	assert.Zero(t, w.count(`select count(*) from chat_cards`), "the tutor goes on in the same conversation")
	v, err := w.chat.Room(w.ctx, person, room)
	require.NoError(t, err)
	assert.Nil(t, v.Card)

	person, esp, room = w.talking()
	require.NoError(t, w.chat.StepOut(w.ctx, esp, room, " \n "))
	assert.Zero(t, w.count(`select count(*) from chat_cards`))
	assert.Nil(t, w.place(person).Card)
}
