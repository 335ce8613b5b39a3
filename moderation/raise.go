package moderation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ponti/account"
	"ponti/internal/audit"
	"ponti/internal/ids"
	"ponti/internal/pg"
	"ponti/moderation/triage"
)

// CauseKind says what raised an escalation.
type CauseKind string

// The kinds of cause. Ref of a message is "<room>/<sequence>", of a post "<post>/<version>"; for the others the caller makes one that names
// the act, so that the same act never raises twice.
const (
	CauseMessage   CauseKind = "message"
	CausePost      CauseKind = "post"
	CauseWaiting   CauseKind = "waiting"
	CauseAlone     CauseKind = "alone" // left in mid-conversation, and nobody took them on in time
	CausePerson    CauseKind = "person"
	CauseESP       CauseKind = "esp"
	CauseModerator CauseKind = "moderator"
	CauseOutside   CauseKind = "outside" // the classifier, of a text; Ref is the kind and ref of the cause that the text is, with a colon between
)

// Cause names what raised an escalation. The same cause raises once.
type Cause struct {
	Kind CauseKind
	Ref  string
}

// Raise is what is to be escalated.
type Raise struct {
	Service  account.ServiceID
	Subject  Subject
	Cause    Cause
	Level    triage.Level // amber, red or crisis
	Category triage.Category
	Rules    []string
	Person   account.ID    // whom it is about
	ESP      account.ID    // in the conversation, or zero
	By       account.Actor // who asked for it; zero when triage did
}

// Raised is what Raise made or found.
type Raised struct {
	ID    EscalationID
	Level triage.Level
	// Announce makes the ladder look at once. Call it after the commit; without it the worker finds the row by itself.
	Announce func()
}

// Raise puts a cause to the open escalation of its subject, or opens one, in the caller's transaction: the flagged message and
// its escalation commit together. A higher level lifts the open escalation and starts its ladder again; another category at its level is told again to who has it; any other
// cause joins it. Whoever is in danger by it and was banned is let in again.
func (m *Moderation) Raise(ctx context.Context, q pg.Querier, r Raise) (Raised, error) {
	if r.Level < triage.Amber || r.Level > triage.Crisis {
		return Raised{}, fmt.Errorf("moderation: raise: no such level: %d", r.Level)
	}
	r.Subject = r.Subject.grouped()
	danger := r.Level >= triage.Red && !r.Person.IsZero()
	if danger {
		if err := lockDanger(ctx, q, r.Person, false); err != nil {
			return Raised{}, err
		}
	}
	// Twice suffices when an open escalation is closed between our looking and our locking; the third time is for the unlikely.
	for range 3 {
		known, err := selectCause(ctx, q, r.Service, r.Cause)
		if err == nil {
			return m.raised(known, r, nil, nil), nil
		}
		if !errors.Is(err, ErrUnknown) {
			return Raised{}, err
		}
		e, tell, err := m.raiseOnce(ctx, q, r)
		if errors.Is(err, errAgain) {
			continue
		}
		if err != nil {
			return Raised{}, err
		}
		var admitted []account.ID
		if danger {
			if admitted, err = m.admit(ctx, q, r.Service, r.Person); err != nil {
				return Raised{}, err
			}
		}
		return m.raised(e, r, tell, admitted), nil
	}
	return Raised{}, fmt.Errorf("moderation: raise: %w", pg.ErrUnavailable)
}

// errAgain says that somebody else was first and the whole must be looked at anew.
var errAgain = errors.New("moderation: look again")

func (m *Moderation) raised(e row, r Raise, tell, admitted []account.ID) Raised {
	return Raised{ID: e.ID, Level: e.Level, Announce: func() {
		m.metrics.raised.WithLabelValues(r.Level.String()).Inc()
		m.look()
		m.tellConsoles(tell)
		m.tellNotices(admitted)
	}}
}

func (m *Moderation) raiseOnce(ctx context.Context, q pg.Querier, r Raise) (row, []account.ID, error) {
	e, err := selectOpenForUpdate(ctx, q, r.Service, r.Subject)
	opened := errors.Is(err, ErrUnknown)
	if opened {
		e, err = insertEscalation(ctx, q, ids.New[Escalation](), r)
	}
	if err != nil {
		return row{}, nil, err
	}
	other := false
	if !opened && r.Level == e.Level && r.Category != triage.CategoryNone {
		if other, err = selectIsOther(ctx, q, e, r.Category); err != nil {
			return row{}, nil, err
		}
	}
	if err := insertCause(ctx, q, e.ID, r); err != nil {
		return row{}, nil, err
	}
	var tell []account.ID
	switch {
	case opened:
		err = insertStep(ctx, q, e, StepRaised, r.By.ID)
	case r.Level > e.Level:
		e, tell, err = m.lift(ctx, q, e, r)
	default:
		e, tell, err = m.join(ctx, q, e, r, other)
	}
	if err != nil {
		return row{}, nil, err
	}
	by := r.By
	if by.Role == account.RoleVisitor {
		by = account.System(r.Service)
	}
	return e, tell, audit.Append(ctx, q, entry(by, "escalation.raise", "escalation:"+e.ID.String(), string(r.Cause.Kind)))
}

