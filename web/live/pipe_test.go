package live

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"

	"ponti/account"
	"ponti/internal/bus"
	"ponti/internal/ids"
	"ponti/web/wire"
)

// pipes is a listener whose lines are in memory, so that time in a bubble can run.
type pipes struct {
	lines chan net.Conn
	once  sync.Once
	shut  chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.lines:
		return c, nil
	case <-p.shut:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.shut) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{} }

// newPiped is a hub without stores, whose clients have joined nothing: what is tested is the line. Inside a bubble only.
func newPiped(t *testing.T) (h *Hub, connect func() (*websocket.Conn, *socket)) {
	t.Helper()
	actor := account.Actor{ID: ids.New[account.Account](), Session: ids.New[account.Session](), Role: account.RoleMember}
	h = New(Deps{
		Bus: bus.New(nil, "", zerolog.Nop()), Log: zerolog.Nop(), // never started
		LiveSessions: func(_ context.Context, list []account.SessionID) (map[account.SessionID]account.Actor, error) {
			living := map[account.SessionID]account.Actor{}
			for _, s := range list {
				living[s] = actor
			}
			return living, nil
		},
	})
	epoch := "e"
	h.epoch.Store(&epoch)
	// No reconciling: its task is the stores'.
	h.mu.Lock()
	h.closing = false
	h.mu.Unlock()
	h.tasks.Go(h.beat)
	ln := &pipes{lines: make(chan net.Conn), shut: make(chan struct{})}
	server := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.Accept(w, r, actor, "http://ponti")
	})}
	go server.Serve(ln) //nolint:errcheck // ends with the listener
	t.Cleanup(func() {
		h.Stop()
		require.NoError(t, server.Close())
	})
	return h, func() (*websocket.Conn, *socket) {
		d := websocket.Dialer{NetDial: func(string, string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			ln.lines <- theirs
			return ours, nil
		}}
		ws, answer, err := d.Dial("ws://ponti/live", http.Header{"Origin": {"http://ponti"}})
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		synctest.Wait()
		all := h.socketsOf(actor.ID)
		require.Len(t, all, 1)
		return ws, all[0]
	}
}

// A line that went quiet is pinged and hung up after a minute; one that answers stays (RELIABILITY F14).
func TestHalfOpen(t *testing.T) {
	t.Run("answers", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			h, connect := newPiped(t)
			ws, _ := connect()
			heads := 0
			go func() {
				for {
					_, data, err := ws.ReadMessage() // gorilla answers pings while reading
					if err != nil {
						return
					}
					if string(data) == `{"t":"heads","rooms":{}}` {
						heads++
					}
				}
			}()
			<-time.After(10 * time.Minute)
			synctest.Wait()
			require.Len(t, h.allSockets(), 1)
			require.InDelta(t, 60, heads, 3, "a pulse every ten seconds")
			require.NoError(t, ws.Close())
			synctest.Wait()
			require.Empty(t, h.allSockets())
		})
	})
	t.Run("reads_but_never_answers", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			h, connect := newPiped(t)
			ws, _ := connect()
			ws.SetPingHandler(func(string) error { return nil })
			begin := time.Now()
			for {
				if _, _, err := ws.ReadMessage(); err != nil {
					break
				}
			}
			require.LessOrEqual(t, time.Since(begin), silentAfter+time.Second)
			require.GreaterOrEqual(t, time.Since(begin), silentAfter-time.Second)
			synctest.Wait()
			require.Empty(t, h.allSockets())
		})
	})
	t.Run("reads_nothing", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			h, connect := newPiped(t)
			ws, _ := connect()
			<-time.After(writeTimeout + time.Second)
			synctest.Wait()
			require.Empty(t, h.allSockets(), "the deadline before every write")
			require.NoError(t, ws.Close())
		})
	})
}

