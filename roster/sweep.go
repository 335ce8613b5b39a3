package roster

import (
	"context"
	"time"

	"github.com/rs/zerolog"

	"ponti/account"
	"ponti/internal/worker"
)

// sweepEvery is how often each instance ends silent duties. On call does not wait for it: that is asked of the heartbeat.
const sweepEvery = 15 * time.Second

// Start begins to end silent duties, until Stop or the end of ctx. Starting twice is one start; failures go to log.
func (r *Roster) Start(ctx context.Context, log zerolog.Logger) {
	r.sweeper.Start(ctx, func(ctx context.Context) {
		tick := time.NewTicker(sweepEvery)
		defer tick.Stop()
		for {
			if err := worker.Guard(func() error { return r.Sweep(ctx) }); err != nil && ctx.Err() == nil {
				log.Warn().Err(err).Msg("silent duties could not be ended")
			}
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	})
}

// Stop ends the sweep and returns when it has ended. Stopping twice is fine.
func (r *Roster) Stop() { r.sweeper.Stop() }

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
