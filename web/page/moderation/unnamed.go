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

// inForceAct says on a button what it does to somebody who is held off.
func inForceAct(ctx context.Context, s moderation.InForce, key string) string {
	if s.Nameless {
		return parts.T(ctx, key+"_nameless")
	}
	return parts.T(ctx, key, "Alias", s.Alias)
}

// held is who is held off by a sanction.
func held(ctx context.Context, s moderation.InForce) string {
	if s.Nameless {
		return parts.T(ctx, "nameless.somebody")
	}
	return s.Alias
}