// A queue that is full ends with the code that says so.
func TestSlow_close_code(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, connect := newPiped(t)
		ws, s := connect()
		big := frame(wire.Message{Text: string(make([]byte, 4000))})
		for range 2 * queueBytes / len(big) {
			s.put(big)
		}
		require.True(t, s.isGone())
		require.LessOrEqual(t, s.waiting(), queueBytes)
		var err error
		for err == nil {
			_, _, err = ws.ReadMessage()
		}
		var ce *websocket.CloseError
		require.ErrorAs(t, err, &ce)
		require.Equal(t, wire.CloseSlow, ce.Code)
		_ = ws.Close()
		<-time.After(goodbyeTimeout + time.Second)
		synctest.Wait()
		require.Empty(t, h.allSockets())
	})
}

// Who is there is the first thing that a socket which is behind goes without; messages still find room.
func TestBehind_goes_without_presence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, connect := newPiped(t)
		ws, s := connect()
		big, small := frame(wire.Message{Text: string(make([]byte, 4000))}), frame(wire.People{})
		s.put(big) // nobody reads: this one is being written, and what follows waits
		synctest.Wait()
		require.True(t, s.offer(small))
		for s.waiting() <= queueBytes/2 {
			s.put(big)
		}
		waits := s.waiting()
		require.False(t, s.offer(small))
		require.Equal(t, waits, s.waiting())
		s.put(big)
		require.False(t, s.isGone())
		go func() {
			for {
				if _, _, err := ws.ReadMessage(); err != nil {
					return
				}
			}
		}()
		synctest.Wait()
		require.True(t, s.offer(small), "and has it again when it has caught up")
		require.NoError(t, ws.Close())
		synctest.Wait()
		require.Empty(t, h.allSockets())
	})
}

// More handshakes than an instance takes are told to come back, and the next second takes them.
func TestStorm_is_told_to_come_back(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, connect := newPiped(t)
		h.doors = rate.NewLimiter(1, 1)
		ws, s := connect()
		again := func() *httptest.ResponseRecorder {
			r := httptest.NewRequest(http.MethodGet, "http://ponti/live", nil)
			r.Header = http.Header{"Origin": {"http://ponti"}, "Connection": {"upgrade"}, "Upgrade": {"websocket"}}
			w := httptest.NewRecorder()
			h.Accept(w, r, *s.actor.Load(), "http://ponti")
			return w
		}
		w := again()
		require.Equal(t, http.StatusServiceUnavailable, w.Code)
		require.Regexp(t, `^[1-3]$`, w.Header().Get("Retry-After"))
		require.Len(t, h.allSockets(), 1)
		<-time.After(time.Second)
		require.NotEqual(t, http.StatusServiceUnavailable, again().Code)
		require.NoError(t, ws.Close())
		synctest.Wait()
	})
}

// A ninth socket takes the place of one that stopped answering, as a phone's old line does.
func TestStale_socket_gives_way(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, connect := newPiped(t)
		_, old := connect()
		for range socketsPerAccount - 1 {
			status, _ := h.admit(newSocket(h, *old.actor.Load()))
			require.Zero(t, status)
			h.readers.Done() // these never open
		}
		fresh := newSocket(h, *old.actor.Load())
		status, after := h.admit(fresh)
		require.Equal(t, http.StatusTooManyRequests, status)
		require.Positive(t, after)
		for _, s := range h.allSockets() {
			s.heard()
		}
		old.heardAt.Store(int64(time.Since(h.begin) - staleAfter - time.Second))
		status, _ = h.admit(fresh)
		require.Zero(t, status)
		h.readers.Done()
		require.True(t, old.isGone())
		require.Len(t, h.allSockets(), socketsPerAccount)
	})
}

// Frames from the hub are what RFC 6455 says for each length.
func TestHeader(t *testing.T) {
	t.Parallel()
	for length, head := range map[int][]byte{
		0: {0x81, 0}, 125: {0x81, 125}, 126: {0x81, 126, 0, 126}, 65535: {0x81, 126, 0xff, 0xff}, 65536: {0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0},
	} {
		require.Equal(t, head, header(opText, length))
	}
	require.Equal(t, append([]byte{0x88, 4, 0x0f, 0xa8}, "ab"...), closeFrame(wire.CloseSlow, "ab"))
}
