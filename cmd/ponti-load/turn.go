package main

import (
	"context"
	"sync"
	"time"
)

// turns holds what becomes of all who wait against what was promised them. Safe for concurrent use.
type turns struct {
	mu        sync.Mutex
	guests    []*guest          // guarded by mu, as what is in them
	rooms     map[string]*guest // by the room of their place
	strangers map[string]bool   // rooms of raiders who got in
	accepted  map[string]int    // how often each room was
	moved     []time.Duration   // from the start of somebody's conversation to the new position of who comes after
	offered   []time.Duration   // from the making of an offer to its card before the ESP
	news      chan struct{}     // closed when another place becomes known
	faults    faults
	failed    map[string]int // what did not go as it should, and is no broken promise, by what it is
}

func newTurns() *turns {
	return &turns{rooms: map[string]*guest{}, strangers: map[string]bool{}, accepted: map[string]int{}, failed: map[string]int{}, news: make(chan struct{})}
}

// guest is one person who waits, as they and the ESPs see it. What is known of the moment of their offer is that it lies between two.
type guest struct {
	n       int // of those who came
	urgent  bool
	feeling int
	room    string // empty until they have a place

	due, asked, given   time.Time // scheduled, the form was sent, and answered
	shown               time.Time // their place was before them
	notBefore, notAfter time.Time // the offer was made; zero: none was seen
	accepted            time.Time
	here                [2]time.Time // their own line, and the ESP's, had caught up in the room

	state    string // what they were told last
	position int
	passedAt time.Time     // somebody before them began a conversation, and they have not been told
	met      chan struct{} // closed when they were told that theirs begins
}

// before says that a guest's turn certainly comes first: the more urgent, then who feels worse, then who had a place before the other asked for one.
func (g *guest) before(o *guest) bool {
	switch {
	case g.urgent != o.urgent:
		return g.urgent
	case g.feeling != o.feeling:
		return g.feeling < o.feeling
	}
	return !g.given.IsZero() && g.given.Before(o.asked)
}

// add notes that somebody begins to enter.
func (t *turns) add(g *guest) {
	t.mu.Lock()
	t.guests = append(t.guests, g)
	t.mu.Unlock()
}

// refuse notes that somebody did not get to where they wanted.
func (t *turns) refuse(err error) {
	t.mu.Lock()
	t.faults.Refused++
	t.failed[err.Error()]++
	t.mu.Unlock()
}

// seated notes the place that a guest has got. A second one for the same is a fault.
func (t *turns) seated(g *guest, room string, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	g.given, g.shown, g.room, g.state = now, now, room, "waiting"
	if t.rooms[room] != nil {
		t.faults.TwoStates++
	}
	t.rooms[room] = g
	t.learned()
	for _, o := range t.guests {
		if g.before(o) {
			o.passedAt = time.Time{} // for who comes after, one more and one less is no news
		}
	}
}

// strange notes the place of somebody who raids.
func (t *turns) strange(room string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.strangers[room] = true
	t.learned()
}

// learned wakes who asks for a place; mu is held.
func (t *turns) learned() {
	close(t.news)
	t.news = make(chan struct{})
}

// told notes what a guest is told of their place, and says whether it is the room in which they are expected now.
func (t *turns) told(g *guest, state, room string, position int, now time.Time) (begins bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if room != "" && room != g.room {
		t.faults.Doubled++ // another place than they had
	}
	if position > 0 && position < g.position && !g.passedAt.IsZero() {
		t.moved = append(t.moved, now.Sub(g.passedAt))
	}
	if position != g.position {
		g.position, g.passedAt = position, time.Time{}
	}
	was := g.state
	g.state = state
	switch {
	case was == state:
		return false
	case was == "in_session" && state != "ended", was == "ended":
		t.faults.TwoStates++
	case state == "in_session":
		return true
	case state == "ended":
		t.faults.Lost++ // while they waited
	}
	return false
}

// took notes that an ESP who was free from a moment on, and not before, saw an offer and accepted it. The room may be learned of before the page of whoever waits there has
// come back to them. nil when it is a raider's.
func (t *turns) took(ctx context.Context, room string, freeSince, shown, accepted time.Time) *guest {
	late := time.NewTimer(30 * time.Second)
	defer late.Stop()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.accepted[room]++; t.accepted[room] > 1 {
		t.faults.MetTwice++
	}
	for t.rooms[room] == nil && !t.strangers[room] {
		news, over := t.news, false
		t.mu.Unlock()
		select {
		case <-news:
		case <-late.C:
			over = true
		case <-ctx.Done():
			over = true
		}
		if t.mu.Lock(); over {
			if ctx.Err() == nil {
				t.faults.Doubled++ // nobody has this place: it is somebody's second
			}
			return nil
		}
	}
	g := t.rooms[room]
	if g != nil {
		g.notBefore, g.notAfter, g.accepted = later(freeSince, g.asked), shown, accepted
	}
	return g
}

// left notes that a guest's conversation has begun: all who come after them are one place further on.
func (t *turns) left(g *guest, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, o := range t.guests {
		if o.room != "" && o.accepted.IsZero() && o.passedAt.IsZero() && g.before(o) {
			o.passedAt = now
		}
	}
}

// arrived notes that one side has caught up in the room.
func (t *turns) arrived(g *guest, side int, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if g.here[side].IsZero() {
		g.here[side] = now
	}
}

// lose notes that somebody who had a place, or a conversation, has none.
func (t *turns) lose() {
	t.mu.Lock()
	t.faults.Lost++
	t.mu.Unlock()
}

// twice notes that somebody is in two states.
func (t *turns) twice() {
	t.mu.Lock()
	t.faults.TwoStates++
	t.mu.Unlock()
}

// fail counts something that did not go as it should.
func (t *turns) fail(what string) {
	t.mu.Lock()
	t.failed[what]++
	t.mu.Unlock()
}

// outOfTurn counts the offers that were made although somebody certainly waited whose turn it certainly was.
func outOfTurn(all []*guest) (n int64) {
	for _, g := range all {
		if g.notAfter.IsZero() {
			continue
		}
		for _, o := range all {
			waited := !o.given.IsZero() && o.given.Before(g.notBefore) && (o.notBefore.IsZero() || o.notBefore.After(g.notAfter))
			if waited && o.before(g) {
				n++
				break
			}
		}
	}
	return n
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
