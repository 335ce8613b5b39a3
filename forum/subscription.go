package forum

import (
	"context"

	"ponti/account"
	"ponti/internal/pg"
)

// NewsLength is how many threads with news are listed at most.
const NewsLength = 20

// News is a thread that somebody follows and has not read to its end, or in which they are called by name and have not seen it.
type News struct {
	Thread   Thread
	Category Category
}

// Subscribe follows a thread, or no longer. Whoever writes in a thread follows it by itself, unless they said no; nobody else learns of either. Again is
// no mistake. account.ErrNotFound for a thread that is not the actor's to read.
func (f *Forum) Subscribe(ctx context.Context, actor account.Actor, id ThreadID, wanted bool) error {
	if err := mayEnter(actor); err != nil {
		return err
	}
	_, c, err := selectThread(ctx, f.pool, actor, id)
	if err != nil {
		return pg.Classify(err)
	}
	if err := mayRead(actor, c.place()); err != nil {
		return err
	}
	return pg.Classify(upsertSubscription(ctx, f.pool, actor, id, wanted))
}

// readable are the audiences whose categories the actor may read.
func readable(actor account.Actor) (list []Audience) {
	for _, a := range []Audience{ForMembers, ForFamily, ForStaff} {
		if mayRead(actor, place{Audience: a}) == nil {
			list = append(list, a)
		}
	}
	return list
}
