// Package moderation is the pages of those who look after people: the console, the moderators' queue, reports and notices.
package moderation

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"ponti/moderation"
	"ponti/web/page/parts"
)

// refreshSeconds is how soon a browser without scripts asks again. A page that is being written in never does.
const refreshSeconds = 15

func (v ConsoleView) refresh() int {
	if v.Opened != nil {
		return 0
	}
	return refreshSeconds
}

func (v ConsoleView) isOpen(e moderation.Escalation) bool {
	return v.Opened != nil && v.Opened.ID == e.ID
}

// person is the alias, or what is said of somebody who was erased.
func person(ctx context.Context, e moderation.Escalation) string {
	if e.Nameless {
		return parts.T(ctx, "nameless.somebody")
	}
	if e.Person == "" {
		return parts.T(ctx, "console.person_gone")
	}
	return e.Person
}

// quoted tells whether some cause shows its own text; without one the conversation itself is what there is to read.
func quoted(o Opened) bool {
	return slices.ContainsFunc(o.Causes, func(c moderation.ShownCause) bool { return c.Excerpt != nil })
}

func seconds(d time.Duration) string { return strconv.Itoa(int(d.Round(time.Second).Seconds())) }

// figures are minutes and seconds, as 4:05.
func figures(d time.Duration) string {
	s := int(d.Round(time.Second).Seconds())
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

func outcomes(ctx context.Context) []parts.Choice {
	var list []parts.Choice
	for _, o := range moderation.Outcomes() {
		list = append(list, parts.Choice{Value: string(o), Label: parts.T(ctx, "console.outcome_"+string(o))})
	}
	return list
}

// notePart is one part of what the owner of an alert wrote down at the end.
type notePart struct{ title, text string }

func noteParts(ctx context.Context, n moderation.ClosingNote) (list []notePart) {
	for _, p := range []notePart{{"console.note", n.Done}, {"console.protective", n.Protective}, {"console.after_care", n.AfterCare}} {
		if p.text != "" {
			list = append(list, notePart{parts.T(ctx, p.title), p.text})
		}
	}
	return list
}

func reasons(ctx context.Context) []parts.Choice {
	var list []parts.Choice
	for _, r := range moderation.Reasons() {
		list = append(list, parts.Choice{Value: string(r), Label: parts.T(ctx, "moderation.reason_"+string(r))})
	}
	return list
}

// rungKey says who was asked at a rung.
func rungKey(r moderation.Rung) string {
	switch r {
	case moderation.RungPeers:
		return "console.rung_peers"
	case moderation.RungOwn:
		return "console.rung_own"
	case moderation.RungAnother:
		return "console.rung_another"
	case moderation.RungAll:
		return "console.rung_all"
	default:
		return "console.rung_outside"
	}
}

// piece is a part of a quoted text.
type piece struct {
	text  string
	found bool
}

// pieces cuts a text at what was found in it; spans that do not fit it are left out.
func pieces(text string, found []moderation.Span) []piece {
	var list []piece
	at := 0
	for _, s := range found {
		if s.Start < at || s.End > len(text) || s.Start >= s.End {
			continue
		}
		if s.Start > at {
			list = append(list, piece{text: text[at:s.Start]})
		}
		list = append(list, piece{text: text[s.Start:s.End], found: true})
		at = s.End
	}
	if at < len(text) {
		list = append(list, piece{text: text[at:]})
	}
	return list
}

// reasonTexts are the reasons of triage that are no rule which could be looked up, and what is said of them.
var reasonTexts = map[string]string{
	"learned":                     "console.reason_learned",
	"lost":                        "console.reason_lost",
	"unsaid":                      "console.reason_unsaid",
	"window.screening_affirmed":   "console.reason_screening_affirmed",
	"window.screening_not_denied": "console.reason_screening_not_denied",
	"window.safety_denied":        "console.reason_safety_denied",
	"window.ambers_add_up":        "console.reason_ambers_add_up",
}

// rulesAndReasons tells the names of rules from the other reasons, of which it gives the keys of what is said.
func rulesAndReasons(names []string) (rules, keys []string) {
	for _, name := range names {
		if key, ok := reasonTexts[name]; ok {
			keys = append(keys, key)
		} else {
			rules = append(rules, name)
		}
	}
	return rules, keys
}
