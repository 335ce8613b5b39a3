package moderation

import (
	"slices"
	"time"

	"ponti/account"
	"ponti/moderation/triage"
)

// State is where an escalation stands. Only closed is final.
type State string

// The states of an escalation.
const (
	StateRaised       State = "raised"       // a human must own it and nobody was asked yet
	StateOffered      State = "offered"      // somebody was asked and the clock runs
	StateAcknowledged State = "acknowledged" // it has one owner
	StateClosed       State = "closed"       // its owner wrote down the outcome
)

// Rung is one step of the ladder of humans. Rungs are climbed in this order; those that lead to nobody new are skipped.
type Rung int16

// The rungs.
const (
	RungNone    Rung = iota
	RungPeers        // amber only: the peer in the conversation, or the peers who moderate where the post stands
	RungOwn          // the peer's own tutor
	RungAnother      // one other tutor
	RungAll          // every tutor on call
	RungOutside      // the service's outside channel, again and again, together with every tutor on call
)

// Times bound how long an escalation of one level may lie.
type Times struct {
	// Within is how long each rung has to acknowledge.
	Within time.Duration
	// Idle is how long an owner may do nothing before it is offered anew. Zero waits for the end of the owner's shift;
	// whether they are still heard of is looked at every Within.
	Idle time.Duration
}

// Ladder holds the times of each level.
type Ladder struct{ Amber, Red, Crisis Times }

// DefaultLadder is what a service starts with.
func DefaultLadder() Ladder {
	return Ladder{
		Crisis: Times{Within: 60 * time.Second, Idle: 5 * time.Minute},
		Red:    Times{Within: 5 * time.Minute, Idle: 15 * time.Minute},
		Amber:  Times{Within: 30 * time.Minute},
	}
}

func (l Ladder) of(level triage.Level) Times {
	switch {
	case level >= triage.Crisis:
		return l.Crisis
	case level == triage.Red:
		return l.Red
	}
	return l.Amber
}

// StepKind says what a step of an escalation's history was.
type StepKind string

// The kinds of step. Each step is one row, in the transaction of what it tells.
const (
	StepRaised       StepKind = "raised"
	StepJoined       StepKind = "joined"       // another cause was put to it
	StepWidened      StepKind = "widened"      // a cause of the same level and of a category that was not among the causes
	StepLifted       StepKind = "lifted"       // a cause of a higher level: it starts again at that level
	StepRung         StepKind = "rung"         // a rung was reached
	StepArrived      StepKind = "arrived"      // tutors came on call while everybody was being asked
	StepAcknowledged StepKind = "acknowledged" // somebody took it
	StepActed        StepKind = "acted"        // its owner did something
	StepKept         StepKind = "kept"         // its owner is still on shift
	StepReopened     StepKind = "reopened"     // its owner did nothing for too long, or is not there any more
	StepHanded       StepKind = "handed"       // its owner asked another tutor to take it
	StepTakenOver    StepKind = "taken_over"   // who did
	StepClosed       StepKind = "closed"
)

// facts are what is true of one escalation at one moment of the database's clock. Accounts are in order of preference.
type facts struct {
	Level     triage.Level
	State     State
	Rung      Rung
	Round     int // how often the ladder's end was reached
	DueAt     time.Time
	OwnerOn   bool         // acknowledged: the owner is on shift
	OwnerHere bool         // acknowledged: the owner is on call
	Peers     []account.ID // on call, for amber
	OwnTutor  account.ID   // of the peer concerned; zero when not on call
	Tutors    []account.ID // all on call
	Routed    []account.ID // who is asked already; only who is on shift
}

// step is what to do next with an escalation, all of it in one transaction.
type step struct {
	Kind    StepKind
	State   State
	Rung    Rung
	Round   int
	DueAt   time.Time
	Ask     []account.ID // route to them and tell them, again if they were told before
	Outside bool         // tell the outside channel
	Alarm   bool         // the ladder's end was reached again: this is an incident
	Forget  bool         // the owner loses it, and all routes with it
}

// next decides the next step of an escalation; false when there is nothing to do at now. It never ends an escalation and
// always sets a later due time, so what it leaves is looked at again.
func next(f facts, l Ladder, now time.Time) (step, bool) {
	if f.State == StateClosed {
		return step{}, false
	}
	times := l.of(f.Level)
	due := !now.Before(f.DueAt)
	if f.State == StateAcknowledged {
		return owned(f, times, due, now)
	}
	// Whom it was offered to has gone home: nobody waits for them.
	if left := f.State == StateOffered && f.Rung < RungOutside && len(f.Routed) == 0; !due && !left {
		return arrivals(f)
	}
	s := climb(f)
	s.DueAt = now.Add(times.Within)
	return s, true
}

// owned decides about what somebody has. A danger does not wait for an owner who is not there, and amber not for the end of a shift that is over.
func owned(f facts, times Times, due bool, now time.Time) (step, bool) {
	here := f.OwnerHere
	if times.Idle == 0 && !due {
		here = f.OwnerOn
	}
	switch {
	case here && !due:
		return step{}, false
	case here && times.Idle == 0:
		return step{Kind: StepKept, State: f.State, Rung: f.Rung, Round: f.Round, DueAt: now.Add(times.Within)}, true
	}
	f.State, f.Rung, f.Round, f.Routed = StateRaised, RungNone, 0, nil
	s := climb(f)
	s.Kind, s.Forget, s.DueAt = StepReopened, true, now.Add(times.Within)
	return s, true
}

// climb finds the next rung that leads to somebody new. The last one always exists.
func climb(f facts) step {
	s := step{Kind: StepRung, State: StateOffered, Round: f.Round}
	for s.Rung = f.Rung + 1; s.Rung < RungOutside; s.Rung++ {
		if s.Ask = ask(f, s.Rung); anyNew(s.Ask, f.Routed) {
			return s
		}
	}
	if f.Rung >= RungOutside {
		s.Round, s.Alarm = f.Round+1, true
	}
	s.Rung, s.Ask, s.Outside = RungOutside, f.Tutors, true
	return s
}

// ask says whom a rung leads to.
func ask(f facts, r Rung) []account.ID {
	switch {
	case r == RungPeers && f.Level <= triage.Amber:
		return f.Peers
	case r == RungOwn && !f.OwnTutor.IsZero():
		return []account.ID{f.OwnTutor}
	case r == RungAnother && (f.Level > triage.Amber || f.OwnTutor.IsZero()):
		for _, t := range f.Tutors {
			if t != f.OwnTutor && !slices.Contains(f.Routed, t) {
				return []account.ID{t}
			}
		}
	case r == RungAll:
		return f.Tutors
	}
	return nil
}

// arrivals asks the tutors who came on call while everybody was being asked: nobody who could help waits for the next rung.
func arrivals(f facts) (step, bool) {
	if f.State != StateOffered || f.Rung < RungAll {
		return step{}, false
	}
	s := step{Kind: StepArrived, State: f.State, Rung: f.Rung, Round: f.Round, DueAt: f.DueAt}
	for _, t := range f.Tutors {
		if !slices.Contains(f.Routed, t) {
			s.Ask = append(s.Ask, t)
		}
	}
	return s, len(s.Ask) > 0
}

func anyNew(list, known []account.ID) bool {
	return slices.ContainsFunc(list, func(id account.ID) bool { return !slices.Contains(known, id) })
}
