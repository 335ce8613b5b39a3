package i18n

import (
	"strings"
	"time"
)

// The keys that dates are told with, in calendar order.
var (
	months = [...]string{
		"time.january", "time.february", "time.march", "time.april", "time.may", "time.june", "time.july",
		"time.august", "time.september", "time.october", "time.november", "time.december",
	}
	weekdays = [...]string{
		"time.sunday", "time.monday", "time.tuesday", "time.wednesday", "time.thursday", "time.friday", "time.saturday",
	}
)

// Clock tells the hour: "14:30".
func (l *Localizer) Clock(t time.Time) string { return t.In(l.zone).Format("15:04") }

// Date tells the day: "lunedì 24 novembre", with the year when it is not now's.
func (l *Localizer) Date(now, t time.Time) string {
	t = t.In(l.zone)
	weekday, month := l.T(weekdays[t.Weekday()]), l.T(months[t.Month()-1])
	if t.Year() != now.In(l.zone).Year() {
		return l.T("time.date_year", "Weekday", weekday, "Day", t.Day(), "Month", month, "Year", t.Year())
	}
	return l.T("time.date", "Weekday", weekday, "Day", t.Day(), "Month", month)
}

// When tells day and hour from where now stands: "alle 14:30" today, "domani alle 14:30", "ieri alle 9:05",
// "lunedì 24 novembre alle 14:30".
func (l *Localizer) When(now, t time.Time) string {
	return strings.Join(l.Day(now, t), l.Clock(t))
}

// Day is When cut where the hour belongs: it is the same for all times of one day.
func (l *Localizer) Day(now, t time.Time) []string {
	switch daysBetween(now.In(l.zone), t.In(l.zone)) {
	case 0:
		return l.Around("Clock", "time.today_at")
	case 1:
		return l.Around("Clock", "time.tomorrow_at")
	case -1:
		return l.Around("Clock", "time.yesterday_at")
	}
	return l.Around("Clock", "time.date_at", "Date", l.Date(now, t))
}

// daysBetween counts midnights from a to b, both in one zone. Days are counted in UTC, where each has 24 hours.
func daysBetween(a, b time.Time) int {
	midnight := func(t time.Time) time.Time {
		y, m, d := t.Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}
	return int(midnight(b).Sub(midnight(a)) / (24 * time.Hour))
}

// Duration tells a length of time in its largest whole unit, rounded down, and at least one: "20 secondi", "4 minuti", "2 ore".
// An hour and some minutes are told as both.
func (l *Localizer) Duration(d time.Duration) string {
	switch {
	case d < time.Minute:
		return l.N("time.seconds", max(1, int(d/time.Second)))
	case d < time.Hour:
		return l.N("time.minutes", int(d/time.Minute))
	case d < 24*time.Hour:
		hours, minutes := l.N("time.hours", int(d/time.Hour)), int(d%time.Hour/time.Minute)
		if minutes == 0 {
			return hours
		}
		return l.T("time.hours_and_minutes", "Hours", hours, "Minutes", l.N("time.minutes", minutes))
	}
	return l.N("time.days", int(d/(24*time.Hour)))
}

// Range tells an honest estimate in whole minutes: "tra 4 e 9 minuti". Both ends are rounded up, and one minute is the least.
func (l *Localizer) Range(from, to time.Duration) string {
	up := func(d time.Duration) int { return max(1, int((d+time.Minute-1)/time.Minute)) }
	low, high := up(from), up(to)
	if low >= high {
		return l.N("time.about_minutes", low)
	}
	return l.N("time.between_minutes", high, "Low", low)
}

// Ago tells how long ago t was: "adesso", "4 minuti fa", and from a day on the day and hour.
func (l *Localizer) Ago(now, t time.Time) string {
	d := now.Sub(t)
	switch {
	case d < time.Minute:
		return l.T("time.just_now")
	case d < 12*time.Hour:
		return l.T("time.ago", "Duration", l.Duration(d.Truncate(time.Minute)))
	}
	return l.When(now, t)
}
