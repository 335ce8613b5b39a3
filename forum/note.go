package forum

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
)

// ContentNote names something that a text speaks of and that not everybody wants to meet unprepared. A text with notes is shown folded, with them on it. They come
// from a list and are not typed: every reader gets them in their own language, and there is nothing in them to be read for risk.
type ContentNote string

// The content notes, in the order in which they are shown.
const (
	NoteSuicide    ContentNote = "suicide"
	NoteSelfHarm   ContentNote = "self_harm"
	NoteViolence   ContentNote = "violence"
	NoteEating     ContentNote = "eating"
	NoteSubstances ContentNote = "substances"
	NoteLoss       ContentNote = "loss"
	NoteOther      ContentNote = "other"
)

// ContentNotes are all there are.
func ContentNotes() []ContentNote {
	return []ContentNote{NoteSuicide, NoteSelfHarm, NoteViolence, NoteEating, NoteSubstances, NoteLoss, NoteOther}
}

// knownNotes brings what a form sent into order, each once; what is none is left out, for nobody's words are lost over that.
func knownNotes(sent []ContentNote) []ContentNote {
	return slices.DeleteFunc(ContentNotes(), func(n ContentNote) bool { return !slices.Contains(sent, n) })
}

// onPost changes something about a post that the actor may read, and tells those who follow its thread.
func (f *Forum) onPost(ctx context.Context, actor account.Actor, id PostID, change func(context.Context, pgx.Tx, postRow, Category) error) error {
	if err := mayEnter(actor); err != nil {
		return err
	}
	var thread ThreadID
	err := pg.InTx(ctx, f.pool, func(ctx context.Context, tx pgx.Tx) error {
		p, _, c, err := selectPost(ctx, tx, actor, id, true)
		if err != nil {
			return err
		}
		if err := mayRead(actor, c.place()); err != nil {
			return err
		}
		thread = p.Thread
		return change(ctx, tx, p, c)
	})
	if err == nil {
		f.changed(thread)
	}
	return err
}

// mayNote: who moderates the category of a post that is not theirs, and a tutor.
func mayNote(actor account.Actor, p place, own bool) error {
	if own {
		return account.ErrForbidden
	}
	return account.Can(actor, account.PostApproveHideRestore, p.relation(false))
}

// NotePost puts content notes on somebody else's post, beside those its author gave, in place of what was put there before; its text stays as it is. Errors:
// account.ErrNotFound, account.ErrForbidden for who does not moderate there or wrote it; ErrDeleted.
func (f *Forum) NotePost(ctx context.Context, actor account.Actor, id PostID, notes []ContentNote) (Receipt, error) {
	var r Receipt
	err := f.onPost(ctx, actor, id, func(ctx context.Context, tx pgx.Tx, p postRow, c Category) error {
		if err := mayNote(actor, c.place(), p.Author == actor.ID); err != nil {
			return err
		}
		if p.Deleted {
			return ErrDeleted
		}
		r = Receipt{Thread: p.Thread, Post: p.ID, Number: p.Number}
		if changed, err := updateAddedNotes(ctx, tx, actor.Service, id, knownNotes(notes)); err != nil || !changed {
			return err
		}
		return appendAudit(ctx, tx, actor, "post.note", "post:"+id.String())
	})
	return r, err
}
