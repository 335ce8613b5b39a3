package live_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/chat"
	"ponti/web/live"
	"ponti/web/wire"
)

func TestHandshake(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	member := w.someone(account.RoleMember)
	cookie := w.signIn(member)
	upgrade := func(header http.Header) int {
		ws, answer, err := dial(w.one, header)
		require.NotNil(t, answer, err)
		defer answer.Body.Close() //nolint:errcheck // only its status counts
		if err == nil {
			require.NoError(t, ws.Close())
		}
		return answer.StatusCode
	}
	own := w.one.server.URL
	for name, c := range map[string]struct {
		header http.Header
		status int
	}{
		"own_origin":       {http.Header{"Cookie": {cookie}, "Origin": {own}}, http.StatusSwitchingProtocols},
		"no_session":       {http.Header{"Origin": {own}}, http.StatusUnauthorized},
		"made_up_session":  {http.Header{"Cookie": {cookie + "x"}, "Origin": {own}}, http.StatusUnauthorized},
		"no_origin":        {http.Header{"Cookie": {cookie}}, http.StatusForbidden},
		"empty_origin":     {http.Header{"Cookie": {cookie}, "Origin": {""}}, http.StatusForbidden},
		"null_origin":      {http.Header{"Cookie": {cookie}, "Origin": {"null"}}, http.StatusForbidden},
		"other_origin":     {http.Header{"Cookie": {cookie}, "Origin": {"https://evil.example"}}, http.StatusForbidden},
		"prefix_of_ours":   {http.Header{"Cookie": {cookie}, "Origin": {own + ".evil.example"}}, http.StatusForbidden},
		"upper_case":       {http.Header{"Cookie": {cookie}, "Origin": {strings.ToUpper(own)}}, http.StatusForbidden},
		"other_scheme":     {http.Header{"Cookie": {cookie}, "Origin": {strings.Replace(own, "http", "https", 1)}}, http.StatusForbidden},
		"two_origins":      {http.Header{"Cookie": {cookie}, "Origin": {own, own}}, http.StatusForbidden},
		"asks_to_compress": {http.Header{"Cookie": {cookie}, "Origin": {own}, "Sec-Websocket-Protocol": {"x"}}, http.StatusSwitchingProtocols},
	} {
		require.Equal(t, c.status, upgrade(c.header), name)
	}
	// Compression is never agreed to: what people write must not show in sizes, nor a small frame unpack into a huge one.
	d := websocket.Dialer{EnableCompression: true}
	ws, answer, err := d.Dial("ws"+strings.TrimPrefix(own, "http")+"/live", http.Header{"Cookie": {cookie}, "Origin": {own}})
	require.NoError(t, err)
	require.Empty(t, answer.Header.Get("Sec-Websocket-Extensions"))
	require.NoError(t, answer.Body.Close())
	require.NoError(t, ws.Close())

	// A browser cannot see why a handshake failed; by plain HTTP it can.
	for cookie, status := range map[string]int{cookie: http.StatusUpgradeRequired, "": http.StatusUnauthorized} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, own+"/live", nil)
		require.NoError(t, err)
		r.Header.Set("Cookie", cookie)
		answer, err := w.one.server.Client().Do(r)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, status, answer.StatusCode)
	}
}

func TestSockets_of_one_account(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	member := w.someone(account.RoleMember)
	cookie := w.signIn(member)
	clients := make([]*client, 8)
	for i := range clients {
		clients[i] = w.connectWith(w.one, cookie)
	}
	_, answer, err := dial(w.one, http.Header{"Cookie": {cookie}, "Origin": {w.one.server.URL}})
	require.Error(t, err)
	require.Equal(t, http.StatusTooManyRequests, answer.StatusCode)
	require.NotEmpty(t, answer.Header.Get("Retry-After"))
	require.NoError(t, answer.Body.Close())
	require.NoError(t, clients[3].ws.Close())
	require.Eventually(t, func() bool {
		ws, answer, err := dial(w.one, http.Header{"Cookie": {cookie}, "Origin": {w.one.server.URL}})
		_ = answer.Body.Close()
		if err == nil {
			_ = ws.Close()
		}
		return err == nil
	}, patience, 10*time.Millisecond, "a place that became free is taken")
}

