package moderation

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/audit"
	"ponti/internal/bus"
	"ponti/internal/errs"
	"ponti/internal/pg"
	"ponti/moderation/triage"
	"ponti/roster"
)

// Outcome is how an escalation ended.
type Outcome string

// The outcomes, in the order in which a form offers them.
const (
	OutcomeTalked    Outcome = "talked"           // talked with the person, who is safe for now
	OutcomeHanded    Outcome = "handed_over"      // handed over to a service or somebody close
	OutcomeEmergency Outcome = "emergency_called" // 112 was called
	OutcomeNoContact Outcome = "no_contact"       // the person could not be reached any more
	OutcomeNoRisk    Outcome = "no_risk"          // read and judged: no risk
)

// Outcomes are all of them.
var outcomes = []Outcome{OutcomeTalked, OutcomeHanded, OutcomeEmergency, OutcomeNoContact, OutcomeNoRisk}

// Outcomes lists what an escalation may end with.
func Outcomes() []Outcome { return slices.Clone(outcomes) }

// MaxNote bounds the note of an escalation, of a report and the statement of reasons, in runes.
const MaxNote = 2000

// Escalation is a risk that a human must own, as those it is routed to see it. It carries no text of the subject.
type Escalation struct {
	ID             EscalationID
	Subject        Subject
	Level          triage.Level
	Category       triage.Category
	Others         []Another // what else it is about, in the order in which it came; none when closed
	State          State
	Rung           Rung
	Round          int
	Person         string // alias; empty when erased, and where Nameless is
	Nameless       bool   // it is about a text without a name, and the actor was not told whose it is
	Told           bool   // it is, and the actor was told lately
	ESP            string // alias; empty when there is none
	Owner          string // alias
	Mine           bool   // the actor owns it
	RaisedAt       time.Time
	DueAt          time.Time // when the next rung is asked, or an idle owner loses it; zero when closed
	AcknowledgedAt time.Time
	Now            time.Time // the database's clock when this was read: what a page's clock counts from
	Outcome        Outcome
}

// Another is a category of some cause of an escalation, beside its own.
type Another struct {
	Category triage.Category
	New      bool // it came since the owner last did something
}

// Console is what an ESP or tutor must look at: what waits for an owner first, gravest and oldest first, then what they own.
type Console struct {
	Waiting []Escalation // routed to the actor and not acknowledged
	Handed  []Escalation // owned by another tutor, who asks the actor to take them over
	Mine    []Escalation // owned by the actor and open
	Told    []Escalation // routed to others or nobody, and acknowledged by nobody, though everybody was told: tutors only, and no more of it than Told gives
	Taken   []Escalation // owned by others of the service; tutors only, without subject, person or category
	Reveals []Revealer   // who asked whose texts are too often; tutors only
	Now     time.Time
}

// Console lists what is routed to the actor. ESPs, seniors and tutors may.
func (m *Moderation) Console(ctx context.Context, actor account.Actor) (Console, error) {
	if err := account.Can(actor, account.EscalationSeeAndAcknowledge, account.Relation{Assigned: true}); err != nil {
		return Console{}, err
	}
	list, err := selectConsole(ctx, m.pool, actor)
	if err != nil {
		return Console{}, pg.Classify(err)
	}
	shown, err := m.named(ctx, actor, list)
	if err != nil {
		return Console{}, err
	}
	c := Console{}
	if c.Reveals, err = m.revealers(ctx, actor); err != nil {
		return Console{}, err
	}
	if mayBeTold(actor) == nil {
		told, err := selectTold(ctx, m.pool, actor, nil)
		if err != nil {
			return Console{}, pg.Classify(err)
		}
		if c.Told, err = m.told(ctx, told); err != nil {
			return Console{}, err
		}
	}
	for i, e := range shown {
		c.Now = e.Now
		switch {
		case e.Mine:
			c.Mine = append(c.Mine, e)
		case e.State != StateAcknowledged && list[i].Routed:
			c.Waiting = append(c.Waiting, e)
		case list[i].Routed && list[i].mayBeSeenBy(actor):
			c.Handed = append(c.Handed, e)
		case actor.Is(account.RoleTutor):
			c.Taken = append(c.Taken, Escalation{ID: e.ID, Level: e.Level, State: e.State, Owner: e.Owner, RaisedAt: e.RaisedAt, AcknowledgedAt: e.AcknowledgedAt, DueAt: e.DueAt, Now: e.Now})
		}
	}
	return c, nil
}

