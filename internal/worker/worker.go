// Package worker runs what a part of the program does in the background, from Start to Stop. It does not know what that is.
package worker

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
)

// Worker owns one goroutine. The zero Worker is ready to start.
type Worker struct {
	mu     sync.Mutex
	cancel context.CancelFunc // guarded by mu; nil while nothing runs
	done   chan struct{}      // guarded by mu; closed when run has returned
}

// Start runs run until Stop or the end of ctx; run returns soon after its context ends. Starting what runs does nothing;
// what was stopped may start again.
func (w *Worker) Start(ctx context.Context, run func(context.Context)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cancel != nil {
		return
	}
	ctx, w.cancel = context.WithCancel(ctx)
	done := make(chan struct{})
	w.done = done
	go func() {
		defer close(done)
		run(ctx)
	}()
}

// Stop returns when run has returned. Stopping twice, or before Start, is fine.
func (w *Worker) Stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cancel == nil {
		return
	}
	w.cancel()
	<-w.done
	w.cancel, w.done = nil, nil
}

// Guard turns a panic of do into an error that holds its type and place, but not its value: that may quote what
// somebody wrote.
func Guard(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("worker: panic of type %T\n%s", p, debug.Stack())
		}
	}()
	return do()
}
