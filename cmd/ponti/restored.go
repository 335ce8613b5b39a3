package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"ponti/chat"
	"ponti/internal/pg"
)

type restoredCommand struct {
	DatabaseURL string `required:"" env:"DATABASE_URL" help:"PostgreSQL that was restored, as postgres://…; no instance may be running on it."`
}

// Run says that the database tells another history than before.
func (r restoredCommand) Run(ctx context.Context, out io.Writer) error {
	pool, err := pg.Open(ctx, r.DatabaseURL, pg.Options{Name: "ponti-restored", MaxConns: 1})
	if err != nil {
		return errors.New("DATABASE_URL cannot be read: it looks like postgres://user:password@host:5432/ponti")
	}
	defer pool.Close()
	epoch, err := chat.NewEpoch(ctx, pool)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "History is another from here on (%s): start one instance, then the others.\n", epoch)
	return err
}