func TestFrames_outside_the_protocol(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	e := w.connect(w.one, esp)
	e.join(room, 0, "")
	for name, c := range map[string]struct {
		kind int
		data string
		code int
	}{
		"not_json": {websocket.TextMessage, "ciao", wire.CloseBadFrame},
		"unknown":  {websocket.TextMessage, `{"t":"impersonate","as":"admin"}`, wire.CloseBadFrame},
		"binary":   {websocket.BinaryMessage, `{"t":"beat"}`, wire.CloseBadFrame},
		"deep":     {websocket.TextMessage, strings.Repeat(`{"t":`, 10_000), wire.CloseBadFrame},
		"not_utf8": {websocket.TextMessage, "{\"t\":\"\xff\"}", wire.CloseBadFrame},
		"too_big":  {websocket.TextMessage, `{"t":"` + strings.Repeat("a", wire.MaxFrame) + `"}`, wire.CloseTooBig},
	} {
		p := w.connect(w.one, person)
		require.NoError(t, p.ws.WriteMessage(c.kind, []byte(c.data)))
		code, _ := p.ends(patience)
		require.Equal(t, c.code, code, name)
	}
	flood := w.connect(w.one, person)
	for range 150 {
		if flood.ws.WriteJSON(map[string]any{"t": "leave", "room": "x"}) != nil {
			break
		}
	}
	code, reason := flood.ends(patience)
	require.Equal(t, wire.CloseLater, code)
	require.Contains(t, reason, "retry_after=")

	w.post(w.one, person, room, "gli altri non se ne accorgono")
	e.within(converge, "message", says("gli altri non se ne accorgono"))
}

func TestRooms_of_one_socket(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, _, room := w.talking()
	p := w.connect(w.one, person)
	p.join(room, 0, "")
	p.send(map[string]any{"t": "leave", "room": room.String()})
	p.send(map[string]any{"t": "beat"})
	require.Empty(t, p.next("heads", nil)["rooms"])
	w.post(w.one, person, room, "non lo sente più")
	p.join(room, 1, p.epoch())
	p.drain()
	require.NotContains(t, p.everything(), "non lo sente più")
}

func TestSession_ends(t *testing.T) {
	t.Parallel()
	for _, redisGone := range []bool{false, true} {
		w := newWorld(t)
		person, esp, room := w.talking()
		p, e := w.connect(w.one, person), w.connect(w.other, esp)
		p.join(room, 0, "")
		e.join(room, 0, "")
		if redisGone {
			w.redis.Kill()
		}
		begin := time.Now()
		require.NoError(t, w.other.accounts.SignOut(t.Context(), w.sessionOf(person)))
		code, _ := p.ends(converge)
		require.Equal(t, wire.CloseSessionEnded, code)
		require.Less(t, time.Since(begin), converge)
		e.say(room, "lei non c'è più")
		e.next("ack", nil)
		e.drain()
		require.NotContains(t, p.everything(), "lei non c'è più")
	}
}

// When nobody can say who may hear a room, nobody hears it (RELIABILITY I6). Nothing is lost by it.
func TestRights_unknown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	p, e := w.connect(w.one, person), w.connect(w.other, esp)
	p.join(room, 0, "")
	e.join(room, 0, "")
	w.one.faults.noRight.Store(true)
	require.Eventually(t, func() bool { return age(t, w.one) > 5 }, 2*patience, 20*time.Millisecond)
	e.say(room, "chi può sentirlo?")
	e.within(converge, "message", says("chi può sentirlo?"))
	e.say(room, "nessuno lo sa")
	e.within(converge, "message", says("nessuno lo sa"))
	require.NotContains(t, p.everything(), "chi può sentirlo?")
	w.one.faults.noRight.Store(false)
	p.within(converge, "message", says("chi può sentirlo?"))
	p.within(converge, "message", says("nessuno lo sa"))
	// A room's rights may be found to hold a moment before those of all rooms and sessions are.
	require.Eventually(t, func() bool { return age(t, w.one) < 5 }, patience, 20*time.Millisecond)
}

