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

// Check looks for escalations, and reports of danger, that are being forgotten. It must find nothing, at any moment of any calm day; after an outage it
// finds nothing again some seconds after the first instance is back. It is for an auditor in another process as much as for tests.
// "unclaimed" says that a case lies longer than it may and nobody was told, or a red one raised nothing.
// "unreachable" says that a service has no outside channel and its ladder ended there.
func Check(ctx context.Context, q pg.Querier) ([]Violation, error) {
	v, err := selectViolations(ctx, q)
	return v, pg.Classify(err)
}
