package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"

	"ponti/account"
	"ponti/chat"
	"ponti/forum"
	"ponti/internal/audit"
	"ponti/internal/bus"
	"ponti/internal/embedded"
	"ponti/internal/pg"
	"ponti/internal/seal"
	"ponti/moderation"
	"ponti/roster"
)

// migrations are all tables of Ponti, in the order of the import line.
func migrations() []pg.Migrations {
	return []pg.Migrations{audit.Migrations(), account.Migrations(), roster.Migrations(),
		moderation.Migrations(), chat.Migrations(), forum.Migrations()}
}

// stores are the connections to PostgreSQL and Redis, whoever runs them, and the keys.
type stores struct {
	url     string
	pool    *pgxpool.Pool // pages and chat
	urgent  *pgxpool.Pool // escalations and health: never starved by the other
	redis   redis.UniversalClient
	keyring *seal.Keyring
	own     *ownStores // nil when given
}

// openStores starts Ponti's own stores or connects to the given ones. Given ones may be down: they are not waited for.
func openStores(ctx context.Context, c Config, log zerolog.Logger) (*stores, error) {
	s := &stores{url: c.DatabaseURL}
	keys, err := loadKeys(c)
	if err != nil {
		return nil, err
	}
	if s.keyring, err = seal.NewKeyring(keys[0], keys[1:]...); err != nil {
		return nil, err
	}
	if c.Embedded() {
		if s.own, err = startOwnStores(ctx, c, log); err != nil {
			return nil, err
		}
		s.url = s.own.postgres.URL()
		c.RedisURL = s.own.redis.URL()
	}
	if s.pool, err = pg.Open(ctx, s.url, pg.Options{Name: "ponti", MaxConns: c.DatabaseConns}); err != nil {
		return nil, errors.Join(err, s.close())
	}
	if s.urgent, err = pg.Open(ctx, s.url, pg.Options{Name: "ponti-urgent", MaxConns: 4}); err != nil {
		return nil, errors.Join(err, s.close())
	}
	if s.redis, err = bus.Open(c.RedisURL); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// close ends the connections, then the own stores. It may be called on a half-opened value.
func (s *stores) close() error {
	var errs []error
	if s.redis != nil {
		errs = append(errs, s.redis.Close())
	}
	if s.pool != nil {
		s.pool.Close()
	}
	if s.urgent != nil {
		s.urgent.Close()
	}
	if s.own != nil {
		errs = append(errs, s.own.stop())
	}
	return errors.Join(errs...)
}

// loadKeys reads the key file; with own stores and none named, it makes one beside the database at the first start.
func loadKeys(c Config) ([][]byte, error) {
	file := c.KeyFile
	if file == "" {
		file = filepath.Join(c.Data, "key")
		if err := os.MkdirAll(c.Data, 0o755); err != nil { //nolint:gosec // PostgreSQL's own user must reach its folder below
			return nil, fmt.Errorf("the data directory cannot be made: %w", err)
		}
		f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		switch {
		case err == nil:
			_, err = fmt.Fprintln(f, seal.GenerateKEK())
			if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
				return nil, fmt.Errorf("the key cannot be written: %w", err)
			}
		case !errors.Is(err, os.ErrExist):
			return nil, fmt.Errorf("the key cannot be made: %w", err)
		}
	}
	return readKeys(file)
}

// ownStores are the private PostgreSQL and Redis. PostgreSQL is started again whenever it ends by itself.
type ownStores struct {
	postgres *embedded.Postgres // owned by supervise once it runs; read through stop only after it ended
	redis    *embedded.Redis
	cancel   context.CancelFunc
	ended    chan struct{}
	stopErr  error // set before ended is closed
}

func startOwnStores(ctx context.Context, c Config, log zerolog.Logger) (*ownStores, error) {
	o := embedded.Options{Dir: c.Data, Bin: c.PGBin, MaxConnections: int(c.DatabaseConns) + 20, Log: log}
	p, err := embedded.StartPostgres(ctx, o)
	if err != nil {
		return nil, err
	}
	r, err := embedded.StartRedis()
	if err != nil {
		return nil, errors.Join(err, p.Stop(ctx))
	}
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s := &ownStores{postgres: p, redis: r, cancel: cancel, ended: make(chan struct{})}
	go s.supervise(life, o, p)
	return s, nil
}

// supervise starts PostgreSQL again when it ends by itself, on the same directory and so with the same address.
func (s *ownStores) supervise(ctx context.Context, o embedded.Options, p *embedded.Postgres) {
	defer close(s.ended)
	for {
		select {
		case <-ctx.Done():
			stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
			s.stopErr = p.Stop(stop)
			cancel()
			return
		case <-p.Done():
			o.Log.Error().Err(p.Err()).Msg("private postgresql ended, starting it again")
		}
		for wait := 100 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
			next, err := embedded.StartPostgres(ctx, o)
			if err == nil {
				p = next
				break
			}
			if ctx.Err() != nil {
				return
			}
			o.Log.Error().Err(err).Msg("private postgresql does not start")
			select {
			case <-ctx.Done():
				return
			case <-time.After(wait):
			}
		}
	}
}

func (s *ownStores) stop() error {
	s.cancel()
	<-s.ended
	s.redis.Stop()
	return s.stopErr
}
