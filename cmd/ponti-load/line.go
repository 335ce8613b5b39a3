package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"ponti/web/wire"
)

// line is one socket of a seat. Its reader counts what comes; whoever owns it sends.
type line struct {
	seat   seat
	server string
	ws     *websocket.Conn
	mu     sync.Mutex // of writing
	last   atomic.Int64
	epoch  string
	opened chan struct{} // closed when it has caught up
	once   sync.Once
	ended  chan struct{}
	heard  hearing
}

// hearing is what a line reports to. cid is the message's own; nil functions are not called.
type hearing struct {
	ack     func(cid []byte)
	message func(cid []byte, seq int64)
	refused func()
	gap     func() // a sequence that is not the next
	caught  func(head int64)
	changed func(data []byte) // a view; the whole frame
	state   func(data []byte) // a room; the whole frame
}

var dialer = websocket.Dialer{HandshakeTimeout: 30 * time.Second, ReadBufferSize: 1024, WriteBufferSize: 512, WriteBufferPool: &sync.Pool{}, NetDial: (&net.Dialer{Timeout: 30 * time.Second}).Dial}

// open dials, joins after a sequence, and reads until the line ends. Wait for opened.
func open(s seat, server string, after int64, epoch string, h hearing) (*line, error) {
	join, err := json.Marshal(map[string]any{"t": "join", "room": s.roomID, "after": after, "epoch": epoch})
	if err != nil {
		return nil, err
	}
	return dial(s, server, join, after, epoch, h)
}

// watch dials, asks to be told of a view, and reads until the line ends.
func watch(s seat, server string, view wire.View, h hearing) (*line, error) {
	return dial(s, server, []byte(`{"t":"watch","view":"`+string(view)+`"}`), 0, "", h)
}

// dial opens a line that begins with a frame.
func dial(s seat, server string, first []byte, after int64, epoch string, h hearing) (*line, error) {
	l := &line{seat: s, server: server, epoch: epoch, opened: make(chan struct{}), ended: make(chan struct{}), heard: h}
	l.last.Store(after)
	dialer := dialer
	if s.from != nil {
		dialer.NetDial, dialer.NetDialContext = nil, dialFrom(s.from)
	}
	ws, res, err := dialer.Dial("ws"+strings.TrimPrefix(server, "http")+"/live", http.Header{"Cookie": {s.cookies}, "Origin": {server}})
	if res != nil {
		_ = res.Body.Close() // the line itself is taken out of it
	}
	if err != nil {
		if res != nil {
			return nil, fmt.Errorf("%s: %w", res.Status, err)
		}
		return nil, err
	}
	l.ws = ws
	if err := l.write(first); err != nil {
		return nil, err
	}
	go l.read()
	return l, nil
}

// openPatiently is open for who may be asked to come back later: it tries again for a minute.
func openPatiently(ctx context.Context, s seat, server string, after int64, epoch string, h hearing) (*line, error) {
	began := time.Now()
	l, err := open(s, server, after, epoch, h)
	for wait := 100 * time.Millisecond; err != nil && ctx.Err() == nil && time.Since(began) < time.Minute; wait = min(2*wait, 2*time.Second) {
		pause(ctx, rand.N(wait)) //nolint:gosec // jitter
		l, err = open(s, server, after, epoch, h)
	}
	return l, err
}

func (l *line) write(frame []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.ws.SetWriteDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return err
	}
	return l.ws.WriteMessage(websocket.TextMessage, frame)
}

// await waits until the line has caught up.
func (l *line) await(d time.Duration) error {
	late := time.NewTimer(d)
	defer late.Stop()
	select {
	case <-l.opened:
		return nil
	case <-l.ended:
		return fmt.Errorf("the line to %s ended before it had caught up", l.server)
	case <-late.C:
		return fmt.Errorf("the line to %s has not caught up in %s", l.server, d)
	}
}

