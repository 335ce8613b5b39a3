package account

import (
	"context"

	"github.com/jackc/pgx/v5"

	"ponti/internal/errs"
)

// Holding says which posts of members and family are read by somebody before they appear in the forum.
type Holding struct {
	First     int  // so many first posts of each, 0 to MaxHoldFirst
	Uncovered bool // those written while no ESP and tutor are on call
}

// MaxHoldFirst is the most that Holding.First may be.
const MaxHoldFirst = 20

// ChangeHolding sets which posts are held back. Those that wait already go on waiting.
func (a *Accounts) ChangeHolding(ctx context.Context, actor Actor, h Holding) error {
	if err := canSetService(actor); err != nil {
		return err
	}
	if h.First < 0 || h.First > MaxHoldFirst {
		return errs.Field("first", "account.hold_first", map[string]any{"Max": MaxHoldFirst})
	}
	return a.changeService(ctx, actor, "settings.change_holding", func(ctx context.Context, tx pgx.Tx) error {
		return updateHolding(ctx, tx, actor.Service, h)
	})
}
