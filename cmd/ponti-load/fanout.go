package main

import (
	"context"
	"fmt"
	"os"
	"time"
)

type fanoutCommand struct {
	target `embed:""`

	Rooms   int           `default:"10" help:"Rooms with one sender each."`
	Hearers int           `default:"16" help:"Lines that hear each room, the sender's own among them: up to eight for each of its two people, spread over the servers."`
	Rate    float64       `default:"50" help:"Messages a second over all rooms."`
	For     time.Duration `default:"10s" help:"How long to send."`
}

func (f fanoutCommand) Run(ctx context.Context, c *commands) error {
	if f.Rate < 1 || f.Rate > maxRate || f.For < time.Second || f.For > maxFor {
		return fmt.Errorf("the rate is from 1 to %d a second, the time from 1 s to %s", maxRate, maxFor)
	}
	if f.Hearers < 2 || f.Hearers > 2*linesEach {
		return fmt.Errorf("from 2 to %d lines hear a room", 2*linesEach)
	}
	if err := f.check(c.AnyHost); err != nil {
		return err
	}
	talk, err := newTalk(ctx, f.target, f.Rooms, f.Hearers, 1)
	if err != nil {
		return err
	}
	defer talk.close()
	r, err := talk.run(ctx, f.Rate, f.For)
	if err != nil {
		return err
	}
	r.Scenario, r.Remarks = "fanout", fmt.Sprintf("shown: to the last of %d lines", f.Hearers)
	return c.print(os.Stdout, r)
}
