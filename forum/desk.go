package forum

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/pg"
)

// The desk of categories is where administrators arrange the forum. They read nothing of what is written there. To make a category, to archive one and to
// bring one back takes two of them (proposal.go); title, order and rules each changes alone. Slug and audience stay as they were made: links lead on, and what
// was written for some readers stays with them.

// MaxCounted is how far the threads of a category, and the posts that wait in it, are counted for the desk.
const MaxCounted = 10_000

// Errors of the desk.
var (
	ErrCategoryChanged = errs.New(errs.Invalid, "desk.changed_meanwhile") // its texts, since the form was shown
	ErrOrderChanged    = errs.New(errs.Conflict, "desk.order_changed")    // one of the two is not in the list of open categories
)

// DeskCategory is a category as administrators see it.
type DeskCategory struct {
	ID         CategoryID
	Slug       string
	Audience   Audience
	Title      string
	Rules      string
	Nameless   bool       // persons may write in it without their name
	ArchivedAt *time.Time // nil: it is open
	Moderators []account.Public
	Threads    int       // at most MaxCounted
	Waiting    int       // posts that somebody reads before they appear; at most MaxCounted
	Proposal   *Proposal // that waits for a second administrator; nil: none
}

// Archived is true of one that can be read and no longer written to.
func (c DeskCategory) Archived() bool { return c.ArchivedAt != nil }

// Mark changes with the texts of a category.
func (c DeskCategory) Mark() string { return textMark(c.Title, c.Rules) }

func textMark(title, rules string) string {
	sum := sha256.Sum256([]byte(title + "\x00" + rules))
	return hex.EncodeToString(sum[:])
}

// Desk is all categories of a service, and what administrators propose about them.
type Desk struct {
	Open     []DeskCategory // in the order in which readers meet them
	Archived []DeskCategory // those archived last come last
	Asked    []Proposal     // wait for a second administrator, the oldest first
	Past     []Proposal     // all others, the latest first, at most maxProposals
}

// Category is one of them; account.ErrNotFound when there is none.
func (d Desk) Category(slug string) (DeskCategory, error) {
	for _, c := range slices.Concat(d.Open, d.Archived) {
		if c.Slug == slug {
			return c, nil
		}
	}
	return DeskCategory{}, account.ErrNotFound
}

// Proposal is one of those on the desk; account.ErrNotFound when there is none.
func (d Desk) Proposal(id ProposalID) (Proposal, error) {
	for _, p := range slices.Concat(d.Asked, d.Past) {
		if p.ID == id {
			return p, nil
		}
	}
	return Proposal{}, account.ErrNotFound
}

// Desk gives it to administrators.
func (f *Forum) Desk(ctx context.Context, actor account.Actor) (Desk, error) {
	if err := mayRunDesk(actor); err != nil {
		return Desk{}, err
	}
	all, err := selectDesk(ctx, f.pool, actor.Service)
	if err != nil {
		return Desk{}, pg.Classify(err)
	}
	moderators, err := selectModerators(ctx, f.pool, actor.Service)
	if err != nil {
		return Desk{}, pg.Classify(err)
	}
	proposals, err := selectProposals(ctx, f.pool, actor.Service, proposalLife)
	if err != nil {
		return Desk{}, pg.Classify(err)
	}
	admins, err := f.accounts.WithRole(ctx, f.pool, actor.Service, account.RoleAdmin)
	if err != nil {
		return Desk{}, err
	}
	names, err := f.accounts.Public(ctx, f.pool, peopleOf(moderators, proposals))
	if err != nil {
		return Desk{}, err
	}
	var d Desk
	about := map[CategoryID]*Proposal{}
	for _, r := range proposals {
		p := r.seenBy(actor, admins, names)
		if p.State != ProposalAsked {
			d.Past = append(d.Past, p)
			continue
		}
		d.Asked = append(d.Asked, p)
		if !p.Category.IsZero() {
			about[p.Category] = &p
		}
	}
	slices.Reverse(d.Asked)
	for _, c := range all {
		for _, who := range moderators[c.ID] {
			c.Moderators = append(c.Moderators, names[who])
		}
		c.Proposal = about[c.ID]
		if c.Archived() {
			d.Archived = append(d.Archived, c)
		} else {
			d.Open = append(d.Open, c)
		}
	}
	return d, nil
}

func peopleOf(moderators map[CategoryID][]account.ID, proposals []proposalRow) []account.ID {
	var who []account.ID
	for _, list := range moderators {
		who = append(who, list...)
	}
	for _, p := range proposals {
		who = append(who, p.askedBy, p.settledBy)
	}
	return who
}

// mayRunDesk is for administrators.
func mayRunDesk(actor account.Actor) error {
	return account.Can(actor, account.ForumCategoryCreateArchive, account.Relation{})
}

// maySetTexts: how the service calls and orders its categories is one of its settings, which auditors read and do not change.
func maySetTexts(actor account.Actor) error {
	if actor.Is(account.RoleAuditor) {
		return account.ErrForbidden
	}
	return account.Can(actor, account.SettingsService, account.Relation{})
}

