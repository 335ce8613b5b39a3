package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"ponti/account"
	"ponti/chat"
	"ponti/internal/audit"
	"ponti/internal/embedded"
	"ponti/internal/pg"
	"ponti/moderation"
)

// verifyCommand needs no key and changes nothing: it may run on a machine that is trusted with less than the server's.
type verifyCommand struct {
	DatabaseURL string `env:"DATABASE_URL" help:"PostgreSQL to look at, as postgres://…; without it the private one of a Ponti that runs."`
	Data        string `env:"PONTI_DATA" help:"Directory of the private PostgreSQL."`
	Head        string `help:"A head of the audit chain that was kept elsewhere, as this command or the log printed it: the chain must still hold it."`
}

func (v verifyCommand) Run(ctx context.Context, out io.Writer) error {
	kept := audit.Head{}
	if v.Head != "" {
		var err error
		if kept, err = audit.ParseHead(v.Head); err != nil {
			return errors.New("--head cannot be read: it is a number, a colon and 64 hexadecimal digits, as ponti verify printed it")
		}
	}
	address, err := v.address()
	if err != nil {
		return err
	}
	pool, err := pg.Open(ctx, address, pg.Options{Name: "ponti-verify", MaxConns: 1})
	if err != nil {
		return errors.New("DATABASE_URL cannot be read: it looks like postgres://user:password@host:5432/ponti")
	}
	defer pool.Close()
	found, head, err := verify(ctx, pool, kept)
	if err != nil {
		return err
	}
	for _, f := range found {
		if _, err := fmt.Fprintln(out, f); err != nil {
			return err
		}
	}
	if len(found) > 0 {
		return fmt.Errorf("wrong: %d; docs/operations.md says what each means", len(found))
	}
	if err := printKept(ctx, out, pool); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "All is well. The audit chain ends with %s\n", head)
	return err
}

// printKept is the proof that what should be gone is: how old the oldest of each kind is, against how old it may be where a service has set nothing else, and how many are late.
func printKept(ctx context.Context, out io.Writer, pool *pgxpool.Pool) error {
	list, err := chat.KeptBy(ctx, pool, account.ServiceID{})
	if err != nil {
		return err
	}
	may := map[string]string{chat.KeptGuest: "48 hours", chat.KeptMember: "12 months", chat.KeptFlagged: "24 months"}
	for _, k := range list {
		oldest := "none kept"
		if k.Rooms > 0 {
			oldest = fmt.Sprintf("%d kept, the oldest ended %s ago", k.Rooms, k.Oldest.Round(time.Minute))
		}
		_, err := fmt.Fprintf(out, "Conversations %s (%s by default): %s; late: %d; erased in 30 days: %d with %d messages\n", k.As, may[k.As], oldest, k.Late, k.Erased, k.Messages)
		if err != nil {
			return err
		}
	}
	return nil
}

func (v verifyCommand) address() (string, error) {
	if v.DatabaseURL != "" {
		return v.DatabaseURL, nil
	}
	if v.Data == "" {
		v.Data = embedded.DefaultDir()
	}
	return embedded.RunningURL(v.Data)
}

// verify asks everything that must hold on a live database, however long that takes.
func verify(ctx context.Context, pool *pgxpool.Pool, kept audit.Head) (found []string, head audit.Head, err error) {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return nil, head, errors.New("the database cannot be reached")
	}
	defer conn.Release()
	if _, err = conn.Exec(ctx, `set statement_timeout = 0; set default_transaction_read_only = on`); err != nil {
		return nil, head, err
	}
	add := func(part string, names []string) {
		for _, n := range names {
			found = append(found, part+" "+n)
		}
	}
	head, faults, err := audit.Check(ctx, conn, audit.Head{})
	if err != nil {
		return nil, head, err
	}
	if kept.N > 0 {
		_, since, err := audit.Check(ctx, conn, kept)
		if err != nil {
			return nil, head, err
		}
		for _, f := range since {
			if f.Rule == "rewritten" {
				faults = append(faults, f)
			}
		}
	}
	add("audit", chainFaults(faults))
	names, err := chat.Check(ctx, conn)
	if err != nil {
		return nil, head, err
	}
	add("chat", names)
	names, err = escalationFaults(moderation.CheckAll(ctx, conn))
	add("moderation", names)
	return found, head, err
}
