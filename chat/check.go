package chat

import (
	"context"
	"fmt"

	"ponti/internal/pg"
)

// Check asks for every invariant of messages and of the waiting room, and names those that do not hold with how often.
// Nothing named: all hold. It locks nothing and may run beside everything else.
func Check(ctx context.Context, q pg.Querier) ([]string, error) { return check(ctx, q, invariants) }

// CheckOverdue asks only for those that say that somebody waits for too long. It is quick however much was ever written.
func CheckOverdue(ctx context.Context, q pg.Querier) ([]string, error) { return check(ctx, q, overdue) }

func check(ctx context.Context, q pg.Querier, list []invariant) ([]string, error) {
	var broken []string
	for _, i := range list {
		var n int
		if err := q.QueryRow(ctx, i.sql).Scan(&n); err != nil {
			return nil, fmt.Errorf("chat: check %s: %w", i.name, pg.Classify(err))
		}
		if n > 0 {
			broken = append(broken, fmt.Sprintf("%s: %d", i.name, n))
		}
	}
	return broken, nil
}
