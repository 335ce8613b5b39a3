package moderation

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/audit"
	"ponti/internal/errs"
	"ponti/internal/pg"
	"ponti/moderation/triage"
)

// RulesState is how it stands with a version of what a service changes in the rules of triage.
type RulesState string

// The states of a version.
const (
	RulesDraft   RulesState = "draft"   // tutors write it
	RulesAsked   RulesState = "asked"   // one asks another to approve it
	RulesActive  RulesState = "active"  // texts are read by it
	RulesPast    RulesState = "past"    // it was active
	RulesDropped RulesState = "dropped" // nobody wanted it
)

// RuleSet is one version of what a service changes.
type RuleSet struct {
	Version     int
	State       RulesState
	Changes     []triage.Change
	ChangedAt   time.Time
	Why         string // told by who asks
	AskedBy     string // alias, as the others
	AskedAt     time.Time
	ApprovedBy  string
	ActiveBy    string // who approved it, or went back to it
	ActiveSince time.Time
	Trial       *Trial // nil: not tried
	Mine        bool   // the actor asked for it
}

// Rules is what a service changes in the rules by which texts are read.
type Rules struct {
	Active     *RuleSet // nil: the program's own rules
	Work       *RuleSet // a draft, or what waits for a second tutor; nil: none
	Past       []RuleSet
	Complaints []triage.Complaint // of Work
	Refused    bool               // Active does not hold with the rules of this version of the program, which are used alone
}

// Errors of what tutors do with rules.
var (
	ErrRulesGone    = errs.New(errs.Conflict, "rules.gone")     // it is not in that state any more
	ErrRulesOwn     = errs.New(errs.Conflict, "rules.own")      // one's own
	ErrRulesWait    = errs.New(errs.Conflict, "rules.wait")     // a version waits for a second tutor, and is not changed meanwhile
	ErrRulesMoved   = errs.New(errs.Conflict, "rules.moved")    // somebody changed it since it was shown
	ErrRulesSame    = errs.New(errs.Conflict, "rules.same")     // nothing is changed
	ErrRulesWrong   = errs.New(errs.Conflict, "rules.wrong")    // the loader complains
	ErrRulesLose    = errs.New(errs.Conflict, "rules.lose")     // labelled texts would not be found any more
	ErrRulesFlood   = errs.New(errs.Conflict, "rules.flood")    // too much that means nothing would be flagged
	ErrRulesMany    = errs.New(errs.Conflict, "rules.too_many") // triage.MaxChanges
	errRulesNothing = errs.New(errs.Conflict, "rules.nothing")  // there is no draft
)

// maxWhy bounds why a version is asked for, in characters.
const maxWhy = 1000

// Rules reads what a service changes; tutors and auditors may.
func (m *Moderation) Rules(ctx context.Context, actor account.Actor) (Rules, error) {
	var r Rules
	if err := account.Can(actor, account.SettingsRiskRulesAndEscalationTimes, account.Relation{SecondPerson: true}); err != nil {
		return r, err
	}
	rows, err := selectRules(ctx, m.pool, actor.Service)
	if err != nil {
		return r, pg.Classify(err)
	}
	var who []account.ID
	for _, row := range rows {
		who = append(who, row.askedBy, row.approvedBy, row.activeBy)
	}
	names, err := m.accounts.Public(ctx, m.pool, who)
	if err != nil {
		return r, err
	}
	for _, row := range rows {
		shown := row.RuleSet
		shown.AskedBy, shown.ApprovedBy, shown.ActiveBy = names[row.askedBy].Alias, names[row.approvedBy].Alias, names[row.activeBy].Alias
		shown.Mine = row.askedBy == actor.ID
		switch shown.State {
		case RulesActive:
			r.Active = &shown
		case RulesDraft, RulesAsked:
			r.Work = &shown
		case RulesPast, RulesDropped:
			r.Past = append(r.Past, shown)
		}
	}
	if r.Work != nil {
		_, err := m.rules.build(r.Work.Changes)
		r.Complaints = triage.Complaints(err)
	}
	r.Refused = r.Active != nil && m.rules.of(actor.Service).refused
	return r, nil
}

// changes are those of the version that is worked on, else of the active one.
func (r Rules) changes() []triage.Change {
	switch {
	case r.Work != nil:
		return r.Work.Changes
	case r.Active != nil:
		return r.Active.Changes
	}
	return nil
}

// Section is a part of the rules as it is worked on.
type Section struct {
	triage.Section

	Program    string // as it is in the program; empty: the service's own
	Changed    bool
	Mark       string // of this text, for SaveSection
	Complaints []triage.Complaint
}

// Sections lists the parts of the rules in which every word of a query occurs, as they are worked on; or, without one, those that are changed. At most 60, and
// how many there are. Rights as Rules.
func (m *Moderation) Sections(ctx context.Context, actor account.Actor, query string) (list []Section, all int, err error) {
	r, err := m.Rules(ctx, actor)
	if err != nil {
		return nil, 0, err
	}
	sections, err := m.sections(r)
	if err != nil {
		return nil, 0, err
	}
	words := strings.Fields(strings.ToLower(query))
	for _, s := range sections {
		if len(words) == 0 && !s.Changed || !s.holds(words) {
			continue
		}
		if all++; len(list) < 60 {
			list = append(list, s)
		}
	}
	return list, all, nil
}

