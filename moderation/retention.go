package moderation

import (
	"context"
	"errors"
	"fmt"

	"ponti/account"
	"ponti/internal/pg"
)

// Concern says whether somebody had, or has, to look at something.
type Concern int8

// The concerns, each above the last.
const (
	NoConcern   Concern = iota
	PastConcern         // an escalation or a case that is closed
	OpenConcern         // one that is open
)

// ConcernOf is the highest concern for any of the subjects, all of one kind. Escalations and cases both count.
func (m *Moderation) ConcernOf(ctx context.Context, q pg.Querier, service account.ServiceID, kind SubjectKind, ids []string) (Concern, error) {
	if len(ids) == 0 {
		return NoConcern, nil
	}
	return selectConcern(ctx, q, service, kind, ids)
}

// Erase erases what was closed or decided as long ago as its service keeps what somebody had to look at (account.Keeping): of an escalation its note with the key, whom it was about and what they were told; of a case everything.
// The bare history of escalations stays. A mail address that nobody confirmed goes after a day. Any number of instances may call it at once.
func (m *Moderation) Erase(ctx context.Context) error {
	services, err := m.accounts.Services(ctx)
	if err != nil {
		return fmt.Errorf("moderation: services: %w", err)
	}
	kept := keptMonths{}
	for _, s := range services {
		kept.services, kept.months = append(kept.services, s.ID), append(kept.months, s.Keeping.FlaggedMonths)
	}
	return pg.Classify(errors.Join(updateEscalationsErased(ctx, m.pool, kept), deleteReveals(ctx, m.pool), deleteRevealNotices(ctx, m.pool), deleteCases(ctx, m.pool, kept), deleteUnconfirmed(ctx, m.pool)))
}

// Forget erases what somebody who asked to be forgotten told moderators, what they were told, and where they could be reached. What they said of a case that is still open stays
// until it is decided; done is false until then, and this is called again.
func (m *Moderation) Forget(ctx context.Context, who account.Actor) (done bool, err error) {
	if err := errors.Join(deleteNotices(ctx, m.pool, who), deleteReaches(ctx, m.pool, who)); err != nil {
		return false, pg.Classify(err)
	}
	done, err = updateNotesErased(ctx, m.pool, who)
	return done, pg.Classify(err)
}
