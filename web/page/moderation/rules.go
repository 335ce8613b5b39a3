package moderation

import (
	"context"
	"net/url"
	"strconv"
	"strings"

	"ponti/moderation"
	"ponti/moderation/triage"
	"ponti/web/page/parts"
)

// RulesView is the page of the rules by which texts are read.
type RulesView struct {
	moderation.Rules

	MaySet  bool
	Query   string
	Found   []moderation.Section
	All     int // that were found
	Changed []moderation.Section
	Form    parts.Form // of asking
}

// SectionView is the page of one part of the rules.
type SectionView struct {
	moderation.Section

	MaySet bool // write just now
	Waits  bool // for a second tutor: nobody writes
	Form   parts.Form
}

// mark is that of the text which was changed, also where somebody else has changed it since.
func (v SectionView) mark() string {
	if v.Form.Values.Has("mark") {
		return v.Form.Value("mark")
	}
	return v.Mark
}

// TryView is what became of a text that was tried.
type TryView struct {
	Text  string
	Tried *moderation.Tried // nil: nothing yet
}

func sectionURL(key string) string {
	return "/rules/section?key=" + url.QueryEscape(key)
}

func rulesURL(version int, act string) string {
	return "/rules/" + strconv.Itoa(version) + "/" + act
}

// levelOf is the level of a rule, or none for what has no level.
func levelOf(s moderation.Section) (triage.Level, bool) {
	l, err := triage.ParseLevel(s.Field("level"))
	return l, err == nil && l > triage.None
}

// kind is what a section is: a rule, a concept, a list.
func kind(ctx context.Context, s moderation.Section) string {
	word, _, _ := strings.Cut(s.Heading(), " ")
	switch word {
	case "rule", "combine", "idiom", "concept":
		return parts.T(ctx, "rules.kind_"+word)
	}
	return parts.T(ctx, "rules.kind_list")
}

func name(s moderation.Section) string {
	word, rest, ok := strings.Cut(s.Heading(), " ")
	if !ok {
		return word
	}
	return rest
}

// complaint says what is wrong, in the reader's language but for what the loader says of a line that it cannot read.
func complaint(ctx context.Context, c triage.Complaint) string {
	return parts.T(ctx, "rules.wrong_"+string(c.What), "Rule", c.Rule, "Text", c.Text, "Row", c.Row, "Detail", c.Detail, "Max", triage.MaxSection,
		"Level", parts.T(ctx, "level."+c.Level.String()), "Wanted", parts.T(ctx, "level."+c.Wanted.String()))
}

// share is a count with its share of a whole, for a table.
func share(n, of int) string {
	if of == 0 {
		return "0"
	}
	return strconv.Itoa(n) + " / " + strconv.Itoa(of)
}

type toldRow struct {
	key  string
	told moderation.Told
}

func toldRows(t moderation.Trial) []toldRow {
	return []toldRow{{"more", t.More}, {"higher", t.Higher}, {"lower", t.Lower}, {"fewer", t.Fewer}}
}

func rows(text string) int { return max(12, min(30, strings.Count(text, "\n")+3)) }

func sectionTitle(ctx context.Context, v SectionView) string {
	if v.Key == "" {
		return parts.T(ctx, "rules.new_title")
	}
	return name(v.Section)
}

// ruleExample is how a rule is written.
const ruleExample = `rule own.lanterna
  level red
  category suicide
  owner clinica
  match (lanterna|lume) ..3 spent{o,a}
  + la lanterna è spenta
  - la lanterna è accesa`
