package triage

import (
	_ "embed"
	"encoding/binary"
	"errors"
	"math"
)

// Words that nobody foresaw are in no rule, and rules fire on words that mean nothing there. Beside the rules a text is held against all labelled ones (labelled/*.jsonl): each word, its
// stem, and each pair and triple of neighbouring stems has a weight that says how much oftener it stands in texts that somebody labelled red or crisis, and another for amber or above; so
// has each word that begins or ends a sentence or a clause, or stands in a question. The weights are learned by Learn, lie in learned.bin, and never change at run time. What is learned
// raises a text to amber or red, has no category and so holds nothing back; and where the whole of a text is far from all that was ever labelled red, what the program's rules found in it
// is amber, which a human reads in the same shift. It never makes less of it, nor of a rule that a service wrote or changed, nor of what several messages say together.

//go:embed learned.bin
var learnedData []byte

const (
	learnedRule  = "learned"
	learnedBits  = 21
	learnedSlots = 1 << learnedBits
	learnedMagic = "PTL2"

	// From these sums on a text is red, or amber, and below this one calm. Chosen on texts that were not learned from (docs/triage.md).
	learnedRed   = 1.25
	learnedAmber = 2.5
	learnedCalm  = -0.5

	// Who tells more, in words, says something that sounds like it by chance: it takes so much more.
	learnedMany = 25
	learnedMore = 0.5

	// In so few words what is learned says nothing: "ciao" was somebody's last word, and is everybody's first.
	learnedShort = 4

	// A longer text is read in parts of so many words, and the strongest part counts.
	learnedPart = 40
	learnedLong = 60
)

// weighing is one of the two sums.
type weighing struct {
	from        float64 // from this sum on it counts
	scale, bias float64
}

// learned holds both. Static.
type learned struct {
	red, amber weighing
	weights    []byte // two int8 by slot: for red, for amber
}

func loadLearned(data []byte) (*learned, error) {
	const head = len(learnedMagic) + 4*4
	if len(data) != head+2*learnedSlots || string(data[:len(learnedMagic)]) != learnedMagic {
		return nil, errors.New("triage: learned.bin is not whole")
	}
	number := func(i int) float64 {
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(data[len(learnedMagic)+4*i:])))
	}
	return &learned{weighing{learnedRed, number(0), number(1)}, weighing{learnedAmber, number(2), number(3)}, data[head:]}, nil
}

// stems are what is looked at of one word: the whole, its beginnings and its end, as hashes, and where it stands.
type stems struct {
	whole, five, four, end uint32
	flags                  uint8 // of the token: what it begins, and whether it is asked
}

func hashOf(b []byte) uint32 {
	h := uint32(2166136261)
	for _, c := range b {
		h = (h ^ uint32(c)) * 16777619
	}
	return h
}

func stemsOf(word []byte) stems {
	s := stems{whole: hashOf(word)}
	s.five = s.whole
	if len(word) > 5 {
		s.five = hashOf(word[:5])
	}
	if len(word) > 4 {
		s.four = hashOf(word[:4])
	}
	if len(word) > 6 {
		s.end = hashOf(word[len(word)-4:])
	}
	return s
}

// slot mixes a kind and up to three hashes into the place of a weight.
func slot(kind, a, b, c uint32) uint32 {
	h := kind*0x9E3779B1 ^ a
	h = (h ^ h>>15) * 0x85EBCA6B
	h ^= b
	h = (h ^ h>>13) * 0xC2B2AE35
	h ^= c
	h = (h ^ h>>16) * 0x27D4EB2F
	return (h ^ h>>15) >> (32 - learnedBits)
}

// maxSlots is how many begin at one word.
const maxSlots = 13

// slots are the places of all that begins at word i of a text; n of them are filled in.
func slots(list []stems, i int) (at [maxSlots]uint32, n int) {
	w := &list[i]
	add := func(kind, a, b, c uint32) {
		at[n] = slot(kind, a, b, c)
		n++
	}
	add(1, w.whole, 0, 0)
	add(2, w.five, 0, 0)
	if w.four != 0 {
		add(3, w.four, 0, 0)
	}
	if w.end != 0 {
		add(4, w.end, 0, 0)
	}
	next := startsSentence
	if i+1 < len(list) {
		next = list[i+1].flags
		add(5, w.whole, list[i+1].whole, 0)
		add(6, w.five, list[i+1].five, 0)
		if w.flags&(startsSentence|startsClause) != 0 {
			add(10, w.five, list[i+1].five, 0)
		}
	}
	if i+2 < len(list) {
		add(7, w.five, list[i+2].five, 0)
		add(8, w.five, list[i+1].five, list[i+2].five)
	}
	if i+3 < len(list) {
		add(9, w.five, list[i+3].five, 0)
	}
	switch {
	case w.flags&startsSentence != 0:
		add(11, w.five, 0, 0)
	case w.flags&startsClause != 0:
		add(12, w.five, 0, 0)
	}
	switch {
	case next&startsSentence != 0:
		add(13, w.five, 0, 0)
	case next&startsClause != 0:
		add(14, w.five, 0, 0)
	}
	if w.flags&question != 0 {
		add(15, w.five, 0, 0)
	}
	return at, n
}