// age is what an operator watches for revocation, in seconds.
func age(t *testing.T, in *instance) float64 {
	t.Helper()
	return metric(t, in, "ponti_live_authority_age_seconds")
}

func metric(t *testing.T, in *instance, name string) float64 {
	t.Helper()
	families, err := in.metrics.Gather()
	require.NoError(t, err)
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetGauge().GetValue() + f.GetMetric()[0].GetCounter().GetValue()
		}
	}
	t.Fatal("no metric " + name)
	return 0
}

func TestMember_leaves(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	p, e := w.connect(w.one, person), w.connect(w.other, esp)
	p.join(room, 0, "")
	e.join(room, 0, "")
	// As a hand-over would: the version rises in the same transaction.
	w.exec(`with r as (update chat_rooms set authority_version = authority_version + 1 where id = $1)
		update chat_participants set left_at = now() where room_id = $1 and account_id = $2`, room, esp.ID)
	e.within(converge, "refused", func(f map[string]any) bool { return f["room"] == room.String() })
	w.post(w.one, person, room, "dopo che se n'è andato")
	p.within(converge, "message", says("dopo che se n'è andato"))
	e.drain()
	require.NotContains(t, e.everything(), "dopo che se n'è andato")
}

// Outsiders of every role listen to everything they can ask for, while people talk.
func TestOutsiders_hear_nothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	p, e := w.connect(w.one, person), w.connect(w.other, esp)
	p.join(room, 0, "")
	e.join(room, 0, "")
	var outside []*client
	for _, role := range []account.Role{
		account.RoleGuest, account.RoleMember, account.RoleFamily, account.RoleESP, account.RoleSenior,
		account.RoleTutor, account.RoleAdmin, account.RoleAuditor,
	} {
		for _, in := range []*instance{w.one, w.other} {
			c := w.connect(in, w.someone(role))
			outside = append(outside, c)
			for _, after := range []int64{0, 1} {
				c.send(map[string]any{"t": "join", "room": room.String(), "after": after, "epoch": c.epoch()})
				refused := c.next("refused", nil)
				require.Equal(t, "error.not_found", refused["key"], role)
			}
			c.send(map[string]any{"t": "join", "room": w.service.String(), "after": 0}) // never existed: the same answer
			require.Equal(t, "error.not_found", c.next("refused", nil)["key"])
			cid := c.say(room, "dentro di nascosto")
			require.Equal(t, cid, c.next("refused", nil)["cid"])
			for _, v := range []wire.View{wire.Waiting, wire.Desk, wire.Console, wire.Notices} {
				c.send(map[string]any{"t": "watch", "view": string(v)})
			}
			c.send(map[string]any{"t": "leave", "room": room.String()})
		}
	}
	for _, text := range []string{"canarino giallo", "canarino verde"} {
		p.say(room, text)
		e.within(converge, "message", says(text))
	}
	require.NoError(t, e.ws.Close())
	require.NoError(t, w.one.chat.EndConversation(t.Context(), person, room))
	p.within(converge, "message", func(f map[string]any) bool { return f["kind"] == "ended" })
	for _, c := range outside {
		c.drain()
		for line := range strings.Lines(c.everything()) {
			require.NotContains(t, line, "canarino")
			require.NotContains(t, line, person.Alias+`"`)
			require.NotContains(t, line, `"alias":"`+esp.Alias)
			if strings.Contains(line, room.String()) {
				require.Contains(t, line, `"t":"refused"`, "their own question came back, no more")
			}
		}
	}
	list, err := w.one.chat.MessagesAfter(t.Context(), person, room, 0, 10)
	require.NoError(t, err)
	require.Len(t, list, 3)
}

