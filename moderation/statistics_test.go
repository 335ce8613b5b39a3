package moderation_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/moderation"
	"ponti/moderation/triage"
)

// TestStatistics: alerts of the last thirty days are counted by level, with how soon a person took them; who opens none is not told counts that might point at somebody.
func TestStatistics(t *testing.T) {
	w := newWorld(t, slow())
	ctx := t.Context()
	w.Start(ctx)
	defer w.Stop()
	anna := w.newTutor("Anna")
	esp, admin, auditor := w.newESP("Marta", anna), w.newActor(account.RoleAdmin, "Capo"), w.newActor(account.RoleAuditor, "Remo")
	none, err := w.Statistics(ctx, anna)
	require.NoError(t, err)
	assert.Empty(t, none)
	var ids []moderation.EscalationID
	for n := range 7 {
		level := triage.Red
		if n == 6 {
			level = triage.Crisis
		}
		id := w.raise(w.flagged(newRoom(), 1, level, w.newActor(account.RoleGuest, "Mare "+string(rune('A'+n))), esp)).ID
		w.until("routed", func() bool { return len(w.routed(id)) > 0 })
		ids = append(ids, id)
	}
	for _, id := range ids[:5] {
		require.NoError(t, w.Acknowledge(ctx, anna, id))
	}
	for _, id := range ids[:2] {
		require.NoError(t, w.CloseEscalation(ctx, anna, id, moderation.Closing{Outcome: moderation.OutcomeTalked, Note: "Parlato."}))
	}
	w.exec(`update moderation_steps set at = at + interval '90 s' where kind = 'acknowledged'`)
	w.exec(`update moderation_escalations set raised_at = raised_at - interval '31 days' where id = $1`, ids[5])

	list, err := w.Statistics(ctx, anna)
	require.NoError(t, err)
	require.Len(t, list, 2)
	crisis, red := list[0], list[1]
	assert.Equal(t, triage.Crisis, crisis.Level, "the gravest first")
	assert.Equal(t, moderation.Figure{N: 1}, crisis.Raised)
	assert.Zero(t, crisis.Acknowledged)
	assert.Zero(t, crisis.Median)
	assert.Equal(t, moderation.Figure{N: 5}, red.Raised, "what is older is not counted")
	assert.Equal(t, moderation.Figure{N: 5}, red.Acknowledged)
	assert.InDelta(t, 90, red.Median.Seconds(), 30)
	assert.GreaterOrEqual(t, red.Slow, red.Median)
	assert.Equal(t, moderation.Figure{N: 2}, red.Outcomes[moderation.OutcomeTalked])
	assert.Zero(t, red.Outcomes[moderation.OutcomeNoRisk])

	for _, actor := range []account.Actor{admin, auditor} {
		list, err := w.Statistics(ctx, actor)
		require.NoError(t, err)
		assert.Equal(t, moderation.Figure{Few: true}, list[0].Raised)
		assert.Equal(t, moderation.Figure{N: 5}, list[1].Raised)
		assert.Equal(t, moderation.Figure{Few: true}, list[1].Outcomes[moderation.OutcomeTalked])
		assert.Greater(t, list[1].Median, time.Minute)
	}
	w.exec(`update moderation_escalations set raised_at = raised_at - interval '31 days' where id = $1`, ids[0])
	list, err = w.Statistics(ctx, admin)
	require.NoError(t, err)
	assert.Equal(t, moderation.Figure{Few: true}, list[1].Acknowledged)
	assert.Zero(t, list[1].Median, "nor times that so few make")
	for _, actor := range []account.Actor{esp, w.newActor(account.RoleMember, "Girasole")} {
		_, err := w.Statistics(ctx, actor)
		assert.Equal(t, errs.Forbidden, errs.KindOf(err))
	}
	other, err := w.Statistics(ctx, w.newActorOf(w.newService("other.example"), account.RoleTutor, "Altrove"))
	require.NoError(t, err)
	assert.Empty(t, other, "each service its own")
}
