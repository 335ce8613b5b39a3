package forum

import (
	"context"
	"time"

	"ponti/account"
	"ponti/internal/pg"
)

// Version is what a post said at one time, as it was typed.
type Version struct {
	Number int
	Title  string // of the thread, where the post opened one
	Text   string
	Notes  []ContentNote // its author's
	Until  *time.Time    // when it was edited or deleted; nil: it says so now
}

// maySeeHistory: the author of a post, who moderates its category, and tutors.
func maySeeHistory(actor account.Actor, p place, own bool) bool {
	return account.Can(actor, account.PostSeeEditHistory, p.relation(own)) == nil
}

// PostHistory is what a post says and said, the latest first. account.ErrNotFound for a post that the actor may not read, account.ErrForbidden for one whose
// history they may not see.
func (f *Forum) PostHistory(ctx context.Context, actor account.Actor, id PostID) (OnePost, []Version, error) {
	o, err := f.Post(ctx, actor, id)
	if err != nil {
		return o, nil, err
	}
	if !maySeeHistory(actor, o.Category.place(), o.Post.Mine) {
		return o, nil, account.ErrForbidden
	}
	list, err := selectVersions(ctx, f.pool, actor.Service, id)
	if err != nil {
		return o, nil, pg.Classify(err)
	}
	if o.Post.State != Deleted {
		now := Version{Number: o.Post.Version, Text: o.Source, Notes: o.OwnNotes}
		if o.Post.Number == 1 {
			now.Title = o.Thread.Title
		}
		list = append([]Version{now}, list...)
	}
	return o, list, nil
}
