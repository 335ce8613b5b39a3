package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync/atomic"
	"time"
)

type stormCommand struct {
	target `embed:""`

	Lines     int  `default:"5000" help:"Connections, up to 8 for each of the crowd."`
	Rooms     int  `default:"0" help:"Rooms they are spread over; 0 for as few as can hold them."`
	Missed    int  `default:"20" help:"Messages each room gets while they are away."`
	Elsewhere bool `help:"Each comes back to the next server, as when its own died."`
}

const maxMissed = 1000

func (s stormCommand) Run(ctx context.Context, c *commands) error {
	if err := s.check(c.AnyHost); err != nil {
		return err
	}
	rooms, err := readCrowd(s.Crowd)
	if err != nil {
		return err
	}
	r, err := storm(ctx, s.target, rooms, s)
	if err != nil {
		return err
	}
	return c.print(os.Stdout, r)
}

// storm cuts all lines at once, has each room say so many things while nobody listens, and brings all back at the same moment, each
// after what it had shown.
func storm(ctx context.Context, t target, rooms [][2]seat, s stormCommand) (report, error) {
	each := 2*linesEach - 1 // one more is who speaks
	if s.Rooms == 0 {
		s.Rooms = (s.Lines + each - 1) / each
	}
	if s.Lines < 1 || s.Rooms > len(rooms) || s.Lines > each*s.Rooms || s.Missed < 1 || s.Missed > maxMissed {
		return report{}, fmt.Errorf("%d lines over %d rooms: a room holds %d, the crowd has %d rooms; --missed is up to %d", s.Lines, s.Rooms, each, len(rooms), maxMissed)
	}
	rooms = rooms[:s.Rooms]
	lines, err := openMany(ctx, t, rooms, s.Lines, func(int) hearing { return hearing{} })
	if err != nil {
		closeAll(lines)
		return report{}, err
	}
	for _, l := range lines {
		l.cut()
		<-l.ended
	}
	if err := speak(ctx, t, rooms, s.Missed); err != nil {
		return report{}, err
	}

	var disordered atomic.Int64
	cpu, began := processes(t.PID).cpu(), time.Now()
	took := make([]time.Duration, len(lines))
	back := make([]*line, len(lines))
	err = atOnce(ctx, len(lines), 256, func(i int) error {
		old := lines[i]
		server := old.server
		if s.Elsewhere {
			server = t.Server[(slices.Index(t.Server, server)+1)%len(t.Server)]
		}
		l, err := openPatiently(ctx, old.seat, server, old.last.Load(), old.epoch, hearing{gap: func() { disordered.Add(1) }})
		if err != nil {
			return err
		}
		back[i] = l
		if err := l.await(time.Minute); err != nil {
			return err
		}
		took[i] = time.Since(began)
		return nil
	})
	defer closeAll(back)
	if err != nil {
		return report{}, err
	}
	whole := time.Since(began)
	caught := spreadOf(took)
	r := report{
		Scenario: "storm", Servers: len(t.Server), Lines: len(lines), Rooms: len(rooms), Caught: &caught, Memory: processes(t.PID).memory(), Seconds: whole.Seconds(),
		CPU: float64((processes(t.PID).cpu() - cpu).Microseconds()) / float64(len(lines)*s.Missed), Remarks: fmt.Sprintf("each missed %d messages; CPU is for each of them; back on another server: %t", s.Missed, s.Elsewhere),
	}
	for i, l := range back {
		if l.last.Load() < lines[i].last.Load()+int64(s.Missed) {
			r.Faults.Lost++
		}
	}
	r.Faults.Disordered = disordered.Load()
	return r, nil
}

// speak has one side of each room say so many things, and waits for every acknowledgement.
func speak(ctx context.Context, t target, rooms [][2]seat, each int) error {
	run := rand.Uint32() //nolint:gosec // a name for the run
	return atOnce(ctx, len(rooms), 16, func(i int) error {
		acked := make(chan struct{}, each)
		l, err := open(rooms[i][1], t.Server[i%len(t.Server)], 0, "", hearing{ack: func([]byte) { acked <- struct{}{} }})
		if err != nil {
			return err
		}
		defer l.close()
		if err := l.await(30 * time.Second); err != nil {
			return err
		}
		for n := range each {
			if err := l.write(sendFrame(l.seat.roomID, newCID(run, i, n))); err != nil {
				return err
			}
			select {
			case <-acked:
			case <-time.After(10 * time.Second):
				return fmt.Errorf("room %d does not answer", i)
			}
		}
		return nil
	})
}
