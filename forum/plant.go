package forum

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/ids"
	"ponti/internal/pg"
	"ponti/moderation/triage"
)

// Planted is a discussion that happened before: the demo's, or that of a community that moves to Ponti.
type Planted struct {
	Category CategoryID
	Kind     Kind // empty: a discussion
	Title    string
	Told     Told          // of a publication
	Posts    []PlantedPost // at least one, oldest first; the first one's author opened the thread
}

// PlantedPost is one post of it.
type PlantedPost struct {
	Author account.ID
	Text   string
	Notes  []ContentNote
	At     time.Time
	CID    string // empty: made here
	// Nameless: without its author's name.
	Nameless bool
}

// prepared is one of its posts, ready to be stored.
func (in Planted) prepared(i int) (prepared, error) {
	p := in.Posts[i]
	if i == 0 && in.Kind == KindPublication {
		return prepareTold(in.Title, p.Text, in.Told, p.Notes)
	}
	return prepare(in.Title, p.Text, p.Notes, i == 0)
}

// PlantThread stores a discussion of the past, for Ponti itself only. Texts follow the same rules as any other; they are not read for
// risk, because an alarm about yesterday would call people away from today.
func (f *Forum) PlantThread(ctx context.Context, actor account.Actor, in Planted) (ThreadID, error) {
	if !actor.Is(account.RoleSystem) {
		return ThreadID{}, account.ErrForbidden
	}
	if len(in.Posts) == 0 {
		return ThreadID{}, errors.New("forum: plant a thread without posts")
	}
	thread := ids.New[Thread]()
	err := pg.InTx(ctx, f.pool, func(ctx context.Context, tx pgx.Tx) error {
		for i, p := range in.Posts {
			ready, err := in.prepared(i)
			if err != nil {
				return err
			}
			if i == 0 {
				voice := 0
				if p.Nameless {
					voice = 1
				}
				if err := insertThread(ctx, tx, actor.Service, newThread{ID: thread, Category: in.Category, Author: p.Author, Title: ready.Title, Kind: cmp.Or(in.Kind, KindDiscussion), Told: Told{ready.Abstract, in.Told.Closed}, At: &p.At, voice: voice}); err != nil {
					return err
				}
			}
			post := newPost{ID: ids.New[Post](), Thread: thread, Author: p.Author, Nameless: p.Nameless, CID: p.CID, prepared: ready, Level: triage.None, At: &p.At}
			if post.CID == "" {
				post.CID = post.ID.String()
			}
			if _, err := storePost(ctx, tx, actor.Service, post); err != nil {
				return err
			}
		}
		return nil
	})
	return thread, err
}