// named turns rows into what is shown, with aliases.
func (m *Moderation) named(ctx context.Context, actor account.Actor, list []row) ([]Escalation, error) {
	unnamed, err := m.unnamed(ctx, actor, subjectsOf(list))
	if err != nil {
		return nil, err
	}
	list = slices.Clone(list)
	var who []account.ID
	for i := range list {
		e := &list[i]
		if known, is := unnamed[e.Subject]; is && !known {
			e.Person = account.ID{}
		}
		for _, id := range []account.ID{e.Person, e.ESP, e.Owner} {
			if !id.IsZero() && !slices.Contains(who, id) {
				who = append(who, id)
			}
		}
	}
	names, err := m.accounts.Public(ctx, m.pool, who)
	if err != nil {
		return nil, err
	}
	which := make([]EscalationID, len(list))
	for i, e := range list {
		which[i] = e.ID
	}
	others, err := selectOthers(ctx, m.pool, which)
	if err != nil {
		return nil, pg.Classify(err)
	}
	out := make([]Escalation, len(list))
	for i, e := range list {
		out[i] = Escalation{ID: e.ID, Subject: e.Subject, Level: e.Level, Category: e.Category, Others: others[e.ID], State: e.State, Rung: e.Rung, Round: e.Round,
			Person: names[e.Person].Alias, ESP: names[e.ESP].Alias, Owner: names[e.Owner].Alias, Mine: !e.Owner.IsZero() && e.Owner == actor.ID,
			RaisedAt: e.RaisedAt, DueAt: e.DueAt, AcknowledgedAt: e.AcknowledgedAt, Now: e.Now, Outcome: e.Outcome}
		known, is := unnamed[e.Subject]
		out[i].Nameless, out[i].Told = is && !known, known
	}
	return out, nil
}

// Shown is an escalation that somebody opened.
type Shown struct {
	Escalation
	Excerpt *Excerpt     // of the whole subject; nil when it was erased or the escalation is closed
	Causes  []ShownCause // newest first, at most twenty
	History []ShownStep  // oldest first
	Note    ClosingNote  // once closed, for its owner
	Seen    int64        // the newest cause shown: what Closing names
}

// ShownCause is one cause with the text that raised it. Without text when it was erased or the escalation is closed.
type ShownCause struct {
	Cause
	Level    triage.Level
	Category triage.Category
	Rules    []string
	At       time.Time
	Excerpt  *Excerpt
	Case     CaseID // the report that raised it, for who may decide it; zero: none did
	Found    []Span // what made the rules fire, in the excerpt or, of somebody who waits, in the title; in order
	id       int64
}

// ShownStep is one step of the history.
type ShownStep struct {
	Kind  StepKind
	Level triage.Level
	Rung  Rung
	By    string // alias, when somebody did it
	At    time.Time
}

// ShowEscalation opens an escalation that is routed to the actor, with the texts that raised it; a closed one its owner may
// open, without texts. That it was opened is committed to the audit log before anything is read.
func (m *Moderation) ShowEscalation(ctx context.Context, actor account.Actor, id EscalationID) (Shown, error) {
	var e row
	var readable bool
	err := pg.InTx(ctx, m.pool, func(ctx context.Context, tx pgx.Tx) (err error) {
		if e, err = m.assigned(ctx, tx, actor, id); err != nil {
			return err
		}
		if readable, err = m.opened(ctx, tx, actor, e); err != nil {
			return err
		}
		return audit.Append(ctx, tx, entry(actor, "escalation.see", "escalation:"+id.String(), ""))
	})
	if err != nil {
		return Shown{}, err
	}
	named, err := m.named(ctx, actor, []row{e})
	if err != nil {
		return Shown{}, err
	}
	s := Shown{Escalation: named[0]}
	if s.Causes, err = selectCauses(ctx, m.pool, id); err != nil {
		return Shown{}, pg.Classify(err)
	}
	if len(s.Causes) > 0 {
		s.Seen = s.Causes[0].id
	}
	if readable {
		if s.Excerpt, err = m.excerpt(ctx, e.Service, e.Subject); err != nil {
			return Shown{}, err
		}
		if err := m.addTexts(ctx, actor, s.Causes); err != nil {
			return Shown{}, err
		}
		m.addFound(actor.Service, &s)
	}
	if e.State == StateClosed {
		if s.Note, err = m.openNote(ctx, e); err != nil {
			return Shown{}, err
		}
	}
	s.History, err = m.history(ctx, id)
	return s, err
}

// opened tells whether the actor is shown the texts of an escalation, and its keeper that they are. An amber one may stay with a peer
// for longer than the conversation is theirs to read: the texts then are not.
func (m *Moderation) opened(ctx context.Context, q pg.Querier, actor account.Actor, e row) (bool, error) {
	if e.State == StateClosed {
		return false, nil
	}
	keeper, err := m.content(e.Subject.Kind)
	if err != nil {
		return false, err
	}
	if e.Subject.Kind == SubjectRoom && !actor.Is(account.RoleTutor) {
		err = keeper.MayRead(ctx, q, actor, e.Subject.ID)
	}
	if err == nil {
		err = keeper.Opened(ctx, q, actor, e.Subject.ID)
	}
	if errs.KindOf(err) == errs.NotFound {
		return false, nil // gone, or not theirs any more
	}
	return err == nil, err
}

