package chat

import (
	"context"
	"fmt"

	"ponti/account"
	"ponti/internal/pg"
)

// Familiar is the ESP of the last conversation of a person, with whom they may ask to talk again: by alias, empty when there was none, or when that ESP is none any more.
// Whether the ESP is on shift is not told: they are preferred if they are free, and say by accepting or passing whether they agree.
func (c *Chat) Familiar(ctx context.Context, actor account.Actor) (alias string, err error) {
	if !actor.IsPerson() {
		return "", nil
	}
	_, alias, err = c.familiar(ctx, c.pool, actor)
	return alias, pg.Classify(err)
}

func (c *Chat) familiar(ctx context.Context, q pg.Querier, actor account.Actor) (account.ID, string, error) {
	esp, err := selectLastESP(ctx, q, actor)
	if err != nil || esp.IsZero() {
		return account.ID{}, "", err
	}
	who, err := c.accounts.Public(ctx, q, []account.ID{esp})
	if err != nil {
		return account.ID{}, "", fmt.Errorf("chat: names: %w", err)
	}
	p, ok := who[esp]
	if !ok || !(account.Actor{Role: p.Role}).IsPeer() {
		return account.ID{}, "", nil
	}
	return esp, p.Alias, nil
}
