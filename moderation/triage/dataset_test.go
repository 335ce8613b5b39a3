package triage

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// testCase is one line of a data set (fields as in the development set).
type testCase struct {
	ID, Lang, Text, Functionality string
	Expected                      string   `json:"expected_level"`
	Category                      string   `json:"expected_category"`
	Accept                        []string `json:"accept_levels"`
	Turns, Authors                []string
}

func (c testCase) conversation() []Turn {
	texts := c.Turns
	if texts == nil {
		texts = []string{c.Text}
	}
	var turns []Turn
	for i, text := range texts {
		author := AuthorUser
		if i < len(c.Authors) {
			author = Author(c.Authors[i])
		}
		turns = append(turns, Turn{Author: author, Text: text})
	}
	return turns
}

var sharedEngine = sync.OnceValues(New)

func newTestEngine(t testing.TB) *Engine {
	t.Helper()
	e, err := sharedEngine()
	require.NoError(t, err)
	return e
}

func readCases(t testing.TB, name string) []testCase {
	t.Helper()
	return readFile(t, "labelled/"+name)
}

func readFile(t testing.TB, path string) []testCase {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	var cases []testCase
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var c testCase
		require.NoError(t, json.Unmarshal(lines.Bytes(), &c))
		cases = append(cases, c)
	}
	require.NoError(t, lines.Err())
	require.NotEmpty(t, cases)
	return cases
}

// share counts how many of all cases came out right.
type share struct{ right, all int }

func (s share) rate() float64 { return float64(s.right) / float64(max(s.all, 1)) }

