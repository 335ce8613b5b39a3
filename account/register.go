package account

import (
	"context"
	"time"

	"ponti/internal/audit"
)

// RegisterLine is one act in the audit log. It names things by identifier; who acted by alias, where they still have one.
type RegisterLine struct {
	ID     int64
	At     time.Time
	Role   string
	Alias  string // empty for Ponti itself, and for an account that is gone
	Action string
	Object string
	Reason string
}

// RegisterPage is one page of the audit log, the newest first.
type RegisterPage struct {
	Lines []RegisterLine
	Older int64 // id from before which the next page begins; 0: none
}

// registerLines is how many a page has.
const registerLines = 100

// Register reads the audit log: an auditor all of their service, a tutor what they did and what was done to them. That it was read stands in it.
func (a *Accounts) Register(ctx context.Context, actor Actor, before int64) (RegisterPage, error) {
	var p RegisterPage
	if err := Can(actor, AuditLogRead, Relation{Own: true}); err != nil {
		return p, err
	}
	of := ID{}
	if !actor.Is(RoleAuditor) {
		of = actor.ID
	}
	if err := audit.Append(ctx, a.pool, entry(actor, "audit_log.read", "service:"+actor.Service.String(), "")); err != nil {
		return p, err
	}
	lines, err := audit.List(ctx, a.pool, actor.Service, of, before, registerLines+1)
	if err != nil {
		return p, err
	}
	if len(lines) > registerLines {
		lines = lines[:registerLines]
		p.Older = lines[registerLines-1].ID
	}
	who := make([]ID, len(lines))
	for i, l := range lines {
		who[i] = l.Actor
	}
	names, err := a.Public(ctx, a.pool, who)
	if err != nil {
		return p, err
	}
	for _, l := range lines {
		p.Lines = append(p.Lines, RegisterLine{ID: l.ID, At: l.At, Role: l.Role, Alias: names[l.Actor].Alias, Action: l.Action, Object: l.Object, Reason: l.Reason})
	}
	return p, nil
}

// Proof is what a walk along the chain of the audit log found.
type Proof struct {
	Head    string   // where it ended; empty when it was not walked
	Faults  []string // what is wrong, and with which entry or link
	TooLong bool     // it could not be walked in time: `ponti verify` can
}

// proofWithin is how long a page waits for the walk.
const proofWithin = 15 * time.Second

// RegisterEnd is where the chain ends, without walking it.
func (a *Accounts) RegisterEnd(ctx context.Context, actor Actor) (string, error) {
	if err := Can(actor, AuditLogVerifyTheChain, Relation{}); err != nil {
		return "", err
	}
	h, err := audit.End(ctx, a.pool)
	return h.String(), err
}

// ProveRegister walks the chain from its beginning: an entry edited, dropped or put in by hand is named. Administrators and auditors may. The chain is
// that of the whole installation, and what it names are numbers.
func (a *Accounts) ProveRegister(ctx context.Context, actor Actor) (Proof, error) {
	if err := Can(actor, AuditLogVerifyTheChain, Relation{}); err != nil {
		return Proof{}, err
	}
	within, cancel := context.WithTimeout(ctx, proofWithin)
	defer cancel()
	h, faults, err := audit.Check(within, a.pool, audit.Head{})
	if within.Err() != nil && ctx.Err() == nil {
		return Proof{TooLong: true}, nil
	}
	if err != nil {
		return Proof{}, err
	}
	p := Proof{Head: h.String()}
	for _, f := range faults {
		p.Faults = append(p.Faults, f.Rule+" "+f.Object)
	}
	return p, audit.Append(ctx, a.pool, entry(actor, "audit_log.prove", "service:"+actor.Service.String(), ""))
}
