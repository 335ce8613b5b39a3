package pg

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Together runs the reading statements that queue adds in one exchange with the server, where each by itself needs one. None of them can depend on what
// another answered, and an error of any ends all, also one of reading its answer: that a row is missing is better noted than returned.
func Together(ctx context.Context, pool *pgxpool.Pool, queue func(*pgx.Batch)) error {
	b := &pgx.Batch{}
	queue(b)
	return pool.SendBatch(ctx, b).Close()
}

// InOneTrip runs the statements that queue adds as one transaction in one exchange with the server, where InTx needs one for
// each statement: locks are held while the server works and not while this program thinks. None of the statements can depend
// on what another answered; an error of any undoes all. queue is called once and nothing is tried again.
//
// An error in reading an answer, and a lost connection (ErrUnavailable), may come after the commit: as in InTx, callers make
// their writes idempotent.
func InOneTrip(ctx context.Context, pool *pgxpool.Pool, queue func(*pgx.Batch)) error {
	wait, cancel := context.WithTimeout(ctx, acquireTimeout)
	conn, err := pool.Acquire(wait)
	cancel()
	if err != nil {
		return Classify(err)
	}
	defer conn.Release() // which closes a connection that is still in a transaction

	b := &pgx.Batch{}
	b.Queue("begin")
	queue(b)
	b.Queue("commit").Exec(func(tag pgconn.CommandTag) error {
		if tag.String() != "COMMIT" {
			return fmt.Errorf("pg: the transaction ended with %s", tag)
		}
		return nil
	})
	err = conn.SendBatch(ctx, b).Close()
	if err != nil && !conn.Conn().IsClosed() {
		_, _ = conn.Exec(ctx, "rollback") // when it fails, Release closes the connection
	}
	return Classify(err)
}
