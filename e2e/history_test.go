package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// step says what happened at a device.
type step string

// The steps of a history.
const (
	stepSent    step = "sent"    // a message is about to leave for the first time
	stepAcked   step = "acked"   // the device was told that its message is stored
	stepRefused step = "refused" // the device was told that its message is not stored and never will be
	stepShown   step = "shown"   // a message was put before whoever sits at the device
	stepHead    step = "head"    // the device was told the last sequence of the room
)

// event is one line of a history. Its place in the history is its place in time: it is written after what it tells of an
// answer, and before what it tells of a question.
type event struct {
	step   step
	device string
	cid    string
	seq    int64
	text   string
	at     time.Time
}

// history is what all devices of one room met, in the order of time.
type history struct {
	mu     sync.Mutex
	events []event // guarded by mu
}

func (h *history) add(e event) {
	e.at = time.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, e)
}

// all is the history up to now.
func (h *history) all() []event {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.events)
}

// count says how often a step was made, by whomever.
func (h *history) count(s step) (n int) {
	for _, e := range h.all() {
		if e.step == s {
			n++
		}
	}
	return n
}

// stored is one message as the database has it.
type stored struct {
	seq  int64
	cid  string
	text string // as a reader who was never there before is shown it
	own  bool   // Ponti wrote it itself: somebody joined, or the conversation ended
}

// storedIn reads which messages a room has; their texts are sealed and come from a reader.
func storedIn(t *testing.T, conn *pgx.Conn, room string, read []event) []stored {
	t.Helper()
	texts := map[int64]string{}
	for _, e := range read {
		if e.step == stepShown {
			texts[e.seq] = e.text
		}
	}
	rows, err := conn.Query(context.WithoutCancel(t.Context()), "select seq, cid, kind <> 'text' from chat_messages where room_id = $1 order by seq, cid", room)
	require.NoError(t, err)
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (s stored, err error) {
		err = row.Scan(&s.seq, &s.cid, &s.own)
		s.text = texts[s.seq]
		return s, err
	})
	require.NoError(t, err)
	return list
}

// The names of what may be wrong with a history. Each breaks a promise of invariant I1.
const (
	anomalyLost        = "lost"         // acknowledged or shown, and not stored
	anomalyDuplicate   = "duplicate"    // stored twice
	anomalyPhantom     = "phantom"      // stored, though nobody sent it or its sender was refused
	anomalySeqHole     = "seq-hole"     // the stored sequence is not 1, 2, 3 …
	anomalySeqBack     = "seq-back"     // a device was told a head below one it was told before
	anomalyAckMismatch = "ack-mismatch" // the acknowledgement named another sequence than the stored one, or two of them
	anomalyDisagree    = "disagree"     // two devices were shown different messages under one sequence
	anomalyOrder       = "order"        // acknowledged before another was sent, and stored behind it
	anomalyViewOrder   = "view-order"   // a device was shown a message before the one that precedes it, or twice
	anomalyViewMissing = "view-missing" // a device was never shown a stored message
	anomalyViewText    = "view-text"    // what was shown is not what was written
)

// check holds a history against what is stored. watching are the devices that were there to the end: they must have been
// shown everything. It returns one line for each anomaly, which begins with its name.
func check(events []event, rows []stored, watching []string) []string {
	c := &checker{sent: map[string]event{}, refused: map[string]bool{}, seqOf: map[string]int64{}, bySeq: map[int64]stored{}, shown: map[string]int64{}, heads: map[string]int64{}}
	for _, e := range events {
		switch e.step {
		case stepSent:
			c.sent[e.cid] = e
		case stepRefused:
			c.refused[e.cid] = true
		default:
		}
	}
	c.checkStored(rows)
	c.checkOrder(events)
	atSeq := map[int64]event{}
	for _, e := range events {
		switch e.step {
		case stepAcked:
			c.checkAck(e)
		case stepShown:
			c.checkShown(e, atSeq)
		case stepHead:
			if e.seq < c.heads[e.device] {
				c.found(anomalySeqBack, "%s was told %d after %d", e.device, e.seq, c.heads[e.device])
			}
			c.heads[e.device] = max(c.heads[e.device], e.seq)
		default:
		}
	}
	for _, d := range watching {
		if last := int64(len(rows)); c.shown[d] < last {
			c.found(anomalyViewMissing, "%s was shown %d of %d", d, c.shown[d], last)
		}
	}
	return c.anomalies
}

