package live_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/chat"
	"ponti/internal/bus"
	"ponti/moderation"
)

func TestConversation_across_two_instances(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	p, e := w.connect(w.one, person), w.connect(w.other, esp)
	require.EqualValues(t, 1, p.join(room, 0, "")["me"])
	require.EqualValues(t, 2, e.join(room, 0, "")["me"])

	for i := range 10 {
		for _, c := range []struct {
			from, to *client
			n        int
		}{{p, e, 1}, {e, p, 2}} {
			text := fmt.Sprintf("da %d, numero %d", c.n, i)
			cid := c.from.say(room, text)
			ack := c.from.next("ack", nil)
			require.Equal(t, cid, ack["cid"])
			for _, end := range []*client{c.from, c.to} {
				m := end.within(converge, "message", nil)
				require.Equal(t, text, m["text"])
				require.EqualValues(t, ack["seq"], m["seq"])
				require.EqualValues(t, c.n, m["from"])
				require.Equal(t, cid, m["cid"])
			}
		}
	}
	for _, c := range []*client{p, e} {
		require.Equal(t, 20, strings.Count(c.everything(), `"t":"message"`), "each message once")
		require.NotContains(t, c.everything(), person.ID.String())
		require.NotContains(t, c.everything(), esp.ID.String())
	}
}

// A message whose hint is lost leaves no gap when it is the last one: only comparing finds it.
func TestConversation_lost_hint_of_the_last_message(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	p, e := w.connect(w.one, person), w.connect(w.other, esp)
	p.join(room, 0, "")
	e.join(room, 0, "")
	w.post(w.quiet, person, room, "nessuno lo annuncia")
	p.within(converge, "message", says("nessuno lo annuncia"))
	e.within(converge, "message", says("nessuno lo annuncia"))

	// One in the middle is found by the next, at once and in order.
	w.post(w.quiet, person, room, "perso")
	w.post(w.one, person, room, "annunciato")
	require.EqualValues(t, 2, e.within(converge, "message", says("perso"))["seq"])
	require.EqualValues(t, 3, e.within(converge, "message", says("annunciato"))["seq"])
}

func TestConversation_redis_gone_and_back(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	p, e := w.connect(w.one, person), w.connect(w.other, esp)
	p.join(room, 0, "")
	e.join(room, 0, "")
	w.redis.Kill()
	for i := range 5 {
		text := "senza redis " + strconv.Itoa(i)
		p.say(room, text)
		p.next("ack", nil)
		e.within(converge, "message", says(text))
		p.within(converge, "message", says(text))
	}
	w.redis.Start()
	require.Eventually(t, func() bool { return !w.one.bus.Degraded() && !w.other.bus.Degraded() }, patience, 5*time.Millisecond)
	e.say(room, "di nuovo")
	e.next("ack", nil)
	p.within(converge, "message", says("di nuovo"))
	w.redis.Freeze()
	e.say(room, "redis fermo")
	e.next("ack", nil)
	p.within(converge, "message", says("redis fermo"))
	e.within(converge, "message", says("redis fermo"))
	w.redis.Thaw()
	for _, c := range []*client{p, e} {
		c.drain()
		require.Equal(t, 7, strings.Count(c.everything(), `"t":"message"`), "each message once")
	}
}

func TestConversation_forged_hints(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	_, other, secret := w.talking()
	p, e := w.connect(w.one, person), w.connect(w.other, esp)
	p.join(room, 0, "")
	e.join(room, 0, "")

	// What another room's members hear, caught on the way and played into this room.
	caught := w.redis.Client().Subscribe(t.Context(), "ponti:"+bus.Room(secret.String()))
	defer caught.Close() //nolint:errcheck // the test is over
	_, err := caught.Receive(t.Context())
	require.NoError(t, err)
	w.post(w.one, other, secret, "parole di altri")
	foreign, err := caught.ReceiveMessage(t.Context())
	require.NoError(t, err)

	redis := w.redis.Client()
	for _, payload := range []string{
		"", "x", "{}", strings.Repeat("a", 1<<20), foreign.Payload, foreign.Payload[:20],
		"\x01" + string(room[:]) + foreign.Payload[17:],
		`{"Room":"` + room.String() + `","Message":{"Seq":1,"Text":"falso"}}`,
	} {
		for _, channel := range []string{bus.Room(room.String()), bus.Account(esp.ID.String()), "here:" + room.String(), bus.Room("x"), bus.Account("x"), "here:"} {
			require.NoError(t, redis.Publish(t.Context(), "ponti:"+channel, payload).Err())
		}
	}
	for _, word := range []string{bus.Session, bus.Rooms, bus.Desk, bus.Place, bus.Escalations, bus.Notices} {
		require.NoError(t, redis.Publish(t.Context(), "ponti:"+bus.Account(esp.ID.String()), word).Err())
	}
	require.NoError(t, redis.FlushAll(t.Context()).Err())

	p.say(room, "parole vere")
	e.within(converge, "message", says("parole vere"))
	e.drain()
	require.NotContains(t, e.everything(), "parole di altri")
	require.NotContains(t, e.everything(), "falso")
	require.Equal(t, 1, strings.Count(e.everything(), `"t":"message"`))
}

