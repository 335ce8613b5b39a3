package live_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ponti/chat"
)

// TestComingBack: who comes back to a room that stands as they knew it is given what they missed, and nothing is read anew for it but whether it stands so.
func TestComingBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	p, e := w.connect(w.one, person), w.connect(w.one, esp)
	epoch, _ := p.join(room, 0, "")["epoch"].(string)
	e.join(room, 0, "")
	seq := int64(0)
	missed := func(text string, in *instance) {
		t.Helper()
		w.post(in, esp, room, text)
		seq++
	}
	away := func() {
		t.Helper()
		require.NoError(t, p.ws.Close())
		require.NoError(t, e.ws.Close())
		require.Eventually(t, func() bool { return gauge(w.one.metrics, "ponti_live_rooms") == 0 }, patience, patience/500)
	}
	back := func(text string) map[string]any {
		t.Helper()
		p, e = w.connect(w.one, person), w.connect(w.one, esp)
		require.EqualValues(t, seq, e.join(room, seq, epoch)["head"])
		require.EqualValues(t, seq, p.join(room, seq-1, epoch)["head"])
		m := p.next("message", nil)
		require.EqualValues(t, seq, m["seq"])
		if text != "" {
			require.Equal(t, text, m["text"])
		}
		return m
	}

	away()
	missed("l'ha portato il bus", w.other)
	read := w.one.faults.read.Load()
	back("l'ha portato il bus")
	away()
	missed("il bus l'ha perso", w.quiet)
	back("il bus l'ha perso")
	require.Equal(t, read, w.one.faults.read.Load(), "the room was read anew")
	_, err := w.quiet.chat.MarkRead(t.Context(), chat.Mark{Room: room, Account: esp.ID, Seq: seq})
	require.NoError(t, err)
	away()
	missed("letto fin qui", w.other)
	back("letto fin qui")
	require.Equal(t, read, w.one.faults.read.Load(), "that somebody read is no reason")
	p.within(converge, "people", func(f map[string]any) bool {
		for _, one := range f["people"].([]any) {
			if one.(map[string]any)["read"] == float64(seq-1) {
				return true
			}
		}
		return false
	})

	// What changes meanwhile is read, whether a hint told of it or not.
	away()
	missed("il mio indirizzo", w.other)
	require.NoError(t, w.quiet.chat.MessageContent().Hide(t.Context(), w.pool, w.service, room.String()+"/4", "un dato personale", w.tutor.ID))
	require.Equal(t, true, back("")["hidden"])
	require.NotContains(t, p.everything(), "il mio indirizzo")
	away()
	require.NoError(t, w.quiet.chat.StepOut(t.Context(), esp, room, ""))
	e = w.connect(w.one, esp)
	e.send(map[string]any{"t": "join", "room": room.String(), "after": seq, "epoch": epoch})
	require.Equal(t, "error.not_found", e.next("refused", nil)["key"])
	p = w.connect(w.one, person)
	p.send(map[string]any{"t": "join", "room": room.String(), "after": seq, "epoch": epoch})
	require.Equal(t, "ended", p.next("state", nil)["state"])
	require.Greater(t, w.one.faults.read.Load(), read)
}
