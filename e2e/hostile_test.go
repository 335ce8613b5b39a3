package e2e

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"ponti/internal/history"
	"ponti/web/wire"
)

// tellSlowReader is F15: a window that reads nothing while much is written is cut, nobody else waits for it, and when it
// comes back it has everything.
func tellSlowReader(t *testing.T, k *conversation) {
	in := k.cluster.instances[2]
	slow := in.metric(t, "ponti_live_sockets_slow_total")
	conn, err := dialRaw(k.guest, in, 2048)
	require.NoError(t, err)
	defer conn.Close() //nolint:errcheck // it was cut
	require.NoError(t, conn.WriteJSON(map[string]any{"t": "join", "room": k.room, "after": 0}))
	begin := time.Now()
	long := canary + strings.Repeat("🌊", 3900)
	quit := make(chan struct{})
	written := make(chan struct{})
	go func() {
		defer close(written)
		tick := time.NewTicker(550 * time.Millisecond)
		defer tick.Stop()
		for n := 0; ; n++ {
			k.esp.say(long)
			select {
			case <-tick.C:
			case <-quit:
				return
			}
		}
	}()
	err = within(30*time.Second, func() error {
		if in.metric(t, "ponti_live_sockets_slow_total") == slow {
			return errors.New("who reads nothing was not cut in 30 s")
		}
		return nil
	})
	require.LessOrEqual(t, in.metric(t, "ponti_live_queue_bytes"), 1.5*(1<<20), "what waits for it")
	close(quit)
	<-written
	require.NoError(t, err)
	took := k.answered(begin, time.Now())
	require.GreaterOrEqual(t, len(took), 4)
	waitsAtMost(t, 2*time.Second, highest(took), "answers to the others")
	back := openDevice(t, k.guest, "back again", &history.History{}, k.room, places(in))
	back.awaitLive(t)
	require.NoError(t, within(converged, func() error {
		if back.seen() < k.esp.seen() {
			return errors.New("not everything is there")
		}
		return nil
	}))
	back.close()
}

// dialRaw opens a line whose bytes are the test's own business; buffer bounds what the system takes in for it.
func dialRaw(b *browser, in *instance, buffer int) (*websocket.Conn, error) {
	origin := b.originAt(in)
	d := websocket.Dialer{HandshakeTimeout: 3 * time.Second, Jar: b.client.Jar, NetDialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, in.listen)
		if tcp, ok := conn.(*net.TCPConn); ok && err == nil && buffer > 0 {
			err = tcp.SetReadBuffer(buffer)
		}
		return conn, err
	}}
	conn, _, err := d.Dial("ws"+origin[len("http"):]+"/live", http.Header{"Origin": {origin}}) //nolint:bodyclose // gorilla leaves nothing to close
	return conn, err
}

// tellHostileFrames is F20 and F21: each line that sends what is no frame ends with its code, and nobody else notices.
func tellHostileFrames(t *testing.T, k *conversation) {
	stop := k.talk()
	defer stop()
	k.awaitAcks(t, 2)
	begin := time.Now()
	mask := func(head byte, length []byte, payload string) []byte {
		return append(append(append([]byte{head}, length...), 0, 0, 0, 0), payload...)
	}
	long := func(n uint64) []byte { return binary.BigEndian.AppendUint64([]byte{0x80 | 127}, n) }
	text := func(s string) []byte {
		return mask(0x81, binary.BigEndian.AppendUint16([]byte{0x80 | 126}, uint16(len(s))), s)
	}
	big := strings.Repeat("x", wire.MaxFrame+1)
	for _, c := range []struct {
		name  string
		bytes []byte
		codes []int // empty: it need not be told, only ended
	}{
		{"too big", mask(0x81, long(wire.MaxFrame+1), big), []int{wire.CloseTooBig}},
		{"a length that is a lie", mask(0x81, long(1<<40), "x"), []int{wire.CloseTooBig}},
		{"a negative length", mask(0x81, long(1<<63), "x"), nil},
		{"pieces without end", bytes.Repeat(mask(0x01, []byte{0x80 | 126, 0x20, 0}, big[:0x2000]), 9), nil},
		{"pieces that grow", append(mask(0x01, []byte{0x80 | 126, 0xff, 0}, big[:0xff00]), mask(0x80, []byte{0x80 | 126, 0xff, 0}, big[:0xff00])...), []int{wire.CloseTooBig}},
		{"not masked", []byte{0x81, 2, '{', '}'}, nil},
		{"reserved bits", mask(0xf1, []byte{0x82}, "{}"), nil},
		{"an unknown kind", mask(0x83, []byte{0x82}, "{}"), nil},
		{"a long ping", mask(0x89, []byte{0x80 | 126, 1, 0}, big[:256]), nil},
		{"not UTF-8", text("{\"t\":\"\xff\xfe\"}"), []int{wire.CloseBadFrame}},
		{"deep", text(strings.Repeat(`{"t":`, 9000)), []int{wire.CloseBadFrame}},
		{"a key twice", text(`{"t":"beat","t":"join"}`), []int{wire.CloseBadFrame}},
		{"a long number", text(`{"t":"join","room":"x","after":1` + strings.Repeat("0", 20_000) + `}`), []int{wire.CloseBadFrame}},
		{"binary", mask(0x82, []byte{0x82}, "{}"), []int{wire.CloseBadFrame}},
	} {
		conn, err := dialRaw(k.guest, k.cluster.instances[2], 0)
		require.NoError(t, err, c.name)
		_, _ = conn.NetConn().Write(c.bytes) // it may be hung up on before the end
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(10*time.Second)))
		for err == nil {
			_, _, err = conn.ReadMessage()
		}
		ne, timeout := errors.AsType[net.Error](err)
		require.False(t, timeout && ne.Timeout(), "%s: the line stayed open", c.name)
		if len(c.codes) > 0 {
			ce, ok := errors.AsType[*websocket.CloseError](err)
			require.True(t, ok, "%s: ended without a word: %v", c.name, err)
			require.Contains(t, c.codes, ce.Code, c.name)
		}
		_ = conn.Close() // it has ended
	}
	k.awaitAcks(t, 8)
	stop()
	k.crossed(t, begin, 3*time.Second)
}
