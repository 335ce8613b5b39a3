// Package pg opens PostgreSQL, migrates it and runs transactions. It knows no table of ours.
package pg

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"ponti/internal/errs"
)

// ErrUnavailable is what callers get while the database cannot be reached: the same request may succeed later.
var ErrUnavailable = errs.New(errs.Unavailable, "error.unavailable")

// Querier runs SQL: a pool or a transaction. SQL functions take it and never begin a transaction themselves.
type Querier interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// Options bound a pool.
type Options struct {
	Name     string // shown in pg_stat_activity
	MaxConns int32  // at most this many connections
}

// Open makes a pool without waiting for the server: Ponti starts, and serves the page with the emergency numbers, while
// the database is down. Every statement ends after 2 s and every wait for a lock after 500 ms, so that one stuck room holds nobody else.
func Open(ctx context.Context, url string, o Options) (*pgxpool.Pool, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		// The parser's own text may quote the URL, and with it the password.
		return nil, errors.New("pg: the database URL cannot be read")
	}
	cfg.MaxConns = o.MaxConns
	cfg.MaxConnIdleTime = 5 * time.Minute
	cfg.HealthCheckPeriod = 5 * time.Second
	cfg.ConnConfig.ConnectTimeout = 2 * time.Second
	cfg.ConnConfig.Tracer = waits{}
	rp := cfg.ConnConfig.RuntimeParams
	rp["application_name"] = o.Name
	rp["statement_timeout"] = "2000"
	rp["lock_timeout"] = "500"
	rp["idle_in_transaction_session_timeout"] = "5000"
	rp["timezone"] = "UTC"
	rp["jit"] = "off" // no statement here runs for long enough to earn back the tens of milliseconds that compiling it takes
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("pg: open: %w", err)
	}
	return pool, nil
}

// InTx runs f in one transaction and commits. A deadlock or serialization failure is tried again, three times in all with jitter,
// so f must be repeatable: no effect outside the transaction. No network call belongs inside f.
//
// A lost connection is ErrUnavailable. When it is lost between commit and answer nobody can know the outcome:
// callers make their writes idempotent.
func InTx(ctx context.Context, pool *pgxpool.Pool, f func(ctx context.Context, tx pgx.Tx) error) error {
	const tries = 3
	for try := 1; ; try++ {
		err := inTxOnce(ctx, pool, f)
		if err == nil || try == tries || !repeatable(err) {
			return Classify(err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Duration(try) * time.Duration(5+rand.IntN(20)) * time.Millisecond): //nolint:gosec // jitter, not a secret
		}
	}
}

func inTxOnce(ctx context.Context, pool *pgxpool.Pool, f func(ctx context.Context, tx pgx.Tx) error) error {
	wait, cancel := context.WithTimeout(ctx, acquireTimeout)
	conn, err := pool.Acquire(wait)
	cancel()
	if err != nil {
		return err
	}
	defer conn.Release()
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error { return f(ctx, tx) })
}

// Classify turns the failures that mean "not now" into ErrUnavailable and leaves all others alone.
func Classify(err error) error {
	if err == nil || errs.KindOf(err) != errs.Internal || errors.Is(err, pgx.ErrNoRows) || errors.Is(err, context.Canceled) {
		return err
	}
	if pe, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch {
		case pe.Code[:2] == "08", pe.Code[:2] == "53", pe.Code[:2] == "57", pe.Code[:2] == "58",
			pe.Code == "55P03",                     // lock_timeout
			pe.Code == "25006",                     // read-only: a standby, or a full disk's guard
			pe.Code == "40001", pe.Code == "40P01": // still contended after all tries
			return fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
		return err
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok || pgconn.SafeToRetry(err) || pgconn.Timeout(err) ||
		errors.Is(err, context.DeadlineExceeded) || isNetwork(err) {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return err
}

// Constraint names the unique, check or foreign key constraint that refused a row; empty for any other error.
func Constraint(err error) string {
	if pe, ok := errors.AsType[*pgconn.PgError](err); ok && pe.Code[:2] == "23" {
		return pe.ConstraintName
	}
	return ""
}

// Contended is true of an error that says somebody else held a lock for too long: the server is well, and other rows are free.
func Contended(err error) bool {
	pe, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (pe.Code == "55P03" || repeatable(err))
}

func repeatable(err error) bool {
	pe, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (pe.Code == "40001" || pe.Code == "40P01")
}
