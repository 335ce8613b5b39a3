package main

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"ponti/web/wire"
)

// What people say they would like to talk about. The second is one that triage always reads as grave.
const (
	plainTopic  = "Mi sento solo da quando ho cambiato lavoro e la sera non so con chi parlare"
	urgentTopic = "Sono disperato e non vedo via d'uscita"
)

// newGuest is the nth who comes. One in twenty is urgent, the others say by turns how they feel, and one in ten clicks twice.
func newGuest(n int, due time.Time) *guest {
	return &guest{n: n, urgent: n%20 == 7, feeling: (n * 7) % 11, due: due, met: make(chan struct{})}
}

func (g *guest) topic() string {
	if g.urgent {
		return urgentTopic
	}
	return plainTopic
}

// come has a guest enter, wait, be met, answer what is said, and see that it is over.
func (q *queue) come(ctx context.Context, g *guest) error {
	server := q.Server[g.n%len(q.Server)]
	b, err := newBrowser(server, network(server, q.networks(g.n)))
	if err != nil {
		return err
	}
	defer b.close()
	defer func() { q.worked(b.proofs) }()
	b.later = q.later
	if err := b.enter(ctx); err != nil {
		return err
	}
	room, err := b.wait(ctx, g.topic(), strconv.Itoa(g.feeling), g.n%10 == 3, func() {
		q.turns.mu.Lock()
		g.asked = time.Now()
		q.turns.mu.Unlock()
	})
	if err != nil {
		return err
	}
	if room == "" {
		q.turns.lose()
		return errors.New("no place though the form was taken")
	}
	q.turns.seated(g, room, time.Now())
	if !q.stay(ctx, b, g) {
		// Nobody has met them until the end of the run: their place must be what it was.
		room, err := b.place(context.WithoutCancel(ctx))
		if err == nil && room != g.room {
			q.turns.lose()
		}
		return err
	}
	return q.talk(ctx, b, g)
}

// stay keeps the waiting room open until the conversation begins, and says whether it did; who loses the line comes back, as browsers do.
func (q *queue) stay(ctx context.Context, b *browser, g *guest) (met bool) {
	for ctx.Err() == nil {
		l, err := watch(seat{cookies: b.cookies(), from: b.from}, b.server, wire.Waiting, hearing{changed: func(data []byte) {
			state, room := string(field(data, `"state":"`)), string(field(data, `"room":"`))
			if state != "" && q.turns.told(g, state, room, int(number(data, `"position":`)), time.Now()) {
				close(g.met)
			}
		}})
		if err != nil {
			q.turns.fail("lines of who waits not opened")
			pause(ctx, time.Second)
			continue
		}
		select {
		case <-g.met:
			l.close()
			return true
		case <-l.ended:
			q.turns.fail("lines of who waits broken")
			pause(ctx, time.Second)
		case <-ctx.Done():
			l.close()
		}
	}
	return false
}

// talk opens the conversation as a browser does, answers the first thing that is said, and waits until the ESP ends it.
func (q *queue) talk(ctx context.Context, b *browser, g *guest) error {
	if p, err := b.get(ctx, "/rooms/"+g.room); err != nil || p.status != http.StatusOK {
		return p.unexpected("the conversation's page", err)
	}
	said := make(chan struct{}, 8)
	over := make(chan struct{}, 8)
	l, err := openPatiently(ctx, seat{roomID: g.room, cookies: b.cookies(), from: b.from}, b.server, 0, "", hearing{
		caught:  func(int64) { q.turns.arrived(g, 0, time.Now()) },
		message: func(cid []byte, _ int64) { offer(said, len(cid) > 0) },
		state:   func(data []byte) { offer(over, string(field(data, `"state":"`)) == "ended") },
	})
	if err != nil {
		return err
	}
	defer l.close()
	select {
	case <-said:
	case <-over:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := l.write(sendFrame(g.room, newCID(q.run, g.n, 1))); err != nil {
		return err
	}
	select {
	case <-over:
	case <-l.ended:
	case <-ctx.Done():
		return ctx.Err()
	}
	// It is over: no place may be left of it.
	room, err := b.place(ctx)
	if err == nil && room != "" {
		q.turns.twice()
	}
	return err
}

// offer puts a word into a channel that has room for all that matter.
func offer(c chan struct{}, is bool) {
	if !is {
		return
	}
	select {
	case c <- struct{}{}:
	default:
	}
}
