package roster

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/ids"
)

func rome(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Rome")
	require.NoError(t, err)
	return zone
}

// planned reads "role from to" with Rome's wall clock.
func planned(t *testing.T, role account.Role, from, to string) Shift {
	t.Helper()
	start, end, err := ParseSpan(from, to, rome(t))
	require.NoError(t, err)
	return Shift{Role: role, From: start, To: end}
}

func TestOpening(t *testing.T) {
	zone := rome(t)
	at := func(s string) time.Time {
		v, err := time.ParseInLocation(wall, s, zone)
		require.NoError(t, err)
		return v
	}
	esp, senior, tutor := Duty{Role: account.RoleESP}, Duty{Role: account.RoleSenior}, Duty{Role: account.RoleTutor}
	shift := func(role account.Role, from, to string) Shift { return planned(t, role, from, to) }
	tests := []struct {
		name   string
		onCall []Duty
		shifts []Shift
		now    string
		open   bool
		next   string // wall clock with offset; empty for none
	}{
		{name: "nobody here and nothing planned", now: "2026-11-20T10:00"},
		{name: "a peer and a tutor open", onCall: []Duty{esp, tutor}, now: "2026-11-20T10:00", open: true},
		{name: "a senior is a peer", onCall: []Duty{senior, tutor}, now: "2026-11-20T10:00", open: true},
		{name: "peers alone do not open", onCall: []Duty{esp, senior}, now: "2026-11-20T10:00"},
		{name: "tutors alone do not open", onCall: []Duty{tutor, tutor}, now: "2026-11-20T10:00"},
		{name: "open says nothing of the next opening", onCall: []Duty{esp, tutor}, now: "2026-11-20T10:00", open: true,
			shifts: []Shift{shift(account.RoleESP, "2026-11-21T09:00", "2026-11-21T12:00"), shift(account.RoleTutor, "2026-11-21T09:00", "2026-11-21T12:00")}},
		{name: "opens when both are there", now: "2026-11-20T08:00", next: "2026-11-20T10:30+01:00",
			shifts: []Shift{shift(account.RoleESP, "2026-11-20T09:00", "2026-11-20T12:00"), shift(account.RoleTutor, "2026-11-20T10:30", "2026-11-20T18:00")}},
		{name: "touching shifts do not overlap", now: "2026-11-20T08:00",
			shifts: []Shift{shift(account.RoleESP, "2026-11-20T09:00", "2026-11-20T12:00"), shift(account.RoleTutor, "2026-11-20T12:00", "2026-11-20T18:00")}},
		{name: "two peers planned are no cover", now: "2026-11-20T08:00",
			shifts: []Shift{shift(account.RoleESP, "2026-11-20T09:00", "2026-11-20T12:00"), shift(account.RoleSenior, "2026-11-20T09:00", "2026-11-20T12:00")}},
		{name: "the earliest of several", now: "2026-11-20T08:00", next: "2026-11-20T15:00+01:00",
			shifts: []Shift{shift(account.RoleESP, "2026-11-22T09:00", "2026-11-22T12:00"), shift(account.RoleTutor, "2026-11-22T09:00", "2026-11-22T12:00"),
				shift(account.RoleESP, "2026-11-20T14:00", "2026-11-20T18:00"), shift(account.RoleTutor, "2026-11-20T15:00", "2026-11-20T18:00")}},
		{name: "a shift that began without them is no promise", now: "2026-11-20T10:00",
			shifts: []Shift{shift(account.RoleESP, "2026-11-20T09:00", "2026-11-20T12:00"), shift(account.RoleTutor, "2026-11-20T09:00", "2026-11-20T12:00")}},
		{name: "but the next peer of the same tutor is", now: "2026-11-20T10:00", next: "2026-11-20T12:00+01:00",
			shifts: []Shift{shift(account.RoleESP, "2026-11-20T09:00", "2026-11-20T12:00"), shift(account.RoleESP, "2026-11-20T12:00", "2026-11-20T14:00"), shift(account.RoleTutor, "2026-11-20T09:00", "2026-11-20T14:00")}},
		{name: "autumn: an opening after the repeated hour", now: "2026-10-24T23:00", next: "2026-10-25T03:00+01:00",
			shifts: []Shift{shift(account.RoleESP, "2026-10-24T22:00", "2026-10-25T06:00"), shift(account.RoleTutor, "2026-10-25T03:00", "2026-10-25T06:00")}},
		{name: "autumn: an opening in the repeated hour is the first of the two", now: "2026-10-24T23:00", next: "2026-10-25T02:30+02:00",
			shifts: []Shift{shift(account.RoleESP, "2026-10-24T22:00", "2026-10-25T06:00"), shift(account.RoleTutor, "2026-10-25T02:30", "2026-10-25T06:00")}},
		{name: "spring: an opening after the skipped hour", now: "2027-03-27T23:00", next: "2027-03-28T03:00+02:00",
			shifts: []Shift{shift(account.RoleESP, "2027-03-27T22:00", "2027-03-28T06:00"), shift(account.RoleTutor, "2027-03-28T03:00", "2027-03-28T06:00")}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := opening(tt.onCall, tt.shifts, account.DefaultConversation, at(tt.now))
			assert.Equal(t, tt.open, got.Open)
			next := ""
			if got.NextAt != nil {
				next = got.NextAt.In(zone).Format("2006-01-02T15:04Z07:00")
			}
			assert.Equal(t, tt.next, next)
		})
	}
}

