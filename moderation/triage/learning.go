package triage

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
)

// How it is learned: logistic regression over what slots gives, step by step with a rate that falls for what was seen often. What stands about as often in both kinds of texts moves
// little (Wang and Manning, Baselines and Bigrams, 2012). The same texts give the same weights.
const (
	learnRounds = 12
	learnRate   = 0.3
	learnDecay  = 1e-5
	learnCrisis = 1.5 // how much more a crisis counts than what is red
	learnSeed   = 7
)

// lesson is a labelled text as it is learned from.
type lesson struct {
	slots []uint32
	level Level
}

// Learn writes learned.bin anew from all labelled texts.
func Learn(w io.Writer) error {
	set, err := labelledSet()
	if err != nil {
		return err
	}
	return learnFrom(set, w)
}

func learnFrom(set []labelled, w io.Writer) error {
	files, err := programSections()
	if err != nil {
		return err
	}
	e, err := newEngine(files) // by rules alone: what is learned now may be of another form than what was
	if err != nil {
		return err
	}
	lessons := make([]lesson, 0, len(set))
	r := newReading(e.set)
	for _, l := range set {
		if slices.ContainsFunc(l.turns, func(t Turn) bool { return t.Author == AuthorESP }) {
			continue // what it means is not in the person's words alone: "yes"
		}
		var said []string
		for _, t := range l.turns {
			said = append(said, t.Text)
		}
		r.prepare(strings.Join(said, " "))
		words := r.words()
		one := lesson{level: l.level}
		for i := range words {
			at, n := slots(words, i)
			one.slots = append(one.slots, at[:n]...)
		}
		if len(one.slots) > 0 {
			lessons = append(lessons, one)
		}
	}
	red, amber := learnLevel(lessons, Red), learnLevel(lessons, Amber)
	if _, err := io.WriteString(w, learnedMagic); err != nil {
		return fmt.Errorf("triage: learn: %w", err)
	}
	weights := make([]int8, 0, 2*learnedSlots)
	for i := range learnedSlots {
		weights = append(weights, red.weights[i], amber.weights[i])
	}
	for _, part := range []any{[]float32{red.scale, red.bias, amber.scale, amber.bias}, weights} {
		if err := binary.Write(w, binary.LittleEndian, part); err != nil {
			return fmt.Errorf("triage: learn: %w", err)
		}
	}
	return nil
}

type learnedLevel struct {
	scale, bias float32
	weights     []int8
}

// learning is a slot while it is learned. Its parts lie together, since every slot is a miss of the cache.
type learning struct {
	weight, seen float32
	tells        float32 // how unevenly it stands in the texts of a level and in the others: the root of the logarithm of the ratio
}

func learnLevel(lessons []lesson, level Level) learnedLevel {
	all := telling(lessons, level)
	bias := 0.0
	random := rand.New(rand.NewPCG(learnSeed, uint64(level))) //nolint:gosec // an order, not a secret
	for range learnRounds {
		for _, i := range random.Perm(len(lessons)) {
			l := lessons[i]
			norm := 1 / float32(math.Sqrt(float64(len(l.slots))))
			sum := float32(0)
			for _, at := range l.slots {
				sum += all[at].weight * all[at].tells
			}
			wrong := 1 / (1 + math.Exp(-float64(sum*norm)-bias))
			if l.level >= level {
				wrong--
			}
			if level == Red && l.level == Crisis {
				wrong *= learnCrisis
			}
			for _, at := range l.slots {
				s := &all[at]
				step := float32(wrong)*norm*s.tells + learnDecay*s.weight
				s.seen += step * step
				s.weight -= learnRate * step / float32(math.Sqrt(float64(s.seen+1e-6)))
			}
			bias -= 0.05 * wrong
		}
	}
	high := 0.0
	for i := range all {
		all[i].weight *= all[i].tells
		high = max(high, math.Abs(float64(all[i].weight)))
	}
	out := learnedLevel{float32(high / 127), float32(bias), make([]int8, learnedSlots)}
	for i, s := range all {
		out.weights[i] = int8(math.Round(float64(s.weight) / high * 127))
	}
	return out
}

// telling are all slots before anything is learned.
func telling(lessons []lesson, level Level) []learning {
	var total [2]float64
	count := make([][2]float32, learnedSlots)
	for _, l := range lessons {
		in := number(l.level >= level)
		for _, at := range l.slots {
			count[at][in]++
		}
		total[in] += float64(len(l.slots))
	}
	all := make([]learning, learnedSlots)
	for i, c := range count {
		ratio := float64(c[1]+1) / float64(c[0]+1) * total[0] / total[1]
		all[i].tells = float32(math.Sqrt(math.Abs(math.Log(ratio))))
	}
	return all
}
