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

// How it is learned: logistic regression over what slots gives, step by step with a rate that falls for what was seen often. The same texts give the same weights.
const (
	learnRounds = 12
	learnRate   = 0.3
	learnDecay  = 1e-5
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
	e, err := Build(nil)
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
	for _, part := range []any{[]float32{red.scale, red.bias, amber.scale, amber.bias}, red.weights, amber.weights} {
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

func learnLevel(lessons []lesson, level Level) learnedLevel {
	weights, seen := make([]float64, learnedSlots), make([]float64, learnedSlots)
	bias := 0.0
	random := rand.New(rand.NewPCG(learnSeed, uint64(level))) //nolint:gosec // an order, not a secret
	for range learnRounds {
		for _, i := range random.Perm(len(lessons)) {
			l := lessons[i]
			norm := 1 / math.Sqrt(float64(len(l.slots)))
			z := bias
			for _, at := range l.slots {
				z += weights[at] * norm
			}
			wrong := 1 / (1 + math.Exp(-z))
			if l.level >= level {
				wrong--
			}
			for _, at := range l.slots {
				step := wrong*norm + learnDecay*weights[at]
				seen[at] += step * step
				weights[at] -= learnRate * step / math.Sqrt(seen[at]+1e-6)
			}
			bias -= 0.05 * wrong
		}
	}
	high := 0.0
	for _, w := range weights {
		high = max(high, math.Abs(w))
	}
	out := learnedLevel{float32(high / 127), float32(bias), make([]int8, learnedSlots)}
	for i, w := range weights {
		out.weights[i] = int8(math.Round(w / high * 127))
	}
	return out
}
