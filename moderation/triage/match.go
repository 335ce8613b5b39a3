package triage

import (
	"math/bits"
	"slices"
)

// hit is one rule that fired.
type hit struct {
	rule       *rule
	level      Level
	start, end int32 // bytes of the original text
	mods       modifier
}

// read fills r.hits and r.signals with what the rules find in text.
func (r *reading) read(text string, author Author) error {
	r.prepare(text)
	clear(r.whole)
	for _, s := range r.sentences {
		clear(r.present)
		r.gather(r.present, s.from, s.to)
		for i, b := range r.present {
			r.whole[i] |= b
		}
		r.maskIdioms(s)
		r.matchAll(r.set.sentence, r.present, s, author)
		if r.steps > stepBudget {
			return ErrBudget
		}
	}
	r.matchAll(r.set.message, r.whole, span{0, int32(len(r.tok))}, author)
	if r.steps > stepBudget {
		return ErrBudget
	}
	r.combine(r.signals, r.signals, author)
	return nil
}

// maskIdioms marks the words of "muoio dal ridere" and its like, so that no other rule reads them literally.
func (r *reading) maskIdioms(s span) {
	r.each(r.set.idioms, r.present, func(p *pattern) {
		for at := s.from; at < s.to; at++ {
			m := matcher{r: r, s: s}
			if m.seq(p.parts[0], 0, at) {
				for i := m.first; i < m.last; i++ {
					r.tok[i].flags |= masked
				}
			}
		}
	})
}

// each calls f for the patterns whose every required concept is present.
func (r *reading) each(ix patternIndex, present []uint64, f func(*pattern)) {
	for i, word := range ix.anchors {
		for b := word & present[i]; b != 0; b &= b - 1 {
			concept := int32(i<<6 + bits.TrailingZeros64(b))
			for _, p := range ix.byAnchor[concept] {
				r.steps++
				ok := true
				for _, c := range p.required {
					if present[c>>6]&(1<<(c&63)) == 0 {
						ok = false
						break
					}
				}
				if ok {
					f(p)
				}
			}
		}
	}
}

func (r *reading) matchAll(ix patternIndex, present []uint64, s span, author Author) {
	r.each(ix, present, func(p *pattern) {
		if r.steps > stepBudget || author == AuthorESP && !p.rule.anyAuthor {
			return
		}
		r.matchPattern(p, s)
	})
}

// matchPattern records the first match of p in s that survives its modifiers.
func (r *reading) matchPattern(p *pattern, s span) {
	var from, to int32 = -1, -1
	var mods modifier
	level := p.rule.level
	for _, part := range p.parts {
		found := false
		for at := s.from; at < s.to; at++ {
			m := matcher{r: r, s: s}
			if !m.seq(part, 0, at) || r.steps > stepBudget {
				continue
			}
			sentence := s
			if p.rule.message {
				sentence = r.sentenceOf(m.first)
			}
			seen := r.modifiers(m.first, m.last, sentence, p.rule)
			l, kept := p.rule.effect(seen)
			if !kept {
				continue
			}
			found = true
			mods |= seen &^ p.rule.ignore
			level = min(level, l)
			if from < 0 || r.tok[m.first].start < from {
				from = r.tok[m.first].start
			}
			to = max(to, r.tok[m.last-1].end)
			break
		}
		if !found {
			return
		}
	}
	r.record(p.rule, level, from, to, mods)
}

func (r *reading) record(rule *rule, level Level, from, to int32, mods modifier) {
	if level == rule.level {
		r.signals |= rule.signals
	}
	for i := range r.hits {
		if r.hits[i].rule == rule {
			if level > r.hits[i].level {
				r.hits[i] = hit{rule, level, from, to, mods}
			}
			return
		}
	}
	r.hits = append(r.hits, hit{rule, level, from, to, mods})
}

func (r *reading) sentenceOf(at int32) span {
	for _, s := range r.sentences {
		if at < s.to {
			return s
		}
	}
	return span{0, int32(len(r.tok))}
}

// faintWordsMax is how long a message, in words, may be for a combination within one message: in a long story of somebody's week
// faint signs meet by chance.
const faintWordsMax = 80

// combine fires the rules that need several signals together. fresh are the signals of the newest message: a
// combination is news only if that message had a part in it.
func (r *reading) combine(all, fresh uint64, author Author) {
	for _, c := range r.set.combos {
		if author == AuthorESP && !c.anyAuthor {
			continue
		}
		if c.message && (all != fresh || len(r.tok) > faintWordsMax) {
			continue
		}
		if all&c.signals == c.signals && fresh&c.signals != 0 {
			mods := modifier(0)
			if all != fresh {
				mods = modWindow
			}
			from, to := r.signalSpan(c.signals)
			r.signals |= c.emits
			r.recordCombo(c, from, to, mods)
		}
	}
}

