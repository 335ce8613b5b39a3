package e2e

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ponti/internal/history"
	"ponti/web/wire"
)

// converged is how long after the last fault everybody must see everything.
const converged = 5 * time.Second

// conversation is one between a person, with two windows on two instances, and an ESP; and outsiders of every role who
// listen at the door.
type conversation struct {
	cluster     *cluster
	room        string
	history     *history.History
	person, esp *device
	second      *device
	guest       *browser
	helper      *browser
	outsiders   []*device
}

// outsider is somebody who has no business in the room.
type outsider struct{ host, alias string }

var outsiders = []outsider{
	{"localhost", "Vento di lago"}, {"localhost", "Zia Pina"}, {"localhost", "Nico"}, {"localhost", "Sara"}, {"localhost", "Teresa"},
	{"localhost", "Amelia"}, {"localhost", "Rocco"}, {otherService, "Abete"}, {otherService, "Ettore"},
}

// listeners signs the outsiders in, on all instances in turn.
func listeners(t *testing.T, c *cluster) []*browser {
	t.Helper()
	var all []*browser
	for i, o := range outsiders {
		all = append(all, signIn(t, c.instances[i%len(c.instances)], o.host, o.alias))
	}
	return all
}

// meet makes a conversation: the person at one instance asks, the ESP at another accepts, everybody opens their windows.
func meet(t *testing.T, person, esp *browser, others []*browser) *conversation {
	t.Helper()
	ask(t, person)
	k := &conversation{cluster: person.at.cluster, room: accept(t, esp), history: &history.History{}, guest: person, helper: esp}
	k.person = openDevice(t, person, "person", k.history, k.room, places(person.at), wire.Waiting)
	k.second = openDevice(t, person, "person's phone", k.history, k.room, places(esp.at))
	k.esp = openDevice(t, esp, "esp", k.history, k.room, places(esp.at), wire.Desk)
	for i, b := range others {
		k.outsiders = append(k.outsiders, openDevice(t, b, outsiders[i].alias, &history.History{}, k.room, places(b.at), wire.Waiting, wire.Desk, wire.Console, wire.Notices))
	}
	for _, d := range k.inside() {
		d.awaitLive(t)
	}
	t.Cleanup(func() {
		if !t.Failed() {
			leave(t, k.helper, k.room)
		}
	})
	return k
}

// inside are the windows of those who take part.
func (k *conversation) inside() []*device { return []*device{k.person, k.second, k.esp} }

// say writes a line that is unlike every other.
func (k *conversation) say(d *device, n int) string {
	return d.say(fmt.Sprintf("%s, riga %d di quelle che scrivo oggi: %s", d.name, n, canary)) // too long to be an answer, so nothing is looked back at
}

// canary stands in every message and nowhere else.
const canary = "il sole sul lago"

// talk has both sides write until the returned function is called. The person writes from both windows in turn. The pace
// keeps to what people are allowed.
func (k *conversation) talk() (stop func()) {
	return k.talkEvery(1300*time.Millisecond, 700*time.Millisecond)
}

// talkEvery is talk with other pauses.
func (k *conversation) talkEvery(person, esp time.Duration) (stop func()) {
	quit := make(chan struct{})
	var all sync.WaitGroup
	write := func(pause time.Duration, devices ...*device) {
		tick := time.NewTicker(pause)
		defer tick.Stop()
		for n := 1; ; n++ {
			k.say(devices[n%len(devices)], n)
			select {
			case <-tick.C:
			case <-quit:
				return
			}
		}
	}
	all.Go(func() { write(person, k.person, k.second) })
	all.Go(func() { write(esp, k.esp) })
	return sync.OnceFunc(func() { close(quit); all.Wait() })
}

// acked counts the messages acknowledged so far.
func (k *conversation) acked() int { return k.history.Count(history.Acked) }

// awaitAcks waits for so many more acknowledgements.
func (k *conversation) awaitAcks(t *testing.T, more int) {
	t.Helper()
	want := k.acked() + more
	require.NoError(t, within(patience, func() error {
		if n := k.acked(); n < want {
			return fmt.Errorf("%d of %d acknowledgements came", n, want)
		}
		return nil
	}))
}

