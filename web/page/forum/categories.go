package forum

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"ponti/forum"
	"ponti/web/page/parts"
)

// neighbour is the slug of the open category beside one of them; empty where there is none.
func neighbour(list []forum.DeskCategory, i, step int) string {
	if i += step; i < 0 || i >= len(list) {
		return ""
	}
	return list[i].Slug
}

func deskPath(slug string) string { return "/categories/" + slug }

func proposalPath(p forum.Proposal) string { return "/categories/proposals/" + p.ID.String() }

func proposalURL(p forum.Proposal) templ.SafeURL { return templ.SafeURL(proposalPath(p)) }

// proposalTitle says what is proposed.
func proposalTitle(ctx context.Context, p forum.Proposal) string {
	return parts.T(ctx, "desk.kind_"+string(p.Kind), "Title", p.Title)
}

// settledLine says what became of it, and by whom.
func settledLine(ctx context.Context, p forum.Proposal) string {
	return parts.T(ctx, "desk.settled_"+string(p.State), "Alias", p.SettledBy)
}

// threadCount says how many threads there are; beyond MaxCounted nobody counted.
func threadCount(ctx context.Context, n int) string {
	if n >= forum.MaxCounted {
		return parts.T(ctx, "desk.threads_many", "Count", n)
	}
	return parts.N(ctx, "desk.threads", n)
}

// moderatorsOf names those who look after a category.
func moderatorsOf(c forum.DeskCategory) string {
	names := make([]string, len(c.Moderators))
	for i, m := range c.Moderators {
		names[i] = m.Alias
	}
	return strings.Join(names, ", ")
}

func audienceChoices(ctx context.Context) []parts.Choice {
	var list []parts.Choice
	for _, a := range []forum.Audience{forum.ForMembers, forum.ForFamily, forum.ForStaff} {
		list = append(list, parts.Choice{Value: string(a), Label: audienceName(ctx, a), Hint: parts.T(ctx, "desk.audience_hint_"+string(a))})
	}
	return list
}

func audienceName(ctx context.Context, a forum.Audience) string {
	return parts.T(ctx, "desk.audience_"+string(a))
}

// placeName says after which of the open categories a place is.
func placeName(ctx context.Context, list []forum.DeskCategory, place int) string {
	if place <= 1 || len(list) == 0 {
		return parts.T(ctx, "desk.place_first")
	}
	return parts.T(ctx, "desk.place_after", "Title", list[min(place-1, len(list))-1].Title)
}

// chosenPlace is the place that a form for a new category shows: the last one, until another was sent.
func chosenPlace(f parts.Form, list []forum.DeskCategory) int {
	if n, err := strconv.Atoi(f.Value("place")); err == nil && n > 0 && n <= len(list) {
		return n
	}
	return len(list) + 1
}

// changedMeanwhile is true of a form that came back because somebody else was first.
func changedMeanwhile(f parts.Form) bool {
	return slices.Contains(f.Mistakes, forum.ErrCategoryChanged)
}

// apart leaves the archived ones aside: they come in their order, last.
func apart(boards []forum.Board) (open, archived []forum.Board) {
	i := slices.IndexFunc(boards, func(b forum.Board) bool { return b.Archived })
	if i < 0 {
		return boards, nil
	}
	return boards[:i], boards[i:]
}
