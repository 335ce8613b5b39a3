package live_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"ponti/chat"
)

// Who comes back after 5,000 messages is given all of them in order, and little of it waits in memory meanwhile (F35).
func TestLong_absence(t *testing.T) {
	t.Parallel()
	const many = 5000
	w := newWorld(t)
	person, esp, room := w.talking()
	p := w.connect(w.other, person)
	epoch := p.epoch()
	p.join(room, 0, "")
	require.NoError(t, p.ws.Close())

	begin := w.head(room)
	var writers sync.WaitGroup
	for i := range 50 {
		writers.Go(func() {
			for n := range many / 50 {
				_, err := w.one.chat.PostMessage(t.Context(), esp, chat.Post{Room: room, CID: newCID(), Text: fmt.Sprintf("riga %d di %d", n, i)})
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	writers.Wait()

	back := w.connect(w.other, person)
	quit, most := make(chan struct{}), make(chan float64, 1)
	go func() {
		highest := 0.0
		for {
			select {
			case <-quit:
				most <- highest
				return
			case <-time.After(time.Millisecond):
				highest = max(highest, gauge(w.other.metrics, "ponti_live_queue_bytes"))
			}
		}
	}()
	asked := time.Now()
	caught := back.join(room, begin, epoch)
	took := time.Since(asked)
	close(quit)
	require.EqualValues(t, begin+many, caught["head"])
	require.Less(t, <-most, float64(2<<20), "what waited for one who came back")
	next := begin
	for line := range strings.SplitSeq(back.everything(), "\n") {
		var f struct {
			T   string
			Seq int64
		}
		require.NoError(t, json.Unmarshal([]byte(line), &f))
		if f.T == "message" {
			next++
			require.Equal(t, next, f.Seq)
		}
	}
	require.EqualValues(t, begin+many, next)
	require.Less(t, took, patience)
}

func (w *world) head(room chat.RoomID) int64 {
	w.Helper()
	heads, err := w.one.chat.Heads(w.Context(), []chat.RoomID{room})
	require.NoError(w, err)
	return heads[room].Seq
}

func gauge(from *prometheus.Registry, name string) float64 {
	all, err := from.Gather()
	if err != nil {
		return 0
	}
	for _, f := range all {
		if f.GetName() == name {
			return f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	return 0
}
