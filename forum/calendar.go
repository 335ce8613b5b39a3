package forum

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"time"

	ics "github.com/arran4/golang-ical"
	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
)

// How much a feed holds.
const (
	feedPast  = 30 * 24 * time.Hour // so that a calendar hears of what was cancelled, and keeps the last weeks
	feedMany  = 500
	feedToken = 32 // bytes
)

// MakeFeed gives the actor a new secret, at whose address a calendar program finds the events of the categories that they may read at that moment. It is told once: what is
// stored is its hash. An earlier one ends.
func (f *Forum) MakeFeed(ctx context.Context, actor account.Actor) (token string, err error) {
	if err := mayEnter(actor); err != nil {
		return "", err
	}
	b := make([]byte, feedToken)
	_, _ = rand.Read(b) // never fails: crypto/rand ends the program instead
	token = base64.RawURLEncoding.EncodeToString(b)
	return token, pg.InTx(ctx, f.pool, func(ctx context.Context, tx pgx.Tx) error {
		if err := upsertFeed(ctx, tx, actor, feedHash(token)); err != nil {
			return err
		}
		return appendAudit(ctx, tx, actor, "feed.make", "account:"+actor.ID.String())
	})
}

// WithdrawFeed ends the actor's address at once; again is no mistake.
func (f *Forum) WithdrawFeed(ctx context.Context, actor account.Actor) error {
	if err := mayEnter(actor); err != nil {
		return err
	}
	return pg.InTx(ctx, f.pool, func(ctx context.Context, tx pgx.Tx) error {
		gone, err := deleteFeed(ctx, tx, actor)
		if err != nil || !gone {
			return err
		}
		return appendAudit(ctx, tx, actor, "feed.withdraw", "account:"+actor.ID.String())
	})
}

// FeedMade is when the actor's address was made; nil when they have none.
func (f *Forum) FeedMade(ctx context.Context, actor account.Actor) (*time.Time, error) {
	at, err := selectFeedMade(ctx, f.pool, actor)
	if errors.Is(err, account.ErrNotFound) {
		return nil, nil //nolint:nilnil // none is an answer here
	}
	return &at, pg.Classify(err)
}

// Feed are the events behind a secret. account.ErrNotFound for one that is unknown, withdrawn or of another service, and for somebody who cannot come in.
func (f *Forum) Feed(ctx context.Context, s account.ServiceID, token string) ([]Upcoming, error) {
	id, err := selectFeedOwner(ctx, f.pool, s, feedHash(token))
	if err != nil {
		return nil, pg.Classify(err)
	}
	actor, err := f.accounts.Acting(ctx, s, id)
	if err != nil {
		return nil, err
	}
	if mayEnter(actor) != nil {
		return nil, account.ErrNotFound
	}
	return f.events(ctx, actor, nil, ahead{past: feedPast, cancelled: true, limit: feedMany})
}

// feedHash is enough for what is random and long.
func feedHash(token string) []byte {
	h := sha256.Sum256([]byte(token))
	return h[:]
}

// CalendarWords are what a calendar says of its own. They name nobody, and nothing of what the service is: calendars are shown on screens that others see.
type CalendarWords struct{ Name, Online string }

// Calendar writes events as RFC 5545 has them. Instants are in UTC, so that no zone's rules have to be right elsewhere. Without a method, DTSTAMP is when an event was last
// changed: the same events make the same bytes.
func Calendar(words CalendarWords, list []Upcoming) []byte {
	cal := ics.NewCalendarFor("")
	cal.SetProductId("-//Calendar//EN")
	cal.SetCalscale("GREGORIAN")
	cal.SetName(words.Name)
	cal.SetRefreshInterval("PT4H", ics.WithValue(string(ics.ValueDataTypeDuration)))
	cal.SetXPublishedTTL("PT4H")
	for _, u := range list {
		e := u.Thread.Event
		if e == nil {
			continue
		}
		v := cal.AddEvent(u.Thread.ID.String())
		v.SetDtStampTime(e.ChangedAt)
		v.SetModifiedAt(e.ChangedAt)
		v.SetSequence(e.Sequence)
		v.SetStartAt(e.StartsAt)
		v.SetEndAt(e.EndsAt)
		v.SetSummary(u.Thread.Title)
		v.SetLocation(e.where(words))
		v.SetStatus(ics.ObjectStatusConfirmed)
		if e.Cancelled {
			v.SetStatus(ics.ObjectStatusCancelled)
		}
	}
	return []byte(cal.Serialize(ics.WithNewLine("\r\n")))
}

func (e Event) where(words CalendarWords) string {
	switch {
	case !e.Online:
		return e.Place
	case e.Place == "":
		return words.Online
	}
	return words.Online + ": " + e.Place
}

// EventOf is one event that the actor may read; account.ErrNotFound for a thread that is none, or whose opening they cannot read.
func (f *Forum) EventOf(ctx context.Context, actor account.Actor, id ThreadID) (Upcoming, error) {
	t, c, err := f.Thread(ctx, actor, id)
	if err == nil {
		err = f.withEvents(ctx, f.pool, actor.Service, &t)
	}
	if err == nil && t.Event == nil {
		err = account.ErrNotFound
	}
	return Upcoming{Thread: t, Category: c}, err
}
