package moderation

import (
	"context"

	"ponti/internal/pg"
)

// Violation is something that must never be so.
type Violation struct {
	Rule   string // "overdue", "ownerless", "undelivered", "unreachable", "history", "causeless", "too_low" or "unclaimed"
	Object string // "kind:id"
}

// Check looks for escalations that are being forgotten, among those that are open or were closed within a day, and for reports of danger that are. It must find nothing, at
// any moment of any calm day; after an outage it finds nothing again some seconds after the first instance is back. It is for an auditor in another process as much as for tests.
// "unclaimed" says that a case lies longer than it may and nobody was told, or a red one raised nothing.
// "unreachable" says that a service has no outside channel and its ladder ended there; "undelivered" is not held against what was closed a day ago, for it can be mended no more.
func Check(ctx context.Context, q pg.Querier) ([]Violation, error) {
	v, err := selectViolations(ctx, q, false)
	return v, pg.Classify(err)
}

// CheckAll is Check of every escalation there ever was, however long that takes.
func CheckAll(ctx context.Context, q pg.Querier) ([]Violation, error) {
	v, err := selectViolations(ctx, q, true)
	return v, pg.Classify(err)
}
