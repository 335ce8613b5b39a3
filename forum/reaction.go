package forum

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
)

// Reaction is a kind word for a post: for who has nothing to add and wants the author to know that they were read. How many a post was given is told to
// nobody: support is no competition.
type Reaction string

// The reactions, in the order in which they are shown.
const (
	Understand Reaction = "understand"
	Thanks     Reaction = "thanks"
	Strength   Reaction = "strength"
)

// Reactions are all there are.
func Reactions() []Reaction { return []Reaction{Understand, Thanks, Strength} }

// reactionRow is what a post was given.
type reactionRow struct {
	Given, Mine []Reaction
}

// React gives a reaction to somebody else's post, or takes it back; again is no mistake. Errors: ErrForm for one that does not exist, account.ErrForbidden for
// one's own post, ErrHidden, ErrDeleted, and as WritePost for who may not write.
func (f *Forum) React(ctx context.Context, actor account.Actor, id PostID, r Reaction, given bool) (Receipt, error) {
	var receipt Receipt
	err := f.onPost(ctx, actor, id, func(ctx context.Context, tx pgx.Tx, p postRow, c Category) error {
		if !slices.Contains(Reactions(), r) {
			return ErrForm
		}
		receipt = Receipt{Thread: p.Thread, Post: p.ID, Number: p.Number}
		if !given {
			changed, err := deleteReaction(ctx, tx, actor, id, r)
			if err != nil || !changed {
				return err
			}
			return updateReacted(ctx, tx, actor.Service, id)
		}
		if err := mayWrite(actor, c.place(), account.PostWriteEditOwnDeleteOwn); err != nil {
			return err
		}
		switch {
		case p.Author == actor.ID:
			return account.ErrForbidden
		case p.Deleted:
			return ErrDeleted
		case p.Hidden:
			return ErrHidden
		}
		if err := f.moderation.MayWrite(ctx, tx, actor); err != nil {
			return err
		}
		changed, err := insertReaction(ctx, tx, actor, id, r)
		if err != nil || !changed {
			return err
		}
		return updateReacted(ctx, tx, actor.Service, id)
	})
	return receipt, err
}

// Reacted is who gave a post a reaction.
type Reacted struct {
	By account.Public
	Reaction
	At time.Time
}

// forgetReactions takes back what somebody gave, a post at a time.
func (f *Forum) forgetReactions(ctx context.Context, actor account.Actor) error {
	posts, err := selectReactedBy(ctx, f.pool, actor)
	if err != nil {
		return err
	}
	for _, id := range posts {
		err := pg.InTx(ctx, f.pool, func(ctx context.Context, tx pgx.Tx) error {
			if err := lockPost(ctx, tx, actor.Service, id); err != nil {
				return err
			}
			if err := deleteReactionsOn(ctx, tx, actor, id); err != nil {
				return err
			}
			return updateReacted(ctx, tx, actor.Service, id)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// MaxReacted is how many who reacted are listed at most.
const MaxReacted = 300

// ReactionsOf lists who gave what to a post, the first to do so first. account.ErrNotFound for a post whose text is not the actor's to read: what hangs on a post is
// no more open than the post itself.
func (f *Forum) ReactionsOf(ctx context.Context, actor account.Actor, id PostID) (OnePost, []Reacted, error) {
	o, err := f.Post(ctx, actor, id)
	if err != nil {
		return o, nil, err
	}
	if err := account.Can(actor, account.PostReadersReactionsList, o.Category.place().relation(false)); err != nil {
		return o, nil, err
	}
	if o.Post.State != Shown {
		return o, nil, account.ErrNotFound
	}
	rows, err := selectReactions(ctx, f.pool, actor.Service, id, MaxReacted)
	if err != nil {
		return o, nil, pg.Classify(err)
	}
	who := make([]account.ID, len(rows))
	for i, r := range rows {
		who[i] = r.By
	}
	names, err := f.accounts.Public(ctx, f.pool, who)
	list := make([]Reacted, len(rows))
	for i, r := range rows {
		list[i] = Reacted{By: names[r.By], Reaction: r.Reaction, At: r.At}
	}
	return o, list, err
}
