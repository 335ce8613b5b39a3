package chat

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/audit"
	"ponti/internal/bus"
	"ponti/internal/pg"
	"ponti/moderation/triage"
)

// pauseAfterCrisis gives the ESP of a room that ends a pause when a life was in danger in it. They hold somebody's weight, and nobody
// who just did that is offered the next person before they say so. The caller has locked the room.
func (c *Chat) pauseAfterCrisis(ctx context.Context, tx pgx.Tx, r room) error {
	worst, err := c.moderation.WorstOf(ctx, tx, subject(r.id))
	if err != nil {
		return fmt.Errorf("chat: worst escalation: %w", err)
	}
	if worst < triage.Crisis {
		return nil
	}
	return insertPause(ctx, tx, r.id)
}

// Ready ends one's own pause. Without one it does nothing.
func (c *Chat) Ready(ctx context.Context, actor account.Actor) error {
	if err := mayHold(actor, true); err != nil {
		return err
	}
	return c.endPause(ctx, actor, actor.ID, "")
}

// Release ends the pause of an ESP of the service, after a tutor has talked with them. Only tutors may; of somebody without a pause it does nothing.
func (c *Chat) Release(ctx context.Context, actor account.Actor, esp account.ID) error {
	if !actor.Is(account.RoleTutor) {
		return account.ErrForbidden
	}
	return c.endPause(ctx, actor, esp, "account:"+esp.String())
}

func (c *Chat) endPause(ctx context.Context, actor account.Actor, esp account.ID, of string) error {
	ended := false
	err := pg.InTx(ctx, c.pool, func(ctx context.Context, tx pgx.Tx) (err error) {
		if ended, err = deletePause(ctx, tx, actor.Service, esp); err != nil || !ended || of == "" {
			return err
		}
		return audit.Append(ctx, tx, audit.Entry{
			Service: actor.Service, Actor: actor.ID, Role: string(actor.Role), Action: "pause.release", Object: of,
		})
	})
	if err != nil || !ended {
		return pg.Classify(err)
	}
	c.tell(bus.Desk, esp)
	c.Match(ctx, actor.Service)
	return nil
}

// Pauses says who is pausing, and since when, for the tutors who look after them.
func (c *Chat) Pauses(ctx context.Context, actor account.Actor) (map[account.ID]time.Time, error) {
	if !actor.Is(account.RoleTutor) {
		return nil, account.ErrForbidden
	}
	pauses, err := selectPauses(ctx, c.pool, actor.Service)
	return pauses, pg.Classify(err)
}
