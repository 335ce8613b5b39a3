package triage

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestAmbersWithinAnHour: faint signs add up while they are young, counted from the last; where nobody knows when something was said, it counts.
func TestAmbersWithinAnHour(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	begin := time.Date(2026, 3, 29, 1, 30, 0, 0, time.UTC)
	texts := []string{"sono un peso per tutti", "ho smesso di prendere i farmaci", "vorrei sparire e basta"}
	for name, c := range map[string]struct {
		after []time.Duration
		level Level
	}{
		"within":             {[]time.Duration{0, 30 * time.Minute, time.Hour}, Red},
		"one is older":       {[]time.Duration{0, 30 * time.Minute, time.Hour + time.Second}, Amber},
		"each an hour apart": {[]time.Duration{0, 50 * time.Minute, 100 * time.Minute}, Amber},
	} {
		var turns []Turn
		for i, text := range texts {
			turns = append(turns, Turn{Author: AuthorUser, Text: text, At: begin.Add(c.after[i])})
		}
		v, err := e.ReadTurns(turns)
		require.NoError(t, err)
		require.Equal(t, c.level, v.Level, name)
		turns[0].At = time.Time{}
		v, err = e.ReadLast(turns)
		require.NoError(t, err)
		require.Equal(t, c.after[2]-c.after[1] <= time.Hour, v.Level == Red, name)
	}
}

// TestReadLast: read turn by turn, a conversation says what it says read at once; and no turn means more than it does alone without Read having said
// that it may. So who stores messages one by one needs to look back only where Read says so.
func TestReadLast(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	var texts []string
	var conversations [][]Turn
	for _, name := range []string{"dev_functional.jsonl", "heldout.jsonl", "chat.jsonl", "probes.jsonl", "second.jsonl", "third.jsonl"} {
		for _, c := range readCases(t, name) {
			turns := c.conversation()
			conversations = append(conversations, turns)
			for _, turn := range turns {
				texts = append(texts, turn.Text)
			}
		}
	}
	random := rand.New(rand.NewPCG(3, 5))
	for range 2000 { // of whole texts, of their pieces, and of answers
		var turns []Turn
		for range 2 + random.IntN(8) {
			text := texts[random.IntN(len(texts))]
			words := strings.Fields(text)
			switch random.IntN(4) {
			case 0:
				turns = append(turns, Turn{Author: AuthorESP, Text: text})
			case 1:
				turns = append(turns, Turn{Author: AuthorUser, Text: text})
			case 2:
				cut := random.IntN(len(words) + 1)
				turns = append(turns, Turn{Author: AuthorUser, Text: strings.Join(words[:cut], " ")}, Turn{Author: AuthorUser, Text: strings.Join(words[cut:], " ")})
			default:
				turns = append(turns, Turn{Author: AuthorUser, Text: []string{"sì", "yes, I do", "no", "forse", "ok"}[random.IntN(5)]})
			}
		}
		conversations = append(conversations, turns)
	}
	more := 0
	for _, turns := range conversations {
		whole, err := e.ReadTurns(turns)
		require.NoError(t, err)
		highest := None
		for i := range turns {
			last, err := e.ReadLast(turns[:i+1])
			require.NoError(t, err)
			requireValidSpans(t, turns[i].Text, last)
			highest = max(highest, last.Level)
			if turns[i].Author == AuthorESP {
				continue
			}
			alone, err := e.Read(turns[i].Text)
			require.NoError(t, err)
			require.GreaterOrEqual(t, last.Level, alone.Level)
			if len(last.Reasons) > len(alone.Reasons) {
				more++
				require.True(t, alone.Continues, "%+v", turns[:i+1])
			}
		}
		require.Equal(t, whole.Level, highest, "%+v", turns)
	}
	require.Greater(t, more, 100, "conversations in which a turn completes something")
	empty, err := e.ReadLast(nil)
	require.NoError(t, err)
	require.Equal(t, None, empty.Level)
}
