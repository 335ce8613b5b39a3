package forum

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDigestDue(t *testing.T) {
	t.Parallel()
	rome, err := time.LoadLocation("Europe/Rome")
	require.NoError(t, err)
	at := func(s string) time.Time {
		t.Helper()
		v, err := time.ParseInLocation("2006-01-02 15:04", s, rome)
		require.NoError(t, err)
		return v
	}
	day, week := When{Every: EveryDay, Hour: 8}, When{Every: EveryWeek, Weekday: time.Sunday, Hour: 20}
	night := day
	night.Quiet = Quiet{From: 22 * 60, To: 9*60 + 30}
	for _, c := range []struct {
		name, after, want string
		When
	}{
		{"today", "2026-11-30 07:59", "2026-11-30 08:00", day},
		{"tomorrow", "2026-11-30 08:00", "2026-12-01 08:00", day},
		{"over the end of a year", "2026-12-31 23:00", "2027-01-01 08:00", day},
		{"on Sunday", "2026-11-30 09:00", "2026-12-06 20:00", week},
		{"the Sunday after", "2026-12-06 20:00", "2026-12-13 20:00", week},
		{"behind the night", "2026-11-30 05:00", "2026-11-30 09:30", night},
		{"once behind the night", "2026-11-30 09:30", "2026-12-01 09:30", night},
		{"when clocks go forward", "2026-03-29 00:30", "2026-03-29 03:00", When{Every: EveryDay, Hour: 2}},
		{"when clocks go back", "2026-10-25 00:30", "2026-10-25 02:00", When{Every: EveryDay, Hour: 2}},
		{"a day of 25 hours is one", "2026-10-25 08:00", "2026-10-26 08:00", day},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.Equal(t, at(c.want).UTC(), c.next(at(c.after), rome).UTC())
		})
	}
	assert.Zero(t, When{Every: EveryNever, Hour: 8}.next(at("2026-11-30 07:59"), rome))
	assert.Zero(t, When{}.next(at("2026-11-30 07:59"), rome))

	t.Run("quiet hours", func(t *testing.T) {
		for _, c := range []struct {
			q       Quiet
			t, want string
		}{
			{Quiet{}, "2026-11-30 03:00", "2026-11-30 03:00"},
			{Quiet{60, 60}, "2026-11-30 01:00", "2026-11-30 01:00"},
			{Quiet{13 * 60, 15 * 60}, "2026-11-30 13:00", "2026-11-30 15:00"},
			{Quiet{13 * 60, 15 * 60}, "2026-11-30 15:00", "2026-11-30 15:00"},
			{Quiet{22 * 60, 7 * 60}, "2026-11-30 23:10", "2026-12-01 07:00"},
			{Quiet{22 * 60, 7 * 60}, "2026-12-01 06:59", "2026-12-01 07:00"},
			{Quiet{22 * 60, 7 * 60}, "2026-12-01 12:00", "2026-12-01 12:00"},
			{Quiet{22 * 60, 0}, "2026-11-30 23:59", "2026-12-01 00:00"},
		} {
			assert.Equal(t, at(c.want).UTC(), c.q.end(at(c.t), rome).UTC(), "%v at %s", c.q, c.t)
		}
	})
	t.Run("no second one within a day or a week", func(t *testing.T) {
		assert.Equal(t, at("2026-12-01 00:00").Add(-1).UTC(), day.periodEnd(at("2026-11-30 08:00"), rome).UTC())
		assert.Equal(t, at("2026-12-07 00:00").Add(-1).UTC(), week.periodEnd(at("2026-11-30 08:00"), rome).UTC(), "told on a Monday")
		assert.Equal(t, at("2026-12-07 00:00").Add(-1).UTC(), week.periodEnd(at("2026-12-06 20:00"), rome).UTC(), "told on a Sunday")
	})
	t.Run("tries have an end", func(t *testing.T) {
		var all time.Duration
		n := 1
		for ; n < 100; n++ {
			d, more := againIn(n)
			if !more {
				break
			}
			all += d
		}
		assert.Equal(t, 5, n)
		assert.Less(t, all, 12*time.Hour)
	})
}
