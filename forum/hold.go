package forum

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/ids"
	"ponti/internal/pg"
	"ponti/moderation"
	"ponti/moderation/triage"
)

// Why says why a post is read by somebody before it appears.
type Why string

// The reasons to hold a post back. DESIGN: the first posts of a new member, and all while nobody is on call.
const (
	HoldNothing   Why = ""
	HoldFirst     Why = "first"
	HoldUncovered Why = "uncovered"
	HoldStory     Why = "story"    // two people read a story, whoever tells it
	HoldHarm      Why = "harm"     // it harms those who read it, and shows no risk of its author (triage.Verdict.HarmsOthers)
	HoldNameless  Why = "nameless" // told in place of what would say something of its author, of one without a name
	HoldMuted     Why = "muted"    // its author may not write for a time, and it sounds like danger: nobody is silenced then
)

// refusedFor is how long a refused post is kept, so that its author may ask that somebody else looks again. As long as a case.
const refusedFor = 24 // months

// Held is a post that somebody reads before it appears.
type Held struct {
	ID        PostID
	Category  Category
	Thread    ThreadID // zero: it opens one
	Kind      Kind     // of what it opens
	Title     string   // of the thread
	Author    Author
	HTML      string
	Source    string // as it was typed; for its author
	Notes     []ContentNote
	Why       Why
	WrittenAt time.Time
	Refused   bool
	Mine      bool
	MayDecide bool
	// RevealedAt is when a tutor last learned that it is theirs: told to the author alone, of a text without a name.
	RevealedAt *time.Time
	// Of a story, which two people let appear:
	TwoReaders bool
	Version    int
	Approvals  int  // how many have said yes to this version
	Approved   bool // the reader has
	MayApprove bool // the reader may say yes now
	NeedsPeer  bool // who says yes now must be an ESP

	Level triage.Level    // for its author
	Care  moderation.Care // for its author
}

// Errors of held posts.
var (
	ErrHeldDecided = errs.New(errs.Conflict, "forum.held_decided")
	// ErrEditUnread says that what was published cannot be changed while everything its author writes is read before it appears: nobody would have read the change.
	ErrEditUnread = errs.New(errs.Invalid, "forum.edit_unread")
)

// holding is what holds for a text that the actor writes now: nothing for staff, and Uncovered only while nobody is on call. It is asked outside of the
// transaction, which would hold one connection and wait for another.
func (f *Forum) holding(ctx context.Context, actor account.Actor) (account.Holding, error) {
	if !actor.IsPerson() {
		return account.Holding{}, nil
	}
	service, err := f.accounts.Service(ctx, actor.Service)
	h := service.Holding
	if err == nil && h.Uncovered {
		var covered bool
		covered, err = f.moderation.Covered(ctx, actor.Service)
		h.Uncovered = !covered
	}
	return h, err
}

// hold says whether a text of the actor must be read before it appears.
func (f *Forum) hold(ctx context.Context, q pg.Querier, actor account.Actor, h account.Holding) (Why, error) {
	if h.First > 0 {
		n, err := selectPublished(ctx, q, actor, h.First)
		if err != nil {
			return HoldNothing, err
		}
		if n < h.First {
			return HoldFirst, nil
		}
	}
	if h.Uncovered {
		return HoldUncovered, nil
	}
	return HoldNothing, nil
}

// heldForHarm is true of what a person wrote that harms others. Staff answers for its own words.
func heldForHarm(actor account.Actor, v triage.Verdict) bool {
	return actor.IsPerson() && v.HarmsOthers()
}

// errAside ends the transaction of an edit that is read before it appears, beside the post.
var errAside = errors.New("forum: stands beside the post")

// mayDecideHeld: who moderates its category, and a tutor; never its author.
func mayDecideHeld(actor account.Actor, h heldRow) error {
	if h.Author == actor.ID {
		return account.ErrNotFound
	}
	if err := mayRead(actor, h.Category.place()); err != nil {
		return err
	}
	return account.Can(actor, account.PostApproveHideRestore, h.Category.place().relation(false))
}

// mayDecideSome: of which category is asked with the post.
func mayDecideSome(actor account.Actor) bool {
	return account.Can(actor, account.PostApproveHideRestore, account.Relation{Object: true, InCategory: true}) == nil
}

// maySeeHeld is mayDecideHeld, or its author.
func maySeeHeld(actor account.Actor, h heldRow) error {
	if h.Author == actor.ID {
		return nil
	}
	if mayDecideHeld(actor, h) != nil {
		return account.ErrNotFound
	}
	return nil
}

