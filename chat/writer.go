package chat

import (
	"context"
	"sync"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/pg"
	"ponti/internal/worker"
	"ponti/moderation/triage"
)

// Bounds of a writer. Two per instance were fastest; with more than sixteen the batches get too small to pay.
const (
	writers    = 2
	maxBatch   = 500
	maxWaiting = 4096 // messages; beyond it their senders are asked to try again
)

// posting is a message whose sender is told what became of it.
type posting struct {
	actor   account.Actor
	in      Post
	text    string // cleaned
	verdict triage.Verdict
	done    func(Receipt, error) // called once
}

type answer struct {
	receipt Receipt
	err     error
}

// reply is an answer and whom it is for.
type reply struct {
	answer

	to *posting
}

func (r reply) give() { r.to.done(r.receipt, r.err) }

// alone is true of what is stored in a transaction of its own: with its escalation, to be read again, or to note that a tutor acted.
func (p *posting) alone() bool {
	return p.verdict.Level != triage.None || p.actor.Is(account.RoleTutor)
}

// writer stores the messages of its rooms, those of each room in the order in which they came. What has gathered while a
// transaction was under way is stored by the next one; nobody waits for a batch to fill. Goroutines run only while messages wait.
type writer struct {
	chat    *Chat // static after New
	running sync.WaitGroup

	mu      sync.Mutex
	queue   []*posting            // guarded by mu
	turns   map[RoomID][]*posting // guarded by mu; rooms whose messages are stored one by one now
	waiting int                   // guarded by mu; messages whose sender has no answer yet
	busy    bool                  // guarded by mu; run runs
	closed  bool                  // guarded by mu
}

func (c *Chat) writerOf(id RoomID) *writer { return &c.writers[int(id[len(id)-1])%writers] }

// add takes a message; its outcome comes on done, whatever becomes of its sender meanwhile.
func (w *writer) add(p *posting) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || w.waiting >= maxWaiting {
		return pg.ErrUnavailable
	}
	w.waiting++
	if _, ok := w.turns[p.in.Room]; ok {
		w.turns[p.in.Room] = append(w.turns[p.in.Room], p)
		return nil
	}
	w.queue = append(w.queue, p)
	if !w.busy {
		w.busy = true
		w.running.Go(w.run)
	}
	return nil
}

// open takes messages again after stop.
func (w *writer) open() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = false
}

// stop refuses further messages and returns when those that wait are stored or refused.
func (w *writer) stop() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.running.Wait()
}

func (w *writer) run() {
	for {
		together, after, more := w.take()
		if !more {
			return
		}
		var told []reply
		var left []*posting
		if len(together) > 0 {
			told, left = w.chat.postTogether(together)
		}
		w.giveTurns(left, after)
		w.settle(len(told))
		for _, r := range told {
			r.give()
		}
	}
}

// take takes the next batch. Rooms that get turns begin at once, or after the batch when earlier messages of theirs are in it.
func (w *writer) take() (together []*posting, after []RoomID, more bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.queue) == 0 {
		w.queue, w.busy = nil, false
		return nil, nil, false
	}
	n := min(len(w.queue), maxBatch)
	in := make(map[RoomID]bool, n)
	for _, p := range w.queue[:n] {
		id := p.in.Room
		_, turn := w.turns[id]
		switch {
		case turn:
			w.turns[id] = append(w.turns[id], p)
		case !p.alone():
			together = append(together, p)
			in[id] = true
		default:
			w.turns[id] = []*posting{p}
			if in[id] {
				after = append(after, id)
			} else {
				w.running.Go(func() { w.takeTurns(id) })
			}
		}
	}
	w.queue = w.queue[n:]
	return together, after, true
}

// giveTurns has the rooms of what a batch left, and those that waited for it, stored one message at a time.
func (w *writer) giveTurns(left []*posting, after []RoomID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	first := map[RoomID][]*posting{}
	for _, p := range left {
		first[p.in.Room] = append(first[p.in.Room], p)
	}
	for id, list := range first {
		_, waits := w.turns[id]
		w.turns[id] = append(list, w.turns[id]...) // what the batch left came first
		if !waits {
			after = append(after, id)
		}
	}
	for _, id := range after {
		w.running.Go(func() { w.takeTurns(id) })
	}
}

func (w *writer) settle(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waiting -= n
}

// takeTurns stores the messages of one room, each in its own transaction, until none waits.
func (w *writer) takeTurns(id RoomID) {
	for {
		p := w.turn(id)
		if p == nil {
			return
		}
		a := w.chat.answerAlone(p)
		w.settle(1)
		if errs.KindOf(a.err) == errs.Unavailable {
			w.giveUp(id, a.err) // first: who has the answer may send again at once, and that is a try of its own
		}
		reply{a, p}.give()
	}
}

func (w *writer) turn(id RoomID) *posting {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := w.turns[id]
	if len(list) == 0 {
		delete(w.turns, id)
		return nil
	}
	w.turns[id] = list[1:]
	return list[0]
}

// giveUp answers what waits behind a message that could not be stored now, or the last of many would wait for as many
// timeouts. What is flagged still gets its own try.
func (w *writer) giveUp(id RoomID, err error) {
	w.mu.Lock()
	var keep, given []*posting
	for _, p := range w.turns[id] {
		if p.verdict.Level != triage.None {
			keep = append(keep, p)
			continue
		}
		w.waiting--
		given = append(given, p)
	}
	w.turns[id] = keep
	w.mu.Unlock()
	for _, p := range given {
		p.done(Receipt{}, err)
	}
}

func (c *Chat) answerAlone(p *posting) (a answer) {
	ctx, cancel := context.WithTimeout(context.Background(), writeFor)
	defer cancel()
	a.err = worker.Guard(func() (err error) {
		a.receipt, err = c.postAlone(ctx, p)
		return err
	})
	return a
}
