package moderation_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/pg"
	"ponti/moderation"
	"ponti/moderation/triage"
)

// closed is an escalation that a tutor closed, and its tutor.
func (w *world) closed() (moderation.EscalationID, account.Actor) {
	w.t.Helper()
	ctx := w.t.Context()
	tutor := w.newTutor("Anna")
	r := w.raise(w.flagged(newRoom(), 1, triage.Red, w.newActor(account.RoleGuest, "Mare"), w.newESP("Leo", tutor)))
	w.exec(`insert into moderation_routes (service_id, escalation_id, account_id, role, level) values ($1, $2, $3, 'tutor', 'red') on conflict do nothing`, w.service, r.ID, tutor.ID)
	require.NoError(w.t, w.Acknowledge(ctx, tutor, r.ID))
	require.NoError(w.t, w.CloseEscalation(ctx, tutor, r.ID, moderation.Closing{Outcome: moderation.OutcomeTalked, Note: "Ha parlato con suo fratello."}))
	return r.ID, tutor
}

// TestErase_escalation: after 24 months nobody reads what a tutor wrote, or about whom; that it was answered stays.
func TestErase_escalation(t *testing.T) {
	w := newWorld(t, slow())
	ctx := t.Context()
	id, tutor := w.closed()
	left := func() int {
		return scalar[int](w, `select count(*) from moderation_escalations where note is not null and note_wrapped is not null and person_id is not null`)
	}
	w.exec(`update moderation_escalations set closed_at = now() - interval '24 months' + interval '1 min'`)
	require.NoError(t, w.Erase(ctx))
	require.Equal(t, 1, left(), "too soon")
	w.exec(`update moderation_escalations set closed_at = closed_at - interval '2 min'`)
	require.NoError(t, w.Erase(ctx))
	require.NoError(t, w.Erase(ctx), "again")
	require.Zero(t, left())
	shown, err := w.ShowEscalation(ctx, tutor, id)
	require.NoError(t, err)
	assert.Empty(t, shown.Note)
	assert.NotEmpty(t, shown.History)
	broken, err := moderation.Check(ctx, w.pool)
	require.NoError(t, err)
	assert.Empty(t, broken)
}

// TestErase_case: a decided case goes with its reports, its statement and its notices; an open one stays however old it is.
func TestErase_case(t *testing.T) {
	w := newWorld(t, slow())
	ctx := t.Context()
	tutor := w.newTutor("Anna")
	author, reader := w.newActor(account.RoleMember, "Mare"), w.newActor(account.RoleMember, "Luna")
	w.report(reader, w.newPost(author))
	id := w.openCase()
	require.NoError(t, w.Claim(ctx, tutor, id))
	require.NoError(t, w.Decide(ctx, tutor, id, moderation.Decision{Kind: moderation.DecideHide, Reason: "Offende una persona."}))
	w.report(reader, w.newPost(author))
	w.exec(`update moderation_cases set opened_at = now() - interval '25 months'`)
	w.exec(`update moderation_cases set decided_at = now() - interval '24 months' + interval '1 min' where state = 'decided'`)
	require.NoError(t, w.Erase(ctx))
	require.Equal(t, 2, scalar[int](w, `select count(*) from moderation_cases`), "too soon")
	w.exec(`update moderation_cases set decided_at = decided_at - interval '2 min' where state = 'decided'`)
	require.NoError(t, w.Erase(ctx))
	assert.Equal(t, 1, scalar[int](w, `select count(*) from moderation_cases where state = 'open'`))
	assert.Equal(t, 1, scalar[int](w, `select count(*) from moderation_cases`))
	assert.Equal(t, 1, scalar[int](w, `select count(*) from moderation_reports`))
	assert.Zero(t, scalar[int](w, `select count(*) from moderation_notices`))
	_, err := w.ShowCase(ctx, tutor, id)
	assert.Equal(t, errs.NotFound, errs.KindOf(err))
}

