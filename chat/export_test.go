package chat

import (
	"context"
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
		w.mu.Lock()
		w.busy = true
		w.mu.Unlock()
	}
	waits := make([]*posting, len(list))
	for i, s := range list {
		waits[i] = &posting{actor: s.From, in: s.Post, text: s.Post.Text, verdict: c.read(s.From, s.Post.Text), done: make(chan answer, 1)}
		if s.Err = c.writerOf(s.Post.Room).add(waits[i]); s.Err != nil {
			waits[i] = nil
		}
	}
	for i := range c.writers {
		c.writers[i].running.Go(c.writers[i].run)
	}
	for i, p := range waits {
		if p != nil {
			a := <-p.done
			list[i].Receipt, list[i].Err = a.receipt, a.err
		}
	}
}

// WaitsFor tells how many messages wait for the room's writer.
func (c *Chat) WaitsFor(id RoomID) int {
	w := c.writerOf(id)
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.waiting
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