// assigned reads an escalation of the actor's service if it is theirs to see, else ErrUnknown.
func (m *Moderation) assigned(ctx context.Context, q pg.Querier, actor account.Actor, id EscalationID) (row, error) {
	e, err := selectEscalation(ctx, q, actor, id)
	if err != nil {
		return row{}, err
	}
	return e, account.Can(actor, account.EscalationSeeAndAcknowledge, account.Relation{Object: true, Assigned: e.mayBeSeenBy(actor)})
}

// mayBeSeenBy: routed to them, or theirs. An account that was a tutor when red was routed to it and is no more sees it no more.
func (e row) mayBeSeenBy(actor account.Actor) bool {
	if e.Level > triage.Amber && !actor.Is(account.RoleTutor) {
		return false
	}
	return e.Routed || e.Owner == actor.ID
}

// addTexts fills in the message or post that raised each cause.
func (m *Moderation) addTexts(ctx context.Context, actor account.Actor, causes []ShownCause) (err error) {
	for i := range causes {
		c := &causes[i]
		kind, ref := c.Kind, c.Ref
		if kind == CauseOutside {
			of, rest, _ := strings.Cut(ref, ":")
			kind, ref = CauseKind(of), rest
		}
		about := Subject{Kind: SubjectMessage, ID: ref}
		switch kind {
		case CausePost:
			about.Kind = SubjectPost
			about.ID, _, _ = strings.Cut(ref, "/") // a post's cause names its version too
		case CauseMessage:
		case CauseModerator:
			if about, err = m.addCase(ctx, actor, c); err != nil {
				return err
			}
			if about.Kind == "" {
				continue
			}
		default:
			continue
		}
		if c.Excerpt, err = m.excerpt(ctx, actor.Service, about); err != nil {
			return err
		}
	}
	return nil
}

// excerpt asks a subject's keeper for it; nil when it is gone.
func (m *Moderation) excerpt(ctx context.Context, service account.ServiceID, s Subject) (*Excerpt, error) {
	keeper, err := m.content(s.Kind)
	if err != nil {
		return nil, err
	}
	ex, err := keeper.Excerpt(ctx, m.pool, service, s.ID)
	if errs.KindOf(err) == errs.NotFound {
		return nil, nil //nolint:nilnil // gone is an answer: the page says so
	}
	if err != nil {
		return nil, err
	}
	return &ex, nil
}

func (m *Moderation) history(ctx context.Context, id EscalationID) ([]ShownStep, error) {
	steps, by, err := selectSteps(ctx, m.pool, id)
	if err != nil {
		return nil, pg.Classify(err)
	}
	names, err := m.accounts.Public(ctx, m.pool, by)
	if err != nil {
		return nil, err
	}
	for i := range steps {
		steps[i].By = names[by[i]].Alias
	}
	return steps, nil
}

// Acknowledge makes the actor the one owner, and is a sign of life of theirs. ErrTaken when somebody was first, ErrClosed when it is over; again by its owner is no error.
func (m *Moderation) Acknowledge(ctx context.Context, actor account.Actor, id EscalationID) error {
	if err := m.roster.Heartbeat(ctx, roster.Beat{Account: actor.ID}); err != nil {
		return err
	}
	var e row
	var others []account.ID
	err := pg.InTx(ctx, m.pool, func(ctx context.Context, tx pgx.Tx) (err error) {
		others = nil
		if e, err = m.assigned(ctx, tx, actor, id); err != nil {
			return err
		}
		taken, err := updateAcknowledged(ctx, tx, e, actor.ID, m.patience(e))
		if err != nil {
			return err
		}
		if taken.Fence == 0 { // compare-and-set lost
			return refusal(ctx, tx, actor, id)
		}
		e = taken
		if others, err = updateRoutesEnded(ctx, tx, id, actor.ID); err != nil {
			return err
		}
		if err := insertStep(ctx, tx, e, StepAcknowledged, actor.ID); err != nil {
			return err
		}
		return audit.Append(ctx, tx, entry(actor, "escalation.acknowledge", "escalation:"+id.String(), ""))
	})
	if err != nil {
		return err
	}
	m.tell(e, append(others, actor.ID))
	return nil
}

// refusal says why a compare-and-set did not set.
func refusal(ctx context.Context, q pg.Querier, actor account.Actor, id EscalationID) error {
	e, err := selectEscalation(ctx, q, actor, id)
	switch {
	case err != nil:
		return err
	case e.State == StateClosed:
		return ErrClosed
	case e.Owner == actor.ID:
		return nil
	}
	return ErrTaken
}

// blank is true of a text in which nothing can be read.
func blank(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
}

// tell hints at consoles, and at the person and the peer whose room shows how it stands. It comes after the commit.
func (m *Moderation) tell(e row, consoles []account.ID) {
	m.tellConsoles(consoles)
	for _, id := range []account.ID{e.Person, e.ESP} {
		if !id.IsZero() {
			m.hints.Publish(bus.Account(id.String()), []byte(bus.Rooms))
		}
	}
}

// tellConsoles hints that there is something else to see there.
func (m *Moderation) tellConsoles(who []account.ID) {
	for _, id := range who {
		m.hints.Publish(bus.Account(id.String()), []byte(bus.Escalations))
	}
}
