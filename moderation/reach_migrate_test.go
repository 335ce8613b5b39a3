package moderation_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/pg"
	"ponti/moderation"
	"ponti/moderation/triage"
)

// withoutReach takes the tables back to before migration 9.
const withoutReach = withoutNotes + `drop table moderation_reaches, moderation_quiet, moderation_push_keys; alter table moderation_notifications drop column reach_id,
	add constraint moderation_notifications_once unique nulls not distinct (escalation_id, fence, channel, account_id); `

func TestMigrateReach(t *testing.T) {
	w := newWorld(t, slow())
	w.newTutor("Anna")
	w.setWebhook("http://127.0.0.1:1/")
	person := w.newActor(account.RoleGuest, "Mare")
	w.Start(t.Context())
	id := w.raise(w.flagged(newRoom(), 1, triage.Crisis, person, account.Actor{})).ID
	w.until("both channels owe something", func() bool {
		w.exec(`update moderation_escalations set due_at = now() where id = $1 and rung < 5`, id)
		return len(w.ended(id, moderation.ChannelWebhook)) > 0
	})
	w.Stop()
	before := len(w.ended(id, moderation.ChannelConsole))
	require.Positive(t, before)
	w.exec(withoutReach + `delete from moderation_migrations where version_id >= 9`)
	require.NoError(t, pg.Migrate(t.Context(), w.url, moderation.Migrations()))
	assert.Len(t, w.ended(id, moderation.ChannelConsole), before)
	assert.Len(t, w.ended(id, moderation.ChannelWebhook), 1)
}