// The last admission: nobody is let in who could not talk to the end.
func TestOpening_lastAdmission(t *testing.T) {
	day := func(clock string) time.Time {
		v, err := time.Parse(wall, "2026-11-20T"+clock)
		require.NoError(t, err)
		return v
	}
	anna, bruno, carla, dario := ids.New[account.Account](), ids.New[account.Account](), ids.New[account.Account](), ids.New[account.Account]()
	on := func(who account.ID, role account.Role, since string) Duty {
		return Duty{Account: who, Role: role, Since: day(since)}
	}
	shift := func(who account.ID, role account.Role, from, to string) Shift {
		return Shift{Account: who, Role: role, From: day(from), To: day(to)}
	}
	esp := shift(anna, account.RoleESP, "18:00", "22:00")
	tutor := shift(bruno, account.RoleTutor, "16:00", "23:00")
	here := []Duty{on(anna, account.RoleESP, "18:05"), on(bruno, account.RoleTutor, "15:58")}
	tests := []struct {
		name   string
		onCall []Duty
		shifts []Shift
		now    string
		open   bool
		last   string // empty when not known, or closed
	}{
		{"one conversation before the first of both goes", here, []Shift{tutor, esp}, "20:00", true, "21:15"},
		{"a minute before it is open", here, []Shift{tutor, esp}, "21:14", true, "21:15"},
		{"at that minute it is closed", here, []Shift{tutor, esp}, "21:15", false, ""},
		{"who stays longer than planned lets nobody in", here, []Shift{tutor, esp}, "22:10", false, ""},
		{"who follows without a gap keeps it open", here, []Shift{tutor, esp, shift(carla, account.RoleSenior, "21:30", "23:30")}, "21:20", true, "22:15"},
		{"who comes after a gap does not", here, []Shift{tutor, esp, shift(carla, account.RoleESP, "22:30", "23:30")}, "21:30", false, ""},
		{"a second peer who stays does", append(here, on(carla, account.RoleESP, "21:00")), []Shift{tutor, esp, shift(carla, account.RoleESP, "21:00", "23:00")}, "21:30", true, "22:15"},
		{"the tutor who goes first decides", here, []Shift{shift(bruno, account.RoleTutor, "16:00", "21:00"), esp}, "20:15", false, ""},
		{"the next tutor takes over", here, []Shift{shift(bruno, account.RoleTutor, "16:00", "21:00"), esp, shift(dario, account.RoleTutor, "20:45", "23:59")}, "20:30", true, "21:15"},
		{"who works without a plan has no end to count from", here, nil, "20:00", true, ""},
		{"an unplanned peer beside a planned tutor: the tutor decides", here, []Shift{tutor}, "22:20", false, ""},
		{"yesterday's shift is not this duty's", here, []Shift{shift(anna, account.RoleESP, "10:00", "12:00"), tutor}, "20:00", true, "22:15"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := opening(tt.onCall, tt.shifts, account.DefaultConversation, day(tt.now))
			assert.True(t, got.Covered, "who is there is there")
			assert.Equal(t, tt.open, got.Open)
			last := ""
			if got.LastAt != nil {
				last = got.LastAt.Format("15:04")
			}
			assert.Equal(t, tt.last, last)
		})
	}
}

