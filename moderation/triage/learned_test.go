package triage

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// byRulesAlone is an engine without what is learned.
func byRulesAlone(e *Engine) *Engine {
	rules := &Engine{set: e.set}
	rules.scratch.New = func() any { return newReading(e.set) }
	return rules
}

// TestStrangersSets are floors against regressions. People who never saw a rule wrote the fourth set and the fifth; no rule was written, and nothing learned, from them. It must stay
// so: they are not among the labelled texts.
func TestStrangersSets(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	for _, set := range []struct {
		name, lang string
		bar        bar
	}{
		{"fourth", "it", bar{crisisRed: 0.91, selfRed: 0.89, redAmber: 0.90, amberAmber: 0.83, hardRed: 0.02, plainFlag: 0.21, crisisMissed: 2}},
		{"fourth", "en", bar{crisisRed: 0.99, selfRed: 0.92, redAmber: 0.95, amberAmber: 0.84, hardRed: 0.02, plainFlag: 0.34, crisisMissed: 1}},
		{"fifth", "it", bar{crisisRed: 0.85, selfRed: 0.80, redAmber: 0.88, amberAmber: 0.79, hardRed: 0.05, plainFlag: 0.15, crisisMissed: 7}},
		{"fifth", "en", bar{crisisRed: 0.91, selfRed: 0.85, redAmber: 0.91, amberAmber: 0.66, hardRed: 0.07, plainFlag: 0.19, crisisMissed: 5}},
	} {
		f := measure(t, e, readFile(t, "testdata/"+set.name+".jsonl"), set.lang)
		f.log(t, set.name+" set, "+set.lang)
		requireBar(t, f, set.bar)
	}
}

// TestSixthSet: two people who never saw a rule wrote 4,008 texts to be hard, the dangerous without a word of danger and the harmless beside them in the same words. Nothing was learned
// or tuned on them; it must stay so.
func TestSixthSet(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	cases := readFile(t, "testdata/sixth.jsonl")
	for _, lang := range []struct {
		name                           string
		crisis, red, amber, falseAlarm float64 // to red, to red, to amber; harmless to red at most
	}{
		{"it", 0.82, 0.74, 0.69, 0.06},
		{"en", 0.76, 0.62, 0.58, 0.12},
	} {
		found := map[Level]share{}
		for _, c := range cases {
			if c.Lang != lang.name {
				continue
			}
			v, err := e.ReadTurns(c.conversation())
			require.NoError(t, err)
			expected, err := ParseLevel(c.Expected)
			require.NoError(t, err)
			s := found[expected]
			s.all++
			if v.Level >= Red || expected == Amber && v.Level == Amber {
				s.right++
			}
			found[expected] = s
		}
		t.Logf("sixth set, %s", lang.name)
		t.Logf("  crisis read as red or above               %s", found[Crisis])
		t.Logf("  red read as red or above                  %s", found[Red])
		t.Logf("  amber read as amber or above              %s", found[Amber])
		t.Logf("  harmless read as red                      %s", found[None])
		require.GreaterOrEqual(t, found[Crisis].rate(), lang.crisis)
		require.GreaterOrEqual(t, found[Red].rate(), lang.red)
		require.GreaterOrEqual(t, found[Amber].rate(), lang.amber)
		require.LessOrEqual(t, found[None].rate(), lang.falseAlarm)
	}
}

// TestWidenedSets: what eight people wrote to widen the rules, and the rules were widened on. It says what works, not how well new wording is read.
func TestWidenedSets(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	for _, name := range []string{"it_plans", "it_wish", "it_forms", "it_others", "en_plans", "en_wish", "en_forms", "en_others"} {
		right := share{}
		for _, c := range readCases(t, name+".jsonl") {
			v, err := e.ReadTurns(c.conversation())
			require.NoError(t, err)
			right.all++
			for _, l := range c.Accept {
				if l == v.Level.String() {
					right.right++
				}
			}
		}
		t.Logf("%s: accepted %s", name, right)
		require.GreaterOrEqual(t, right.rate(), 0.80, name)
	}
}

// TestOrdinaryLines: what people write here on an ordinary day, by somebody who saw no rule.
func TestOrdinaryLines(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	flagged, cases := 0, readCases(t, "ordinary.jsonl")
	for _, c := range cases {
		v, err := e.ReadTurns(c.conversation())
		require.NoError(t, err)
		if v.Level != None {
			flagged++
			t.Logf("%s: %s, %v", c.ID, v.Level, v.Reasons)
		}
	}
	t.Logf("of %d, %d flagged", len(cases), flagged)
	require.LessOrEqual(t, flagged, 8)
}

