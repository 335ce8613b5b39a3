package forum

import (
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/pg"
	"ponti/moderation"
	"ponti/moderation/triage"
)

// A story of recovery is held like any post that is read before it appears, and two people let it: at least one of them an ESP, neither its author. Who told it takes
// it back whenever they want, and nothing of it is left for any reader.

// Errors of stories.
var (
	ErrApproved   = errs.New(errs.Conflict, "kind.approved")    // the same person again: a second one must say yes
	ErrNeedsPeer  = errs.New(errs.Conflict, "kind.needs_peer")  // somebody else said yes, and now an ESP must
	ErrHeldEdited = errs.New(errs.Conflict, "kind.held_edited") // its author changed it since it was read
	// ErrStoryRead says that what two people read stays as they read it. To change it is to take it back and tell it again.
	ErrStoryRead = errs.New(errs.Invalid, "kind.story_read")
)

// tellers are who may tell a story: those who come for themselves or for somebody close, and the ESPs.
func tellers(a account.Actor, _ place) bool { return a.IsPerson() || a.IsPeer() }

// approval is one yes to a held story.
type approval struct {
	who  account.ID
	role account.Role
}

func (a approval) byPeer() bool { return a.role == account.RoleESP || a.role == account.RoleSenior }

// enough is true of two yeses, one of them by an ESP. That they are of different people the table sees to.
func enough(list []approval) bool {
	return len(list) >= 2 && slices.ContainsFunc(list, approval.byPeer)
}

// mayJoin says why one more yes by the actor would bring a story no nearer to its readers, if so.
func mayJoin(actor account.Actor, list []approval) error {
	if slices.ContainsFunc(list, func(a approval) bool { return a.who == actor.ID }) {
		return ErrApproved
	}
	if len(list) > 0 && !actor.IsPeer() && !slices.ContainsFunc(list, approval.byPeer) {
		return ErrNeedsPeer
	}
	return nil
}

// ApproveHeld says yes to a held story as it stands in a version; with the second yes it appears, and until then the receipt says that it is held. Errors: as PublishHeld, ErrApproved,
// ErrNeedsPeer, ErrHeldEdited.
func (f *Forum) ApproveHeld(ctx context.Context, actor account.Actor, id PostID, version int) (Receipt, error) {
	var r Receipt
	err := f.decideHeld(ctx, actor, id, "post.approve", func(ctx context.Context, tx pgx.Tx, h heldRow) error {
		r = Receipt{Post: id, Held: true}
		if !h.Kind.rule().twoReaders || h.Version != version {
			return ErrHeldEdited
		}
		before, err := selectApprovals(ctx, tx, actor.Service, []PostID{id})
		if err != nil {
			return err
		}
		if err := mayJoin(actor, before[id]); err != nil {
			return err
		}
		if err := insertApproval(ctx, tx, actor, h); err != nil {
			return err
		}
		all := append(before[id], approval{actor.ID, actor.Role})
		if !enough(all) {
			return nil
		}
		if h.approvals = all; !h.approvals[0].byPeer() {
			slices.Reverse(h.approvals)
		}
		if r, err = f.publish(ctx, tx, actor.Service, h); err != nil {
			return err
		}
		return appendAudit(ctx, tx, actor, "post.publish", "post:"+id.String())
	})
	if pg.Constraint(err) == "forum_approvals_once" {
		return Receipt{}, ErrApproved
	}
	if err == nil && !r.Held {
		f.changed(r.Thread)
	}
	return r, err
}

// HeldEdit is a new text for one's own held story.
type HeldEdit struct {
	Post        PostID
	Version     int // the one that was changed: a form that is older changes nothing
	Title, Text string
	Notes       []ContentNote
}

// EditHeld changes one's own story while it waits, which takes back every yes to what it said before; it is read for risk like a new one. One that appeared meanwhile stays as it
// was read: ErrStoryRead. Errors: errs.Fields, Invalid as WritePost, ErrEdited, ErrHeldDecided when it was refused, ErrArchived, account.ErrNotFound.
func (f *Forum) EditHeld(ctx context.Context, actor account.Actor, in HeldEdit) (Receipt, error) {
	if err := mayEnter(actor); err != nil {
		return Receipt{}, err
	}
	p, err := prepare(in.Title, in.Text, in.Notes, true)
	if err != nil {
		return Receipt{}, err
	}
	v := f.assess(actor.Service, p)
	r := Receipt{Post: in.Post, Level: v.Level, Held: true}
	var raised moderation.Raised
	changed := false
	err = pg.InTx(ctx, f.pool, func(ctx context.Context, tx pgx.Tx) error {
		changed = false
		h, err := selectHeld(ctx, tx, actor, in.Post, true)
		if err != nil {
			return err
		}
		if err := mayEditHeld(actor, h, in.Version); err != nil {
			return err
		}
		if err := f.moderation.MayWrite(ctx, tx, actor); err != nil && (errs.KindOf(err) != errs.Invalid || v.Level == triage.None) {
			return err // what sounds like danger is read all the same
		}
		if p.Source == h.Source && p.Title == h.Title && slices.Equal(p.Notes, h.Notes) {
			return nil
		}
		changed = true
		if err := updateHeldText(ctx, tx, actor.Service, in.Post, p, v.Level); err != nil {
			return err
		}
		if err := deleteApprovals(ctx, tx, actor.Service, in.Post); err != nil {
			return err
		}
		if err := appendAudit(ctx, tx, auditedAs(actor, h.Nameless), "post.change_held", "post:"+in.Post.String()); err != nil {
			return err
		}
		raised, r.Care, err = f.raise(ctx, tx, actor, in.Post, h.Version+1, v)
		return err
	})
	if errors.Is(err, account.ErrNotFound) { // it may have appeared while its author wrote on
		return f.editAppeared(ctx, actor, in)
	}
	if err != nil {
		return Receipt{}, err
	}
	if raised.Announce != nil {
		raised.Announce()
	}
	if changed {
		f.consider(actor, in.Post, in.Version+1, p, v.Level)
	}
	return r, nil
}

