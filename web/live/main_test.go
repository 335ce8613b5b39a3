package live_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ponti/account"
	"ponti/account/accounttest"
	"ponti/chat"
	"ponti/forum"
	"ponti/internal/audit"
	"ponti/internal/bus"
	"ponti/internal/ids"
	"ponti/internal/pgtest"
	"ponti/internal/seal"
	"ponti/moderation"
	"ponti/moderation/triage"
	"ponti/roster"
	"ponti/web/live"
	"ponti/web/wire"
)

// engine never changes after New; compiling its rules in each test would cost seconds.
var engine *triage.Engine

func TestMain(m *testing.M) {
	var err error
	if engine, err = triage.New(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	// These tests wait far more than they work: more of them at once than there are processors.
	if err := flag.Set("test.parallel", strconv.Itoa(3*runtime.GOMAXPROCS(0))); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := pgtest.Run(m, audit.Migrations(), account.Migrations(), roster.Migrations(), moderation.Migrations(), chat.Migrations(), forum.Migrations())
	// scs makes a store in memory before it is given ours, and never ends it.
	err = goleak.Find(goleak.IgnoreAnyFunction("github.com/alexedwards/scs/v2/memstore.(*MemStore).startCleanup"),
		goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial")) // looks once a second whether its pool is closed
	if code == 0 && err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// patience is for what should happen at once; converge is how long anything lost may take (RELIABILITY I1).
const (
	patience = 10 * time.Second
	converge = 5 * time.Second
)

// world is one service on a database and a Redis of its own, served by any number of instances.
type world struct {
	testing.TB
	pool    *pgxpool.Pool
	redis   *pgtest.RedisServer
	keys    *seal.Keyring
	service account.ServiceID
	tutor   account.Actor
	one     *instance
	other   *instance
	quiet   *instance // publishes nothing: what is done through it is a hint lost
	people  atomic.Int64
}

// instance is Ponti as one process would be, without the site.
type instance struct {
	accounts   *account.Accounts
	roster     *roster.Roster
	moderation *moderation.Moderation
	chat       *chat.Chat
	forum      *forum.Forum
	bus        *bus.Bus
	hub        *live.Hub
	faults     *faults
	metrics    *prometheus.Registry
	server     *httptest.Server
}

// silence is a bus that loses everything.
type silence struct{}

func (silence) Publish(string, []byte) {}

// faults is the real chat, made to misbehave.
type faults struct {
	*chat.Chat
	panics  atomic.Pointer[chat.RoomID] // joining it panics
	noRight atomic.Bool                 // rights cannot be asked
	noMarks atomic.Int64                // so many more marks of reading are not stored

	noMarking   atomic.Bool  // how rooms stand cannot be asked
	read, marks atomic.Int64 // how often rooms were read, and compared
}

func (f *faults) Marks(ctx context.Context, rooms []chat.RoomID) (map[chat.RoomID]chat.Marked, error) {
	defer f.marks.Add(1)
	if f.noMarking.Load() {
		return nil, context.DeadlineExceeded
	}
	return f.Chat.Marks(ctx, rooms)
}

func (f *faults) Room(ctx context.Context, actor account.Actor, id chat.RoomID) (chat.RoomView, error) {
	if at := f.panics.Load(); at != nil && *at == id {
		panic("as a bug would")
	}
	f.read.Add(1)
	return f.Chat.Room(ctx, actor, id)
}

func (f *faults) Heads(ctx context.Context, rooms []chat.RoomID) (map[chat.RoomID]chat.Head, error) {
	if f.noRight.Load() {
		return nil, context.DeadlineExceeded
	}
	return f.Chat.Heads(ctx, rooms)
}

func (f *faults) MarkRead(ctx context.Context, marks ...chat.Mark) ([]chat.Mark, error) {
	if len(marks) > 0 && f.noMarks.Load() > 0 {
		f.noMarks.Add(-1)
		return nil, context.DeadlineExceeded
	}
	return f.Chat.MarkRead(ctx, marks...)
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{TB: t, pool: pgtest.New(t), redis: pgtest.NewRedisServer(t)}
	keks, err := seal.ParseKEKs(seal.GenerateKEK())
	require.NoError(t, err)
	w.keys, err = seal.NewKeyring(keks[0])
	require.NoError(t, err)
	w.quiet = w.newDomains(silence{})
	w.service, err = w.quiet.accounts.CreateService(t.Context(), account.System(account.ServiceID{}), account.NewService{Name: "Servizio di prova", Host: "*", Locale: "it"})
	require.NoError(t, err)
	w.one, w.other = w.newInstance(), w.newInstance()
	w.tutor = w.onCall(account.RoleTutor)
	for _, in := range []*instance{w.one, w.other} {
		require.Eventually(t, func() bool { return !in.bus.Degraded() }, patience, 5*time.Millisecond)
	}
	return w
}

func (w *world) newDomains(hints bus.Publisher) *instance {
	w.Helper()
	in := &instance{accounts: account.New(w.pool, account.Options{Hints: hints})}
	in.roster = roster.New(w.pool, in.accounts, hints)
	in.moderation = moderation.New(w.pool, in.accounts, in.roster, engine, hints, moderation.Options{Keys: w.keys, Log: zerolog.Nop()})
	in.chat = chat.New(w.pool, in.accounts, in.roster, in.moderation, w.keys, hints, zerolog.Nop())
	in.forum = forum.New(w.pool, in.accounts, in.moderation, w.keys, hints)
	in.moderation.Use(moderation.SubjectPost, in.forum.Content())
	in.moderation.Use(moderation.SubjectRoom, in.chat.RoomContent())
	in.moderation.Use(moderation.SubjectMessage, in.chat.MessageContent())
	in.moderation.Use(moderation.SubjectParticipant, in.chat.ParticipantContent())
	return in
}

func (w *world) newInstance() *instance {
	w.Helper()
	client, err := bus.Open(w.redis.URL())
	require.NoError(w, err)
	b := bus.New(client, "ponti:", zerolog.Nop())
	in := w.newDomains(b)
	in.bus, in.faults, in.metrics = b, &faults{Chat: in.chat}, prometheus.NewRegistry()
	in.hub = live.New(live.Deps{
		Chat: in.faults, LiveSessions: in.accounts.LiveSessions, Heartbeat: in.roster.Heartbeat, ThreadMark: in.threadMark, Bus: b,
		Text:    func(_, key string, _ map[string]any) string { return "text of " + key },
		Metrics: in.metrics, Log: zerolog.Nop(),
	})
	sessions := in.accounts.Sessions()
	manager := sessions.Manager("ponti", false)
	in.server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		token := ""
		if c, err := r.Cookie(manager.Cookie.Name); err == nil {
			token = c.Value
		}
		ctx, err := manager.Load(r.Context(), token)
		if err != nil {
			rw.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		in.hub.Accept(rw, r, sessions.Actor(ctx, manager, w.service), in.server.URL)
	}))
	b.Start(w.Context())
	in.hub.Start()
	w.Cleanup(func() {
		in.hub.Stop()
		in.server.Close()
		b.Stop()
		_ = client.Close()
	})
	return in
}

func (w *world) exec(sql string, args ...any) {
	w.Helper()
	_, err := w.pool.Exec(w.Context(), sql, args...)
	require.NoError(w, err)
}

// someone is a new account of a role.
func (w *world) someone(role account.Role) account.Actor {
	w.Helper()
	return accounttest.NewActor(w, w.pool, w.service, role, fmt.Sprintf("%s %d", role, w.people.Add(1)))
}

// onCall is someone on shift; an ESP has a tutor.
func (w *world) onCall(role account.Role) account.Actor {
	w.Helper()
	a := w.someone(role)
	if a.IsPeer() {
		accounttest.AssignTutor(w, w.pool, a, w.tutor)
	}
	require.NoError(w, w.quiet.roster.GoOn(w.Context(), a))
	return a
}

// talking is a person and an ESP in an open conversation.
func (w *world) talking() (person, esp account.Actor, room chat.RoomID) {
	w.Helper()
	person, esp = w.someone(account.RoleGuest), w.onCall(account.RoleESP)
	_, err := w.quiet.chat.EnterWaiting(w.Context(), person, chat.Entry{Topic: "parlare un po'"})
	require.NoError(w, err)
	desk, err := w.quiet.chat.Desk(w.Context(), esp)
	require.NoError(w, err)
	require.NotNil(w, desk.Offer)
	room, err = w.quiet.chat.AcceptOffer(w.Context(), esp, desk.Offer.ID)
	require.NoError(w, err)
	return person, esp, room
}

func newCID() string { return ids.New[chat.Message]().String() }

// post stores a message as a form would, by one instance's use-case.
func (w *world) post(in *instance, a account.Actor, room chat.RoomID, text string) chat.Receipt {
	w.Helper()
	r, err := in.chat.PostMessage(w.Context(), a, chat.Post{Room: room, CID: newCID(), Text: text})
	require.NoError(w, err)
	return r
}

// signIn makes a session and gives its cookie.
func (w *world) signIn(a account.Actor) string {
	w.Helper()
	sessions := w.quiet.accounts.Sessions()
	manager := sessions.Manager("ponti", false)
	ctx, err := manager.Load(w.Context(), "")
	require.NoError(w, err)
	require.NoError(w, sessions.Begin(ctx, manager, a.ID))
	token, _, err := manager.Commit(ctx)
	require.NoError(w, err)
	return manager.Cookie.Name + "=" + token
}

// sessionOf is the account's newest session.
func (w *world) sessionOf(a account.Actor) (id account.SessionID) {
	w.Helper()
	require.NoError(w, w.pool.QueryRow(w.Context(), `select id from account_sessions where account_id = $1 order by created_at desc limit 1`, a.ID).Scan(&id))
	return id
}

// client is a browser's side of one socket.
type client struct {
	testing.TB
	ws      *websocket.Conn
	frames  chan map[string]any
	closed  chan error
	history string
	passed  []map[string]any // frames that nobody asked for yet

	mu  sync.Mutex
	all []string // every frame as it came
}

func dial(in *instance, header http.Header) (*websocket.Conn, *http.Response, error) {
	return websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(in.server.URL, "http")+"/live", header)
}

