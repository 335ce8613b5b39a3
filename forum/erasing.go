package forum

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
	"ponti/moderation"
)

const forgetBatch = 100

// Forget erases what hangs in the forum on somebody who asked to be forgotten: what they have read, follow, muted, reacted to and began to write, the address of their calendar and, with posts, what they wrote: text, title and
// every earlier version, and words that nobody else used. The number of a post stays. A post that somebody answers for just now is only
// deleted for readers, until they have closed that; done is false until then, and this is called again.
func (f *Forum) Forget(ctx context.Context, actor account.Actor, posts bool) (done bool, err error) {
	if err := deleteReads(ctx, f.pool, actor); err != nil {
		return false, pg.Classify(err)
	}
	if err := deleteDrafts(ctx, f.pool, actor); err != nil {
		return false, pg.Classify(err)
	}
	if err := f.forgetReactions(ctx, actor); err != nil {
		return false, pg.Classify(err)
	}
	if err := deleteMutes(ctx, f.pool, actor); err != nil {
		return false, pg.Classify(err)
	}
	if err := deleteSubscriptions(ctx, f.pool, actor); err != nil {
		return false, pg.Classify(err)
	}
	if _, err := deleteFeed(ctx, f.pool, actor); err != nil {
		return false, pg.Classify(err)
	}
	if err := deleteMentions(ctx, f.pool, actor); err != nil {
		return false, pg.Classify(err)
	}
	if err := deleteDigests(ctx, f.pool, actor); err != nil {
		return false, pg.Classify(err)
	}
	if err := deleteVisit(ctx, f.pool, actor); err != nil {
		return false, pg.Classify(err)
	}
	if err := f.forgetRounds(ctx, actor, posts); err != nil {
		return false, pg.Classify(err)
	}
	if !posts {
		return true, nil
	}
	if done, err = f.forgetAllHeld(ctx, actor); err != nil {
		return false, err
	}
	for after := (PostID{}); ; {
		var list []postToForget
		err := pg.InTx(ctx, f.pool, func(ctx context.Context, tx pgx.Tx) (err error) {
			if list, err = lockPostsToForget(ctx, tx, actor, after, forgetBatch); err != nil {
				return err
			}
			for _, p := range list {
				gone, err := f.forgetPost(ctx, tx, actor, p)
				if err != nil {
					return err
				}
				done = done && gone
			}
			return nil
		})
		if err != nil || len(list) < forgetBatch {
			return done && err == nil, pg.Classify(err)
		}
		after = list[len(list)-1].ID
	}
}

// forgetAllHeld erases what was never read by others, except what somebody answers for just now.
func (f *Forum) forgetAllHeld(ctx context.Context, actor account.Actor) (done bool, err error) {
	err = pg.InTx(ctx, f.pool, func(ctx context.Context, tx pgx.Tx) error {
		done = true
		held, err := selectHeldIDs(ctx, tx, actor)
		if err != nil {
			return err
		}
		for _, id := range held {
			gone, err := f.forgetHeld(ctx, tx, actor, id)
			if err != nil {
				return err
			}
			done = done && gone
		}
		return nil
	})
	return done, pg.Classify(err)
}

// forgetPost takes a post away from readers, and with its earlier versions from everybody once nobody answers for it.
func (f *Forum) forgetPost(ctx context.Context, tx pgx.Tx, actor account.Actor, p postToForget) (gone bool, err error) {
	if !p.Deleted {
		if err := takeAway(ctx, tx, actor, p.ID); err != nil {
			return false, err
		}
	}
	concern, err := f.moderation.ConcernOf(ctx, tx, actor.Service, moderation.SubjectPost, []string{p.ID.String()})
	if err != nil {
		return false, err
	}
	if concern == moderation.OpenConcern {
		return false, nil
	}
	if err := deleteReveals(ctx, tx, actor.Service, p.ID); err != nil {
		return false, err
	}
	texts, err := deleteVersions(ctx, tx, actor.Service, p.ID)
	if err != nil {
		return false, err
	}
	var words []string
	for _, text := range texts {
		words = append(words, knownWords(fold(text))...)
	}
	if err := deleteWords(ctx, tx, actor.Service, words); err != nil {
		return false, err
	}
	return true, appendAudit(ctx, tx, account.System(actor.Service), "post.erase", "post:"+p.ID.String())
}

