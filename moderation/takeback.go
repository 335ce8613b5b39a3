package moderation

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/audit"
	"ponti/internal/errs"
	"ponti/internal/pg"
)

// ErrNotHidden says that there is nothing to take back: it was not hidden, or is back already.
var ErrNotHidden = errs.New(errs.Conflict, "moderation.not_hidden")

// TakeBack shows again what a decision hid. Whoever may decide the case may, also who hid it, with a statement that its author reads; who reported it is told that it
// is back. A sanction that came with the decision stays: Lift ends it. Invalid without a statement, ErrNotHidden when there is nothing to take back, ErrBeingLooked while an
// appeal of it is open: somebody else decides then.
func (m *Moderation) TakeBack(ctx context.Context, actor account.Actor, id CaseID, statement string) error {
	statement = strings.TrimSpace(statement)
	switch {
	case blank(statement):
		return errs.Field("statement", "moderation.take_back_missing", nil)
	case utf8.RuneCountInString(statement) > MaxNote:
		return errs.Field("statement", "moderation.note_long", map[string]any{"Max": MaxNote})
	}
	var told []account.ID
	err := pg.InTx(ctx, m.pool, func(ctx context.Context, tx pgx.Tx) error {
		c, err := selectCaseForUpdate(ctx, tx, actor.Service, id)
		if err != nil {
			return err
		}
		if err := m.mayDecide(ctx, tx, actor, c); err != nil {
			return err
		}
		may, err := m.mayTakeBack(ctx, tx, c)
		if err != nil {
			return err
		}
		if !may {
			return ErrNotHidden
		}
		sealed, err := m.sealInCase(c, statement)
		if err != nil {
			return err
		}
		if err := updateTakenBack(ctx, tx, id, actor.ID, sealed); err != nil {
			return err
		}
		if err := m.restore(ctx, tx, c); err != nil {
			return err
		}
		if told, err = insertTakenBackNotices(ctx, tx, c); err != nil {
			return err
		}
		return audit.Append(ctx, tx, entry(actor, "report.take_back", "case:"+id.String(), ""))
	})
	if err != nil {
		return err
	}
	m.tellNotices(told)
	return nil
}

// mayTakeBack tells whether what a case hid can be taken back: once, and by an appeal alone where one was made.
func (m *Moderation) mayTakeBack(ctx context.Context, q pg.Querier, c caseRow) (bool, error) {
	if c.Decision != DecideHide || !c.AppealOf.IsZero() || !c.TakenBackAt.IsZero() {
		return false, nil
	}
	state, err := selectAppealState(ctx, q, c.ID)
	switch {
	case err != nil:
		return false, err
	case state == AppealOpen:
		return false, ErrBeingLooked
	}
	return state != AppealDecided, nil
}

// Hidden lists what was hidden of late and may be shown again by the actor, the latest first, at most twenty, without what anybody wrote.
func (m *Moderation) Hidden(ctx context.Context, actor account.Actor) ([]Case, error) {
	if err := account.Can(actor, account.ReportSeeTheQueue, account.Relation{InCategory: true}); err != nil {
		return nil, err
	}
	rows, err := selectHidden(ctx, m.pool, actor)
	if err != nil {
		return nil, pg.Classify(err)
	}
	var list []Case
	for _, c := range rows {
		shown, err := m.showCase(ctx, actor, c)
		if k := errs.KindOf(err); err != nil && (k == errs.NotFound || k == errs.Forbidden) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if list = append(list, shown.listed()); len(list) == maxHidden {
			break
		}
	}
	return list, nil
}

// maxHidden is how many of them are listed, out of the last hundred of the service.
const maxHidden = 20
