package forum

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/audit"
	"ponti/internal/ids"
	"ponti/internal/pg"
)

// Board is a category in the list of all.
type Board struct {
	Category
	// The newest activity. LatestTitle is empty when there is none, or when the reader may not see it.
	Latest      ThreadID
	LatestTitle string
	LatestMuted Muted
	LatestAt    *time.Time
	// Unread is true when the reader has not seen the latest activity.
	Unread bool
}

// readableCategories lists what the actor may read, in the service's order.
func (f *Forum) readableCategories(ctx context.Context, actor account.Actor) (list []Category, err error) {
	all, err := selectCategories(ctx, f.pool, actor)
	for _, b := range all {
		if mayRead(actor, b.place()) == nil {
			list = append(list, b.Category)
		}
	}
	return list, pg.Classify(err)
}

// seenBy leaves out what the actor may not see.
func (b boardRow) seenBy(actor account.Actor, words filter) Board {
	v := b.Board
	v.Unread = b.unread
	if !b.hidden || maySeeHidden(actor, b.place(), b.author == actor.ID) {
		v.LatestTitle = b.title
		if b.author != actor.ID {
			v.LatestMuted = words.on(b.muted, b.title)
		}
	}
	return v
}

// Category is one that the actor may read.
func (f *Forum) Category(ctx context.Context, actor account.Actor, slug string) (Category, error) {
	c, _, err := f.category(ctx, actor, slug)
	return c, err
}

// category is one that the actor may read, with what they do not want to meet in it.
func (f *Forum) category(ctx context.Context, actor account.Actor, slug string) (Category, filter, error) {
	if err := mayEnter(actor); err != nil {
		return Category{}, nil, err
	}
	c, filters, err := selectCategory(ctx, f.pool, actor, slug)
	if err != nil {
		return Category{}, nil, pg.Classify(err)
	}
	if err := mayRead(actor, c.place()); err != nil {
		return Category{}, nil, err
	}
	words, err := f.filter(actor, filters)
	return c, words, err
}

// NewCategory is what a category is made from. Its texts are the service's own, in its language.
type NewCategory struct {
	Slug     string
	Audience Audience
	Title    string
	Rules    string
	Position int
	Archived bool // from its beginning: it came so from elsewhere
}

// CreateCategory makes a category, or gives the one that has this slug. Only Ponti itself does it, for a new service, the demo and a community that moves
// here; otherwise it is a decision of two people: ProposeCategory.
func (f *Forum) CreateCategory(ctx context.Context, actor account.Actor, in NewCategory) (CategoryID, error) {
	if !actor.Is(account.RoleSystem) {
		return CategoryID{}, account.ErrForbidden
	}
	in.Title, in.Rules = cleanTitle(in.Title), cleanText(in.Rules)
	var id CategoryID
	err := pg.InTx(ctx, f.pool, func(ctx context.Context, tx pgx.Tx) (err error) {
		if id, err = insertCategory(ctx, tx, actor.Service, ids.New[Category](), in); err != nil {
			return err
		}
		return appendAudit(ctx, tx, actor, "forum_category.create", "forum_category:"+id.String())
	})
	return id, err
}

// ManagedCategory is a category as an administrator sees it: who looks after it, never what is written there.
type ManagedCategory struct {
	ID         CategoryID
	Slug       string
	Audience   Audience
	Title      string
	Archived   bool
	Moderators []account.ID
}

// ManagedCategories lists all categories of the service, for administrators.
func (f *Forum) ManagedCategories(ctx context.Context, actor account.Actor) ([]ManagedCategory, error) {
	if err := mayAssign(actor); err != nil {
		return nil, err
	}
	all, err := selectCategories(ctx, f.pool, actor)
	if err != nil {
		return nil, pg.Classify(err)
	}
	moderators, err := selectModerators(ctx, f.pool, actor.Service)
	if err != nil {
		return nil, pg.Classify(err)
	}
	out := make([]ManagedCategory, len(all))
	for i, b := range all {
		out[i] = ManagedCategory{ID: b.ID, Slug: b.Slug, Audience: b.Audience, Title: b.Title, Archived: b.Archived, Moderators: moderators[b.ID]}
	}
	return out, nil
}

// AssignModerator gives an ESP of the same service a category to look after; again is no mistake. Only administrators may.
func (f *Forum) AssignModerator(ctx context.Context, actor account.Actor, c CategoryID, esp account.ID) error {
	if err := mayAssign(actor); err != nil {
		return err
	}
	return pg.InTx(ctx, f.pool, func(ctx context.Context, tx pgx.Tx) error {
		who, err := f.accounts.Public(ctx, tx, []account.ID{esp})
		if err != nil {
			return err
		}
		if role := who[esp].Role; role != account.RoleESP && role != account.RoleSenior {
			return ErrNotPeer
		}
		switch err := insertModerator(ctx, tx, actor, c, esp, who[esp].Role); pg.Constraint(err) {
		case "forum_moderators_category": // not of this service
			return account.ErrNotFound
		case "forum_moderators_account": // an ESP, but not ours to know of
			return ErrNotPeer
		default:
			if err != nil {
				return err
			}
		}
		return appendAudit(ctx, tx, actor, "forum_moderator.assign", "forum_category:"+c.String()+" account:"+esp.String())
	})
}

// UnassignModerator takes a category from an ESP. account.ErrNotFound when they did not have it.
func (f *Forum) UnassignModerator(ctx context.Context, actor account.Actor, c CategoryID, esp account.ID) error {
	if err := mayAssign(actor); err != nil {
		return err
	}
	return pg.InTx(ctx, f.pool, func(ctx context.Context, tx pgx.Tx) error {
		switch done, err := deleteModerator(ctx, tx, actor.Service, c, esp); {
		case err != nil:
			return err
		case !done:
			return account.ErrNotFound
		}
		return appendAudit(ctx, tx, actor, "forum_moderator.unassign", "forum_category:"+c.String()+" account:"+esp.String())
	})
}

// mayAssign: saying what staff may do belongs to inviting them, and is the administrator's.
func mayAssign(actor account.Actor) error {
	return account.Can(actor, account.AccountCreateStaffByInvitation, account.Relation{})
}

func appendAudit(ctx context.Context, q pg.Querier, a account.Actor, action, object string) error {
	return audit.Append(ctx, q, audit.Entry{Service: a.Service, Actor: a.ID, Role: string(a.Role), Action: action, Object: object})
}
