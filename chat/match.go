package chat

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/bus"
	"ponti/internal/pg"
)

// Match offers the waiting people of a service to its free ESPs now, and tells those who are away that it is their turn, instead of at the worker's next second. It is called
// whenever somebody enters, becomes free or comes on shift; a failure is logged, since the worker tries again.
func (c *Chat) Match(ctx context.Context, service account.ServiceID) {
	if err := c.match(ctx, service); err != nil {
		c.log.Warn().Err(err).Str("job", "chat.match_places").Msg("matching failed")
	}
}

func (c *Chat) match(ctx context.Context, service account.ServiceID) error {
	return c.matching.share(ctx, service, func(ctx context.Context) error { return c.matchNow(ctx, service) })
}

func (c *Chat) matchNow(ctx context.Context, service account.ServiceID) error {
	var made []match
	var told []account.ID
	err := pg.InTx(ctx, c.pool, func(ctx context.Context, tx pgx.Tx) error {
		made, told = nil, nil
		// One matcher at a time per service: two would see the same free ESP and the order of offers would be chance.
		if err := lockQueue(ctx, tx, service); err != nil {
			return err
		}
		free, err := c.freeESPs(ctx, tx, service)
		if err != nil || len(free) == 0 {
			return err
		}
		if told, err = updatePlacesTold(ctx, tx, service, len(free)); err != nil {
			return err
		}
		queue, err := selectQueue(ctx, tx, service)
		if err != nil || len(queue) == 0 {
			return err
		}
		passed, err := selectPassed(ctx, tx, queue)
		if err != nil {
			return err
		}
		made = assign(queue, free, passed)
		for _, m := range made {
			if err := insertOffer(ctx, tx, service, m); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, m := range made {
		c.tell(bus.Desk, m.esp)
		c.tell(bus.Place, m.place.person)
	}
	c.tell(bus.Place, told...)
	return nil
}

// freeESPs are the ESPs on call who can be offered somebody, who holds no conversation and was offered somebody longest ago first.
func (c *Chat) freeESPs(ctx context.Context, tx pgx.Tx, service account.ServiceID) ([]account.ID, error) {
	onCall, err := c.roster.OnCall(ctx, tx, service)
	if err != nil {
		return nil, fmt.Errorf("chat: on call: %w", err)
	}
	var peers []account.ID
	for _, d := range onCall {
		if d.Role == account.RoleESP || d.Role == account.RoleSenior {
			peers = append(peers, d.Account)
		}
	}
	free, err := selectFree(ctx, tx, peers)
	if err != nil {
		return nil, err
	}
	return c.unburdened(ctx, tx, free)
}

// match is one offer to make.
type match struct {
	place placeRow
	esp   account.ID
}

// passing is an ESP who let a person pass within the last minute.
type passing struct {
	place PlaceID
	esp   account.ID
}

// assign gives each place of the queue, in its order, an ESP: first one who has not let this person pass lately; only when
// nobody else is left one who has, and whose breath is over (the value in passed).
func assign(queue []placeRow, free []account.ID, passed map[passing]bool) []match {
	taken, given := map[account.ID]bool{}, map[PlaceID]bool{}
	var made []match
	try := func(p placeRow, may func(account.ID) bool) {
		for _, esp := range free {
			if !given[p.id] && !taken[esp] && may(esp) {
				taken[esp], given[p.id] = true, true
				made = append(made, match{place: p, esp: esp})
			}
		}
	}
	for _, p := range queue {
		try(p, func(esp account.ID) bool { _, let := passed[passing{p.id, esp}]; return !let })
	}
	for _, p := range queue {
		try(p, func(esp account.ID) bool { rested, let := passed[passing{p.id, esp}]; return let && rested })
	}
	return made
}