// settle is called when the last fault has ended and nobody writes any more: within 5 s everything must be answered and
// everybody must have been shown everything. Then the history is held against the database, and the door against the outsiders.
func (k *conversation) settle(t *testing.T) {
	t.Helper()
	conn := k.cluster.connect(t)
	err := within(converged, func() error {
		var head int64
		if err := conn.QueryRow(t.Context(), "select last_seq from chat_rooms where id = $1", k.room).Scan(&head); err != nil {
			return err
		}
		for _, d := range k.inside() {
			if n := d.waiting(); n > 0 {
				return fmt.Errorf("%s still waits for %d answers", d.name, n)
			}
			if seen := d.seen(); seen < head {
				return fmt.Errorf("%s was shown %d of %d; lines %d, closed with %v", d.name, seen, head, d.opened(), d.met())
			}
		}
		return nil
	})
	require.NoError(t, err, "not everything is there %s after the last fault", converged)
	k.holdI1(t)
	k.holdDoor(t)
	k.cluster.holdInvariants(t)
}

// holdI1 has somebody come who was never there before, for what is stored, and looks for anomalies.
func (k *conversation) holdI1(t *testing.T) {
	t.Helper()
	late := &history.History{}
	reader := openDevice(t, k.helper, "reader", late, k.room, places(k.helper.at))
	reader.awaitLive(t)
	rows := storedIn(t, k.cluster.connect(t), k.room, late.All())
	require.GreaterOrEqual(t, len(rows), 4, "too little was said to prove anything")
	var watching []string
	for _, d := range k.inside() {
		watching = append(watching, d.name)
	}
	require.Empty(t, history.Check(k.history.All(), rows, watching))
	reader.close()
}

// holdDoor looks for anything that reached an outsider.
func (k *conversation) holdDoor(t *testing.T) {
	t.Helper()
	for _, d := range k.outsiders {
		frames := d.frames()
		require.True(t, len(frames) > 0 || d.stays(), "%s never listened", d.name)
		for _, f := range frames {
			text := string(f.data)
			require.NotContains(t, text, canary, "%s heard what was said", d.name)
			if f.kind != "refused" { // which repeats what the outsider asked for
				require.NotContains(t, text, k.room, "%s heard of the room", d.name)
			}
		}
		if d.stays() {
			continue
		}
		refused := d.frames("refused")
		require.NotEmpty(t, refused, "%s was not refused", d.name)
		real, err := d.browser.get("/rooms/" + k.room)
		require.NoError(t, err)
		none, err := d.browser.get("/rooms/" + strings.Repeat("0", 8) + k.room[8:])
		require.NoError(t, err)
		require.Equal(t, none.status, real.status, "%s can tell that the room exists", d.name)
		require.Equal(t, none.text("h1"), real.text("h1"), "%s can tell that the room exists", d.name)
		require.GreaterOrEqual(t, real.status, 400)
	}
}

// delays are how long after its acknowledgement each message was shown to the other side, of those acknowledged between two moments.
func (k *conversation) delays(from, to time.Time) []time.Duration {
	var list []time.Duration
	acks := map[string]history.Event{}
	for _, e := range k.history.All() {
		switch e.Step {
		case history.Acked:
			if _, again := acks[e.CID]; !again && e.At.After(from) && e.At.Before(to) {
				acks[e.CID] = e
			}
		case history.Shown:
			a, ok := acks[e.CID]
			if other := e.Device == k.esp.name != (a.Device == k.esp.name); ok && other && slices.ContainsFunc(k.inside(), func(d *device) bool { return d.name == e.Device }) {
				list = append(list, max(0, e.At.Sub(a.At)))
			}
		default:
		}
	}
	return list
}

// shownTo waits until a message was shown at a device, and returns when.
func (k *conversation) shownTo(t *testing.T, d *device, cid string, limit time.Duration) {
	t.Helper()
	require.NoError(t, within(limit, func() error {
		for _, e := range k.history.All() {
			if e.Step == history.Shown && e.Device == d.name && e.CID == cid {
				return nil
			}
		}
		return fmt.Errorf("the message was not shown to %s in %s", d.name, limit)
	}))
}