func TestConversation_resume(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	for i := range 450 { // more than a page, more than the ring
		w.post(w.quiet, esp, room, "numero "+strconv.Itoa(i+1))
	}
	p := w.connect(w.one, person)
	caught := p.join(room, 0, "")
	require.EqualValues(t, 450, caught["head"])
	require.Equal(t, sequence(1, 450), seqs(t, p))
	epoch := caught["epoch"].(string)

	t.Run("after_k", func(t *testing.T) {
		again := w.connect(w.other, person)
		again.join(room, 447, epoch)
		require.Equal(t, sequence(448, 450), seqs(t, again))
		again.join(room, 449, epoch) // asking again on the same socket
		require.Equal(t, append(sequence(448, 450), 450), seqs(t, again))
	})
	t.Run("from_the_ring", func(t *testing.T) {
		w.post(w.one, esp, room, "numero 451")
		p.within(converge, "message", says("numero 451"))
		again := w.connect(w.one, person)
		again.join(room, 450, epoch)
		require.Equal(t, []int64{451}, seqs(t, again))
	})
	t.Run("beyond_the_head", func(*testing.T) {
		c := w.connect(w.one, person)
		c.send(map[string]any{"t": "join", "room": room.String(), "after": 1000, "epoch": epoch})
		c.next("resync", nil)
	})
	t.Run("of_another_epoch", func(t *testing.T) {
		c := w.connect(w.one, person)
		c.send(map[string]any{"t": "join", "room": room.String(), "after": 3, "epoch": "another"})
		c.next("resync", nil)
		c.join(room, 0, "") // as the protocol says to do then
		require.Len(t, seqs(t, c), 451)
	})
}

func sequence(from, to int64) (list []int64) {
	for i := from; i <= to; i++ {
		list = append(list, i)
	}
	return list
}

// seqs are the sequences a client received, in their order.
func seqs(t *testing.T, c *client) (list []int64) {
	t.Helper()
	for line := range strings.Lines(c.everything()) {
		if _, rest, ok := strings.Cut(line, `"t":"message"`); ok {
			_, rest, _ = strings.Cut(rest, `"seq":`)
			digits, _, _ := strings.Cut(rest, ",")
			n, err := strconv.ParseInt(digits, 10, 64)
			require.NoError(t, err)
			list = append(list, n)
		}
	}
	return list
}

// A database brought back from a backup tells another history.
func TestConversation_restore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, _, room := w.talking()
	p := w.connect(w.one, person)
	p.join(room, 0, "")
	w.exec(`update chat_epoch set id = gen_random_uuid()`)
	code, reason := p.ends(2 * patience)
	require.Equal(t, 4001, code)
	require.Contains(t, reason, "retry_after=")
}

func TestSend_twice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	p := w.connect(w.one, person)
	p.join(room, 0, "")
	cid := p.say(room, "una volta")
	first := p.next("ack", nil)

	again := w.connect(w.other, person) // another tab, which never joined
	again.send(map[string]any{"t": "send", "room": room.String(), "cid": cid, "text": "una volta"})
	require.Equal(t, first["seq"], again.next("ack", nil)["seq"])
	byForm, err := w.other.chat.PostMessage(t.Context(), person, chat.Post{Room: room, CID: cid, Text: "una volta"})
	require.NoError(t, err)
	require.EqualValues(t, first["seq"], byForm.Seq)

	again.send(map[string]any{"t": "send", "room": room.String(), "cid": cid, "text": "un'altra cosa"})
	refused := again.next("refused", nil)
	require.Equal(t, cid, refused["cid"])
	require.Equal(t, "chat.cid_reused", refused["key"])
	require.Equal(t, "text of chat.cid_reused", refused["text"])

	list, err := w.one.chat.MessagesAfter(t.Context(), esp, room, 0, 10)
	require.NoError(t, err)
	require.Len(t, list, 1)
}

