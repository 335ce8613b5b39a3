package roster

import (
	"context"
	"fmt"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/pg"
)

// Unbacked is an ESP on shift whose own tutor cannot be reached now.
type Unbacked struct {
	ESP    string // alias
	Tutor  string // alias of their own; empty when they have none
	Others bool   // another tutor is on call, and is asked instead
}

// Unbacked lists the ESPs on shift without their own tutor on call, for staff.
func (r *Roster) Unbacked(ctx context.Context, actor account.Actor) ([]Unbacked, error) {
	if err := account.Can(actor, account.ShiftSeeWhoIsOn, account.Relation{}); err != nil {
		return nil, err
	}
	all, err := selectOpenDuties(ctx, r.pool, actor.Service)
	if err != nil {
		return nil, pg.Classify(err)
	}
	here := map[account.ID]bool{} // tutors on call
	for _, d := range all {
		if d.OnCall && d.Role == account.RoleTutor {
			here[d.Account] = true
		}
	}
	var alone, who []account.ID
	tutors := map[account.ID]account.ID{} // of an ESP
	for _, d := range all {
		if !(account.Actor{Role: d.Role}).IsPeer() {
			continue
		}
		own, err := r.accounts.TutorOf(ctx, r.pool, d.Account)
		if err != nil && errs.KindOf(err) != errs.NotFound {
			return nil, pg.Classify(err)
		}
		if here[own] {
			continue
		}
		tutors[d.Account] = own
		alone, who = append(alone, d.Account), append(who, d.Account, own)
	}
	if len(alone) == 0 {
		return nil, nil
	}
	names, err := r.accounts.Public(ctx, r.pool, who)
	if err != nil {
		return nil, fmt.Errorf("roster: names: %w", err)
	}
	list := make([]Unbacked, len(alone))
	for i, esp := range alone {
		list[i] = Unbacked{ESP: names[esp].Alias, Tutor: names[tutors[esp]].Alias, Others: len(here) > 0}
	}
	return list, nil
}