func TestConcernOf(t *testing.T) {
	w := newWorld(t, slow())
	ctx := t.Context()
	id, _ := w.closed()
	room := scalar[string](w, `select subject_id from moderation_escalations where id = $1`, id)
	author, reader := w.newActor(account.RoleMember, "Sole"), w.newActor(account.RoleMember, "Luna")
	post := w.newPost(author)
	w.report(reader, post)
	of := func(service account.ServiceID, kind moderation.SubjectKind, ids ...string) moderation.Concern {
		c, err := w.ConcernOf(ctx, w.pool, service, kind, ids)
		require.NoError(t, err)
		return c
	}
	assert.Equal(t, moderation.PastConcern, of(w.service, moderation.SubjectRoom, newRoom(), room))
	assert.Equal(t, moderation.OpenConcern, of(w.service, moderation.SubjectPost, post.ID))
	assert.Equal(t, moderation.NoConcern, of(w.service, moderation.SubjectRoom, newRoom()))
	assert.Equal(t, moderation.NoConcern, of(w.service, moderation.SubjectPost, room), "another kind")
	assert.Equal(t, moderation.NoConcern, of(w.newService("other.example"), moderation.SubjectPost, post.ID), "another service")
	assert.Equal(t, moderation.NoConcern, of(w.service, moderation.SubjectPost))
}

// TestMigrateRetention: a closed escalation and a case from before are kept and, in time, erased.
func TestMigrateRetention(t *testing.T) {
	w := newWorld(t, slow())
	ctx := t.Context()
	w.closed()
	w.report(w.newActor(account.RoleMember, "Luna"), w.newPost(w.newActor(account.RoleMember, "Sole")))
	w.exec(withoutReach + `drop table moderation_policies; alter table moderation_escalations drop column times; drop table moderation_sanctions; alter table moderation_cases drop column sanction, add constraint moderation_cases_decided_whole check (true);
		alter table moderation_cases drop column appeal_of, drop column appeal; drop index moderation_cases_kept; drop index moderation_cases_by_subject; alter table moderation_escalations drop column erased_at,
			add constraint moderation_escalations_closed_whole check (true);
		delete from moderation_migrations where version_id >= 3`)
	require.NoError(t, pg.Migrate(ctx, w.url, moderation.Migrations()))
	w.pool.Reset() // statements prepared for the old tables
	w.exec(`update moderation_escalations set closed_at = now() - interval '25 months'`)
	require.NoError(t, w.Erase(ctx))
	assert.Equal(t, 1, scalar[int](w, `select count(*) from moderation_escalations where erased_at is not null and note is null`))
	assert.Equal(t, 1, scalar[int](w, `select count(*) from moderation_cases`))
}

// TestForget: what somebody told moderators goes with them, once nobody needs it to decide.
func TestForget(t *testing.T) {
	w := newWorld(t, slow())
	ctx := t.Context()
	tutor := w.newTutor("Anna")
	me, author, other := w.newActor(account.RoleMember, "Luna"), w.newActor(account.RoleMember, "Mare"), w.newActor(account.RoleMember, "Sole")
	post := w.newPost(author)
	w.report(me, post)
	w.report(other, post)
	done, err := w.Forget(ctx, me)
	require.NoError(t, err)
	assert.False(t, done, "moderators still need it")
	id := w.openCase()
	require.NoError(t, w.Claim(ctx, tutor, id))
	require.NoError(t, w.Decide(ctx, tutor, id, moderation.Decision{Kind: moderation.DecideHide, Reason: "Offende una persona."}))
	require.Equal(t, 3, scalar[int](w, `select count(*) from moderation_notices`))
	done, err = w.Forget(ctx, me)
	require.NoError(t, err)
	assert.True(t, done)
	assert.Equal(t, other.ID, scalar[account.ID](w, `select reporter_id from moderation_reports where note is not null`))
	assert.Equal(t, 2, scalar[int](w, `select count(*) from moderation_notices`))
}

// TestErase_asTheServiceKeeps: what was noted goes when its service says, and no other's.
func TestErase_asTheServiceKeeps(t *testing.T) {
	w := newWorld(t, slow())
	ctx := t.Context()
	w.closed()
	w.exec(`update moderation_escalations set closed_at = now() - interval '25 months'`)
	w.exec(`update account_services set keep_flagged_months = 26`)
	require.NoError(t, w.Erase(ctx))
	assert.Equal(t, 1, scalar[int](w, `select count(*) from moderation_escalations where note is not null`))
	w.exec(`update moderation_escalations set closed_at = now() - interval '27 months'`)
	require.NoError(t, w.Erase(ctx))
	assert.Zero(t, scalar[int](w, `select count(*) from moderation_escalations where note is not null`))
}
