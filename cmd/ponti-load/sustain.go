package main

import (
	"context"
	"os"
	"time"
)

type sustainCommand struct {
	target `embed:""`

	Rooms int           `default:"200" help:"Conversations, two lines each."`
	From  float64       `default:"2000" help:"Rate to begin with."`
	Step  time.Duration `default:"6s" help:"How long each rate is held."`
}

// limit is how soon 99 of 100 must be shown at a rate that counts as sustained.
const limit = 250.0 // milliseconds

func (s sustainCommand) Run(ctx context.Context, c *commands) error {
	if err := s.check(c.AnyHost); err != nil {
		return err
	}
	k, err := newTalk(ctx, s.target, s.Rooms, 2, 2)
	if err != nil {
		return err
	}
	defer k.close()
	best, err := k.sustain(ctx, s.From, s.Step)
	if err != nil {
		return err
	}
	return c.print(os.Stdout, best)
}

// sustain goes up by a quarter while the limit is kept, then closes in between the last that kept it and the first that did not.
func (k *talk) sustain(ctx context.Context, from float64, step time.Duration) (report, error) {
	var best report
	low, high := 0.0, 0.0
	for rate := from; rate <= maxRate; {
		r, err := k.run(ctx, rate, step)
		if err != nil || r.Faults.err() != nil {
			r.Scenario = "sustain"
			return r, err
		}
		if kept := r.Shown.P99 < limit && r.Faults.Unanswered+r.Faults.Refused+r.Faults.Broken == 0 && r.Reached > 0.97*rate; kept {
			low, best = rate, r
		} else {
			high = rate
		}
		switch {
		case high == 0:
			rate *= 1.25
		case low == 0 && rate > 2:
			rate /= 2
		case high/low < 1.04:
			best.Scenario = "sustain"
			return best, nil
		default:
			rate = (low + high) / 2
		}
	}
	best.Scenario = "sustain"
	return best, nil
}
