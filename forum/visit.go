package forum

import "time"

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
