package main

import (
	"context"
	"net/url"
	"time"
)

// raid is what came of hostile entries.
type raid struct {
	Tried    int `json:"tried"`
	Refused  int `json:"refused"`  // no account
	Unplaced int `json:"unplaced"` // an account, and no place
	Placed   int `json:"placed"`   // as many come in for nothing from each network
	Failed   int `json:"failed"`   // no answer
}

// raidNetworks is how many networks the hostile come from.
const raidNetworks = 16

// besiege has so many come in a minute until ctx ends, without a proof of work, with one that is made up, or with somebody else's puzzle, and waits for none of them.
func (q *queue) besiege(ctx context.Context, perMinute int) {
	every := time.Minute / time.Duration(perMinute)
	began := time.Now()
	for n := 0; ctx.Err() == nil; n++ {
		if wait := time.Duration(n)*every - time.Since(began); wait > 0 {
			pause(ctx, wait)
		}
		q.all.Go(func() { q.raider(ctx, n) })
	}
}

func (q *queue) raider(ctx context.Context, n int) {
	server := q.Server[n%len(q.Server)]
	outcome := &q.raided.Failed
	defer func() {
		if ctx.Err() == nil {
			q.mu.Lock()
			q.raided.Tried++
			*outcome++
			q.mu.Unlock()
		}
	}()
	b, err := newBrowser(server, network(server, maxNetworks/2+n%raidNetworks))
	if err != nil {
		return
	}
	defer b.close()
	form := url.Values{"adult": {"true"}, "consent": {"true"}}
	p, err := b.post(ctx, "/enter", form)
	if err != nil {
		return
	}
	form.Set("version", p.value("version"))
	form.Set("alias", p.value("alias"))
	switch n % 3 {
	case 1:
		form.Set("puzzle", p.value("puzzle"))
		form.Set("proof", "7")
	case 2:
		form.Set("puzzle", q.stolen(p.value("puzzle")))
		form.Set("proof", "7")
	}
	if p, err = b.post(ctx, "/enter/name", form); err != nil {
		return
	}
	if !p.leads() {
		outcome = &q.raided.Refused
		return
	}
	// The room must be known before anybody can be offered it: none other is a place of nobody.
	p, err = b.post(ctx, "/waiting", url.Values{"topic": {plainTopic}})
	if err != nil {
		return
	}
	if !p.leads() {
		outcome = &q.raided.Unplaced
		return
	}
	outcome = &q.raided.Placed
	if room, err := b.place(ctx); err == nil {
		q.turns.strange(room)
	}
}

// stolen keeps a puzzle, and gives the one that was kept before.
func (q *queue) stolen(mine string) (other string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	other, q.puzzle = q.puzzle, mine
	return other
}
