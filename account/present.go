package account

import (
	"context"
	"time"

	"ponti/internal/pg"
)

// Named gives what others may know of those of some accounts that have a name: who was erased has none any more. Whether somebody may sign in just now is not told by it.
func (a *Accounts) Named(ctx context.Context, q pg.Querier, service ServiceID, some []ID) (map[ID]Public, error) {
	return selectNamed(ctx, q, service, some)
}

// Acting is an account as somebody who asks, without a session: for what is done for them while they are away. ErrNotFound for who was erased, is shut out or suspended.
func (a *Accounts) Acting(ctx context.Context, service ServiceID, id ID) (Actor, error) {
	return selectActing(ctx, a.pool, service, id)
}

// MadeAt is when an account was made: whoever was erased and came back has a new one. ErrNotFound for one of another service.
func (a *Accounts) MadeAt(ctx context.Context, q pg.Querier, who Actor) (time.Time, error) {
	return selectMadeAt(ctx, q, who)
}

// Present are those of some accounts that Acting would give.
func (a *Accounts) Present(ctx context.Context, service ServiceID, some []ID) (map[ID]bool, error) {
	return selectPresent(ctx, a.pool, service, some)
}