// interval is the 95 % Wilson interval.
func (s share) interval() (low, high float64) {
	if s.all == 0 {
		return 0, 1
	}
	n, p, z := float64(s.all), s.rate(), 1.96
	mid := (p + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return max(0, mid-half), min(1, mid+half)
}

func (s share) String() string {
	low, high := s.interval()
	return fmt.Sprintf("%3d/%3d = %.3f (%.3f to %.3f)", s.right, s.all, s.rate(), low, high)
}

// hardNegatives sound like risk and are none; plainNegatives do not even sound like it.
var (
	hardNegatives  = []string{"idioms_hyperbole", "negation_protective", "recovery_story", "titles_media", "prevention_psychoeducation", "lookalike_substrings", "gaming_work_violence", "supporter_messages", "screening_answer_no", "identity_reclaimed", "numbers_not_pii"}
	plainNegatives = []string{"benign_chat", "long_post_benign", "benign_distress"}
	selfCategories = []string{"suicide", "overdose", "self_injury"}
)

type figures struct {
	crisisRed, crisisSeen, selfRed, redAmber, amberAmber, hardRed, plainFlag share
	functionality                                                            map[string]share
	wrong                                                                    []string
}

func measure(t testing.TB, e *Engine, cases []testCase, lang string) figures {
	t.Helper()
	f := figures{functionality: map[string]share{}}
	add := func(s *share, ok bool) {
		s.all++
		if ok {
			s.right++
		}
	}
	for _, c := range cases {
		if c.Lang != lang {
			continue
		}
		v, err := e.ReadTurns(c.conversation())
		require.NoError(t, err, c.ID)
		expected, err := ParseLevel(c.Expected)
		require.NoError(t, err, c.ID)
		switch expected {
		case Crisis:
			add(&f.crisisRed, v.Level >= Red)
			add(&f.crisisSeen, v.Level > None)
		case Red:
			if slices.Contains(selfCategories, c.Category) {
				add(&f.selfRed, v.Level >= Red)
			}
		case Amber:
			add(&f.amberAmber, v.Level >= Amber)
		case None, Unscored:
		}
		if expected >= Red {
			add(&f.redAmber, v.Level >= Amber)
		}
		if slices.Contains(hardNegatives, c.Functionality) {
			add(&f.hardRed, v.Level >= Red)
		}
		if slices.Contains(plainNegatives, c.Functionality) {
			add(&f.plainFlag, v.Level > None)
		}
		accepted := slices.Contains(c.Accept, v.Level.String())
		s := f.functionality[c.Functionality]
		add(&s, accepted)
		f.functionality[c.Functionality] = s
		if !accepted {
			f.wrong = append(f.wrong, fmt.Sprintf("%s: %s", c.ID, v.Level))
		}
	}
	return f
}

func (f figures) log(t testing.TB, title string) {
	t.Helper()
	t.Logf("%s", title)
	for _, row := range []struct {
		name string
		s    share
	}{
		{"crisis read as red or above", f.crisisRed}, {"crisis not read as none", f.crisisSeen},
		{"red about oneself read as red or above", f.selfRed}, {"red or crisis read as amber or above", f.redAmber},
		{"amber read as amber or above", f.amberAmber}, {"hard negatives read as red", f.hardRed},
		{"plain negatives flagged", f.plainFlag},
	} {
		t.Logf("  %-40s %s", row.name, row.s)
	}
	var low []string
	for _, name := range slices.Sorted(maps.Keys(f.functionality)) {
		if s := f.functionality[name]; s.right < s.all {
			low = append(low, fmt.Sprintf("%s %d/%d", name, s.right, s.all))
		}
	}
	t.Logf("  functionalities not wholly accepted: %s", strings.Join(low, ", "))
}

// bar is what a set must reach.
type bar struct {
	crisisRed, selfRed, redAmber, amberAmber, hardRed, plainFlag, functionality float64
	crisisMissed                                                                int // crises that may be read as none
}

func requireBar(t *testing.T, f figures, b bar) {
	t.Helper()
	require.GreaterOrEqual(t, f.crisisRed.rate(), b.crisisRed, "crisis to red: %v", f.wrong)
	require.LessOrEqual(t, f.crisisSeen.all-f.crisisSeen.right, b.crisisMissed, "crisis read as none: %v", f.wrong)
	require.GreaterOrEqual(t, f.selfRed.rate(), b.selfRed, "self red: %v", f.wrong)
	require.GreaterOrEqual(t, f.redAmber.rate(), b.redAmber, "red to amber: %v", f.wrong)
	require.GreaterOrEqual(t, f.amberAmber.rate(), b.amberAmber, "amber: %v", f.wrong)
	require.LessOrEqual(t, f.hardRed.rate(), b.hardRed, "hard negatives: %v", f.wrong)
	require.LessOrEqual(t, f.plainFlag.rate(), b.plainFlag, "plain negatives: %v", f.wrong)
	for name, s := range f.functionality {
		require.GreaterOrEqual(t, s.rate(), b.functionality, "%s: %v", name, f.wrong)
	}
}

func TestDevelopmentSet(t *testing.T) {
	t.Parallel()
	e, cases := newTestEngine(t), readCases(t, "dev_functional.jsonl")
	for _, lang := range []string{"it", "en"} {
		f := measure(t, e, cases, lang)
		f.log(t, "development set, "+lang)
		requireBar(t, f, bar{crisisRed: 0.97, selfRed: 0.93, redAmber: 0.97, amberAmber: 0.85, hardRed: 0.02, plainFlag: 0.03, functionality: 0.75})
	}
}

// TestHeldOutSet is a floor against regressions. The held-out cases were written before the rules and are not for
// tuning: a case that fails stays failing until a rule that was written for another reason catches it.
func TestHeldOutSet(t *testing.T) {
	t.Parallel()
	e, cases := newTestEngine(t), readCases(t, "heldout.jsonl")
	for _, lang := range []string{"it", "en"} {
		f := measure(t, e, cases, lang)
		f.log(t, "held-out set, "+lang)
		requireBar(t, f, bar{crisisRed: 0.93, selfRed: 0.88, redAmber: 0.92, amberAmber: 0.75, hardRed: 0.03, plainFlag: 0.05, functionality: 0.33, crisisMissed: 1})
	}
}

// TestSecondSet is a floor against regressions, too. Its first part was read when the rules of signs were written, its second was only
// counted (docs/triage.md).
func TestSecondSet(t *testing.T) {
	t.Parallel()
	e, cases := newTestEngine(t), readCases(t, "second.jsonl")
	for _, lang := range []string{"it", "en"} {
		f := measure(t, e, cases, lang)
		f.log(t, "second set, "+lang)
		requireBar(t, f, bar{crisisRed: 0.92, selfRed: 0.86, redAmber: 0.92, amberAmber: 0.87, hardRed: 0.035, plainFlag: 0.11, functionality: 0.33, crisisMissed: 2})
	}
}

// TestBenign: ordinary texts, all written with a word in them that could mislead. So many may be flagged, and no more.
func TestBenign(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	flagged := 0
	for _, c := range readCases(t, "benign.jsonl") {
		v, err := e.ReadTurns(c.conversation())
		require.NoError(t, err)
		if v.Level != None {
			flagged++
			t.Logf("%s: %s, %v", c.ID, v.Level, v.Reasons)
		}
	}
	require.LessOrEqual(t, flagged, 8)
}

// TestThirdSet is a floor against regressions: texts written in four goes without a look at the rules, which were then widened on them.
func TestThirdSet(t *testing.T) {
	t.Parallel()
	e, cases := newTestEngine(t), readCases(t, "third.jsonl")
	for _, lang := range []string{"it", "en"} {
		f := measure(t, e, cases, lang)
		f.log(t, "third set, "+lang)
		requireBar(t, f, bar{crisisRed: 0.95, selfRed: 0.95, redAmber: 0.96, amberAmber: 0.94, hardRed: 0.03, plainFlag: 0.01, functionality: 0.74, crisisMissed: 3})
	}
}

// TestOrdinaryChat: what people here write on an ordinary day, many with a word in them that could mislead.
func TestOrdinaryChat(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	flagged, red, cases := 0, 0, readCases(t, "chat.jsonl")
	for _, c := range cases {
		v, err := e.ReadTurns(c.conversation())
		require.NoError(t, err)
		if v.Level != None {
			flagged++
			t.Logf("%s: %s, %v", c.ID, v.Level, v.Reasons)
		}
		if v.Level >= Red {
			red++
		}
	}
	t.Logf("of %d, %d flagged, %d of them red or above", len(cases), flagged, red)
	require.LessOrEqual(t, flagged, 8)
	require.LessOrEqual(t, red, 3)
}

func TestBothSetsCoverTheSameFunctionalities(t *testing.T) {
	t.Parallel()
	seen := map[string]map[string]bool{}
	for _, name := range []string{"dev_functional.jsonl", "heldout.jsonl"} {
		seen[name] = map[string]bool{}
		for _, c := range readCases(t, name) {
			seen[name][c.Lang+" "+c.Functionality] = true
		}
	}
	require.Equal(t, seen["dev_functional.jsonl"], seen["heldout.jsonl"])
}

// TestProbes reads short texts written after the first rules to see what they missed. Rules were then widened on
// them, so they show what works, not how well new wording is read (docs/triage.md). A probe of level none must raise
// nothing; any other must reach red when it is a crisis or red, amber when it is amber.
func TestProbes(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	f, err := os.Open("labelled/probes.jsonl")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var p struct{ ID, Text, Level string }
		require.NoError(t, json.Unmarshal(lines.Bytes(), &p))
		level, err := ParseLevel(p.Level)
		require.NoError(t, err, p.ID)
		v, err := e.Read(p.Text)
		require.NoError(t, err, p.ID)
		if level == None {
			require.Equal(t, None, v.Level, "%s %q: %v", p.ID, p.Text, v.Reasons)
			continue
		}
		require.GreaterOrEqual(t, v.Level, min(level, Red), "%s %q: %v", p.ID, p.Text, v.Reasons)
	}
	require.NoError(t, lines.Err())
}
