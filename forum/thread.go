package forum

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/pg"
)

// Sizes of a page.
const (
	ThreadsPerPage = 30
	PostsPerPage   = 50
)

// Lengths of why a thread is locked, in runes.
const (
	MinReason = 10
	MaxReason = 300
)

// Cursor is a position in the list of a category: a page holds what was last active before it. A thread that is bumped while
// somebody reads on moves in front of their cursor, so nobody meets a thread twice on the way back in time.
type Cursor struct {
	At time.Time
	ID ThreadID
}

// String is the form in URLs; empty for the zero cursor.
func (c Cursor) String() string {
	if c.At.IsZero() {
		return ""
	}
	b := binary.BigEndian.AppendUint64(nil, uint64(c.At.UnixMicro()))
	return base64.RawURLEncoding.EncodeToString(append(b, c.ID[:]...))
}

// ParseCursor reads what String wrote. Anything else is the zero cursor: an old or broken link shows the newest page.
func ParseCursor(s string) Cursor {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) != 24 {
		return Cursor{}
	}
	us := int64(binary.BigEndian.Uint64(b))
	at := time.UnixMicro(us).UTC()
	if at.Year() < 2000 || at.Year() > 9999 { // not from us, and not all of it fits a timestamptz
		return Cursor{}
	}
	return Cursor{At: at, ID: ThreadID(b[8:])}
}

// ThreadList is one page of a category: on the newest one first those that are pinned, then by activity, newest first.
type ThreadList struct {
	Category Category
	Kind     Kind // of all of them; empty: of any
	Threads  []Thread
	Older    Cursor // zero when this page is the last
	MayOpen  bool
	OwnForms []Kind // that the reader may open, each on a page of its own
	// MayOpenEvent is for those who work here, MayOpenRound for those of them who look after the category.
	MayOpenEvent, MayOpenRound bool
}

// Threads gives the page of a category before a cursor; the zero cursor gives the newest.
func (f *Forum) Threads(ctx context.Context, actor account.Actor, slug string, before Cursor, limit int) (ThreadList, error) {
	return f.ThreadsOfKind(ctx, actor, slug, "", before, limit)
}

// ThreadsOfKind is Threads for those of one kind; the empty kind is all.
func (f *Forum) ThreadsOfKind(ctx context.Context, actor account.Actor, slug string, kind Kind, before Cursor, limit int) (ThreadList, error) {
	if err := mayEnter(actor); err != nil {
		return ThreadList{}, err
	}
	limit = min(max(limit, 1), 100)
	read, err := f.selectThreadList(ctx, actor, slug, kind, before, limit+1)
	if err != nil {
		return ThreadList{}, pg.Classify(err)
	}
	c, rows := read.category, read.threads
	if err := mayRead(actor, c.place()); err != nil {
		return ThreadList{}, err
	}
	words, err := f.filter(actor, read.filters)
	if err != nil {
		return ThreadList{}, err
	}
	l := ThreadList{Category: c, Kind: kind, MayOpen: mayWrite(actor, c.place(), account.ThreadOpen) == nil, MayOpenEvent: MayOpenEvent(actor, c), MayOpenRound: MayOpenRound(actor, c)}
	l.OwnForms = slices.DeleteFunc(f.KindsToOpen(actor, c), func(k Kind) bool { return !k.HasOwnForm() })
	if len(rows) > limit {
		rows = rows[:limit]
		l.Older = Cursor{At: rows[limit-1].LastPostAt, ID: rows[limit-1].ID}
	}
	rows = append(read.pinned, rows...)
	authors := make([]account.ID, len(rows))
	for i, r := range rows {
		authors[i] = r.named()
	}
	if err := f.nameAll(ctx, read.names, authors); err != nil {
		return ThreadList{}, err
	}
	l.Threads = make([]Thread, len(rows))
	for i, r := range rows {
		l.Threads[i] = r.seenBy(actor, c.place(), read.names)
		l.Threads[i].Muted = r.mutedFor(actor, words)
	}
	return l, f.withEvents(ctx, f.pool, actor.Service, pointers(l.Threads)...)
}

// mutedFor says why a title is folded for a reader. What is pinned is for everybody.
func (t threadRow) mutedFor(actor account.Actor, words filter) Muted {
	if t.author == actor.ID || t.Pinned {
		return ""
	}
	return words.on(t.muted, t.Title+"\n"+t.Told.Abstract)
}

// seenBy leaves out what the actor may not see.
func (t threadRow) seenBy(actor account.Actor, p place, names map[account.ID]account.Public) Thread {
	v := t.Thread
	v.Author, v.Opening, v.Mine = t.toldTo(actor, names), Shown, t.author == actor.ID
	switch {
	case t.ended:
		v.Opening, v.Title, v.Told.Abstract, v.Notes = Deleted, "", "", nil
	case t.hidden:
		v.Opening = Hidden
		if !maySeeHidden(actor, p, t.author == actor.ID) {
			v.Title, v.Told.Abstract = "", ""
		}
	}
	return v
}

