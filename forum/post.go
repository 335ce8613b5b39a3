package forum

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/ids"
	"ponti/internal/pg"
	"ponti/moderation"
	"ponti/moderation/triage"
)

// NewPost is an answer in a thread.
type NewPost struct {
	Thread ThreadID
	Text   string
	Notes  []ContentNote
	// Nameless: without the actor's name, where the category allows it.
	Nameless bool
	CID      string // made with the form: sent twice, it is stored once
	DraftMark
}

// WritePost answers in a thread. Errors: errs.Fields, Invalid for who may not write for a time, ErrLocked, ErrClosed, ErrArchived, account.ErrNotFound for a thread that is not the actor's to read.
func (f *Forum) WritePost(ctx context.Context, actor account.Actor, in NewPost) (Receipt, error) {
	if err := mayEnter(actor); err != nil {
		return Receipt{}, err
	}
	w, err := f.read(actor.Service, "", in.Text, in.CID, in.Notes, false)
	if err != nil {
		return Receipt{}, err
	}
	w.draft = in.DraftMark
	w.post.Thread, w.post.Nameless = in.Thread, in.Nameless
	return f.write(ctx, actor, w, func(ctx context.Context, tx pgx.Tx) (CategoryID, error) {
		t, c, err := selectThread(ctx, tx, actor, in.Thread)
		if err != nil {
			return c.ID, err
		}
		if err := mayWrite(actor, c.place(), account.PostWriteEditOwnDeleteOwn); err != nil {
			return c.ID, err
		}
		if t.Locked {
			return c.ID, ErrLocked
		}
		if t.Told.Closed {
			return c.ID, ErrClosed
		}
		if err := mayAnswer(ctx, tx, actor, t); err != nil {
			return c.ID, err
		}
		return c.ID, mayBeNameless(actor, c, t.Kind, in.Nameless)
	})
}

// writing is a text that was cleaned, rendered and read for risk.
type writing struct {
	post    newPost
	opens   newThread // where it opens a thread, and of which kind; zero: it answers in post.Thread
	event   *Event    // of the thread that it opens, if that is one
	verdict triage.Verdict
	form    string    // its client id, which a draft of it has too
	draft   DraftMark // what the form knew of that
	story   bool      // it would stand in a story that was read, and is held beside it

	beside func(context.Context, pgx.Tx, Receipt) error // what comes of it in its transaction, held or not; nil: nothing
}

func validCID(cid string) bool {
	n := utf8.RuneCountInString(cid)
	return n >= 16 && n <= 64 && cleanText(cid) == cid
}

func (f *Forum) read(service account.ServiceID, title, text, cid string, notes []ContentNote, withTitle bool) (*writing, error) {
	if !validCID(cid) {
		return nil, ErrForm
	}
	p, err := prepare(title, text, notes, withTitle)
	if err != nil {
		return nil, err
	}
	return f.assessed(service, p, cid), nil
}

// assessed is a prepared text, read for risk.
func (f *Forum) assessed(service account.ServiceID, p prepared, cid string) *writing {
	v := f.assess(service, p)
	return &writing{post: newPost{CID: cid, prepared: p, Level: v.Level}, verdict: v, form: cid}
}

// assess reads a text as readers see it and as it was typed: markup inside a word does not hide the word, and the
// target of a link is read too. The more worrying reading counts.
func (f *Forum) assess(service account.ServiceID, p prepared) triage.Verdict {
	head := p.Title
	if p.Abstract != "" {
		head += "\n\n" + p.Abstract
	}
	v := f.moderation.Read(service, head+"\n\n"+p.Plain)
	if p.Source == p.Plain {
		return v
	}
	w := f.moderation.Read(service, head+"\n\n"+p.Source)
	if w.Level > max(v.Level, triage.None) || w.Level == triage.Unscored && v.Level == triage.None {
		return w
	}
	return v
}

