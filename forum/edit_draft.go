package forum

import (
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
)

// DraftedEdit is the post that a draft would change, as it is now.
type DraftedEdit struct {
	Post    PostID
	Number  int
	Base    int  // the version that its writer saw
	Version int  // the version that it has
	Gone    bool // it was deleted
	Hidden  bool
}

// Changed is true where a post says something else than its writer saw when they kept the draft.
func (e DraftedEdit) Changed() bool { return e.Base != e.Version }

// EditForm is the form of an edit; the zero one has no draft.
type EditForm struct {
	CID string // of the form: saving takes the draft away that it shows
	DraftMark
}

// saving takes the draft of a form away in the transaction that saves it. Whatever is refused leaves it alone.
func (in Edit) saving(actor account.Actor, save func(context.Context, pgx.Tx) error) func(context.Context, pgx.Tx) error {
	if in.CID == "" {
		return save
	}
	return func(ctx context.Context, tx pgx.Tx) error {
		if !validCID(in.CID) {
			return ErrForm
		}
		if err := lockDrafts(ctx, tx, actor); err != nil {
			return err
		}
		if err := save(ctx, tx); err != nil {
			return err
		}
		if err := updateVersionCID(ctx, tx, actor.Service, in.Post, in.Version, in.CID); err != nil {
			return err
		}
		return publishDraft(ctx, tx, actor, in.CID, in.DraftMark)
	}
}

// draftsNothing says whether there is nothing to keep of what a form holds: no text, or what its post says anyway; and whether it comes late, after the same form was saved.
func draftsNothing(ctx context.Context, q pg.Querier, actor account.Actor, in Keep, text draftText) (nothing, late bool, err error) {
	nothing = text.Title == "" && text.Text == "" && text.Told.Abstract == ""
	if in.Post.IsZero() {
		return nothing, false, nil
	}
	p, err := selectDrafted(ctx, q, actor, in.Post)
	if err != nil {
		return false, false, err
	}
	if in.Base < 1 || in.Base > p.Version {
		return false, false, ErrForm
	}
	same := in.Base == p.Version && !p.Gone && text.Text == p.Source && (p.Number > 1 || text.Title == p.Title) && slices.Equal(text.Notes, p.Notes)
	late, err = selectSavedCID(ctx, q, actor.Service, in.Post, in.CID)
	return nothing || same, late, err
}

// EditDraft gives the draft that the actor kept last of an edit of their post, or the one with an id if it is of that. Without any it is the zero draft.
func (f *Forum) EditDraft(ctx context.Context, actor account.Actor, post PostID, id DraftID) (Draft, error) {
	if err := mayEnter(actor); err != nil {
		return Draft{}, err
	}
	r, err := selectEditDraft(ctx, f.pool, actor, post, id)
	if errors.Is(err, account.ErrNotFound) {
		return Draft{}, nil
	}
	if err != nil {
		return Draft{}, pg.Classify(err)
	}
	d, err := f.draftSeenBy(actor, r)
	if err == nil {
		d.Hints = f.HintsFor(actor.Service, d.Title, d.Text, d.Notes)
	}
	return d, err
}

// Wrote says whether a post is, or was, the actor's own, where they may read: what they were writing in place of it is theirs also when it is gone with its thread.
func (f *Forum) Wrote(ctx context.Context, actor account.Actor, post PostID) (bool, error) {
	if err := mayEnter(actor); err != nil {
		return false, err
	}
	p, err := selectDrafted(ctx, f.pool, actor, post)
	if errors.Is(err, account.ErrNotFound) {
		return false, nil
	}
	return err == nil && mayRead(actor, p.Category.place()) == nil, pg.Classify(err)
}
