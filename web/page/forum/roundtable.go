package forum

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"ponti/forum"
	"ponti/web/page/parts"
)

// The lengths that the form of a round table proposes.
const (
	standDays = 3
	voteDays  = 6
)

// inDays is this hour some days from now, on the half hour.
func inDays(ctx context.Context, days int) string {
	return wall(ctx, parts.Now(ctx).Truncate(30*time.Minute).Add(30*time.Minute).AddDate(0, 0, days))
}

func ballotURL(b forum.Ballot) templ.SafeURL {
	return threadURL(b.Thread) + "/ballots/" + templ.SafeURL(b.ID.String())
}

// handPath and pointPath are the addresses of what a button does at a table.
func handPath(l forum.PostList, h forum.Hand, act string) string {
	return threadPath(l.Thread.ID) + "/hands/" + h.ID.String() + "/" + act
}

func pointPath(l forum.PostList, p *forum.Point, act string) string {
	return threadPath(l.Thread.ID) + "/points/" + p.ID.String() + "/" + act
}

// ballotTitle is what a ballot asks.
func ballotTitle(ctx context.Context, b forum.Ballot) string {
	switch {
	case b.Second:
		return parts.T(ctx, "round.second_title")
	case b.Election:
		return parts.T(ctx, "round.election_title")
	case b.Question == "":
		return parts.T(ctx, "round.question_gone")
	}
	return b.Question
}

// optionLabel is an answer, or the name of who stands.
func optionLabel(ctx context.Context, b forum.Ballot, o forum.Option) string {
	if b.Election {
		return alias(ctx, byName(o.Who))
	}
	if o.Label == "" {
		return parts.T(ctx, "round.answer_gone")
	}
	return o.Label
}

func optionChoices(ctx context.Context, b forum.Ballot) []parts.Choice {
	var choices []parts.Choice
	for i, o := range b.Options {
		if !o.Gone {
			choices = append(choices, parts.Choice{Value: strconv.Itoa(i + 1), Label: optionLabel(ctx, b, o)})
		}
	}
	return choices
}

// comingPoints are the points still to come, as their form shows them.
func comingPoints(r *forum.Round) string {
	var lines []string
	for _, p := range r.Points {
		if p.State == forum.PointToCome {
			lines = append(lines, p.Text)
		}
	}
	return strings.Join(lines, "\n")
}
