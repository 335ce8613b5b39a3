package chat

import (
	"context"
	"fmt"
	"slices"

	"ponti/account"
	"ponti/internal/pg"
	"ponti/roster"
)

// LeftWithoutTutor is how many conversations of the service would have no tutor on call behind them if the actor, a tutor, ended
// their shift now: none while another tutor is on call. For anybody else it is 0.
func (c *Chat) LeftWithoutTutor(ctx context.Context, actor account.Actor) (int, error) {
	if !actor.Is(account.RoleTutor) {
		return 0, nil
	}
	on, err := c.roster.OnCall(ctx, c.pool, actor.Service)
	if err != nil {
		return 0, pg.Classify(fmt.Errorf("chat: on call: %w", err))
	}
	if hasTutor(on, actor.ID) {
		return 0, nil
	}
	n, err := selectOpenCount(ctx, c.pool, actor.Service)
	return n, pg.Classify(err)
}

// Covered tells whether a tutor of the service is on call. While none is, no new conversation begins, and those that run are told.
func (c *Chat) Covered(ctx context.Context, q pg.Querier, service account.ServiceID) (bool, error) {
	on, err := c.roster.OnCall(ctx, q, service)
	if err != nil {
		return false, fmt.Errorf("chat: on call: %w", err)
	}
	return hasTutor(on, account.ID{}), nil
}

func hasTutor(on []roster.Duty, but account.ID) bool {
	return slices.ContainsFunc(on, func(d roster.Duty) bool { return d.Role == account.RoleTutor && d.Account != but })
}
