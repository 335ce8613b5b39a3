package moderation

import (
	"context"

	"ponti/account"
	"ponti/internal/bus"
	"ponti/internal/errs"
	"ponti/internal/pg"
	"ponti/internal/worker"
)

// Queue lists the open cases the actor may decide: a peer those of their categories, a tutor all of the service. Cases the
// actor is part of are left out. The gravest reason first (danger; then harassment, privacy and advice), then the oldest, at most two hundred, without what anybody wrote: to read is to open a case, which is audited.
func (m *Moderation) Queue(ctx context.Context, actor account.Actor) ([]Case, error) {
	if err := account.Can(actor, account.ReportSeeTheQueue, account.Relation{InCategory: true}); err != nil {
		return nil, err
	}
	if actor.Is(account.RoleAdmin) {
		return nil, account.ErrForbidden // an admin sees counts only
	}
	open, err := selectQueue(ctx, m.pool, actor)
	if err != nil {
		return nil, pg.Classify(err)
	}
	queue := make([]Case, 0, len(open))
	for _, c := range open {
		shown, err := m.showCase(ctx, actor, c)
		if errs.KindOf(err) == errs.NotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		queue = append(queue, shown.listed())
	}
	return queue, nil
}

// listed leaves out what was written. The title of a thread stays; what a person called their conversation does not.
func (c Case) listed() Case {
	if c.Excerpt != nil {
		ex := Excerpt{Place: c.Excerpt.Place, Hidden: c.Excerpt.Hidden, At: c.Excerpt.At}
		if c.Subject.Kind == SubjectPost {
			ex.Title = c.Excerpt.Title
		}
		c.Excerpt = &ex
	}
	for i := range c.Reports {
		c.Reports[i].Note = ""
	}
	c.Notes = nil
	if c.Appeal != nil {
		c.Appeal = &ShownAppeal{DecidedAt: c.Appeal.DecidedAt}
	}
	return c
}

// QueueLength counts what Queue would list for a tutor, for those who see counts only.
func (m *Moderation) QueueLength(ctx context.Context, actor account.Actor) (int, error) {
	if err := account.Can(actor, account.ReportSeeTheQueue, account.Relation{InCategory: true}); err != nil {
		return 0, err
	}
	n, err := selectQueueLength(ctx, m.pool, actor.Service)
	return n, pg.Classify(err)
}

// tellQueue hints at the pages of those who may decide a case that the queue is another. It comes after the commit and may be lost: the page looks again by itself.
func (m *Moderation) tellQueue(ctx context.Context, c caseRow) {
	who := m.tutorsOf(ctx, c.Service)
	moderators, err := m.deciders(ctx, c)
	if err != nil {
		m.log.Warn().Err(err).Stringer("case", c.ID).Msg("who moderates could not be asked")
	}
	for _, id := range append(who, moderators...) {
		m.hints.Publish(bus.Account(id.String()), []byte(bus.Escalations))
	}
}

// deciders are the peers who moderate where the reported stands; none for conversations, and none when it is gone.
func (m *Moderation) deciders(ctx context.Context, c caseRow) (who []account.ID, err error) {
	err = worker.Guard(func() error {
		keeper, err := m.content(c.Subject.Kind)
		if err != nil {
			return err
		}
		who, err = keeper.Moderators(ctx, m.options.Pool, c.Service, c.Subject.ID)
		return err
	})
	if errs.KindOf(err) == errs.NotFound {
		return nil, nil
	}
	return who, err
}