// PostList is one page of a thread.
type PostList struct {
	Category   Category
	Thread     Thread
	Posts      []Post
	MayWrite   bool
	MayEdit    bool // their own
	MayLock    bool
	MayMerge   bool   // into another, where there is one
	MayNote    bool   // posts of others
	MayAnswer  bool   // say which post answers
	MayReact   bool   // to them
	MayEvent   bool   // change when and where it takes place
	MayCancel  bool   // say that it does not
	OpenNoted  bool   // the reader wants texts with content notes unfolded
	Mark       string // changes with what is on this page; ThreadMark
	MayUnmerge bool   // threads were merged into it, which may be taken back
	Round      *Round // of a round table
	Places
}

// Posts gives the posts of a thread after a number.
func (f *Forum) Posts(ctx context.Context, actor account.Actor, id ThreadID, after, limit int) (PostList, error) {
	l, _, err := f.posts(ctx, actor, id, after, limit, nil)
	return l, err
}

// PostsAndDraft is Posts with the draft that DraftOf gives for an answer there; the zero draft where the actor may not write.
func (f *Forum) PostsAndDraft(ctx context.Context, actor account.Actor, id ThreadID, after, limit int, draft DraftID) (PostList, Draft, error) {
	l, r, err := f.posts(ctx, actor, id, after, limit, &draft)
	if err != nil || !l.MayWrite || r == nil {
		return l, Draft{}, err
	}
	d, err := f.draftToWriteOn(actor, *r)
	return l, d, err
}

// posts reads a page of a thread and, where draft is not nil, what the actor began to answer; nil when that is nothing.
func (f *Forum) posts(ctx context.Context, actor account.Actor, id ThreadID, after, limit int, draft *DraftID) (PostList, *draftRow, error) {
	if err := mayEnter(actor); err != nil {
		return PostList{}, nil, err
	}
	after, limit = max(after, 0), min(max(limit, 1), 100)
	read, err := f.selectThreadPage(ctx, actor, id, after, limit, draft)
	if err != nil {
		return PostList{}, nil, pg.Classify(err)
	}
	if err := mayRead(actor, read.category.place()); err != nil {
		return PostList{}, nil, err
	}
	if read.thread.Kind == KindRoundTable {
		// A table that cannot be brought up to date is read as it stands: KeepRounds says why, and goes on.
		if moved, err := f.settleRound(ctx, actor.Service, id, nil); err == nil && moved {
			return f.posts(ctx, actor, id, after, limit, draft)
		}
	}
	l, err := f.postsSeenBy(ctx, actor, read, after, limit)
	return l, read.draft, err
}

// postsSeenBy makes of a page of a thread what its reader sees of it.
func (f *Forum) postsSeenBy(ctx context.Context, actor account.Actor, read threadPage, after, limit int) (PostList, error) {
	t, c, rows := read.thread, read.category, read.posts
	authors := make([]account.ID, 1, 1+len(rows))
	authors[0] = t.named()
	for i := range rows {
		authors = append(authors, rows[i].named())
	}
	names := read.names
	if err := f.nameAll(ctx, names, authors); err != nil {
		return PostList{}, err
	}
	l := PostList{
		Category: c, Thread: t.seenBy(actor, c.place(), names), Posts: make([]Post, len(rows)),
		MayEdit:   !t.Locked && mayWrite(actor, c.place(), account.PostWriteEditOwnDeleteOwn) == nil,
		MayLock:   mayArrange(actor, c.place(), t) == nil,
		MayMerge:  mayArrange(actor, c.place(), t) == nil && mayMerge(t.Thread, t.Thread),
		OpenNoted: t.filters.openNoted,
		MayNote:   mayNote(actor, c.place(), false) == nil,
		MayAnswer: mayMarkAnswer(actor, c, t) == nil,
		MayReact:  mayWrite(actor, c.place(), account.PostWriteEditOwnDeleteOwn) == nil,
		Mark:      markOf(t, c, rows),
	}
	var err error
	if l.Places, err = f.placesOf(ctx, actor, t, after, limit); err != nil {
		return PostList{}, err
	}
	if l.MayLock && !c.Archived {
		if l.MayUnmerge, err = selectMergedAny(ctx, f.pool, actor.Service, t.ID); err != nil {
			return PostList{}, pg.Classify(err)
		}
	}
	l.MayWrite, l.MayEvent, l.MayCancel = l.MayEdit && !t.Told.Closed, mayChangeEvent(actor, c, t) == nil, mayCancelEvent(actor, c, t) == nil
	if err := f.withRound(ctx, actor, t, &l); err != nil {
		return PostList{}, err
	}
	cares, err := f.caresOf(ctx, actor, rows...)
	if err != nil {
		return PostList{}, err
	}
	words, err := f.filter(actor, t.filters)
	for i := range rows {
		r := &rows[i]
		l.Posts[i] = r.seenBy(actor, c.place(), names, cares)
		if !l.Posts[i].Mine && (r.Number > 1 || !t.Pinned) {
			l.Posts[i].Muted = words.on(r.muted, r.Source)
		}
	}
	if err != nil {
		return l, err
	}
	if err := f.tellReveals(ctx, actor, l.Posts); err != nil {
		return l, err
	}
	return l, f.withEvents(ctx, f.pool, actor.Service, &l.Thread)
}

