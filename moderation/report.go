package moderation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/audit"
	"ponti/internal/errs"
	"ponti/internal/ids"
	"ponti/internal/pg"
	"ponti/internal/seal"
	"ponti/moderation/triage"
)

// Reason is why somebody reports.
type Reason string

// The reasons, in the order in which a form offers them.
const (
	ReasonDanger     Reason = "danger" // somebody may be in danger
	ReasonHarassment Reason = "harassment"
	ReasonPrivacy    Reason = "privacy"
	ReasonAdvice     Reason = "advice" // dangerous advice
	ReasonSpam       Reason = "spam"
	ReasonOther      Reason = "other"
)

var reasons = []Reason{ReasonDanger, ReasonHarassment, ReasonPrivacy, ReasonAdvice, ReasonSpam, ReasonOther}

// Reasons lists why somebody may report.
func Reasons() []Reason { return slices.Clone(reasons) }

// Report is what somebody says of a subject they can read.
type Report struct {
	Subject Subject
	Reason  Reason
	Note    string // optional
}

// DecisionKind is what a moderator decided.
type DecisionKind string

// The decisions.
const (
	DecideNone DecisionKind = "none"
	DecideHide DecisionKind = "hide"

	DecideActed DecisionKind = "acted" // of a participant: the tutors see to it
)

// Decision ends a case. Reason is the statement for the author; it is needed to hide, and for a sanction.
type Decision struct {
	Kind     DecisionKind
	Sanction Sanction
	Reason   string
}

// Case is reported content, as moderators see it: with the reasons and notes, never with who reported.
type Case struct {
	ID           CaseID
	Subject      Subject
	OpenedAt     time.Time
	Reports      []ShownReport // oldest first
	Excerpt      *Excerpt      // nil when it is gone
	Mine         bool          // the actor holds it
	Claimed      bool          // somebody holds it
	ClaimedUntil time.Time
	Decision     DecisionKind // empty while open
	Sanction     Sanction
	Decisions    []DecisionKind
	May          []Sanction   // those the actor may choose; none when somebody else holds it, or it is decided
	Appeal       *ShownAppeal // nil when it is none
	Notes        []CaseNote   // what moderators wrote to each other, oldest first
	Second       *Second      // nil when nobody asks for a second opinion
	Level        triage.Level // how soon somebody must look
	DueAt        time.Time    // when others are told unless somebody claims it; zero once all there are were told, and when decided
	Overdue      bool         // nobody claimed it in time, and nobody holds it now
	Alert        *Alert       // what it raised, for who opens it; nil: nothing
	TakenBack    bool         // it was shown again since
	Reversible   bool         // it hid what may be shown again: TakeBack
	Grave        bool         // triage reads red or above in it: whoever opens the case chooses when to read
	Now          time.Time
}

// ShownReport is one report without its reporter.
type ShownReport struct {
	Reason Reason
	Note   string
	At     time.Time
}

// MayReport is nil when the actor may report the subject, else what its own page would answer them.
func (m *Moderation) MayReport(ctx context.Context, actor account.Actor, s Subject) error {
	keeper, err := m.reportable(s.Kind)
	if err != nil {
		return err
	}
	return pg.Classify(mayReport(ctx, m.pool, keeper, actor, s))
}

// reportable is who keeps what can be reported: a message, a post or somebody in a conversation, never a conversation as a whole. A case is open to every tutor
// of the service, and all of a conversation only by an escalation.
func (m *Moderation) reportable(kind SubjectKind) (Content, error) {
	if kind == SubjectRoom {
		return nil, ErrUnknown
	}
	return m.content(kind)
}

// mayReport: whoever reports must be able to read it. An answer that told apart would tell that it exists.
func mayReport(ctx context.Context, q pg.Querier, keeper Content, actor account.Actor, s Subject) error {
	if err := keeper.MayRead(ctx, q, actor, s.ID); err != nil {
		return err
	}
	return account.Can(actor, account.ReportMake, account.Relation{Object: true, Participant: true})
}

