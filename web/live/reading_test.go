package live_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/chat"
)

func typing(room chat.RoomID) map[string]any {
	return map[string]any{"t": "typing", "room": room.String()}
}

func read(room chat.RoomID, seq int64) map[string]any {
	return map[string]any{"t": "read", "room": room.String(), "seq": seq}
}

// hasRead is a people frame in which participant n has read up to a sequence.
func hasRead(n, seq float64) func(map[string]any) bool {
	return func(f map[string]any) bool {
		for _, p := range f["people"].([]any) {
			if p := p.(map[string]any); p["n"] == n && p["read"] == seq {
				return true
			}
		}
		return false
	}
}

func (w *world) marks(who account.Actor) (seq int64) {
	w.Helper()
	require.NoError(w, w.pool.QueryRow(w.Context(), `select coalesce(max(read_seq), 0) from chat_participants where account_id = $1`, who.ID).Scan(&seq))
	return seq
}

// Somebody who writes is shown to the others of the room, on every instance, and to nobody else; not to their own devices, and not more
// often than it means something.
func TestTyping(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	writer, second := w.connect(w.one, person), w.connect(w.other, person)
	here, there := w.connect(w.one, esp), w.connect(w.other, esp)
	strangers := []*client{w.connect(w.one, w.someone(account.RoleMember)), w.connect(w.other, w.onCall(account.RoleTutor)), w.connect(w.one, w.someone(account.RoleAdmin))}
	for _, c := range []*client{writer, second, here, there} {
		c.join(room, 0, "")
	}
	for _, c := range strangers {
		c.send(map[string]any{"t": "join", "room": room.String(), "after": 0})
		c.next("refused", nil)
		c.send(typing(room))
		c.send(read(room, 1))
	}
	for range 5 {
		writer.send(typing(room))
	}
	for _, c := range []*client{here, there} {
		f := c.next("writes", nil)
		require.Equal(t, map[string]any{"t": "writes", "room": room.String(), "from": 1.0}, f)
	}
	second.send(typing(room)) // where it is known by now that they do
	second.say(room, "Ecco.")
	for _, c := range []*client{here, there} {
		c.next("message", says("Ecco."))
		c.drain()
		require.Equal(t, 1, strings.Count(c.everything(), `"writes"`), "once for all that came within a moment, from whichever device")
	}
	for _, c := range append(strangers, writer, second) {
		c.drain()
		require.NotContains(t, c.everything(), `"writes"`)
	}
}

// What one has read is shown to the other once it is stored, on every instance; it never goes back, nor beyond what was said, whatever a client
// claims, and whoever comes later finds it.
func TestReadMarks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	p, e, phone := w.connect(w.one, person), w.connect(w.other, esp), w.connect(w.one, esp)
	p.join(room, 0, "")
	e.join(room, 0, "")
	phone.join(room, 0, "")
	w.post(w.one, person, room, "uno")
	w.post(w.one, person, room, "due")
	e.next("message", says("due"))
	phone.next("message", says("due"))
	e.send(read(room, 1))
	p.next("people", hasRead(2, 1))
	require.Equal(t, int64(1), w.marks(esp))
	phone.send(read(room, 9000))
	p.next("people", hasRead(2, 2))
	e.send(read(room, 1))
	w.post(w.one, person, room, "tre")
	e.next("message", says("tre"))
	e.send(read(room, 3))
	p.next("people", hasRead(2, 3))
	require.Equal(t, int64(3), w.marks(esp), "what two devices say is one mark")
	require.Zero(t, w.marks(person), "nobody reads for somebody else")
	late := w.connect(w.other, person)
	late.join(room, 0, "")
	late.next("people", hasRead(2, 3))

	require.NoError(t, w.one.chat.EndConversation(t.Context(), esp, room))
	p.next("state", func(f map[string]any) bool { return f["state"] == "ended" })
	p.send(read(room, 4))
	p.drain()
	require.Zero(t, w.marks(person), "when it is over nothing is noted any more")
	broken, err := chat.Check(t.Context(), w.pool)
	require.NoError(t, err)
	require.Empty(t, broken)
}

// A mark that cannot be stored is shown to nobody, and is stored when that can be done.
func TestReadMarks_notStored(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	p, e := w.connect(w.one, person), w.connect(w.other, esp)
	p.join(room, 0, "")
	e.join(room, 0, "")
	w.post(w.one, person, room, "uno")
	e.next("message", says("uno"))
	w.other.faults.noMarks.Store(2)
	e.send(read(room, 1))
	require.Eventually(t, func() bool { return w.other.faults.noMarks.Load() == 0 }, patience, time.Millisecond)
	require.NotContains(t, p.everything(), `"read"`)
	p.next("people", hasRead(2, 1))
}

// Whoever writes to Redis can claim that somebody is writing, and fills no socket with it; marks of reading cannot be claimed at all.
func TestTyping_forged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	p, e := w.connect(w.one, person), w.connect(w.other, esp)
	p.join(room, 0, "")
	e.join(room, 0, "")
	w.post(w.one, person, room, "uno")
	e.next("message", says("uno"))
	begin := time.Now()
	redis := w.redis.Client()
	for range 500 {
		for _, payload := range []string{`{"i":"x","w":1}`, `{"i":"x","r":true}`, `{"i":"x","n":[2],"read":9}`} {
			require.NoError(t, redis.Publish(t.Context(), "ponti:here:"+room.String(), payload).Err())
		}
	}
	p.say(room, "parole vere")
	e.within(converge, "message", says("parole vere"))
	most := 1 + int(time.Since(begin)/time.Second) // at most one in each 1.25 s
	e.drain()
	p.drain()
	require.LessOrEqual(t, strings.Count(e.everything(), `"writes"`), most)
	require.NotContains(t, p.everything(), `"read"`)
	require.Zero(t, w.marks(esp))
}
