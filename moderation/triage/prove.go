package triage

import (
	"errors"
	"strings"
)

// proveExamples runs every rule on its own examples: what it must find, it finds at its own level; what it must
// leave alone, it leaves alone. An example of several messages has " // " between them, an ESP's begins with "esp: ".
// The error lists every example that fails.
func (e *Engine) proveExamples() error {
	r := newReading(e.set)
	var failures []error
	for _, rs := range e.set.proofs {
		for _, example := range rs.positive {
			switch level, fired, err := e.tryRule(r, rs, example.text); {
			case err != nil:
				failures = append(failures, example.at.errorf("%s: %v", rs.name, err))
			case !fired:
				failures = append(failures, example.at.complaint(Complaint{What: WrongMissed, Rule: rs.name, Text: example.text}))
			case level != rs.level:
				failures = append(failures, example.at.complaint(Complaint{What: WrongLevel, Rule: rs.name, Text: example.text, Level: level, Wanted: rs.level}))
			}
		}
		for _, example := range rs.negative {
			switch _, fired, err := e.tryRule(r, rs, example.text); {
			case err != nil:
				failures = append(failures, example.at.errorf("%s: %v", rs.name, err))
			case fired:
				failures = append(failures, example.at.complaint(Complaint{What: WrongFound, Rule: rs.name, Text: example.text}))
			}
		}
	}
	return errors.Join(failures...)
}

// tryRule says whether one rule fires on an example, and at which level. An idiom fires by masking a word.
func (e *Engine) tryRule(r *reading, rs *ruleSource, text string) (Level, bool, error) {
	var all uint64
	for message := range strings.SplitSeq(text, " // ") {
		author := AuthorUser
		if rest, ok := strings.CutPrefix(message, "esp: "); ok {
			author, message = AuthorESP, rest
		}
		if err := r.read(message, author); err != nil {
			return None, false, err
		}
		if rs.idiom {
			for _, t := range r.tok {
				if t.flags&masked != 0 {
					return None, true, nil
				}
			}
			continue
		}
		all |= r.signals
		r.combine(all, r.signals, author)
		for _, h := range r.hits {
			if h.rule == &rs.rule {
				return h.level, true, nil
			}
		}
	}
	return None, false, nil
}
