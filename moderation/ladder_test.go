package moderation

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"ponti/account"
	"ponti/internal/ids"
	"ponti/moderation/triage"
)

var (
	anna, bruno, carla = ids.New[account.Account](), ids.New[account.Account](), ids.New[account.Account]()
	marta, leo         = ids.New[account.Account](), ids.New[account.Account]()
)

func TestNext(t *testing.T) {
	now := time.Date(2026, 10, 25, 1, 0, 0, 0, time.UTC)
	l := DefaultLadder()
	type who = []account.ID
	tests := []struct {
		name  string
		facts facts
		want  step // DueAt is given as a duration from now, in due
		due   time.Duration
		idle  bool // nothing to do
	}{
		{name: "crisis goes to the peer's own tutor first", facts: facts{Level: triage.Crisis, State: StateRaised, OwnTutor: bruno, Tutors: who{anna, bruno}},
			want: step{Kind: StepRung, State: StateOffered, Rung: RungOwn, Ask: who{bruno}}, due: time.Minute},
		{name: "crisis goes to another tutor when the own is not on call", facts: facts{Level: triage.Crisis, State: StateRaised, Tutors: who{anna, carla}},
			want: step{Kind: StepRung, State: StateOffered, Rung: RungAnother, Ask: who{anna}}, due: time.Minute},
		{name: "crisis never goes to a peer", facts: facts{Level: triage.Crisis, State: StateRaised, Peers: who{marta}},
			want: step{Kind: StepRung, State: StateOffered, Rung: RungOutside, Outside: true}, due: time.Minute},
		{name: "red never goes to a peer", facts: facts{Level: triage.Red, State: StateRaised, Peers: who{marta}, Tutors: who{anna}},
			want: step{Kind: StepRung, State: StateOffered, Rung: RungAnother, Ask: who{anna}}, due: 5 * time.Minute},
		{name: "amber goes to the peers", facts: facts{Level: triage.Amber, State: StateRaised, Peers: who{marta, leo}, OwnTutor: anna, Tutors: who{anna}},
			want: step{Kind: StepRung, State: StateOffered, Rung: RungPeers, Ask: who{marta, leo}}, due: 30 * time.Minute},
		{name: "amber then goes to one tutor", facts: facts{Level: triage.Amber, State: StateOffered, Rung: RungPeers, Routed: who{marta}, Peers: who{marta}, OwnTutor: anna, Tutors: who{anna, carla}},
			want: step{Kind: StepRung, State: StateOffered, Rung: RungOwn, Ask: who{anna}}, due: 30 * time.Minute},
		{name: "amber asks no second tutor alone", facts: facts{Level: triage.Amber, State: StateOffered, Rung: RungOwn, Routed: who{marta, anna}, OwnTutor: anna, Tutors: who{anna, carla}},
			want: step{Kind: StepRung, State: StateOffered, Rung: RungAll, Ask: who{anna, carla}}, due: 30 * time.Minute},
		{name: "not yet due", facts: facts{Level: triage.Red, State: StateOffered, Rung: RungOwn, DueAt: now.Add(1), Routed: who{anna}, Tutors: who{anna, carla}}, idle: true},
		{name: "whom it was offered to has gone home", facts: facts{Level: triage.Red, State: StateOffered, Rung: RungOwn, DueAt: now.Add(1), Tutors: who{carla}},
			want: step{Kind: StepRung, State: StateOffered, Rung: RungAnother, Ask: who{carla}}, due: 5 * time.Minute},
		{name: "and nobody else is there", facts: facts{Level: triage.Red, State: StateOffered, Rung: RungAll, DueAt: now.Add(1)},
			want: step{Kind: StepRung, State: StateOffered, Rung: RungOutside, Outside: true}, due: 5 * time.Minute},
		{name: "due to the instant climbs", facts: facts{Level: triage.Red, State: StateOffered, Rung: RungOwn, DueAt: now, Routed: who{anna}, OwnTutor: anna, Tutors: who{anna, bruno, carla}},
			want: step{Kind: StepRung, State: StateOffered, Rung: RungAnother, Ask: who{bruno}}, due: 5 * time.Minute},
		{name: "then all tutors", facts: facts{Level: triage.Red, State: StateOffered, Rung: RungAnother, Routed: who{anna, bruno}, OwnTutor: anna, Tutors: who{anna, bruno, carla}},
			want: step{Kind: StepRung, State: StateOffered, Rung: RungAll, Ask: who{anna, bruno, carla}}, due: 5 * time.Minute},
		{name: "all tutors is skipped when all were asked", facts: facts{Level: triage.Red, State: StateOffered, Rung: RungOwn, Routed: who{anna}, OwnTutor: anna, Tutors: who{anna}},
			want: step{Kind: StepRung, State: StateOffered, Rung: RungOutside, Ask: who{anna}, Outside: true}, due: 5 * time.Minute},
		{name: "nobody on call goes straight outside", facts: facts{Level: triage.Red, State: StateRaised},
			want: step{Kind: StepRung, State: StateOffered, Rung: RungOutside, Outside: true}, due: 5 * time.Minute},
		{name: "the end loops and alarms", facts: facts{Level: triage.Crisis, State: StateOffered, Rung: RungOutside, Round: 6, Routed: who{anna}, Tutors: who{anna}},
			want: step{Kind: StepRung, State: StateOffered, Rung: RungOutside, Round: 7, Ask: who{anna}, Outside: true, Alarm: true}, due: time.Minute},
		{name: "a tutor who comes on call is asked at once", facts: facts{Level: triage.Red, State: StateOffered, Rung: RungOutside, Round: 2, DueAt: now.Add(time.Minute), Tutors: who{carla}},
			want: step{Kind: StepArrived, State: StateOffered, Rung: RungOutside, Round: 2, Ask: who{carla}}, due: time.Minute},
		{name: "who was asked is not asked again before the rung", facts: facts{Level: triage.Red, State: StateOffered, Rung: RungOutside, DueAt: now.Add(1), Routed: who{carla}, Tutors: who{carla}}, idle: true},
		{name: "an owner has time", facts: facts{Level: triage.Crisis, State: StateAcknowledged, Rung: RungOwn, DueAt: now.Add(1), OwnerOn: true, OwnerHere: true, Tutors: who{carla}}, idle: true},
		{name: "an owner who is not heard of has none", facts: facts{Level: triage.Red, State: StateAcknowledged, Rung: RungOwn, DueAt: now.Add(1), OwnerOn: true, Tutors: who{carla}},
			want: step{Kind: StepReopened, State: StateOffered, Rung: RungAnother, Ask: who{carla}, Forget: true}, due: 5 * time.Minute},
		{name: "nor one who went home", facts: facts{Level: triage.Crisis, State: StateAcknowledged, Rung: RungOwn, DueAt: now.Add(1)},
			want: step{Kind: StepReopened, State: StateOffered, Rung: RungOutside, Outside: true, Forget: true}, due: time.Minute},
		{name: "amber waits for its owner while the shift lasts", facts: facts{Level: triage.Amber, State: StateAcknowledged, Rung: RungPeers, DueAt: now.Add(1), OwnerOn: true}, idle: true},
		{name: "and not when it is over", facts: facts{Level: triage.Amber, State: StateAcknowledged, Rung: RungPeers, DueAt: now.Add(1), Peers: who{leo}},
			want: step{Kind: StepReopened, State: StateOffered, Rung: RungPeers, Ask: who{leo}, Forget: true}, due: 30 * time.Minute},
		{name: "an idle owner of a crisis loses it, on call or not", facts: facts{Level: triage.Crisis, State: StateAcknowledged, Rung: RungAll, Round: 1, OwnerOn: true, OwnerHere: true, Routed: who{anna}, OwnTutor: anna, Tutors: who{anna, carla}},
			want: step{Kind: StepReopened, State: StateOffered, Rung: RungOwn, Ask: who{anna}, Forget: true}, due: time.Minute},
		{name: "amber stays with its owner for the shift", facts: facts{Level: triage.Amber, State: StateAcknowledged, Rung: RungPeers, OwnerOn: true, OwnerHere: true},
			want: step{Kind: StepKept, State: StateAcknowledged, Rung: RungPeers}, due: 30 * time.Minute},
		{name: "and is offered to the next shift", facts: facts{Level: triage.Amber, State: StateAcknowledged, Rung: RungPeers, Peers: who{leo}},
			want: step{Kind: StepReopened, State: StateOffered, Rung: RungPeers, Ask: who{leo}, Forget: true}, due: 30 * time.Minute},
		{name: "closed is final", facts: facts{Level: triage.Crisis, State: StateClosed, Tutors: who{anna}}, idle: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := next(tt.facts, l, now)
			require.Equal(t, !tt.idle, ok)
			if ok {
				tt.want.DueAt = now.Add(tt.due)
				assert.Equal(t, tt.want, got)
			}
		})
	}
}