// TestOpening_longerConversations: how long one lasts decides who is let in last, and whether a short overlap opens at all.
func TestOpening_longerConversations(t *testing.T) {
	now := time.Date(2026, 11, 23, 20, 0, 0, 0, time.UTC)
	anna, bruno := ids.New[account.Account](), ids.New[account.Account]()
	shifts := []Shift{{Account: anna, Role: account.RoleESP, From: now.Add(-time.Hour), To: now.Add(time.Hour)}, {Account: bruno, Role: account.RoleTutor, From: now.Add(-time.Hour), To: now.Add(time.Hour)}}
	here := []Duty{{Account: anna, Role: account.RoleESP, Since: now.Add(-time.Hour)}, {Account: bruno, Role: account.RoleTutor, Since: now.Add(-time.Hour)}}
	later := []Shift{{Account: anna, Role: account.RoleESP, From: now.Add(time.Hour), To: now.Add(2 * time.Hour)}, {Account: bruno, Role: account.RoleTutor, From: now.Add(time.Hour), To: now.Add(2 * time.Hour)}}
	for talk, open := range map[time.Duration]bool{20 * time.Minute: true, 59 * time.Minute: true, time.Hour: false, 2 * time.Hour: false} {
		got := opening(here, shifts, talk, now)
		assert.Equal(t, open, got.Open, talk)
		if open {
			assert.Equal(t, now.Add(time.Hour-talk), *got.LastAt)
		}
		assert.Equal(t, talk < time.Hour, opening(nil, later, talk, now).NextAt != nil, talk)
	}
}

func TestParseSpan(t *testing.T) {
	tests := []struct {
		name, from, to string
		length         time.Duration
		wrong          string
	}{
		{name: "an evening", from: "2026-11-20T18:00", to: "2026-11-20T22:00", length: 4 * time.Hour},
		{name: "over midnight", from: "2026-11-20T22:00", to: "2026-11-21T06:00", length: 8 * time.Hour},
		{name: "the autumn night has nine hours", from: "2026-10-24T22:00", to: "2026-10-25T06:00", length: 9 * time.Hour},
		{name: "the spring night has seven", from: "2027-03-27T22:00", to: "2027-03-28T06:00", length: 7 * time.Hour},
		{name: "the repeated hour alone is two", from: "2026-10-25T02:00", to: "2026-10-25T03:00", length: 2 * time.Hour},
		{name: "an end in the repeated hour is the second", from: "2026-10-25T01:00", to: "2026-10-25T02:30", length: 150 * time.Minute},
		{name: "the skipped hour does not exist", from: "2027-03-28T02:30", to: "2027-03-28T06:00", wrong: "from: roster.time_skipped"},
		{name: "nor as an end", from: "2027-03-27T22:00", to: "2027-03-28T02:59", wrong: "to: roster.time_skipped"},
		{name: "backwards", from: "2026-11-20T22:00", to: "2026-11-20T18:00", wrong: "to: roster.ends_before_start"},
		{name: "a day at most", from: "2026-11-20T08:00", to: "2026-11-21T08:01", wrong: "to: roster.too_long"},
		{name: "all mistakes at once", from: "tomorrow", to: "", wrong: "from: roster.time_unreadable; to: roster.time_unreadable"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			start, end, err := ParseSpan(tt.from, tt.to, rome(t))
			if tt.wrong != "" {
				require.EqualError(t, err, tt.wrong)
				assert.Equal(t, errs.Invalid, errs.KindOf(err))
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tt.length, end.Sub(start))
			assert.Equal(t, time.UTC, start.Location())
		})
	}
}

func TestCurrent(t *testing.T) {
	now := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	past := Shift{From: now.Add(-4 * time.Hour), To: now}
	running := Shift{From: now.Add(-time.Hour), To: now.Add(time.Hour)}
	next := Shift{From: now.Add(24 * time.Hour), To: now.Add(30 * time.Hour)}
	assert.Nil(t, current([]Shift{past}, now), "a shift that has ended is over")
	assert.Equal(t, &running, current([]Shift{next, past, running}, now))
	assert.Equal(t, &next, current([]Shift{next, past}, now))
}
