package forum

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/ids"
	"ponti/internal/pg"
)

// Where a category allows it, a person writes without their name. By whom such a text is stays known to the store, which answers for it by the account as for any other: who may write is asked of the
// account, what worries is escalated, and moderation warns, mutes and bans its author. The name itself is looked up for nobody, moderators of the category among them: told below is the only way from
// a stored author to a shown one. A tutor is told by whom it is because of a danger that they answer for, and its author is told of that.

// Errors of writing without a name.
var (
	// ErrNameless says that here nobody writes without their name, or that the actor does not. The text is not published with their name instead.
	ErrNameless = errs.Field("nameless", "nameless.not_here", nil)
	// ErrNoNameToMute says that a post has no name by which its author could be muted: what else they write would tell who they are.
	ErrNoNameToMute = errs.New(errs.Invalid, "nameless.no_mute")
)

// Author is who wrote something, as one reader is told.
type Author struct {
	account.Public // zero without a name

	Nameless bool
	// Voice is the same in all that one person wrote without their name in a thread, and no other's there. In another thread it says nothing; a split or a merge numbers those of its threads anew. 0: it is not told.
	Voice int
	You   bool // it is the reader's own, without their name
}

// named is whose name readers are told; the zero id, which is nobody's, for what was written without one.
func named(author account.ID, nameless bool) account.ID {
	if nameless {
		return account.ID{}
	}
	return author
}

// told is who wrote something, for one reader. The names are those of authors who are named.
func told(actor account.Actor, author account.ID, nameless bool, voice int, names map[account.ID]account.Public) Author {
	if nameless {
		return Author{Nameless: true, Voice: voice, You: author == actor.ID}
	}
	return Author{Public: names[author]}
}

func (r *postRow) named() account.ID { return named(r.Author, r.voice > 0) }

func (r *postRow) toldTo(actor account.Actor, names map[account.ID]account.Public) Author {
	return told(actor, r.Author, r.voice > 0, r.voice, names)
}

func (t threadRow) named() account.ID { return named(t.author, t.voice > 0) }

// toldTo tells no voice: which one opened a thread says something only beside others.
func (t threadRow) toldTo(actor account.Actor, names map[account.ID]account.Public) Author {
	return told(actor, t.author, t.voice > 0, 0, names)
}

func (h heldRow) named() account.ID { return named(h.Author, h.Nameless) }

func (h heldRow) toldTo(actor account.Actor, names map[account.ID]account.Public) Author {
	return told(actor, h.Author, h.Nameless, 0, names)
}

// whyToldTo is why a post is held, as one reader is told. What says something of its author, such as that they are new or may not write for a time, is not told of one without a name.
func (h heldRow) whyToldTo(actor account.Actor) Why {
	if h.Author != actor.ID && (h.Why == HoldMuted || h.Nameless && (h.Why == HoldFirst || h.Why == HoldUncovered)) {
		return HoldNameless
	}
	return h.Why
}

// MayBeNameless is true where the actor may write without their name in a thread of a kind: who comes for themselves or for somebody close, where the category allows it. Who works here answers by name;
// and at a round table everybody sees who has the word.
func MayBeNameless(actor account.Actor, c Category, k Kind) bool {
	return c.Nameless && actor.IsPerson() && k != KindRoundTable
}

// mayBeNameless refuses a text that would stand without a name where it may not: asked in the transaction that stores it.
func mayBeNameless(actor account.Actor, c Category, k Kind, wanted bool) error {
	if wanted && !MayBeNameless(actor, c, k) {
		return ErrNameless
	}
	return nil
}

// MaySwitchNameless: administrators alone, for categories in which persons write and that are not archived.
func MaySwitchNameless(actor account.Actor, c Category) bool {
	return !c.Archived && maySwitchNameless(actor, c)
}

func maySwitchNameless(actor account.Actor, c Category) bool {
	return c.Audience != ForStaff && account.Can(actor, account.ForumCategoryChangeItsRulesText, account.Relation{Object: true}) == nil
}

