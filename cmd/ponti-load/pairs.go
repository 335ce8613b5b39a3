package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

type pairsCommand struct {
	target `embed:""`

	Rooms int           `default:"200" help:"Conversations, two lines each, the sides at different servers."`
	Rate  float64       `default:"1000" help:"Messages a second over all of them."`
	For   time.Duration `default:"10s" help:"How long to send."`
}

// Bounds of every run.
const (
	maxRate = 200_000
	maxFor  = 10 * time.Minute
	settle  = 5 * time.Second // after the last message all must have been shown (RELIABILITY I1)
)

func (p pairsCommand) Run(ctx context.Context, c *commands) error {
	if p.Rate < 1 || p.Rate > maxRate || p.For < time.Second || p.For > maxFor {
		return fmt.Errorf("the rate is from 1 to %d a second, the time from 1 s to %s", maxRate, maxFor)
	}
	if err := p.check(c.AnyHost); err != nil {
		return err
	}
	talk, err := newTalk(ctx, p.target, p.Rooms, 2, 2)
	if err != nil {
		return err
	}
	defer talk.close()
	r, err := talk.run(ctx, p.Rate, p.For)
	if err != nil {
		return err
	}
	return c.print(os.Stdout, r)
}

// talk is conversations with all lines listening, and some of each sending.
type talk struct {
	target  target
	rooms   [][2]seat
	lines   []*line
	senders []*line // of lines
	hearers int     // lines of each room
	pids    processes

	// Of the run under way; replaced between runs, when nothing is on its way.
	now atomic.Pointer[running]
	f   struct{ disordered, refused atomic.Int64 }
}

type running struct {
	id      uint32
	begin   time.Time
	ledgers []*ledger // one for each sender
	noted   atomic.Int64
}

// newTalk opens so many lines for each room, in turn of its two sides and at another server each, of which the first ones send.
func newTalk(ctx context.Context, t target, rooms, hearers, senders int) (*talk, error) {
	all, err := readCrowd(t.Crowd)
	if err != nil {
		return nil, err
	}
	if rooms < 1 || rooms > len(all) {
		return nil, fmt.Errorf("--rooms is from 1 to the %d of the crowd", len(all))
	}
	k := &talk{target: t, rooms: all[:rooms], lines: make([]*line, hearers*rooms), hearers: hearers, pids: t.PID}
	err = atOnce(ctx, len(k.lines), 32, func(i int) error {
		room, n := i/hearers, i%hearers
		s := k.rooms[room][n%2]
		server := t.Server[(room+n)%len(t.Server)]
		l, err := openPatiently(ctx, s, server, 0, "", hearing{
			ack:     func(cid []byte) { k.note(cid, (*ledger).ack) },
			message: func(cid []byte, _ int64) { k.note(cid, (*ledger).show) },
			refused: func() { k.f.refused.Add(1) },
			gap:     func() { k.f.disordered.Add(1) },
		})
		if err != nil {
			return err
		}
		k.lines[i] = l
		return l.await(30 * time.Second)
	})
	if err != nil {
		k.close()
		return nil, err
	}
	for i, l := range k.lines {
		if i%hearers < senders {
			k.senders = append(k.senders, l)
		}
	}
	return k, nil
}

func (k *talk) close() {
	for _, l := range k.lines {
		if l != nil {
			l.close()
		}
	}
}

func (k *talk) note(cid []byte, how func(*ledger, int, time.Duration)) {
	r := k.now.Load()
	if r == nil {
		return
	}
	if sender, n, ok := parseCID(r.id, cid); ok && sender < len(r.ledgers) {
		how(r.ledgers[sender], n, time.Since(r.begin))
		r.noted.Add(1)
	}
}

// run has every sender send at its own share of the rate, each on a schedule that waits for nothing, and reports from the schedule.
func (k *talk) run(ctx context.Context, rate float64, length time.Duration) (report, error) {
	every := time.Duration(float64(len(k.senders)) / rate * float64(time.Second))
	each := int(length/every) + 1
	r := &running{id: rand.Uint32(), begin: time.Now(), ledgers: make([]*ledger, len(k.senders))} //nolint:gosec // a name for the run
	for i := range r.ledgers {
		r.ledgers[i] = newLedger(each)
	}
	k.f.refused.Store(0)
	k.now.Store(r)
	cpu := k.pids.cpu()
	var broken atomic.Int64
	var all sync.WaitGroup
	for i, l := range k.senders {
		// Spread evenly, so that the rate is one over the whole, too.
		phase := time.Duration(float64(every) * float64(i) / float64(len(k.senders)))
		all.Go(func() {
			book := r.ledgers[i]
			for n := range each {
				due := phase + time.Duration(n)*every
				if due > length || ctx.Err() != nil {
					return
				}
				if wait := due - time.Since(r.begin); wait > 0 {
					pause(ctx, wait)
				}
				book.due = append(book.due, due)
				if err := l.write(sendFrame(l.seat.roomID, newCID(r.id, i, n))); err != nil {
					broken.Add(1)
					return
				}
			}
		})
	}
	all.Wait()
	sent := time.Since(r.begin)
	k.quiet(ctx, r)
	return k.report(r, rate, sent, k.pids.cpu()-cpu, broken.Load()), ctx.Err()
}

// quiet waits until all is answered and shown, or nothing more has come for the time in which all must be shown.
func (k *talk) quiet(ctx context.Context, r *running) {
	want := int64(0)
	for _, l := range r.ledgers {
		want += int64(1+k.hearers) * int64(len(l.due)) // one acknowledgement, and shown to each
	}
	before, since := int64(-1), time.Now()
	for time.Since(since) < settle && ctx.Err() == nil {
		if n := r.noted.Load(); n >= want {
			return
		} else if n != before {
			before, since = n, time.Now()
		}
		pause(ctx, 20*time.Millisecond)
	}
}

func (k *talk) report(r *running, rate float64, sent, used time.Duration, broken int64) report {
	var toAck, toShown []time.Duration
	last := sent
	f := faults{Broken: broken, Disordered: k.f.disordered.Load(), Refused: k.f.refused.Load()}
	total := 0
	for _, l := range r.ledgers {
		a, s := l.settle(int32(k.hearers), &f)
		toAck, toShown = append(toAck, a...), append(toShown, s...)
		total += len(l.due)
		for n := range l.due {
			last = max(last, time.Duration(l.shown[n].Load()))
		}
	}
	acked, shown := spreadOf(toAck), spreadOf(toShown)
	rep := report{
		Scenario: "pairs", Servers: len(k.target.Server), Lines: len(k.lines), Rooms: len(k.rooms), Asked: rate, Reached: float64(len(toShown)) / last.Seconds(),
		Acked: &acked, Shown: &shown, Memory: k.pids.memory(), Faults: f, Seconds: sent.Seconds(),
	}
	if total > 0 {
		rep.CPU = float64(used.Microseconds()) / float64(total)
	}
	return rep
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// atOnce does f for 0 to n, so many at a time.
func atOnce(ctx context.Context, n, workers int, f func(i int) error) error {
	var next atomic.Int64
	var all sync.WaitGroup
	errs := make([]error, workers)
	for w := range workers {
		all.Go(func() {
			for errs[w] == nil && ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				errs[w] = f(i)
			}
		})
	}
	all.Wait()
	return errors.Join(errors.Join(errs...), ctx.Err())
}
