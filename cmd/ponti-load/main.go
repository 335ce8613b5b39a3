// Command ponti-load measures a running Ponti, and a bare server to compare it with. It sees what a browser sees: pages and the
// live socket of docs/protocol.md. The people it plays are made by `ponti crowd`.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

type commands struct {
	JSON    bool           `help:"Print the report as JSON instead of a table."`
	AnyHost bool           `help:"Allow servers that are not on this machine. They must be yours, and empty of real people."`
	Pairs   pairsCommand   `cmd:"" help:"Conversations at a fixed rate: how long from send to acknowledged and to shown, and whether anything was lost."`
	Sustain sustainCommand `cmd:"" help:"The highest rate at which 99 of 100 messages are shown within 250 ms of their schedule."`
	Fanout  fanoutCommand  `cmd:"" help:"One sender in a room that many lines hear: how long until the last of them shows it."`
	Idle    idleCommand    `cmd:"" help:"Memory of the server per idle connection that has joined a room."`
	Storm   stormCommand   `cmd:"" help:"All connections drop at once, miss messages, and come back: how long until all have caught up."`
	Queue   queueCommand   `cmd:"" help:"People enter the waiting room at a fixed rate and ESPs meet them: how long each step takes, and whether anybody was lost, met twice or passed over; with --raid beside hostile entries."`
	Floor   floorCommand   `cmd:"" help:"The same scenario against bare servers, which this command starts: batched commits with a sequence per room and one Redis hop, nothing else."`
	Bare    bareCommand    `cmd:"" name:"bare" hidden:""`
}

// target is what every scenario is pointed at.
type target struct {
	Crowd  string   `required:"" help:"File that ponti crowd printed."`
	Server []string `required:"" help:"Addresses of the instances, as http://localhost:8080; once for each."`
	PID    []int    `name:"pid" help:"Process ids of the instances, to report their CPU and memory."`
}

var errNotHere = errors.New("the server is not on this machine (--any-host if it is yours and has no real people)")

// check refuses what could hit somebody else's server.
func (t target) check(anyHost bool) error {
	for _, s := range t.Server {
		u, err := url.Parse(s)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return fmt.Errorf("%q is no address of a server", s)
		}
		if ip := net.ParseIP(u.Hostname()); !anyHost && u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return fmt.Errorf("%s: %w", s, errNotHere)
		}
	}
	return nil
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var c commands
	k := kong.Parse(&c, kong.Name("ponti-load"), kong.Description("Measures a Ponti that has no real people in it."),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}), kong.BindTo(ctx, (*context.Context)(nil)))
	k.Bind(&c)
	if err := k.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "ponti-load:", err)
		os.Exit(1)
	}
}

// print writes a report, and fails when messages were lost, doubled or out of order: no figure makes up for that.
func (c *commands) print(w io.Writer, r report) error {
	var err error
	if c.JSON {
		err = json.NewEncoder(w).Encode(r)
	} else {
		err = r.table(w)
	}
	return errors.Join(err, r.Faults.err())
}
