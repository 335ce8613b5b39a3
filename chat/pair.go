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

// pairFor is how long an ESP may hold two conversations at once: no shift is longer.
const pairFor = 12 * time.Hour

// AllowTwo lets an ESP of the service hold two conversations at once until their shift is over, or no longer. Only tutors may. A conversation that runs goes on either way.
// ErrNotFound for who is no ESP of the service.
func (c *Chat) AllowTwo(ctx context.Context, actor account.Actor, esp account.ID, allow bool) error {
	if !actor.Is(account.RoleTutor) {
		return account.ErrForbidden
	}
	act := "conversation.one_at_once"
	if allow {
		act = "conversation.two_at_once"
	}
	err := pg.InTx(ctx, c.pool, func(ctx context.Context, tx pgx.Tx) error {
		who, err := c.accounts.Public(ctx, tx, []account.ID{esp})
		if err != nil {
			return fmt.Errorf("chat: names: %w", err)
		}
		if !(account.Actor{Role: who[esp].Role}).IsPeer() {
			return ErrNotFound
		}
		if err := upsertPair(ctx, tx, actor, esp, allow); err != nil {
			return err
		}
		return audit.Append(ctx, tx, audit.Entry{
			Service: actor.Service, Actor: actor.ID, Role: string(actor.Role), Action: act, Object: "account:" + esp.String(),
		})
	})
	if err != nil {
		return err
	}
	c.tell(bus.Desk, esp)
	c.tell(bus.Rooms, esp)
	c.Match(ctx, actor.Service)
	return nil
}

// Pairs says who may hold two conversations at once, for the tutors who allow it.
func (c *Chat) Pairs(ctx context.Context, actor account.Actor) (map[account.ID]bool, error) {
	if !actor.Is(account.RoleTutor) {
		return nil, account.ErrForbidden
	}
	pairs, err := selectPairs(ctx, c.pool, actor.Service)
	return pairs, pg.Classify(err)
}

// Beside is what an ESP sees of the rest of their desk while they are in a conversation; nil when they may hold no other.
func (c *Chat) Beside(ctx context.Context, actor account.Actor, id RoomID) (*Desk, error) {
	if err := mayHold(actor, true); err != nil {
		return nil, err
	}
	two, err := selectMayTwo(ctx, c.pool, actor.ID)
	if err != nil || !two {
		return nil, pg.Classify(err)
	}
	d, err := c.Desk(ctx, actor)
	if err != nil {
		return nil, err
	}
	var others []RoomSummary
	for _, r := range d.Rooms {
		if r.ID != id && r.State == Open {
			others = append(others, r)
		}
	}
	d.Rooms = others
	return &d, nil
}

// unburdened leaves out those in whose one conversation a life may be in danger: they are all there for that person.
func (c *Chat) unburdened(ctx context.Context, tx pgx.Tx, list []freeESP) ([]account.ID, error) {
	var free []account.ID
	for _, e := range list {
		if !e.room.IsZero() {
			_, level, err := c.moderation.OpenOf(ctx, tx, subject(e.room))
			if err != nil {
				return nil, fmt.Errorf("chat: open escalation: %w", err)
			}
			if level >= triage.Red {
				continue
			}
		}
		free = append(free, e.account)
	}
	return free, nil
}
