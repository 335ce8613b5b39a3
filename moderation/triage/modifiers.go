package triage

// modifier is a set of circumstances that change how a match is read.
type modifier uint16

const (
	modNegated modifier = 1 << iota
	modPast
	modRecovery
	modTitle
	modQuoted
	modQuestion
	modOther
	modWindow
	modScreening
	modSplit
	modAccumulated
	modEveryday
	modCalm
)

var modifierNames = []string{"neg", "past", "recovery", "title", "quote", "question", "other", "window", "screening", "split", "accumulated", "everyday", "calm"}

func (m modifier) names() []string {
	if m == 0 {
		return nil
	}
	var out []string
	for i, name := range modifierNames {
		if m&(1<<i) != 0 {
			out = append(out, name)
		}
	}
	return out
}

// modifiers says what surrounds the match [first,last) in its sentence.
func (r *reading) modifiers(first, last int32, s span, rule *rule) modifier {
	var seen modifier
	m := &r.set.mod
	negations := 0
	for i, reach := first, 0; i > s.from && reach < 9; reach++ {
		if r.tok[i].flags&startsClause != 0 {
			break
		}
		i--
		if r.polarity[i] == negation {
			negations++
		} else if r.polarity[i] != transparent {
			if rule.subjectMe && r.isWordOf(int(i), m.other) {
				seen |= modOther
			}
			break
		} else if rule.subjectMe && r.isWordOf(int(i), m.other) {
			seen |= modOther
			break
		}
	}
	if negations%2 == 1 {
		seen |= modNegated
	}
	again, past := false, false
	for i := s.from; i < s.to; i++ {
		if r.matchesAt(int(i), m.past) > 0 {
			past = true
		}
		if r.matchesAt(int(i), m.again) > 0 {
			again = true
		}
	}
	if past && !again {
		seen |= modPast
	}
	if !again && r.whole[m.recovery>>6]&(1<<(m.recovery&63)) != 0 && r.whole[m.past>>6]&(1<<(m.past&63)) != 0 {
		seen |= modRecovery
	}
	if r.whole[m.everyday>>6]&(1<<(m.everyday&63)) != 0 {
		seen |= modEveryday
	}
	isQuoted := true
	for i := first; i < last; i++ {
		isQuoted = isQuoted && r.tok[i].flags&quoted != 0
	}
	if isQuoted {
		seen |= modQuoted
	}
	for i := max(s.from, first-12); i < s.to && i < last+6; i++ {
		if r.matchesAt(int(i), m.media) > 0 && (isQuoted || i < first && first-i <= 4) {
			seen |= modTitle
		}
	}
	if r.tok[first].flags&question != 0 {
		seen |= modQuestion
	}
	return seen
}

// effect says at which level a rule fires under modifiers, and whether at all.
func (ru *rule) effect(seen modifier) (Level, bool) {
	seen &^= ru.ignore
	if seen&ru.drop != 0 {
		return None, false
	}
	if seen&ru.lower != 0 {
		return min(ru.level, Amber), true
	}
	return ru.level, true
}
