package pg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// Migrations are the numbered, forward-only SQL files of one package, at the root of FS. Each package keeps the history
// of its own tables, in the table `<name>_migrations`.
type Migrations struct {
	Name string
	FS   fs.FS
}

// Migrate brings every set up to date, in the order given: a set may refer to the tables of those before it. Any number
// of instances may call it at once; one migrates, the others wait for it.
func Migrate(ctx context.Context, url string, sets ...Migrations) error {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return errors.New("pg: the database URL cannot be read") // pgx's own words hold the password
	}
	cfg.MaxConns = 2
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return fmt.Errorf("pg: migrate: %w", err)
	}
	defer pool.Close()
	db := stdlib.OpenDBFromPool(pool)
	defer db.Close() //nolint:errcheck // the pool is closed next
	for _, s := range sets {
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return fmt.Errorf("pg: migrate: %w", err)
		}
		p, err := goose.NewProvider(goose.DialectPostgres, db, s.FS,
			goose.WithTableName(s.Name+"_migrations"), goose.WithSessionLocker(locker))
		if err != nil {
			return fmt.Errorf("pg: migrate %s: %w", s.Name, err)
		}
		if _, err := p.Up(ctx); err != nil {
			return fmt.Errorf("pg: migrate %s: %w", s.Name, err)
		}
	}
	return nil
}

// Settings that an acknowledged message depends on, and the value each must have.
var durable = map[string]string{"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}

// CheckDurable refuses a server that could forget what it has committed.
func CheckDurable(ctx context.Context, q Querier) error {
	rows, err := q.Query(ctx, `select name, setting from pg_settings where name in ('fsync', 'synchronous_commit', 'full_page_writes')`)
	if err != nil {
		return fmt.Errorf("pg: read settings: %w", err)
	}
	var name, setting string
	_, err = pgx.ForEachRow(rows, []any{&name, &setting}, func() error {
		if want := durable[name]; setting != want && (name != "synchronous_commit" || setting != "remote_apply") {
			return fmt.Errorf("pg: the server's %s is %q and must be %q: it could lose messages that were acknowledged", name, setting, want)
		}
		return nil
	})
	return err
}