func (s Section) holds(words []string) bool {
	text := strings.ToLower(s.Key + "\n" + s.Text)
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

// Section reads one; ErrUnknown when there is none of that key. Rights as Rules.
func (m *Moderation) Section(ctx context.Context, actor account.Actor, key string) (Section, error) {
	r, err := m.Rules(ctx, actor)
	if err != nil {
		return Section{}, err
	}
	sections, err := m.sections(r)
	if err != nil {
		return Section{}, err
	}
	for _, s := range sections {
		if s.Key == key {
			return s, nil
		}
	}
	return Section{}, ErrUnknown
}

func (m *Moderation) sections(r Rules) ([]Section, error) {
	program, err := triage.Sections()
	if err != nil {
		return nil, err
	}
	now, err := triage.Apply(r.changes())
	if err != nil {
		return nil, err
	}
	list := make([]Section, len(now))
	for i, s := range now {
		list[i] = Section{Section: s, Changed: true, Mark: markOf(s.Text)}
		if i < len(program) {
			list[i].Program, list[i].Changed = program[i].Text, program[i].Text != s.Text
		}
		for _, c := range r.Complaints {
			if c.Section == s.Key {
				list[i].Complaints = append(list[i].Complaints, c)
			}
		}
	}
	return list, nil
}

func markOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}

// contentOf names changes by what they are.
func contentOf(changes []triage.Change) string {
	if len(changes) == 0 {
		return "" // none, however it is written
	}
	data, err := json.Marshal(changes)
	if err != nil {
		panic(err) // strings always can be
	}
	return markOf(string(data))
}

// SaveSection puts a text in the place of a section in the draft, which begins with what is active; an empty one takes the section out, and the program's own
// text is no change. Without a key the text is a section of the service's own. What is wrong with it does not keep it from being saved: see
// Complaints. Mark is that of the text that was changed. It gives back the key. Tutors may; ErrRulesMoved, ErrRulesWait, ErrRulesMany, errs.Field.
func (m *Moderation) SaveSection(ctx context.Context, actor account.Actor, key, mark, text string) (string, error) {
	if err := maySetPolicy(actor); err != nil {
		return "", err
	}
	text = strings.ReplaceAll(text, "\r\n", "\n")
	if text = strings.TrimRight(text, "\n\t "); text != "" {
		text += "\n"
	}
	switch {
	case len(text) > triage.MaxSection:
		return "", errs.Field("text", "rules.long", map[string]any{"Max": triage.MaxSection})
	case key == "" && strings.TrimSpace(text) == "":
		return "", errs.Field("text", "rules.empty", nil)
	case key == "":
		own, ok := triage.OwnKey(text)
		if !ok {
			return "", errs.Field("text", "rules.no_heading", nil)
		}
		key = own
	}
	return key, m.work(ctx, actor, "rules.change", key, func(ctx context.Context, tx pgx.Tx, now []triage.Change) error {
		sections, err := triage.Apply(now)
		if err != nil {
			return err
		}
		was, exists := "", false
		for _, s := range sections {
			if s.Key == key {
				was, exists = s.Text, true
			}
		}
		if exists && markOf(was) != mark {
			return ErrRulesMoved
		}
		changes, err := triage.Put(now, triage.Change{Key: key, Text: text})
		if err != nil {
			return err
		}
		if len(changes) > triage.MaxChanges {
			return ErrRulesMany
		}
		return upsertRulesDraft(ctx, tx, actor, append([]triage.Change{}, changes...)) // none at all are an empty list, not null
	})
}

// work locks what is worked on, as long as it is a draft or nothing.
func (m *Moderation) work(ctx context.Context, actor account.Actor, action, reason string, do func(context.Context, pgx.Tx, []triage.Change) error) error {
	return pg.InTx(ctx, m.pool, func(ctx context.Context, tx pgx.Tx) error {
		if err := lockRules(ctx, tx, actor.Service); err != nil {
			return err
		}
		rows, err := selectRules(ctx, tx, actor.Service)
		if err != nil {
			return err
		}
		var r Rules
		for _, row := range rows {
			switch row.State {
			case RulesAsked:
				return ErrRulesWait
			case RulesDraft:
				r.Work = &row.RuleSet
			case RulesActive:
				r.Active = &row.RuleSet
			case RulesPast, RulesDropped:
			}
		}
		if err := do(ctx, tx, r.changes()); err != nil {
			return err
		}
		return audit.Append(ctx, tx, entry(actor, action, "service:"+actor.Service.String(), reason))
	})
}

// AskRules asks another tutor to approve the draft: when the loader has no complaint, the labelled texts are found as before, and after it was
// tried on the texts that are kept. ErrRulesWrong, ErrRulesLose, ErrRulesFlood, ErrRulesSame, ErrRulesMoved; errs.Field for no reason, or one too long.
func (m *Moderation) AskRules(ctx context.Context, actor account.Actor, why string) error {
	if err := maySetPolicy(actor); err != nil {
		return err
	}
	switch why = strings.TrimSpace(why); {
	case why == "":
		return errs.Field("why", "rules.why_missing", nil)
	case utf8.RuneCountInString(why) > maxWhy:
		return errs.Field("why", "rules.why_long", map[string]any{"Max": maxWhy})
	}
	r, err := m.Rules(ctx, actor)
	switch {
	case err != nil:
		return err
	case r.Work == nil:
		return errRulesNothing
	case r.Work.State == RulesAsked:
		return ErrRulesWait
	case r.Active == nil && len(r.Work.Changes) == 0, r.Active != nil && contentOf(r.Active.Changes) == contentOf(r.Work.Changes):
		return ErrRulesSame
	}
	trial, err := m.try(ctx, actor, r)
	if err != nil {
		return err
	}
	if err := trial.allows(); err != nil {
		return err
	}
	return m.work(ctx, actor, "rules.ask", versionText(r.Work.Version), func(ctx context.Context, tx pgx.Tx, now []triage.Change) error {
		if contentOf(now) != trial.Of {
			return ErrRulesMoved
		}
		return updateRulesAsked(ctx, tx, actor, r.Work.Version, why, trial)
	})
}

func versionText(version int) string { return "version " + strconv.Itoa(version) }
