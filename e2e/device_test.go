package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"ponti/internal/history"
	"ponti/web/wire"
)

// device is one open window: a socket, and behind it what a client of docs/protocol.md does. It connects again by itself, in
// turn to each instance; says where it stopped; sends again, under the same client id, what was not answered; shows each
// sequence once. Everything that happens goes into the history.
type device struct {
	name    string
	browser *browser
	places  []*instance // where it connects: to the first, and after a failure to the next
	history *history.History
	views   []wire.View

	mu      sync.Mutex // guards the rest
	conn    *websocket.Conn
	here    *instance // where the line goes
	room    string
	after   int64       // last sequence shown
	epoch   string      // of after
	welcome string      // epoch of this line
	live    bool        // caught up on this line
	outbox  []*outgoing // not answered yet, in order
	careful bool        // something was refused for now: the outbox leaves one by one
	again   int         // how often a message was sent that had been sent before
	lines   int         // how often a line was opened
	codes   []int       // close codes that were met
	next    *instance   // where the next line goes, if that was wished
	ended   bool        // it was told to stay away
	heard   []frame

	cancel context.CancelFunc
	done   chan struct{}
}

// outgoing is a message that was not answered yet.
type outgoing struct {
	cid, text string
	left      bool // it was sent, and no answer came yet
}

// frame is one frame as it came.
type frame struct {
	kind string
	data []byte
	at   time.Time
}

// Waiting before the next connection: full jitter, doubled to the last. The longest is shorter than in a browser, for what
// is measured is how fast Ponti has everything ready.
const (
	backoffFirst = 200 * time.Millisecond
	backoffLast  = 1500 * time.Millisecond
)

// openDevice opens a window on a room ("" for none) that lives to the end of the test.
func openDevice(t *testing.T, b *browser, name string, h *history.History, room string, places []*instance, views ...wire.View) *device {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	d := &device{name: name, browser: b, places: places, history: h, views: views, room: room, cancel: cancel, done: make(chan struct{})}
	go d.run(ctx)
	t.Cleanup(d.close)
	return d
}

// close shuts the window.
func (d *device) close() { d.cancel(); <-d.done }

func (d *device) run(ctx context.Context) {
	defer close(d.done)
	wait := backoffFirst
	for n := 0; ctx.Err() == nil; n++ {
		opened := time.Now()
		in := d.places[n%len(d.places)]
		if wanted := d.wanted(); wanted != nil {
			in = wanted
		}
		err := d.connect(ctx, in)
		if time.Since(opened) > 2*time.Second {
			wait = backoffFirst
		}
		pause := rand.N(wait)
		if ce, ok := errors.AsType[*websocket.CloseError](err); ok {
			d.mu.Lock()
			d.codes = append(d.codes, ce.Code)
			d.ended = !wire.ComeBack(ce.Code)
			d.mu.Unlock()
			var seconds float64
			if _, err := fmt.Sscanf(ce.Text, "retry_after=%f", &seconds); err == nil {
				pause = min(time.Duration(seconds*float64(time.Second)), backoffLast)
			}
			if d.stays() {
				return
			}
		}
		wait = min(2*wait, backoffLast)
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
}

// wanted is where the next line was wished to go, once.
func (d *device) wanted() *instance {
	d.mu.Lock()
	defer d.mu.Unlock()
	in := d.next
	d.next = nil
	return in
}

// connect opens a line and lives on it until it ends.
func (d *device) connect(ctx context.Context, in *instance) error {
	origin := d.browser.originAt(in)
	dialer := websocket.Dialer{HandshakeTimeout: 3 * time.Second, Jar: d.browser.client.Jar,
		NetDialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			address := in.listen
			if front := in.front.Load(); front != nil {
				address = front.Listen
			}
			return (&net.Dialer{Timeout: time.Second}).DialContext(ctx, network, address)
		}}
	header := http.Header{"Origin": {origin}, "Accept-Language": {"it"}}
	conn, res, err := dialer.DialContext(ctx, "ws"+origin[len("http"):]+"/live", header) //nolint:bodyclose // gorilla leaves nothing to close
	if err != nil {
		if res != nil && res.StatusCode == http.StatusUnauthorized {
			d.mu.Lock()
			d.ended = true
			d.mu.Unlock()
			d.cancel()
		}
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() }) // wakes the reader
	defer stop()
	defer conn.Close() //nolint:errcheck // it has ended
	d.mu.Lock()
	d.conn, d.here, d.live = conn, in, false
	d.lines++
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.conn, d.here, d.live = nil, nil, false
	}()
	for {
		// The server's heads come every few seconds; a line that is silent for longer is dead.
		if err := conn.SetReadDeadline(time.Now().Add(25 * time.Second)); err != nil {
			return err
		}
		_, data, err := conn.ReadMessage()
		if err != nil {
			return err
		}
		if err := d.take(data); err != nil {
			return err
		}
	}
}

// take does what one frame asks for.
func (d *device) take(data []byte) error {
	var head struct{ T string }
	if err := json.Unmarshal(data, &head); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.heard = append(d.heard, frame{head.T, data, time.Now()})
	switch head.T {
	case "welcome":
		return with(data, func(w wire.Welcome) error {
			d.welcome = w.Epoch
			return d.begin()
		})
	case "message":
		return with(data, d.show)
	case "caught_up":
		return with(data, d.caughtUp)
	case "ack":
		return with(data, func(a wire.Ack) error {
			d.history.Add(history.Event{Step: history.Acked, Device: d.name, CID: a.CID, Seq: a.Seq})
			d.outbox = slices.DeleteFunc(d.outbox, func(o *outgoing) bool { return o.cid == a.CID })
			if d.careful {
				return d.sendFirst()
			}
			return nil
		})
	case "refused":
		return with(data, d.refused)
	case "resync":
		d.after, d.epoch = 0, ""
		return d.join()
	case "heads":
		return with(data, func(h wire.Heads) error {
			if head, ok := h.Rooms[d.room]; ok {
				d.history.Add(history.Event{Step: history.Head, Device: d.name, Seq: head})
			}
			return nil
		})
	}
	return nil
}

