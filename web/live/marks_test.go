package live_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/moderation/triage"
)

// TestQuietRooms: a conversation in which nothing happens is not read again and again for each who hears it, and still a change that nobody tells of shows.
func TestQuietRooms(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	p, e := w.connect(w.one, person), w.connect(w.one, esp)
	p.join(room, 0, "")
	e.join(room, 0, "")
	p.next("state", nil)
	e.next("state", nil)
	w.redis.Kill() // rooms are looked at more often
	compared := func(times int64) {
		t.Helper()
		was := w.one.faults.marks.Load()
		require.Eventually(t, func() bool { return w.one.faults.marks.Load() >= was+times }, 4*patience, patience/200)
	}
	compared(2) // what changed while they joined has been told
	quiet := func(times int64, why string) {
		t.Helper()
		read := w.one.faults.read.Load()
		compared(times)
		assert.LessOrEqual(t, w.one.faults.read.Load()-read, int64(2), "%s: once for each line, when a minute is over", why)
	}
	quiet(3, "nothing happened")

	require.NoError(t, w.quiet.chat.FlagConversation(t.Context(), esp, room, triage.Red))
	p.within(converge, "state", func(f map[string]any) bool { return f["care"] == "alerting" })
	e.within(converge, "state", func(f map[string]any) bool { return f["level"] == "red" })
	require.NoError(t, w.quiet.chat.WhisperToTutor(t.Context(), esp, room, "Una mano.", newCID()))
	e.within(converge, "state", func(f map[string]any) bool { return f["whispers"] != nil })
	assert.NotContains(t, p.everything(), "whispers")

	// What could not be asked is asked again; meanwhile nothing more is asked of a database in trouble.
	w.one.faults.noMarking.Store(true)
	compared(1)
	require.NoError(t, w.quiet.chat.AnswerWhisper(t.Context(), w.tutor, room, "Eccola.", newCID()))
	quiet(2, "it could not be asked")
	w.one.faults.noMarking.Store(false)
	e.within(converge, "state", func(f map[string]any) bool { return f["whispers"].(float64) >= 4 })
}