// FileReport reports what the actor can read. The same person reports the same content once while it is open; again is no error.
func (m *Moderation) FileReport(ctx context.Context, actor account.Actor, in Report) error {
	in.Note = strings.TrimSpace(in.Note)
	var wrong errs.Fields
	if !slices.Contains(reasons, in.Reason) {
		wrong.Add("reason", "moderation.reason_missing", nil)
	}
	if utf8.RuneCountInString(in.Note) > MaxNote {
		wrong.Add("note", "moderation.note_long", map[string]any{"Max": MaxNote})
	}
	if err := wrong.Err(); err != nil {
		return err
	}
	keeper, err := m.reportable(in.Subject.Kind)
	if err != nil {
		return err
	}
	var c caseRow
	err = pg.InTx(ctx, m.pool, func(ctx context.Context, tx pgx.Tx) error {
		if err := mayReport(ctx, tx, keeper, actor, in.Subject); err != nil {
			return err
		}
		what, err := keeper.Excerpt(ctx, tx, actor.Service, in.Subject.ID)
		if err != nil {
			return err
		}
		if what.Author == actor.ID {
			return ErrInvolved
		}
		if c, err = m.openCase(ctx, tx, actor.Service, in.Subject, what.Author, gravity(in.Reason, m.levelIn(actor.Service, what))); err != nil {
			return err
		}
		note, err := m.sealInCase(c, in.Note)
		if err != nil {
			return err
		}
		if err := insertReport(ctx, tx, c, actor, in.Reason, note); err != nil {
			return err
		}
		return audit.Append(ctx, tx, entry(actor, "report.make", "case:"+c.ID.String(), string(in.Reason)))
	})
	if err != nil {
		return err
	}
	m.tellQueue(ctx, c)
	return nil
}

// levelIn is what triage reads in what is shown of a subject: nothing in what has no text.
func (m *Moderation) levelIn(service account.ServiceID, ex Excerpt) triage.Level {
	if ex.Text == "" {
		return triage.None
	}
	return m.Read(service, ex.Text).Level
}

// openCase finds the open case of a subject, locked, or opens one with a key of its own. One that is open rises to the level.
func (m *Moderation) openCase(ctx context.Context, q pg.Querier, service account.ServiceID, s Subject, author account.ID, level triage.Level) (caseRow, error) {
	_, wrapped, keyID, err := m.options.Keys.NewKey()
	if err != nil {
		return caseRow{}, fmt.Errorf("moderation: key of case: %w", err)
	}
	lies, err := m.lies(ctx, q, service, level)
	if err != nil {
		return caseRow{}, err
	}
	if err := insertCase(ctx, q, caseRow{ID: ids.New[Case](), Service: service, Subject: s, Author: author, Wrapped: wrapped, KeyID: keyID, Level: level}, lies); err != nil {
		return caseRow{}, err
	}
	c, err := selectOpenCaseForUpdate(ctx, q, service, s)
	if err == nil && c.Level < level {
		err = updateCaseRisen(ctx, q, c.ID, level, lies)
	}
	return c, err
}

func casePlace(c caseRow) string { return "case|" + c.ID.String() }

func (m *Moderation) sealInCase(c caseRow, text string) ([]byte, error) {
	if text == "" {
		return nil, nil
	}
	key, err := m.options.Keys.Unwrap(c.Wrapped, c.KeyID)
	if err != nil {
		return nil, fmt.Errorf("moderation: key of case: %w", err)
	}
	return key.Seal([]byte(text), []byte(casePlace(c))), nil
}

func (m *Moderation) openInCase(c caseRow, text []byte) (string, error) {
	if len(text) == 0 {
		return "", nil
	}
	return m.open(seal.Alone{Text: text, Wrapped: c.Wrapped, KeyID: c.KeyID}, casePlace(c))
}

