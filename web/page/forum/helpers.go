// Package forum holds the pages of the forum: its categories, their threads, a thread, and the forms to write in it.
package forum

import (
	"context"
	"net/url"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"ponti/account"
	"ponti/forum"
	"ponti/moderation/triage"
	"ponti/web/page/parts"
)

type authorOf = forum.Author

// byName is somebody who shows by their name.
func byName(a account.Public) authorOf { return authorOf{Public: a} }

// alias is who wrote it; somebody whose account is gone has none any more.
func alias(ctx context.Context, a authorOf) string {
	if a.Nameless {
		return nameless(ctx, a)
	}
	if a.Alias == "" {
		return parts.T(ctx, "forum.nobody")
	}
	return a.Alias
}

func categoryURL(slug string) templ.SafeURL { return templ.SafeURL("/forum/categories/" + slug) }

func threadPath(id forum.ThreadID) string { return "/forum/threads/" + id.String() }

func threadURL(id forum.ThreadID) templ.SafeURL { return templ.SafeURL(threadPath(id)) }

func postPath(id forum.PostID) templ.SafeURL { return templ.SafeURL("/forum/posts/" + id.String()) }

func categoryChoices(list []forum.Category) []parts.Choice {
	choices := make([]parts.Choice, len(list))
	for i, c := range list {
		choices[i] = parts.Choice{Value: c.Slug, Label: c.Title}
	}
	return choices
}

func threadChoices(list []forum.Thread) []parts.Choice {
	choices := make([]parts.Choice, len(list))
	for i, t := range list {
		choices[i] = parts.Choice{Value: t.ID.String(), Label: t.Title}
	}
	return choices
}

func heldURL(id forum.PostID) templ.SafeURL { return templ.SafeURL(forum.HeldPath(id)) }

func draftURL(id forum.DraftID) templ.SafeURL { return templ.SafeURL("/forum/drafts/" + id.String()) }

// continueURL leads to the form that a draft is of.
func continueURL(d forum.Draft) templ.SafeURL {
	to := threadURL(d.Thread) + "/reply"
	if !d.Edit.Post.IsZero() {
		to = postPath(d.Edit.Post) + "/edit"
	} else if d.Thread.IsZero() {
		to = categoryURL(d.Category.Slug) + "/new"
	}
	return to + templ.SafeURL("?draft="+d.ID.String())
}

// heldTitle says how it stands with a held post.
func heldTitle(ctx context.Context, h forum.Held) string {
	switch {
	case h.Refused:
		return parts.T(ctx, "forum.held_refused")
	case h.Mine && h.TwoReaders:
		return parts.T(ctx, "kind.story_wait")
	case h.Mine:
		return parts.T(ctx, "forum.held_wait")
	}
	return parts.T(ctx, "forum.held_decide")
}

func postURL(t forum.ThreadID, number int) templ.SafeURL { return templ.SafeURL(forum.Path(t, number)) }

// pageURL is the page of a thread on which a post stands, from its top.
func pageURL(t forum.ThreadID, number int) templ.SafeURL {
	at, _, _ := strings.Cut(forum.Path(t, number), "#")
	return templ.SafeURL(at)
}

func reportURL(id forum.PostID) templ.SafeURL {
	return templ.SafeURL("/report/post/" + id.String())
}

func newestURL(l forum.ThreadList, newest bool) string {
	if newest {
		return ""
	}
	return listURL(l.Category.Slug, l.Kind, forum.Cursor{})
}

func olderURL(l forum.ThreadList) string {
	if l.Older.At.IsZero() {
		return ""
	}
	return listURL(l.Category.Slug, l.Kind, l.Older)
}

func titleOf(ctx context.Context, t forum.Thread) string {
	switch {
	case t.Title != "":
		return t.Title
	case t.Opening == forum.Deleted:
		return parts.T(ctx, "forum.title_deleted")
	}
	return parts.T(ctx, "forum.title_hidden")
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

func atEnd(l forum.PostList) bool { return l.Later == 0 }

// inDanger is true of a post whose author is shown the numbers at once.
func inDanger(p forum.Post) bool { return p.Mine && p.Level >= triage.Red }

func careOf(p forum.Post) string { return string(p.Care) }

// kept is what was sent in a hidden field, or its first value.
func kept(f parts.Form, field, value string) string {
	if f.Values.Has(field) {
		return f.Value(field)
	}
	return strings.TrimSpace(value)
}

// foundTitle says how many posts fit; beyond the newest thousand nobody counted.
func foundTitle(ctx context.Context, r forum.Results) string {
	if r.Total == forum.MaxResults {
		return parts.T(ctx, "forum.found_many", "Count", r.Total)
	}
	return parts.N(ctx, "forum.found", r.Total)
}

// searchURL is the page before or after; empty where there is none.
func searchURL(q forum.Query, r forum.Results, step int) string {
	page := r.Page + step
	if page < 1 || page > r.Pages() {
		return ""
	}
	v := url.Values{"q": {q.Text}}
	if q.Category != "" {
		v.Set("in", q.Category)
	}
	if q.Newest {
		v.Set("order", "new")
	}
	if page > 1 {
		v.Set("page", strconv.Itoa(page))
	}
	return "/forum/search?" + v.Encode()
}

func searchLabel(ctx context.Context, q forum.Query) string {
	if q.Category != "" {
		return parts.T(ctx, "forum.search_here")
	}
	return parts.T(ctx, "forum.search_label")
}
