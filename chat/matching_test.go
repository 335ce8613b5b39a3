package chat

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/ids"
	"ponti/internal/pg"
)

func TestMatching_is_shared_by_who_asks_meanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := matching{turns: map[account.ServiceID]*matchTurn{}}
		service := ids.New[account.Service]()
		begun, release := 0, make(chan error)
		do := func(context.Context) error {
			begun++
			return <-release
		}
		var all sync.WaitGroup
		answers := make(chan error, 20)
		ask := func(ctx context.Context) { all.Go(func() { answers <- m.share(ctx, service, do) }) }
		gone, leave := context.WithCancel(t.Context())
		ask(gone)
		synctest.Wait()
		require.Equal(t, 1, begun)
		for range 10 {
			ask(t.Context())
		}
		synctest.Wait()
		require.Equal(t, 1, begun, "one at a time, and who came while it ran is not served by it")
		leave() // who runs it goes: it is for the others, too
		release <- nil
		require.NoError(t, <-answers)
		synctest.Wait()
		require.Equal(t, 2, begun)
		ask(t.Context())
		synctest.Wait()
		release <- pg.ErrUnavailable
		for range 10 {
			require.ErrorIs(t, <-answers, pg.ErrUnavailable)
		}
		synctest.Wait()
		require.Equal(t, 3, begun, "who asks while the shared one runs has another")
		release <- nil
		require.NoError(t, <-answers)
		all.Wait()
	})
}

func TestMatching_goes_on_after_a_panic(t *testing.T) {
	t.Parallel()
	m := matching{turns: map[account.ServiceID]*matchTurn{}}
	service := ids.New[account.Service]()
	require.Panics(t, func() { _ = m.share(t.Context(), service, func(context.Context) error { panic("rule") }) })
	require.NoError(t, m.share(t.Context(), service, func(context.Context) error { return nil }))
	require.NoError(t, m.share(t.Context(), ids.New[account.Service](), func(context.Context) error { return nil }), "another service waits for none")
}
