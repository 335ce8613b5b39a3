package roster

import (
	"context"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"ponti/account"
)

// sweepEvery is how often each instance ends silent duties. On call does not wait for it: that is asked of the heartbeat.
const sweepEvery = 15 * time.Second

// sweeper owns the goroutine that sweeps.
type sweeper struct {
	mu     sync.Mutex
	cancel context.CancelFunc // guarded by mu
	done   chan struct{}      // guarded by mu; closed when the goroutine has ended
}

// Start begins to end silent duties, until Stop or the end of ctx. Starting twice is one start; failures go to log.
func (r *Roster) Start(ctx context.Context, log zerolog.Logger) {
	s := &r.sweeper
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cancel != nil {
		return
	}
	ctx, s.cancel = context.WithCancel(ctx)
	done := make(chan struct{})
	s.done = done
	go func() {
		defer close(done)
		tick := time.NewTicker(sweepEvery)
		defer tick.Stop()
		for {
			if err := r.Sweep(ctx); err != nil && ctx.Err() == nil {
				log.Warn().Err(err).Msg("silent duties could not be ended")
			}
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
}

// Stop ends the sweep and returns when it has ended. Stopping twice is fine.
func (r *Roster) Stop() {
	s := &r.sweeper
	s.mu.Lock()
	cancel, done := s.cancel, s.done
	s.cancel, s.done = nil, nil
	s.mu.Unlock()
	if cancel != nil {
		cancel()
		<-done
	}
}

// Sweep ends every duty without a heartbeat for ten minutes, as of its last heartbeat. Several instances may sweep at once.
func (r *Roster) Sweep(ctx context.Context) error {
	services, err := updateSilentDuties(ctx, r.pool)
	if err != nil {
		return err
	}
	told := make(map[account.ServiceID]bool)
	for _, s := range services {
		if !told[s] {
			told[s] = true
			r.announce(ctx, s)
		}
	}
	return nil
}
