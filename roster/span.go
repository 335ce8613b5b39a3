package roster

import (
	"time"

	"ponti/internal/errs"
)

// wall is how a form's datetime-local field writes a moment.
const wall = "2006-01-02T15:04"

// longestShift bounds a planned shift; the table has the same limit.
const longestShift = 24 * time.Hour

// ParseSpan reads a shift's start and end as a wall clock in the zone shows them. In the autumn night that has one hour twice
// the start means the first of the two and the end the second, so cover is never shorter than it reads. A moment
// that the spring night skips is refused: nobody can know which neighbour was meant. All mistakes are reported at once.
func ParseSpan(from, to string, zone *time.Location) (start, end time.Time, err error) {
	var wrong errs.Fields
	start, _, startErr := Moments(from, zone)
	if startErr != "" {
		wrong.Add("from", startErr, nil)
	}
	_, end, endErr := Moments(to, zone)
	if endErr != "" {
		wrong.Add("to", endErr, nil)
	}
	if len(wrong) == 0 {
		if key := spanMistake(start, end); key != "" {
			wrong.Add("to", key, nil)
		}
	}
	return start, end, wrong.Err()
}

func spanMistake(start, end time.Time) string {
	switch {
	case !end.After(start):
		return "roster.ends_before_start"
	case end.Sub(start) > longestShift:
		return "roster.too_long"
	}
	return ""
}

// Moments are the first and the last instant at which clocks in the zone show s; the key names what is wrong with it.
func Moments(s string, zone *time.Location) (first, last time.Time, key string) {
	t, err := time.ParseInLocation(wall, s, zone)
	if err != nil {
		return first, last, "roster.time_unreadable"
	}
	if t.Format(wall) != s {
		return first, last, "roster.time_skipped"
	}
	first, last = t, t
	// time.Date does not say which of two equal readings it takes, so look an hour to either side; no zone in use steps by more.
	for _, step := range []time.Duration{-time.Hour, time.Hour} {
		if u := t.Add(step); u.Format(wall) == s {
			first, last = earlier(first, u), later(last, u)
		}
	}
	return first.UTC(), last.UTC(), ""
}