// checker holds what check knows so far.
type checker struct {
	sent      map[string]event // by client id
	refused   map[string]bool
	seqOf     map[string]int64 // stored sequence of each client id
	bySeq     map[int64]stored
	shown     map[string]int64 // last sequence each device was shown
	heads     map[string]int64
	anomalies []string
}

func (c *checker) found(name, format string, args ...any) {
	c.anomalies = append(c.anomalies, name+": "+fmt.Sprintf(format, args...))
}

func (c *checker) checkStored(rows []stored) {
	for i, r := range rows {
		if r.seq != int64(i)+1 {
			c.found(anomalySeqHole, "%d stands in place %d", r.seq, i+1)
		}
		if first, twice := c.seqOf[r.cid]; twice {
			c.found(anomalyDuplicate, "%s is stored as %d and %d", r.cid, first, r.seq)
			continue
		}
		c.seqOf[r.cid], c.bySeq[r.seq] = r.seq, r
		switch sent, ok := c.sent[r.cid]; {
		case r.own:
		case !ok:
			c.found(anomalyPhantom, "%d was sent by nobody", r.seq)
		case c.refused[r.cid]:
			c.found(anomalyPhantom, "%d was refused", r.seq)
		case sent.text != r.text:
			c.found(anomalyViewText, "%d reads %q, written was %q", r.seq, r.text, sent.text)
		}
	}
}

func (c *checker) checkAck(e event) {
	switch seq, ok := c.seqOf[e.cid]; {
	case !ok:
		c.found(anomalyLost, "%s was acknowledged as %d", e.cid, e.seq)
	case seq != e.seq:
		c.found(anomalyAckMismatch, "%s is stored as %d, acknowledged as %d", e.cid, seq, e.seq)
	}
}

func (c *checker) checkShown(e event, atSeq map[int64]event) {
	if last := c.shown[e.device]; e.seq != last+1 {
		c.found(anomalyViewOrder, "%s was shown %d after %d", e.device, e.seq, last)
	}
	c.shown[e.device] = max(c.shown[e.device], e.seq)
	switch row, ok := c.bySeq[e.seq]; {
	case !ok:
		c.found(anomalyLost, "%s was shown %d", e.device, e.seq)
	case row.cid == e.cid && row.text != e.text:
		c.found(anomalyViewText, "%s was shown %q as %d", e.device, e.text, e.seq)
	}
	if other, ok := atSeq[e.seq]; ok && other.cid != e.cid {
		c.found(anomalyDisagree, "%s and %s were shown different messages as %d", other.device, e.device, e.seq)
	}
	atSeq[e.seq] = e
}

// checkOrder looks for a message that was acknowledged before another was sent and still stands behind it.
func (c *checker) checkOrder(events []event) {
	var highest int64 // of all acknowledged so far
	for _, e := range events {
		seq, ok := c.seqOf[e.cid]
		switch {
		case !ok:
		case e.step == stepAcked:
			highest = max(highest, seq)
		case e.step == stepSent && seq < highest:
			c.found(anomalyOrder, "%d was sent after %d was acknowledged", seq, highest)
		}
	}
}

