package moderation

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/moderation/triage"
)

func TestRead(t *testing.T) {
	engine, err := triage.New()
	require.NoError(t, err)
	m := &Moderation{engine: engine, metrics: newMetrics(nil)}
	assert.Equal(t, triage.None, m.Read("Oggi ho fatto una passeggiata al parco.").Level)
	assert.Equal(t, triage.Unscored, m.Read(strings.Repeat("voglio morire adesso ", 200_000)).Level, "beyond its budget it is read again later")
	broken := &Moderation{engine: &triage.Engine{}, metrics: newMetrics(nil)}
	assert.Equal(t, triage.Unscored, broken.Read("ciao").Level, "a reader that panics harms no message")
}
