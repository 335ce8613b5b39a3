package live_test

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"ponti/account"
	"ponti/chat"
	"ponti/internal/history"
	"ponti/web/wire"
)

// modelDevice is a client of docs/protocol.md on a line in memory. It believes the server: what comes is shown as it comes,
// so that whatever comes twice or too early is seen.
type modelDevice struct {
	m     *model
	name  string
	actor account.Actor
	room  chat.RoomID
	first int // the instance it goes to first
	quit  chan struct{}
	done  chan struct{}

	mu      sync.Mutex // guards the rest; never held while anything waits
	line    *modelLine
	after   int64
	epoch   string // of after
	welcome string // of this line
	live    bool
	careful bool
	outbox  []*modelSend
	again   int           // messages sent again
	stalled chan struct{} // closed when it reads again
	ended   bool          // it was told not to come back
	heard   []modelFrame
	lastAt  time.Time // the last word of the room came
}

type modelSend struct {
	cid, text string
	left      bool
}

type modelLine struct {
	ws   *websocket.Conn
	out  chan map[string]any
	over chan struct{}
}

type modelFrame struct {
	T     string           `json:"t"`
	Room  string           `json:"room"`
	Seq   int64            `json:"seq"`
	CID   string           `json:"cid"`
	Text  string           `json:"text"`
	Head  int64            `json:"head"`
	Epoch string           `json:"epoch"`
	Later bool             `json:"later"`
	Rooms map[string]int64 `json:"rooms"`
}

func (m *model) device(name string, a account.Actor, room chat.RoomID, first int) *modelDevice {
	d := &modelDevice{m: m, name: name, actor: a, room: room, first: first, quit: make(chan struct{}), done: make(chan struct{})}
	m.devices = append(m.devices, d)
	go d.run()
	return d
}

func (d *modelDevice) run() {
	defer close(d.done)
	for n := d.first; ; n++ {
		d.connect(d.m.instances[n%len(d.m.instances)])
		select {
		case <-d.quit:
			return
		case <-time.After(time.Duration(rand.IntN(1200)) * time.Millisecond):
		}
		if d.over() {
			return
		}
	}
}

func (d *modelDevice) connect(in *modelInstance) {
	dialer := websocket.Dialer{NetDial: func(string, string) (net.Conn, error) { return in.dial() }, HandshakeTimeout: 2 * time.Second}
	ws, answer, err := dialer.Dial("ws://ponti/live", http.Header{"Origin": {"http://ponti"}, "X-Session": {d.actor.Session.String()}})
	if answer != nil {
		_ = answer.Body.Close()
	}
	if err != nil {
		return
	}
	l := &modelLine{ws: ws, out: make(chan map[string]any, 1000), over: make(chan struct{})}
	ws.SetPingHandler(func(string) error { l.out <- nil; return nil })
	var writer sync.WaitGroup
	writer.Go(func() { l.write() })
	d.mu.Lock()
	d.line, d.live, d.careful = l, false, false
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		d.line, d.live = nil, false
		d.mu.Unlock()
		close(l.over)
		_ = ws.Close()
		writer.Wait()
	}()
	for {
		select {
		case <-d.quit: // close found no line to break
			return
		default:
		}
		d.waitIfStalled()
		if ws.SetReadDeadline(time.Now().Add(25*time.Second)) != nil {
			return
		}
		_, data, err := ws.ReadMessage()
		if err != nil {
			if ce, ok := errors.AsType[*websocket.CloseError](err); ok && !wire.ComeBack(ce.Code) {
				d.mu.Lock()
				d.ended = true
				d.mu.Unlock()
			}
			return
		}
		var f modelFrame
		if json.Unmarshal(data, &f) != nil {
			return
		}
		d.take(f)
	}
}

// write is the one goroutine that writes; nil is a pong.
func (l *modelLine) write() {
	for {
		select {
		case <-l.over:
			return
		case f := <-l.out:
			var err error
			if f == nil {
				err = l.ws.WriteMessage(websocket.PongMessage, nil)
			} else {
				err = l.ws.WriteJSON(f)
			}
			if err != nil {
				_ = l.ws.Close() // the reader notices
				return
			}
		}
	}
}

