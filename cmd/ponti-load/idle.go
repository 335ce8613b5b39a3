package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

type idleCommand struct {
	target `embed:""`

	Lines int           `default:"10000" help:"Connections, spread over the rooms of the crowd; up to 8 for each of its people."`
	Rest  time.Duration `default:"15s" help:"How long they do nothing before memory is read."`
}

var errNoPID = errors.New("memory needs --pid")

func (i idleCommand) Run(ctx context.Context, c *commands) error {
	if err := i.check(c.AnyHost); err != nil {
		return err
	}
	if len(i.PID) == 0 {
		return errNoPID
	}
	rooms, err := readCrowd(i.Crowd)
	if err != nil {
		return err
	}
	r, err := idle(ctx, i.target, rooms, i.Lines, i.Rest)
	if err != nil {
		return err
	}
	return c.print(os.Stdout, r)
}

const linesEach = 8 // sockets an account may have

func idle(ctx context.Context, t target, rooms [][2]seat, n int, rest time.Duration) (report, error) {
	if n < 1 || n > linesEach*2*len(rooms) {
		return report{}, fmt.Errorf("--lines is from 1 to %d, eight for each of the crowd", linesEach*2*len(rooms))
	}
	began := time.Now()
	before := processes(t.PID).memory()
	lines, err := openMany(ctx, t, rooms, n, func(int) hearing { return hearing{} })
	defer closeAll(lines)
	if err != nil {
		return report{}, err
	}
	select {
	case <-time.After(rest):
	case <-ctx.Done():
		return report{}, ctx.Err()
	}
	after := processes(t.PID).memory()
	r := report{Scenario: "idle", Servers: len(t.Server), Lines: n, Rooms: min(n, len(rooms)), Memory: after, PerLine: (after - before) / int64(n), Seconds: time.Since(began).Seconds()}
	for _, l := range lines {
		select {
		case <-l.ended:
			r.Faults.Broken++
		default:
		}
	}
	return r, nil
}

// openMany opens n lines over all rooms in turn and waits until each has caught up.
func openMany(ctx context.Context, t target, rooms [][2]seat, n int, h func(i int) hearing) ([]*line, error) {
	lines := make([]*line, n)
	err := atOnce(ctx, n, 32, func(i int) error {
		s := rooms[i%len(rooms)][i/len(rooms)%2]
		l, err := openPatiently(ctx, s, t.Server[i%len(t.Server)], 0, "", h(i))
		if err != nil {
			return err
		}
		lines[i] = l
		return l.await(60 * time.Second)
	})
	return lines, err
}

func closeAll(lines []*line) {
	for _, l := range lines {
		if l != nil {
			l.close()
		}
	}
}