// words are the stems of the text just read, before anything was undone in it.
func (r *reading) words() []stems {
	r.stems = r.stems[:0]
	for i := range r.raw {
		s := stemsOf(r.text(&r.raw[i]))
		s.flags = r.raw[i].flags
		r.stems = append(r.stems, s)
	}
	return r.stems
}

// said is how much all that begins at one word says, and how many slots that is.
type said struct{ red, amber, n int32 }

// each is what the words of the text just read say, one by one.
func (l *learned) each(r *reading) []said {
	list := r.words()
	r.said = r.said[:0]
	for i := range list {
		at, n := slots(list, i)
		s := said{n: int32(n)}
		for _, k := range at[:n] {
			s.red += int32(int8(l.weights[2*k]))
			s.amber += int32(int8(l.weights[2*k+1]))
		}
		r.said = append(r.said, s)
	}
	return r.said
}

// weigh is how much the words of a part say, by both sums.
func (l *learned) weigh(part []said) (red, amber float64) {
	var all said
	for _, s := range part {
		all.red += s.red
		all.amber += s.amber
		all.n += s.n
	}
	return l.red.sum(all.red, all.n), l.amber.sum(all.amber, all.n)
}

func (w *weighing) sum(weights, n int32) float64 {
	return float64(weights)*w.scale/math.Sqrt(float64(max(n, 1))) + w.bias
}

// weight is what is learned of one text.
type weight struct {
	level  Level // that it asks for
	where  span  // the words that say the most
	isCalm bool
}

// of weighs the text just read.
func (l *learned) of(r *reading) (w weight) {
	list := l.each(r)
	if len(list) < learnedShort {
		return weight{}
	}
	w.isCalm = true
	more := 0.0
	if len(list) > learnedMany {
		more = learnedMore
	}
	for from := 0; from < len(list); from += learnedPart / 2 {
		to := len(list)
		if len(list) > learnedLong {
			to = min(from+learnedPart, len(list))
		}
		red, amber := l.weigh(list[from:to])
		w.isCalm = w.isCalm && red < learnedCalm
		if red >= l.red.from+more {
			w.level, w.where = Red, strongest(list[from:to], from, func(s said) int32 { return s.red })
			break
		}
		if w.level < Amber && amber >= l.amber.from+more {
			w.level, w.where = Amber, strongest(list[from:to], from, func(s said) int32 { return s.amber })
		}
		if to == len(list) {
			break
		}
	}
	return w
}

// calm makes amber of what is graver, in a text of which nothing is like what was ever labelled so.
func (r *reading) calm() {
	for i := range r.hits {
		if h := &r.hits[i]; h.level > Amber && !h.rule.changed {
			h.level, h.mods = Amber, h.mods|modCalm
		}
	}
}

// raise lifts a verdict on the text just read to what is learned of it.
func (w weight) raise(r *reading, v *Verdict) {
	if w.level <= v.Level {
		return
	}
	v.Level = w.level
	v.Reasons = append(v.Reasons, Reason{learnedRule, CategoryNone, int(r.raw[w.where.from].start), int(r.raw[w.where.to-1].end), nil})
}

// weigh is what is learned of the text just read, with what the rules found in it set right by it.
func (e *Engine) weigh(r *reading) (w weight) {
	if e.learned == nil {
		return weight{}
	}
	if w = e.learned.of(r); w.isCalm {
		r.calm()
	}
	return w
}

// strongest is the stretch of up to six words of a part that says the most.
func strongest(part []said, from int, of func(said) int32) span {
	const most = 6
	best, high := span{}, int32(math.MinInt32)
	for i := range part {
		sum := int32(0)
		for k := i; k < min(i+most, len(part)); k++ {
			if sum += of(part[k]); sum > high {
				best, high = span{int32(from + i), int32(from + k + 1)}, sum
			}
		}
	}
	return best
}
