package moderation

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"ponti/moderation"
)

// TestPieces: a text in pieces is the text, whatever the spans.
func TestPieces(t *testing.T) {
	t.Parallel()
	const text = "Non ce la faccio più, è finita."
	span := func(start, end int) moderation.Span { return moderation.Span{Start: start, End: end} }
	for _, spans := range [][]moderation.Span{
		nil, {span(0, 3)}, {span(4, 16), span(20, 22)}, {span(0, len(text))}, {span(30, 20), span(-1, 4), span(3, 900)}, {span(0, 10), span(5, 12)},
	} {
		var whole strings.Builder
		for _, p := range pieces(text, spans) {
			assert.NotEmpty(t, p.text)
			whole.WriteString(p.text)
		}
		assert.Equal(t, text, whole.String(), "%v", spans)
	}
	assert.Equal(t, []piece{{text: "Non "}, {text: "ce la faccio", found: true}, {text: " più, è finita."}}, pieces(text, []moderation.Span{span(4, 16)}))
}

// TestRulesAndReasons: a tutor reads in words what is no rule, and the names of the rules.
func TestRulesAndReasons(t *testing.T) {
	t.Parallel()
	rules, keys := rulesAndReasons([]string{"learned", "it.suicide.want_die", "own.ours"})
	assert.Equal(t, []string{"it.suicide.want_die", "own.ours"}, rules)
	assert.Equal(t, []string{"console.reason_learned"}, keys)
}
