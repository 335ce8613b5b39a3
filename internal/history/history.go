// Package history holds what the devices of a room met against what is stored of it, and names everything that should not be.
// It knows nothing of Ponti. Tests that break things under conversations use it: those of web/live in one process, and those
// of e2e with real ones.
package history

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// Step says what happened at a device.
type Step string

// The steps of a history.
const (
	Sent    Step = "sent"    // a message is about to leave for the first time
	Acked   Step = "acked"   // the device was told that its message is stored
	Refused Step = "refused" // the device was told that its message is not stored and never will be
	Shown   Step = "shown"   // a message was put before whoever sits at the device
	Head    Step = "head"    // the device was told the last sequence of the room
)

// Event is one line of a history. Its place in the history is its place in time: it is written after what it tells of an
// answer, and before what it tells of a question.
type Event struct {
	Step   Step
	Device string
	CID    string
	Seq    int64
	Text   string
	At     time.Time // set by Add
}

// History is what all devices of one room met, in the order of time.
type History struct {
	mu     sync.Mutex
	events []Event // guarded by mu
}

// Add appends an event.
func (h *History) Add(e Event) {
	e.At = time.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, e)
}

// All is the history up to now.
func (h *History) All() []Event {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.events)
}

// Count says how often a step was made, by whomever.
func (h *History) Count(s Step) (n int) {
	for _, e := range h.All() {
		if e.Step == s {
			n++
		}
	}
	return n
}

// Row is one message as the database has it.
type Row struct {
	Seq  int64
	CID  string
	Text string // as a reader who was never there before is shown it
	Own  bool   // Ponti wrote it itself: somebody joined, or the conversation ended
}

// The names of what may be wrong with a history. Each breaks a promise of invariant I1.
const (
	Lost        = "lost"         // acknowledged or shown, and not stored
	Duplicate   = "duplicate"    // stored twice
	Phantom     = "phantom"      // stored, though nobody sent it or its sender was refused
	SeqHole     = "seq-hole"     // the stored sequence is not 1, 2, 3 …
	SeqBack     = "seq-back"     // a device was told a head below one it was told before
	AckMismatch = "ack-mismatch" // the acknowledgement named another sequence than the stored one, or two of them
	Disagree    = "disagree"     // two devices were shown different messages under one sequence
	Order       = "order"        // acknowledged before another was sent, and stored behind it
	ViewOrder   = "view-order"   // a device was shown a message before the one that precedes it, or twice
	ViewMissing = "view-missing" // a device was never shown a stored message
	ViewText    = "view-text"    // what was shown is not what was written
)

// Check holds a history against what is stored. watching are the devices that were there to the end: they must have been
// shown everything. It returns one line for each anomaly, which begins with its name.
func Check(events []Event, rows []Row, watching []string) []string {
	c := &checker{sent: map[string]Event{}, refused: map[string]bool{}, seqOf: map[string]int64{}, bySeq: map[int64]Row{}, shown: map[string]int64{}, heads: map[string]int64{}}
	for _, e := range events {
		switch e.Step {
		case Sent:
			c.sent[e.CID] = e
		case Refused:
			c.refused[e.CID] = true
		default:
		}
	}
	c.checkStored(rows)
	c.checkOrder(events)
	atSeq := map[int64]Event{}
	for _, e := range events {
		switch e.Step {
		case Acked:
			c.checkAck(e)
		case Shown:
			c.checkShown(e, atSeq)
		case Head:
			if e.Seq < c.heads[e.Device] {
				c.found(SeqBack, "%s was told %d after %d", e.Device, e.Seq, c.heads[e.Device])
			}
			c.heads[e.Device] = max(c.heads[e.Device], e.Seq)
		default:
		}
	}
	for _, d := range watching {
		if last := int64(len(rows)); c.shown[d] < last {
			c.found(ViewMissing, "%s was shown %d of %d", d, c.shown[d], last)
		}
	}
	return c.anomalies
}

// checker holds what check knows so far.
type checker struct {
	sent      map[string]Event // by client id
	refused   map[string]bool
	seqOf     map[string]int64 // stored sequence of each client id
	bySeq     map[int64]Row
	shown     map[string]int64 // last sequence each device was shown
	heads     map[string]int64
	anomalies []string
}

func (c *checker) found(name, format string, args ...any) {
	c.anomalies = append(c.anomalies, name+": "+fmt.Sprintf(format, args...))
}

func (c *checker) checkStored(rows []Row) {
	for i, r := range rows {
		if r.Seq != int64(i)+1 {
			c.found(SeqHole, "%d stands in place %d", r.Seq, i+1)
		}
		if first, twice := c.seqOf[r.CID]; twice {
			c.found(Duplicate, "%s is stored as %d and %d", r.CID, first, r.Seq)
			continue
		}
		c.seqOf[r.CID], c.bySeq[r.Seq] = r.Seq, r
		switch sent, ok := c.sent[r.CID]; {
		case r.Own:
		case !ok:
			c.found(Phantom, "%d was sent by nobody", r.Seq)
		case c.refused[r.CID]:
			c.found(Phantom, "%d was refused", r.Seq)
		case sent.Text != r.Text:
			c.found(ViewText, "%d reads %q, written was %q", r.Seq, r.Text, sent.Text)
		}
	}
}

func (c *checker) checkAck(e Event) {
	switch seq, ok := c.seqOf[e.CID]; {
	case !ok:
		c.found(Lost, "%s was acknowledged as %d", e.CID, e.Seq)
	case seq != e.Seq:
		c.found(AckMismatch, "%s is stored as %d, acknowledged as %d", e.CID, seq, e.Seq)
	}
}

func (c *checker) checkShown(e Event, atSeq map[int64]Event) {
	if last := c.shown[e.Device]; e.Seq != last+1 {
		c.found(ViewOrder, "%s was shown %d after %d", e.Device, e.Seq, last)
	}
	c.shown[e.Device] = max(c.shown[e.Device], e.Seq)
	switch row, ok := c.bySeq[e.Seq]; {
	case !ok:
		c.found(Lost, "%s was shown %d", e.Device, e.Seq)
	case row.CID == e.CID && row.Text != e.Text:
		c.found(ViewText, "%s was shown %q as %d", e.Device, e.Text, e.Seq)
	}
	if other, ok := atSeq[e.Seq]; ok && other.CID != e.CID {
		c.found(Disagree, "%s and %s were shown different messages as %d", other.Device, e.Device, e.Seq)
	}
	atSeq[e.Seq] = e
}

// checkOrder looks for a message that was acknowledged before another was sent and still stands behind it.
func (c *checker) checkOrder(events []Event) {
	var highest int64 // of all acknowledged so far
	for _, e := range events {
		seq, ok := c.seqOf[e.CID]
		switch {
		case !ok:
		case e.Step == Acked:
			highest = max(highest, seq)
		case e.Step == Sent && seq < highest:
			c.found(Order, "%d was sent after %d was acknowledged", seq, highest)
		}
	}
}
