package moderation

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/moderation/triage"
)

// TestFound: what made the rules of a cause fire is found again, and nothing of other rules.
func TestFound(t *testing.T) {
	t.Parallel()
	engine, err := triage.New()
	require.NoError(t, err)
	m := &Moderation{rules: newRules(engine)}
	const text = "Oggi ho lavorato. Voglio morire. Poi ho cenato."
	var rules []string
	for _, r := range m.Read(account.ServiceID{}, text).Reasons {
		rules = append(rules, r.Rule)
	}
	require.NotEmpty(t, rules)
	found := m.found(account.ServiceID{}, text, rules)
	require.Len(t, found, 1)
	assert.Equal(t, "Voglio morire", text[found[0].Start:found[0].End])
	assert.Empty(t, m.found(account.ServiceID{}, text, []string{"another"}))
	assert.Empty(t, m.found(account.ServiceID{}, "Oggi ho lavorato.", rules), "it was edited since")

	assert.Equal(t, []Span{{0, 9}, {10, 12}}, merged([]Span{{0, 3}, {2, 5}, {6, 9}, {10, 12}}, "abcde fgh.ij"))
}