// join puts another cause to an open escalation. One of another category is another thing to look at: whoever has it, or was asked, is told again, and an owner's
// time for something to be done runs from now. Amber, which waits for the end of a shift, is looked at by the ladder at once: it stays with an owner who is there.
func (m *Moderation) join(ctx context.Context, q pg.Querier, e row, r Raise, other bool) (row, []account.ID, error) {
	tell, err := selectRouted(ctx, q, e.ID)
	if err != nil {
		return row{}, nil, err
	}
	if !other {
		if e, err = updateJoined(ctx, q, e); err != nil {
			return row{}, nil, err
		}
		return e, tell, insertStep(ctx, q, e, StepJoined, r.By.ID)
	}
	if e, err = updateWidened(ctx, q, e, m.ladderOf(e).of(e.Level).Idle); err != nil {
		return row{}, nil, err
	}
	if err := insertStep(ctx, q, e, StepWidened, r.By.ID); err != nil {
		return row{}, nil, err
	}
	return e, tell, m.insertNotifications(ctx, q, e, tell)
}

// lift raises the level of an open escalation. Peers lose it; the tutors who have it are told again and the ladder goes on to
// others: at once, or after one rung's time when a tutor is at it already.
func (m *Moderation) lift(ctx context.Context, q pg.Querier, e row, r Raise) (row, []account.ID, error) {
	tutors, err := updateRoutesLifted(ctx, q, e.ID, r.Level)
	if err != nil {
		return row{}, nil, err
	}
	rung, state, wait := RungNone, StateRaised, time.Duration(0)
	for _, t := range tutors {
		if t == e.Owner {
			rung, state, wait = RungOwn, StateOffered, m.ladderOf(e).of(r.Level).Within
		}
	}
	if e, err = updateLifted(ctx, q, e, r, state, rung, wait); err != nil {
		return row{}, nil, err
	}
	if err := insertStep(ctx, q, e, StepLifted, r.By.ID); err != nil {
		return row{}, nil, err
	}
	return e, tutors, m.insertNotifications(ctx, q, e, tutors)
}

// Care is what the person may know of the help on its way.
type Care string

// What the person may know.
const (
	CareNone     Care = ""
	CareAlerting Care = "alerting" // a tutor is being alerted
	CareSeen     Care = "seen"     // a tutor has acknowledged it
)

// CareFor is what the person may know about a subject, of its open escalation, else of the last; and the level, for staff, that is open
// now. Amber is not told: it goes to the peer who is there anyway.
func (m *Moderation) CareFor(ctx context.Context, q pg.Querier, s Subject) (Care, triage.Level, error) {
	state, level, err := selectLastState(ctx, q, s.grouped())
	if errors.Is(err, ErrUnknown) {
		return CareNone, triage.None, nil
	}
	if err != nil {
		return CareNone, triage.None, err
	}
	told := care(state, level)
	if state == StateClosed {
		level = triage.None // somebody answered for it
	}
	return told, level, nil
}

// CaresFor is CareFor of many subjects at once, none of them a message; what is missing in the answer has CareNone.
func (m *Moderation) CaresFor(ctx context.Context, q pg.Querier, kind SubjectKind, ids []string) (map[string]Care, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return selectLastStates(ctx, q, kind, ids)
}

// MarksFor gives for each of many subjects a mark that changes whenever what CareFor tells of it does; what is missing has none.
func (m *Moderation) MarksFor(ctx context.Context, q pg.Querier, kind SubjectKind, ids []string) (map[string]string, error) {
	return selectStateMarks(ctx, q, kind, ids)
}

func care(state State, level triage.Level) Care {
	switch {
	case level < triage.Red:
		return CareNone
	case state == StateAcknowledged || state == StateClosed:
		return CareSeen
	}
	return CareAlerting
}

// OpenOf is the open escalation of a subject, and its level: None when there is none.
func (m *Moderation) OpenOf(ctx context.Context, q pg.Querier, s Subject) (EscalationID, triage.Level, error) {
	return selectOpenOf(ctx, q, s.grouped())
}

// WorstOf is the highest level that any escalation of a subject ever had, open or closed; None when there was none.
func (m *Moderation) WorstOf(ctx context.Context, q pg.Querier, s Subject) (triage.Level, error) {
	return selectWorstOf(ctx, q, s.grouped())
}

// Routed tells whether an open escalation of the subject is routed to the account: the fact behind Relation.Assigned.
func (m *Moderation) Routed(ctx context.Context, q pg.Querier, s Subject, who account.ID) (bool, error) {
	return selectIsRouted(ctx, q, s.grouped(), who)
}

// Unowned is the level of the open escalation of a subject that nobody has acknowledged, or whose owner lost it; None when there is none.
func (m *Moderation) Unowned(ctx context.Context, q pg.Querier, s Subject) (triage.Level, error) {
	return selectUnowned(ctx, q, s.grouped())
}

// Acted notes that the owner of the subject's escalation did something about it, such as joining or writing, and gives them
// their full time again. For anybody else, or without an escalation, it does nothing.
func (m *Moderation) Acted(ctx context.Context, q pg.Querier, s Subject, who account.ID) error {
	e, err := selectOwnedForUpdate(ctx, q, s.grouped(), who)
	if errors.Is(err, ErrUnknown) {
		return nil
	}
	if err != nil {
		return err
	}
	if e, err = updateActed(ctx, q, e, m.patience(e)); err != nil {
		return err
	}
	return insertStep(ctx, q, e, StepActed, who)
}

// patience is how long an owner may do nothing before the worker looks at it.
func (m *Moderation) patience(e row) time.Duration {
	t := m.ladderOf(e).of(e.Level)
	if t.Idle > 0 {
		return t.Idle
	}
	return t.Within
}
