package forum

import (
	"context"

	"ponti/account"
	"ponti/internal/pg"
)

// Front is the forum's front page: its categories, and what waits for the reader.
type Front struct {
	Boards []Board // that they may read, in the service's order
	Held   []Held  // their own texts that are read first
	Drafts int     // how many they have
	News   []News  // where they follow or are called by name and something is new to them, the latest first, at most NewsLength
	Visit  Visit
	Ahead  []Upcoming // events that take place and are not over, the next first
}

// Front gives the front page, with so many events at most. With visiting it notes that the actor is in the forum, on whatever device, and gives what came since their last visit, beside what they follow;
// nobody else learns when that was. account.ErrForbidden for those who read no forum.
func (f *Forum) Front(ctx context.Context, actor account.Actor, visiting bool, events int) (Front, error) {
	if err := account.Can(actor, ForMembers.reading(), account.Relation{}); err != nil {
		return Front{}, err
	}
	rows, err := f.selectFront(ctx, actor, visiting, events)
	if err != nil {
		return Front{}, pg.Classify(err)
	}
	words, err := f.filter(actor, rows.filters)
	if err != nil {
		return Front{}, err
	}
	front := Front{Drafts: rows.drafts, News: newsOf(actor, rows.news, words)}
	for _, b := range rows.boards {
		if mayRead(actor, b.place()) == nil {
			front.Boards = append(front.Boards, b.seenBy(actor, words))
		}
	}
	if rows.before != nil {
		since := newsOf(actor, rows.since, words)
		front.Visit = Visit{Since: *rows.before, More: len(since) > VisitLength, Threads: since[:min(len(since), VisitLength)]}
	}
	if len(rows.held) > 0 {
		if front.Held, err = f.showHeld(ctx, actor, rows.held); err != nil {
			return Front{}, err
		}
	}
	front.Ahead, err = f.upcomingOf(ctx, actor, rows.ahead, words)
	return front, err
}

// newsOf are threads as their reader sees them.
func newsOf(actor account.Actor, rows placedThreads, words filter) []News {
	list := make([]News, len(rows.threads))
	for i, t := range rows.threads {
		list[i] = News{Thread: t.seenBy(actor, rows.categories[i].place(), nil), Category: rows.categories[i]}
		list[i].Thread.Muted = t.mutedFor(actor, words)
	}
	return list
}
