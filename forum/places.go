package forum

import (
	"context"

	"ponti/account"
	"ponti/internal/pg"
)

// Parted is what a thread knows of posts that were split off it.
type Parted struct {
	SplitFrom       ThreadID // the thread that it was split off; zero when none
	Elsewhere       int      // of its numbers up to the last post, those whose post stands in another place now
	ElsewhereUnread int      // of these, those that the reader had not come to
	FormerUntil     int      // the highest of such numbers, also beyond the last post; 0 when there is none
}

// Count is how many posts stand in a thread.
func (t Thread) Count() int { return t.Posts - t.Elsewhere }

// New is how many of them stand after what the reader has seen.
func (t Thread) New() int { return max(t.Posts-t.Read-t.ElsewhereUnread, 0) }

// end is the highest number of a thread that was ever given.
func (t threadRow) end() int { return max(t.Posts, t.FormerUntil) }

// Places says how the numbers of one page of a thread stand among the others.
type Places struct {
	After   int // the number before the first that the page may show
	Earlier int // number of a post before the page; 0 when there is none
	Later   int // number of a post after it; 0 when there is none
	Former  []Former
}

// Former is a number whose post stands in another place now.
type Former struct {
	Number int
	Post   PostID
	// Thread is where it stands; its id is zero when the reader cannot go there.
	Thread Thread
}

// NewFrom is the number of the first post of a page that its reader has not seen, if they have seen what stands before it; otherwise 0.
func (l *PostList) NewFrom() int {
	if l.Thread.Read == 0 || l.Thread.Read < l.After {
		return 0
	}
	for i := range l.Posts {
		if p := &l.Posts[i]; p.Number > l.Thread.Read {
			return p.Number
		}
	}
	return 0
}

// placesOf asks the database only about threads that something was split off.
func (f *Forum) placesOf(ctx context.Context, actor account.Actor, t threadRow, after, limit int) (p Places, err error) {
	p.After = after
	if t.FormerUntil == 0 {
		p.Earlier = min(after, t.Posts)
		if after+limit < t.Posts {
			p.Later = after + limit + 1
		}
		return p, nil
	}
	if p.Earlier, p.Later, err = selectNeighbours(ctx, f.pool, actor.Service, t.ID, after, limit); err != nil {
		return p, pg.Classify(err)
	}
	if t.FormerUntil <= after {
		return p, nil
	}
	rows, err := selectFormer(ctx, f.pool, actor, t.ID, after, limit, readable(actor))
	if err != nil {
		return p, pg.Classify(err)
	}
	words, err := f.filter(actor, t.filters)
	p.Former = make([]Former, len(rows))
	for i, r := range rows {
		p.Former[i] = Former{Number: r.number, Post: r.post}
		if !r.thread.ID.IsZero() {
			p.Former[i].Thread = r.thread.seenBy(actor, r.category.place(), nil)
			p.Former[i].Thread.Muted = r.thread.mutedFor(actor, words)
		}
	}
	return p, err
}
