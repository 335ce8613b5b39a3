package moderation

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/audit"
	"ponti/internal/errs"
	"ponti/internal/pg"
)

// PolicyState is how it stands with a version of the ladder's times.
type PolicyState string

// The states of a policy.
const (
	PolicyAsked   PolicyState = "asked"   // one tutor asks for it
	PolicyDropped PolicyState = "dropped" // nobody wanted it
	PolicyActive  PolicyState = "active"  // new escalations follow it
	PolicyPast    PolicyState = "past"    // another came after it; what was raised by it follows it still
)

// Policy is one version of the times of a service's ladder.
type Policy struct {
	Version    int
	Ladder     Ladder
	State      PolicyState
	AskedBy    string // alias
	AskedAt    time.Time
	ApprovedBy string // alias; empty while asked
	ApprovedAt time.Time
	Mine       bool // the actor asked for it
}

// Policies are the times of a service's ladder, and who wanted them.
type Policies struct {
	Now   Ladder
	Asked *Policy  // waits for a second tutor; nil: none does
	Past  []Policy // all others, the latest first, at most fifty
}

// askedFor is how long a second tutor is waited for: two people act together, or one asks again.
const askedFor = time.Hour

// ErrPolicyGone says that a policy is not asked for any more, or not by somebody else.
var (
	ErrPolicyGone = errs.New(errs.Conflict, "moderation.policy_gone")
	ErrPolicyOwn  = errs.New(errs.Conflict, "moderation.policy_own")
)

// Bounds of the ladder's times. DESIGN section 6 gives what a service starts with; within these it may decide: a rung so short that nobody can
// answer alarms for nothing, and one so long lets somebody lie.
var policyBounds = map[string]struct{ Least, Most time.Duration }{
	"crisis_within": {30 * time.Second, 2 * time.Minute},
	"crisis_idle":   {2 * time.Minute, 10 * time.Minute},
	"red_within":    {time.Minute, 10 * time.Minute},
	"red_idle":      {5 * time.Minute, 30 * time.Minute},
	"amber_within":  {5 * time.Minute, 2 * time.Hour},
}

// PolicyBounds is the least and the most that one of the times may be: crisis_within, crisis_idle, red_within, red_idle and amber_within.
func PolicyBounds(name string) (least, most time.Duration) {
	b := policyBounds[name]
	return b.Least, b.Most
}

// Policies reads them; tutors and auditors may.
func (m *Moderation) Policies(ctx context.Context, actor account.Actor) (Policies, error) {
	p := Policies{Now: m.options.Ladder}
	if err := account.Can(actor, account.SettingsRiskRulesAndEscalationTimes, account.Relation{SecondPerson: true}); err != nil {
		return p, err
	}
	rows, err := selectPolicies(ctx, m.pool, actor, askedFor)
	if err != nil {
		return p, pg.Classify(err)
	}
	var who []account.ID
	for _, r := range rows {
		who = append(who, r.askedBy, r.approvedBy)
	}
	names, err := m.accounts.Public(ctx, m.pool, who)
	if err != nil {
		return p, err
	}
	for _, r := range rows {
		shown := r.Policy
		shown.AskedBy, shown.ApprovedBy, shown.Mine = names[r.askedBy].Alias, names[r.approvedBy].Alias, r.askedBy == actor.ID
		if shown.State == PolicyActive {
			p.Now = shown.Ladder
		}
		if shown.State == PolicyAsked {
			p.Asked = &shown
		} else {
			p.Past = append(p.Past, shown)
		}
	}
	return p, nil
}

// AskPolicy asks for other times. They hold once another tutor approves them, for what is raised from then on. What was asked for before and not approved is
// dropped by it. errs.Fields for what is out of bounds.
func (m *Moderation) AskPolicy(ctx context.Context, actor account.Actor, l Ladder) error {
	if err := maySetPolicy(actor); err != nil {
		return err
	}
	if err := l.check(); err != nil {
		return err
	}
	return pg.InTx(ctx, m.pool, func(ctx context.Context, tx pgx.Tx) error {
		if err := lockPolicies(ctx, tx, actor.Service); err != nil {
			return err
		}
		if err := updatePolicyDropped(ctx, tx, actor.Service); err != nil {
			return err
		}
		if err := insertPolicy(ctx, tx, actor, l); err != nil {
			return err
		}
		return audit.Append(ctx, tx, entry(actor, "policy.ask", "service:"+actor.Service.String(), l.String()))
	})
}

