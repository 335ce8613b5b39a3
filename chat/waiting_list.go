package chat

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/audit"
	"ponti/internal/pg"
	"ponti/moderation/triage"
)

// fewWaiting is the least count that somebody is told who may see counts alone: a smaller one points at persons.
const fewWaiting = 5

// WaitingList is who waits, in the order in which they are offered.
type WaitingList struct {
	Count   int           // of all who wait; 0 when Few
	Few     bool          // some wait, too few to tell how many
	Longest time.Duration // how long the one who came first has waited; 0 when nobody waits or Few
	People  []Waiter      // for tutors only, the first hundred
}

// Waiter is a waiting person as a tutor sees them.
type Waiter struct {
	Alias   string
	Topic   string
	Level   triage.Level
	Waited  time.Duration
	Offered bool // an ESP is asked right now
	Away    bool // does something else, and comes back when told
}

// WaitingList tells a tutor who waits, and an admin how many wait and how long. That a tutor reads somebody's topic is audited
// and committed before they see it, once for each person and tutor.
func (c *Chat) WaitingList(ctx context.Context, actor account.Actor) (WaitingList, error) {
	if err := account.Can(actor, account.ConversationSeeTheWaitingList, account.Relation{}); err != nil {
		return WaitingList{}, err
	}
	count, longest, err := selectWaitingSum(ctx, c.pool, actor.Service)
	if err != nil {
		return WaitingList{}, pg.Classify(err)
	}
	if !actor.Is(account.RoleTutor) {
		if count > 0 && count < fewWaiting {
			return WaitingList{Few: true}, nil
		}
		return WaitingList{Count: count, Longest: longest}, nil
	}
	list := WaitingList{Count: count, Longest: longest}
	rows, err := selectWaitingList(ctx, c.pool, actor)
	if err != nil {
		return WaitingList{}, pg.Classify(err)
	}
	if err := c.auditListing(ctx, actor, rows); err != nil {
		return WaitingList{}, err
	}
	who := make([]participantRow, len(rows))
	for i, row := range rows {
		who[i] = participantRow{account: row.person}
	}
	names, err := c.names(ctx, c.pool, who)
	if err != nil {
		return WaitingList{}, pg.Classify(err)
	}
	for _, row := range rows {
		w := row.Waiter
		w.Alias = names[row.person].Alias
		if w.Topic, err = c.topic(row.room); err != nil {
			return WaitingList{}, err
		}
		list.People = append(list.People, w)
	}
	return list, nil
}

// auditListing writes down whom this tutor is shown for the first time.
func (c *Chat) auditListing(ctx context.Context, actor account.Actor, rows []waiterRow) error {
	var fresh []waiterRow
	for _, row := range rows {
		if !row.shown {
			fresh = append(fresh, row)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	return pg.InTx(ctx, c.pool, func(ctx context.Context, tx pgx.Tx) error {
		for _, row := range fresh {
			first, err := insertListing(ctx, tx, actor, row.place)
			if err != nil {
				return err
			}
			if !first { // another window of theirs was quicker
				continue
			}
			if err := audit.Append(ctx, tx, entry(actor, account.ConversationSeeTheWaitingList, row.room.id, "")); err != nil {
				return err
			}
		}
		return nil
	})
}

// WaitingMark changes whenever what a tutor sees of the waiting room and of what ESPs ask them does, the minutes too. It holds nothing of its content.
func (c *Chat) WaitingMark(ctx context.Context, actor account.Actor) (string, error) {
	if !actor.Is(account.RoleTutor) {
		return "", account.ErrForbidden
	}
	mark, err := selectWaitingMark(ctx, c.pool, actor.Service)
	return mark, pg.Classify(err)
}
