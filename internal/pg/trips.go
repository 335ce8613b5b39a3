package pg

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// InTwoTrips runs one transaction in two exchanges with the server, where InTx needs one for each statement. ask queues what is
// to be known first: by the time that write is called, the functions of those queries have run. write queues what is to be
// stored, which is committed with it; an error of it, or of any statement, undoes all. Both are called once.
//
// Nothing is tried again, and a lost connection is ErrUnavailable, as in InTx.
func InTwoTrips(ctx context.Context, pool *pgxpool.Pool, ask func(*pgx.Batch), write func(*pgx.Batch) error) error {
	wait, cancel := context.WithTimeout(ctx, acquireTimeout)
	conn, err := pool.Acquire(wait)
	cancel()
	if err != nil {
		return Classify(err)
	}
	defer conn.Release() // which closes a connection that is still in a transaction

	err = twoTrips(ctx, conn, ask, write)
	if err != nil && !conn.Conn().IsClosed() {
		_, _ = conn.Exec(ctx, "rollback") //nolint:errcheck // when it fails, Release closes the connection
	}
	return Classify(err)
}

func twoTrips(ctx context.Context, conn *pgxpool.Conn, ask func(*pgx.Batch), write func(*pgx.Batch) error) error {
	first := &pgx.Batch{}
	first.Queue("begin")
	ask(first)
	if err := conn.SendBatch(ctx, first).Close(); err != nil {
		return err
	}
	second := &pgx.Batch{}
	if err := write(second); err != nil {
		return err
	}
	second.Queue("commit").Exec(func(tag pgconn.CommandTag) error {
		if tag.String() != "COMMIT" {
			return fmt.Errorf("pg: the transaction ended with %s", tag)
		}
		return nil
	})
	return conn.SendBatch(ctx, second).Close()
}
