package chat_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/chat"
	"ponti/internal/errs"
	"ponti/moderation"
)

// TestTutorHandsOver: a tutor alone with a person hands the danger to another. The first reads no more from then on, the person is not left before the second is
// there, and the conversation goes on with them.
func TestTutorHandsOver(t *testing.T) {
	t.Parallel()
	for name, leaves := range map[string]func(w *world, id moderation.EscalationID){
		"who takes it over does not come": func(w *world, _ moderation.EscalationID) {
			w.exec(`update moderation_escalations set acknowledged_at = now() - interval '2 min'`)
		},
		"who takes it over closes it without coming": func(w *world, id moderation.EscalationID) {
			require.NoError(w, w.moderation.CloseEscalation(w.ctx, w.tutor, id, moderation.Closing{Outcome: moderation.OutcomeNoRisk, Note: "Sta meglio."}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			handsOver(t, leaves)
		})
	}
}

func handsOver(t *testing.T, leaves func(w *world, id moderation.EscalationID)) {
	t.Helper()
	w := newWorld(t)
	w.onCall(account.RoleESP)
	person := w.someone(account.RoleGuest)
	w.enter(person, "Vorrei parlare.")
	place := w.place(person)
	require.NoError(t, w.chat.AskForMoreHelp(w.ctx, person, place.Room))
	w.route(place.Room, w.tutor)
	console, err := w.moderation.Console(w.ctx, w.tutor)
	require.NoError(t, err)
	id := console.Waiting[0].ID
	require.NoError(t, w.moderation.Acknowledge(w.ctx, w.tutor, id))
	require.NoError(t, w.chat.JoinVisibly(w.ctx, w.tutor, place.Room, "Sono qui."))
	w.post(person, place.Room, "Grazie.")

	second := w.onCall(account.RoleTutor)
	_, err = w.chat.Room(w.ctx, second, place.Room)
	require.Equal(t, errs.NotFound, errs.KindOf(err))
	require.NoError(t, w.moderation.HandOver(w.ctx, w.tutor, id, second.ID))
	w.post(w.tutor, place.Room, "Ti passo a una collega.")
	require.NoError(t, w.moderation.TakeOver(w.ctx, second, id))
	_, err = w.chat.MessagesAfter(w.ctx, w.tutor, place.Room, 0, 10)
	assert.Equal(t, errs.NotFound, errs.KindOf(err), "it is not theirs any more")
	w.chat.Work(w.ctx)
	w.chat.Work(w.ctx)
	require.Equal(t, "open", w.state(place.Room), "nobody is left alone while another is on the way")
	require.NoError(t, w.chat.JoinVisibly(w.ctx, second, place.Room, "Eccomi."))
	w.chat.Work(w.ctx)
	v, err := w.chat.Room(w.ctx, person, place.Room)
	require.NoError(t, err)
	assert.Equal(t, chat.Open, v.State)
	var here []string
	for _, p := range v.People {
		if !p.Left {
			here = append(here, p.Alias)
		}
	}
	assert.ElementsMatch(t, []string{person.Alias, second.Alias}, here)
	assert.Contains(t, w.texts(second, place.Room), "Ti passo a una collega.")
	w.holds()

	// Taken over by one who does not come in the end: the person is told instead of waiting before an empty chair.
	require.NoError(t, w.moderation.HandOver(w.ctx, second, id, w.tutor.ID))
	require.NoError(t, w.moderation.TakeOver(w.ctx, w.tutor, id))
	w.chat.Work(w.ctx)
	require.Equal(t, "open", w.state(place.Room))
	leaves(w, id)
	w.chat.Work(w.ctx)
	assert.Equal(t, "ended", w.state(place.Room))
	w.holds()
}
