package roster_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/roster"
)

func TestWeek(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("Europe/Rome")
	require.NoError(t, err)
	for _, c := range []struct{ name, at, from, to string }{
		{"of a Monday's first instant", "2026-11-02T00:00", "2026-11-02", "2026-11-09"},
		{"of a Sunday's last minute", "2026-11-08T23:59", "2026-11-02", "2026-11-09"},
		{"over the end of a year", "2027-01-02T12:00", "2026-12-28", "2027-01-04"},
		{"with the night that has 25 hours", "2026-10-25T12:00", "2026-10-19", "2026-10-26"},
		{"with the night that has 23 hours", "2026-03-29T12:00", "2026-03-23", "2026-03-30"},
	} {
		t.Run(c.name, func(t *testing.T) {
			at, err := time.ParseInLocation("2006-01-02T15:04", c.at, zone)
			require.NoError(t, err)
			from, to := roster.Week(at.UTC(), zone)
			assert.Equal(t, c.from+" 00:00", from.Format("2006-01-02 15:04"))
			assert.Equal(t, c.to+" 00:00", to.Format("2006-01-02 15:04"))
		})
	}
}
