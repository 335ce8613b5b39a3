package chat

import (
	"context"
	"sync"
	"time"

	"ponti/account"
)

// Sent is one message of PostAll, and its outcome.
type Sent struct {
	From account.Actor
	Post Post

	Receipt Receipt
	Err     error
}

// PostAll posts messages that have all gathered before the writers look, in this order, and fills in their outcomes.
func (c *Chat) PostAll(list []*Sent) {
	for i := range c.writers {
		w := &c.writers[i]
		w.running.Wait() // what came before is behind it, the answers given
		w.mu.Lock()
		w.busy = true
		w.mu.Unlock()
	}
	var waits sync.WaitGroup
	for _, s := range list {
		waits.Add(1)
		if err := c.SendMessage(s.From, s.Post, func(r Receipt, err error) {
			s.Receipt, s.Err = r, err
			waits.Done()
		}); err != nil {
			s.Err = err
			waits.Done()
		}
	}
	for i := range c.writers {
		c.writers[i].running.Go(c.writers[i].run)
	}
	waits.Wait()
}

// WaitsFor tells how many messages wait for the room's writer.
func (c *Chat) WaitsFor(id RoomID) int {
	w := c.writerOf(id)
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.waiting
}

// Heard tells of how many rooms it is kept what was said, once so much time has passed.
func (c *Chat) Heard(passed time.Duration) int {
	c.heard.mu.Lock()
	defer c.heard.mu.Unlock()
	for _, h := range c.heard.rooms {
		h.since = h.since.Add(-passed)
	}
	return len(c.heard.rooms)
}

// Gone is a context that has ended.
func Gone(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	return ctx
}

// PostAlone is PostMessage in a transaction of its own: what the writers are compared with.
func (c *Chat) PostAlone(ctx context.Context, actor account.Actor, in Post) (Receipt, error) {
	return c.postAlone(ctx, &posting{actor: actor, in: in, text: in.Text, verdict: c.read(actor, in.Text)})
}

// UsualWaitAt is what UsualWait told, or would have told, at a moment.
func (c *Chat) UsualWaitAt(ctx context.Context, service account.ServiceID, at time.Time) (from, to time.Duration, err error) {
	return selectUsualWait(ctx, c.pool, service, &at)
}
