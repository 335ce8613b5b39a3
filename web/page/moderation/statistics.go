package moderation

import (
	"context"
	"strconv"

	"ponti/moderation"
	"ponti/web/page/parts"
)

// counted is a count, or that it is too small to be told.
func counted(ctx context.Context, f moderation.Figure) string {
	if f.Few {
		return parts.T(ctx, "console.statistics_few")
	}
	return strconv.Itoa(f.N)
}