func with[F any](data []byte, f func(F) error) error {
	var v F
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	return f(v)
}

// write sends one frame; d.mu is held, so frames leave one after the other.
func (d *device) write(fields map[string]any) error {
	if d.conn == nil {
		return nil
	}
	if err := d.conn.SetWriteDeadline(time.Now().Add(2 * time.Second)); err != nil {
		return err
	}
	return d.conn.WriteJSON(fields)
}

// begin follows the welcome: d.mu is held.
func (d *device) begin() error {
	for _, v := range d.views {
		if err := d.write(map[string]any{"t": "watch", "view": v}); err != nil {
			return err
		}
	}
	return d.join()
}

func (d *device) join() error {
	if d.room == "" {
		return nil
	}
	f := map[string]any{"t": "join", "room": d.room, "after": d.after}
	if d.epoch != "" {
		f["epoch"] = d.epoch
	}
	return d.write(f)
}

// show puts a message before whoever sits here; what was shown already is not shown again.
func (d *device) show(m wire.Message) error {
	if m.Room != d.room || m.Seq <= d.after {
		return nil
	}
	d.after, d.epoch = m.Seq, d.welcome
	d.history.Add(history.Event{Step: history.Shown, Device: d.name, CID: m.CID, Seq: m.Seq, Text: m.Text})
	return nil
}

func (d *device) caughtUp(c wire.CaughtUp) error {
	d.epoch, d.live, d.careful = c.Epoch, true, false
	d.history.Add(history.Event{Step: history.Head, Device: d.name, Seq: c.Head})
	for _, o := range d.outbox {
		if err := d.send(o); err != nil {
			return err
		}
	}
	return nil
}

func (d *device) refused(r wire.Refused) error {
	if r.CID == "" {
		if r.Later && r.Room == d.room {
			d.later(time.Second, d.join) // the past could not be read
		}
		return nil
	}
	i := slices.IndexFunc(d.outbox, func(o *outgoing) bool { return o.cid == r.CID })
	switch {
	case i < 0:
	case r.Later: // "not now": from here on one at a time, so that trying again is not what keeps it from working
		d.careful, d.outbox[i].left = true, false
		if i == 0 {
			d.later(time.Second, d.sendFirst)
		}
	default:
		d.history.Add(history.Event{Step: history.Refused, Device: d.name, CID: r.CID})
		d.outbox = slices.Delete(d.outbox, i, i+1)
	}
	return nil
}

// sendFirst sends the oldest message without an answer; when there is none, what comes next leaves at once again.
func (d *device) sendFirst() error {
	if len(d.outbox) == 0 {
		d.careful = false
		return nil
	}
	return d.send(d.outbox[0])
}

// later does something on this line after about a time. If it fails, the reader finds the line broken.
func (d *device) later(about time.Duration, f func() error) {
	conn := d.conn
	time.AfterFunc(about/2+rand.N(about), func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.conn == conn && conn != nil {
			_ = f()
		}
	})
}

func (d *device) send(o *outgoing) error {
	if o.left {
		d.again++
	}
	o.left = d.conn != nil
	return d.write(map[string]any{"t": "send", "room": d.room, "cid": o.cid, "text": o.text})
}

// say writes a message, with or without a line, and returns its client id.
func (d *device) say(text string) string {
	o := &outgoing{cid: uuid.NewString(), text: text}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.history.Add(history.Event{Step: history.Sent, Device: d.name, CID: o.cid, Text: text})
	d.outbox = append(d.outbox, o)
	if d.live && !d.careful {
		_ = d.send(o) // failing, the reader finds the line broken and it leaves on the next
	}
	return o.cid
}

// waiting is how many messages were not answered yet.
func (d *device) waiting() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.outbox)
}

func (d *device) stays() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ended
}

func (d *device) isLive() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.live
}

// opened is how many lines it had so far.
func (d *device) opened() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.lines
}

// repeated is how often it sent what it had sent before.
func (d *device) repeated() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.again
}

// met are the close codes so far.
func (d *device) met() []int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.codes)
}

// frames are those of some kinds that came so far; of all kinds when none is named.
func (d *device) frames(kinds ...string) []frame {
	d.mu.Lock()
	defer d.mu.Unlock()
	var list []frame
	for _, f := range d.heard {
		if len(kinds) == 0 || slices.Contains(kinds, f.kind) {
			list = append(list, f)
		}
	}
	return list
}

// awaitLive waits until it has caught up.
func (d *device) awaitLive(t *testing.T) {
	t.Helper()
	require.NoError(t, within(patience, func() error {
		if !d.isLive() {
			return fmt.Errorf("%s is not live; close codes met: %v", d.name, d.met())
		}
		return nil
	}))
}

// seen is the last sequence shown.
func (d *device) seen() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.after
}

// at is the instance its line goes to; nil when it has none.
func (d *device) at() *instance {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.here
}

// moveTo breaks the line, as a change of network does, and has the next one go to an instance.
func (d *device) moveTo(in *instance) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.next = in
	if d.conn != nil {
		_ = d.conn.Close() // its reader notices
	}
}
