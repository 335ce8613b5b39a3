package forum

import (
	"context"
	"strings"

	"ponti/forum"
	"ponti/web/page/parts"
)

func noteValues(notes []forum.ContentNote) []string {
	values := make([]string, len(notes))
	for i, n := range notes {
		values[i] = string(n)
	}
	return values
}

func openNoted(l forum.Filters) []string {
	if l.OpenNoted {
		return []string{"true"}
	}
	return nil
}

func noteChoices(ctx context.Context) []parts.Choice {
	var choices []parts.Choice
	for _, n := range forum.ContentNotes() {
		choices = append(choices, parts.Choice{Value: string(n), Label: parts.T(ctx, "forum.note_"+string(n))})
	}
	return choices
}

// noteNames says in the reader's language what a text speaks of.
func noteNames(ctx context.Context, notes []forum.ContentNote) string {
	names := make([]string, len(notes))
	for i, n := range notes {
		names[i] = parts.T(ctx, "forum.note_"+string(n))
	}
	return strings.Join(names, ", ")
}
