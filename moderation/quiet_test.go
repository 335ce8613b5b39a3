package moderation

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestQuietHours(t *testing.T) {
	night, noon := Quiet{From: 23 * 60, To: 7 * 60}, Quiet{From: 12 * 60, To: 14 * 60}
	at := func(hour, minute int) time.Time { return time.Date(2026, 7, 1, hour, minute, 0, 0, time.UTC) }
	for _, tt := range []struct {
		quiet Quiet
		now   time.Time
		zone  string
		want  bool
	}{
		{night, at(20, 59), "Europe/Rome", false},
		{night, at(21, 0), "Europe/Rome", true},
		{night, at(4, 59), "Europe/Rome", true},
		{night, at(5, 0), "Europe/Rome", false},
		{noon, at(10, 0), "Europe/Rome", true},
		{noon, at(12, 0), "Europe/Rome", false},
		{noon, at(13, 59), "UTC", true},
		{night, at(1, 0), "Mars/Olympus", false},
	} {
		assert.Equal(t, tt.want, tt.quiet.at(tt.now, tt.zone), "%v %s %s", tt.quiet, tt.now, tt.zone)
	}
}
