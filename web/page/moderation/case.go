package moderation

import (
	"context"
	"strings"

	"github.com/a-h/templ"

	"ponti/moderation"
	"ponti/roster"
	"ponti/web/page/parts"
)

// title is where the reported text stands, or what is said when it is gone.
func title(ctx context.Context, c moderation.Case) string {
	if c.Subject.Kind == moderation.SubjectParticipant {
		if c.Excerpt == nil || c.Excerpt.AuthorAlias == "" {
			return parts.T(ctx, "moderation.somebody")
		}
		return parts.T(ctx, "moderation.somebody_named", "Alias", c.Excerpt.AuthorAlias)
	}
	if c.Excerpt == nil || c.Excerpt.Title == "" {
		return parts.T(ctx, "moderation.untitled")
	}
	return c.Excerpt.Title
}

// keeping has a form keep the claim of who types in it.
func keeping(ctx context.Context, c moderation.Case) templ.Attributes {
	if !c.Mine {
		return nil
	}
	return templ.Attributes{"data-module": "claim", "data-claim": "/moderation/" + c.ID.String() + "/keep",
		"data-working": parts.T(ctx, "moderation.held_working"), "data-over": parts.T(ctx, "moderation.claim_first")}
}

// because names the reasons of all reports, each once.
func because(ctx context.Context, c moderation.Case) string {
	var list []string
	seen := map[moderation.Reason]bool{}
	for _, r := range c.Reports {
		if !seen[r.Reason] {
			seen[r.Reason] = true
			list = append(list, parts.T(ctx, "moderation.reason_"+string(r.Reason)))
		}
	}
	return strings.Join(list, " · ")
}

// decisionKey names a decision: what it does differs for an appeal.
func decisionKey(c moderation.Case, d moderation.DecisionKind) string {
	switch {
	case c.Appeal != nil && c.Appeal.Sanction != moderation.SanctionNone:
		return "moderation.appeal_sanction_" + string(d)
	case c.Appeal != nil:
		return "moderation.appeal_" + string(d)
	}
	if c.Subject.Kind == moderation.SubjectParticipant && d == moderation.DecideNone {
		return "moderation.decision_nothing"
	}
	return "moderation.decision_" + string(d)
}

func decisions(ctx context.Context, c moderation.Case) []parts.Choice {
	var list []parts.Choice
	for _, d := range c.Decisions {
		key := decisionKey(c, d)
		list = append(list, parts.Choice{Value: string(d), Label: parts.T(ctx, key), Hint: parts.T(ctx, key+"_hint")})
	}
	return list
}

// noticeKey names what somebody is told: of a person it is said in other words than of a text.
func noticeKey(n moderation.Notice) string {
	if n.Subject.Kind == moderation.SubjectParticipant && (n.Kind == moderation.NoticeReportActed || n.Kind == moderation.NoticeReportKept) {
		return "moderation.notice_" + string(n.Kind) + "_person"
	}
	return "moderation.notice_" + string(n.Kind)
}

// secondTitle says who asks for a second opinion.
func secondTitle(ctx context.Context, s moderation.Second) string {
	if s.Mine {
		return parts.T(ctx, "moderation.second_mine")
	}
	return parts.T(ctx, "moderation.second_of", "Alias", s.Alias)
}

// noteHint says what a note is for; to who holds a case, that it can ask for a second opinion.
func noteHint(ctx context.Context, c moderation.Case) string {
	if c.Mine {
		return parts.T(ctx, "moderation.case_note_hint_mine")
	}
	return parts.T(ctx, "moderation.case_note_hint")
}

func opinions(ctx context.Context) []parts.Choice {
	var list []parts.Choice
	for _, o := range moderation.Opinions() {
		list = append(list, parts.Choice{Value: string(o), Label: parts.T(ctx, "moderation.opinion_"+string(o))})
	}
	return list
}

// tutors are whom something may be handed to.
func tutors(list []roster.Duty) []parts.Choice {
	choices := make([]parts.Choice, len(list))
	for i, d := range list {
		choices[i] = parts.Choice{Value: d.Account.String(), Label: d.Alias}
	}
	return choices
}

// sanctions are what may follow for the author, nothing first.
func sanctions(ctx context.Context, c moderation.Case) []parts.Choice {
	var list []parts.Choice
	for _, s := range append([]moderation.Sanction{moderation.SanctionNone}, c.May...) {
		key := "moderation.sanction_" + string(s)
		if s == moderation.SanctionNone {
			key = "moderation.sanction_nothing"
		}
		list = append(list, parts.Choice{Value: string(s), Label: parts.T(ctx, key), Hint: parts.T(ctx, key+"_hint")})
	}
	return list
}

// QueueMore is what else a moderator finds beside the reports.
type QueueMore struct {
	ToRead  templ.Component // the posts of the forum that wait for them
	Held    int             // how many
	InForce InForce
	Hidden  []moderation.Case // of late
	moderation.Exposure
}

// InForce are the sanctions that hold, for one who may lift them.
type InForce struct {
	List  []moderation.InForce
	Tutor bool
}

// againKey names a button that a second person presses.
func againKey(s moderation.InForce, act string) string {
	if s.Asked {
		return "moderation." + act + "_confirm"
	}
	return "moderation." + act
}
