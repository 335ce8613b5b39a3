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
		free, covered, err := c.freeESPs(ctx, tx, service)
		if err != nil || len(free) == 0 {
			return err
		}
		if covered {
			if told, err = updatePlacesTold(ctx, tx, service, len(free)); err != nil {
				return err
			}
		}
		// With no tutor behind it nobody begins a conversation; but who lost one is not left alone.
		queue, err := selectQueue(ctx, tx, service, !covered)
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

// freeESPs are the ESPs on call who can be offered somebody, who holds no conversation and was offered somebody longest ago first; covered: a tutor is on call, too.
func (c *Chat) freeESPs(ctx context.Context, tx pgx.Tx, service account.ServiceID) (free []account.ID, covered bool, err error) {
	onCall, err := c.roster.OnCall(ctx, tx, service)
	if err != nil {
		return nil, false, fmt.Errorf("chat: on call: %w", err)
	}
	var peers []account.ID
	for _, d := range onCall {
		if d.Role == account.RoleESP || d.Role == account.RoleSenior {
			peers = append(peers, d.Account)
		}
	}
	candidates, err := selectFree(ctx, tx, peers)
	if err != nil {
		return nil, false, err
	}
	free, err = c.unburdened(ctx, tx, candidates)
	return free, hasTutor(onCall, account.ID{}), err
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

// assign gives each place of the queue, in its order, an ESP: first the one whom the person knows, then one whom nobody further down would like to meet again, of those who have
// not let this person pass lately; only when nobody else is left one who has, and whose breath is over (the value in passed).
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
	wanted := map[account.ID]int{}
	for _, p := range queue {
		wanted[p.prefers]++
	}
	for _, p := range queue {
		wanted[p.prefers]--
		fresh := func(esp account.ID) bool { _, let := passed[passing{p.id, esp}]; return !let }
		try(p, func(esp account.ID) bool { return esp == p.prefers && fresh(esp) })
		try(p, func(esp account.ID) bool { return wanted[esp] == 0 && fresh(esp) })
		try(p, fresh)
	}
	for _, p := range queue {
		try(p, func(esp account.ID) bool { rested, let := passed[passing{p.id, esp}]; return let && rested })
	}
	return made
}
