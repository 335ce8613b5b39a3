package moderation

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/audit"
	"ponti/internal/errs"
	"ponti/internal/ids"
	"ponti/internal/pg"
	"ponti/moderation/triage"
)

// appealFor is for how long a decision can be appealed. Source: Regulation (EU) 2022/2065, article 20: at least six months.
const appealFor = 183 * 24 * time.Hour

// Errors of FileAppeal.
var (
	ErrAppealed    = errs.New(errs.Conflict, "moderation.appealed")
	ErrNoAppeal    = errs.New(errs.Conflict, "moderation.no_appeal")
	ErrBeingLooked = errs.New(errs.Conflict, "moderation.being_looked_at") // a report of the same is open
)

// AppealState is how the appeal of a decision stands, for its author.
type AppealState string

// The states of an appeal. AppealPossible: none was made, and one may be.
const (
	AppealNone     AppealState = ""
	AppealPossible AppealState = "possible"
	AppealOpen     AppealState = "open"
	AppealDecided  AppealState = "decided"
)

// ShownAppeal is what a case is about whose author asks that somebody else looks again.
type ShownAppeal struct {
	Text      string // what the author says; empty when they have erased their account
	Statement string // the reason they were given
	DecidedAt time.Time
	Sanction  Sanction // of the first decision
}

// FileAppeal asks that somebody else than who decided it looks at a case again. The author of what was hidden, or led to a sanction, may, once, within six months.
// Invalid without words, ErrUnknown for a case that is not the actor's, ErrAppealed the second time, ErrNoAppeal for what had no consequence, is an
// appeal itself or is too old.
func (m *Moderation) FileAppeal(ctx context.Context, actor account.Actor, id CaseID, text string) error {
	text = strings.TrimSpace(text)
	var wrong errs.Fields
	switch {
	case blank(text):
		wrong.Add("text", "moderation.appeal_missing", nil)
	case utf8.RuneCountInString(text) > MaxNote:
		wrong.Add("text", "moderation.note_long", map[string]any{"Max": MaxNote})
	}
	if err := wrong.Err(); err != nil {
		return err
	}
	return pg.InTx(ctx, m.pool, func(ctx context.Context, tx pgx.Tx) error {
		first, err := m.appealable(ctx, tx, actor, id)
		if err != nil {
			return err
		}
		_, wrapped, keyID, err := m.options.Keys.NewKey()
		if err != nil {
			return err
		}
		c := caseRow{ID: ids.New[Case](), Service: actor.Service, Subject: first.Subject, Author: actor.ID, AppealOf: first.ID, Wrapped: wrapped, KeyID: keyID}
		sealed, err := m.sealInCase(c, text)
		if err != nil {
			return err
		}
		lies, err := m.lies(ctx, tx, actor.Service, triage.Amber)
		if err != nil {
			return err
		}
		if err := insertAppeal(ctx, tx, c, sealed, lies); err != nil {
			return err
		}
		return audit.Append(ctx, tx, entry(actor, string(account.ReportAppeal), "case:"+c.ID.String(), ""))
	})
}

// Appealable is nil when the actor may appeal the decision of a case, else what FileAppeal would answer.
func (m *Moderation) Appealable(ctx context.Context, actor account.Actor, id CaseID) error {
	_, err := m.appealable(ctx, m.pool, actor, id)
	return pg.Classify(err)
}

func (m *Moderation) appealable(ctx context.Context, q pg.Querier, actor account.Actor, id CaseID) (caseRow, error) {
	c, err := selectCase(ctx, q, actor.Service, id)
	if err != nil {
		return caseRow{}, err
	}
	if err := account.Can(actor, account.ReportAppeal, account.Relation{Object: true, Own: c.Author == actor.ID}); err != nil {
		return caseRow{}, err
	}
	state, err := selectAppealState(ctx, q, id)
	switch {
	case err != nil:
		return caseRow{}, err
	case state == AppealOpen || state == AppealDecided:
		return caseRow{}, ErrAppealed
	case state != AppealPossible:
		return caseRow{}, ErrNoAppeal
	}
	return c, nil
}

// showAppeal adds to an appeal what it is about.
func (m *Moderation) showAppeal(ctx context.Context, c caseRow) (*ShownAppeal, error) {
	if c.AppealOf.IsZero() {
		return nil, nil
	}
	text, err := selectAppeal(ctx, m.pool, c.ID)
	if err != nil {
		return nil, pg.Classify(err)
	}
	a := &ShownAppeal{}
	if a.Text, err = m.openInCase(c, text); err != nil {
		return nil, err
	}
	first, err := selectCase(ctx, m.pool, c.Service, c.AppealOf)
	if err != nil {
		return nil, pg.Classify(err)
	}
	statement, at, err := selectStatement(ctx, m.pool, first.ID)
	if err != nil {
		return nil, pg.Classify(err)
	}
	a.DecidedAt, a.Sanction = at, first.Sanction
	a.Statement, err = m.openInCase(first, statement)
	return a, err
}

// settle does what the decision of a case asks for.
func (m *Moderation) settle(ctx context.Context, tx pgx.Tx, actor account.Actor, c caseRow, d Decision) error {
	switch {
	case c.AppealOf.IsZero() && d.Kind == DecideHide:
		return m.hide(ctx, tx, actor, c, d.Reason)
	case !c.AppealOf.IsZero() && d.Kind == DecideNone:
		return m.takeBack(ctx, tx, actor, c)
	}
	return nil
}

// takeBack undoes the decision that an appeal is about.
func (m *Moderation) takeBack(ctx context.Context, tx pgx.Tx, actor account.Actor, c caseRow) error {
	first, err := selectCase(ctx, tx, c.Service, c.AppealOf)
	if err != nil {
		return err
	}
	if _, err := m.release(ctx, tx, actor, first); err != nil || first.Decision != DecideHide {
		return err
	}
	return m.restore(ctx, tx, c)
}

func (m *Moderation) restore(ctx context.Context, tx pg.Querier, c caseRow) error {
	keeper, err := m.content(c.Subject.Kind)
	if err != nil {
		return err
	}
	if err := keeper.Restore(ctx, tx, c.Service, c.Subject.ID); errs.KindOf(err) != errs.NotFound {
		return err
	}
	return nil // its author has deleted it since
}
