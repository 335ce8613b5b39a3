package account

import (
	"context"
	"math"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/internal/errs"
	"ponti/internal/pg"
)

// errSuspended says how many hours are left, to who has shown that it is their account.
func errSuspended(left time.Duration) error {
	return errs.Field("alias", "account.suspended", map[string]any{"Hours": int(math.Ceil(left.Hours()))})
}

// Suspend keeps an account out for a time and ends its sessions, in the caller's transaction; announce, after commit, ends their sockets at once. Who may
// is decided by the caller, who also keeps the account of why.
func (a *Accounts) Suspend(ctx context.Context, tx pgx.Tx, service ServiceID, id ID, d time.Duration) (announce func(), err error) {
	if err := updateSuspended(ctx, tx, service, id, d); err != nil {
		return nil, err
	}
	if err := deleteSessionsOf(ctx, tx, service, id); err != nil {
		return nil, err
	}
	return func() { a.announce(id) }, nil
}

// Resume lets a suspended account in again after a time, 0 being at once, in the caller's transaction.
func (a *Accounts) Resume(ctx context.Context, tx pg.Querier, service ServiceID, id ID, after time.Duration) error {
	return updateSuspended(ctx, tx, service, id, after)
}

// Exclusion tells whether an account is disabled because of a case, and who alone has asked for that to be changed; zero when nobody has. Of other cases it tells nothing.
func (a *Accounts) Exclusion(ctx context.Context, service ServiceID, id ID, about string) (disabled bool, askedBy ID, err error) {
	disabled, askedBy, err = selectExclusion(ctx, a.pool, service, id, about)
	return disabled, askedBy, pg.Classify(err)
}
