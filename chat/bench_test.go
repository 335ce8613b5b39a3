package chat_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/chat"
)

const plain = "Oggi è stata una giornata lunga, ma sono riuscito a uscire un po'."

// BenchmarkPostMessage is one sender in one room: triage, sealing, one transaction, the sealed event.
func BenchmarkPostMessage(b *testing.B) {
	w := newWorld(b)
	person, _, room := w.talking()
	for b.Loop() {
		_, err := w.chat.PostMessage(w.ctx, person, chat.Post{Room: room, CID: newCID(), Text: plain})
		require.NoError(b, err)
	}
}

// BenchmarkPostMessage_many is 200 senders at once in 100 rooms, with the writers, with a transaction for each message, and with short ones,
// which are read with what was said before.
// The server of the tests does not wait for its disk, so the writers gain more in earnest.
func BenchmarkPostMessage_many(b *testing.B) {
	w := newWorld(b)
	type sender struct {
		who  account.Actor
		room chat.RoomID
	}
	var senders []sender
	for range 100 {
		person, esp, room := w.talking()
		senders = append(senders, sender{person, room}, sender{esp, room})
	}
	for _, way := range []struct {
		name, text string
		post       func(context.Context, account.Actor, chat.Post) (chat.Receipt, error)
	}{
		{"together", plain, w.chat.PostMessage},
		{"alone", plain, w.chat.PostAlone},
		{"in context", "non lo so", w.chat.PostMessage},
	} {
		b.Run(way.name, func(b *testing.B) {
			var next atomic.Int64
			b.SetParallelism(100)
			b.RunParallel(func(pb *testing.PB) {
				s := senders[int(next.Add(1))%len(senders)]
				for pb.Next() {
					_, err := way.post(w.ctx, s.who, chat.Post{Room: s.room, CID: newCID(), Text: way.text})
					assert.NoError(b, err)
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
		})
	}
}
