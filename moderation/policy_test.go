package moderation_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/pg"
	"ponti/moderation"
	"ponti/moderation/triage"
)

func times(crisis, crisisIdle, red, redIdle, amber time.Duration) moderation.Ladder {
	return moderation.Ladder{Crisis: moderation.Times{Within: crisis, Idle: crisisIdle}, Red: moderation.Times{Within: red, Idle: redIdle}, Amber: moderation.Times{Within: amber}}
}

var faster = times(30*time.Second, 2*time.Minute, time.Minute, 5*time.Minute, 5*time.Minute)

// due is when the only escalation must be answered, from now.
func (w *world) due() time.Duration {
	w.t.Helper()
	return time.Duration(scalar[float64](w, `select extract(epoch from due_at - now()) from moderation_escalations order by raised_at desc limit 1`) * float64(time.Second))
}

// TestPolicy: one tutor asks and another approves; what is raised afterwards follows it, what was raised before goes on as it began.
func TestPolicy(t *testing.T) {
	w := newWorld(t, moderation.Options{})
	ctx := t.Context()
	first, second := w.newTutor("Anna"), w.newTutor("Bruno")
	auditor, member := w.newActor(account.RoleAuditor, "Rocco"), w.newActor(account.RoleMember, "Mare")
	p, err := w.Policies(ctx, first)
	require.NoError(t, err)
	require.Equal(t, moderation.DefaultLadder(), p.Now)

	require.NoError(t, w.AskPolicy(ctx, first, faster))
	p, err = w.Policies(ctx, first)
	require.NoError(t, err)
	require.Equal(t, moderation.DefaultLadder(), p.Now, "one is not enough")
	require.Equal(t, 1, p.Asked.Version)
	require.True(t, p.Asked.Mine)
	require.ErrorIs(t, w.ApprovePolicy(ctx, first, 1), moderation.ErrPolicyOwn)
	require.ErrorIs(t, w.ApprovePolicy(ctx, second, 2), moderation.ErrPolicyGone)

	before := w.raise(w.flagged("prima", 1, triage.Red, member, w.newESP("Emma", first)))
	w.Start(ctx)
	t.Cleanup(w.Stop)
	w.until("it is offered", func() bool { return w.state(before.ID) == "offered" })
	assert.InDelta(t, (5 * time.Minute).Seconds(), w.due().Seconds(), 20)

	require.NoError(t, w.ApprovePolicy(ctx, second, 1))
	require.ErrorIs(t, w.ApprovePolicy(ctx, second, 1), moderation.ErrPolicyGone)
	p, err = w.Policies(ctx, auditor)
	require.NoError(t, err)
	assert.Equal(t, faster, p.Now)
	assert.Nil(t, p.Asked)
	require.Len(t, p.Past, 1)
	assert.Equal(t, []string{"Anna", "Bruno"}, []string{p.Past[0].AskedBy, p.Past[0].ApprovedBy})

	after := w.raise(w.flagged("dopo", 1, triage.Red, member, account.Actor{}))
	w.until("it is offered", func() bool { return w.state(after.ID) == "offered" })
	assert.InDelta(t, time.Minute.Seconds(), w.due().Seconds(), 20)
	require.NoError(t, w.Acknowledge(ctx, first, after.ID))
	assert.InDelta(t, (5 * time.Minute).Seconds(), w.due().Seconds(), 20, "and so does the patience with who took it")
	assert.Equal(t, 1, scalar[int](w, `select count(*) from moderation_escalations where times is null`), "the one of before")
	lifted := w.raise(w.flagged("dopo", 2, triage.Crisis, member, account.Actor{}))
	assert.Equal(t, after.ID, lifted.ID)
	assert.InDelta(t, 30, w.due().Seconds(), 20)

	// Back with one click, and one more person.
	require.NoError(t, w.AskPolicy(ctx, second, moderation.DefaultLadder()))
	require.NoError(t, w.ApprovePolicy(ctx, first, 2))
	p, err = w.Policies(ctx, first)
	require.NoError(t, err)
	assert.Equal(t, moderation.DefaultLadder(), p.Now)
	assert.Equal(t, moderation.PolicyPast, p.Past[1].State)
	assert.Equal(t, 4, scalar[int](w, `select count(*) from audit_entries where action like 'policy.%'`))
}

// TestPolicy_whoMay: tutors ask and approve, auditors read; nobody of another service.
func TestPolicy_whoMay(t *testing.T) {
	w := newWorld(t, slow())
	ctx := t.Context()
	tutor := w.newTutor("Anna")
	elsewhere := w.newActorOf(w.newService("altrove.example"), account.RoleTutor, "Lontano")
	require.NoError(t, w.AskPolicy(ctx, tutor, faster))
	for _, role := range []account.Role{account.RoleGuest, account.RoleMember, account.RoleFamily, account.RoleESP, account.RoleSenior, account.RoleAdmin, account.RoleAuditor} {
		a := w.newActor(role, "Qualcuno "+string(role))
		assert.Error(t, w.AskPolicy(ctx, a, faster), role)
		assert.Error(t, w.ApprovePolicy(ctx, a, 1), role)
		assert.Error(t, w.DropPolicy(ctx, a, 1), role)
		_, err := w.Policies(ctx, a)
		assert.Equal(t, role == account.RoleAuditor, err == nil, role)
	}
	assert.ErrorIs(t, w.ApprovePolicy(ctx, elsewhere, 1), moderation.ErrPolicyGone)
	p, err := w.Policies(ctx, elsewhere)
	require.NoError(t, err)
	assert.Nil(t, p.Asked)
}

