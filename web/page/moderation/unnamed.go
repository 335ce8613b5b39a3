package moderation

import (
	"context"

	"ponti/moderation"
	"ponti/web/page/parts"
)

// writer is who wrote a reported text.
func writer(ctx context.Context, c moderation.Case) string {
	if c.Excerpt.Nameless {
		return parts.T(ctx, "nameless.somebody")
	}
	return c.Excerpt.AuthorAlias
}

// held is who is held off by a sanction.
func held(ctx context.Context, s moderation.InForce) string {
	if s.Nameless {
		return parts.T(ctx, "nameless.somebody")
	}
	return s.Alias
}
