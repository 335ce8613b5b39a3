package roster

import (
	"time"

	"ponti/account"
)

// opening decides whether people may enter, where a conversation lasts so long. A planned shift opens nothing by itself: whoever is planned but not here is not
// here, so a shift that has begun is no promise either and NextAt lies always after now. What is planned does close, though:
// nobody is let in who could not talk to the end while those who are here are still on shift.
func opening(onCall []Duty, planned []Shift, talk time.Duration, now time.Time) Opening {
	var o Opening
	for _, d := range onCall {
		if d.Role == account.RoleTutor {
			o.Tutors++
		} else {
			o.ESPs++
		}
	}
	o.Covered = o.ESPs > 0 && o.Tutors > 0
	o.Open = o.Covered
	if end, known := coveredUntil(onCall, planned, now); o.Covered && known {
		last := end.Add(-talk)
		o.LastAt = &last
		o.Open = last.After(now)
	}
	if !o.Open {
		o.LastAt = nil
		o.NextAt = nextOpening(planned, talk, now)
	}
	return o
}

// coveredUntil is when peers or tutors will first be missing, as far as the shifts of those on call and of those who follow
// them tell it. It is not known while somebody of either side works without a planned shift.
func coveredUntil(onCall []Duty, planned []Shift, now time.Time) (end time.Time, known bool) {
	peers, peersKnown := sideUntil(onCall, planned, now, false)
	tutors, tutorsKnown := sideUntil(onCall, planned, now, true)
	switch {
	case peersKnown && tutorsKnown:
		return earlier(peers, tutors), true
	case peersKnown:
		return peers, true
	}
	return tutors, tutorsKnown
}

// sideUntil is coveredUntil of the peers alone, or of the tutors. planned is in the order of From.
func sideUntil(onCall []Duty, planned []Shift, now time.Time, tutors bool) (end time.Time, known bool) {
	end = now
	for _, d := range onCall {
		if (d.Role == account.RoleTutor) != tutors {
			continue
		}
		until, ok := dutyUntil(d, planned, now)
		if !ok {
			return now, false
		}
		end = later(end, until)
	}
	for _, s := range planned { // who follows without a gap
		if (s.Role == account.RoleTutor) == tutors && s.From.After(now) && !s.From.After(end) {
			end = later(end, s.To)
		}
	}
	return end, true
}

// dutyUntil is the end of the last planned shift that a duty has served or is serving; not ok when it serves none.
func dutyUntil(d Duty, planned []Shift, now time.Time) (until time.Time, ok bool) {
	for _, s := range planned {
		if s.Account == d.Account && s.To.After(d.Since) && !s.From.After(now) {
			until, ok = later(until, s.To), true
		}
	}
	return until, ok
}

// nextOpening is the first moment after now at which a peer and a tutor begin to be planned together, for longer than one
// conversation; nil when there is none.
func nextOpening(planned []Shift, talk time.Duration, now time.Time) *time.Time {
	var next *time.Time
	for _, peer := range planned {
		if peer.Role == account.RoleTutor {
			continue
		}
		for _, tutor := range planned {
			if tutor.Role != account.RoleTutor {
				continue
			}
			from, to := later(peer.From, tutor.From), earlier(peer.To, tutor.To)
			if from.After(now) && to.Sub(from) > talk && (next == nil || from.Before(*next)) {
				next = &from
			}
		}
	}
	return next
}

// current picks the shift that runs at now, else the one that starts next.
func current(own []Shift, now time.Time) *Shift {
	var best *Shift
	for i := range own {
		s := &own[i]
		if s.To.After(now) && (best == nil || s.From.Before(best.From)) {
			best = s
		}
	}
	return best
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