// Each frame a client may send stands for rows of the matrix.
func TestActs(t *testing.T) {
	t.Parallel()
	rows := live.Acts()
	for _, frame := range []string{"join", "leave", "send", "typing", "read", "beat", "follow", "watch waiting", "watch desk", "watch console", "watch notices"} {
		require.NotEmpty(t, rows[frame], frame)
		// A row that is not in the matrix denies even those who may do everything they are programmed to.
		require.NotEqual(t, account.ErrForbidden, account.Can(account.Visitor(account.ServiceID{}), rows[frame], account.Relation{}), frame)
	}
	require.Len(t, rows, 11)
}

// A client that does not read is cut; the others do not wait for it, and when it comes back it misses nothing.
func TestSlow_client(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	p, e := w.connect(w.one, person), w.connect(w.one, esp)
	p.join(room, 0, "")
	e.join(room, 0, "")
	slow, answer, err := dial(w.one, http.Header{"Cookie": {w.signIn(person)}, "Origin": {w.one.server.URL}})
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	t.Cleanup(func() { _ = slow.Close() })
	require.NoError(t, slow.NetConn().(interface{ SetReadBuffer(int) error }).SetReadBuffer(2048))
	require.NoError(t, slow.WriteJSON(map[string]any{"t": "join", "room": room.String(), "after": 0}))

	long := strings.Repeat("😀", chat.MaxText)
	cut := func() float64 { return metric(t, w.one, "ponti_live_sockets_slow_total") }
	sent := 0
	for deadline := time.Now().Add(4 * patience); cut() == 0; sent++ {
		require.True(t, time.Now().Before(deadline), "never cut")
		begin := time.Now()
		w.post(w.one, esp, room, long)
		p.within(converge, "message", nil)
		require.Less(t, time.Since(begin), 2*time.Second, "the others wait for the slow one")
	}
	for {
		if _, _, err = slow.ReadMessage(); err != nil {
			break // TestSlow_close_code looks at how
		}
	}
	again := w.connect(w.one, person)
	again.join(room, 0, "")
	require.Equal(t, sequence(1, int64(sent)), seqs(t, again))
}

func TestDrain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	p, e := w.connect(w.one, person), w.connect(w.other, esp)
	p.join(room, 0, "")
	e.join(room, 0, "")
	w.one.hub.Drain(100 * time.Millisecond)
	require.Equal(t, "restart", p.next("bye", nil)["reason"])
	code, reason := p.ends(patience)
	require.Equal(t, wire.CloseRestart, code)
	require.Regexp(t, `^retry_after=\d+\.\d$`, reason)
	_, answer, err := dial(w.one, http.Header{"Cookie": {w.signIn(person)}, "Origin": {w.one.server.URL}})
	require.Error(t, err)
	require.Equal(t, http.StatusServiceUnavailable, answer.StatusCode)
	require.NoError(t, answer.Body.Close())

	// Elsewhere it goes on.
	p = w.connect(w.other, person)
	p.join(room, 0, "")
	e.say(room, "ti sento ancora")
	p.within(converge, "message", says("ti sento ancora"))
	w.one.hub.Stop()
	w.one.hub.Stop()
}

func TestPanic_of_one_socket(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	e := w.connect(w.one, esp)
	e.join(room, 0, "")
	w.one.faults.panics.Store(&room)
	p := w.connect(w.one, person)
	p.send(map[string]any{"t": "join", "room": room.String(), "after": 0})
	code, _ := p.ends(patience)
	require.Equal(t, wire.CloseInternal, code)
	w.one.faults.panics.Store(nil)
	w.post(w.one, person, room, "il resto va avanti")
	e.within(converge, "message", says("il resto va avanti"))
}

func TestWatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp := w.someone(account.RoleGuest), w.onCall(account.RoleESP)
	p, e := w.connect(w.one, person), w.connect(w.other, esp)
	p.send(map[string]any{"t": "watch", "view": "waiting"})
	e.send(map[string]any{"t": "watch", "view": "desk"})
	e.next("changed", nil)
	_, err := w.one.chat.EnterWaiting(t.Context(), person, chat.Entry{Topic: "parlare"})
	require.NoError(t, err)

	offer := e.within(2*time.Second, "changed", func(f map[string]any) bool { return f["offer"] != nil })["offer"].(map[string]any)
	var id chat.OfferID
	require.NoError(t, id.UnmarshalText([]byte(offer["id"].(string))))
	room, err := w.other.chat.AcceptOffer(t.Context(), esp, id)
	require.NoError(t, err)
	p.within(2*time.Second, "changed", func(f map[string]any) bool {
		return cmp.Equal(f["place"], map[string]any{"state": "in_session", "room": room.String()})
	})

	for view, c := range map[string]*client{"waiting": e, "desk": p, "console": p} {
		c.send(map[string]any{"t": "watch", "view": view})
		require.Equal(t, "error.forbidden", c.next("refused", nil)["key"], view)
	}
	tutor := w.connect(w.one, w.tutor)
	tutor.send(map[string]any{"t": "watch", "view": "console"})
	tutor.next("changed", nil)
	w.other.moderation.Start(t.Context())
	t.Cleanup(w.other.moderation.Stop)
	w.post(w.other, person, room, "Stasera voglio uccidermi.")
	tutor.within(2*time.Second, "changed", func(f map[string]any) bool { return f["view"] == "console" })
}

// Who enters the waiting room shows on the tutor's console long before the console is looked at for its clocks.
func TestWatch_console_tells_who_waits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.onCall(account.RoleESP)
	tutor := w.connect(w.one, w.tutor)
	tutor.send(map[string]any{"t": "watch", "view": "console"})
	tutor.next("changed", nil)
	_, err := w.other.chat.EnterWaiting(t.Context(), w.someone(account.RoleGuest), chat.Entry{Topic: "parlare"})
	require.NoError(t, err)
	tutor.within(3*time.Second, "changed", func(f map[string]any) bool { return f["view"] == "console" })
}

// What the bus loses shows soon by itself, and the waiting person's place is kept by the open page.
func TestWatch_without_hints(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp := w.someone(account.RoleGuest), w.onCall(account.RoleESP)
	p, e := w.connect(w.one, person), w.connect(w.other, esp)
	p.send(map[string]any{"t": "watch", "view": "waiting"})
	e.send(map[string]any{"t": "watch", "view": "desk"})
	e.next("changed", nil)
	w.quiet.chat.Start(t.Context()) // offers again where a busy machine let the first attempt fail
	t.Cleanup(w.quiet.chat.Stop)
	_, err := w.quiet.chat.EnterWaiting(t.Context(), person, chat.Entry{Topic: "parlare"})
	require.NoError(t, err)
	e.within(converge, "changed", func(f map[string]any) bool { return f["offer"] != nil })
	p.within(2*converge, "changed", func(f map[string]any) bool { return f["place"] != nil })
	w.exec(`update chat_places set seen_at = now() - interval '4 minutes'`)
	require.Eventually(t, func() (kept bool) {
		require.NoError(t, w.pool.QueryRow(t.Context(), `select seen_at > now() - interval '1 minute' from chat_places`).Scan(&kept))
		return kept
	}, 2*converge, 50*time.Millisecond)
}

// Staff with a socket stay on call.
func TestHeartbeat(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	esp := w.onCall(account.RoleESP)
	w.exec(`update roster_duties set started_at = now() - interval '1 hour', heartbeat_at = now() - interval '50 seconds'`)
	w.connect(w.one, esp)
	require.Eventually(t, func() bool {
		duties, err := w.one.roster.OnCall(t.Context(), w.pool, w.service)
		require.NoError(t, err)
		for _, d := range duties {
			if d.Account == esp.ID {
				var fresh bool
				require.NoError(t, w.pool.QueryRow(t.Context(), `select heartbeat_at > now() - interval '10 seconds' from roster_duties where account_id = $1`, esp.ID).Scan(&fresh))
				return fresh
			}
		}
		return false
	}, patience, 20*time.Millisecond)
}
