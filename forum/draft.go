package forum

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/ids"
	"ponti/internal/pg"
	"ponti/internal/seal"
)

// DraftID names a draft.
type DraftID = ids.ID[Draft]

// Bounds of drafts.
const (
	MaxDraft    = MaxLong + MaxText/2 // runes: somebody who wrote too much loses none of it
	MaxDrafts   = 50                  // of one account
	DraftMonths = 6                   // how long one is kept that nobody goes on with
)

// Draft is what somebody began to write and has not published. Nobody else reads it; it is stored sealed.
type Draft struct {
	ID       DraftID
	CID      string // of the form: publishing that takes the draft away
	Version  int
	Category Category
	Thread   ThreadID // zero: it would open a discussion
	Place    string   // title of the discussion it answers in, as far as its writer may read that
	Open     bool     // its writer may publish there now
	Kind     Kind     // of the thread it would open; empty: not chosen
	Told     Told     // of a publication
	Title    string
	Text     string
	Notes    []ContentNote
	Nameless bool   // it would stand without its writer's name
	Hints    []Hint // for the form; not told in lists
	KeptAt   time.Time
	Edit     DraftedEdit // zero: it is of a new post
}

// Keep is what a form holds that somebody writes in.
type Keep struct {
	Thread      ThreadID // in which it answers; zero:
	Category    string   // slug of the category in which it opens a thread
	Kind        Kind     // of that
	Told        Told     // of a publication
	Title, Text string
	Notes       []ContentNote
	Nameless    bool
	CID         string
	DraftMark

	Post PostID // which it would change, in place of Thread and Category
	Base int    // the version of that which the form shows
}

// DraftMark says which draft a form shows: the version it knows, 0 for none, and the window that writes in it, as long as that is open. A
// window may keep over what it kept itself, so that an answer which was lost on the way does no harm.
type DraftMark struct {
	Version int
	Writer  string // up to 64 characters; empty without a script
}

// Errors of drafts.
var (
	ErrDraftElsewhere = errs.New(errs.Conflict, "forum.draft_elsewhere") // changed in another window, or published: it is to be kept under another client id
	ErrDraftsFull     = errs.New(errs.Invalid, "forum.drafts_full")
)

// KeepDraft stores what somebody is writing and gives its new version; without any text it throws the draft away and gives 0. Whoever may write in a
// place may, also while that is closed: nobody's words are lost over that. Errors: errs.Fields when it is longer than MaxDraft,
// ErrDraftElsewhere when another window has changed or published it, ErrDraftsFull, account.ErrNotFound.
func (f *Forum) KeepDraft(ctx context.Context, actor account.Actor, in Keep) (version int, err error) {
	if err := mayEnter(actor); err != nil {
		return 0, err
	}
	if !validCID(in.CID) || utf8.RuneCountInString(in.Writer) > 64 || cleanText(in.Writer) != in.Writer {
		return 0, ErrForm
	}
	text := draftText{Title: cleanTitle(in.Title), Text: cleanText(in.Text), Notes: knownNotes(in.Notes), Nameless: in.Nameless}
	if in.Kind.IsKnown() {
		text.Kind = in.Kind
	}
	if in.Kind == KindPublication {
		text.Told = in.Told.clean()
	}
	if utf8.RuneCountInString(text.Title)+utf8.RuneCountInString(text.Text)+utf8.RuneCountInString(text.Told.Abstract) > MaxDraft {
		return 0, errs.Field("text", "forum.draft_too_long", nil)
	}
	body, err := f.sealDraft(actor.ID, text)
	if err != nil {
		return 0, err
	}
	err = pg.InTx(ctx, f.pool, func(ctx context.Context, tx pgx.Tx) error {
		version = 0
		c, act, err := draftPlace(ctx, tx, actor, in)
		if err != nil {
			return err
		}
		if err := mayDraft(actor, c.place(), act); err != nil {
			return err
		}
		if err := lockDrafts(ctx, tx, actor); err != nil {
			return err
		}
		nothing, late, err := draftsNothing(ctx, tx, actor, in, text)
		if err != nil {
			return err
		}
		known, err := selectDraftMark(ctx, tx, actor, in.CID)
		if err != nil {
			return err
		}
		published, err := selectPublishedCID(ctx, tx, actor, in.CID)
		switch {
		case err != nil:
			return err
		case published || late || !known.fits(in.DraftMark):
			return ErrDraftElsewhere
		case nothing:
			return deleteDraftOf(ctx, tx, actor, in.CID)
		case known.Version > 0:
			version = known.Version + 1
			return updateDraft(ctx, tx, actor, c.ID, in, version, body)
		}
		if n, err := countDrafts(ctx, tx, actor); err != nil {
			return err
		} else if n >= MaxDrafts {
			return ErrDraftsFull
		}
		version = 1
		return insertDraft(ctx, tx, actor, c.ID, ids.New[Draft](), in, body)
	})
	return version, pg.Classify(err)
}

// fits says whether a form that knows in may keep over what is stored as m; the zero mark is nothing.
func (m DraftMark) fits(in DraftMark) bool {
	return m.Version == in.Version || m.Version > 0 && m.Writer != "" && m.Writer == in.Writer
}

func draftPlace(ctx context.Context, q pg.Querier, actor account.Actor, in Keep) (Category, account.Action, error) {
	if !in.Post.IsZero() {
		p, err := selectDrafted(ctx, q, actor, in.Post)
		return p.Category, account.PostWriteEditOwnDeleteOwn, err
	}
	if in.Thread.IsZero() {
		c, _, err := selectCategory(ctx, q, actor, in.Category)
		return c, account.ThreadOpen, err
	}
	_, c, err := selectThread(ctx, q, actor, in.Thread)
	return c, account.PostWriteEditOwnDeleteOwn, err
}

