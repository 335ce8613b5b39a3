package live

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/chat"
	"ponti/web/wire"
)

// places answers when it is told to.
type places struct {
	Conversations
	asked   int
	answers chan chat.PlaceState
}

func (p *places) Place(context.Context, account.Actor) (chat.PlaceView, error) {
	p.asked++
	return chat.PlaceView{State: <-p.answers}, nil
}

// Who waits was told of their conversation, and then, by a look that had begun before, that they wait.
func TestLook_never_tells_the_earlier_after_the_later(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &places{answers: make(chan chat.PlaceState)}
		s := newSocket(New(Deps{Chat: store}), account.Actor{})
		s.views = map[wire.View]*watched{wire.Waiting: {}}
		var all sync.WaitGroup
		look := func() { all.Go(func() { s.look(t.Context(), wire.Waiting, true) }) }
		look()
		synctest.Wait()
		for range 3 {
			look()
		}
		synctest.Wait()
		require.Equal(t, 1, store.asked, "one at a time")
		store.answers <- chat.PlaceOffered
		synctest.Wait()
		require.Equal(t, 2, store.asked, "and once more for all who came meanwhile")
		store.answers <- chat.PlaceInSession
		synctest.Wait()
		all.Wait()
		require.Equal(t, 2, store.asked)
		require.Len(t, s.queue, 2)
		require.Contains(t, string(s.queue[0]), `"offered"`)
		require.Contains(t, string(s.queue[1]), `"in_session"`)
	})
}
