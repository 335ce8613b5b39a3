package triage

import "slices"

// reading is the scratch space of one text. Owned by one Read at a time; pooled, so that a chat message allocates
// little more than its verdict.
type reading struct {
	set *ruleSet

	buf              []byte // folded letters of all raw tokens
	tmp, word, word2 []byte
	raw, tok         []token
	phrases          []phrase // concepts of two or more words, by place
	phraseAt         []int32  // by token: first of its phrases; one more at the end
	polarity         []byte   // by token: what it does to a negation before a match
	sentences        []span
	present, whole   []uint64 // concepts in the sentence, in the message
	hits             []hit
	signals          uint64
	steps            int
	stems            []stems
	said             []said
}

type span struct{ from, to int32 }

// phrase is a concept of several words, starting at a token.
type phrase struct{ concept, words int32 }

const (
	plainWord byte = iota
	negation
	transparent // does not end the reach of a negation: "non *mi* voglio"
)

func newReading(set *ruleSet) *reading {
	width := set.vocab.width
	return &reading{
		set: set, buf: make([]byte, 0, 1024), tmp: make([]byte, 0, 64), word: make([]byte, 0, 64), word2: make([]byte, 0, 64),
		raw: make([]token, 0, 128), tok: make([]token, 0, 128), phrases: make([]phrase, 0, 64), phraseAt: make([]int32, 0, 129),
		polarity: make([]byte, 0, 128), sentences: make([]span, 0, 16), present: make([]uint64, width), whole: make([]uint64, width),
		hits: make([]hit, 0, 16),
	}
}

// prepare brings a text into the form rules match on.
func (r *reading) prepare(text string) {
	r.buf, r.raw, r.tok = r.buf[:0], r.raw[:0], r.tok[:0]
	r.hits, r.signals, r.steps = r.hits[:0], 0, 0
	r.scan(text)
	r.resolve()
	r.findPhrases()
	r.cutSentences()
	r.setPolarity()
}

func (r *reading) findPhrases() {
	v := r.set.vocab
	r.phrases, r.phraseAt = r.phrases[:0], r.phraseAt[:0]
	for i := range r.tok {
		r.phraseAt = append(r.phraseAt, int32(len(r.phrases)))
		w := r.tok[i].word
		if w == unknown {
			continue
		}
		node := v.first[w]
		for k := i + 1; node != 0 && k < len(r.tok); k++ {
			r.steps++
			next := r.tok[k].word
			if next == unknown || r.tok[k].flags&startsSentence != 0 {
				break
			}
			node = v.next[uint64(node)<<32|uint64(uint32(next))]
			for _, c := range v.outcomes[node] {
				r.phrases = append(r.phrases, phrase{c, int32(k - i + 1)})
			}
		}
	}
	r.phraseAt = append(r.phraseAt, int32(len(r.phrases)))
}

func (r *reading) phrasesAt(i int) []phrase { return r.phrases[r.phraseAt[i]:r.phraseAt[i+1]] }

// longSentence bounds a sentence without a full stop, so that hostile walls of text stay linear.
const longSentence = 120

func (r *reading) cutSentences() {
	r.sentences = r.sentences[:0]
	from := 0
	for i := range r.tok {
		if i > from && (r.tok[i].flags&startsSentence != 0 || i-from >= longSentence && r.tok[i].flags&startsClause != 0 || i-from >= 2*longSentence) {
			r.sentences = append(r.sentences, span{int32(from), int32(i)})
			from = i
		}
	}
	if from < len(r.tok) {
		r.sentences = append(r.sentences, span{int32(from), int32(len(r.tok))})
	}
}

func (r *reading) setPolarity() {
	m := &r.set.mod
	r.polarity = r.polarity[:0]
	for i := range r.tok {
		p := plainWord
		switch {
		case r.isWordOf(i, m.negation):
			p = negation
		case r.isWordOf(i, m.transparent):
			p = transparent
		}
		r.polarity = append(r.polarity, p)
	}
	mark := func(concept int32, first, rest byte) {
		for i := range r.tok {
			for _, ph := range r.phrasesAt(i) {
				if ph.concept != concept {
					continue
				}
				r.polarity[i] = first
				for k := 1; k < int(ph.words); k++ {
					r.polarity[i+k] = rest
				}
			}
		}
	}
	if len(r.phrases) > 0 {
		mark(m.transparent, transparent, transparent)
		mark(m.negation, negation, transparent)
		mark(m.shield, plainWord, plainWord)
	}
}

// isWordOf reports whether the single token i is a member of a concept.
func (r *reading) isWordOf(i int, concept int32) bool {
	t := &r.tok[i]
	if t.word != unknown {
		if _, in := slices.BinarySearch(r.set.vocab.conceptsOf(t.word), concept); in {
			return true
		}
	}
	return t.class == concept
}

// gather fills set with the concepts of tokens [from,to).
func (r *reading) gather(set []uint64, from, to int32) {
	v := r.set.vocab
	for i := from; i < to; i++ {
		t := &r.tok[i]
		if t.word != unknown {
			for _, c := range v.conceptsOf(t.word) {
				set[c>>6] |= 1 << (c & 63)
			}
		}
		if t.class >= 0 {
			set[t.class>>6] |= 1 << (t.class & 63)
		}
		for _, ph := range r.phrasesAt(int(i)) {
			set[ph.concept>>6] |= 1 << (ph.concept & 63)
		}
	}
}
