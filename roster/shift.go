package roster

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/audit"
	"ponti/internal/errs"
	"ponti/internal/ids"
	"ponti/internal/pg"
)

// longestLook bounds what Planned reads at once.
const longestLook = 62 * 24 * time.Hour

// PlanShift plans work for a peer or a tutor of the actor's service. Tutors and admins may.
func (r *Roster) PlanShift(ctx context.Context, actor account.Actor, in Shift) (ShiftID, error) {
	if err := account.Can(actor, account.ShiftPlan, account.Relation{}); err != nil {
		return ShiftID{}, err
	}
	if key := spanMistake(in.From, in.To); key != "" {
		return ShiftID{}, errs.Field("to", key, nil)
	}
	in.ID = ids.New[Shift]()
	err := pg.InTx(ctx, r.pool, func(ctx context.Context, tx pgx.Tx) error {
		known, err := r.accounts.Public(ctx, tx, []account.ID{in.Account})
		if err != nil {
			return fmt.Errorf("roster: whose shift: %w", err)
		}
		in.Role = known[in.Account].Role
		if !(account.Actor{Role: in.Role}).Is(account.RoleESP, account.RoleSenior, account.RoleTutor) {
			return ErrNotStaff
		}
		if err := insertShift(ctx, tx, actor, in); err != nil {
			return err
		}
		return audit.Append(ctx, tx, entry(actor, "shift.plan", "shift:"+in.ID.String()))
	})
	return in.ID, err
}

// RemoveShift takes a planned shift back.
func (r *Roster) RemoveShift(ctx context.Context, actor account.Actor, id ShiftID) error {
	if err := account.Can(actor, account.ShiftPlan, account.Relation{}); err != nil {
		return err
	}
	return pg.InTx(ctx, r.pool, func(ctx context.Context, tx pgx.Tx) error {
		if err := deleteShift(ctx, tx, actor.Service, id); err != nil {
			return err
		}
		return audit.Append(ctx, tx, entry(actor, "shift.remove", "shift:"+id.String()))
	})
}

// Planned lists the service's shifts that touch the time between from and to, two months at most, in order of their start.
func (r *Roster) Planned(ctx context.Context, actor account.Actor, from, to time.Time) ([]Shift, error) {
	if err := account.Can(actor, account.ShiftSeeWhoIsOn, account.Relation{}); err != nil {
		return nil, err
	}
	list, err := selectShiftsBetween(ctx, r.pool, actor.Service, from, earlier(to, from.Add(longestLook)))
	if err != nil {
		return nil, pg.Classify(err)
	}
	who := make([]account.ID, len(list))
	for i, s := range list {
		who[i] = s.Account
	}
	names, err := r.accounts.Public(ctx, r.pool, who)
	if err != nil {
		return nil, fmt.Errorf("roster: names: %w", err)
	}
	for i := range list {
		list[i].Alias = names[list[i].Account].Alias
	}
	return list, nil
}
