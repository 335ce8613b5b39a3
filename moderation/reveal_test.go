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

// withoutReveals takes the tables back to before migration 14.
const withoutReveals = `drop table moderation_reveals; delete from moderation_notices where kind = 'revealed'; alter table moderation_notices drop column escalation_id, alter column case_id set not null,
	drop constraint moderation_notices_kind, add constraint moderation_notices_kind check (kind in ('hidden', 'report_hidden', 'report_kept', 'appeal_kept', 'appeal_restored',
		'report_restored', 'warned', 'muted', 'banned', 'lifted', 'report_acted')); `

// TestMigrateReveals: what people were told before stays told.
func TestMigrateReveals(t *testing.T) {
	w := newWorld(t, slow())
	tutor, author := w.newTutor("Anna"), w.newActor(account.RoleMember, "Mare")
	w.sanctioned(tutor, author, moderation.SanctionWarn)
	w.exec(withoutClock + withoutReveals + `delete from moderation_migrations where version_id >= 14`)
	require.NoError(t, pg.Migrate(t.Context(), w.url, moderation.Migrations()))
	assert.Equal(t, []moderation.NoticeKind{moderation.NoticeWarned}, w.told(author))
}

// TestRevealNoticeErased: that somebody was told of an escalation goes with what it was about.
func TestRevealNoticeErased(t *testing.T) {
	w := newWorld(t, slow())
	author := w.newActor(account.RoleMember, "Mare")
	e := w.raise(w.flagged(newRoom(), 1, triage.Crisis, author, account.Actor{}))
	w.exec(`insert into moderation_notices (id, service_id, account_id, escalation_id, kind) values (gen_random_uuid(), $1, $2, $3, 'revealed')`, w.service, author.ID, e.ID)
	require.NoError(t, w.Erase(t.Context()))
	assert.Equal(t, []moderation.NoticeKind{moderation.NoticeRevealed}, w.told(author))
	w.exec(`update moderation_escalations set state = 'closed', due_at = null, owner_id = $1, acknowledged_at = now(), closed_at = now() - interval '61 months', outcome = 'no_risk', note = 'n', note_wrapped = 'w', note_key_id = 'k'`, w.newTutor("Anna").ID)
	require.NoError(t, w.Erase(t.Context()))
	assert.Empty(t, w.told(author))
}
