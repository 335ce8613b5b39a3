package moderation

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/bus"
	"ponti/internal/errs"
	"ponti/internal/ids"
	"ponti/internal/pg"
	"ponti/internal/worker"
	"ponti/moderation/triage"
)

// longestRed is how long a red case may lie with nobody at it, whatever time a service gives its tutors to acknowledge an alert.
const longestRed = 5 * time.Minute

// gravity is how soon somebody must look at what is reported. What triage could not read may be anything.
func gravity(why Reason, read triage.Level) triage.Level {
	switch {
	case read >= triage.Crisis:
		return triage.Crisis
	case why == ReasonDanger, read >= triage.Red, read == triage.Unscored:
		return triage.Red
	}
	return triage.Amber
}

// lies is how long a case of a level may lie with nobody at it.
func (l Ladder) lies(level triage.Level) time.Duration {
	if level >= triage.Red {
		return min(l.of(level).Within, longestRed)
	}
	return l.Amber.Within
}

// lies is how long a case of a level may lie in a service now.
func (m *Moderation) lies(ctx context.Context, q pg.Querier, service account.ServiceID, level triage.Level) (time.Duration, error) {
	l, err := selectLadder(ctx, q, service)
	if errors.Is(err, ErrUnknown) {
		l, err = m.options.Ladder, nil
	}
	return l.lies(level), err
}

// aboutReport is what an escalation is about that a report of this raises: of a conversation, all of it.
func aboutReport(s Subject) Subject {
	if s.Kind == SubjectParticipant {
		room, _, _ := strings.Cut(s.ID, "/")
		return Subject{Kind: SubjectRoom, ID: room}
	}
	return s.grouped()
}

// causeOf names a case as what raised an escalation: it does so once.
func causeOf(id CaseID) Cause { return Cause{Kind: CauseModerator, Ref: "case/" + id.String()} }

// caseOf is the case that a cause names; zero when it names none.
func (c Cause) caseOf() CaseID {
	name, is := strings.CutPrefix(c.Ref, "case/")
	id, err := ids.Parse[Case](name)
	if c.Kind != CauseModerator || !is || err != nil {
		return CaseID{}
	}
	return id
}