// editAppeared is EditHeld for a story that is no longer held.
func (f *Forum) editAppeared(ctx context.Context, actor account.Actor, in HeldEdit) (Receipt, error) {
	o, err := f.Post(ctx, actor, in.Post)
	if err != nil {
		return Receipt{}, err
	}
	return f.EditPost(ctx, actor, Edit{Post: in.Post, Version: o.Post.Version, Title: in.Title, Text: in.Text, Notes: in.Notes})
}

// mayEditHeld: its author alone, a kind that two people read, and only while it waits.
func mayEditHeld(actor account.Actor, h heldRow, version int) error {
	switch {
	case h.Author != actor.ID || !h.Kind.rule().twoReaders:
		return account.ErrNotFound
	case h.Refused:
		return ErrHeldDecided
	case h.Version != version:
		return ErrEdited
	}
	return mayWrite(actor, h.Category.place(), account.ThreadOpen)
}

// WithdrawStory takes one's own story away from everybody at once, with what was answered: its list, its address, search and open pages show it no more, and nothing of its text
// stays, unless somebody just answers for a danger in it. In locked and archived places too; again is no mistake. account.ErrNotFound for what is no story of the actor's.
func (f *Forum) WithdrawStory(ctx context.Context, actor account.Actor, id ThreadID) error {
	if err := mayEnter(actor); err != nil {
		return err
	}
	err := pg.InTx(ctx, f.pool, func(ctx context.Context, tx pgx.Tx) error {
		opening, err := selectOpening(ctx, tx, actor.Service, id)
		if err != nil {
			return err
		}
		p, t, c, err := selectPostAnywhere(ctx, tx, actor, opening)
		if err != nil {
			return err
		}
		if p.Author != actor.ID || !t.Kind.rule().twoReaders {
			return account.ErrNotFound
		}
		if err := mayChange(actor, c.place(), true); err != nil || p.Deleted {
			return err
		}
		return f.deleteOwn(ctx, tx, actor, p, t)
	})
	if err == nil {
		f.changed(id)
	}
	return err
}

// isWhole is true of an opening that its author takes back with all that was answered, and does not change.
func (l *PostList) isWhole(p *Post) bool { return p.Number == 1 && l.Thread.Kind.rule().twoReaders }

// CanEdit and CanDelete are true of posts of the list that the reader may change, or take away by themselves.
func (l *PostList) CanEdit(p *Post) bool {
	return l.MayEdit && p.Mine && p.State == Shown && !l.isWhole(p) && !l.Round.stays(p)
}

// CanDelete is told with CanEdit.
func (l *PostList) CanDelete(p *Post) bool { return p.Mine && !l.isWhole(p) }

// approvalsOf are the yeses to those of some held posts that need two.
func (f *Forum) approvalsOf(ctx context.Context, service account.ServiceID, rows []heldRow) (map[PostID][]approval, error) {
	var stories []PostID
	for _, h := range rows {
		if h.Kind.rule().twoReaders {
			stories = append(stories, h.ID)
		}
	}
	if len(stories) == 0 {
		return map[PostID][]approval{}, nil
	}
	list, err := selectApprovals(ctx, f.pool, service, stories)
	return list, pg.Classify(err)
}

// told fills in how it stands with a story.
func (v *Held) told(actor account.Actor, h heldRow, list []approval) {
	if v.TwoReaders = h.Kind.rule().twoReaders; !v.TwoReaders {
		return
	}
	v.Version, v.Approvals = h.Version, len(list)
	v.Approved = errors.Is(mayJoin(actor, list), ErrApproved)
	v.NeedsPeer = len(list) > 0 && !slices.ContainsFunc(list, approval.byPeer)
	v.MayApprove = v.MayDecide && mayJoin(actor, list) == nil
}
