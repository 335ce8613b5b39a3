package chat

import (
	"context"
	"slices"
	"strings"

	"ponti/chat"
	"ponti/web/page/parts"
)

// awayTitle says how it stands with the place of somebody who is away.
func awayTitle(ctx context.Context, v chat.PlaceView) string {
	if v.Told {
		return parts.T(ctx, "chat.away_told")
	}
	return parts.T(ctx, "chat.away_title")
}

// Lost is why a place ended before anybody was met: a text's key, empty when none did.
type Lost string

// LostOf tells it of a place that ended.
func LostOf(v chat.PlaceView) Lost {
	switch {
	case v.Unseen:
		return "unseen_text"
	case v.Late:
		return "away_late"
	}
	return ""
}

// spaced writes a code in groups of four, as people read it aloud.
func spaced(code string) string {
	var groups []string
	for g := range slices.Chunk([]byte(code), 4) {
		groups = append(groups, string(g))
	}
	return strings.Join(groups, " ")
}
