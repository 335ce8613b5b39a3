package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"ponti/web/wire"
)

type queueCommand struct {
	target `embed:""`

	People   int           `default:"300" help:"People who enter and are met by the ESPs of the crowd, each a guest with a browser and an address of their own. Where it is asked of them they do the proof of work."`
	Rate     float64       `default:"3" help:"How many of them begin to enter in a second, whatever became of those before."`
	Talk     time.Duration `default:"5s" help:"How long a conversation goes on after both have said something."`
	Within   time.Duration `default:"3m" help:"How long after the last has come all must have been met. Who has not been by then must still have their place."`
	Networks int           `default:"0" help:"Networks that people come from; 0 for one each."`
	Raid     int           `default:"0" help:"Hostile entries a minute beside them, without a valid proof of work. Servers must have the limits they have in earnest."`
}

const (
	maxPeople = 10_000
	maxRaid   = 60_000
)

var errNoTutor = errors.New("the crowd has no tutor: make it anew with this version's ponti crowd")

func (c queueCommand) Run(ctx context.Context, all *commands) error {
	if c.People < 1 || c.People > maxPeople || c.Rate <= 0 || c.Rate > 1000 || c.Raid < 0 || c.Raid > maxRaid || c.Networks < 0 || c.Talk < 0 || c.Talk > maxFor || c.Within < 0 || c.Within > maxFor {
		return fmt.Errorf("from 1 to %d people, up to 1000 in a second and %d hostile entries in a minute, times up to %s", maxPeople, maxRaid, maxFor)
	}
	if err := c.check(all.AnyHost); err != nil {
		return err
	}
	made, err := openCrowd(c.Crowd)
	if err != nil {
		return err
	}
	if made.Tutor == "" {
		return errNoTutor
	}
	q := &queue{queueCommand: c, crowd: made, turns: newTurns(), run: rand.Uint32()} //nolint:gosec // a name for the run
	r, err := q.do(ctx)
	if err != nil {
		return err
	}
	return all.print(os.Stdout, r)
}

// queue is one run.
type queue struct {
	queueCommand // static, as the next ones are

	crowd  crowd
	turns  *turns
	run    uint32
	before map[string]bool // rooms of the crowd
	said   atomic.Int32
	all    sync.WaitGroup // those who raid

	mu     sync.Mutex // guards the rest
	proofs []time.Duration
	raided raid
	puzzle string // of who raided last
}

// do has all come, waits until they have gone, and reports.
func (q *queue) do(ctx context.Context) (report, error) {
	server := q.Server[0]
	tutor, err := watch(seat{cookies: q.crowd.Cookie + "=" + q.crowd.Tutor, from: network(server, maxNetworks/2-1)}, server, wire.Console, hearing{})
	if err != nil {
		return report{}, err
	}
	defer tutor.close() // without one the waiting room closes
	pids := processes(q.PID)
	working, done := context.WithCancel(ctx)
	defer done()
	var staff sync.WaitGroup
	seats := q.crowd.seats() // all of them: an ESP who stays away is taken to be lost, and their person is offered to another
	failed := make([]error, len(seats))
	q.before = map[string]bool{}
	for _, s := range seats {
		q.before[s[0].roomID] = true
	}
	for i := range seats {
		staff.Go(func() {
			if failed[i] = q.serve(working, i, seats[i][1]); failed[i] != nil {
				done() // with one less the run would tell of something else
			}
		})
	}
	if q.Raid > 0 {
		q.all.Go(func() { q.besiege(working, q.Raid) })
	}
	cpu, began := pids.cpu(), time.Now()
	most := q.watchMemory(working, pids)
	last := time.Duration(float64(q.People) / q.Rate * float64(time.Second))
	waiting, stop := context.WithTimeout(working, last+q.Within)
	defer stop()
	var people sync.WaitGroup
	for n := range q.People {
		due := began.Add(time.Duration(float64(n) / q.Rate * float64(time.Second)))
		pause(working, time.Until(due))
		if working.Err() != nil {
			break
		}
		g := newGuest(n, due)
		q.turns.add(g)
		people.Go(func() {
			if err := q.come(waiting, g); err != nil && waiting.Err() == nil {
				q.turns.refuse(err)
			}
		})
	}
	people.Wait()
	whole := time.Since(began)
	used := pids.cpu() - cpu
	until := time.Now()
	done()
	staff.Wait()
	q.all.Wait()
	if err := errors.Join(errors.Join(failed...), ctx.Err()); err != nil {
		return report{}, err
	}
	r := q.report(whole, used, until)
	r.Queue.Memory = <-most
	for _, n := range r.Queue.Memory {
		r.Memory += n
	}
	return r, nil
}