// TestPolicy_bounds: times that would let somebody lie, or alarm for nothing, are refused, each with its field.
func TestPolicy_bounds(t *testing.T) {
	w := newWorld(t, slow())
	tutor := w.newTutor("Anna")
	d := moderation.DefaultLadder()
	for name, wrong := range map[string]moderation.Ladder{
		"crisis_within": times(d.Red.Within, d.Crisis.Idle, d.Red.Within, d.Red.Idle, d.Amber.Within),
		"crisis_idle":   times(d.Crisis.Within, 0, d.Red.Within, d.Red.Idle, d.Amber.Within),
		"red_within":    times(d.Crisis.Within, d.Crisis.Idle, time.Hour, d.Red.Idle, d.Amber.Within),
		"red_idle":      times(d.Crisis.Within, d.Crisis.Idle, d.Red.Within, time.Second, d.Amber.Within),
		"amber_within":  times(d.Crisis.Within, d.Crisis.Idle, d.Red.Within, d.Red.Idle, 24*time.Hour),
	} {
		err := w.AskPolicy(t.Context(), tutor, wrong)
		var fields errs.Fields
		require.ErrorAs(t, err, &fields, name)
		require.Len(t, fields, 1, name)
		assert.Equal(t, name, fields[0].Field)
	}
	upside := times(2*time.Minute, d.Crisis.Idle, time.Minute, d.Red.Idle, d.Amber.Within)
	assert.Equal(t, errs.Invalid, errs.KindOf(w.AskPolicy(t.Context(), tutor, upside)), "what is worse is not answered later")
	assert.Equal(t, errs.Invalid, errs.KindOf(w.AskPolicy(t.Context(), tutor, times(d.Crisis.Within+time.Millisecond, d.Crisis.Idle, d.Red.Within, d.Red.Idle, d.Amber.Within))))
	assert.Zero(t, scalar[int](w, `select count(*) from moderation_policies`))
}

// TestPolicy_atOnce: ten approvals make one change, and who asks anew drops what was asked for.
func TestPolicy_atOnce(t *testing.T) {
	w := newWorld(t, slow())
	ctx := t.Context()
	first, second := w.newTutor("Anna"), w.newTutor("Bruno")
	require.NoError(t, w.AskPolicy(ctx, second, moderation.DefaultLadder()))
	require.NoError(t, w.AskPolicy(ctx, first, faster))
	require.ErrorIs(t, w.ApprovePolicy(ctx, first, 1), moderation.ErrPolicyGone)
	var won atomic.Int64
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			if err := w.ApprovePolicy(ctx, second, 2); err == nil {
				won.Add(1)
			} else {
				assert.ErrorIs(t, err, moderation.ErrPolicyGone)
			}
		})
	}
	all.Wait()
	assert.Equal(t, int64(1), won.Load())
	require.NoError(t, w.AskPolicy(ctx, first, moderation.DefaultLadder()))
	require.NoError(t, w.DropPolicy(ctx, second, 3))
	require.ErrorIs(t, w.DropPolicy(ctx, second, 3), moderation.ErrPolicyGone)
	require.NoError(t, w.AskPolicy(ctx, first, moderation.DefaultLadder()))
	w.exec(`update moderation_policies set asked_at = now() - interval '61 minutes' where state = 'asked'`)
	require.ErrorIs(t, w.ApprovePolicy(ctx, second, 4), moderation.ErrPolicyGone, "nobody approves what was forgotten")
	require.NoError(t, w.AskPolicy(ctx, second, moderation.DefaultLadder()))
}

// TestMigratePolicies: what was raised before follows the times of before.
func TestMigratePolicies(t *testing.T) {
	w := newWorld(t, slow())
	ctx := t.Context()
	w.raise(w.flagged("prima", 1, triage.Red, w.newActor(account.RoleMember, "Mare"), account.Actor{}))
	w.exec(withoutReach + `drop table moderation_policies; alter table moderation_escalations drop column times; delete from moderation_migrations where version_id >= 7`)
	require.NoError(t, pg.Migrate(ctx, w.url, moderation.Migrations()))
	w.pool.Reset() // statements prepared for the old tables
	assert.Equal(t, 1, scalar[int](w, `select count(*) from moderation_escalations where times is null`))
	w.raise(w.flagged("prima", 2, triage.Red, w.newActor(account.RoleMember, "Sole"), account.Actor{}))
}