// ShowCase opens a case. That it was opened is committed to the audit log before anything is read.
func (m *Moderation) ShowCase(ctx context.Context, actor account.Actor, id CaseID) (Case, error) {
	c, err := selectCase(ctx, m.pool, actor.Service, id)
	if err != nil {
		return Case{}, pg.Classify(err)
	}
	if err := m.mayDecide(ctx, m.pool, actor, c); err != nil {
		return Case{}, err
	}
	if err := audit.Append(ctx, m.pool, entry(actor, "report.see", "case:"+id.String(), "")); err != nil {
		return Case{}, pg.Classify(err)
	}
	// Whoever holds it goes on working on it.
	if c, err = m.prolong(ctx, actor, c); err != nil {
		return Case{}, err
	}
	shown, err := m.showCase(ctx, actor, c)
	if err != nil {
		return Case{}, err
	}
	shown.Grave = shown.Excerpt != nil && m.Read(actor.Service, shown.Excerpt.Text).Level >= triage.Red
	if shown.Reversible, err = m.mayTakeBack(ctx, m.pool, c); errors.Is(err, ErrBeingLooked) {
		err = nil
	}
	if err != nil {
		return Case{}, pg.Classify(err)
	}
	if shown.Alert, err = m.alertOf(ctx, actor, c); err != nil || c.Decision != "" || shown.Claimed && !shown.Mine {
		return shown, err
	}
	shown.May, err = m.maySanction(ctx, m.pool, actor, c)
	return shown, pg.Classify(err)
}

// mayDecide: in one's categories or as tutor, and not part of the case oneself. Otherwise there is no such case.
func (m *Moderation) mayDecide(ctx context.Context, q pg.Querier, actor account.Actor, c caseRow) error {
	rel := account.Relation{Object: true}
	if actor.IsPeer() {
		keeper, err := m.content(c.Subject.Kind)
		if err != nil {
			return err
		}
		who, err := keeper.Moderators(ctx, q, c.Service, c.Subject.ID)
		if err != nil {
			return err
		}
		rel.InCategory = slices.Contains(who, actor.ID)
	}
	act := account.ReportDecide
	if !c.AppealOf.IsZero() {
		act = account.ReportDecideAnAppeal
	}
	if err := account.Can(actor, act, rel); err != nil {
		if !c.AppealOf.IsZero() {
			return ErrUnknown // for who decides cases, this one is not there
		}
		return err
	}
	involved, err := selectIsInvolved(ctx, q, c.ID, actor.ID)
	if err != nil {
		return err
	}
	if involved {
		return ErrUnknown
	}
	return nil
}

func (m *Moderation) showCase(ctx context.Context, actor account.Actor, c caseRow) (Case, error) {
	if err := m.mayDecide(ctx, m.pool, actor, c); err != nil {
		return Case{}, err
	}
	shown := Case{ID: c.ID, Subject: c.Subject, OpenedAt: c.OpenedAt, Now: c.Now, Decision: c.Decision, Sanction: c.Sanction, Decisions: c.decisions(), Level: c.Level, TakenBack: !c.TakenBackAt.IsZero()}
	if c.Decision == "" {
		shown.DueAt, shown.Overdue = c.DueAt, c.Overdue && !c.ClaimedUntil.After(c.Now)
	}
	if c.ClaimedUntil.After(c.Now) {
		shown.Claimed, shown.Mine, shown.ClaimedUntil = true, c.ClaimedBy == actor.ID, c.ClaimedUntil
	}
	var err error
	if shown.Excerpt, err = m.excerpt(ctx, c.Service, c.Subject); err != nil {
		return Case{}, err
	}
	if shown.Appeal, err = m.showAppeal(ctx, c); err != nil {
		return Case{}, err
	}
	reports, err := selectReports(ctx, m.pool, c)
	if err != nil {
		return Case{}, pg.Classify(err)
	}
	for _, r := range reports {
		note, err := m.openInCase(r.Of, r.Note)
		if err != nil {
			return Case{}, err
		}
		shown.Reports = append(shown.Reports, ShownReport{Reason: r.Reason, Note: note, At: r.At})
	}
	return shown, m.showNotes(ctx, actor, c, &shown)
}

