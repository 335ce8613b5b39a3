package main

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sync/atomic"
	"time"
)

// spread is how long something took, in milliseconds.
type spread struct {
	N    int     `json:"n"`
	P50  float64 `json:"p50_ms"`
	P95  float64 `json:"p95_ms"`
	P99  float64 `json:"p99_ms"`
	P999 float64 `json:"p999_ms"`
	Max  float64 `json:"max_ms"`
}

// spreadOf sorts what it is given.
func spreadOf(all []time.Duration) spread {
	if len(all) == 0 {
		return spread{}
	}
	slices.Sort(all)
	at := func(q float64) float64 {
		i := int(math.Ceil(q*float64(len(all)))) - 1
		return float64(all[max(0, i)].Microseconds()) / 1000
	}
	return spread{len(all), at(0.5), at(0.95), at(0.99), at(0.999), at(1)}
}

// faults are what must never happen. Unanswered is no fault of its own: nobody was told that it is stored.
type faults struct {
	Lost       int64 `json:"lost"`         // acknowledged, and not shown to somebody in time
	Doubled    int64 `json:"doubled"`      // shown twice
	Disordered int64 `json:"out_of_order"` // shown with a sequence that is not the next
	Unanswered int64 `json:"unanswered"`
	Refused    int64 `json:"refused"`
	Broken     int64 `json:"broken_lines"`
	MetTwice   int64 `json:"met_twice,omitempty"`   // a person by two ESPs
	TwoStates  int64 `json:"two_states,omitempty"`  // a person who waits and talks, or waits again after that
	OutOfTurn  int64 `json:"out_of_turn,omitempty"` // somebody was offered though another's turn came first
}

func (f faults) err() error {
	if f.Lost+f.Doubled+f.Disordered+f.MetTwice+f.TwoStates+f.OutOfTurn == 0 {
		return nil
	}
	return fmt.Errorf("%d lost, %d doubled, %d out of order, %d met twice, %d in two states, %d out of turn: %w", f.Lost, f.Doubled, f.Disordered, f.MetTwice, f.TwoStates, f.OutOfTurn, errFaulty)
}

var errFaulty = errors.New("the server broke its promise")

// ledger holds one sender's messages against what became of them. Its owner schedules; any line may note.
type ledger struct {
	due   []time.Duration // when each was to be sent, since begin
	acked []atomic.Int64  // nanoseconds since begin; 0 is not yet
	shown []atomic.Int64  // to the last of those who hear it
	seen  []atomic.Int32  // by how many it was shown
}

func newLedger(n int) *ledger {
	return &ledger{make([]time.Duration, 0, n), make([]atomic.Int64, n), make([]atomic.Int64, n), make([]atomic.Int32, n)}
}

// ack notes an acknowledgement; the first counts.
func (l *ledger) ack(n int, now time.Duration) {
	if n < len(l.acked) {
		l.acked[n].CompareAndSwap(0, int64(now))
	}
}

// show notes that one more hears of it.
func (l *ledger) show(n int, now time.Duration) {
	if n < len(l.shown) {
		l.seen[n].Add(1)
		l.shown[n].Store(int64(now))
	}
}

// settle counts the faults of a sender whose messages so many must have been shown, and gives the times from schedule.
func (l *ledger) settle(hearers int32, f *faults) (toAck, toShown []time.Duration) {
	for n, due := range l.due {
		acked, shown := time.Duration(l.acked[n].Load()), time.Duration(l.shown[n].Load())
		seen := l.seen[n].Load()
		switch {
		case acked == 0 && seen == 0:
			f.Unanswered++
			continue
		case seen > hearers:
			f.Doubled += int64(seen - hearers)
		case acked > 0 && seen < hearers:
			f.Lost++
			continue
		}
		if acked > 0 {
			toAck = append(toAck, acked-due)
		}
		if shown > 0 {
			toShown = append(toShown, shown-due)
		}
	}
	return toAck, toShown
}