// watchMemory looks once a second, and gives each process's memory of when all together had most, once ctx has ended.
func (q *queue) watchMemory(ctx context.Context, pids processes) <-chan []int64 {
	found := make(chan []int64, 1)
	go func() {
		var most []int64
		sum := int64(-1)
		for {
			each := pids.memories()
			total := int64(0)
			for _, n := range each {
				total += n
			}
			if total > sum {
				sum, most = total, each
			}
			if ctx.Err() != nil {
				found <- most
				return
			}
			pause(ctx, time.Second)
		}
	}()
	return found
}

// networks is the number of a guest's network.
func (q *queue) networks(n int) int {
	if q.Networks > 0 {
		n %= q.Networks
	}
	return n % (maxNetworks/2 - 1)
}

func (q *queue) worked(proofs []time.Duration) {
	q.mu.Lock()
	q.proofs = append(q.proofs, proofs...)
	q.mu.Unlock()
}

// later counts answers that say to come back later.
func (q *queue) later() { q.turns.fail("answers that said to come back later") }

// next is a number that no other message of an ESP has.
func (q *queue) next() int { return int(q.said.Add(1)) }

// waits is what a waiting room did. Its people lost, doubled and so on stand among the faults.
type waits struct {
	People  int     `json:"people"`
	ESPs    int     `json:"esps"`
	Met     int     `json:"met"`
	Waiting int     `json:"waiting"` // at the end, with the place they had
	Placed  *spread `json:"place_shown"`
	Moved   *spread `json:"position_shown"`
	Offered *spread `json:"offer_shown"`
	Both    *spread `json:"both_there"`
	Worked  *spread `json:"proof_of_work"`
	CPU     float64 `json:"server_us_per_person"`
	Memory  []int64 `json:"server_bytes_each"`
	Raid    *raid   `json:"raid,omitempty"`
}

func (w *waits) table(row func(name, format string, args ...any)) {
	row("people", "%d came, %d met by %d ESPs, %d still waited", w.People, w.Met, w.ESPs, w.Waiting)
	w.Placed.row(row, "entering to place shown")
	w.Moved.row(row, "somebody's turn to position shown")
	w.Offered.row(row, "offer to shown")
	w.Both.row(row, "accepted to both there")
	w.Worked.row(row, "proofs of work")
	row("server CPU", "%.0f us a person", w.CPU)
	for _, n := range w.Memory {
		row("server memory", "%.1f MiB resident", float64(n)/(1<<20))
	}
	if r := w.Raid; r != nil {
		row("raid", "%d tried: %d refused, %d without a place, %d with one, %d without an answer", r.Tried, r.Refused, r.Unplaced, r.Placed, r.Failed)
	}
}

func (q *queue) report(whole, used time.Duration, until time.Time) report {
	t := q.turns
	t.mu.Lock()
	defer t.mu.Unlock()
	w := &waits{People: len(t.guests), ESPs: len(q.crowd.Rooms)}
	var placed, both []time.Duration
	for _, g := range t.guests {
		if !g.shown.IsZero() {
			placed = append(placed, g.shown.Sub(g.due))
		}
		switch begun := g.state == "in_session" || g.state == "ended"; {
		case begun && g.accepted.IsZero():
			t.faults.TwoStates++ // they talk, and nobody has accepted them
		case !begun && !g.accepted.IsZero() && until.Sub(g.accepted) > settle:
			t.faults.Lost++ // accepted, and not told so
		case begun:
			w.Met++
		case g.room != "":
			w.Waiting++
		}
		if !g.here[0].IsZero() && !g.here[1].IsZero() {
			both = append(both, later(g.here[0], g.here[1]).Sub(g.accepted))
		}
	}
	for _, s := range []struct {
		to   **spread
		from []time.Duration
	}{{&w.Placed, placed}, {&w.Moved, t.moved}, {&w.Offered, t.offered}, {&w.Both, both}, {&w.Worked, q.proofs}} {
		if found := spreadOf(s.from); found.N > 0 {
			*s.to = &found
		}
	}
	if w.CPU = float64(used.Microseconds()) / float64(len(t.guests)); q.Raid > 0 {
		w.Raid = &q.raided
	}
	t.faults.OutOfTurn = outOfTurn(t.guests)
	r := report{Scenario: "queue", Servers: len(q.Server), Lines: len(t.guests) + w.ESPs, Rooms: len(t.accepted), Queue: w, Faults: t.faults, Seconds: whole.Seconds()}
	var remarks []string
	for _, what := range slices.Sorted(maps.Keys(t.failed)) {
		remarks = append(remarks, fmt.Sprintf("%d %s", t.failed[what], what))
	}
	r.Remarks = strings.Join(remarks, "; ")
	return r
}
