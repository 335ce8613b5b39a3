package moderation

import (
	"slices"
	"strings"

	"ponti/account"
	"ponti/moderation/triage"
)

// Span is a part of a text, in bytes from Start up to End.
type Span struct{ Start, End int }

// addFound marks in the shown texts what made their rules fire. The text is read again now, since nothing of it is kept beside it: where it was edited, or
// the rules have changed, there may be nothing to mark.
func (m *Moderation) addFound(service account.ServiceID, s *Shown) {
	for i := range s.Causes {
		c := &s.Causes[i]
		switch {
		case len(c.Rules) == 0:
		case c.Excerpt != nil:
			c.Found = m.found(service, c.Excerpt.Text, c.Rules)
		case c.Kind == CauseWaiting && s.Excerpt != nil:
			c.Found = m.found(service, s.Excerpt.Title, c.Rules)
		}
	}
}

// found is where rules of these names fire in a text, in order and without overlap.
func (m *Moderation) found(service account.ServiceID, text string, rules []string) []Span {
	return spansOf(m.Read(service, text), func(r triage.Reason) bool { return slices.Contains(rules, r.Rule) }, text)
}

// spansOf is where a verdict has those reasons that count, in order and without overlap.
func spansOf(v triage.Verdict, counts func(triage.Reason) bool, text string) (list []Span) {
	for _, r := range v.Reasons {
		if counts(r) && r.Start >= 0 && r.Start < r.End && r.End <= len(text) {
			list = append(list, Span{r.Start, r.End})
		}
	}
	slices.SortFunc(list, func(a, b Span) int { return a.Start - b.Start })
	return slices.Clip(merged(list, text))
}

// merged joins spans that overlap or have nothing but space between them.
func merged(list []Span, text string) []Span {
	var out []Span
	for _, s := range list {
		if n := len(out); n > 0 && (s.Start <= out[n-1].End || strings.TrimSpace(text[out[n-1].End:s.Start]) == "") {
			out[n-1].End = max(out[n-1].End, s.End)
			continue
		}
		out = append(out, s)
	}
	return out
}
