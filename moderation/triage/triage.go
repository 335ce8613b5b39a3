// Package triage reads what somebody wrote for signs of risk and says how soon a human should see it.
//
// It is a pure leaf: text in, verdict out. It knows no clock, network, database or person, and imports nothing else of
// Ponti. The same text with the same rule set always gives the same verdict. Italian and English rules always run
// together, since people mix languages most when they are upset.
//
// What it looks for stands in rules/{it,en}/*.rules, written so that a clinician can read a change (docs/triage.md).
// Every rule carries its own examples; New refuses a rule set in which one of them fails. Beside the rules a person's text is held against all labelled
// ones (learned.go), for words that nobody foresaw, and for words that mean nothing where they stand. A verdict
// informs people: nothing here can block, hide, delay or alter a message, and what somebody else may hold back until it was read (HarmsOthers) is
// never what people write of themselves.
package triage

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Level says how soon a human must look. Levels are ordered; compare them as numbers, never as text.
type Level int8

// The levels. Unscored means "not read yet"; it is no degree of severity and must be read again soon.
const (
	Unscored Level = -1
	None     Level = 0
	Amber    Level = 1
	Red      Level = 2
	Crisis   Level = 3
)

var levelNames = [...]string{"unscored", "none", "amber", "red", "crisis"}

// String gives the stored and printed name of a level.
func (l Level) String() string {
	if l < Unscored || l > Crisis {
		return fmt.Sprintf("level(%d)", int8(l))
	}
	return levelNames[l+1]
}

// ParseLevel is the inverse of String; any other text is an error.
func ParseLevel(s string) (Level, error) {
	for i, name := range levelNames {
		if s == name {
			return Level(i) - 1, nil
		}
	}
	return Unscored, fmt.Errorf("triage: no level %q", s)
}

// Category says what kind of risk was read.
type Category string

// The categories, in the order in which they win when several have the same level.
const (
	CategoryNone           Category = "none"
	CategoryOverdose       Category = "overdose"
	CategorySuicide        Category = "suicide"
	CategoryMinorRisk      Category = "minor_risk"
	CategoryAbuseVictim    Category = "abuse_victim"
	CategoryConcernOther   Category = "concern_other"
	CategorySelfInjury     Category = "self_injury"
	CategoryHarmOthers     Category = "harm_others"
	CategoryGrooming       Category = "grooming"
	CategoryHarassment     Category = "harassment"
	CategoryBadAdvice      Category = "bad_advice"
	CategoryDrugs          Category = "drugs"
	CategoryEatingDisorder Category = "eating_disorder"
	CategoryMedication     Category = "medication"
	CategoryBereavement    Category = "bereavement"
	CategoryHateStigma     Category = "hate_stigma"
	CategoryPII            Category = "pii"
	CategorySpamScam       Category = "spam_scam"
)

var categories = []Category{
	CategoryNone, CategoryOverdose, CategorySuicide, CategoryMinorRisk, CategoryAbuseVictim, CategoryConcernOther,
	CategorySelfInjury, CategoryHarmOthers, CategoryGrooming, CategoryHarassment, CategoryBadAdvice, CategoryDrugs,
	CategoryEatingDisorder, CategoryMedication, CategoryBereavement, CategoryHateStigma, CategoryPII, CategorySpamScam,
}

// KnownCategory is the category of a name, or none where there is no such.
func KnownCategory(name string) Category {
	if c := Category(name); slices.Contains(categories, c) {
		return c
	}
	return CategoryNone
}

// aboutSelf names the categories whose ambers add up: several faint signs about oneself are a strong one.
func (c Category) aboutSelf() bool {
	switch c {
	case CategorySuicide, CategoryOverdose, CategorySelfInjury, CategoryEatingDisorder, CategoryMedication, CategoryBereavement:
		return true
	default:
		return false
	}
}

// harmsOthers names the categories of what does harm to those who read it.
func (c Category) harmsOthers() bool {
	switch c {
	case CategoryHarmOthers, CategoryHarassment, CategoryGrooming, CategoryBadAdvice, CategoryDrugs, CategoryHateStigma, CategorySpamScam:
		return true
	default:
		return false
	}
}

