package audit

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rs/zerolog"

	"ponti/internal/worker"
)

// linkEvery is how long an entry waits for its link, about.
const linkEvery = time.Second

// Linker chains what was written, on every instance; one of them at a time finds it to be its turn.
type Linker struct {
	worker.Worker
	pool *pgxpool.Pool
	log  zerolog.Logger
}

// NewLinker makes one that is not started.
func NewLinker(pool *pgxpool.Pool, log zerolog.Logger) *Linker { return &Linker{pool: pool, log: log} }

// Start links until Stop or the end of ctx. A database that cannot be written to is asked again; the auditor says that it lasts.
func (l *Linker) Start(ctx context.Context) {
	l.Worker.Start(ctx, func(ctx context.Context) {
		tick := time.NewTicker(linkEvery)
		defer tick.Stop()
		for {
			err := worker.Guard(func() error { _, err := Link(ctx, l.pool); return err })
			if err != nil && ctx.Err() == nil {
				l.log.Warn().Err(err).Msg("the audit chain could not be continued")
			}
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	})
}