func TestSend_refused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, _, room := w.talking()
	p := w.connect(w.one, person)
	for key, f := range map[string]map[string]any{
		"chat.text_empty":  {"t": "send", "room": room.String(), "cid": newCID(), "text": "  "},
		"chat.cid_invalid": {"t": "send", "room": room.String(), "cid": "corto", "text": "ciao"},
		"error.not_found":  {"t": "send", "room": w.service.String(), "cid": newCID(), "text": "ciao"},
	} {
		p.send(f)
		refused := p.next("refused", nil)
		require.Equal(t, key, refused["key"])
		require.Equal(t, f["cid"], refused["cid"])
		require.Nil(t, refused["later"])
	}
	for range 12 {
		p.say(room, "presto")
	}
	require.Equal(t, true, p.next("refused", func(f map[string]any) bool { return f["key"] == "live.too_fast" })["later"])
}

// TestHiddenMessage: what was hidden is not given from memory to who joins afterwards.
func TestHiddenMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	p := w.connect(w.one, person)
	p.join(room, 0, "")
	p.say(room, "un numero di telefono")
	p.next("ack", nil)
	p.next("message", says("un numero di telefono"))
	require.NoError(t, w.quiet.chat.MessageContent().Hide(t.Context(), w.pool, w.service, room.String()+"/1", "un dato personale", w.tutor.ID))
	tick := time.NewTicker(900 * time.Millisecond)
	defer tick.Stop()
	var f map[string]any
	for range 6 {
		c := w.connect(w.one, esp)
		c.join(room, 0, "")
		if f = c.next("message", nil); f["hidden"] == true {
			break
		}
		<-tick.C
	}
	require.Equal(t, true, f["hidden"])
	require.Empty(t, f["text"])
}

// TestSend_pace: an account has one pace, however many windows it opens, in turn or at once.
func TestSend_pace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, _, room := w.talking()
	for range 5 {
		p := w.connect(w.one, person)
		for range 8 {
			p.say(room, "presto")
		}
		require.Eventually(t, func() bool {
			all := p.everything()
			return strings.Count(all, `"t":"ack"`)+strings.Count(all, `"t":"refused"`) == 8
		}, patience, 10*time.Millisecond)
	}
	sent, err := w.one.chat.MessagesAfter(t.Context(), person, room, 0, 200)
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(sent), 25)
	require.Less(t, len(sent), 38, "of forty")
	require.Error(t, w.one.hub.MaySend(person), "and the form has the same")
	require.NoError(t, w.one.hub.MaySend(w.someone(account.RoleGuest)))
}

func TestPeople(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	p := w.connect(w.one, person)
	p.join(room, 0, "")
	here := func(n int, yes bool) func(map[string]any) bool {
		return func(f map[string]any) bool {
			for _, x := range f["people"].([]any) {
				if m := x.(map[string]any); m["n"] == float64(n) {
					return m["here"] == yes
				}
			}
			return false
		}
	}
	people := p.next("people", here(2, false))
	require.Equal(t, map[string]any{"n": 2., "alias": esp.Alias, "role": "esp", "here": false}, people["people"].([]any)[1])
	require.Equal(t, "open", p.next("state", nil)["state"])

	e := w.connect(w.other, esp)
	e.join(room, 0, "")
	p.next("people", here(2, true))
	// An instance that had no socket in the room asks, and does not wait for the next regular telling.
	late := w.connect(w.newInstance(), person)
	late.join(room, 0, "")
	late.within(3*time.Second, "people", here(2, true))
	require.NoError(t, e.ws.Close())
	p.within(2*patience, "people", here(2, false))

	require.NoError(t, w.one.chat.EndConversation(t.Context(), esp, room))
	p.next("message", func(f map[string]any) bool { return f["kind"] == "ended" })
	p.next("state", func(f map[string]any) bool { return f["state"] == "ended" })
}

func TestState_of_a_crisis(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person, esp, room := w.talking()
	p, e := w.connect(w.one, person), w.connect(w.other, esp)
	p.join(room, 0, "")
	e.join(room, 0, "")
	p.say(room, "Non ce la faccio più, stasera voglio uccidermi.")
	state := p.within(converge, "state", func(f map[string]any) bool { return f["numbers"] == true })
	require.Equal(t, "alerting", state["care"])
	require.Nil(t, state["level"], "a person is not told a level")
	require.Equal(t, "crisis", e.within(converge, "state", func(f map[string]any) bool { return f["level"] != nil })["level"])

	w.other.moderation.Start(t.Context())
	t.Cleanup(w.other.moderation.Stop)
	var console moderation.Console
	require.Eventually(t, func() (routed bool) {
		var err error
		console, err = w.other.moderation.Console(t.Context(), w.tutor)
		return err == nil && len(console.Waiting) == 1
	}, patience, 20*time.Millisecond)
	require.NoError(t, w.other.moderation.Acknowledge(t.Context(), w.tutor, console.Waiting[0].ID))
	p.within(converge, "state", func(f map[string]any) bool { return f["care"] == "seen" })
}