// connect opens a socket for an account on an instance, and reads until it ends.
func (w *world) connect(in *instance, a account.Actor) *client {
	w.Helper()
	return w.connectWith(in, w.signIn(a))
}

func (w *world) connectWith(in *instance, cookie string) *client {
	w.Helper()
	ws, answer, err := dial(in, http.Header{"Cookie": {cookie}, "Origin": {in.server.URL}})
	require.NoError(w, err)
	require.NoError(w, answer.Body.Close())
	c := &client{TB: w.TB, ws: ws, frames: make(chan map[string]any, 10_000), closed: make(chan error, 1)}
	go c.read()
	w.Cleanup(func() { _ = ws.Close() })
	c.history = c.next("welcome", nil)["epoch"].(string)
	return c
}

func (c *client) epoch() string { return c.history }

func (c *client) read() {
	for {
		_, data, err := c.ws.ReadMessage()
		if err != nil {
			c.closed <- err
			return
		}
		var f map[string]any
		if err := json.Unmarshal(data, &f); err != nil {
			c.closed <- err
			return
		}
		c.mu.Lock()
		c.all = append(c.all, string(data))
		c.mu.Unlock()
		c.frames <- f
	}
}

// everything is all that was ever received.
func (c *client) everything() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Join(c.all, "\n")
}