// write stores a text where ready says that it may stand, in which category; or has somebody read it first.
func (f *Forum) write(ctx context.Context, actor account.Actor, w *writing, ready func(ctx context.Context, tx pgx.Tx) (CategoryID, error)) (Receipt, error) {
	w.post.ID, w.post.Author = ids.New[Post](), actor.ID
	holding, err := f.holding(ctx, actor)
	if err != nil {
		return Receipt{}, err
	}
	var r Receipt
	var raised moderation.Raised
	err = pg.InTx(ctx, f.pool, func(ctx context.Context, tx pgx.Tx) error {
		if w.draft != (DraftMark{}) { // it may be on its way to be kept, just now
			if err := lockDrafts(ctx, tx, actor); err != nil {
				return err
			}
		}
		category, err := ready(ctx, tx)
		if err != nil {
			return err
		}
		why, err := f.hold(ctx, tx, actor, holding)
		if err != nil {
			return err
		}
		if why == HoldNothing && heldForHarm(actor, w.verdict) {
			why = HoldHarm
		}
		if w.story || w.opens.Kind.rule().twoReaders {
			why = HoldStory
		}
		if err := f.moderation.MayWrite(ctx, tx, actor); err != nil {
			if errs.KindOf(err) != errs.Invalid || w.post.Level == triage.None {
				return err
			}
			why = HoldMuted
		}
		if again, err := selectWritten(ctx, tx, actor, w.post.CID, why); err != nil {
			return err
		} else if again {
			return errWritten
		}
		if why == HoldNothing {
			r, err = f.store(ctx, tx, actor.Service, category, w)
		} else {
			r = Receipt{Thread: w.post.Thread, Post: w.post.ID, Level: w.post.Level, Held: true}
			err = insertHeld(ctx, tx, actor.Service, category, w.opens.Kind.held(), w.post, why)
		}
		if err == nil && w.beside != nil && why != HoldMuted {
			err = w.beside(ctx, tx, r)
		}
		if err != nil {
			return err
		}
		if err := publishDraft(ctx, tx, actor, w.form, w.draft); err != nil {
			return err
		}
		raised, r.Care, err = f.raise(ctx, tx, actor, w.post.ID, 1, w.verdict)
		return err
	})
	if c := pg.Constraint(err); errs.KindOf(err) == errs.Conflict || c == "forum_posts_cid_once" || c == "forum_held_cid_once" {
		// The same form again: what it wrote the first time is the answer, also when the thread was locked in between.
		first, again := f.receipt(ctx, actor, w.post)
		switch {
		case again == nil:
			return first, nil
		case errors.Is(again, errOther):
			// The form came back from a browser's memory with another text in it. Nobody's words are lost over that.
			w.post.CID = w.post.ownCID()
			return f.write(ctx, actor, w, ready)
		}
	}
	if err != nil {
		return Receipt{}, err
	}
	if raised.Announce != nil {
		raised.Announce()
	}
	f.consider(actor, w.post.ID, 1, w.post.prepared, w.verdict.Level)
	if !r.Held {
		f.changed(r.Thread)
	}
	return r, nil
}

// errWritten says that the same form has come before: held then and not now, or the other way round.
var errWritten = errs.New(errs.Conflict, "forum.written")

// errOther says that a client id was used for something else.
var errOther = errors.New("forum: another text has this client id")

// ownCID is a client id that belongs to this text alone: sent twice, it is stored once again.
func (p newPost) ownCID() string {
	sum := sha256.Sum256(fmt.Append(nil, p.CID, "\x00", p.Title, "\x00", p.Source, "\x00", p.Nameless))
	return hex.EncodeToString(sum[:])
}

// receipt answers for a post that was stored before; errOther when it said something else then.
func (f *Forum) receipt(ctx context.Context, actor account.Actor, p newPost) (Receipt, error) {
	r, said, err := selectReceipt(ctx, f.pool, actor, p.CID)
	if errors.Is(err, account.ErrNotFound) {
		r, said, err = selectHeldReceipt(ctx, f.pool, actor, p.CID)
	}
	if err != nil {
		return r, err
	}
	if said.Source != p.Source || said.Nameless != p.Nameless || p.Title != "" && said.Title != p.Title {
		return Receipt{}, errOther
	}
	if r.Level == triage.None {
		return r, nil
	}
	r.Care, _, err = f.moderation.CareFor(ctx, f.pool, subject(r.Post))
	return r, err
}

// raise stores the escalation of a worrying post in the post's transaction. Each version is a cause of its own.
// A text that triage could not read is amber: a human reads it.
func (f *Forum) raise(ctx context.Context, tx pgx.Tx, author account.Actor, id PostID, version int, v triage.Verdict) (r moderation.Raised, c moderation.Care, err error) {
	level, rules := v.Level, v.Rules()
	switch level {
	case triage.None:
		return r, c, nil
	case triage.Unscored:
		level, rules = triage.Amber, append(rules, triage.Unscored.String())
	case triage.Amber, triage.Red, triage.Crisis:
	}
	raise := raiseOf(author, id, version, v)
	raise.Level, raise.Rules = level, rules
	r, err = f.moderation.Raise(ctx, tx, raise)
	if err != nil {
		return r, c, err
	}
	c, _, err = f.moderation.CareFor(ctx, tx, subject(id))
	return r, c, err
}

func subject(id PostID) moderation.Subject {
	return moderation.Subject{Kind: moderation.SubjectPost, ID: id.String()}
}