// TestLadderModel walks one escalation through any of 10,000 histories of arrivals, silences, departures, acknowledgements and waits.
func TestLadderModel(t *testing.T) {
	for range 100 { // each of a hundred
		rapid.Check(t, walkLadder)
	}
}

func walkLadder(t *rapid.T) {
	l := DefaultLadder()
	all := []account.ID{anna, bruno, carla}
	without := func(list []account.ID, id account.ID) []account.ID {
		return slices.DeleteFunc(slices.Clone(list), func(x account.ID) bool { return x == id })
	}
	level := rapid.SampledFrom([]triage.Level{triage.Amber, triage.Red, triage.Crisis}).Draw(t, "level")
	now := time.Date(2026, 3, 28, 23, 0, 0, 0, time.UTC)
	f := facts{Level: level, State: StateRaised, DueAt: now}
	var on []account.ID // shift; on call are f.Tutors
	owner := account.ID{}
	outsideSince := now // last time the outside channel was told, or somebody new was asked
	for range rapid.IntRange(1, 60).Draw(t, "moves") {
		switch rapid.SampledFrom([]string{"wait", "wait", "due", "due", "on", "off", "silent", "acknowledge", "act"}).Draw(t, "move") {
		case "wait":
			now = now.Add(time.Duration(rapid.IntRange(1, 120).Draw(t, "seconds")) * time.Second)
		case "due":
			now = later(now, f.DueAt)
		case "on":
			id := rapid.SampledFrom(all).Draw(t, "who")
			on, f.Tutors = append(without(on, id), id), append(without(f.Tutors, id), id)
		case "off":
			id := rapid.SampledFrom(all).Draw(t, "who")
			on, f.Tutors, f.Routed = without(on, id), without(f.Tutors, id), without(f.Routed, id)
		case "silent":
			f.Tutors = without(f.Tutors, rapid.SampledFrom(all).Draw(t, "who"))
		case "acknowledge":
			if f.State == StateOffered && len(f.Routed) > 0 {
				owner = rapid.SampledFrom(f.Routed).Draw(t, "owner")
				f.State, f.DueAt = StateAcknowledged, now.Add(idle(l, level))
			}
		case "act":
			if f.State == StateAcknowledged {
				f.DueAt = now.Add(idle(l, level))
			}
		}
		f.OwnTutor = account.ID{}
		if slices.Contains(f.Tutors, anna) {
			f.OwnTutor = anna
		}
		f.OwnerOn, f.OwnerHere = slices.Contains(on, owner), slices.Contains(f.Tutors, owner)
		s, ok := next(f, l, now)
		if !ok {
			if !now.Before(f.DueAt) {
				t.Fatalf("due at %v, nothing done at %v", f.DueAt, now)
			}
			if f.State == StateOffered && f.Rung >= RungAll && anyNew(f.Tutors, f.Routed) {
				t.Fatal("a tutor on call was left out while everybody is asked")
			}
			if f.State == StateAcknowledged && (!f.OwnerOn || level > triage.Amber && !f.OwnerHere) {
				t.Fatal("it stays with an owner who is not there")
			}
			if f.State == StateOffered && len(f.Routed) == 0 && f.Rung < RungOutside {
				t.Fatal("nobody is asked any more and nothing is done")
			}
			continue
		}
		wasDue := !now.Before(f.DueAt)
		if s.Forget {
			owner, f.Routed = account.ID{}, nil
		}
		for _, id := range s.Ask {
			if !slices.Contains(f.Routed, id) {
				f.Routed = append(slices.Clone(f.Routed), id)
			}
		}
		switch {
		case s.State == StateClosed || s.State == StateRaised:
			t.Fatalf("a step may not leave it %s", s.State)
		case wasDue && !s.DueAt.After(now):
			t.Fatal("the next due time does not lie ahead")
		case s.DueAt.Sub(now) > l.of(level).Within:
			t.Fatal("a rung has more time than its level allows")
		case s.State == StateOffered && len(f.Routed) == 0 && s.Rung < RungOutside:
			t.Fatal("nobody is asked and the outside channel is not told")
		case s.State == StateAcknowledged && owner.IsZero():
			t.Fatal("acknowledged without an owner")
		case s.Round > f.Round && !s.Alarm:
			t.Fatal("the end was reached again without an alarm")
		case s.Rung == RungOutside && wasDue && !s.Outside && s.Kind == StepRung:
			t.Fatal("the last rung did not tell the outside channel")
		case s.Forget && f.OwnerHere && !wasDue:
			t.Fatal("an owner who is there loses it before the time")
		}
		for _, id := range s.Ask {
			if !slices.Contains(f.Tutors, id) {
				t.Fatal("somebody was asked who is not on call")
			}
		}
		if s.Outside {
			outsideSince = now
		}
		f.State, f.Rung, f.Round, f.DueAt = s.State, s.Rung, s.Round, s.DueAt
	}
	// Left alone with a prompt worker it reaches the outside channel within four rungs of time.
	if f.State == StateAcknowledged {
		return
	}
	for range 5 {
		now = later(now, f.DueAt)
		s, ok := next(f, l, now)
		if !ok {
			t.Fatal("the ladder stopped")
		}
		f.Routed = append(slices.Clone(f.Routed), s.Ask...)
		f.State, f.Rung, f.Round, f.DueAt = s.State, s.Rung, s.Round, s.DueAt
		if s.Outside {
			outsideSince = now
		}
	}
	if now.Sub(outsideSince) > l.of(level).Within {
		t.Fatal("the outside channel was not told for longer than one rung")
	}
}

func idle(l Ladder, level triage.Level) time.Duration {
	if t := l.of(level); t.Idle > 0 {
		return t.Idle
	}
	return l.of(level).Within
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
