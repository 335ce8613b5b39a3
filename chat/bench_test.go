package chat_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ponti/chat"
)

// BenchmarkPostMessage is one sender in one room: triage, sealing, one transaction, the sealed event.
func BenchmarkPostMessage(b *testing.B) {
	w := newWorld(b)
	person, _, room := w.talking()
	for b.Loop() {
		_, err := w.chat.PostMessage(w.ctx, person, chat.Post{Room: room, CID: newCID(), Text: "Oggi è stata una giornata lunga, ma sono riuscito a uscire un po'."})
		require.NoError(b, err)
	}
}
