// Command ponti is the whole server: site, live socket, workers and, where none are given, its own PostgreSQL and Redis.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
	"github.com/redis/go-redis/v9"

	"ponti/internal/seal"
	"ponti/moderation/triage"
)

// commands are what `ponti --help` lists.
type commands struct {
	Serve    serveCommand    `cmd:"" help:"Run Ponti. Without DATABASE_URL and REDIS_URL it runs its own PostgreSQL and Redis."`
	Demo     demoCommand     `cmd:"" help:"Run Ponti with invented people, shifts and threads, to try it out."`
	Migrate  migrateCommand  `cmd:"" help:"Bring the database up to date and end; serve does it too."`
	Verify   verifyCommand   `cmd:"" help:"Look at a live database for anybody forgotten, any message out of place and any change to the audit trail; end with 1 if there is one."`
	Restored restoredCommand `cmd:"" help:"Say, after a database was brought back from a backup and before any instance starts, that it tells another history: clients then read everything again."`
	Key      keyCommand      `cmd:"" help:"Print a new key for PONTI_KEY_FILE."`
	Crowd    crowdCommand    `cmd:"" help:"Fill an empty database with invented people in conversations, for ponti-load, and print their sessions as JSON."`
	Forum    forumCommands   `cmd:"" help:"Move a community in or out."`
	Triage   triageCommand   `cmd:"" help:"Read conversations as JSON lines on standard input, write their risk level as JSON lines."`
}

// silent drops go-redis's own lines on standard error, which are not JSON: that Redis is gone is said by the bus.
type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

func main() {
	redis.SetLogger(silent{})
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends it there and then: what is stored survives that
	var c commands
	k := kong.Parse(&c,
		kong.Name("ponti"),
		kong.Description("Ponti: peer support by chat and forum, with escalation to the tutors of a mental-health service."),
		kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.BindTo(os.Stdout, (*io.Writer)(nil)),
	)
	if err := k.Run(); err != nil {
		complain(os.Stderr, err)
		os.Exit(1)
	}
}

// complain says what is wrong, each mistake on a line of its own.
func complain(w io.Writer, err error) {
	for line := range strings.SplitSeq(err.Error(), "\n") {
		_, _ = fmt.Fprintf(w, "ponti: %s\n", line) // there is nowhere else to say it
	}
}

type keyCommand struct{}

func (keyCommand) Run(out io.Writer) error {
	_, err := fmt.Fprintf(out, "# made by ponti key on %s\n%s\n", time.Now().UTC().Format(time.DateOnly), seal.GenerateKEK())
	return err
}

type triageCommand struct {
	Learn bool `help:"Instead, learn the weights of words anew from all labelled texts, and write moderation/triage/learned.bin."`
}

func (c triageCommand) Run(out io.Writer) error {
	if c.Learn {
		return triage.Learn(out)
	}
	engine, err := triage.New()
	if err != nil {
		return err
	}
	return triage.Run(engine, os.Stdin, out)
}