func (c *client) send(fields map[string]any) {
	c.Helper()
	require.NoError(c, c.ws.WriteJSON(fields))
}

// next is the next frame of a type that meets a condition. Frames of the type before it are over; others are kept.
func (c *client) next(kind string, meets func(map[string]any) bool) map[string]any {
	c.Helper()
	return c.within(patience, kind, meets)
}

func (c *client) within(d time.Duration, kind string, meets func(map[string]any) bool) map[string]any {
	c.Helper()
	right := func(f map[string]any) bool { return f["t"] == kind && (meets == nil || meets(f)) }
	late := time.After(d)
	for looked := 0; ; looked++ {
		if looked == len(c.passed) {
			select {
			case f := <-c.frames:
				c.passed = append(c.passed, f)
			case err := <-c.closed:
				c.closed <- err // what came before it is still to be read
				if len(c.frames) == 0 {
					require.NoError(c, err, "the socket ended while waiting for "+kind)
				}
				looked--
				continue
			case <-late:
				require.FailNow(c, "no "+kind+" came", "received: %s", c.everything())
			}
		}
		if f := c.passed[looked]; right(f) {
			older := slices.DeleteFunc(c.passed[:looked:looked], func(g map[string]any) bool { return g["t"] == kind })
			c.passed = append(older, c.passed[looked+1:]...)
			return f
		}
	}
}

// ends waits for the close frame and gives its code and reason.
func (c *client) ends(within time.Duration) (code int, reason string) {
	c.Helper()
	late := time.After(within)
	for {
		select {
		case <-c.frames:
		case err := <-c.closed:
			var ce *websocket.CloseError
			require.ErrorAs(c, err, &ce)
			return ce.Code, ce.Text
		case <-late:
			require.FailNow(c, "the socket did not end")
		}
	}
}

// join hears a room and waits until it is caught up.
func (c *client) join(room chat.RoomID, after int64, epoch string) map[string]any {
	c.Helper()
	c.send(map[string]any{"t": "join", "room": room.String(), "after": after, "epoch": epoch})
	return c.next("caught_up", nil)
}

func (c *client) say(room chat.RoomID, text string) (cid string) {
	c.Helper()
	cid = newCID()
	c.send(map[string]any{"t": "send", "room": room.String(), "cid": cid, "text": text})
	return cid
}

func says(text string) func(map[string]any) bool {
	return func(f map[string]any) bool { return f["text"] == text }
}

// drain proves that all that was sent to the client before has arrived, and ends it.
func (c *client) drain() {
	c.Helper()
	c.send(map[string]any{"t": "watch", "view": "nothing"})
	code, _ := c.ends(patience)
	require.Equal(c, wire.CloseBadFrame, code)
}
