package live_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ponti/account"
)

// seen is how long ago somebody who takes part was last heard of.
func (w *world) seen(a account.Actor) (ago float64) {
	w.Helper()
	require.NoError(w, w.pool.QueryRow(w.Context(),
		`select extract(epoch from now() - seen_at) from chat_participants where account_id = $1`, a.ID).Scan(&ago))
	return ago
}

func TestSigns_of_life_are_noted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, _ := w.talking()
	w.exec(`update chat_participants set seen_at = now() - interval '100 s'`)
	w.connect(w.one, person)
	require.Eventually(t, func() bool { return w.seen(person) < 10 }, patience, 20*time.Millisecond, "by a socket, whatever it hears")
	require.Greater(t, w.seen(esp), 90.0, "and only theirs")
}

func TestSigns_esp_falls_silent_and_returns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	p, e := w.connect(w.one, person), w.connect(w.other, esp)
	p.join(room, 0, "")
	e.join(room, 0, "")
	cid := p.say(room, "ci sei ancora?")
	require.Equal(t, cid, p.next("ack", nil)["cid"])
	require.NoError(t, e.ws.Close())

	w.exec(`update chat_watch set since = now() - interval '1 h', at = now()`)
	w.exec(`update chat_participants set seen_at = now() - interval '1 min' where account_id = $1`, esp.ID)
	w.exec(`update roster_duties set started_at = now() - interval '1 h', heartbeat_at = now() - interval '1 min' where account_id = $1`, esp.ID)
	p.send(map[string]any{"t": "watch", "view": "waiting"})
	w.quiet.chat.Work(t.Context()) // and nobody is told: the sockets find it by themselves
	lost := p.within(converge, "message", func(f map[string]any) bool { return f["kind"] == "lost" })
	require.EqualValues(t, 2, lost["from"])
	p.within(converge, "state", func(f map[string]any) bool { return f["state"] == "ended" })
	p.within(2*converge, "changed", func(f map[string]any) bool {
		place, ok := f["place"].(map[string]any)
		return ok && place["state"] == "waiting" && place["room"] != room.String()
	})

	back := w.connect(w.other, esp)
	back.join(room, 0, "")
	back.say(room, "rieccomi")
	require.Equal(t, "chat.ended", back.next("refused", nil)["key"])
	require.NotContains(t, p.everything(), "rieccomi")
}