// ApprovePolicy has the times hold that another tutor asks for. ErrPolicyOwn for one's own, ErrPolicyGone when they are not asked for any more.
func (m *Moderation) ApprovePolicy(ctx context.Context, actor account.Actor, version int) error {
	return m.settlePolicy(ctx, actor, version, "policy.approve", func(ctx context.Context, tx pgx.Tx, r policyRow) error {
		if r.askedBy == actor.ID {
			return ErrPolicyOwn
		}
		return updatePolicyActive(ctx, tx, actor, version)
	})
}

// DropPolicy takes back what was asked for; any tutor may.
func (m *Moderation) DropPolicy(ctx context.Context, actor account.Actor, version int) error {
	return m.settlePolicy(ctx, actor, version, "policy.drop", func(ctx context.Context, tx pgx.Tx, _ policyRow) error {
		return updatePolicyDropped(ctx, tx, actor.Service)
	})
}

func (m *Moderation) settlePolicy(ctx context.Context, actor account.Actor, version int, action string, settle func(context.Context, pgx.Tx, policyRow) error) error {
	if err := maySetPolicy(actor); err != nil {
		return err
	}
	return pg.InTx(ctx, m.pool, func(ctx context.Context, tx pgx.Tx) error {
		if err := lockPolicies(ctx, tx, actor.Service); err != nil {
			return err
		}
		rows, err := selectPolicies(ctx, tx, actor, askedFor)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if r.Version != version || r.State != PolicyAsked {
				continue
			}
			if err := settle(ctx, tx, r); err != nil {
				return err
			}
			return audit.Append(ctx, tx, entry(actor, action, "service:"+actor.Service.String(), r.Ladder.String()))
		}
		return ErrPolicyGone
	})
}

// maySetPolicy allows what the matrix does, less the auditor, for whom it means reading.
func maySetPolicy(actor account.Actor) error {
	if actor.Is(account.RoleAuditor) {
		return account.ErrForbidden
	}
	return account.Can(actor, account.SettingsRiskRulesAndEscalationTimes, account.Relation{SecondPerson: true})
}

// check holds the times to their bounds, and to whole seconds.
func (l Ladder) check() error {
	var wrong errs.Fields
	for _, t := range []struct {
		name string
		time time.Duration
	}{
		{"crisis_within", l.Crisis.Within}, {"crisis_idle", l.Crisis.Idle}, {"red_within", l.Red.Within}, {"red_idle", l.Red.Idle}, {"amber_within", l.Amber.Within},
	} {
		if b := policyBounds[t.name]; t.time < b.Least || t.time > b.Most || t.time%time.Second != 0 {
			wrong.Add(t.name, "moderation.policy_bounds", map[string]any{"Min": int(b.Least.Seconds()), "Max": int(b.Most.Seconds())})
		}
	}
	if len(wrong) == 0 && (l.Crisis.Within > l.Red.Within || l.Red.Within > l.Amber.Within) {
		wrong.Add("crisis_within", "moderation.policy_order", nil)
	}
	return wrong.Err()
}

// String is for the audit log.
func (l Ladder) String() string {
	return "crisis " + l.Crisis.Within.String() + "/" + l.Crisis.Idle.String() + ", red " + l.Red.Within.String() + "/" + l.Red.Idle.String() + ", amber " + l.Amber.Within.String()
}

// ladderOf are the times by which an escalation is climbed: those of when it was raised.
func (m *Moderation) ladderOf(e row) Ladder {
	if e.Times == nil {
		return m.options.Ladder
	}
	return e.Times.ladder()
}
