package forum

import (
	"context"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/pg"
)

// MaxRules is how long the rules text of a category may be, in runes: more, and nobody reads them.
const MaxRules = 1000

// RulesOf is a category whose rules text the actor may change: an administrator, or who looks after it. account.ErrNotFound otherwise.
func (f *Forum) RulesOf(ctx context.Context, actor account.Actor, slug string) (Category, error) {
	return rulesOf(ctx, f.pool, actor, slug)
}

func rulesOf(ctx context.Context, q pg.Querier, actor account.Actor, slug string) (Category, error) {
	// Before anything is looked up: who may change none learns of none.
	if err := account.Can(actor, account.ForumCategoryChangeItsRulesText, account.Relation{Object: true, InCategory: true}); err != nil {
		return Category{}, err
	}
	c, _, err := selectCategory(ctx, q, actor, slug)
	if err != nil {
		return Category{}, pg.Classify(err)
	}
	if account.Can(actor, account.ForumCategoryChangeItsRulesText, c.place().relation(false)) != nil {
		return Category{}, account.ErrNotFound
	}
	return c, nil
}

// RulesMark changes with what stands above the threads of a category.
func (c Category) RulesMark() string { return textMark("", c.Rules) }

// ChangeRules sets what stands above the threads of a category: plain text, of which line breaks stay; it may be empty. mark is Category.RulesMark of the text
// that was changed. Invalid when it is too long, ErrCategoryChanged when somebody else changed it since.
func (f *Forum) ChangeRules(ctx context.Context, actor account.Actor, slug, text, mark string) error {
	var wrong errs.Fields
	text = prepareRules(text, &wrong)
	if err := wrong.Err(); err != nil {
		return err
	}
	return pg.InTx(ctx, f.pool, func(ctx context.Context, tx pgx.Tx) error {
		c, err := rulesOf(ctx, tx, actor, slug)
		if err != nil {
			return err
		}
		old, err := lockCategory(ctx, tx, actor.Service, slug)
		switch {
		case err != nil:
			return err
		case old.Rules == text:
			return nil
		case textMark("", old.Rules) != mark:
			return ErrCategoryChanged
		}
		if err := updateRules(ctx, tx, actor.Service, c.ID, text); err != nil {
			return err
		}
		return appendAudit(ctx, tx, actor, "forum_category.change_rules", "forum_category:"+c.ID.String())
	})
}
