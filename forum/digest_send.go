package forum

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"ponti/account"
	"ponti/internal/mail"
	"ponti/internal/pg"
	"ponti/internal/worker"
	"ponti/moderation"
)

const (
	digestEvery   = 20 * time.Second
	digestsAtOnce = 10               // of one round: a server that hangs takes no other's time
	digestLease   = 5 * time.Minute  // so long a digest is one instance's to prepare
	digestLasts   = 12 * time.Hour   // so long a provider keeps a call for a browser that is away
	digestSlack   = time.Minute      // no transaction lasts so long: what was written before is there by then
	digestCounts  = 100              // beyond, it is more than that
	sendAtMost    = 20 * time.Second // mail.Longest, and the word of how it went
)

// Outlet is what digests leave by. Words, Count and Site are asked only where Mail is.
type Outlet struct {
	Mail  *mail.Server // nil: none
	Words func(locale, key string, values ...any) string
	Count func(locale, key string, count int, values ...any) string
	Site  func(account.Service) string // where people reach a service
}

// TellBy says what digests leave by. Call it before Start.
func (f *Forum) TellBy(o Outlet) { f.outlet = o }

// errUndelivered says nothing of who and why: what a mail server or a push service answers may quote an address.
var errUndelivered = errors.New("forum: digests could not be delivered")

// dueWay is a digest that one instance prepares and sends.
type dueWay struct {
	wayRow
	service account.ServiceID
	who     account.ID
	locale  string
	lease   time.Time // due_at while it is this instance's: whoever finds another one there has lost it
	tries   int       // this one included
	until   time.Time // what was written before counts as told
	When
}

// startDigests sends what is due, each channel by itself: a mail server that hangs keeps no browser from being woken.
func (f *Forum) startDigests(ctx context.Context, log zerolog.Logger) {
	for by, w := range map[Channel]*worker.Worker{ByMail: &f.letters, ByPush: &f.calls} {
		if by == ByMail && f.outlet.Mail == nil {
			continue
		}
		w.Start(ctx, func(ctx context.Context) {
			timer := time.NewTimer(rand.N(digestEvery)) //nolint:gosec // jitter, not a secret
			defer timer.Stop()
			for {
				select {
				case <-ctx.Done():
					return
				case <-timer.C:
				}
				n := 0
				err := worker.Guard(func() (err error) { n, err = f.SendDigests(ctx, by); return err })
				if err != nil && ctx.Err() == nil {
					log.Warn().Err(err).Str("channel", string(by)).Msg("digests not sent")
				}
				wait := digestEvery
				if n == digestsAtOnce {
					wait = 0 // there may be more
				}
				timer.Reset(wait)
			}
		})
	}
}

// SendDigests sends some of the digests that are due by a channel, and returns how many it took. Any number of instances may call it at once: each digest is taken by one, and is
// sent at most once within its period, also when the instance ends while it sends. What could not be delivered is tried again a few times within the period.
func (f *Forum) SendDigests(ctx context.Context, by Channel) (int, error) {
	list, err := takeDue(ctx, f.pool, by, digestsAtOnce)
	if err != nil {
		return 0, pg.Classify(err)
	}
	faults := make([]error, len(list))
	var all sync.WaitGroup
	for i, w := range list {
		all.Go(func() { faults[i] = worker.Guard(func() error { return f.sendDigest(ctx, w) }) })
	}
	all.Wait()
	return len(list), errors.Join(faults...)
}

// sendDigest tells one person by one way, if anything is new to them that they may read now.
func (f *Forum) sendDigest(ctx context.Context, w dueWay) error {
	service, err := f.accounts.Service(ctx, w.service)
	if err != nil {
		return err
	}
	next := w.next(w.now, service.TimeZone)
	if later := w.Quiet.end(w.now, service.TimeZone); later.After(w.now) {
		return pg.Classify(updateWayLater(ctx, f.pool, w, later, w.tries-1))
	}
	actor, err := f.accounts.Acting(ctx, w.service, w.who)
	if errors.Is(err, account.ErrNotFound) {
		return pg.Classify(updateWayLater(ctx, f.pool, w, next, 0))
	}
	if err != nil {
		return err
	}
	count := 0
	if mayBeTold(actor) == nil {
		if count, err = f.countNew(ctx, actor, w.until); err != nil {
			return err
		}
	}
	if count == 0 {
		return pg.Classify(updateWayLater(ctx, f.pool, w, next, 0))
	}
	open, err := f.openWay(w.wayRow)
	if err != nil {
		return errors.Join(err, pg.Classify(updateWayLater(ctx, f.pool, w, next, 0)))
	}
	mine, err := updateWaySending(ctx, f.pool, w, next)
	if err != nil || !mine {
		return pg.Classify(err)
	}
	// What has begun is brought to its end, also while the program is told to stop: nobody else would do it.
	ctx, done := context.WithTimeout(context.WithoutCancel(ctx), sendAtMost)
	defer done()
	return f.deliver(ctx, service, w, open, count, next)
}

func (f *Forum) deliver(ctx context.Context, service account.Service, w dueWay, to openWay, count int, next time.Time) error {
	var err error
	if w.Channel == ByMail {
		err = f.sendLetter(ctx, service, w, to, count)
	} else {
		err = f.moderation.Wake(ctx, w.service, to.To, digestLasts)
	}
	switch {
	case err == nil:
		return pg.Classify(updateWayTold(ctx, f.pool, w, w.now.Add(-digestSlack)))
	case errors.Is(err, moderation.ErrBrowserGone):
		return pg.Classify(deleteGone(ctx, f.pool, w.ID))
	}
	again, more := againIn(w.tries)
	at := w.Quiet.end(w.now.Add(again), service.TimeZone)
	if !more || !at.Before(next) {
		at = next
	}
	return errors.Join(errUndelivered, pg.Classify(updateWayFailed(ctx, f.pool, w, next, at)))
}

// sendLetter says how much is new and where, in words that tell nobody who looks over a shoulder what it is about.
func (f *Forum) sendLetter(ctx context.Context, service account.Service, w dueWay, to openWay, count int) error {
	site := f.outlet.Site(service)
	leave := site + "/digest/leave/" + to.Leave
	body := f.outlet.Count(w.locale, "digest.letter", count, "URL", site+"/forum", "Leave", leave)
	if count > digestCounts {
		body = f.outlet.Words(w.locale, "digest.letter_many_new", "Count", digestCounts, "URL", site+"/forum", "Leave", leave)
	}
	return f.outlet.Mail.SendLeavable(ctx, to.To, f.outlet.Words(w.locale, "digest.subject"), body, leave)
}

// countNew counts what was written since an instant where somebody follows or is called by name, may read it, has not, and would rather not miss it.
func (f *Forum) countNew(ctx context.Context, actor account.Actor, since time.Time) (n int, err error) {
	words, err := f.filterOf(ctx, actor)
	if err != nil {
		return 0, err
	}
	rows, err := selectNewPosts(ctx, f.pool, actor, readable(actor), since, digestCounts+1)
	for _, r := range rows {
		if r.thread.mutedFor(actor, words) == "" && words.on(false, r.source) == "" {
			n++
		}
	}
	return n, pg.Classify(err)
}

// DigestLate is for how long the digest that is late the longest should have been sent; 0 when none is.
func (f *Forum) DigestLate(ctx context.Context) (time.Duration, error) {
	d, err := selectDigestLate(ctx, f.pool, f.outlet.Mail != nil)
	return d, pg.Classify(err)
}
