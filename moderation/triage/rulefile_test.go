package triage

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// smallest is the least that a rule set needs: the concepts the engine itself uses.
const smallest = `concept mod.negation
  not
concept mod.transparent
  i
concept mod.shield
  can not
concept mod.past
  years ago
concept mod.again
  again
concept mod.recovery
  better now
concept mod.media
  film
concept mod.other
  they
concept mod.filler
  just
concept mod.everyday
  picnic
concept answer.yes
  yes
concept answer.no
  no
concept answer.aside
  wait
concept answer.unsure
  maybe
concept answer.fine
  fine
`

const goodRule = `rule x.wish
  level red
  category suicide
  owner clinical
  match want to die
  + I want to die
  - I want to dance
`

func TestLoaderTakesASmallRuleSet(t *testing.T) {
	t.Parallel()
	e, err := newEngine([]ruleFile{{name: "a.rules", text: smallest}, {name: "b.rules", text: goodRule}})
	require.NoError(t, err)
	v, err := e.Read("I just want to die")
	require.NoError(t, err)
	require.Equal(t, Red, v.Level)
	other, err := newEngine([]ruleFile{{name: "a.rules", text: smallest}, {name: "b.rules", text: goodRule + "# a remark\n"}})
	require.NoError(t, err)
	require.NotEqual(t, e.Version(), other.Version(), "the version follows the content")
}

func TestLoaderRefuses(t *testing.T) {
	t.Parallel()
	replace := func(old, with string) string { return strings.Replace(goodRule, old, with, 1) }
	for name, c := range map[string]struct{ text, says string }{
		"an unknown section":             {"rules x\n", `b.rules:1: unknown section "rules"`},
		"a line outside every section":   {"  level red\n", "b.rules:1: a line outside"},
		"an unknown field":               {replace("owner clinical", "owner clinical\n  colour red"), `b.rules:5: unknown field "colour"`},
		"a field twice":                  {replace("level red", "level red\n  level red"), "b.rules:3: level stands twice"},
		"an unknown level":               {replace("level red", "level orange"), `b.rules:2: no level "orange"`},
		"unscored as a level":            {replace("level red", "level unscored"), "b.rules:2: no level"},
		"an unknown category":            {replace("category suicide", "category sadness"), "b.rules:3: no category"},
		"a missing owner":                {replace("  owner clinical\n", ""), "b.rules:1: rule x.wish has no owner"},
		"a missing level":                {replace("  level red\n", ""), "has no level"},
		"no positive example":            {replace("  + I want to die\n", ""), "has no example that it must find"},
		"no negative example":            {replace("  - I want to dance\n", ""), "has no example that it must leave alone"},
		"nothing to match":               {replace("  match want to die\n", ""), "b.rules:1: rule x.wish matches nothing"},
		"a positive example that fails":  {replace("+ I want to die", "+ I want to sleep"), "b.rules:6: x.wish does not find"},
		"an example at another level":    {replace("+ I want to die", "+ years ago I want to die"), "at level amber, not red"},
		"a negative example that fires":  {replace("- I want to dance", "- I want to die now"), "b.rules:7: x.wish finds"},
		"a name taken":                   {goodRule + goodRule, "b.rules:8: the name x.wish is taken by b.rules:1"},
		"an unknown concept":             {replace("match want to die", "match want to @dye"), "b.rules:5: no concept @dye"},
		"an unknown built-in":            {replace("match want to die", "match #fax"), "b.rules:5: no built-in #fax"},
		"a gap too wide":                 {replace("match want to die", "match want ..99 die"), "b.rules:5: a gap is"},
		"a gap at the end":               {replace("match want to die", "match want ..2"), "neither begins nor ends with a gap"},
		"only optional words":            {replace("match want to die", "match die?"), "a match needs a word"},
		"an unbalanced group":            {replace("match want to die", "match (want|wish die"), "unbalanced group"},
		"an open brace":                  {replace("match want to die", "match want{,s die"), "open brace"},
		"braces without end":             {replace("match want to die", "match ("+strings.Repeat("{a,b,c}", 12)+") die"), "more than 500 words"},
		"a word no text can contain":     {replace("match want to die", "match want; die"), "is not a word"},
		"an unknown modifier":            {replace("owner clinical", "owner clinical\n  ignore irony"), "no modifier"},
		"a rule that would hold a text":  {replace("owner clinical", "owner clinical\n  hold yes"), "never holds, blocks, hides or delays"},
		"a rule that would block a text": {replace("owner clinical", "owner clinical\n  block yes"), "never holds, blocks, hides or delays"},
		"a concept within itself":        {"concept a\n  @b\nconcept b\n  @a\n" + replace("want to die", "@a"), "contains itself"},
		"shorthand twice":                {"shorthand\n  kms = die\n  kms = dye\n", "b.rules:3: shorthand"},
		"shorthand without its meaning":  {"shorthand\n  kms\n", "want: short = full"},
		"a combination with words":       {strings.Replace(goodRule, "rule", "combine", 1), "takes signals and no match"},
	} {
		_, err := newEngine([]ruleFile{{name: "a.rules", text: smallest}, {name: "b.rules", text: c.text}})
		require.ErrorContains(t, err, c.says, name)
	}
	_, err := newEngine([]ruleFile{{name: "b.rules", text: goodRule}})
	require.ErrorContains(t, err, "is missing")
}

func TestEveryRuleHasAHomeAndAnOwner(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	seen := map[Category]bool{}
	for _, rs := range e.set.proofs {
		if rs.idiom {
			continue
		}
		require.Contains(t, []string{"clinica", "clinical", "moderazione", "moderation"}, rs.owner, rs.name)
		require.True(t, strings.HasPrefix(rs.name, "it.") || strings.HasPrefix(rs.name, "en."), rs.name)
		seen[rs.category] = true
	}
	for _, c := range categories[1:] {
		require.True(t, seen[c], "no rule for %s", c)
	}
}
