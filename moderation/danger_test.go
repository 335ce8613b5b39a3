package moderation_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/pg"
	"ponti/moderation"
	"ponti/moderation/triage"
)

// waiting waits until so many of the database's connections wait for a lock.
func (w *world) waiting(n int) {
	w.t.Helper()
	w.until("somebody waits", func() bool {
		return scalar[int](w, `select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`) == n
	})
}

func (w *world) suspended(who account.Actor) bool {
	w.t.Helper()
	return scalar[bool](w, `select coalesce(suspended_until > now(), false) from account_accounts where id = '`+who.ID.String()+`'`)
}

// TestBanWhileDangerIsRaised: at whatever moment a ban and a danger meet, the person is not kept out.
func TestBanWhileDangerIsRaised(t *testing.T) {
	ban := moderation.Decision{Kind: moderation.DecideNone, Sanction: moderation.SanctionBan, Reason: "Ha insultato chi scriveva."}
	t.Run("the danger first", func(t *testing.T) {
		w := newWorld(t, slow())
		tutor, person := w.newTutor("Anna"), w.newActor(account.RoleMember, "Mare")
		id := w.reported(tutor, person)
		decided := make(chan error, 1)
		require.NoError(t, pg.InTx(t.Context(), w.pool, func(ctx context.Context, tx pgx.Tx) error {
			if _, err := w.Raise(ctx, tx, w.flagged(newRoom(), 1, triage.Red, person, account.Actor{})); err != nil {
				return err
			}
			go func() { decided <- w.Decide(t.Context(), tutor, id, ban) }()
			w.waiting(1)
			return nil
		}))
		assert.Equal(t, errs.Invalid, errs.KindOf(<-decided))
		assert.False(t, w.suspended(person))
	})
	t.Run("the ban first", func(t *testing.T) {
		w := newWorld(t, slow())
		tutor, person := w.newTutor("Anna"), w.newActor(account.RoleMember, "Mare")
		id := w.reported(tutor, person)
		room := newRoom()
		w.raise(w.flagged(room, 1, triage.Amber, person, account.Actor{}))
		hold, err := w.pool.Begin(t.Context())
		require.NoError(t, err)
		_, err = hold.Exec(t.Context(), `select from account_accounts where id = $1 for no key update`, person.ID)
		require.NoError(t, err)
		decided, raised := make(chan error, 1), make(chan moderation.Raised, 1)
		go func() { decided <- w.Decide(t.Context(), tutor, id, ban) }()
		w.waiting(1)
		red := w.flagged(room, 2, triage.Red, person, account.Actor{})
		go func() { raised <- w.raise(red) }()
		w.waiting(2)
		require.NoError(t, hold.Rollback(t.Context()))
		require.NoError(t, <-decided)
		assert.Equal(t, triage.Red, (<-raised).Level)
		assert.False(t, w.suspended(person))
		assert.True(t, scalar[bool](w, `select lifted_at is not null and lifted_by is null from moderation_sanctions`))
		assert.Equal(t, 1, scalar[int](w, `select count(*) from moderation_notices where kind = 'lifted' and account_id = '`+person.ID.String()+`'`), "they are told")
	})
}

// TestZoneThatNobodyKnows: quiet hours in such a zone are none, and hold up no step.
func TestZoneThatNobodyKnows(t *testing.T) {
	w := newWorld(t, slow())
	anna, person := w.newTutor("Anna"), w.newActor(account.RoleGuest, "Mare")
	w.exec(`insert into moderation_reaches (id, service_id, account_id, channel, mark, address, wrapped, key_id, locale, confirmed_at)
		values (gen_random_uuid(), $1, $2, 'mail', '\x01', '\x01', '\x01', 'k', 'it', now())`, w.service, anna.ID)
	w.exec(`insert into moderation_quiet (service_id, account_id, from_min, to_min, zone) values ($1, $2, 0, 1439, 'Mars/Olympus')`, w.service, anna.ID)
	w.Start(t.Context())
	defer w.Stop()
	id := w.raise(w.flagged(newRoom(), 1, triage.Crisis, person, account.Actor{})).ID
	w.until("Anna is asked", func() bool { return len(w.routed(id)) == 1 })
	assert.Equal(t, 1, scalar[int](w, `select count(*) from moderation_notifications where escalation_id = $1 and channel = 'mail'`, id))
}

// TestCheckLetsGo: what cannot be mended any more is not held against the service for ever, and the look of each half minute is not at all there ever was.
func TestCheckLetsGo(t *testing.T) {
	w := newWorld(t, slow())
	ctx := t.Context()
	anna := w.newTutor("Anna")
	id := w.owned(anna, triage.Red)
	w.until("delivered", func() bool {
		return scalar[int](w, `select count(*) from moderation_notifications where state = 'pending'`) == 0
	})
	w.exec(`insert into moderation_notifications (service_id, escalation_id, fence, level, rung, channel, state, created_at, ended_at)
		values ($1, $2, 1, 'red', 5, 'webhook', 'failed', now() - interval '5 minutes', now())`, w.service, id)
	found := func(check func(context.Context, pg.Querier) ([]moderation.Violation, error)) (rules []string) {
		v, err := check(ctx, w.pool)
		require.NoError(t, err)
		for _, one := range v {
			rules = append(rules, one.Rule)
		}
		return rules
	}
	assert.Equal(t, []string{"undelivered"}, found(moderation.Check))
	require.NoError(t, w.CloseEscalation(ctx, anna, id, moderation.Closing{Outcome: moderation.OutcomeTalked, Note: "Sta meglio."}))
	assert.Equal(t, []string{"undelivered"}, found(moderation.Check), "of today it is told")
	w.exec(`update moderation_escalations set closed_at = now() - interval '25 hours'`)
	assert.Empty(t, found(moderation.Check))
	assert.Empty(t, found(moderation.CheckAll))
	w.exec(`update moderation_escalations set fence = fence + 1`)
	assert.Empty(t, found(moderation.Check))
	assert.Equal(t, []string{"history"}, found(moderation.CheckAll), "the whole walk finds what is old")
}

// TestMigrateWidened: what stands in the tables stays, and the new kinds are taken.
func TestMigrateWidened(t *testing.T) {
	w := newWorld(t, slow())
	ctx := t.Context()
	tutor, person := w.newTutor("Anna"), w.newActor(account.RoleMember, "Mare")
	id := w.raise(w.flagged(newRoom(), 1, triage.Amber, person, account.Actor{})).ID
	require.NoError(t, w.Lift(ctx, tutor, w.sanctioned(tutor, person, moderation.SanctionMute)))
	w.exec(`alter table moderation_steps drop constraint moderation_steps_kind; alter table moderation_steps add constraint moderation_steps_kind check (kind <> 'widened');
		alter table moderation_sanctions drop constraint moderation_sanctions_lifted_whole;
		alter table moderation_sanctions add constraint moderation_sanctions_lifted_whole check ((lifted_at is null) = (lifted_by is null));
		delete from moderation_migrations where version_id >= 16`)
	require.NoError(t, pg.Migrate(ctx, w.url, moderation.Migrations()))
	w.pool.Reset()
	w.exec(`insert into moderation_steps (service_id, escalation_id, fence, kind, level, rung, round, due_at) values ($1, $2, 2, 'widened', 'amber', 0, 0, $3)`, w.service, id, time.Now())
	w.exec(`update moderation_sanctions set lifted_by = null`)
	_, err := w.pool.Exec(ctx, `update moderation_sanctions set lifted_at = null, lifted_by = $1`, tutor.ID)
	require.Error(t, err)
}
