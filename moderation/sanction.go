package moderation

import (
	"context"
	"math"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/audit"
	"ponti/internal/bus"
	"ponti/internal/errs"
	"ponti/internal/pg"
)

// Sanction is what follows for who wrote it, beside what becomes of the text.
type Sanction string

// The sanctions. A mute and a ban last sanctionFor. A ban for longer takes two people: Exclude.
const (
	SanctionNone Sanction = ""
	SanctionWarn Sanction = "warn"
	SanctionMute Sanction = "mute" // they write nothing in the forum
	SanctionBan  Sanction = "ban"  // they do not come in
)

// sanctionFor is as long as one person may suspend somebody (authorization matrix, "suspend up to 24 h").
const sanctionFor = 24 * time.Hour

// Errors of sanctions.
var (
	ErrInDanger  = errs.New(errs.Conflict, "moderation.in_danger") // an alarm of red or above is open for them: nobody is sent away then
	ErrNotLifted = errs.New(errs.Conflict, "moderation.not_lifted")
)

// InForce is a sanction that holds now, for those who may lift it.
type InForce struct {
	Case     CaseID
	Alias    string // empty where Nameless is
	Nameless bool   // for a text without a name
	Kind     Sanction
	Since    time.Time
	Until    time.Time
	Excluded bool // for good, because of this case: two people asked for it
	Asked    bool // for good, because of this case, by one person; another may confirm
	AskedBy  bool // the actor is that one
}

// maySanction tells which sanctions the actor may choose for the author of a case: none but a warning for who is not a senior ESP or a tutor, and
// for staff; none at all where it is an appeal.
func (m *Moderation) maySanction(ctx context.Context, q pg.Querier, actor account.Actor, c caseRow) ([]Sanction, error) {
	if err := m.mayDecide(ctx, q, actor, c); err != nil {
		return nil, err
	}
	if !c.AppealOf.IsZero() {
		return nil, nil
	}
	known, err := m.accounts.Public(ctx, q, []account.ID{c.Author})
	if err != nil {
		return nil, err
	}
	role := known[c.Author].Role
	person := account.Actor{Role: role}.IsPerson()
	if !person || !maySuspend(actor) {
		return []Sanction{SanctionWarn}, nil
	}
	if role == account.RoleGuest {
		return []Sanction{SanctionWarn, SanctionBan}, nil // they do not write in the forum
	}
	return []Sanction{SanctionWarn, SanctionMute, SanctionBan}, nil
}

// maySuspend: whether in this category is asked with the case.
func maySuspend(a account.Actor) bool {
	return account.Can(a, account.AccountSuspendUpTo24H, account.Relation{InCategory: true}) == nil
}

// sanction does what was decided for the author, in the transaction of the decision. announce is called after commit.
func (m *Moderation) sanction(ctx context.Context, tx pgx.Tx, actor account.Actor, c caseRow, s Sanction) (announce func(), err error) {
	if err := insertSanction(ctx, tx, c, actor, s); err != nil || s != SanctionBan {
		return func() {}, err
	}
	if err := lockDanger(ctx, tx, c.Author, true); err != nil {
		return nil, err
	}
	if danger, err := selectInDanger(ctx, tx, c.Author); err != nil {
		return nil, err
	} else if danger {
		return nil, errs.Field("sanction", ErrInDanger.Key, nil)
	}
	return m.accounts.Suspend(ctx, tx, c.Service, c.Author, sanctionFor)
}

// MayWrite is nil unless the actor may not write in the forum now; then Invalid for "text", with the "Hours" that are left. Asking for a conversation is
// never closed to them by it.
func (m *Moderation) MayWrite(ctx context.Context, q pg.Querier, actor account.Actor) error {
	left, err := selectHeldOff(ctx, q, actor.Service, actor.ID, SanctionMute)
	if err != nil || left <= 0 {
		return err
	}
	return errs.Field("text", "moderation.you_are_muted", map[string]any{"Hours": int(math.Ceil(left.Hours()))})
}

// InForce lists the mutes and bans that the actor may lift, the latest first, at most a hundred.
func (m *Moderation) InForce(ctx context.Context, actor account.Actor) ([]InForce, error) {
	if !maySuspend(actor) {
		return nil, nil
	}
	rows, err := selectInForce(ctx, m.pool, actor)
	if err != nil {
		return nil, pg.Classify(err)
	}
	about := make([]Subject, len(rows))
	for i, r := range rows {
		about[i] = r.Of.Subject
	}
	unnamed, err := m.unnamed(ctx, actor, about)
	if err != nil {
		return nil, err
	}
	who := make([]account.ID, len(rows))
	for i, r := range rows {
		if _, nameless := unnamed[r.Of.Subject]; !nameless {
			who[i] = r.Of.Author
		}
	}
	names, err := m.accounts.Public(ctx, m.pool, who)
	if err != nil {
		return nil, err
	}
	var list []InForce
	for _, r := range rows {
		if err := m.mayDecide(ctx, m.pool, actor, r.Of); errs.KindOf(err) == errs.NotFound || errs.KindOf(err) == errs.Forbidden {
			continue
		} else if err != nil {
			return nil, pg.Classify(err)
		}
		f := r.InForce
		if _, f.Nameless = unnamed[r.Of.Subject]; !f.Nameless {
			f.Alias = names[r.Of.Author].Alias
		}
		excluded, asked, err := m.accounts.Exclusion(ctx, r.Of.Service, r.Of.Author, because(r.Case))
		if err != nil {
			return nil, err
		}
		if f.Until.Before(r.Of.Now) && !excluded && asked.IsZero() {
			continue // it is over
		}
		f.Excluded, f.Asked, f.AskedBy = excluded, !asked.IsZero(), asked == actor.ID
		list = append(list, f)
	}
	return list, nil
}

