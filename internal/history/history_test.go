package history

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCheck breaks a history in every way there is: a checker that finds nothing proves nothing.
func TestCheck(t *testing.T) {
	t.Parallel()
	sound := func() ([]Event, []Row) {
		return []Event{
				{Step: Sent, Device: "a", CID: "x", Text: "uno"},
				{Step: Acked, Device: "a", CID: "x", Seq: 1},
				{Step: Sent, Device: "b", CID: "y", Text: "due"},
				{Step: Shown, Device: "a", CID: "x", Seq: 1, Text: "uno"},
				{Step: Shown, Device: "b", CID: "x", Seq: 1, Text: "uno"},
				{Step: Head, Device: "a", Seq: 1},
				{Step: Acked, Device: "b", CID: "y", Seq: 2},
				{Step: Acked, Device: "b", CID: "y", Seq: 2}, // the answer to the same message sent again
				{Step: Shown, Device: "b", CID: "y", Seq: 2, Text: "due"},
				{Step: Shown, Device: "a", CID: "y", Seq: 2, Text: "due"},
				{Step: Head, Device: "a", Seq: 2},
			},
			[]Row{{Seq: 1, CID: "x", Text: "uno"}, {Seq: 2, CID: "y", Text: "due"}}
	}
	for name, breakIt := range map[string]func(e *[]Event, s *[]Row){
		"": func(*[]Event, *[]Row) {},
		Lost: func(e *[]Event, _ *[]Row) {
			*e = append(*e, Event{Step: Sent, Device: "a", CID: "z"}, Event{Step: Acked, Device: "a", CID: "z", Seq: 3})
		},
		Duplicate: func(_ *[]Event, s *[]Row) { *s = append(*s, Row{Seq: 3, CID: "x", Text: "uno"}) },
		Phantom: func(e *[]Event, _ *[]Row) {
			*e = append(*e, Event{Step: Refused, Device: "b", CID: "y"})
		},
		SeqHole:     func(_ *[]Event, s *[]Row) { (*s)[1].Seq = 3 },
		SeqBack:     func(e *[]Event, _ *[]Row) { *e = append(*e, Event{Step: Head, Device: "a", Seq: 1}) },
		AckMismatch: func(e *[]Event, _ *[]Row) { (*e)[6].Seq = 3 },
		Disagree:    func(e *[]Event, _ *[]Row) { (*e)[4].CID = "y" },
		Order: func(e *[]Event, _ *[]Row) {
			(*e)[1].CID, (*e)[6].CID, (*e)[7].CID = "y", "x", "x"
			(*e)[0], (*e)[2] = Event{Step: Sent, Device: "b", CID: "y", Text: "due"}, Event{Step: Sent, Device: "a", CID: "x", Text: "uno"}
			(*e)[1].Seq, (*e)[6].Seq, (*e)[7].Seq = 2, 1, 1
		},
		ViewOrder:   func(e *[]Event, _ *[]Row) { *e = append(*e, (*e)[4]) },
		ViewMissing: func(e *[]Event, _ *[]Row) { *e = slices.Delete(*e, 9, 10) },
		ViewText:    func(e *[]Event, _ *[]Row) { (*e)[9].Text = "tre" },
	} {
		t.Run("finds_"+name, func(t *testing.T) {
			t.Parallel()
			events, rows := sound()
			breakIt(&events, &rows)
			found := Check(events, rows, []string{"a", "b"})
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
		found := Check(events, append(rows, Row{Seq: 3, CID: "z", Text: "tre"}), nil)
		require.Equal(t, []string{"phantom: 3 was sent by nobody"}, found)
	})
	t.Run("finds_lost_that_was_only_shown", func(t *testing.T) {
		t.Parallel()
		events, rows := sound()
		found := Check(append(events, Event{Step: Shown, Device: "a", CID: "z", Seq: 3}), rows, nil)
		require.Equal(t, []string{"lost: a was shown 3"}, found)
	})
}