// seenBy leaves out what the actor may not see.
func (r *postRow) seenBy(actor account.Actor, p place, names map[account.ID]account.Public, cares map[string]moderation.Care) Post {
	v := Post{
		ID: r.ID, Number: r.Number, Author: r.toldTo(actor, names), State: Shown, HTML: r.HTML, At: r.At, EditedAt: r.EditedAt,
		Version: r.Version, Mine: r.Author == actor.ID, AddedNotes: r.AddedNotes,
	}
	if len(r.Notes)+len(r.AddedNotes) > 0 {
		v.Notes = knownNotes(slices.Concat(r.Notes, r.AddedNotes))
	}
	v.History = (r.EditedAt != nil || r.Deleted) && maySeeHistory(actor, p, v.Mine)
	switch {
	case !r.Deleted && !r.Hidden:
		v.Reactions, v.MyReactions = r.reactions.Given, r.reactions.Mine
	case r.Deleted:
		v.State, v.HTML, v.EditedAt = Deleted, "", nil
	case r.Hidden:
		v.State = Hidden
		sees := maySeeHidden(actor, p, v.Mine)
		if !sees {
			v.HTML = ""
		}
		if sees || v.Mine {
			v.Reason = r.Reason
		}
	}
	if v.Mine {
		v.Level, v.Care = r.Level, cares[r.ID.String()]
	}
	return v
}

// caresOf asks once for all posts of the actor that worried triage.
func (f *Forum) caresOf(ctx context.Context, actor account.Actor, rows ...postRow) (map[string]moderation.Care, error) {
	var flagged []string
	for i := range rows {
		if r := &rows[i]; r.Author == actor.ID && r.Level != triage.None {
			flagged = append(flagged, r.ID.String())
		}
	}
	return f.moderation.CaresFor(ctx, f.pool, moderation.SubjectPost, flagged)
}

// OnePost is a post by itself, for quoting, editing and reporting it.
type OnePost struct {
	Category Category
	Thread   Thread
	Post     Post
	Source   string // as it was typed; empty when the reader may not see it
	// MayEdit and MayDelete say what its page may offer.
	MayEdit, MayDelete, MayNote bool
	// OwnNotes are those its author gave.
	OwnNotes []ContentNote
}

// Post is one that the actor may read. account.ErrNotFound otherwise.
func (f *Forum) Post(ctx context.Context, actor account.Actor, id PostID) (OnePost, error) {
	if err := mayEnter(actor); err != nil {
		return OnePost{}, err
	}
	r, t, c, err := selectPost(ctx, f.pool, actor, id, false)
	if err != nil {
		return OnePost{}, pg.Classify(err)
	}
	if err := mayRead(actor, c.place()); err != nil {
		return OnePost{}, err
	}
	names, err := f.accounts.Public(ctx, f.pool, []account.ID{r.named(), t.named()})
	if err != nil {
		return OnePost{}, err
	}
	cares, err := f.caresOf(ctx, actor, r)
	if err != nil {
		return OnePost{}, err
	}
	v := r.seenBy(actor, c.place(), names, cares)
	one := []Post{v}
	if err := f.tellReveals(ctx, actor, one); err != nil {
		return OnePost{}, err
	}
	v = one[0]
	o := OnePost{Category: c, Thread: t.seenBy(actor, c.place(), names), Post: v}
	if v.HTML != "" {
		o.Source = r.Source
	}
	mine := mayChange(actor, c.place(), v.Mine) == nil && !r.Deleted
	o.MayEdit, o.MayDelete = mine && !r.Hidden && !t.Locked && !c.Archived && !r.isWhole(t), mine && !r.isWhole(t)
	if o.MayEdit && mayReword(ctx, f.pool, actor, t, r) != nil {
		o.MayEdit = false
	}
	o.MayNote, o.OwnNotes = mayNote(actor, c.place(), v.Mine) == nil && !r.Deleted, r.Notes
	return o, nil
}

// Edit is a new text for one's own post.
type Edit struct {
	Post    PostID
	Version int    // the version that was edited: a form that is older changes nothing
	Title   string // of the opening post only
	Told    Told   // of the opening of a publication
	Text    string
	Notes   []ContentNote // its author's; those that a moderator added stay
	EditForm
}

