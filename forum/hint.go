package forum

import (
	"slices"

	"ponti/account"
	"ponti/moderation/triage"
)

// Hint is something that somebody may want to know about a text before they publish it. Nothing depends on it: it delays and changes nothing, is told to the
// writer alone and kept nowhere.
type Hint string

// The hints, in the order in which they are shown.
const (
	HintHelp    Hint = "help"    // it sounds as if the writer were in danger: who answers at once
	HintContact Hint = "contact" // it seems to hold a telephone number, an address or the like
	HintNote    Hint = "note"    // a content note would spare readers
)

// Hints are all there are.
func Hints() []Hint { return []Hint{HintHelp, HintContact, HintNote} }

// noted are the categories of risk that a content note is for, also where nothing in the text worries anybody.
var noted = []triage.Category{
	triage.CategoryOverdose, triage.CategorySuicide, triage.CategoryAbuseVictim, triage.CategorySelfInjury, triage.CategoryHarmOthers, triage.CategoryDrugs,
	triage.CategoryEatingDisorder, triage.CategoryMedication, triage.CategoryBereavement,
}

// HintsFor reads a text that somebody is writing.
func (f *Forum) HintsFor(service account.ServiceID, title, text string, notes []ContentNote) []Hint {
	p := prepared{Title: cleanTitle(title), Source: cleanText(text)}
	p.rendered = render(p.Source)
	v := f.assess(service, p)
	about := func(c ...triage.Category) bool {
		return slices.ContainsFunc(v.Reasons, func(r triage.Reason) bool { return slices.Contains(c, r.Category) })
	}
	return slices.DeleteFunc(Hints(), func(h Hint) bool {
		switch h {
		case HintHelp:
			return v.Level < triage.Red
		case HintContact:
			return !about(triage.CategoryPII)
		case HintNote:
			return len(knownNotes(notes)) > 0 || !about(noted...)
		}
		return true
	})
}
