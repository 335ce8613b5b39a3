package forum

import "time"

// Every is how often somebody is told what is new to them.
type Every string

// How often: never, unless somebody asked for it.
const (
	EveryNever Every = "never"
	EveryDay   Every = "day"
	EveryWeek  Every = "week"
)

// Quiet are hours of every day in which somebody is told nothing of the forum away from its pages, as minutes of the day in the service's time zone. Both the same: none. They
// may go over midnight. Alarms for safety do not heed them.
type Quiet struct{ From, To int }

const minutesOfDay = 24 * 60

func (q Quiet) valid() bool {
	return min(q.From, q.To) >= 0 && max(q.From, q.To) < minutesOfDay
}

// end is the first instant from t on that is not quiet.
func (q Quiet) end(t time.Time, zone *time.Location) time.Time {
	local := t.In(zone)
	now := local.Hour()*60 + local.Minute()
	quiet := q.From <= now && now < q.To
	if q.From > q.To {
		quiet = now >= q.From || now < q.To
	}
	if !quiet {
		return t
	}
	year, month, day := local.Date()
	if now >= q.To {
		day++
	}
	return time.Date(year, month, day, 0, q.To, 0, 0, zone)
}

// When is how often somebody is told, at which hour and, once a week, on which day; and when not.
type When struct {
	Every   Every
	Weekday time.Weekday
	Hour    int
	Quiet   Quiet
}

// next is when a digest is due after an instant, behind quiet hours; zero when never.
func (w When) next(after time.Time, zone *time.Location) time.Time {
	if w.Every != EveryDay && w.Every != EveryWeek {
		return time.Time{}
	}
	year, month, day := after.In(zone).Date()
	for ; ; day++ {
		at := time.Date(year, month, day, w.Hour, 0, 0, 0, zone)
		if at.After(after) && (w.Every == EveryDay || at.Weekday() == w.Weekday) {
			return w.Quiet.end(at, zone)
		}
	}
}

// periodEnd is the last instant of the day, or the week from Monday on, in which somebody was told: another choice brings no second digest within it.
func (w When) periodEnd(told time.Time, zone *time.Location) time.Time {
	local := told.In(zone)
	year, month, day := local.Date()
	days := 1
	if w.Every == EveryWeek {
		days = 7 - (int(local.Weekday())+6)%7
	}
	return time.Date(year, month, day+days, 0, 0, 0, 0, zone).Add(-1)
}

// againIn is how long after a failed try the next one is, by how many there were; the last gives false.
func againIn(tries int) (time.Duration, bool) {
	waits := []time.Duration{5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour}
	if tries < 1 || tries > len(waits) {
		return 0, false
	}
	return waits[tries-1], true
}