// take does what a frame asks for.
func (d *modelDevice) take(f modelFrame) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.heard = append(d.heard, f)
	if _, told := f.Rooms[d.room.String()]; told || f.Room == d.room.String() && f.T != "refused" {
		d.lastAt = time.Now()
	}
	switch f.T {
	case "welcome":
		d.welcome = f.Epoch
		d.join()
	case "message":
		d.after, d.epoch = f.Seq, d.welcome
		d.m.history.Add(history.Event{Step: history.Shown, Device: d.name, CID: f.CID, Seq: f.Seq, Text: f.Text})
	case "caught_up":
		d.epoch, d.live, d.careful = f.Epoch, true, false
		d.m.history.Add(history.Event{Step: history.Head, Device: d.name, Seq: f.Head})
		for _, o := range d.outbox {
			d.send(o)
		}
	case "ack":
		d.m.history.Add(history.Event{Step: history.Acked, Device: d.name, CID: f.CID, Seq: f.Seq})
		d.outbox = slices.DeleteFunc(d.outbox, func(o *modelSend) bool { return o.cid == f.CID })
		if d.careful {
			d.sendFirst()
		}
	case "heads":
		if head, ok := f.Rooms[d.room.String()]; ok {
			d.m.history.Add(history.Event{Step: history.Head, Device: d.name, Seq: head})
		}
	case "resync":
		d.after, d.epoch = 0, ""
		d.join()
	case "refused":
		d.refused(f)
	}
}

func (d *modelDevice) refused(f modelFrame) {
	if f.CID == "" {
		if f.Later {
			d.later(d.join)
		} else {
			d.live = false
		}
		return
	}
	i := slices.IndexFunc(d.outbox, func(o *modelSend) bool { return o.cid == f.CID })
	switch {
	case i < 0:
	case f.Later:
		d.careful, d.outbox[i].left = true, false
		if i == 0 {
			d.later(d.sendFirst)
		}
	default:
		d.m.history.Add(history.Event{Step: history.Refused, Device: d.name, CID: f.CID})
		d.outbox = slices.Delete(d.outbox, i, i+1)
	}
}

func (d *modelDevice) later(f func()) {
	l := d.line
	time.AfterFunc(time.Duration(300+rand.IntN(500))*time.Millisecond, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if l != nil && d.line == l {
			f()
		}
	})
}

func (d *modelDevice) join() {
	f := map[string]any{"t": "join", "room": d.room.String(), "after": d.after}
	if d.epoch != "" {
		f["epoch"] = d.epoch
	}
	d.put(f)
}

func (d *modelDevice) sendFirst() {
	if len(d.outbox) == 0 {
		d.careful = false
		return
	}
	d.send(d.outbox[0])
}

func (d *modelDevice) send(o *modelSend) {
	if o.left {
		d.again++
	}
	o.left = true
	d.put(map[string]any{"t": "send", "room": d.room.String(), "cid": o.cid, "text": o.text})
}

func (d *modelDevice) put(f map[string]any) {
	if d.line != nil {
		select {
		case d.line.out <- f:
		default: // far behind: the line is as good as dead
			_ = d.line.ws.Close()
		}
	}
}

// say writes a message, with or without a line.
func (d *modelDevice) say(text string) {
	o := &modelSend{cid: newCID(), text: text}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.m.history.Add(history.Event{Step: history.Sent, Device: d.name, CID: o.cid, Text: text})
	d.outbox = append(d.outbox, o)
	if d.live && !d.careful {
		d.send(o)
	}
}

// breakLine ends the line as a change of network does.
func (d *modelDevice) breakLine() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.line != nil {
		_ = d.line.ws.Close()
	}
}

// stall has the device read nothing until resume, or until a while is over.
func (d *modelDevice) stall(while time.Duration) {
	d.resume()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stalled = make(chan struct{})
	time.AfterFunc(while, d.resume)
}

func (d *modelDevice) resume() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stalled != nil {
		close(d.stalled)
		d.stalled = nil
	}
}

func (d *modelDevice) waitIfStalled() {
	d.mu.Lock()
	stalled := d.stalled
	d.mu.Unlock()
	if stalled != nil {
		<-stalled
	}
}

func (d *modelDevice) over() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ended
}

func (d *modelDevice) state() (seen int64, waiting, again int, live bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.after, len(d.outbox), d.again, d.live
}

// close shuts the window.
func (d *modelDevice) close() {
	close(d.quit)
	d.resume()
	d.breakLine()
	<-d.done
}