func (c Category) rank() int { return slices.Index(categories, c) }

// Reason names one rule that fired and where. Start and End are byte offsets into the original text (in a
// conversation: into the text of the turn that completed the match). Modifiers says what changed the reading, such as
// "past", or "window" when several messages were read together.
type Reason struct {
	Rule       string
	Category   Category // of the rule; the verdict has that of the strongest
	Start, End int
	Modifiers  []string
}

// Verdict is the reading of a text or a conversation. Version identifies the rule set by its content.
type Verdict struct {
	Level    Level
	Category Category
	Reasons  []Reason
	Version  string
	// Continues is said by Read alone: with what was said before in a conversation, the text may mean more. ReadLast finds what.
	Continues bool
}

// Rules names what gave a verdict its reasons, each once, in order. Never nil.
func (v Verdict) Rules() []string {
	list := make([]string, 0, len(v.Reasons))
	for _, r := range v.Reasons {
		if !slices.Contains(list, r.Rule) {
			list = append(list, r.Rule)
		}
	}
	return list
}

// HarmsOthers says that a text may be kept from readers until somebody has read it: it is red or above for the harm it does to others, and there is nothing in it about
// the author, or about anybody else in danger. Of those nothing is ever held.
func (v Verdict) HarmsOthers() bool {
	if v.Level < Red {
		return false
	}
	for _, r := range v.Reasons {
		if !r.Category.harmsOthers() && r.Category != CategoryPII {
			return false
		}
	}
	return v.Category.harmsOthers()
}

// Author says who wrote a turn.
type Author string

// The authors triage tells apart: the person who seeks support, and the ESP (or another helper).
const (
	AuthorUser Author = "user"
	AuthorESP  Author = "esp"
)

// Turn is one message of a conversation. At is when it was said; zero, where nobody knows, is within the hour of all others.
type Turn struct {
	Author Author
	Text   string
	At     time.Time
}

// ErrBudget means a text needed more steps than any honest message does. The caller stores the message as Unscored.
var ErrBudget = errors.New("triage: step budget exceeded")

// stepBudget bounds the work on one text. A 10,000 character post of ordinary prose needs about a tenth of it.
const stepBudget = 600_000

// Engine reads texts. It never changes after New, but for what Replay keeps, and may be used by any number of goroutines.
type Engine struct {
	set     *ruleSet
	learned *learned  // nil: by rules alone
	scratch sync.Pool // of *reading

	replaying sync.Once
	replayed  []Level // by Replay, of the labelled texts
}

// New loads the embedded rules and proves them on their own examples. The error names file and line.
func New() (*Engine, error) { return Build(nil) }

func newEngine(files []ruleFile) (*Engine, error) {
	set, err := compile(files)
	if err != nil {
		return nil, err
	}
	e := &Engine{set: set}
	e.scratch.New = func() any { return newReading(set) }
	if err := e.proveExamples(); err != nil {
		return nil, err
	}
	return e, nil
}

// Version is the content hash that every verdict of this engine carries.
func (e *Engine) Version() string { return e.set.version }

// borrow hands out scratch space; it goes back with scratch.Put.
func (e *Engine) borrow() *reading {
	r, ok := e.scratch.Get().(*reading)
	if !ok {
		panic("triage: the pool holds readings")
	}
	return r
}

// Read reads one text by the person. The only error is ErrBudget.
func (e *Engine) Read(text string) (Verdict, error) {
	r := e.borrow()
	defer e.scratch.Put(r)
	v := e.nothing()
	if err := r.read(text, AuthorUser); err != nil {
		return e.unscored(), err
	}
	v.Continues = r.continues()
	w := e.weigh(r)
	r.report(&v)
	w.raise(r, &v)
	return v, nil
}

func (e *Engine) nothing() Verdict {
	return Verdict{Level: None, Category: CategoryNone, Version: e.set.version}
}

func (e *Engine) unscored() Verdict {
	return Verdict{Level: Unscored, Category: CategoryNone, Version: e.set.version}
}