// mayDraft is mayWrite, but for what is closed.
func mayDraft(actor account.Actor, p place, act account.Action) error {
	p.Archived = false
	return mayWrite(actor, p, act)
}

// draftText is what is sealed.
type draftText struct {
	Title string        `json:"title"`
	Text  string        `json:"text"`
	Notes []ContentNote `json:"notes,omitempty"`
	Kind  Kind          `json:"kind,omitempty"`
	Told  Told          `json:"told,omitzero"`
	// Nameless is left out where it is not asked for, as in what was kept before.
	Nameless bool `json:"nameless,omitempty"`
}

// draftOf binds a sealed draft to who wrote it.
func draftOf(a account.ID) string { return "forum draft|" + a.String() }

func (f *Forum) sealDraft(a account.ID, text draftText) (seal.Alone, error) {
	plain, err := json.Marshal(text)
	if err != nil {
		return seal.Alone{}, fmt.Errorf("forum: seal draft: %w", err)
	}
	s, err := f.keys.SealAlone(plain, draftOf(a))
	if err != nil {
		return seal.Alone{}, fmt.Errorf("forum: seal draft: %w", err)
	}
	return s, nil
}

func (f *Forum) openDraft(a account.ID, s seal.Alone) (text draftText, err error) {
	plain, err := f.keys.OpenAlone(s, draftOf(a))
	if err == nil {
		err = json.Unmarshal(plain, &text)
	}
	if err != nil {
		return text, fmt.Errorf("forum: open draft: %w", err)
	}
	return text, nil
}

// Drafts lists what the actor began to write, the latest first. What they wrote stays theirs also where they may not read any more; of the place
// it tells nothing then.
func (f *Forum) Drafts(ctx context.Context, actor account.Actor) ([]Draft, error) {
	if err := mayEnter(actor); err != nil {
		return nil, err
	}
	rows, err := selectDrafts(ctx, f.pool, actor)
	if err != nil {
		return nil, pg.Classify(err)
	}
	list := make([]Draft, len(rows))
	for i, r := range rows {
		if list[i], err = f.draftSeenBy(actor, r); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (f *Forum) draftSeenBy(actor account.Actor, r draftRow) (Draft, error) {
	text, err := f.openDraft(actor.ID, r.sealed)
	if err != nil {
		return Draft{}, err
	}
	d := r.Draft
	d.Title, d.Text, d.Notes, d.Kind, d.Told, d.Nameless = text.Title, text.Text, text.Notes, text.Kind, text.Told, text.Nameless
	act := account.ThreadOpen
	if !d.Thread.IsZero() || !d.Edit.Post.IsZero() {
		act = account.PostWriteEditOwnDeleteOwn
		d.Place = r.thread.seenBy(actor, d.Category.place(), nil).Title
	}
	d.Open = !d.Edit.Gone && !d.Edit.Hidden && !r.threadGone && !r.thread.Locked && mayWrite(actor, d.Category.place(), act) == nil
	if mayRead(actor, d.Category.place()) != nil {
		d.Category, d.Place = Category{}, ""
	}
	return d, nil
}

// DraftOf gives the draft that the actor kept last for a place: a thread to answer in, or where that is zero a category to open one in, by its slug. With
// an id it gives that one, if it is of this place. Without any it is the zero draft.
func (f *Forum) DraftOf(ctx context.Context, actor account.Actor, thread ThreadID, slug string, id DraftID) (Draft, error) {
	if err := mayEnter(actor); err != nil {
		return Draft{}, err
	}
	r, err := selectDraftOf(ctx, f.pool, actor, thread, slug, id)
	if errors.Is(err, account.ErrNotFound) {
		return Draft{}, nil
	}
	if err != nil {
		return Draft{}, pg.Classify(err)
	}
	return f.draftToWriteOn(actor, r)
}

// draftToWriteOn is a draft as a form begins with it.
func (f *Forum) draftToWriteOn(actor account.Actor, r draftRow) (Draft, error) {
	d, err := f.draftSeenBy(actor, r)
	if err == nil {
		d.Hints = f.HintsFor(actor.Service, d.Title, d.Text, d.Notes)
	}
	return d, err
}

// ThrowDraftAway erases a draft of the actor; one that is gone is no mistake.
func (f *Forum) ThrowDraftAway(ctx context.Context, actor account.Actor, id DraftID) error {
	if err := mayEnter(actor); err != nil {
		return err
	}
	return pg.Classify(deleteDraft(ctx, f.pool, actor, id))
}

// EraseDrafts erases what nobody went on with for DraftMonths.
func (f *Forum) EraseDrafts(ctx context.Context) error {
	return pg.Classify(deleteOldDrafts(ctx, f.pool, DraftMonths))
}

// publishDraft takes the draft away that a form shows which is published now. What another window kept meanwhile under the same client id stays, under
// another one.
func publishDraft(ctx context.Context, tx pgx.Tx, actor account.Actor, cid string, mark DraftMark) error {
	known, err := selectDraftMark(ctx, tx, actor, cid)
	switch {
	case err != nil || known.Version == 0:
		return err
	case known.fits(mark):
		return deleteDraftOf(ctx, tx, actor, cid)
	}
	return updateDraftCID(ctx, tx, actor, cid, ids.New[Draft]().String())
}
