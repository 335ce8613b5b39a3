package roster

import (
	"time"

	"ponti/account"
)

// opening decides whether people may enter. A planned shift opens nothing by itself: whoever is planned but not here is not
// here, so a shift that has begun is no promise either and NextAt lies always after now.
func opening(onCall []Duty, planned []Shift, now time.Time) Opening {
	var o Opening
	for _, d := range onCall {
		if d.Role == account.RoleTutor {
			o.Tutors++
		} else {
			o.ESPs++
		}
	}
	o.Open = o.ESPs > 0 && o.Tutors > 0
	if !o.Open {
		o.NextAt = nextOpening(planned, now)
	}
	return o
}

// nextOpening is the first moment after now at which a peer and a tutor begin to be planned together; nil when there is none.
func nextOpening(planned []Shift, now time.Time) *time.Time {
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
			if from.After(now) && to.After(from) && (next == nil || from.Before(*next)) {
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
