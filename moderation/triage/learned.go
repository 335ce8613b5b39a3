package triage

import (
	_ "embed"
	"encoding/binary"
	"errors"
	"math"
)

// Words that nobody foresaw are in no rule, and rules fire on words that mean nothing there. Beside the rules a text is held against all labelled ones (labelled/*.jsonl): each word, its
// stem, and each pair and triple of neighbouring stems has a weight that says how much oftener it stands in texts that somebody labelled red or crisis, and another for amber or above. The
// weights are learned by Learn, lie in learned.bin, and never change at run time. What is learned raises a text to amber or red, has no category and so holds nothing back; and where the
// whole of a text is far from all that was ever labelled red, what the program's rules found in it is amber, which a human reads in the same shift. It never makes less of
// it, nor of a rule that a service wrote or changed, nor of what several messages say together.

//go:embed learned.bin
var learnedData []byte

const (
	learnedRule  = "learned"
	learnedBits  = 20
	learnedSlots = 1 << learnedBits
	learnedMagic = "PTL1"

	// From these sums on a text is red, or amber, and below this one calm. Chosen on texts that were not learned from (docs/triage.md).
	learnedRed   = 1.25
	learnedAmber = 2.5
	learnedCalm  = -0.5

	// Who tells more, in words, says something that sounds like it by chance: it takes so much more.
	learnedMany = 25
	learnedMore = 1.0

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
	weights     []int8
}

// learned holds both. Static.
type learned struct{ red, amber weighing }

func loadLearned(data []byte) (*learned, error) {
	const head = len(learnedMagic) + 4*4
	if len(data) != head+2*learnedSlots || string(data[:len(learnedMagic)]) != learnedMagic {
		return nil, errors.New("triage: learned.bin is not whole")
	}
	number := func(i int) float64 {
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(data[len(learnedMagic)+4*i:])))
	}
	weights := func(i int) []int8 {
		list := make([]int8, learnedSlots)
		for k, b := range data[head+i*learnedSlots : head+(i+1)*learnedSlots] {
			list[k] = int8(b)
		}
		return list
	}
	return &learned{weighing{learnedRed, number(0), number(1), weights(0)}, weighing{learnedAmber, number(2), number(3), weights(1)}}, nil
}

// stems are what is looked at of one word: the whole, its beginnings and its end, as hashes.
type stems struct{ whole, five, four, end uint32 }

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
const maxSlots = 9

// slots are the places of all that begins at word i of a text; n of them are filled in.
func slots(list []stems, i int) (at [maxSlots]uint32, n int) {
	w := &list[i]
	at[0], at[1], n = slot(1, w.whole, 0, 0), slot(2, w.five, 0, 0), 2
	if w.four != 0 {
		at[n] = slot(3, w.four, 0, 0)
		n++
	}
	if w.end != 0 {
		at[n] = slot(4, w.end, 0, 0)
		n++
	}
	if i+1 < len(list) {
		at[n], at[n+1] = slot(5, w.whole, list[i+1].whole, 0), slot(6, w.five, list[i+1].five, 0)
		n += 2
	}
	if i+2 < len(list) {
		at[n], at[n+1] = slot(7, w.five, list[i+2].five, 0), slot(8, w.five, list[i+1].five, list[i+2].five)
		n += 2
	}
	if i+3 < len(list) {
		at[n] = slot(9, w.five, list[i+3].five, 0)
		n++
	}
	return at, n
}

// words are the stems of the text just read, before anything was undone in it.
func (r *reading) words() []stems {
	r.stems = r.stems[:0]
	for i := range r.raw {
		r.stems = append(r.stems, stemsOf(r.text(&r.raw[i])))
	}
	return r.stems
}

// weigh is how much the words of a part say, by both sums.
func (l *learned) weigh(list []stems) (red, amber float64) {
	var reds, ambers int32
	all := 0
	for i := range list {
		at, n := slots(list, i)
		for _, k := range at[:n] {
			reds += int32(l.red.weights[k])
			ambers += int32(l.amber.weights[k])
		}
		all += n
	}
	return l.red.sum(reds, all), l.amber.sum(ambers, all)
}

func (w *weighing) sum(weights int32, n int) float64 {
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
	list := r.words()
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
			w.level, w.where = Red, l.red.strongest(list[from:to], from)
			break
		}
		if w.level < Amber && amber >= l.amber.from+more {
			w.level, w.where = Amber, l.amber.strongest(list[from:to], from)
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
func (w *weighing) strongest(list []stems, from int) span {
	const most = 6
	each := make([]int32, len(list))
	for i := range list {
		at, n := slots(list, i)
		for _, k := range at[:n] {
			each[i] += int32(w.weights[k])
		}
	}
	best, high := span{}, int32(math.MinInt32)
	for i := range each {
		sum := int32(0)
		for k := i; k < min(i+most, len(each)); k++ {
			if sum += each[k]; sum > high {
				best, high = span{int32(from + i), int32(from + k + 1)}, sum
			}
		}
	}
	return best
}