// HeldPosts lists what waits for somebody to read it: the actor's own, with what was refused, and what they may decide about. Oldest first, at most
// a hundred of each.
func (f *Forum) HeldPosts(ctx context.Context, actor account.Actor) (own, toRead []Held, err error) {
	if err := mayEnter(actor); err != nil {
		return nil, nil, err
	}
	rows, err := selectOwnHeld(ctx, f.pool, actor)
	if err != nil {
		return nil, nil, pg.Classify(err)
	}
	if own, err = f.showHeld(ctx, actor, rows); err != nil {
		return nil, nil, err
	}
	if !mayDecideSome(actor) {
		return own, nil, nil
	}
	if rows, err = selectWaiting(ctx, f.pool, actor); err != nil {
		return nil, nil, pg.Classify(err)
	}
	theirs := rows[:0]
	for _, h := range rows {
		if mayDecideHeld(actor, h) == nil {
			theirs = append(theirs, h)
		}
	}
	toRead, err = f.showHeld(ctx, actor, theirs)
	return own, slices.DeleteFunc(toRead, func(h Held) bool { return h.Approved }), err
}

// HeldPost is one of them; account.ErrNotFound for who neither wrote it nor may decide about it, and once it is published.
func (f *Forum) HeldPost(ctx context.Context, actor account.Actor, id PostID) (Held, error) {
	if err := mayEnter(actor); err != nil {
		return Held{}, err
	}
	h, err := selectHeld(ctx, f.pool, actor, id, false)
	if err != nil {
		return Held{}, pg.Classify(err)
	}
	if err := maySeeHeld(actor, h); err != nil {
		return Held{}, err
	}
	list, err := f.showHeld(ctx, actor, []heldRow{h})
	if err != nil {
		return Held{}, err
	}
	return list[0], nil
}

func (f *Forum) showHeld(ctx context.Context, actor account.Actor, rows []heldRow) ([]Held, error) {
	who, flagged := make([]account.ID, len(rows)), []string{}
	for i, h := range rows {
		who[i] = h.named()
		if h.Author == actor.ID && h.Level != triage.None {
			flagged = append(flagged, h.ID.String())
		}
	}
	names, err := f.accounts.Public(ctx, f.pool, who)
	if err != nil {
		return nil, err
	}
	cares, err := f.moderation.CaresFor(ctx, f.pool, moderation.SubjectPost, flagged)
	if err != nil {
		return nil, err
	}
	approvals, err := f.approvalsOf(ctx, actor.Service, rows)
	if err != nil {
		return nil, err
	}
	list := make([]Held, len(rows))
	for i, h := range rows {
		list[i] = Held{
			ID: h.ID, Category: h.Category, Thread: h.Thread, Kind: h.Kind, Title: h.Title, Author: h.toldTo(actor, names), HTML: h.HTML, Notes: h.Notes, Why: h.whyToldTo(actor), WrittenAt: h.At,
			Refused: h.Refused, Mine: h.Author == actor.ID, MayDecide: !h.Refused && mayDecideHeld(actor, h) == nil,
		}
		list[i].told(actor, h, approvals[h.ID])
		if list[i].Mine {
			list[i].Level, list[i].Care, list[i].Source = h.Level, cares[h.ID.String()], h.Source
		}
	}
	return list, f.tellHeldReveals(ctx, actor, list)
}

// PublishHeld lets a held post appear, as if it were written now. ErrHeldDecided when somebody has decided before, or its author has taken it
// back; ErrLocked when it cannot stand there any more. What was written before its category was archived still appears.
func (f *Forum) PublishHeld(ctx context.Context, actor account.Actor, id PostID) (Receipt, error) {
	var r Receipt
	err := f.decideHeld(ctx, actor, id, "post.publish", func(ctx context.Context, tx pgx.Tx, h heldRow) (err error) {
		if h.Kind.rule().twoReaders {
			return ErrHeldEdited // it is said yes to with the version that was read: ApproveHeld
		}
		r, err = f.publish(ctx, tx, actor.Service, h)
		return err
	})
	if err == nil {
		f.changed(r.Thread)
	}
	return r, err
}

// publish moves a held post to where everybody reads.
func (f *Forum) publish(ctx context.Context, q pg.Querier, s account.ServiceID, h heldRow) (Receipt, error) {
	p, err := prepareAs(shape{MaxLong, markdown}, h.Title, h.Source, h.Notes, h.Thread.IsZero())
	if err != nil {
		return Receipt{}, err
	}
	w := &writing{post: newPost{ID: h.ID, Thread: h.Thread, Author: h.Author, Nameless: h.Nameless, CID: h.CID, prepared: p, Level: h.Level}}
	if h.Thread.IsZero() {
		w.opens = newThread{Category: h.Category.ID, Kind: h.Kind}
		for i, to := range []*account.ID{&w.opens.ApprovedBy, &w.opens.ApprovedWith} {
			if i < len(h.approvals) {
				*to = h.approvals[i].who
			}
		}
	}
	if err := deleteHeld(ctx, q, s, h.ID); err != nil {
		return Receipt{}, err
	}
	if err := keepWriting(ctx, q, s, h); err != nil {
		return Receipt{}, err
	}
	return f.store(ctx, q, s, h.Category.ID, w)
}

// RefuseHeld keeps a held post from appearing; its author is told why, and may ask that somebody else looks again.
func (f *Forum) RefuseHeld(ctx context.Context, actor account.Actor, id PostID, reason string) error {
	announce := func() {}
	err := f.decideHeld(ctx, actor, id, "post.refuse", func(ctx context.Context, tx pgx.Tx, h heldRow) (err error) {
		if announce, err = f.moderation.Withhold(ctx, tx, actor, subject(id), h.Author, reason); err != nil {
			return err
		}
		return updateHeldRefused(ctx, tx, actor.Service, id, actor.ID)
	})
	if err == nil {
		announce()
	}
	return err
}

