package forum

import (
	"context"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/errs"
)

// ErrNoAnswer says that the opening of a thread, or a post that nobody can read, is no answer to it.
var ErrNoAnswer = errs.New(errs.Conflict, "forum.no_answer")

// mayMarkAnswer: where the kind of the thread has answers, who opened it, while they may write in it; and who moderates there, in a thread of somebody else.
func mayMarkAnswer(actor account.Actor, c Category, t threadRow) error {
	if t.Kind.rule().answers == nil {
		return ErrNoAnswer
	}
	if c.Archived && mayRead(actor, c.place()) == nil {
		return ErrArchived
	}
	if t.author != actor.ID {
		return mayArrange(actor, c.place(), t)
	}
	if t.Locked {
		return ErrLocked
	}
	return mayWrite(actor, c.place(), account.PostWriteEditOwnDeleteOwn)
}

// MarkAnswer says that a post answers what its thread asks, in place of another that did; again is no mistake. ErrNoAnswer for the opening
// and for what is hidden or deleted, ErrAnswerByPeer for what nobody of the ESPs wrote in a question to them; else as WritePost, and account.ErrNotFound for who neither asked nor moderates there.
func (f *Forum) MarkAnswer(ctx context.Context, actor account.Actor, id PostID) (Receipt, error) {
	return f.answer(ctx, actor, id, true)
}

// UnmarkAnswer takes that back.
func (f *Forum) UnmarkAnswer(ctx context.Context, actor account.Actor, id PostID) (Receipt, error) {
	return f.answer(ctx, actor, id, false)
}

func (f *Forum) answer(ctx context.Context, actor account.Actor, id PostID, is bool) (r Receipt, err error) {
	err = f.onPost(ctx, actor, id, func(ctx context.Context, tx pgx.Tx, p postRow, c Category) error {
		t, _, err := selectThread(ctx, tx, actor, p.Thread)
		if err != nil {
			return err
		}
		if err := mayMarkAnswer(actor, c, t); err != nil {
			return err
		}
		if is && (p.Number == 1 || p.Hidden || p.Deleted) {
			return ErrNoAnswer
		}
		names, err := f.accounts.Public(ctx, tx, []account.ID{p.Author})
		if err != nil {
			return err
		}
		if is && !t.Kind.rule().answers(names[p.Author]) {
			return ErrAnswerByPeer
		}
		r = Receipt{Thread: p.Thread, Post: p.ID, Number: p.Number}
		if changed, err := updateThreadAnswer(ctx, tx, actor.Service, p.Thread, p.Number, is); err != nil || !changed {
			return err
		}
		action := "thread.answered"
		if !is {
			action = "thread.unanswered"
		}
		return appendAudit(ctx, tx, auditedAs(actor, t.voice > 0 && t.author == actor.ID), action, "post:"+id.String())
	})
	return r, err
}
