package moderation

import (
	"fmt"

	"ponti/moderation"
	"ponti/web/page/parts"
)

// ReachView is what the page of one's channels shows.
type ReachView struct {
	moderation.Reaches
	Form parts.Form
}

func reachURL(r moderation.Reach, act string) string { return "/reach/" + r.ID.String() + "/" + act }

// timeOfDay is a minute of the day as a field for times has it; empty for the start of no quiet hours.
func timeOfDay(q moderation.Quiet, minute int) string {
	if q.From == q.To {
		return ""
	}
	return fmt.Sprintf("%02d:%02d", minute/60, minute%60)
}
