package audit

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"ponti/internal/pg"
)

// Fault is something wrong with the chain.
type Fault struct {
	Rule   string // "edited", "dropped", "gap", "unlinked", "backdated" or "rewritten"
	Object string // "entry:id" or "link:n"
}

// mostFaults bounds what Check reports: more of them say no more.
const mostFaults = 100

// backdating is how much older than the work of the link before it an entry may be: transactions take seconds.
const backdating = 5 * time.Minute

// Check walks the chain from a place that was found well before, or from its beginning, and returns where it ends. Nobody is kept
// from writing meanwhile. What it names:
//
//	edited     the entry is not the one that was chained, or the link is not
//	dropped    the entry was chained, or waited for it, and is not there
//	gap        links are missing
//	unlinked   the entry is over a minute old and is not in the chain: put in by hand, or nothing links
//	backdated  the entry claims to be older than what was chained well before it
//	rewritten  the place that was found well before is another now
//
// Entries that never waited to be chained are found only by a walk from the beginning.
func Check(ctx context.Context, q pg.Querier, from Head) (Head, []Fault, error) {
	w := walk{q: q, head: from}
	err := w.run(ctx, from)
	if err != nil {
		return Head{}, nil, fmt.Errorf("audit: check: %w", pg.Classify(err))
	}
	return w.head, w.faults, nil
}

// walk is one Check under way.
type walk struct {
	q          pg.Querier
	head       Head
	faults     []Fault
	pass, last time.Time // when the pass before the present one linked, and the present one
}

func (w *walk) run(ctx context.Context, from Head) error {
	if from.N > 0 {
		known, err := selectLinkHash(ctx, w.q, from.N)
		if err != nil {
			return err
		}
		if !bytes.Equal(known, from.Hash[:]) {
			w.fault("rewritten", "link", from.N)
			return nil // what follows is of another history
		}
	}
	for len(w.faults) < mostFaults {
		links, err := selectLinks(ctx, w.q, w.head.N)
		if err != nil {
			return err
		}
		if len(links) == 0 {
			break
		}
		for _, l := range links {
			w.step(l)
		}
	}
	waiting, err := selectUnlinked(ctx, w.q)
	if err != nil {
		return err
	}
	w.faults = append(w.faults, waiting...)
	for after := int64(0); from.N == 0 && len(w.faults) < mostFaults; {
		ids, last, err := selectUnchained(ctx, w.q, after)
		if err != nil {
			return err
		}
		if last == 0 {
			break
		}
		for _, id := range ids {
			w.fault("unlinked", "entry", id)
		}
		after = last
	}
	w.faults = w.faults[:min(len(w.faults), mostFaults)]
	return nil
}

// step looks at one link. It goes on from the hash that is stored, so that each wrong entry is named and not all after it.
func (w *walk) step(l link) {
	if l.head.N != w.head.N+1 {
		w.fault("gap", "link", w.head.N+1)
	}
	if !l.linkedAt.Equal(w.last) {
		w.pass, w.last = w.last, l.linkedAt
	}
	switch {
	case l.record == nil:
		w.fault("dropped", "entry", l.entry)
	case l.head.N == w.head.N+1 && w.head.next(l.linkedAt, *l.record) != l.head:
		w.fault("edited", "entry", l.entry)
	case !w.pass.IsZero() && l.record.at.Before(w.pass.Add(-backdating)):
		w.fault("backdated", "entry", l.entry)
	}
	w.head = l.head
}

func (w *walk) fault(rule, kind string, id int64) {
	w.faults = append(w.faults, Fault{rule, fmt.Sprintf("%s:%d", kind, id)})
}
