package forum

import (
	"context"
	"time"

	"ponti/account"
	"ponti/internal/pg"
)

const (
	// VisitLength is how many threads are listed at most of what came since somebody's last visit.
	VisitLength = 10
	visitGap    = time.Hour // who comes back sooner is still on the same visit
)

// Visit is what came while somebody was not in the forum.
type Visit struct {
	Since   time.Time // when their last visit ended; zero on the first
	Threads []News    // that they do not follow, may read and have not read to their end, the latest first
	More    bool      // there are others
}

// Visit notes that the actor is in the forum, on whatever device, and gives what came since their last visit, beside what they follow. Nobody else learns when that was.
func (f *Forum) Visit(ctx context.Context, actor account.Actor) (Visit, error) {
	if err := mayEnter(actor); err != nil {
		return Visit{}, err
	}
	before, err := upsertVisit(ctx, f.pool, actor)
	if err != nil || before == nil {
		return Visit{}, pg.Classify(err)
	}
	rows, categories, err := selectSince(ctx, f.pool, actor, readable(actor), *before, VisitLength+1)
	if err != nil {
		return Visit{}, pg.Classify(err)
	}
	words, err := f.filterOf(ctx, actor)
	v := Visit{Since: *before, More: len(rows) > VisitLength}
	for i, t := range rows[:min(len(rows), VisitLength)] {
		n := News{Thread: t.seenBy(actor, categories[i].place(), nil), Category: categories[i]}
		n.Thread.Muted = t.mutedFor(actor, words)
		v.Threads = append(v.Threads, n)
	}
	return v, err
}
