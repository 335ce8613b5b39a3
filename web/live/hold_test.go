package live_test

import (
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"ponti/internal/bus"
)

// tape keeps what would have been published.
type tape struct {
	mu       sync.Mutex
	payloads map[string][][]byte
}

func (p *tape) Publish(channel string, payload []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.payloads == nil {
		p.payloads = map[string][][]byte{}
	}
	p.payloads[channel] = append(p.payloads[channel], payload)
}

// What comes in another order is put in order, and read from Postgres only when something stays missing.
func TestHold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, _, room := w.talking()
	p := w.connect(w.one, person)
	p.join(room, 0, "")
	heard := &tape{}
	writes := w.newDomains(heard)
	channel := bus.Room(room.String())

	for i := range 20 {
		w.post(writes, person, room, strconv.Itoa(i))
	}
	backwards := slices.Clone(heard.payloads[channel])
	slices.Reverse(backwards)
	for _, payload := range backwards {
		w.other.bus.Publish(channel, payload)
	}
	for i := range 20 {
		require.EqualValues(t, i+1, p.within(converge, "message", says(strconv.Itoa(i)))["seq"])
	}

	w.post(writes, person, room, "nobody hears this one")
	w.post(writes, person, room, "but the next")
	last := heard.payloads[channel]
	w.other.bus.Publish(channel, last[len(last)-1])
	require.EqualValues(t, 21, p.within(converge, "message", says("nobody hears this one"))["seq"])
	require.EqualValues(t, 22, p.within(converge, "message", says("but the next"))["seq"])
}
