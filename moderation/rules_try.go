package moderation

import (
	"context"
	"time"

	"ponti/account"
	"ponti/internal/audit"
	"ponti/internal/errs"
	"ponti/internal/pg"
	"ponti/moderation/triage"
)

// Texts is a domain that keeps texts of persons, on which rules are tried.
type Texts interface {
	// EachText gives those of a service, each alone and the newest first, but at most so many; whole is false when there were more. What cannot be opened is left out.
	EachText(ctx context.Context, service account.ServiceID, most int, give func(about Subject, text string)) (whole bool, err error)
}

// UseTexts says who keeps texts. Call it before Start.
func (m *Moderation) UseTexts(list ...Texts) { m.texts = append(m.texts, list...) }

// triedTexts is how many texts of each domain are read in a trial.
const triedTexts = 10_000

// ErrRulesBusy says that rules are being tried on this instance just now.
var ErrRulesBusy = errs.New(errs.Conflict, "rules.busy")

// Trial is what a version would have found in the texts that are kept, beside what is active. It holds counts alone: no text, and nothing of whose it is.
type Trial struct {
	Of       string          `json:"of"`      // the content of the version that was tried
	Against  int             `json:"against"` // the version that was active; 0: the program's rules
	At       time.Time       `json:"at"`
	Texts    int             `json:"texts"`
	Whole    bool            `json:"whole"` // all that are kept; else the newest
	More     Told            `json:"more"`  // flagged that were not
	Higher   Told            `json:"higher"`
	Lower    Told            `json:"lower"`
	Fewer    Told            `json:"fewer"` // not flagged that were
	Replayed triage.Replayed `json:"replayed"`
}

// Told is a count of texts, and what people found in the conversations and threads where they stand.
type Told struct {
	All    int `json:"all"`
	NoRisk int `json:"no_risk"` // every alarm there was closed as no risk
	Risk   int `json:"risk"`    // at least one was closed with something done
}

func (t *Told) add(known, noRisk bool) {
	t.All++
	switch {
	case known && noRisk:
		t.NoRisk++
	case known:
		t.Risk++
	}
}

// allows says whether a version with this trial may be active.
func (t Trial) allows() error {
	switch {
	case t.Replayed.Loses():
		return ErrRulesLose
	case t.Replayed.Floods():
		return ErrRulesFlood
	}
	return nil
}

// Fits says that a trial is of these changes, beside what is active.
func (r Rules) Fits(t *Trial) bool {
	return t != nil && r.Work != nil && t.Of == contentOf(r.Work.Changes) && t.Against == r.against()
}

func (r Rules) against() int {
	if r.Active == nil {
		return 0
	}
	return r.Active.Version
}

// TryRules reads the texts that are kept by the draft and by what is active, and keeps the counts with the draft. Tutors may. ErrRulesWrong, ErrRulesBusy.
func (m *Moderation) TryRules(ctx context.Context, actor account.Actor) error {
	if err := maySetPolicy(actor); err != nil {
		return err
	}
	r, err := m.Rules(ctx, actor)
	switch {
	case err != nil:
		return err
	case r.Work == nil:
		return errRulesNothing
	}
	t, err := m.try(ctx, actor, r)
	if err != nil {
		return err
	}
	return pg.Classify(updateRulesTrial(ctx, m.pool, actor.Service, r.Work.Version, t))
}

func (m *Moderation) try(ctx context.Context, actor account.Actor, r Rules) (Trial, error) {
	if !m.trying.TryLock() {
		return Trial{}, ErrRulesBusy
	}
	defer m.trying.Unlock()
	t := Trial{Of: contentOf(r.Work.Changes), Against: r.against(), At: time.Now(), Whole: true}
	draft, err := m.rules.build(r.Work.Changes)
	if err != nil {
		return t, wrongRules(err)
	}
	if t.Replayed, err = draft.Replay(m.rules.program); err != nil {
		return t, err
	}
	if err := audit.Append(ctx, m.pool, entry(actor, "rules.try", "service:"+actor.Service.String(), versionText(r.Work.Version))); err != nil {
		return t, pg.Classify(err)
	}
	outcomes, err := selectOutcomes(ctx, m.pool, actor.Service)
	if err != nil {
		return t, pg.Classify(err)
	}
	now := m.rules.of(actor.Service).engine
	for _, texts := range m.texts {
		whole, err := texts.EachText(ctx, actor.Service, triedTexts, func(about Subject, text string) {
			noRisk, known := outcomes[about.grouped()]
			t.read(now, draft, text, known, noRisk)
		})
		if err != nil {
			return t, err
		}
		t.Whole = t.Whole && whole
	}
	return t, nil
}

func (t *Trial) read(now, draft *triage.Engine, text string, known, noRisk bool) {
	t.Texts++
	was, is := levelOf(now, text), levelOf(draft, text)
	switch {
	case is > was && was <= triage.None:
		t.More.add(known, noRisk)
	case is > was:
		t.Higher.add(known, noRisk)
	case is < was && is <= triage.None:
		t.Fewer.add(known, noRisk)
	case is < was:
		t.Lower.add(known, noRisk)
	}
}

func levelOf(e *triage.Engine, text string) triage.Level {
	v, err := e.Read(text)
	if err != nil {
		return triage.None // not read either way
	}
	return v.Level
}

// Tried is how a text that a tutor types is read, by what is active and by what is worked on.
type Tried struct {
	Now, Work  triage.Verdict
	HasWork    bool
	NowFound   []Span
	WorkFound  []Span
	Complaints int // for which Work cannot be tried
}

// TryText reads a text and keeps nothing of it. Rights as Rules.
func (m *Moderation) TryText(ctx context.Context, actor account.Actor, text string) (Tried, error) {
	r, err := m.Rules(ctx, actor)
	if err != nil {
		return Tried{}, err
	}
	var t Tried
	t.Now, t.NowFound = m.tryBy(m.rules.of(actor.Service).engine, text)
	if t.HasWork = r.Work != nil; t.HasWork {
		if t.Complaints = len(r.Complaints); t.Complaints == 0 {
			e, err := m.rules.build(r.Work.Changes)
			if err != nil {
				return t, err
			}
			t.Work, t.WorkFound = m.tryBy(e, text)
		}
	}
	return t, nil
}

func (m *Moderation) tryBy(e *triage.Engine, text string) (triage.Verdict, []Span) {
	v := m.reading(func() (triage.Verdict, error) { return e.Read(text) })
	return v, spansOf(v, func(triage.Reason) bool { return true }, text)
}
