package chat_test

import (
	"sync"
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/chat"
)

// What an instance remembers of who may write lets nobody write who no longer may, whichever instance took the right away.
func TestSeats_areNotBelieved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := chat.New(w.pool, account.New(w.pool, account.Options{}), w.roster, w.moderation, w.ring, w.hints, zerolog.Nop())
	say := func(a account.Actor, room chat.RoomID) error {
		_, err := w.chat.PostMessage(w.ctx, a, chat.Post{Room: room, CID: newCID(), Text: "ciao"})
		return err
	}

	t.Run("after the end", func(t *testing.T) {
		person, esp, room := w.talking()
		require.NoError(t, say(person, room))
		require.NoError(t, say(esp, room))
		require.NoError(t, other.EndConversation(w.ctx, person, room))
		require.ErrorIs(t, say(person, room), chat.ErrEnded)
		require.ErrorIs(t, say(esp, room), chat.ErrEnded)
	})
	t.Run("of who left an open room", func(t *testing.T) {
		person, esp, room := w.talking()
		require.NoError(t, say(esp, room))
		w.exec(`with gone as (update chat_participants set left_at = now() where room_id = $1 and account_id = $2)
			update chat_rooms set authority_version = authority_version + 1 where id = $1`, room, esp.ID)
		require.ErrorIs(t, say(esp, room), chat.ErrNotFound)
		require.NoError(t, say(person, room))
	})
	t.Run("with another role, or of another service", func(t *testing.T) {
		_, esp, room := w.talking()
		require.NoError(t, say(esp, room))
		for _, changed := range []func(*account.Actor){
			func(a *account.Actor) { a.Role = account.RoleAdmin },
			func(a *account.Actor) { a.Service = w.newService("altrove.example") },
		} {
			taken := esp
			changed(&taken)
			require.ErrorIs(t, say(taken, room), chat.ErrNotFound)
		}
	})
	t.Run("while it ends", func(t *testing.T) {
		for range 20 {
			person, esp, room := w.talking()
			require.NoError(t, say(person, room))
			var all sync.WaitGroup
			for range 4 {
				all.Go(func() {
					if err := say(person, room); err != nil {
						assert.ErrorIs(t, err, chat.ErrEnded)
					}
				})
			}
			all.Go(func() { assert.NoError(t, other.EndConversation(w.ctx, esp, room)) })
			all.Wait()
			last, err := w.chat.MessagesBefore(w.ctx, person, room, 1<<40, 1)
			require.NoError(t, err)
			require.Equal(t, chat.EndedByFrom, last[0].Kind, "nothing is said after the end")
		}
	})
	w.holds()
}
