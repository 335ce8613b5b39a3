package moderation

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/audit"
	"ponti/internal/bus"
	"ponti/internal/errs"
	"ponti/internal/pg"
	"ponti/internal/worker"
	"ponti/moderation/triage"
	"ponti/roster"
)

// ladder is what climbs. Every instance runs one; rows locked by another are skipped, so nobody leads.
type ladder struct {
	worker.Worker
	wake     chan struct{}             // one waiting look is enough
	couriers map[Channel]chan struct{} // a slot for each delivery under way

	// Owned by run: since when this instance has looked without a gap, and when it last did.
	watching, looked time.Time
}

// After a gap in its looks an instance calls nobody silent for a while: nobody may have been there to hear a sign of life.
const (
	watchGap  = 5 * time.Second
	comesBack = time.Minute
)

// watch notes a look, and says whether silence counts.
func (l *ladder) watch(now time.Time) bool {
	if now.Sub(l.looked) > watchGap {
		l.watching = now
	}
	l.looked = now
	return now.Sub(l.watching) >= comesBack
}

// Start runs the ladder until Stop or the end of ctx. Starting twice is one start.
func (m *Moderation) Start(ctx context.Context) {
	m.rules.worker.Start(ctx, m.keepRules)
	if m.ReadsOutside() {
		m.classifier.Start(ctx, m.keepConsidering)
	}
	m.cases.Start(ctx, m.keepCases)
	m.ladder.Start(ctx, m.run)
}

// Stop ends the ladder here and returns when it has ended; what it owes stands in rows for another instance or the next start.
// Stopping twice is fine.
func (m *Moderation) Stop() {
	m.ladder.Stop()
	m.cases.Stop()
	m.rules.worker.Stop()
	m.classifier.Stop()
}

// look makes this instance's worker look now instead of at its next tick.
func (m *Moderation) look() {
	select {
	case m.ladder.wake <- struct{}{}:
	default:
	}
}

func (m *Moderation) run(ctx context.Context) {
	var deliveries sync.WaitGroup
	defer deliveries.Wait()
	tick := time.NewTicker(m.options.Every)
	defer tick.Stop()
	for {
		if err := worker.Guard(func() error { return m.tick(ctx, &deliveries) }); err != nil && ctx.Err() == nil {
			m.metrics.failures.Inc()
			m.log.Error().Err(err).Msg("the ladder could not be looked at")
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-m.ladder.wake:
		}
	}
}

// tick takes every step that is due and begins every delivery that is owed. One that fails, or panics, holds no other up.
func (m *Moderation) tick(ctx context.Context, deliveries *sync.WaitGroup) error {
	services, err := selectWatched(ctx, m.options.Pool)
	if err != nil {
		return err
	}
	heard := m.ladder.watch(m.options.Now())
	var failed []error
	for _, s := range services {
		failed = append(failed, worker.Guard(func() error { return m.climbService(ctx, s, heard) }))
	}
	failed = append(failed, worker.Guard(func() error { return m.deliverConsole(ctx) }))
	for _, by := range outside {
		failed = append(failed, worker.Guard(func() error { return m.deliverOutside(ctx, by, deliveries) }))
	}
	return errors.Join(failed...)
}

// present is who of a service is there at one look of the worker.
type present struct {
	on     []roster.Duty // on shift
	onCall []roster.Duty
	owners []account.ID // whom what they own is left: on call, or on shift while silence does not count
	tutors []account.ID // on call
}

func presence(all []roster.Duty, heard bool) present {
	p := present{on: all, owners: []account.ID{}, tutors: []account.ID{}} // SQL compares with them: null is no list
	for _, d := range all {
		if d.OnCall || !heard {
			p.owners = append(p.owners, d.Account)
		}
		if !d.OnCall {
			continue
		}
		p.onCall = append(p.onCall, d)
		if d.Role == account.RoleTutor {
			p.tutors = append(p.tutors, d.Account)
		}
	}
	return p
}

func accountsOf(duties []roster.Duty) []account.ID {
	who := make([]account.ID, len(duties))
	for i, d := range duties {
		who[i] = d.Account
	}
	return who
}