func takeAway(ctx context.Context, tx pgx.Tx, actor account.Actor, id PostID) error {
	p, t, _, err := selectPostAnywhere(ctx, tx, actor, id)
	if err != nil {
		return err
	}
	return deletePost(ctx, tx, actor.Service, p, t)
}

// deletePost takes a post away from readers, and keeps what it said as a version.
func deletePost(ctx context.Context, tx pgx.Tx, service account.ServiceID, p postRow, t threadRow) error {
	title := ""
	if p.Number == 1 {
		title = t.Title
	}
	if err := insertVersion(ctx, tx, service, p, title); err != nil {
		return err
	}
	if err := updatePostDeleted(ctx, tx, service, p.ID); err != nil {
		return err
	}
	if err := deleteReactionsTo(ctx, tx, service, p.ID); err != nil {
		return err
	}
	if p.Number == 1 {
		return updateThreadOpeningDeleted(ctx, tx, service, p.Thread, p.isWhole(t))
	}
	if err := updateMergedTitleDeleted(ctx, tx, service, p); err != nil {
		return err
	}
	_, err := updateThreadAnswer(ctx, tx, service, p.Thread, p.Number, false) // a question whose answer is gone waits again
	return err
}

// DeletePost takes one's own post away at once, in locked and archived places too: its number stays, its text goes. The last version
// stays for moderators until it is erased with the account, because a post can be deleted by somebody who still needs help. Again is no mistake.
func (f *Forum) DeletePost(ctx context.Context, actor account.Actor, id PostID) (Receipt, error) {
	if err := mayEnter(actor); err != nil {
		return Receipt{}, err
	}
	var r Receipt
	err := pg.InTx(ctx, f.pool, func(ctx context.Context, tx pgx.Tx) error {
		old, t, c, err := selectPost(ctx, tx, actor, id, true)
		if err != nil {
			return err
		}
		if err := mayChange(actor, c.place(), old.Author == actor.ID); err != nil {
			return err
		}
		r = Receipt{Thread: old.Thread, Post: old.ID, Number: old.Number, Level: old.Level}
		if old.Deleted {
			return nil
		}
		return f.deleteOwn(ctx, tx, actor, old, t)
	})
	if err == nil {
		f.changed(r.Thread)
	}
	return r, err
}

// ActDelete is what the register says of a post that its author deleted.
const ActDelete = "post.delete"

func (f *Forum) deleteOwn(ctx context.Context, tx pgx.Tx, by account.Actor, p postRow, t threadRow) error {
	if err := deletePost(ctx, tx, by.Service, p, t); err != nil {
		return err
	}
	if err := appendAudit(ctx, tx, auditedAs(by, p.voice > 0), ActDelete, "post:"+p.ID.String()); err != nil || !p.isWhole(t) {
		return err
	}
	_, err := f.forgetPost(ctx, tx, by, postToForget{ID: p.ID, Deleted: true}) // what is taken back whole leaves no version either
	return err
}

// isWhole is true of an opening with which its thread goes, whatever was answered.
func (r postRow) isWhole(t threadRow) bool { return r.Number == 1 && t.Kind.rule().twoReaders }

// DeleteAgain deletes a post that its author had deleted, after a backup brought it back. False when there is nothing to delete.
func (f *Forum) DeleteAgain(ctx context.Context, service account.ServiceID, id PostID) (did bool, err error) {
	by := account.System(service)
	err = pg.InTx(ctx, f.pool, func(ctx context.Context, tx pgx.Tx) error {
		did = false
		p, t, _, err := selectPostAnywhere(ctx, tx, by, id)
		if errors.Is(err, account.ErrNotFound) || err == nil && p.Deleted {
			return nil
		}
		if err != nil {
			return err
		}
		did = true
		return f.deleteOwn(ctx, tx, by, p, t)
	})
	return did, pg.Classify(err)
}
