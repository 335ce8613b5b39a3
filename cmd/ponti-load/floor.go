package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// floorCommand runs a scenario against bare servers, which are what is compared with.
type floorCommand struct {
	Database string        `required:"" env:"DATABASE_URL" help:"PostgreSQL that syncs to disk; a schema of its own is made there and dropped."`
	Redis    string        `required:"" env:"REDIS_URL" help:"Redis, as redis://…"`
	Servers  int           `default:"2" help:"Bare servers to start, each a process."`
	Scenario string        `default:"pairs" enum:"pairs,sustain,fanout,idle,storm" help:"pairs, sustain, fanout, idle or storm."`
	Rooms    int           `default:"200" help:"As in the scenario."`
	Rate     float64       `default:"1000" help:"As in pairs and fanout."`
	Hearers  int           `default:"16" help:"As in fanout."`
	From     float64       `default:"8000" help:"As in sustain."`
	Lines    int           `default:"10000" help:"As in idle and storm."`
	For      time.Duration `default:"10s" help:"As in pairs and fanout; of each step in sustain."`
}

const schema = `create schema ponti_load;
	create table ponti_load.rooms (id uuid primary key, last_seq bigint not null default 0);
	create table ponti_load.messages (room uuid, seq bigint, cid text, body bytea, primary key (room, seq))`

func (f floorCommand) Run(ctx context.Context, c *commands) (err error) {
	if f.Servers < 1 || f.Servers > 8 || f.Rooms < 1 || f.Rooms > 100_000 {
		return errors.New("from 1 to 8 servers, from 1 to 100,000 rooms")
	}
	dir, err := os.MkdirTemp("", "ponti-load")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary directory
	conn, err := pgx.Connect(ctx, f.Database)
	if err != nil {
		return errors.New("the database cannot be reached")
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // the run is over
	defer func() {
		_, dropped := conn.Exec(context.WithoutCancel(ctx), `drop schema if exists ponti_load cascade`)
		err = errors.Join(err, dropped)
	}()
	if _, err := conn.Exec(ctx, schema); err != nil {
		return fmt.Errorf("schema: %w", err)
	}
	t := target{Crowd: filepath.Join(dir, "crowd.json")}
	if err := f.makeRooms(ctx, conn, t.Crowd); err != nil {
		return err
	}
	for range f.Servers {
		address, pid, err := f.start(ctx)
		if err != nil {
			return err
		}
		t.Server, t.PID = append(t.Server, address), append(t.PID, pid)
	}
	r, err := f.measure(ctx, t)
	if err != nil {
		return err
	}
	r.Scenario = "floor " + r.Scenario
	return c.print(os.Stdout, r)
}

func (f floorCommand) measure(ctx context.Context, t target) (report, error) {
	switch f.Scenario {
	case "idle", "storm":
		rooms, err := readCrowd(t.Crowd)
		if err != nil {
			return report{}, err
		}
		if f.Scenario == "storm" {
			return storm(ctx, t, rooms, stormCommand{Lines: f.Lines, Missed: 20})
		}
		return idle(ctx, t, rooms, f.Lines, 15*time.Second)
	}
	hearers, senders := 2, 2
	if f.Scenario == "fanout" {
		hearers, senders = f.Hearers, 1
	}
	k, err := newTalk(ctx, t, f.Rooms, hearers, senders)
	if err != nil {
		return report{}, err
	}
	defer k.close()
	if f.Scenario == "sustain" {
		return k.sustain(ctx, f.From, f.For)
	}
	r, err := k.run(ctx, f.Rate, f.For)
	r.Scenario = f.Scenario
	return r, err
}

// makeRooms makes rooms and, as ponti crowd does, a file that names them.
func (f floorCommand) makeRooms(ctx context.Context, conn *pgx.Conn, file string) error {
	var made crowd
	rows := make([][]any, f.Rooms)
	for i := range rows {
		id := uuid.New()
		rows[i] = []any{id}
		made.Rooms = append(made.Rooms, struct {
			Room   string `json:"room"`
			Person string `json:"person"`
			ESP    string `json:"esp"`
		}{Room: id.String()})
	}
	if _, err := conn.CopyFrom(ctx, pgx.Identifier{"ponti_load", "rooms"}, []string{"id"}, pgx.CopyFromRows(rows)); err != nil {
		return err
	}
	raw, err := json.Marshal(made)
	if err != nil {
		return err
	}
	return os.WriteFile(file, raw, 0o600)
}

// start runs a bare server until ctx ends or this process does, and says where it listens.
func (f floorCommand) start(ctx context.Context) (address string, pid int, err error) {
	self, err := os.Executable()
	if err != nil {
		return "", 0, err
	}
	cmd := exec.CommandContext(ctx, self, "bare") //nolint:gosec // this very program
	cmd.Env = append(os.Environ(), "DATABASE_URL="+f.Database, "REDIS_URL="+f.Redis)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", 0, err
	}
	if err := cmd.Start(); err != nil {
		return "", 0, err
	}
	said, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return "", 0, fmt.Errorf("a bare server did not start: %w", err)
	}
	return strings.TrimSpace(said), cmd.Process.Pid, nil
}