// TestLearned: learned.bin is what the labelled texts give.
func TestLearned(t *testing.T) {
	t.Parallel()
	var fresh bytes.Buffer
	require.NoError(t, Learn(&fresh))
	require.Len(t, fresh.Bytes(), len(learnedData))
	other := 0
	for i, b := range fresh.Bytes() {
		if b != learnedData[i] {
			other++
		}
	}
	require.Less(t, other, len(learnedData)/1000, "the labelled texts have changed: make learn")
	_, err := loadLearned(learnedData[:len(learnedData)-1])
	require.Error(t, err)
	_, err = loadLearned(append([]byte("XXXX"), learnedData[4:]...))
	require.Error(t, err)
}

// TestLearned_place: the same words say something else where one of them begins a sentence or a clause, and where they are asked.
func TestLearned_place(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	r := newReading(e.set)
	told := map[float64]string{}
	for _, text := range []string{"porto le chiavi al vicino domani parto", "porto le chiavi al vicino. domani parto", "porto le chiavi al vicino, domani parto", "porto le chiavi al vicino domani parto?"} {
		r.prepare(text)
		red, _ := e.learned.weigh(e.learned.each(r))
		require.NotContains(t, told, red, text)
		told[red] = text
	}
}

// TestLearned_raises: it says where in the text, reads only the person, finds what lies deep in a long text, and holds nothing back. What it makes less of is amber.
func TestLearned_raises(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	rules := byRulesAlone(e)
	found := 0
	for _, c := range readCases(t, "it_plans.jsonl") {
		text := c.conversation()[0].Text
		alone, err := rules.Read(text)
		require.NoError(t, err)
		both, err := e.Read(text)
		require.NoError(t, err)
		requireValidSpans(t, text, both)
		if both.Level < alone.Level {
			require.Equal(t, Amber, both.Level, text)
			require.Contains(t, both.Reasons[0].Modifiers, "calm")
		}
		if both.Level <= alone.Level {
			continue
		}
		found++
		why := both.Reasons[len(both.Reasons)-1]
		require.Equal(t, learnedRule, why.Rule)
		require.Less(t, why.Start, why.End)
		require.Equal(t, alone.Category, both.Category)
		require.False(t, both.HarmsOthers())
		byESP, err := e.ReadTurns([]Turn{{Author: AuthorESP, Text: text}})
		require.NoError(t, err)
		for _, r := range byESP.Reasons {
			require.NotEqual(t, learnedRule, r.Rule)
		}
		if both.Level == Red && len(strings.Fields(text)) > 10 {
			deep, err := e.Read(strings.Repeat("Oggi ho fatto la spesa e poi ho cucinato con mia sorella. ", 12) + text + strings.Repeat(" Il tempo era bello e abbiamo camminato.", 6))
			require.NoError(t, err)
			if deep.Level >= Amber {
				found += 1000
			}
		}
	}
	require.Positive(t, found%1000)
	require.Greater(t, found, 1000, "in a long text, too")
	v, err := e.Read("")
	require.NoError(t, err)
	require.Equal(t, None, v.Level)
}

// TestLearned_calms: what the program's rules find in words that are far from any that were ever labelled so is amber; what a service's rules find is what they say, and so is what several
// messages say together.
func TestLearned_calms(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	rules := byRulesAlone(e)
	calmed := 0
	for _, name := range []string{"posts.jsonl", "chat.jsonl", "ordinary.jsonl"} {
		for _, c := range readCases(t, name) {
			if c.Expected != "none" {
				continue
			}
			for _, turn := range c.conversation() {
				alone, err := rules.Read(turn.Text)
				require.NoError(t, err)
				both, err := e.Read(turn.Text)
				require.NoError(t, err)
				if alone.Level >= Red && both.Level == Amber {
					calmed++
				}
			}
		}
	}
	require.Greater(t, calmed, 20)

	const told = "nel fine settimana al mercato ho comprato una lanterna spenta e due piante di basilico per il balcone"
	for name, changed := range map[string]bool{"of the program": false, "of a service": true} {
		files, err := programSections()
		require.NoError(t, err)
		files = append(files, ruleFile{name: "own", key: "own:rule own.lantern", changed: changed, text: "rule own.lantern\n  level red\n  category suicide\n  owner clinica\n" +
			"  match lanterna spenta\n  + lanterna spenta\n  - lanterna accesa\n"})
		own, err := newEngine(files)
		require.NoError(t, err)
		own.learned = e.learned
		v, err := own.Read(told)
		require.NoError(t, err)
		require.Equal(t, changed, v.Level == Red, "%s: %+v", name, v)
		require.GreaterOrEqual(t, v.Level, Amber, name)
	}
}
