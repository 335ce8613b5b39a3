package moderation

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/audit"
	"ponti/internal/pg"
)

// claimFor is how long a claim holds a case, from the last sign that somebody works on it.
const claimFor = 10 * time.Minute

// Claim holds a case for ten minutes, so that one person works on it; by its holder it prolongs. ErrTaken while another holds it.
func (m *Moderation) Claim(ctx context.Context, actor account.Actor, id CaseID) error {
	var c caseRow
	err := pg.InTx(ctx, m.pool, func(ctx context.Context, tx pgx.Tx) (err error) {
		if c, err = selectCase(ctx, tx, actor.Service, id); err != nil {
			return err
		}
		if err := m.mayDecide(ctx, tx, actor, c); err != nil {
			return err
		}
		if err := updateClaimed(ctx, tx, id, actor.ID); err != nil {
			return err
		}
		if err := m.Acted(ctx, tx, aboutReport(c.Subject), actor.ID); err != nil {
			return err
		}
		return audit.Append(ctx, tx, entry(actor, "report.claim", "case:"+id.String(), ""))
	})
	if err != nil {
		return err
	}
	m.tellQueue(ctx, c)
	return nil
}

// KeepClaim prolongs the claim of who is at work on a case, for ten minutes from now. ErrClaimFirst when they hold it no more, ErrDecided when it is over.
func (m *Moderation) KeepClaim(ctx context.Context, actor account.Actor, id CaseID) error {
	c, err := selectCase(ctx, m.pool, actor.Service, id)
	if err != nil {
		return pg.Classify(err)
	}
	if err := m.mayDecide(ctx, m.pool, actor, c); err != nil {
		return pg.Classify(err)
	}
	return pg.Classify(updateClaimKept(ctx, m.pool, id, actor.ID))
}

// prolong does so where the actor holds the case, and gives it as it is then.
func (m *Moderation) prolong(ctx context.Context, actor account.Actor, c caseRow) (caseRow, error) {
	if c.ClaimedBy != actor.ID || c.Decision != "" {
		return c, nil
	}
	switch err := updateClaimKept(ctx, m.pool, c.ID, actor.ID); {
	case errors.Is(err, ErrClaimFirst), errors.Is(err, ErrDecided):
		return c, nil
	case err != nil:
		return c, pg.Classify(err)
	}
	c, err := selectCase(ctx, m.pool, c.Service, c.ID)
	return c, pg.Classify(err)
}