func (m *Moderation) climbService(ctx context.Context, service account.ServiceID, heard bool) error {
	all, err := m.roster.Duties(ctx, m.options.Pool, service)
	if err != nil {
		return err
	}
	here := presence(all, heard)
	ready, err := selectReady(ctx, m.options.Pool, service, here)
	if err != nil {
		return err
	}
	var failed []error
	for _, e := range ready {
		if err := worker.Guard(func() error { return m.advance(ctx, e, here) }); err != nil {
			m.metrics.failures.Inc()
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

// advance takes the next step of one escalation, if it still has one: history, routes and what is to be delivered are
// committed together. Whoever is not on shift any more loses what was routed to them.
func (m *Moderation) advance(ctx context.Context, ready row, here present) error {
	moderators, tutors := m.moderatorsOf(ctx, ready), m.tutorsOf(ctx, ready.Service)
	var before, after row
	var did step
	var left []account.ID
	err := pg.InTx(ctx, m.options.Pool, func(ctx context.Context, tx pgx.Tx) error {
		after, left = row{}, nil
		e, err := selectForStep(ctx, tx, ready.ID)
		if errors.Is(err, ErrUnknown) {
			return nil
		}
		if err != nil {
			return err
		}
		if left, err = updateRoutesLeft(ctx, tx, e.ID, accountsOf(here.on)); err != nil {
			return err
		}
		f, err := m.facts(ctx, tx, e, here, moderators)
		if err != nil {
			return err
		}
		s, ok := next(f, m.ladderOf(e), e.Now)
		if !ok {
			return nil
		}
		before, did = e, s
		after, err = m.take(ctx, tx, e, s, here.onCall, tutors)
		return err
	})
	if err != nil {
		return err
	}
	m.tellConsoles(left)
	if after.Fence == 0 {
		return nil
	}
	m.metrics.steps.WithLabelValues(after.Level.String(), string(did.Kind)).Inc()
	if late := before.Now.Sub(before.DueAt); late >= 0 {
		m.metrics.lateness.Observe(late.Seconds())
	}
	if did.Alarm {
		m.metrics.alarms.WithLabelValues("nobody_acknowledged").Inc()
		m.log.Error().Stringer("escalation", after.ID).Stringer("level", after.Level).Int("round", after.Round).Msg("nobody has acknowledged an escalation")
	}
	if did.Forget {
		m.tell(after, []account.ID{before.Owner})
	}
	if did.Outside {
		m.tellConsoles(tutors) // also of those who are not on shift and look at theirs
	}
	return nil
}

// take writes a step. Tutors are all there are, on call or not: the last rung is told them wherever they can be reached.
func (m *Moderation) take(ctx context.Context, tx pg.Querier, e row, s step, here []roster.Duty, tutors []account.ID) (row, error) {
	owner := e.Owner
	e, err := updateStepped(ctx, tx, e, s)
	if err != nil {
		return row{}, err
	}
	if err := insertStep(ctx, tx, e, s.Kind, account.ID{}); err != nil {
		return row{}, err
	}
	if s.Forget {
		if _, err := updateRoutesEnded(ctx, tx, e.ID, account.ID{}); err != nil {
			return row{}, err
		}
		if err := audit.Append(ctx, tx, entry(account.System(e.Service), "escalation.reopen", "escalation:"+e.ID.String(), "idle or absent owner "+owner.String())); err != nil {
			return row{}, err
		}
	}
	if len(s.Ask) > 0 {
		asked := slices.DeleteFunc(slices.Clone(here), func(d roster.Duty) bool { return !slices.Contains(s.Ask, d.Account) })
		if err := insertRoutes(ctx, tx, e, asked); err != nil {
			return row{}, err
		}
		if err := m.insertNotifications(ctx, tx, e, s.Ask); err != nil {
			return row{}, err
		}
	}
	if s.Outside {
		configured, err := insertOutside(ctx, tx, e, tutors)
		if err != nil {
			return row{}, err
		}
		if !configured {
			m.metrics.alarms.WithLabelValues("no_outside_channel").Inc()
		}
	}
	return e, nil
}

// facts gathers what next decides on. The person concerned is never asked about themselves.
func (m *Moderation) facts(ctx context.Context, tx pg.Querier, e row, here present, moderators []account.ID) (facts, error) {
	f := facts{Level: e.Level, State: e.State, Rung: e.Rung, Round: e.Round, DueAt: e.DueAt,
		OwnerOn: slices.Contains(accountsOf(here.on), e.Owner), OwnerHere: slices.Contains(here.owners, e.Owner)}
	var err error
	if f.Routed, err = selectRouted(ctx, tx, e.ID); err != nil {
		return facts{}, err
	}
	var own account.ID
	if !e.ESP.IsZero() {
		if own, err = m.accounts.TutorOf(ctx, tx, e.ESP); err != nil && errs.KindOf(err) != errs.NotFound {
			return facts{}, err
		}
	}
	for _, d := range here.onCall {
		switch {
		case d.Account == e.Person:
			continue
		case d.Role == account.RoleTutor:
			f.Tutors = append(f.Tutors, d.Account)
			if d.Account == own {
				f.OwnTutor = own
			}
		case e.Level == triage.Amber && (d.Account == e.ESP || slices.Contains(moderators, d.Account)):
			f.Peers = append(f.Peers, d.Account)
		}
	}
	return f, nil
}

// moderatorsOf lists who moderates where an amber post stands. If that cannot be known the ladder goes on to tutors.
func (m *Moderation) moderatorsOf(ctx context.Context, e row) []account.ID {
	if e.Level != triage.Amber || e.Subject.Kind != SubjectPost {
		return nil
	}
	var who []account.ID
	err := worker.Guard(func() error {
		keeper, err := m.content(e.Subject.Kind)
		if err != nil {
			return err
		}
		who, err = keeper.Moderators(ctx, m.options.Pool, e.Service, e.Subject.ID)
		return err
	})
	if err != nil {
		m.log.Warn().Err(err).Stringer("escalation", e.ID).Msg("who moderates could not be asked")
		return nil
	}
	return who
}

// tutorsOf lists the tutors of a service. If that cannot be known the ladder goes on with those on call and the webhook.
func (m *Moderation) tutorsOf(ctx context.Context, service account.ServiceID) []account.ID {
	who, err := m.accounts.WithRole(ctx, m.options.Pool, service, account.RoleTutor)
	if err != nil {
		m.log.Warn().Err(err).Msg("who the tutors are could not be asked")
	}
	return who
}

// deliverConsole hints at every console that is owed one. The hint is given before the row says so: at least once.
func (m *Moderation) deliverConsole(ctx context.Context) error {
	return pg.InTx(ctx, m.options.Pool, func(ctx context.Context, tx pgx.Tx) error {
		deliveries, who, err := selectPendingConsole(ctx, tx)
		if err != nil || len(deliveries) == 0 {
			return err
		}
		for _, id := range who {
			m.hints.Publish(bus.Account(id.String()), []byte(bus.Escalations))
		}
		m.metrics.deliveries.WithLabelValues("console", "sent").Add(float64(len(deliveries)))
		return updateDelivered(ctx, tx, deliveries)
	})
}
