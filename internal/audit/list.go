package audit

import (
	"context"
	"fmt"
	"time"

	"ponti/internal/pg"
)

// Line is an entry as it is read again.
type Line struct {
	ID int64
	At time.Time
	Entry
}

// List reads entries of a service, the newest first, from before an id on (0: from the newest). Of one account it reads what they did and what was done
// to them; of a zero one, everything.
func List(ctx context.Context, q pg.Querier, service, of [16]byte, before int64, limit int) ([]Line, error) {
	list, err := selectLines(ctx, q, service, of, before, limit)
	if err != nil {
		return nil, fmt.Errorf("audit: list: %w", pg.Classify(err))
	}
	return list, nil
}

// Linked is an entry with its number in the chain, in which it never changes its place.
type Linked struct {
	N int64
	Entry
	At time.Time
}

// After reads entries of any service that were chained after a number, in their order, and only of these actions.
func After(ctx context.Context, q pg.Querier, n int64, limit int, actions ...string) ([]Linked, error) {
	list, err := selectLinked(ctx, q, n, limit, actions)
	if err != nil {
		return nil, fmt.Errorf("audit: after: %w", pg.Classify(err))
	}
	return list, nil
}

// End is where the chain ends now: to be noted somewhere else, it proves later that nothing before it was changed.
func End(ctx context.Context, q pg.Querier) (Head, error) {
	var now time.Time
	h, err := selectHead(ctx, q, &now)
	if err != nil {
		return Head{}, fmt.Errorf("audit: end: %w", pg.Classify(err))
	}
	return h, nil
}

// CountObjects counts the objects to which an account of a service has done one of the actions since an instant: what was opened twice is one.
func CountObjects(ctx context.Context, q pg.Querier, service, actor [16]byte, since time.Time, actions ...string) (int, error) {
	n, err := selectObjects(ctx, q, service, actor, since, actions)
	if err != nil {
		return 0, fmt.Errorf("audit: count objects: %w", pg.Classify(err))
	}
	return n, nil
}