func (f *Forum) decideHeld(ctx context.Context, actor account.Actor, id PostID, action string, decide func(context.Context, pgx.Tx, heldRow) error) error {
	if err := mayEnter(actor); err != nil {
		return err
	}
	return pg.InTx(ctx, f.pool, func(ctx context.Context, tx pgx.Tx) error {
		h, err := selectHeld(ctx, tx, actor, id, true)
		if errors.Is(err, account.ErrNotFound) {
			return f.whyNotHeld(ctx, tx, actor, id)
		}
		if err != nil {
			return err
		}
		if err := maySeeHeld(actor, h); err != nil {
			return err
		}
		if err := mayDecideHeld(actor, h); err != nil {
			return err
		}
		if h.Refused {
			return ErrHeldDecided
		}
		if err := decide(ctx, tx, h); err != nil {
			return err
		}
		return appendAudit(ctx, tx, actor, action, "post:"+id.String())
	})
}

// whyNotHeld tells those who read the post where it stands now that it was decided.
func (f *Forum) whyNotHeld(ctx context.Context, q pg.Querier, actor account.Actor, id PostID) error {
	_, _, c, err := selectPost(ctx, q, actor, id, false)
	if err != nil {
		return err
	}
	if err := mayRead(actor, c.place()); err != nil {
		return err
	}
	return ErrHeldDecided
}

// WithdrawHeld takes back one's own held post; nothing of it stays, unless somebody answers for a danger in it. Of a refused one as well: asking that
// somebody else looks again is over with it.
func (f *Forum) WithdrawHeld(ctx context.Context, actor account.Actor, id PostID) error {
	if err := mayEnter(actor); err != nil {
		return err
	}
	return pg.InTx(ctx, f.pool, func(ctx context.Context, tx pgx.Tx) error {
		h, err := selectHeld(ctx, tx, actor, id, true)
		if err != nil {
			return err
		}
		if h.Author != actor.ID {
			return account.ErrNotFound
		}
		gone, err := f.forgetHeld(ctx, tx, actor, id)
		if err != nil {
			return err
		}
		if !gone {
			return ErrHeldAnswered
		}
		return appendAudit(ctx, tx, auditedAs(actor, h.Nameless), "post.withdraw", "post:"+id.String())
	})
}

// ErrHeldAnswered says that somebody is just reading it because of a danger in it.
var ErrHeldAnswered = errs.New(errs.Conflict, "forum.held_answered")

// forgetHeld erases a held post unless somebody answers for it just now.
func (f *Forum) forgetHeld(ctx context.Context, tx pgx.Tx, actor account.Actor, id PostID) (gone bool, err error) {
	concern, err := f.moderation.ConcernOf(ctx, tx, actor.Service, moderation.SubjectPost, []string{id.String()})
	if err != nil || concern == moderation.OpenConcern {
		return false, err
	}
	if err := deleteReveals(ctx, tx, actor.Service, id); err != nil {
		return false, err
	}
	if err := deleteWriting(ctx, tx, actor.Service, id); err != nil {
		return false, err
	}
	return true, deleteHeld(ctx, tx, actor.Service, id)
}

// HeldFor is how long the oldest held post has waited for somebody to read it, in any service; 0 when none does.
func (f *Forum) HeldFor(ctx context.Context) (time.Duration, error) {
	d, err := selectHeldFor(ctx, f.pool)
	return d, pg.Classify(err)
}

// EraseRefused erases what was refused so long ago that nobody can be asked to look again. Any number of instances may call it at once.
func (f *Forum) EraseRefused(ctx context.Context) error {
	return pg.Classify(deleteRefused(ctx, f.pool, refusedFor))
}

// store puts a text where everybody reads it, in a new thread when it opens one.
func (w *writing) store(ctx context.Context, q pg.Querier, s account.ServiceID) (Receipt, error) {
	if t := w.opens; !t.Category.IsZero() {
		w.post.Thread = ids.New[Thread]()
		t.ID, t.Author, t.Title = w.post.Thread, w.post.Author, w.post.Title
		if w.post.Nameless {
			t.voice = 1
		}
		if err := insertThread(ctx, q, s, t); err != nil {
			return Receipt{}, err
		}
		if w.event != nil {
			if err := insertEvent(ctx, q, s, t.ID, *w.event); err != nil {
				return Receipt{}, err
			}
		}
	}
	number, err := storePost(ctx, q, s, w.post)
	if errors.Is(err, account.ErrNotFound) {
		return Receipt{}, ErrLocked // a moment after it was found open
	}
	if err == nil {
		err = insertSubscription(ctx, q, s, w.post.Author, w.post.Thread)
	}
	return Receipt{Thread: w.post.Thread, Post: w.post.ID, Number: number, Level: w.post.Level}, err
}
