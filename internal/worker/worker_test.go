package worker

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestWorker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var w Worker
		var begun, running atomic.Int32
		run := func(ctx context.Context) {
			begun.Add(1)
			running.Add(1)
			<-ctx.Done()
			running.Add(-1)
		}
		w.Stop()
		w.Start(t.Context(), run)
		w.Start(t.Context(), run)
		synctest.Wait()
		require.EqualValues(t, 1, begun.Load(), "starting twice is one start")
		w.Stop()
		require.Zero(t, running.Load(), "Stop waits")
		w.Stop()

		ctx, cancel := context.WithCancel(t.Context())
		w.Start(ctx, run)
		synctest.Wait()
		require.EqualValues(t, 2, begun.Load(), "what was stopped may start again")
		cancel()
		synctest.Wait()
		require.Zero(t, running.Load(), "the end of its context ends it")
		w.Stop()
	})
}

func TestGuard(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	require.NoError(t, Guard(func() error { return nil }))
	require.ErrorIs(t, Guard(func() error { return broken }), broken)
	err := Guard(func() error { panic("voglio sparire") })
	require.ErrorContains(t, err, "panic of type string")
	assert.Contains(t, err.Error(), "worker_test.go", "says where")
	assert.NotContains(t, err.Error(), "sparire", "nothing that somebody wrote")
}
