// Package forum is the community half of Ponti: categories, threads and posts, for members only. It knows who may read
// and write where, keeps what was written, and answers moderation about it. It knows nothing of conversations, of HTTP
// or of pages; whether a text is worrying and who must hear of it is moderation's.
//
// Invariants:
//   - A post is read for risk in the transaction that stores it, and again at each edit; a worrying one is stored together
//     with its escalation or not at all. The reading never blocks, delays or alters a post.
//   - The same form sent twice is stored once.
//   - Posts of a thread are numbered 1, 2, 3 … without gaps, in the order of their commits. The number comes from the
//     thread's row under its lock: the row must be locked anyway, to bump the thread in its list, and a gapless number makes
//     a permalink name its page without counting. Threads share no row, so a busy category has no convoy.
//   - A number is given once: where a post is split off its thread, its former place stays and leads to it.
//   - HTML is made when a text is written and never when it is read.
//   - Search is made beside the writing: a post is findable a moment after its commit, and never waits for that.
//   - A draft is read by nobody but its writer, and is lost to no second window, cut line or ended session.
//   - How far somebody has read, and whom and what they would rather not read, is known to them alone. What is muted is folded and never withheld.
//   - Who did not ask is told nothing away from the pages; who did, how much is new that they may read at that moment, once in a period, and not what.
//   - Only who shows in a thread, or looks after its category, is called by name there. Who is called alone learns of it, while they may read it.
//   - A reaction hangs on a post that can be read, and is counted for nobody.
//   - By whom a text without a name is, no reader learns, whoever they are and whatever they ask for: nameless.go.
//   - What somebody votes is in no row, and who speaks at a round table is decided by who was elected there.
//   - A category one may not read looks exactly like one that does not exist.
//   - Who reads a category never changes. To make one, to archive one and to bring one back takes two administrators.
package forum

import (
	"embed"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"ponti/account"
	"ponti/internal/bus"
	"ponti/internal/errs"
	"ponti/internal/ids"
	"ponti/internal/pg"
	"ponti/internal/seal"
	"ponti/internal/worker"
	"ponti/moderation"
	"ponti/moderation/triage"
)

// Identifiers of this package.
type (
	CategoryID = ids.ID[Category]
	ThreadID   = ids.ID[Thread]
	PostID     = ids.ID[Post]
)

// Errors of this package, beside errs.Fields for forms and account's refusals.
var (
	ErrLocked   = errs.New(errs.Conflict, "forum.thread_locked")
	ErrArchived = errs.New(errs.Conflict, "forum.category_archived")
	ErrHidden   = errs.New(errs.Conflict, "forum.post_hidden") // a hidden text stays as it was when it was judged
	ErrDeleted  = errs.New(errs.Conflict, "forum.post_deleted")
	ErrEdited   = errs.New(errs.Conflict, "forum.post_edited_meanwhile")
	ErrForm     = errs.New(errs.Invalid, "forum.form_broken") // a form without its hidden fields
	ErrNotPeer  = errs.New(errs.Invalid, "forum.moderator_is_esp")
)

// Category is a part of the forum.
type Category struct {
	ID       CategoryID
	Slug     string
	Audience Audience
	Title    string
	Rules    string
	Archived bool
	// Moderating is true when the reader looks after this category.
	Moderating bool
	Nameless   bool // persons may write in it without their name
}

// Thread is a discussion, or what else its kind says, as one reader sees it.
type Thread struct {
	ID         ThreadID
	Kind       Kind
	Title      string // empty when the opening was deleted, or is hidden from this reader
	Told       Told   // of a publication
	Opening    State
	Author     Author
	CreatedAt  time.Time
	LastPostAt time.Time
	Posts      int // number of the last post; how many there are is Count
	Read       int // up to which post the reader has seen it; 0 when never
	Locked     bool
	// LockedReason is why, for all who read it; it may be empty.
	LockedReason string
	Pinned       bool          // stands first in its category
	Mine         bool          // the reader opened it
	Followed     bool          // by the reader; told with the thread itself, not in lists
	Notes        []ContentNote // on its opening
	Muted        Muted         // told in lists
	Answer       int           // number of the post that answers what it asks; 0 when none is said to
	Mentioned    int           // number of the first post that calls the reader by name and that they have not seen; 0: none. Told with the thread itself, and in what is new
	Event        *Event        // when and where, of an event; nil while its opening cannot be read
	MovedFrom    string        // title of the category it stood in before; empty when it never moved

	Parted // told of what was split off it, and that it was split off another
}

// State says whether a post can be read.
type State string

// The states of a post.
const (
	Shown   State = "shown"
	Hidden  State = "hidden"
	Deleted State = "deleted"
)

// Post is a post as one reader sees it. What the reader may not see is not in it.
type Post struct {
	ID       PostID
	Number   int
	Author   Author
	State    State
	HTML     string // empty when the reader may not see the text
	At       time.Time
	EditedAt *time.Time
	Version  int
	Muted    Muted         // told in a page of posts
	History  bool          // it said something else before, and the reader may see what
	Notes    []ContentNote // all that are on it
	// AddedNotes are those of them that a moderator put there.
	AddedNotes []ContentNote
	// Reactions are what it was given by somebody, and by the reader; told in a page of posts.
	Reactions, MyReactions []Reaction

	Mine bool
	// Reason is why it is hidden: told to its author, to moderators of the category and to tutors.
	Reason string
	// Level and Care are told to the author alone: what triage read in it, and what they may know of who looks after it.
	Level triage.Level
	Care  moderation.Care
	// RevealedAt is when a tutor last learned that it is theirs: told to the author alone, of a post without a name.
	RevealedAt *time.Time
}

// Receipt is what the author of a post gets.
type Receipt struct {
	Thread ThreadID
	Post   PostID
	Number int
	Level  triage.Level
	Care   moderation.Care
	Held   bool // somebody reads it before it appears: it has no number yet, and an opening no thread
}

// Forum holds the use-cases. Its fields are static after New.
type Forum struct {
	pool       *pgxpool.Pool
	accounts   *account.Accounts
	moderation *moderation.Moderation
	keys       *seal.Keyring // seals drafts
	hints      bus.Publisher // tells whoever follows a thread
	indexer    worker.Worker
	outlet     Outlet // what digests leave by
	letters    worker.Worker
	calls      worker.Worker
}

// New makes a forum. Content must be given to moderation before that starts.
func New(pool *pgxpool.Pool, accounts *account.Accounts, m *moderation.Moderation, keys *seal.Keyring, hints bus.Publisher) *Forum {
	return &Forum{pool: pool, accounts: accounts, moderation: m, keys: keys, hints: hints}
}

//go:embed migrations/*.sql
var files embed.FS

// Migrations is the history of this package's tables.
func Migrations() pg.Migrations {
	sub, err := fs.Sub(files, "migrations")
	if err != nil {
		panic(err) // the path is a constant of this file
	}
	return pg.Migrations{Name: "forum", FS: sub}
}