// onDesk lets one administrator at a time act on the desk of a service. Who is none any more, or is shut out, is refused as of that moment.
func (f *Forum) onDesk(ctx context.Context, actor account.Actor, act func(ctx context.Context, tx pgx.Tx, admins []account.ID) error) error {
	for try := 1; ; try++ {
		err := pg.InTx(ctx, f.pool, func(ctx context.Context, tx pgx.Tx) error {
			if err := lockDesk(ctx, tx, actor.Service); err != nil {
				return err
			}
			admins, err := f.accounts.WithRole(ctx, tx, actor.Service, account.RoleAdmin)
			if err != nil {
				return err
			}
			if !slices.Contains(admins, actor.ID) {
				return account.ErrForbidden
			}
			return act(ctx, tx, admins)
		})
		if try == saveTries || !pg.Contended(err) {
			return err
		}
	}
}

// CategoryTexts is what an administrator says of a category alone. Mark is that of the texts that were changed.
type CategoryTexts struct {
	Title, Rules string
	Mark         string
}

// ChangeCategory sets title and rules of a category, which everybody reads from then on; its slug, and every link with it, stays. Administrators may. Errors:
// errs.Fields, ErrCategoryChanged when somebody else changed them since, account.ErrNotFound.
func (f *Forum) ChangeCategory(ctx context.Context, actor account.Actor, slug string, in CategoryTexts) error {
	if err := maySetTexts(actor); err != nil {
		return err
	}
	var wrong errs.Fields
	title, rules := prepareTitle(in.Title, &wrong), prepareRules(in.Rules, &wrong)
	if err := wrong.Err(); err != nil {
		return err
	}
	return f.onDesk(ctx, actor, func(ctx context.Context, tx pgx.Tx, _ []account.ID) error {
		old, err := lockCategory(ctx, tx, actor.Service, slug)
		switch {
		case err != nil:
			return err
		case old.Title == title && old.Rules == rules:
			return nil
		case old.Mark() != in.Mark:
			return ErrCategoryChanged
		}
		object := "forum_category:" + old.ID.String()
		if old.Title != title {
			if err := updateCategoryTitle(ctx, tx, actor.Service, old.ID, title); err != nil {
				return err
			}
			if err := appendAudit(ctx, tx, actor, "forum_category.change_title", object); err != nil {
				return err
			}
		}
		if old.Rules == rules {
			return nil
		}
		if err := account.Can(actor, account.ForumCategoryChangeItsRulesText, account.Relation{Object: true}); err != nil {
			return err
		}
		if err := updateRules(ctx, tx, actor.Service, old.ID, rules); err != nil {
			return err
		}
		return appendAudit(ctx, tx, actor, "forum_category.change_rules", object)
	})
}

// prepareRules cleans a rules text and checks it.
func prepareRules(text string, wrong *errs.Fields) string {
	text = cleanText(text)
	if n := utf8.RuneCountInString(text); n > MaxRules {
		wrong.Add("rules", "forum.rules_long", map[string]any{"Max": MaxRules, "Over": n - MaxRules})
	}
	return text
}

// MoveCategoryBefore has an open category stand right before another, MoveCategoryAfter right after it; again is no mistake. Administrators may. ErrOrderChanged
// when one of the two is not open any more, account.ErrNotFound for a category that does not exist.
func (f *Forum) MoveCategoryBefore(ctx context.Context, actor account.Actor, slug, other string) error {
	return f.moveCategory(ctx, actor, slug, other, 0)
}

// MoveCategoryAfter is told with MoveCategoryBefore.
func (f *Forum) MoveCategoryAfter(ctx context.Context, actor account.Actor, slug, other string) error {
	return f.moveCategory(ctx, actor, slug, other, 1)
}

func (f *Forum) moveCategory(ctx context.Context, actor account.Actor, slug, other string, beyond int) error {
	if err := maySetTexts(actor); err != nil {
		return err
	}
	return f.onDesk(ctx, actor, func(ctx context.Context, tx pgx.Tx, _ []account.ID) error {
		moved, err := lockCategory(ctx, tx, actor.Service, slug)
		if err != nil {
			return err
		}
		next, err := lockCategory(ctx, tx, actor.Service, other)
		if err != nil {
			return err
		}
		before, err := selectOrder(ctx, tx, actor.Service)
		if err != nil {
			return err
		}
		if moved.ID == next.ID || !slices.Contains(before.open, moved.ID) || !slices.Contains(before.open, next.ID) {
			return ErrOrderChanged
		}
		after := before.without(moved.ID)
		after.open = slices.Insert(after.open, slices.Index(after.open, next.ID)+beyond, moved.ID)
		if slices.Equal(before.open, after.open) {
			return nil
		}
		if err := updateOrder(ctx, tx, actor.Service, after); err != nil {
			return err
		}
		return appendAudit(ctx, tx, actor, "forum_category.move", "forum_category:"+moved.ID.String())
	})
}

// order is how the categories of a service follow one another.
type order struct{ open, archived []CategoryID }

func (o order) without(id CategoryID) order {
	is := func(other CategoryID) bool { return other == id }
	return order{slices.DeleteFunc(slices.Clone(o.open), is), slices.DeleteFunc(slices.Clone(o.archived), is)}
}
