package moderation

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/moderation/triage"
)

func TestRead(t *testing.T) {
	engine, err := triage.New()
	require.NoError(t, err)
	m := &Moderation{rules: newRules(engine), metrics: newMetrics(nil)}
	assert.Equal(t, triage.None, m.Read(account.ServiceID{}, "Oggi ho fatto una passeggiata al parco.").Level)
	assert.Equal(t, triage.Unscored, m.Read(account.ServiceID{}, strings.Repeat("voglio morire adesso ", 200_000)).Level, "beyond its budget it is read again later")
	broken := &Moderation{rules: newRules(&triage.Engine{}), metrics: newMetrics(nil)}
	assert.Equal(t, triage.Unscored, broken.Read(account.ServiceID{}, "ciao").Level, "a reader that panics harms no message")
}
