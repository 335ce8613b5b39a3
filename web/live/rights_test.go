package live_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/chat"
)

// However a right ends, every socket of whoever had it is silent within 5 s, on every instance, with Redis and without, and
// though whoever took it told nobody (RELIABILITY I5).
func TestRights_end_on_every_instance(t *testing.T) {
	t.Parallel()
	for name, way := range map[string]struct {
		staff bool // the ESP loses it, and not the person
		stays bool // their sockets live on, without the room
		act   func(w *world, who account.Actor, room chat.RoomID) error
	}{
		"signed out everywhere": {act: func(w *world, who account.Actor, _ chat.RoomID) error {
			return w.quiet.accounts.SignOutEverywhere(w.Context(), who)
		}},
		"sessions ended by an admin": {staff: true, act: func(w *world, who account.Actor, _ chat.RoomID) error {
			return w.quiet.accounts.EndSessions(w.Context(), w.someone(account.RoleAdmin), who.ID)
		}},
		"banned": {staff: true, act: func(w *world, who account.Actor, _ chat.RoomID) error {
			for range 2 { // it takes two
				if _, err := w.quiet.accounts.Disable(w.Context(), w.someone(account.RoleAdmin), who.ID, "ha minacciato chi scriveva"); err != nil {
					return err
				}
			}
			return nil
		}},
		"handed over": {staff: true, stays: true, act: func(w *world, who account.Actor, room chat.RoomID) error {
			w.exec(`with r as (update chat_rooms set authority_version = authority_version + 1 where id = $1)
				update chat_participants set left_at = now() where room_id = $1 and account_id = $2`, room, who.ID)
			return nil
		}},
	} {
		for _, redis := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s_redis_%t", name, redis), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				who, other, room := w.talking()
				if way.staff {
					who, other = other, who
				}
				stays := w.connect(w.one, other)
				stays.join(room, 0, "")
				var out []*client
				for _, in := range []*instance{w.one, w.other, w.other} {
					c := w.connect(in, who)
					c.join(room, 0, "")
					out = append(out, c)
				}
				w.post(w.one, other, room, "prima")
				for _, c := range out {
					c.within(converge, "message", says("prima"))
				}
				if !redis {
					w.redis.Kill()
				}
				begin := time.Now()
				require.NoError(t, way.act(w, who, room))
				for _, c := range out {
					if left := converge - time.Since(begin); way.stays {
						c.within(left, "refused", func(f map[string]any) bool { return f["room"] == room.String() })
					} else {
						c.ends(left)
					}
				}
				stays.send(map[string]any{"t": "typing", "room": room.String()})
				w.post(w.one, other, room, "dopo")
				stays.within(converge, "message", says("dopo"))
				for _, c := range out {
					if way.stays {
						c.send(map[string]any{"t": "typing", "room": room.String()})
						c.send(map[string]any{"t": "read", "room": room.String(), "seq": 2})
						c.say(room, "ci sono ancora")
						require.Equal(t, "error.not_found", c.next("refused", nil)["key"])
						c.drain()
					}
					require.NotContains(t, c.everything(), "dopo")
					require.NotContains(t, c.everything(), `"writes"`)
				}
				require.NotContains(t, stays.everything(), `"writes"`, "nor is anybody told of what they do")
				require.Zero(t, w.marks(who))
			})
		}
	}
}
