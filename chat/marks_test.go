package chat_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/chat"
	"ponti/internal/ids"
	"ponti/moderation/triage"
)

// TestMarks: each change of what Room tells of a conversation makes another mark, and nothing else does; the head and what was read are told beside it.
func TestMarks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	_, _, quiet := w.talking()
	unknown := chat.RoomID(ids.New[chat.RoomView]())
	mark := func() string {
		t.Helper()
		m, err := w.chat.Marks(w.ctx, []chat.RoomID{room, quiet, unknown})
		require.NoError(t, err)
		require.Len(t, m, 2)
		require.NotEmpty(t, m[quiet].Mark)
		heads, err := w.chat.Heads(w.ctx, []chat.RoomID{room})
		require.NoError(t, err)
		require.Equal(t, heads[room], m[room].Head)
		read, err := w.chat.ReadUpTo(w.ctx, []chat.RoomID{room})
		require.NoError(t, err)
		for n, seq := range m[room].Read {
			require.Equal(t, read[room][n], seq)
		}
		return m[room].Mark
	}
	before, still := mark(), mark()
	require.Equal(t, before, still)
	m, err := w.chat.Marks(w.ctx, []chat.RoomID{quiet})
	require.NoError(t, err)
	alone := m[quiet]
	require.Equal(t, map[int16]int64{1: 0, 2: 0}, alone.Read)
	for _, c := range []struct {
		what string
		act  func() error
	}{
		{"a word", func() error { w.post(person, room, "Buongiorno."); return nil }},
		{"a look into it", func() error { _, err := w.chat.Room(w.ctx, esp, room); return err }},
		{"that it was read", func() error {
			_, err := w.chat.MarkRead(w.ctx, chat.Mark{Room: room, Account: esp.ID, Seq: 1})
			return err
		}},
	} {
		require.NoError(t, c.act(), c.what)
		assert.Equal(t, before, mark(), "%s changes nothing of how it stands", c.what)
	}
	for _, c := range []struct {
		what string
		act  func() error
	}{
		{"whispered", func() error { return w.chat.WhisperToTutor(w.ctx, esp, room, "Una mano.", newCID()) }},
		{"the whisper seen", func() error { _, err := w.chat.Whispers(w.ctx, w.tutor, room); return err }},
		{"answered", func() error { return w.chat.AnswerWhisper(w.ctx, w.tutor, room, "Eccola.", newCID()) }},
		{"given to read", func() error { return w.chat.Give(w.ctx, esp, room, "chi-e-un-esp") }},
		{"the end is near", func() error {
			w.exec(`update chat_rooms set ends_at = now() + $2::interval where id = $1`, room, 5*time.Minute)
			return nil
		}},
		{"more time asked", func() error { return w.chat.AskForMoreTime(w.ctx, esp, room) }},
		{"more time given", func() error { return w.chat.AskForMoreTime(w.ctx, person, room) }},
		{"an alarm", func() error { return w.chat.FlagConversation(w.ctx, esp, room, triage.Amber) }},
		{"a louder one", func() error { return w.chat.FlagConversation(w.ctx, esp, room, triage.Red) }},
		{"routed, seen and closed", func() error { w.route(room, w.tutor); w.close(w.tutor); return nil }},
		{"ended", func() error { return w.chat.EndConversation(w.ctx, esp, room) }},
	} {
		require.NoError(t, c.act(), c.what)
		now := mark()
		assert.NotEqual(t, before, now, c.what)
		before = now
	}
	m, err = w.chat.Marks(w.ctx, []chat.RoomID{quiet})
	require.NoError(t, err)
	assert.Equal(t, alone, m[quiet], "what happens elsewhere changes nothing here")
}