// Lift ends a mute or a ban before its time; who may have decided it may lift it. ErrNotLifted when it is over already.
func (m *Moderation) Lift(ctx context.Context, actor account.Actor, id CaseID) error {
	var told []account.ID
	err := pg.InTx(ctx, m.pool, func(ctx context.Context, tx pgx.Tx) error {
		c, err := m.sanctioned(ctx, tx, actor, id)
		if err != nil {
			return err
		}
		if told, err = m.release(ctx, tx, actor, c); err != nil {
			return err
		}
		if len(told) == 0 {
			return ErrNotLifted
		}
		return audit.Append(ctx, tx, entry(actor, "sanction.lift", "case:"+id.String(), ""))
	})
	if err != nil {
		return err
	}
	m.tellNotices(told)
	return nil
}

// release takes back what holds, and says whom to tell.
func (m *Moderation) release(ctx context.Context, tx pgx.Tx, actor account.Actor, c caseRow) ([]account.ID, error) {
	kind, err := updateReleased(ctx, tx, c.ID, actor.ID)
	if err != nil || kind == SanctionNone {
		return nil, err
	}
	if kind == SanctionBan {
		other, err := selectHeldOff(ctx, tx, c.Service, c.Author, SanctionBan)
		if err == nil {
			err = m.accounts.Resume(ctx, tx, c.Service, c.Author, other) // another case may keep them out yet
		}
		if err != nil {
			return nil, err
		}
	}
	return insertNotice(ctx, tx, c, c.Author, NoticeLifted)
}

// admit lets somebody in again who is in danger: nobody is kept out of here then. It gives whom to tell. Whoever calls it holds lockDanger.
func (m *Moderation) admit(ctx context.Context, q pg.Querier, service account.ServiceID, who account.ID) ([]account.ID, error) {
	cases, err := updateBansLifted(ctx, q, service, who)
	if err != nil || len(cases) == 0 {
		return nil, err
	}
	if err := m.accounts.Resume(ctx, q, service, who, 0); err != nil {
		return nil, err
	}
	for _, id := range cases {
		if _, err := insertNotice(ctx, q, caseRow{ID: id, Service: service}, who, NoticeLifted); err != nil {
			return nil, err
		}
		if err := audit.Append(ctx, q, entry(account.System(service), "sanction.lift", "case:"+id.String(), "in danger")); err != nil {
			return nil, err
		}
	}
	return []account.ID{who}, nil
}

// Exclude asks that somebody who was banned does not come in again: done when two different people have asked within a day. Tutors ask.
func (m *Moderation) Exclude(ctx context.Context, actor account.Actor, id CaseID) (done bool, err error) {
	c, err := m.banned(ctx, actor, id)
	if err != nil {
		return false, err
	}
	return m.accounts.DisableBecause(ctx, actor, c.Author, because(id))
}

// Readmit takes an exclusion back, by two people like Exclude.
func (m *Moderation) Readmit(ctx context.Context, actor account.Actor, id CaseID) (done bool, err error) {
	c, err := m.banned(ctx, actor, id)
	if err != nil {
		return false, err
	}
	return m.accounts.EnableBecause(ctx, actor, c.Author, because(id))
}

// because is how account calls a case. Each has an exclusion of its own: that two are of one account is not told to who never learned whose one of them is.
func because(id CaseID) string { return "case:" + id.String() }

func (m *Moderation) banned(ctx context.Context, actor account.Actor, id CaseID) (caseRow, error) {
	if err := account.Can(actor, account.AccountSuspendLongerEnd, account.Relation{SecondPerson: true}); err != nil {
		return caseRow{}, err
	}
	c, err := m.sanctioned(ctx, m.pool, actor, id)
	if err != nil {
		return caseRow{}, pg.Classify(err)
	}
	if c.Sanction != SanctionBan {
		return caseRow{}, ErrUnknown
	}
	if danger, err := selectInDanger(ctx, m.pool, c.Author); err != nil {
		return caseRow{}, pg.Classify(err)
	} else if danger {
		return caseRow{}, ErrInDanger
	}
	return c, nil
}

// sanctioned is a case with a mute or a ban that the actor may decide about.
func (m *Moderation) sanctioned(ctx context.Context, q pg.Querier, actor account.Actor, id CaseID) (caseRow, error) {
	if err := account.Can(actor, account.AccountSuspendUpTo24H, account.Relation{InCategory: true}); err != nil {
		return caseRow{}, err
	}
	c, err := selectCase(ctx, q, actor.Service, id)
	if err != nil {
		return caseRow{}, err
	}
	if err := m.mayDecide(ctx, q, actor, c); err != nil {
		return caseRow{}, err
	}
	if c.Sanction != SanctionMute && c.Sanction != SanctionBan {
		return caseRow{}, ErrUnknown
	}
	return c, nil
}

// Covered tells whether an ESP and a tutor are on call in a service now.
func (m *Moderation) Covered(ctx context.Context, service account.ServiceID) (bool, error) {
	o, err := m.roster.Opening(ctx, service)
	return o.Covered, err
}

func (m *Moderation) tellNotices(who []account.ID) {
	for _, id := range who {
		m.hints.Publish(bus.Account(id.String()), []byte(bus.Notices))
	}
}