// Decide ends a case that the actor holds. Hiding needs a statement, which the author is given; each reporter is told the
// outcome. ErrClaimFirst when the claim is another's or over.
func (m *Moderation) Decide(ctx context.Context, actor account.Actor, id CaseID, d Decision) error {
	d.Reason = strings.TrimSpace(d.Reason)
	if err := d.check(); err != nil {
		return err
	}
	var told []account.ID
	var c caseRow
	announce := func() {}
	err := pg.InTx(ctx, m.pool, func(ctx context.Context, tx pgx.Tx) (err error) {
		if c, err = selectCase(ctx, tx, actor.Service, id); err != nil {
			return err
		}
		if !slices.Contains(c.decisions(), d.Kind) {
			return errs.Field("decision", "moderation.decision_missing", nil)
		}
		may, err := m.maySanction(ctx, tx, actor, c)
		if err != nil {
			return err
		}
		if d.Sanction != SanctionNone && !slices.Contains(may, d.Sanction) {
			return errs.Field("sanction", "moderation.sanction_not_yours", nil)
		}
		statement, err := m.sealInCase(c, d.Reason)
		if err != nil {
			return err
		}
		if !d.needsReason() {
			statement = nil
		}
		if err := updateDecided(ctx, tx, id, actor.ID, d, statement); err != nil {
			return err
		}
		if d.Sanction != SanctionNone {
			if announce, err = m.sanction(ctx, tx, actor, c, d.Sanction); err != nil {
				return err
			}
		}
		if err := m.settle(ctx, tx, actor, c, d); err != nil {
			return err
		}
		if told, err = insertNotices(ctx, tx, c, d); err != nil {
			return err
		}
		if err := m.Acted(ctx, tx, aboutReport(c.Subject), actor.ID); err != nil {
			return err
		}
		return audit.Append(ctx, tx, entry(actor, "report.decide", "case:"+id.String(), strings.TrimSpace(string(d.Kind)+" "+string(d.Sanction))))
	})
	if err != nil {
		return err
	}
	announce()
	m.tellNotices(told)
	m.tellQueue(ctx, c)
	return nil
}

// Withhold notes that a text was refused before anybody read it, in the caller's transaction: its author is given the reason, and may ask that
// somebody else looks again. announce is called after commit. Invalid without a reason.
func (m *Moderation) Withhold(ctx context.Context, tx pgx.Tx, actor account.Actor, s Subject, author account.ID, reason string) (announce func(), err error) {
	d := Decision{Kind: DecideHide, Reason: strings.TrimSpace(reason)}
	if err := d.check(); err != nil {
		return nil, err
	}
	c, err := m.openCase(ctx, tx, actor.Service, s, author, triage.Amber)
	if err != nil {
		return nil, err
	}
	statement, err := m.sealInCase(c, d.Reason)
	if err != nil {
		return nil, err
	}
	if err := updateWithheld(ctx, tx, c.ID, actor.ID, statement); err != nil {
		return nil, err
	}
	told, err := insertNotices(ctx, tx, c, d)
	return func() { m.tellNotices(told) }, err
}

// decisions are what can be decided about a case: somebody in a conversation has no text that could be hidden.
func (c caseRow) decisions() []DecisionKind {
	if c.Subject.Kind == SubjectParticipant && c.AppealOf.IsZero() {
		return []DecisionKind{DecideActed, DecideNone}
	}
	return []DecisionKind{DecideHide, DecideNone}
}

func (m *Moderation) hide(ctx context.Context, tx pg.Querier, actor account.Actor, c caseRow, reason string) error {
	keeper, err := m.content(c.Subject.Kind)
	if err != nil {
		return err
	}
	err = keeper.Hide(ctx, tx, c.Service, c.Subject.ID, reason, actor.ID)
	if errors.Is(err, ErrUnknown) || errs.KindOf(err) == errs.NotFound {
		return nil // its author has deleted it since: the decision and its reason stand
	}
	return err
}

func (d Decision) needsReason() bool { return d.Kind == DecideHide || d.Sanction != SanctionNone }

func (d Decision) check() error {
	var wrong errs.Fields
	switch {
	case d.Kind != DecideNone && d.Kind != DecideHide && d.Kind != DecideActed:
		wrong.Add("decision", "moderation.decision_missing", nil)
	case d.needsReason() && blank(d.Reason):
		wrong.Add("statement", "moderation.statement_missing", nil)
	}
	if utf8.RuneCountInString(d.Reason) > MaxNote {
		wrong.Add("statement", "moderation.note_long", map[string]any{"Max": MaxNote})
	}
	return wrong.Err()
}