// EditPost changes one's own post; what it said before stays for its moderators, and the new text is read for risk like a new post. From somebody who may not
// write for a time it is refused, but what sounds like danger is kept for moderators as an answer of its own: the receipt says that it is held. Errors: errs.Fields, Invalid as WritePost,
// ErrEditUnread, ErrStoryRead, ErrEdited, ErrHidden, ErrDeleted, ErrLocked, ErrArchived; account.ErrNotFound for somebody else's.
func (f *Forum) EditPost(ctx context.Context, actor account.Actor, in Edit) (Receipt, error) {
	if err := mayEnter(actor); err != nil {
		return Receipt{}, err
	}
	holding, err := f.holding(ctx, actor)
	if err != nil {
		return Receipt{}, err
	}
	var r Receipt
	var raised moderation.Raised
	var aside *writing
	var where CategoryID
	edited := func() {}
	err = pg.InTx(ctx, f.pool, in.saving(actor, func(ctx context.Context, tx pgx.Tx) error {
		aside = nil
		old, t, c, err := selectPost(ctx, tx, actor, in.Post, true)
		if err != nil {
			return err
		}
		if err := mayChange(actor, c.place(), old.Author == actor.ID); err != nil {
			return err
		}
		if err := old.editable(t, c, in.Version); err != nil {
			return err
		}
		if err := mayReword(ctx, tx, actor, t, old); err != nil {
			return err
		}
		p, told, err := in.prepared(old, t)
		if err != nil {
			return err
		}
		if err := f.moderation.MayWrite(ctx, tx, actor); err != nil {
			if errs.KindOf(err) == errs.Invalid {
				aside, where = f.instead(actor.Service, old, p), c.ID
			}
			return err
		}
		r = Receipt{Thread: old.Thread, Post: old.ID, Number: old.Number, Level: old.Level}
		title := ""
		if old.Number == 1 {
			title = t.Title
		}
		same := p.Source == old.Source && p.Title == title && p.Abstract == t.Told.Abstract // but perhaps for its notes, in which nothing is to be read
		if same && slices.Equal(p.Notes, old.Notes) && (old.Number > 1 || told == t.Told) {
			return nil
		}
		v := triage.Verdict{Level: old.Level}
		if !same {
			v = f.assess(actor.Service, p)
		}
		if !same && old.isWhole(t) { // readers keep what two people read
			if aside, where = f.instead(actor.Service, old, p), c.ID; aside != nil {
				aside.story = true
			}
			return ErrStoryRead
		}
		if !same && heldForHarm(actor, v) { // readers keep what stood there
			aside, where = f.instead(actor.Service, old, p), c.ID
			return errAside
		}
		if !same && v.Level == triage.None { // what sounds like danger is never refused: somebody reads it because of that
			if why, err := f.hold(ctx, tx, actor, holding); err != nil {
				return err
			} else if why != HoldNothing {
				return ErrEditUnread
			}
		}
		if err := insertVersion(ctx, tx, actor.Service, old, title); err != nil {
			return err
		}
		if err := f.replace(ctx, tx, actor.Service, c.ID, old, p, v.Level); err != nil {
			return err
		}
		if r.Level = v.Level; old.Number == 1 {
			if err := updateThreadTitle(ctx, tx, actor.Service, old.Thread, p.Title, told); err != nil {
				return err
			}
		}
		if same {
			return nil
		}
		edited = func() { f.consider(actor, old.ID, old.Version+1, p, v.Level) }
		raised, r.Care, err = f.raise(ctx, tx, actor, old.ID, old.Version+1, v)
		return err
	}))
	if aside != nil {
		aside.form, aside.draft = in.CID, in.DraftMark
		return f.write(ctx, actor, aside, func(context.Context, pgx.Tx) (CategoryID, error) { return where, nil })
	}
	if err != nil {
		return Receipt{}, err
	}
	if raised.Announce != nil {
		raised.Announce()
	}
	edited()
	f.changed(r.Thread)
	return r, nil
}

// instead is what becomes of a new text by somebody who may not write for a time, when it sounds like danger: an answer that nobody but moderators reads, beside the
// post, which stays as it was. Nil when it does not. The same edit sent twice is one.
func (f *Forum) instead(service account.ServiceID, old postRow, p prepared) *writing {
	v := f.assess(service, p)
	if v.Level == triage.None {
		return nil
	}
	post := newPost{Thread: old.Thread, prepared: p, Level: v.Level, Nameless: old.voice > 0}
	post.CID = fmt.Sprintf("%s/%d", old.ID, old.Version)
	post.CID = post.ownCID()
	if p.Title != "" { // the danger may be in it; too long for both, the text alone
		if both, err := prepare("", p.Title+"\n\n"+p.Source, p.Notes, false); err == nil {
			post.prepared = both
		}
		post.Title = ""
	}
	return &writing{post: post, verdict: v}
}

// editable says why a post cannot be edited any more, if so.
func (r postRow) editable(t threadRow, c Category, version int) error {
	switch {
	case r.Deleted:
		return ErrDeleted
	case r.Hidden:
		return ErrHidden
	case t.Locked:
		return ErrLocked
	case c.Archived:
		return ErrArchived
	case r.Version != version:
		return ErrEdited
	}
	return nil
}
