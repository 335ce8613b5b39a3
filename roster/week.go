package roster

import "time"

// Week is the week of an instant, as the calendar of the zone has it: from the midnight a Monday begins with to the next.
func Week(at time.Time, zone *time.Location) (from, to time.Time) {
	y, m, d := at.In(zone).Date()
	d -= (int(at.In(zone).Weekday()) + 6) % 7
	return time.Date(y, m, d, 0, 0, 0, 0, zone), time.Date(y, m, d+7, 0, 0, 0, 0, zone)
}