func (r *reading) recordCombo(c *rule, from, to int32, mods modifier) {
	for i := range r.hits {
		if r.hits[i].rule == c {
			return
		}
	}
	r.hits = append(r.hits, hit{c, c.level, from, to, mods})
}

func (r *reading) signalSpan(signals uint64) (from, to int32) {
	from = -1
	for _, h := range r.hits {
		if h.rule.signals&signals != 0 && !h.rule.combo {
			if from < 0 || h.start < from {
				from = h.start
			}
			to = max(to, h.end)
		}
	}
	return max(from, 0), to
}

// matcher walks one sequence of elements over the tokens of a span.
type matcher struct {
	r           *reading
	s           span
	first, last int32 // tokens matched: [first,last)
}

// seq reports whether elements[ei:] match from token at on. Gaps are short and bounded, so is the recursion.
func (m *matcher) seq(elements []element, ei int, at int32) bool {
	r := m.r
	r.steps++
	if r.steps > stepBudget {
		return false
	}
	if ei == len(elements) {
		m.last = at
		return true
	}
	e := &elements[ei]
	switch e.kind {
	case gapElement:
		for k := int32(0); ; k++ {
			if m.seq(elements, ei+1, at+k) {
				return true
			}
			if k == e.n || at+k >= m.s.to || r.polarity[at+k] == negation {
				return false
			}
		}
	case startElement:
		return at == m.s.from && m.seq(elements, ei+1, at)
	case clauseElement:
		return at < m.s.to && (at == m.s.from || r.tok[at].flags&(startsClause|startsSentence) != 0) && m.seq(elements, ei+1, at)
	case endElement:
		return at == m.s.to && m.seq(elements, ei+1, at)
	case notElement:
		if at < m.s.to && r.matchesAt(int(at), e.concept) > 0 {
			return false
		}
		return m.seq(elements, ei+1, at)
	case conceptElement:
	}
	for skipped := int32(0); ; skipped++ {
		if at < m.s.to && m.word(elements, ei, e, at) {
			return true
		}
		if ei == 0 || skipped == 2 || at >= m.s.to || !r.isWordOf(int(at), r.set.mod.filler) {
			break
		}
		at++
	}
	return e.optional && m.seq(elements, ei+1, at)
}

func (m *matcher) word(elements []element, ei int, e *element, at int32) bool {
	r := m.r
	if r.isWordOf(int(at), e.concept) && m.take(elements, ei, at, 1) {
		return true
	}
	for _, ph := range r.phrasesAt(int(at)) {
		if ph.concept == e.concept && at+ph.words <= m.s.to && m.take(elements, ei, at, ph.words) {
			return true
		}
	}
	return false
}

func (m *matcher) take(elements []element, ei int, at, n int32) bool {
	for i := at; i < at+n; i++ {
		if m.r.tok[i].flags&masked != 0 {
			return false
		}
	}
	if !m.seq(elements, ei+1, at+n) {
		return false
	}
	m.first = at // the outermost element returns last and leaves its own start
	m.last = max(m.last, at+n)
	return true
}

// matchesAt says how many tokens a concept takes at token i (0: it is not there).
func (r *reading) matchesAt(i int, concept int32) int32 {
	if r.isWordOf(i, concept) {
		return 1
	}
	for _, ph := range r.phrasesAt(i) {
		if ph.concept == concept {
			return ph.words
		}
	}
	return 0
}

// report writes the hits into a verdict, gravest first.
func (r *reading) report(v *Verdict) {
	n := 0
	for _, h := range r.hits {
		if h.level > None {
			n++
		}
	}
	if n == 0 {
		return
	}
	slices.SortStableFunc(r.hits, func(a, b hit) int {
		if a.level != b.level {
			return int(b.level) - int(a.level)
		}
		return a.rule.category.rank() - b.rule.category.rank()
	})
	v.Reasons = slices.Grow(v.Reasons, n)
	for _, h := range r.hits {
		if h.level > None {
			v.raise(h.level, h.rule.category, Reason{h.rule.name, h.rule.category, int(h.start), int(h.end), h.mods.names()})
		}
	}
}

// raise adds a reason and lifts the verdict to its level if that is higher; a verdict never falls.
func (v *Verdict) raise(l Level, c Category, why Reason) {
	v.Reasons = append(v.Reasons, why)
	if l > v.Level || l == v.Level && v.Category != c && c.rank() < v.Category.rank() {
		v.Level, v.Category = l, c
	}
}
