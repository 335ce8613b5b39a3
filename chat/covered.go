package chat

import (
	"context"
	"fmt"

	"ponti/account"
	"ponti/internal/pg"
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
	for _, d := range on {
		if d.Role == account.RoleTutor && d.Account != actor.ID {
			return 0, nil
		}
	}
	n, err := selectOpenCount(ctx, c.pool, actor.Service)
	return n, pg.Classify(err)
}
