package main

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"time"

	"ponti/web/wire"
)

// offerLife is how long an ESP may think about an offer: what is left of it tells when it was made, as far as both clocks are one.
const offerLife = 20 * time.Second

// serve is an ESP: they end the conversation that the crowd gave them, and then accept whoever they are offered, talk for a little and end it, until the run is over.
func (q *queue) serve(ctx context.Context, n int, s seat) error {
	server := q.Server[n%len(q.Server)]
	b, err := newBrowser(server, network(server, maxNetworks-1-n))
	if err != nil {
		return err
	}
	defer b.close()
	b.later = q.later
	b.signIn(s.cookies)
	s.from = b.from
	offers := make(chan [2]string, 16)
	desk, err := openDesk(ctx, s, server, offers)
	if err != nil {
		return err
	}
	defer func() { desk.close() }()
	free := time.Now()
	if p, err := b.post(ctx, "/rooms/"+s.roomID+"/end", nil); err != nil || !p.leads() {
		return p.unexpected("the end of an ESP's conversation of before", err)
	}
	for last := ""; ; {
		select {
		case <-ctx.Done():
			return nil
		case <-desk.ended:
			q.turns.fail("lines of ESPs broken")
			if desk, err = openDesk(ctx, s, server, offers); err != nil {
				return err
			}
		case o := <-offers:
			if o[0] == last {
				continue
			}
			last = o[0]
			room, err := q.take(ctx, b, o, free)
			if err != nil && ctx.Err() == nil {
				return err
			}
			if room != "" {
				if free, err = q.hold(ctx, b, room, n); err != nil && ctx.Err() == nil {
					return err
				}
			}
		}
	}
}

// openDesk watches for offers: each is its id and when it ends.
func openDesk(ctx context.Context, s seat, server string, offers chan<- [2]string) (*line, error) {
	began := time.Now()
	for {
		l, err := watch(s, server, wire.Desk, hearing{changed: func(data []byte) {
			if id := string(field(data, `"id":"`)); id != "" {
				select {
				case offers <- [2]string{id, string(field(data, `"expires_at":"`))}:
				default: // looked at by nobody for long
				}
			}
		}})
		if err == nil || ctx.Err() != nil || time.Since(began) > time.Minute {
			return l, err
		}
		pause(ctx, time.Second)
	}
}

// take looks at the desk, where the offer must stand, and accepts it. No room when it was not theirs any more.
func (q *queue) take(ctx context.Context, b *browser, o [2]string, free time.Time) (room string, err error) {
	p, err := b.get(ctx, "/desk")
	if err != nil {
		return "", err
	}
	accept := "/desk/offers/" + o[0] + "/accept"
	if !bytes.Contains(p.body, []byte(accept)) {
		q.turns.fail("offers gone before their card was shown")
		return "", nil
	}
	shown := time.Now()
	accepted := time.Now()
	if p, err = b.post(ctx, accept, nil); err != nil {
		return "", err
	}
	room, ok := strings.CutPrefix(p.to, "/rooms/")
	room, _, _ = strings.Cut(room, "#")
	if !p.leads() || !ok {
		if room, err = q.takenAllTheSame(ctx, b); err != nil || room == "" {
			q.turns.fail("offers that could not be accepted")
			return "", err
		}
	}
	g := q.turns.took(ctx, room, free, shown, accepted)
	if g != nil {
		q.turns.left(g, time.Now())
	}
	if ends, err := time.Parse(time.RFC3339Nano, o[1]); err == nil {
		q.turns.mu.Lock()
		q.turns.offered = append(q.turns.offered, shown.Sub(ends.Add(-offerLife)))
		q.turns.mu.Unlock()
	}
	return room, nil
}

// takenAllTheSame is the conversation that an ESP finds on the desk although the answer to their acceptance went missing.
func (q *queue) takenAllTheSame(ctx context.Context, b *browser) (room string, err error) {
	p, err := b.get(ctx, "/desk")
	if err != nil {
		return "", err
	}
	q.turns.mu.Lock()
	defer q.turns.mu.Unlock()
	if room = p.room(); q.turns.accepted[room] > 0 || q.before[room] {
		return "", nil
	}
	return room, nil
}

// hold is the conversation: a greeting, an answer, a little time, the end. It gives the moment from which on the ESP may be offered the next.
func (q *queue) hold(ctx context.Context, b *browser, room string, n int) (free time.Time, err error) {
	if p, err := b.get(ctx, "/rooms/"+room); err != nil || p.status != http.StatusOK {
		return free, p.unexpected("an ESP's page of the conversation", err)
	}
	answered := make(chan struct{}, 8)
	q.turns.mu.Lock()
	g := q.turns.rooms[room]
	q.turns.mu.Unlock()
	greeting := newCID(q.run, maxPeople+n, q.next())
	l, err := openPatiently(ctx, seat{roomID: room, cookies: b.cookies(), from: b.from}, b.server, 0, "", hearing{
		caught: func(int64) {
			if g != nil {
				q.turns.arrived(g, 1, time.Now())
			}
		},
		message: func(cid []byte, _ int64) { offer(answered, len(cid) > 0 && string(cid) != greeting) },
	})
	if err != nil {
		return free, err
	}
	defer l.close()
	if err := l.await(30 * time.Second); err != nil {
		return free, err
	}
	if err := l.write(sendFrame(room, greeting)); err != nil {
		return free, err
	}
	if g != nil { // who raids does not answer
		select {
		case <-answered:
		case <-ctx.Done():
		case <-time.After(settle + 10*time.Second):
			q.turns.lose() // taken on, and never there
		}
		pause(ctx, q.Talk)
	}
	free = time.Now()
	p, err := b.post(context.WithoutCancel(ctx), "/rooms/"+room+"/end", nil)
	if err == nil && !p.leads() {
		err = p.unexpected("the end of a conversation", nil)
	}
	return free, err
}
