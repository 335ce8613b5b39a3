package moderation

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/audit"
	"ponti/internal/pg"
	"ponti/moderation/triage"
)

// Unnamed is met by a Content some of whose texts were written without a name. Who moderates acts on such a text and its author as on any other, and is not told whose it is; a tutor is, for as long as
// they need it, because of a danger that they answer for.
type Unnamed interface {
	// Unnamed lists those of some texts that have no name: true where the actor was told lately whose they are.
	Unnamed(ctx context.Context, q pg.Querier, actor account.Actor, ids []string) (map[string]bool, error)
	// Reveal notes, before anything is told, that the actor is told whose a text is. Its author has a right to know.
	Reveal(ctx context.Context, q pg.Querier, actor account.Actor, id string) error
}

// subjectsOf are what escalations are about.
func subjectsOf(list []row) []Subject {
	about := make([]Subject, len(list))
	for i, e := range list {
		about[i] = e.Subject
	}
	return about
}

// unnamed lists those of some subjects that have no name: true where the actor was told lately whose they are.
func (m *Moderation) unnamed(ctx context.Context, actor account.Actor, about []Subject) (map[Subject]bool, error) {
	out := map[Subject]bool{}
	for kind, content := range m.contents {
		keeper, keeps := content.(Unnamed)
		if !keeps {
			continue
		}
		var list []string
		for _, s := range about {
			if s.Kind == kind {
				list = append(list, s.ID)
			}
		}
		if len(list) == 0 {
			continue
		}
		found, err := keeper.Unnamed(ctx, m.pool, actor, list)
		if err != nil {
			return nil, pg.Classify(err)
		}
		for id, known := range found {
			out[Subject{Kind: kind, ID: id}] = known
		}
	}
	return out, nil
}

// Who asks for more than revealsMax names within revealsFor is looked into: SECURITY, R6.
const (
	revealsFor = 24 * time.Hour
	revealsMax = 3
)

// Revealer is a tutor who asked whose texts without a name are more often than one should have to.
type Revealer struct {
	Alias string
	Count int // of escalations, in the last 24 hours
	You   bool
}

// revealers are those of a service, for its tutors: they see each other's.
func (m *Moderation) revealers(ctx context.Context, actor account.Actor) ([]Revealer, error) {
	if !actor.Is(account.RoleTutor) {
		return nil, nil
	}
	counts, err := selectRevealers(ctx, m.pool, actor.Service)
	if err != nil || len(counts) == 0 {
		return nil, pg.Classify(err)
	}
	names, err := m.accounts.Public(ctx, m.pool, slices.Collect(maps.Keys(counts)))
	var list []Revealer
	for id, n := range counts {
		list = append(list, Revealer{Alias: names[id].Alias, Count: n, You: id == actor.ID})
	}
	slices.SortFunc(list, func(a, b Revealer) int { return cmp.Or(b.Count-a.Count, strings.Compare(a.Alias, b.Alias)) })
	return list, err
}

// Revealers is how many tutors, in any service, asked whose texts without a name are more often than one should have to: a figure to alarm on.
func (m *Moderation) Revealers(ctx context.Context) (int, error) {
	counts, err := selectRevealers(ctx, m.pool, account.ServiceID{})
	return len(counts), pg.Classify(err)
}

// RevealAuthor tells the tutor who owns an open red escalation under which name the author of the text without one writes elsewhere, as they read it of any other text: from now on its page does, for an hour.
// That they asked is committed to the audit log, and to the notices of the author, before. Again is no error, and within the hour no second notice. Who a person is outside Ponti it tells nobody. ErrUnknown for what has a name or is not red,
// ErrNotOwner for who does not answer for it, ErrClosed. Tutors alone may.
func (m *Moderation) RevealAuthor(ctx context.Context, actor account.Actor, id EscalationID) error {
	var told []account.ID
	err := pg.InTx(ctx, m.pool, func(ctx context.Context, tx pgx.Tx) error {
		told = nil
		e, err := m.assignedForUpdate(ctx, tx, actor, id)
		if err != nil {
			return err
		}
		switch {
		case !actor.Is(account.RoleTutor):
			return account.ErrForbidden
		case e.State == StateClosed:
			return ErrClosed
		case e.Owner != actor.ID:
			return ErrNotOwner
		case e.Level < triage.Red:
			return ErrUnknown
		}
		keeper, keeps := m.contents[e.Subject.Kind].(Unnamed)
		if !keeps {
			return ErrUnknown
		}
		found, err := keeper.Unnamed(ctx, tx, actor, []string{e.Subject.ID})
		if err != nil {
			return err
		}
		known, is := found[e.Subject.ID]
		if !is {
			return ErrUnknown
		}
		if !known && !e.Person.IsZero() {
			if err := insertRevealNotice(ctx, tx, e); err != nil {
				return err
			}
			told = []account.ID{e.Person}
		}
		if err := keeper.Reveal(ctx, tx, actor, e.Subject.ID); err != nil {
			return err
		}
		if err := upsertReveal(ctx, tx, actor, id); err != nil {
			return err
		}
		return audit.Append(ctx, tx, entry(actor, "identity.reveal", "escalation:"+id.String(), string(e.Subject.Kind)+":"+e.Subject.ID))
	})
	if err != nil {
		return err
	}
	m.tellNotices(told)
	return nil
}
