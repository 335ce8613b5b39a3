package live_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/chat"
)

// TestWhispers_never_reach_the_person's_wire: whatever the person's devices ask for while an ESP and a tutor whisper, no frame of theirs holds a word of it, nor that there
// is any. The ESP's hear that something changed, and no word either.
func TestWhispers_never_reach_the_persons_wire(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	stranger := w.someone(account.RoleGuest)
	var theirs []*client
	for _, c := range []*client{w.connect(w.one, person), w.connect(w.other, person)} {
		c.join(room, 0, "")
		theirs = append(theirs, c)
	}
	theirs = append(theirs, w.connect(w.other, stranger))
	hers := w.connect(w.other, esp)
	hers.join(room, 0, "")
	hers.next("state", nil)

	const secret = "sussurro"
	r := rand.New(rand.NewPCG(20261129, 1))
	for i := range 120 {
		c := theirs[r.IntN(len(theirs))]
		switch r.IntN(11) {
		case 0:
			require.NoError(t, w.one.chat.WhisperToTutor(t.Context(), esp, room, fmt.Sprint(secret, i), newCID()))
			hers.next("state", func(f map[string]any) bool { return f["whispers"] != nil })
		case 1:
			_ = w.other.chat.AnswerWhisper(t.Context(), w.tutor, room, fmt.Sprint(secret, i), newCID()) // refused before the first was asked
		case 2:
			_, _ = w.one.chat.Whispers(t.Context(), w.tutor, room) // the same
		case 3:
			w.post(w.one, esp, room, fmt.Sprint("ad alta voce ", i))
		case 4:
			c.send(map[string]any{"t": "join", "room": room.String(), "after": r.IntN(3), "epoch": c.epoch()})
		case 5:
			c.send(map[string]any{"t": "watch", "view": []string{"waiting", "notices", "console", "desk"}[r.IntN(4)]})
		case 6:
			c.send(map[string]any{"t": "read", "room": room.String(), "seq": r.IntN(5)})
		case 7:
			c.send(map[string]any{"t": "follow", "thread": room.String(), "from": 0, "known": ""})
		case 8:
			c.send(map[string]any{"t": "typing", "room": room.String()})
		case 9:
			require.NoError(t, w.one.chat.AskSecondLook(t.Context(), esp, room, fmt.Sprint(secret, " bozza ", i), newCID()))
		case 10:
			_ = w.other.chat.AnswerDraft(t.Context(), w.tutor, room, fmt.Sprint(secret, " meglio ", i), newCID()) // as above
		}
	}
	require.NoError(t, w.one.chat.WhisperToTutor(t.Context(), esp, room, secret+" ultimo", newCID()))
	w.post(w.one, esp, room, "alla fine")
	for _, c := range theirs[:2] {
		c.join(room, 0, "")
		c.next("message", says("alla fine"))
	}
	for _, c := range theirs {
		c.drain()
		assert.NotContains(t, c.everything(), secret)
		assert.NotContains(t, c.everything(), "hisper")
	}
	assert.Contains(t, hers.everything(), `"whispers":`, "the ESP hears that there is something, so that this test would find it")
	assert.NotContains(t, hers.everything(), secret, "what it is comes with her page")
	l, err := w.one.chat.Whispers(t.Context(), esp, room)
	require.NoError(t, err)
	assert.Greater(t, len(l.List), 5)
	_, err = w.one.chat.Whispers(t.Context(), person, room)
	assert.ErrorIs(t, err, chat.ErrNotFound)
}
