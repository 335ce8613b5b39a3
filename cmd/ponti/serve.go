package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/rs/zerolog"

	"ponti/internal/pg"
	"ponti/web"
)

type serveCommand struct {
	Settings
}

func (s serveCommand) Run(ctx context.Context, out io.Writer) error {
	return run(ctx, s.Settings, func(ctx context.Context, a *app) error { return a.announceFirstStart(ctx, out) })
}

type migrateCommand struct {
	Settings
}

func (m migrateCommand) Run(ctx context.Context, out io.Writer) error {
	c, err := m.Config()
	if err != nil {
		return err
	}
	s, err := openStores(ctx, c, newLog(c))
	if err != nil {
		return err
	}
	if err := pg.Migrate(ctx, s.url, migrations()...); err != nil {
		return errors.Join(err, s.close())
	}
	if _, err := fmt.Fprintln(out, "The database is up to date."); err != nil {
		return errors.Join(err, s.close())
	}
	return s.close()
}

func newLog(c Config) zerolog.Logger {
	zerolog.TimeFieldFormat = time.RFC3339Nano
	return zerolog.New(os.Stderr).Level(c.LogLevel).With().Timestamp().Logger()
}

// run serves until ctx ends, then stops everything in order. The site listens at once, so that the page with the emergency
// numbers is there even while the database is not; ready runs once, when the database is up to date.
func run(ctx context.Context, s Settings, ready func(context.Context, *app) error) error {
	c, err := s.Config()
	if err != nil {
		return err
	}
	log := newLog(c)
	// Both listeners are taken first: a taken port is said before a database is started.
	site, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("cannot listen on %s (PONTI_LISTEN): %w", c.Listen, err)
	}
	defer site.Close() //nolint:errcheck // closed by the server in the ordinary case
	metrics, err := listenMetrics(c)
	if err != nil {
		return err
	}
	st, err := openStores(ctx, c, log)
	if err != nil {
		return err
	}
	a, err := newApp(c, st, log)
	if err != nil {
		return errors.Join(err, st.close())
	}
	return errors.Join(a.serve(ctx, site, metrics, ready), st.close())
}

func listenMetrics(c Config) (net.Listener, error) {
	if c.MetricsListen == "" {
		return nil, nil //nolint:nilnil // no listener is what was asked for
	}
	l, err := net.Listen("tcp", c.MetricsListen)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s (PONTI_METRICS_LISTEN; 'off' for none): %w", c.MetricsListen, err)
	}
	return l, nil
}

// serve runs the parts and, when ctx ends or a part fails, stops them: first nobody new comes in, then the open conversations are
// sent elsewhere, then requests and workers finish, and the stores close last.
func (a *app) serve(ctx context.Context, site, metrics net.Listener, ready func(context.Context, *app) error) error {
	work, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	servers := []*http.Server{web.NewHTTPServer(a.web.Handler())}
	listeners := []net.Listener{site}
	if metrics != nil {
		servers, listeners = append(servers, a.metricsServer()), append(listeners, metrics)
	}
	for i, srv := range servers {
		go func() {
			if err := srv.Serve(listeners[i]); !errors.Is(err, http.ErrServerClosed) {
				cancel(fmt.Errorf("serve: %w", err))
			}
		}()
	}
	started := make(chan struct{})
	go func() {
		defer close(started)
		if err := a.begin(work, ready); err != nil && work.Err() == nil {
			cancel(err)
		}
	}()
	<-work.Done()
	a.log.Info().Msg("stopping")
	stop, done := context.WithTimeout(context.WithoutCancel(ctx), a.config.Drain+10*time.Second)
	defer done()
	<-started
	a.web.Drain()
	a.web.Live().Drain(a.config.Drain)
	var errs []error
	for _, srv := range servers {
		errs = append(errs, srv.Shutdown(stop))
	}
	a.stopWorkers()
	a.log.Info().Msg("stopped")
	if cause := context.Cause(work); !errors.Is(cause, context.Canceled) {
		errs = append(errs, cause)
	}
	return errors.Join(errs...)
}

// begin makes the database ready, however long it is down, and starts the workers. Only a database that answers with something
// else than "not now" ends the program.
func (a *app) begin(ctx context.Context, ready func(context.Context, *app) error) error {
	for wait := 200 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		err := a.prepare(ctx, ready)
		if err == nil {
			break
		}
		if a.config.Embedded() || !errors.Is(pg.Classify(err), pg.ErrUnavailable) {
			return err
		}
		a.log.Warn().Msg("postgresql cannot be reached, trying again")
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
	a.startWorkers(ctx)
	a.web.Begin()
	a.log.Info().Str("url", a.config.URL.String()).Msg("ready")
	return nil
}

// prepare brings the database up to date. It may be repeated.
func (a *app) prepare(ctx context.Context, ready func(context.Context, *app) error) error {
	if err := pg.Migrate(ctx, a.stores.url, migrations()...); err != nil {
		return err
	}
	if err := a.moderation.LoadRules(ctx); err != nil {
		return err
	}
	if err := pg.CheckDurable(ctx, a.stores.pool); err != nil {
		return err
	}
	n, err := a.forum.RenderAgain(ctx)
	if err != nil {
		return err
	}
	if n > 0 {
		a.log.Info().Int("posts", n).Msg("posts of older rules rendered again")
	}
	return ready(ctx, a)
}