func (l *line) read() {
	defer close(l.ended)
	var buffer bytes.Buffer
	for {
		_, r, err := l.ws.NextReader()
		if err != nil {
			return
		}
		buffer.Reset()
		if _, err := buffer.ReadFrom(r); err != nil {
			return
		}
		l.take(buffer.Bytes())
	}
}

// take reads a frame by looking for its fields: parsing all of it for thousands of people would measure this program.
func (l *line) take(data []byte) {
	switch kind := field(data, `"t":"`); string(kind) {
	case "message":
		seq := number(data, `"seq":`)
		if seq != l.last.Load()+1 && l.heard.gap != nil {
			l.heard.gap()
		}
		l.last.Store(seq)
		if l.heard.message != nil {
			l.heard.message(field(data, `"cid":"`), seq)
		}
	case "ack":
		if l.heard.ack != nil {
			l.heard.ack(field(data, `"cid":"`))
		}
	case "refused":
		if l.heard.refused != nil {
			l.heard.refused()
		}
	case "caught_up":
		l.epoch = string(field(data, `"epoch":"`))
		head := number(data, `"head":`)
		l.once.Do(func() { close(l.opened) })
		if l.heard.caught != nil {
			l.heard.caught(head)
		}
	case "changed":
		if l.heard.changed != nil {
			l.heard.changed(data)
		}
	case "state":
		if l.heard.state != nil {
			l.heard.state(data)
		}
	}
}

func (l *line) close() { _ = l.ws.Close() }

// cut drops the line without a word.
func (l *line) cut() {
	if c, ok := l.ws.NetConn().(*net.TCPConn); ok {
		_ = c.SetLinger(0)
	}
	_ = l.ws.Close()
}

// field is the text after a key, up to the next quotation mark; cids and names of frames hold none.
func field(data []byte, key string) []byte {
	_, rest, ok := bytes.Cut(data, []byte(key))
	if !ok {
		return nil
	}
	value, _, _ := bytes.Cut(rest, []byte{'"'})
	return value
}

func number(data []byte, key string) int64 {
	_, rest, _ := bytes.Cut(data, []byte(key))
	end := 0
	for end < len(rest) && rest[end] >= '0' && rest[end] <= '9' {
		end++
	}
	n, err := strconv.ParseInt(string(rest[:end]), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// A cid says which ledger a message belongs to and which of its messages it is, after a number of this run.
func newCID(run uint32, sender, n int) string {
	return fmt.Sprintf("%08x%06x%08x", run, sender, n)
}

// parseCID gives false for what is not of this run.
func parseCID(run uint32, cid []byte) (sender, n int, ok bool) {
	var raw [11]byte
	if len(cid) != 22 {
		return 0, 0, false
	}
	if _, err := hex.Decode(raw[:], cid); err != nil {
		return 0, 0, false
	}
	is := uint32(raw[0])<<24 | uint32(raw[1])<<16 | uint32(raw[2])<<8 | uint32(raw[3])
	sender = int(raw[4])<<16 | int(raw[5])<<8 | int(raw[6])
	n = int(raw[7])<<24 | int(raw[8])<<16 | int(raw[9])<<8 | int(raw[10])
	return sender, n, is == run
}

// text has 100 characters, as people write them.
const text = "Ieri sera ho camminato lungo il fiume fino al ponte vecchio, poi sono tornato a casa e ho dormito ok"

// sendFrame is a message as a browser sends it.
func sendFrame(room, cid string) []byte {
	return []byte(`{"t":"send","room":"` + room + `","cid":"` + cid + `","text":"` + text + `"}`)
}

// The frames that this program reads by looking for their fields, so that a change of them breaks its build.
var (
	_ = wire.Message{}.Seq
	_ = wire.Ack{}.CID
	_ = wire.CaughtUp{}.Head
	_ = wire.Offer{}.ExpiresAt
	_ = wire.Place{}.Position
	_ = wire.State{}.State
)