// keepCases makes sure that no case lies for too long, until ctx ends. Every instance does: a case that another has is skipped.
func (m *Moderation) keepCases(ctx context.Context) {
	tick := time.NewTicker(m.options.Every)
	defer tick.Stop()
	for {
		if err := worker.Guard(func() error { return m.callForCases(ctx) }); err != nil && ctx.Err() == nil {
			m.metrics.failures.Inc()
			m.log.Error().Err(err).Msg("what lies in the queue could not be looked at")
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// callForCases calls for help with every case that is due. One that fails holds no other up.
func (m *Moderation) callForCases(ctx context.Context) error {
	due, err := selectDueCases(ctx, m.options.Pool)
	if err != nil {
		return err
	}
	var failed []error
	for _, c := range due {
		call := m.callModerators
		if c.Level >= triage.Red {
			call = m.raiseCase
		}
		failed = append(failed, worker.Guard(func() error { return call(ctx, c) }))
	}
	return errors.Join(failed...)
}

// raiseCase has tutors asked to look at a case that nobody has claimed in time. Closing it needs a human, whatever becomes of the case.
func (m *Moderation) raiseCase(ctx context.Context, due caseRow) error {
	read := triage.Verdict{Category: triage.CategoryNone}
	if err := worker.Guard(func() error {
		ex, err := m.excerpt(ctx, due.Service, due.Subject)
		if err == nil && ex != nil && ex.Text != "" {
			read = m.Read(due.Service, ex.Text)
		}
		return err
	}); err != nil { // tutors are asked all the same: they find out what it is
		m.log.Warn().Err(err).Stringer("case", due.ID).Msg("what is reported could not be read")
	}
	announce := func() {}
	err := pg.InTx(ctx, m.options.Pool, func(ctx context.Context, tx pgx.Tx) error {
		c, err := selectDueCase(ctx, tx, due.ID)
		if errors.Is(err, ErrUnknown) {
			return nil
		}
		if err != nil {
			return err
		}
		r, err := m.Raise(ctx, tx, Raise{Service: c.Service, Subject: aboutReport(c.Subject), Cause: causeOf(c.ID), Level: c.Level, Category: read.Category, Rules: read.Rules(), Person: c.Author})
		if err != nil {
			return err
		}
		announce = func() {
			r.Announce()
			m.tellQueue(ctx, c)
		}
		return updateCaseCalled(ctx, tx, c.ID, true)
	})
	if err == nil {
		announce()
	}
	return err
}

// callModerators tells those who moderate of a case that lies for too long, and the tutors when it still does after as long again; at once where nobody moderates.
func (m *Moderation) callModerators(ctx context.Context, due caseRow) error {
	moderators, err := m.deciders(ctx, due)
	if err != nil { // the tutors are there for that
		m.log.Warn().Err(err).Stringer("case", due.ID).Msg("who moderates could not be asked")
	}
	var told []account.ID
	err = pg.InTx(ctx, m.options.Pool, func(ctx context.Context, tx pgx.Tx) error {
		told = nil
		c, err := selectDueCase(ctx, tx, due.ID)
		if errors.Is(err, ErrUnknown) {
			return nil
		}
		if err != nil {
			return err
		}
		if !c.Overdue && c.AppealOf.IsZero() {
			if told, err = insertOverdueNotices(ctx, tx, c, moderators); err != nil || len(told) > 0 {
				return errors.Join(err, updateCaseCalled(ctx, tx, c.ID, false))
			}
		}
		tutors, err := m.accounts.WithRole(ctx, tx, c.Service, account.RoleTutor)
		if err != nil {
			return err
		}
		if told, err = insertOverdueNotices(ctx, tx, c, tutors); err != nil {
			return err
		}
		return updateCaseCalled(ctx, tx, c.ID, true)
	})
	if err != nil {
		return err
	}
	m.tellNotices(told)
	for _, id := range told {
		m.hints.Publish(bus.Account(id.String()), []byte(bus.Escalations))
	}
	return nil
}

// Alert is the escalation that a case raised, or that its content did, as far as the actor may open it.
type Alert struct {
	ID    EscalationID
	State State
	Mine  bool // the actor may open it
}

// alertOf is what a case raised because nobody was at it in time; nil when it raised nothing.
func (m *Moderation) alertOf(ctx context.Context, actor account.Actor, c caseRow) (*Alert, error) {
	raised, err := selectCause(ctx, m.pool, c.Service, causeOf(c.ID))
	if errors.Is(err, ErrUnknown) {
		return nil, nil //nolint:nilnil // none is an answer
	}
	if err != nil {
		return nil, pg.Classify(err)
	}
	e, err := selectEscalation(ctx, m.pool, actor, raised.ID)
	if errs.KindOf(err) == errs.NotFound {
		return nil, nil //nolint:nilnil // of another service: it cannot be
	}
	if err != nil {
		return nil, pg.Classify(err)
	}
	return &Alert{ID: e.ID, State: e.State, Mine: e.mayBeSeenBy(actor)}, nil
}

// addCase puts to a cause the case that raised it, where the actor may decide it, and says whose text belongs to it: none where somebody in a conversation was reported.
func (m *Moderation) addCase(ctx context.Context, actor account.Actor, cause *ShownCause) (Subject, error) {
	id := cause.caseOf()
	if id.IsZero() {
		return Subject{}, nil
	}
	c, err := selectCase(ctx, m.pool, actor.Service, id)
	if errors.Is(err, ErrUnknown) {
		return Subject{}, nil // it was erased
	}
	if err != nil {
		return Subject{}, pg.Classify(err)
	}
	switch err := m.mayDecide(ctx, m.pool, actor, c); {
	case err == nil:
		cause.Case = id
	case errs.KindOf(err) != errs.NotFound && errs.KindOf(err) != errs.Forbidden:
		return Subject{}, pg.Classify(err)
	}
	if c.Subject.Kind == SubjectParticipant {
		return Subject{}, nil
	}
	return c.Subject, nil
}