// TestCheck breaks a history in every way there is: a checker that finds nothing proves nothing.
func TestCheck(t *testing.T) {
	t.Parallel()
	sound := func() ([]event, []stored) {
		return []event{
				{step: stepSent, device: "a", cid: "x", text: "uno"},
				{step: stepAcked, device: "a", cid: "x", seq: 1},
				{step: stepSent, device: "b", cid: "y", text: "due"},
				{step: stepShown, device: "a", cid: "x", seq: 1, text: "uno"},
				{step: stepShown, device: "b", cid: "x", seq: 1, text: "uno"},
				{step: stepHead, device: "a", seq: 1},
				{step: stepAcked, device: "b", cid: "y", seq: 2},
				{step: stepAcked, device: "b", cid: "y", seq: 2}, // the answer to the same message sent again
				{step: stepShown, device: "b", cid: "y", seq: 2, text: "due"},
				{step: stepShown, device: "a", cid: "y", seq: 2, text: "due"},
				{step: stepHead, device: "a", seq: 2},
			},
			[]stored{{seq: 1, cid: "x", text: "uno"}, {seq: 2, cid: "y", text: "due"}}
	}
	for name, breakIt := range map[string]func(e *[]event, s *[]stored){
		"": func(*[]event, *[]stored) {},
		anomalyLost: func(e *[]event, _ *[]stored) {
			*e = append(*e, event{step: stepSent, device: "a", cid: "z"}, event{step: stepAcked, device: "a", cid: "z", seq: 3})
		},
		anomalyDuplicate: func(_ *[]event, s *[]stored) { *s = append(*s, stored{seq: 3, cid: "x", text: "uno"}) },
		anomalyPhantom: func(e *[]event, _ *[]stored) {
			*e = append(*e, event{step: stepRefused, device: "b", cid: "y"})
		},
		anomalySeqHole:     func(_ *[]event, s *[]stored) { (*s)[1].seq = 3 },
		anomalySeqBack:     func(e *[]event, _ *[]stored) { *e = append(*e, event{step: stepHead, device: "a", seq: 1}) },
		anomalyAckMismatch: func(e *[]event, _ *[]stored) { (*e)[6].seq = 3 },
		anomalyDisagree:    func(e *[]event, _ *[]stored) { (*e)[4].cid = "y" },
		anomalyOrder: func(e *[]event, _ *[]stored) {
			(*e)[1].cid, (*e)[6].cid, (*e)[7].cid = "y", "x", "x"
			(*e)[0], (*e)[2] = event{step: stepSent, device: "b", cid: "y", text: "due"}, event{step: stepSent, device: "a", cid: "x", text: "uno"}
			(*e)[1].seq, (*e)[6].seq, (*e)[7].seq = 2, 1, 1
		},
		anomalyViewOrder:   func(e *[]event, _ *[]stored) { *e = append(*e, (*e)[4]) },
		anomalyViewMissing: func(e *[]event, _ *[]stored) { *e = slices.Delete(*e, 9, 10) },
		anomalyViewText:    func(e *[]event, _ *[]stored) { (*e)[9].text = "tre" },
	} {
		t.Run("finds_"+name, func(t *testing.T) {
			t.Parallel()
			events, rows := sound()
			breakIt(&events, &rows)
			found := check(events, rows, []string{"a", "b"})
			if name == "" {
				require.Empty(t, found)
				return
			}
			require.True(t, slices.ContainsFunc(found, func(s string) bool { return strings.HasPrefix(s, name+": ") }), "found: %q", found)
		})
	}
	t.Run("finds_phantom_of_nobody", func(t *testing.T) {
		t.Parallel()
		events, rows := sound()
		found := check(events, append(rows, stored{seq: 3, cid: "z", text: "tre"}), nil)
		require.Equal(t, []string{"phantom: 3 was sent by nobody"}, found)
	})
	t.Run("finds_lost_that_was_only_shown", func(t *testing.T) {
		t.Parallel()
		events, rows := sound()
		found := check(append(events, event{step: stepShown, device: "a", cid: "z", seq: 3}), rows, nil)
		require.Equal(t, []string{"lost: a was shown 3"}, found)
	})
}
