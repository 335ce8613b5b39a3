package triage

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func sectionOf(t *testing.T, heading string) Section {
	t.Helper()
	list, err := Sections()
	require.NoError(t, err)
	i := slices.IndexFunc(list, func(s Section) bool { return s.Heading() == heading })
	require.GreaterOrEqual(t, i, 0, heading)
	return list[i]
}

// TestSections: everything that the files say stands in one section, and each has a key of its own.
func TestSections(t *testing.T) {
	t.Parallel()
	list, err := Sections()
	require.NoError(t, err)
	files, err := embeddedRules()
	require.NoError(t, err)
	seen := map[string]bool{}
	var lines []string
	for _, s := range list {
		require.False(t, seen[s.Key], s.Key)
		seen[s.Key] = true
		require.False(t, s.Own())
		require.Equal(t, s.Heading(), heading(s.Text))
		lines = append(lines, strings.Fields(s.Text)...)
	}
	var want []string
	for _, f := range files {
		text := f.text
		if at := strings.Index(text, "\n\n"); strings.HasPrefix(text, "#") && at >= 0 {
			text = text[at:] // what a file says of itself
		}
		want = append(want, strings.Fields(text)...)
	}
	require.Equal(t, want, lines)
	wish := sectionOf(t, "rule it.suicide.want_die")
	require.Equal(t, "it/suicide", wish.File())
	require.Equal(t, "red", wish.Field("level"))
	require.Equal(t, "suicide", wish.Field("category"))
	require.Empty(t, wish.Field("colour"))
}

func TestBuild(t *testing.T) {
	t.Parallel()
	program := newTestEngine(t)
	wish := sectionOf(t, "rule it.suicide.want_die")
	own := `rule own.lantern
  level red
  category suicide
  owner clinica
  match lanterna ..3 spenta
  + la lanterna è spenta
  - la lanterna è accesa
`
	key, ok := OwnKey(own)
	require.True(t, ok)
	require.Equal(t, "own:rule own.lantern", key)
	_, ok = OwnKey("  senza titolo")
	require.False(t, ok)

	changes, err := Put(nil, Change{key, own})
	require.NoError(t, err)
	e, err := Build(changes)
	require.NoError(t, err)
	require.NotEqual(t, program.Version(), e.Version())
	for _, read := range []struct {
		e     *Engine
		level Level
	}{{program, None}, {e, Red}} {
		v, err := read.e.Read("ormai la lanterna è spenta")
		require.NoError(t, err)
		require.Equal(t, read.level, v.Level)
	}

	changes, err = Put(changes, Change{wish.Key, ""})
	require.NoError(t, err)
	require.Len(t, changes, 2)
	without, err := Build(changes)
	require.NoError(t, err)
	list, err := Apply(changes)
	require.NoError(t, err)
	require.Equal(t, own, list[len(list)-1].Text)
	r, err := without.Replay(program)
	require.NoError(t, err)
	require.Positive(t, r.Lost)
	require.True(t, r.Loses())
	require.False(t, r.Floods())
	r, err = e.Replay(program)
	require.NoError(t, err)
	require.False(t, r.Loses())
	require.Positive(t, r.GraveFound)
	require.Equal(t, r.QuietBefore, r.QuietFound)

	// What is as in the program is no change, nor is what was never there.
	changes, err = Put(changes, Change(wish))
	require.NoError(t, err)
	changes, err = Put(changes, Change{key, ""})
	require.NoError(t, err)
	require.Empty(t, changes)
	same, err := Build([]Change{{"own:rule nobody", ""}})
	require.NoError(t, err)
	require.Equal(t, program.Version(), same.Version())
}

// TestReplay_floods: a rule that fires on everything, which its examples allow, is seen for what it is.
func TestReplay_floods(t *testing.T) {
	t.Parallel()
	e, err := Build([]Change{{"own:rule own.all", "rule own.all\n  level amber\n  category suicide\n  owner x\n  match (il|la|e|che|the|to|and|i|di|un|una|a|in|mi|ho|sono)\n  + il\n  - zzz\n"}})
	require.NoError(t, err)
	r, err := e.Replay(newTestEngine(t))
	require.NoError(t, err)
	require.True(t, r.Floods())
	require.False(t, r.Loses())
}

func TestComplaints(t *testing.T) {
	t.Parallel()
	wish := sectionOf(t, "rule it.suicide.want_die")
	rule := "rule own.a\n  level red\n  category suicide\n  owner x\n  match zum\n  + zum\n  - zim\n"
	for name, c := range map[string]struct {
		change Change
		want   Complaint
	}{
		"unreadable":      {Change{"own:rule own.a", strings.Replace(rule, "red", "rosso", 1)}, Complaint{Section: "own:rule own.a", Row: 2, What: WrongText, Detail: `no level "rosso"`}},
		"misses":          {Change{"own:rule own.a", strings.Replace(rule, "+ zum", "+ zem", 1)}, Complaint{Section: "own:rule own.a", Row: 6, What: WrongMissed, Rule: "own.a", Text: "zem"}},
		"finds":           {Change{"own:rule own.a", strings.Replace(rule, "- zim", "- zum", 1)}, Complaint{Section: "own:rule own.a", Row: 7, What: WrongFound, Rule: "own.a", Text: "zum"}},
		"another heading": {Change{"own:rule own.b", rule}, Complaint{Section: "own:rule own.b", Row: 1, What: WrongHeading, Text: "rule own.b"}},
		"two headings":    {Change{"own:rule own.a", rule + "concept x\n  y\n"}, Complaint{Section: "own:rule own.a", Row: 8, What: WrongHeading, Text: "rule own.a"}},
		"no heading":      {Change{"own:rule own.a", "  level red\n"}, Complaint{Section: "own:rule own.a", Row: 1, What: WrongHeading, Text: "rule own.a"}},
		"too long":        {Change{"own:rule own.a", strings.Repeat("# x\n", 5000)}, Complaint{Section: "own:rule own.a", Row: 1, What: WrongLong}},
		"of the program":  {Change{wish.Key, "rule it.suicide.want_die\n  level red\n"}, Complaint{Section: wish.Key, Row: 1, What: WrongText, Detail: "rule it.suicide.want_die has no category"}},
		"a name taken":    {Change{"own:rule it.suicide.want_die", wish.Text}, Complaint{Section: "own:rule it.suicide.want_die", What: WrongText}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Build([]Change{c.change})
			require.Error(t, err)
			list := Complaints(err)
			require.NotEmpty(t, list)
			got := list[0]
			got.file, got.line = "", 0
			if c.want.Row == 0 {
				got.Row, got.Detail = 0, ""
			}
			require.Equal(t, c.want, got)
		})
	}
	// Another section that needs what was taken out complains itself.
	_, err := Build([]Change{{sectionOf(t, "concept ithard").Key, ""}})
	list := Complaints(err)
	require.NotEmpty(t, list)
	require.NotEmpty(t, list[0].Section)
	require.Contains(t, err.Error(), "rules/it/")
	require.Empty(t, Complaints(nil))
	require.Empty(t, Complaints(ErrBudget))
}