// Thread is one that the actor may read, with its category.
func (f *Forum) Thread(ctx context.Context, actor account.Actor, id ThreadID) (Thread, Category, error) {
	if err := mayEnter(actor); err != nil {
		return Thread{}, Category{}, err
	}
	t, c, err := selectThread(ctx, f.pool, actor, id)
	if err != nil {
		return Thread{}, Category{}, pg.Classify(err)
	}
	if err := mayRead(actor, c.place()); err != nil {
		return Thread{}, Category{}, err
	}
	names, err := f.accounts.Public(ctx, f.pool, []account.ID{t.named()})
	return t.seenBy(actor, c.place(), names), c, err
}

// NewThread is a thread with its opening post.
type NewThread struct {
	Category    string // slug
	Kind        Kind   // empty: a discussion
	Title, Text string
	Told        Told // of a publication
	Notes       []ContentNote
	Nameless    bool   // as of NewPost
	CID         string // made with the form
	DraftMark
}

// OpenThread starts a thread. Errors: errs.Fields, ErrKind, Invalid as WritePost, ErrArchived, account.ErrNotFound for a category that is not the actor's.
func (f *Forum) OpenThread(ctx context.Context, actor account.Actor, in NewThread) (Receipt, error) {
	if err := mayEnter(actor); err != nil {
		return Receipt{}, err
	}
	in.Kind = cmp.Or(in.Kind, KindDiscussion)
	w, err := f.readOpening(actor.Service, in)
	if err != nil {
		return Receipt{}, err
	}
	w.draft, w.post.Nameless = in.DraftMark, in.Nameless
	return f.write(ctx, actor, w, func(ctx context.Context, tx pgx.Tx) (CategoryID, error) {
		c, _, err := selectCategory(ctx, tx, actor, in.Category)
		if err != nil {
			return c.ID, err
		}
		w.opens = newThread{Category: c.ID, Kind: in.Kind, Told: Told{w.post.Abstract, in.Told.Closed && in.Kind == KindPublication}}
		if err := mayOpen(actor, c.place(), w.opens.Kind); err != nil {
			return c.ID, err
		}
		return c.ID, mayBeNameless(actor, c, w.opens.Kind, in.Nameless)
	})
}

// LockThread ends writing in a thread; reading and deleting one's own go on. Moderators of the category and tutors may, in a
// thread that somebody else opened; again is no mistake.
func (f *Forum) LockThread(ctx context.Context, actor account.Actor, id ThreadID, reason string) error {
	reason = cleanTitle(reason)
	switch n := utf8.RuneCountInString(reason); {
	case n < MinReason:
		return errs.Field("reason", "forum.reason_short", map[string]any{"Min": MinReason})
	case n > MaxReason:
		return errs.Field("reason", "forum.reason_long", map[string]any{"Max": MaxReason, "Over": n - MaxReason})
	}
	return f.arrange(ctx, actor, id, "thread.lock", func(ctx context.Context, tx pgx.Tx, _ Category) (bool, error) {
		return updateThreadLocked(ctx, tx, actor.Service, id, true, reason)
	})
}

// UnlockThread lets people write again.
func (f *Forum) UnlockThread(ctx context.Context, actor account.Actor, id ThreadID) error {
	return f.arrange(ctx, actor, id, "thread.unlock", func(ctx context.Context, tx pgx.Tx, _ Category) (bool, error) {
		return updateThreadLocked(ctx, tx, actor.Service, id, false, "")
	})
}

// arrange changes how a thread stands in its category, for those who may; what changed nothing is not written down.
func (f *Forum) arrange(
	ctx context.Context, actor account.Actor, id ThreadID, action string, change func(context.Context, pgx.Tx, Category) (changed bool, err error),
) error {
	if err := mayEnter(actor); err != nil {
		return err
	}
	err := pg.InTx(ctx, f.pool, func(ctx context.Context, tx pgx.Tx) error {
		t, c, err := selectThread(ctx, tx, actor, id)
		if err != nil {
			return err
		}
		if err := mayArrange(actor, c.place(), t); err != nil {
			return err
		}
		if changed, err := change(ctx, tx, c); err != nil || !changed {
			return err
		}
		return appendAudit(ctx, tx, actor, action, "thread:"+id.String())
	})
	if err == nil {
		f.changed(id)
	}
	return err
}

// mayArrange: nobody moderates where they are a party.
func mayArrange(actor account.Actor, p place, t threadRow) error {
	if err := mayRead(actor, p); err != nil {
		return err
	}
	if t.author == actor.ID {
		return account.ErrForbidden
	}
	return account.Can(actor, account.ThreadLockMovePin, p.relation(false))
}