// AllowNameless lets people write in a category without their name, or no longer: what was written so stays so. Again is no mistake. account.ErrNotFound for who is no administrator, and for a
// category of the staff; ErrArchived where nobody writes any more.
func (f *Forum) AllowNameless(ctx context.Context, actor account.Actor, slug string, allow bool) error {
	return pg.InTx(ctx, f.pool, func(ctx context.Context, tx pgx.Tx) error {
		c, err := rulesOf(ctx, tx, actor, slug)
		if err != nil {
			return err
		}
		switch {
		case !maySwitchNameless(actor, c):
			return account.ErrNotFound
		case c.Archived:
			return ErrArchived
		}
		if changed, err := updateNameless(ctx, tx, actor.Service, c.ID, allow); err != nil || !changed {
			return err
		}
		action := "forum_category.allow_nameless"
		if !allow {
			action = "forum_category.end_nameless"
		}
		return appendAudit(ctx, tx, actor, action, "forum_category:"+c.ID.String())
	})
}

// WroteNameless is true where what the reader wrote last in a thread, as far as the page shows it, has no name, or where they opened it so: who goes on writing there without a thought stays without one.
func (l *PostList) WroteNameless() bool {
	for i := range slices.Backward(l.Posts) {
		if p := &l.Posts[i]; p.Mine {
			return p.Author.You
		}
	}
	return l.Thread.Author.You
}

// auditedAs is whom the register names for what somebody did to a text of theirs: nobody where it has no name, since its address is known to all who read it.
func auditedAs(author account.Actor, nameless bool) account.Actor {
	if nameless {
		return account.System(author.Service)
	}
	return author
}

// storePost is insertPost, with the voice of one without a name: that of its author's last such post in the thread, or else the next that nobody there has had.
func storePost(ctx context.Context, q pg.Querier, s account.ServiceID, p newPost) (number int, err error) {
	if p.Nameless {
		if p.voice, err = selectVoice(ctx, q, s, p.Thread, p.Author); err != nil {
			return 0, err
		}
	}
	return insertPost(ctx, q, s, p)
}

// Unnamed tells moderation which of some posts are without a name, and of which of these the actor was told whose they are, within the hour.
func (c content) Unnamed(ctx context.Context, q pg.Querier, actor account.Actor, posts []string) (map[string]bool, error) {
	list := make([]PostID, 0, len(posts))
	for _, p := range posts {
		if id, err := ids.Parse[Post](p); err == nil {
			list = append(list, id)
		}
	}
	return selectUnnamed(ctx, q, actor, list)
}

// Reveal notes that the actor is told by whom a post without a name is, before they are.
func (c content) Reveal(ctx context.Context, q pg.Querier, actor account.Actor, id string) error {
	post, err := ids.Parse[Post](id)
	if err != nil {
		return err
	}
	return upsertReveal(ctx, q, actor, post)
}

// tellReveals tells an author which of their posts without a name a tutor learned to be theirs, and when last.
func (f *Forum) tellReveals(ctx context.Context, actor account.Actor, posts []Post) error {
	var own []PostID
	for i := range posts {
		if p := &posts[i]; p.Author.You {
			own = append(own, p.ID)
		}
	}
	if len(own) == 0 {
		return nil
	}
	at, err := selectReveals(ctx, f.pool, actor.Service, own)
	for i, p := range posts {
		if when, ok := at[p.ID]; ok {
			posts[i].RevealedAt = &when
		}
	}
	return pg.Classify(err)
}

// tellHeldReveals is tellReveals of what is read before it appears.
func (f *Forum) tellHeldReveals(ctx context.Context, actor account.Actor, held []Held) error {
	var own []PostID
	for _, h := range held {
		if h.Author.You {
			own = append(own, h.ID)
		}
	}
	if len(own) == 0 {
		return nil
	}
	at, err := selectReveals(ctx, f.pool, actor.Service, own)
	for i, h := range held {
		if when, ok := at[h.ID]; ok {
			held[i].RevealedAt = &when
		}
	}
	return pg.Classify(err)
}

// revealedFor is how long a tutor is shown a name that they asked for.
const revealedFor = time.Hour
