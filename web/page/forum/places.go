package forum

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"

	"github.com/a-h/templ"

	"ponti/forum"
	"ponti/web/page/parts"
)

// place is one number of a page: a post, or where one stood.
type place struct {
	post   *forum.Post
	former *forum.Former
}

func (p place) number() int {
	if p.former != nil {
		return p.former.Number
	}
	return p.post.Number
}

// places are the numbers of a page in their order.
func places(l forum.PostList) []place {
	all := make([]place, 0, len(l.Posts)+len(l.Former))
	posts, former := l.Posts, l.Former
	for len(posts) > 0 || len(former) > 0 {
		if len(former) == 0 || len(posts) > 0 && posts[0].Number < former[0].Number {
			all, posts = append(all, place{post: &posts[0]}), posts[1:]
		} else {
			all, former = append(all, place{former: &former[0]}), former[1:]
		}
	}
	return all
}

// first is the first number of a page; 0 beyond the end.
func first(l forum.PostList) int {
	if all := places(l); len(all) > 0 {
		return all[0].number()
	}
	return 0
}

func last(l forum.PostList) int {
	if all := places(l); len(all) > 0 {
		return all[len(all)-1].number()
	}
	return l.Thread.Posts
}

// before is the number that a page begins after.
func before(l forum.PostList) int {
	if n := first(l); n > 0 {
		return n - 1
	}
	return l.Thread.Posts
}

// shownSpan are the numbers whose boxes a form has.
func shownSpan(l forum.PostList) string {
	if len(l.Posts) == 0 {
		return ""
	}
	return fmt.Sprintf("%d-%d", l.Posts[0].Number, l.Posts[len(l.Posts)-1].Number)
}

// chosenElsewhere is how many posts are chosen that the page does not show: of those that it shows, what is ticked now counts.
func chosenElsewhere(s forum.SplitForm) int {
	n := s.Count
	for _, p := range s.Posts {
		if p.Number > 1 && s.Chosen.Has(p.Number) {
			n--
		}
	}
	return n
}

func splitURL(t forum.ThreadID, values url.Values) templ.SafeURL {
	return templ.SafeURL(threadPath(t) + "/split?" + values.Encode())
}

// startSplitURL leads from a page of a thread to the same page of the form.
func startSplitURL(l forum.PostList) templ.SafeURL {
	return splitURL(l.Thread.ID, url.Values{"at": {strconv.Itoa(max(first(l), 1))}})
}

// pageSplitURL is the page of the form without anything chosen.
func pageSplitURL(s forum.SplitForm) templ.SafeURL {
	return splitURL(s.Thread.ID, url.Values{"at": {strconv.Itoa(s.After + 1)}})
}

// changeSplitURL leads back to where the first of the chosen posts stands.
func changeSplitURL(s forum.SplitForm) templ.SafeURL {
	return splitURL(s.Thread.ID, url.Values{"at": {strconv.Itoa(max(s.First.Post.Number, 1))}, "chosen": {s.Chosen.String()}})
}

func unmergeURL(into, from forum.ThreadID) templ.SafeURL {
	return templ.SafeURL(threadPath(into) + "/unmerge?from=" + from.String())
}

// unmergeHint says where the title comes from that stands in the form.
func unmergeHint(ctx context.Context, m forum.Merger) string {
	if m.Title == "" {
		return parts.T(ctx, "split.unmerge_title_lost")
	}
	return parts.T(ctx, "split.unmerge_title_kept")
}

// whyNot says why a merge cannot be taken back.
func whyNot(ctx context.Context, m forum.Merger) string {
	if errors.Is(m.Why, forum.ErrOpenedByOneself) {
		return parts.T(ctx, "split.unmerge_own")
	}
	return parts.T(ctx, "split.unmerge_opening")
}
