package live

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/chat"
	"ponti/internal/ids"
)

// TestForget: rooms without lines are kept for a minute, so many and each so large, and no longer.
func TestForget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, _ := newPiped(t)
		left := func(loaded bool) *room {
			h.mu.Lock()
			defer h.mu.Unlock()
			r := &room{id: chat.RoomID(ids.New[chat.RoomView]()), loaded: loaded}
			h.rooms[r.id] = r
			r.mu.Lock()
			defer r.mu.Unlock()
			h.linger(r)
			h.linger(r) // twice is once
			return r
		}
		held := func() int {
			h.mu.Lock()
			defer h.mu.Unlock()
			require.Equal(t, len(h.rooms), h.lingering)
			return h.lingering
		}
		left(false)
		assert.Zero(t, held(), "one that was never heard is forgotten at once")
		for range maxLinger {
			left(true)
		}
		assert.Equal(t, maxLinger, held())
		left(true)
		assert.Equal(t, maxLinger, held(), "one too many")
		assert.Zero(t, h.heardRooms())
		<-time.After(lingerFor)
		assert.Equal(t, maxLinger, held())
		<-time.After(2 * time.Second)
		assert.Zero(t, held())

		r := left(true)
		r.mu.Lock()
		defer r.mu.Unlock()
		for i := range int64(ringFrames) {
			h.send(r, chat.Message{Seq: i + 1, Kind: chat.Text, Text: string(make([]byte, 4000))})
		}
		size := 0
		for _, k := range r.ring {
			size += len(k.data)
		}
		assert.LessOrEqual(t, size, lingerBytes)
		assert.EqualValues(t, ringFrames, r.ring[len(r.ring)-1].seq, "the latest stay")
	})
}
