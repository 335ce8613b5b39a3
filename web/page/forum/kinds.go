package forum

import (
	"context"
	"net/url"

	"github.com/a-h/templ"

	"ponti/account"
	"ponti/forum"
	"ponti/web/page/parts"
)

func kindChoices(ctx context.Context, kinds []forum.Kind) []parts.Choice {
	choices := make([]parts.Choice, len(kinds))
	for i, k := range kinds {
		choices[i] = parts.Choice{Value: string(k), Label: parts.T(ctx, "kind.choice_"+string(k)), Hint: parts.T(ctx, "kind.hint_"+string(k))}
	}
	return choices
}

// kindURL is the list of a category, or of one kind in it.
func kindURL(slug string, k forum.Kind) templ.SafeURL {
	return templ.SafeURL(listURL(slug, k, forum.Cursor{}))
}

// listURL is the page of a list before a cursor.
func listURL(slug string, k forum.Kind, before forum.Cursor) string {
	v := url.Values{}
	if k != "" {
		v.Set("kind", string(k))
	}
	if !before.At.IsZero() {
		v.Set("before", before.String())
	}
	if len(v) == 0 {
		return string(categoryURL(slug))
	}
	return string(categoryURL(slug)) + "?" + v.Encode()
}

// current marks the one of several links that shows what is seen now.
func current(is bool) templ.Attributes {
	if !is {
		return nil
	}
	return templ.Attributes{"aria-current": "page"}
}

// isStaff is true of readers who answer for others here.
func isStaff(ctx context.Context) bool {
	return (account.Actor{Role: parts.Of(ctx).Role}).Is(account.RoleESP, account.RoleSenior, account.RoleTutor)
}

// questionsURL is the page of unanswered questions before a cursor; empty where there is none.
func questionsURL(before forum.Cursor, none bool) string {
	switch {
	case none:
		return ""
	case before.At.IsZero():
		return "/forum/questions"
	}
	return "/forum/questions?before=" + before.String()
}

// closed is what is ticked where answers are not wanted.
func closed(t forum.Told) []string {
	if t.Closed {
		return []string{"true"}
	}
	return nil
}

func isPublication(o forum.OnePost) bool {
	return o.Post.Number == 1 && o.Thread.Kind == forum.KindPublication
}

// isArticle is true of the text of a publication, which is laid out to be read at length.
func isArticle(l *forum.PostList, p *forum.Post) bool {
	return p.Number == 1 && l.Thread.Kind == forum.KindPublication && p.State == forum.Shown
}
