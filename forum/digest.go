package forum

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/ids"
	"ponti/internal/mail"
	"ponti/internal/pg"
	"ponti/internal/seal"
)

// WayID names an address or a browser.
type WayID = ids.ID[Way]

// Channel is how a digest is told.
type Channel string

// The channels.
const (
	ByMail Channel = "mail"
	ByPush Channel = "push"
)

// Way is an address or a browser that takes somebody's digest.
type Way struct {
	ID        WayID
	Channel   Channel
	Address   string // of mail, for its owner alone
	Device    string // of push: a few letters that tell one browser from another
	Confirmed bool
	ToldAt    *time.Time
	Failed    bool // the last one could not be delivered
}

// Digests is how somebody is told what is new to them while they are away. Nobody is, unless they asked for it.
type Digests struct {
	When
	Ways    []Way
	Mail    bool   // the installation has a mail server
	PushKey string // what a browser needs to be woken; empty when the installation wakes none
}

// Bounds of digests.
const (
	maxBrowsers   = 4
	lettersPerDay = 3 // that ask whether an address is right: of one account, and to one address
	confirmFor    = 24 * time.Hour
)

// Errors of digests.
var (
	ErrNoMail      = errs.Field("address", "digest.no_mail", nil)
	ErrLetterMany  = errs.Field("address", "digest.letter_many", nil)
	ErrNotSent     = errs.Field("address", "digest.not_sent", nil)
	ErrBrowserMany = errs.New(errs.Invalid, "digest.browser_many")
	// ErrLetterOld says that a letter's link is of no use any more, or never was.
	ErrLetterOld = errs.New(errs.NotFound, "digest.title_old")
)

// mayBeTold lets in who reads the forum, for their own.
func mayBeTold(actor account.Actor) error {
	if err := mayEnter(actor); err != nil {
		return err
	}
	return account.Can(actor, account.ProfileReadOwnEditOwn, account.Relation{Own: true})
}

// Digests gives how the actor is told.
func (f *Forum) Digests(ctx context.Context, actor account.Actor) (Digests, error) {
	if err := mayBeTold(actor); err != nil {
		return Digests{}, err
	}
	d := Digests{Mail: f.outlet.Mail != nil}
	var err error
	if d.When, err = selectWhen(ctx, f.pool, actor, false); err != nil {
		return Digests{}, pg.Classify(err)
	}
	rows, err := selectWays(ctx, f.pool, actor)
	if err != nil {
		return Digests{}, pg.Classify(err)
	}
	for _, r := range rows {
		open, err := f.openWay(r)
		if err != nil {
			return Digests{}, err
		}
		if r.Channel == ByMail {
			r.Address = open.To
		} else {
			r.Device = strings.ToUpper(r.ID.String()[32:])
		}
		d.Ways = append(d.Ways, r.Way)
	}
	d.PushKey, err = f.moderation.PushKey(ctx, actor.Service)
	return d, err
}

// ChangeDigest sets how often the actor is told and at which hour; their quiet hours stay. Within the day or week in which they were told they are not told again.
func (f *Forum) ChangeDigest(ctx context.Context, actor account.Actor, every Every, weekday time.Weekday, hour int) error {
	switch {
	case every != EveryNever && every != EveryDay && every != EveryWeek:
		return errs.Field("every", "digest.every_unknown", nil)
	case weekday < time.Sunday || weekday > time.Saturday:
		return errs.Field("weekday", "digest.weekday_unknown", nil)
	case hour < 0 || hour > 23:
		return errs.Field("hour", "digest.hour_unknown", nil)
	}
	return f.changeWhen(ctx, actor, func(w When) When { return When{every, weekday, hour, w.Quiet} })
}

// ChangeQuiet sets the hours of every day in which the actor is told nothing of the forum away from its pages: what is due then comes behind them.
func (f *Forum) ChangeQuiet(ctx context.Context, actor account.Actor, q Quiet) error {
	if !q.valid() {
		return errs.Field("from", "digest.quiet_hours", nil)
	}
	return f.changeWhen(ctx, actor, func(w When) When { return When{w.Every, w.Weekday, w.Hour, q} })
}

// changeWhen stores another choice and moves what is due by it.
func (f *Forum) changeWhen(ctx context.Context, actor account.Actor, change func(When) When) error {
	if err := mayBeTold(actor); err != nil {
		return err
	}
	service, err := f.accounts.Service(ctx, actor.Service)
	if err != nil {
		return err
	}
	err = pg.InTx(ctx, f.pool, func(ctx context.Context, tx pgx.Tx) error {
		old, err := selectWhen(ctx, tx, actor, true)
		if err != nil {
			return err
		}
		w := change(old)
		if err := upsertWhen(ctx, tx, actor, w); err != nil {
			return err
		}
		rows, err := selectWays(ctx, tx, actor)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if !r.Confirmed {
				continue
			}
			if err := updateWayDue(ctx, tx, r.ID, w.nextFor(r, service.TimeZone)); err != nil {
				return err
			}
		}
		return nil
	})
	return pg.Classify(err)
}

// nextFor is when a way is told next by a choice that was just made.
func (w When) nextFor(r wayRow, zone *time.Location) time.Time {
	after := r.now
	if r.ToldAt != nil {
		if end := w.periodEnd(*r.ToldAt, zone); end.After(after) {
			after = end
		}
	}
	return w.next(after, zone)
}

// AskMail keeps an address for digests alone and sends it a letter with a link that says that it is right, once and within a day. Until then it takes nothing else, and an address of
// before goes on taking digests. Errors: errs.Fields, ErrNoMail, ErrLetterMany, ErrNotSent when the mail server did not take it: nothing is kept then. An address to which others
// had as many letters sent takes none, which nobody is told.
func (f *Forum) AskMail(ctx context.Context, actor account.Actor, address, locale string) error {
	if err := mayBeTold(actor); err != nil {
		return err
	}
	if f.outlet.Mail == nil {
		return ErrNoMail
	}
	address, ok := mail.Address(address)
	if !ok {
		return errs.Field("address", "digest.address_broken", nil)
	}
	service, err := f.accounts.Service(ctx, actor.Service)
	if err != nil {
		return err
	}
	n := newWay{ID: ids.New[Way](), channel: ByMail, mark: f.wayMark(ByMail, strings.ToLower(address)), locale: locale, confirm: rand.Text(), leave: rand.Text()}
	if n.sealed, err = f.sealWay(n.ID, openWay{To: address, Leave: n.leave}); err != nil {
		return err
	}
	silent := false
	err = pg.InTx(ctx, f.pool, func(ctx context.Context, tx pgx.Tx) error {
		own, others, err := countAsked(ctx, tx, actor, n.mark)
		if err != nil {
			return err
		}
		if own >= lettersPerDay {
			return ErrLetterMany
		}
		silent = others >= lettersPerDay
		if err := deleteWaiting(ctx, tx, actor); err != nil {
			return err
		}
		return insertWay(ctx, tx, actor, n)
	})
	if pg.Constraint(err) == "forum_digest_ways_once" {
		return errs.Field("address", "digest.address_there", nil)
	}
	if err != nil || silent {
		return pg.Classify(err)
	}
	words := f.outlet.Words
	body := words(locale, "digest.confirm_letter", "URL", f.outlet.Site(service)+"/digest/confirm/"+n.confirm)
	if err := f.outlet.Mail.Send(ctx, address, words(locale, "digest.confirm_subject"), body); err != nil {
		return errors.Join(ErrNotSent, deleteAskedWay(ctx, f.pool, actor, n.ID))
	}
	return nil
}

// ConfirmMail takes the link of the letter that asked whether an address is right; the address takes digests from then on, instead of the one before. ErrLetterOld for any other,
// for one that is old and for one that was taken.
func (f *Forum) ConfirmMail(ctx context.Context, service account.ServiceID, token string) error {
	s, err := f.accounts.Service(ctx, service)
	if err != nil {
		return err
	}
	return pg.Classify(pg.InTx(ctx, f.pool, func(ctx context.Context, tx pgx.Tx) error {
		who, err := selectAsking(ctx, tx, service, letterMark(token))
		if errors.Is(err, account.ErrNotFound) {
			return ErrLetterOld
		}
		if err != nil {
			return err
		}
		w, err := selectWhen(ctx, tx, who, true)
		if err != nil {
			return err
		}
		r, err := updateWayConfirmed(ctx, tx, who, letterMark(token))
		if errors.Is(err, account.ErrNotFound) { // by another click, just now
			return ErrLetterOld
		}
		if err != nil {
			return err
		}
		if err := deleteOtherMail(ctx, tx, who, r.ID); err != nil {
			return err
		}
		return updateWayDue(ctx, tx, r.ID, w.next(r.now, s.TimeZone))
	}))
}

// LeaveMail forgets the address to which a letter with this link went. One that is gone already, or never was, is no mistake: nobody learns which.
func (f *Forum) LeaveMail(ctx context.Context, service account.ServiceID, token string) error {
	return pg.Classify(deleteWayByLeave(ctx, f.pool, service, letterMark(token)))
}

// AddBrowser keeps a browser that asked to be woken, by the JSON it made of its subscription; the same again is no mistake. moderation.ErrNoBrowser for what is none, ErrBrowserMany.
func (f *Forum) AddBrowser(ctx context.Context, actor account.Actor, subscription, locale string) error {
	if err := mayBeTold(actor); err != nil {
		return err
	}
	browser, err := f.moderation.ReadBrowser(subscription)
	if err != nil {
		return err
	}
	service, err := f.accounts.Service(ctx, actor.Service)
	if err != nil {
		return err
	}
	n := newWay{ID: ids.New[Way](), channel: ByPush, mark: f.wayMark(ByPush, browser), locale: locale}
	if n.sealed, err = f.sealWay(n.ID, openWay{To: browser}); err != nil {
		return err
	}
	return pg.Classify(pg.InTx(ctx, f.pool, func(ctx context.Context, tx pgx.Tx) error {
		w, err := selectWhen(ctx, tx, actor, true)
		if err != nil {
			return err
		}
		rows, err := selectWays(ctx, tx, actor)
		if err != nil {
			return err
		}
		browsers := 0
		for _, r := range rows {
			if string(r.mark) == string(n.mark) {
				return nil
			}
			if r.Channel == ByPush {
				browsers++
			}
		}
		if browsers >= maxBrowsers {
			return ErrBrowserMany
		}
		if err := insertWay(ctx, tx, actor, n); err != nil {
			return err
		}
		now, err := selectNow(ctx, tx)
		if err != nil {
			return err
		}
		return updateWayDue(ctx, tx, n.ID, w.next(now, service.TimeZone))
	}))
}

// RemoveWay forgets an address or a browser of the actor's own; one that is gone is no mistake.
func (f *Forum) RemoveWay(ctx context.Context, actor account.Actor, id WayID) error {
	if err := mayBeTold(actor); err != nil {
		return err
	}
	return pg.Classify(deleteWay(ctx, f.pool, actor, id))
}

// EraseDigests forgets addresses that nobody confirmed within a day, and which letters asked. Any number of instances may call it at once.
func (f *Forum) EraseDigests(ctx context.Context) error {
	return pg.Classify(deleteUnconfirmed(ctx, f.pool))
}

// openWay is what is sealed of a way.
type openWay struct {
	To    string `json:"to"`
	Leave string `json:"leave,omitempty"` // the secret of the link in its letters by which it is forgotten
}

// wayOf binds what is sealed to its row.
func wayOf(id WayID) string { return "forum digest|" + id.String() }

func (f *Forum) sealWay(id WayID, w openWay) (seal.Alone, error) {
	plain, err := json.Marshal(w)
	if err != nil {
		return seal.Alone{}, fmt.Errorf("forum: seal way: %w", err)
	}
	s, err := f.keys.SealAlone(plain, wayOf(id))
	if err != nil {
		return seal.Alone{}, fmt.Errorf("forum: seal way: %w", err)
	}
	return s, nil
}

func (f *Forum) openWay(r wayRow) (w openWay, err error) {
	plain, err := f.keys.OpenAlone(r.sealed, wayOf(r.ID))
	if err == nil {
		err = json.Unmarshal(plain, &w)
	}
	if err != nil {
		return w, fmt.Errorf("forum: open way: %w", err)
	}
	return w, nil
}

// wayMark is a keyed hash: it tells whether two addresses are the same and nothing else.
func (f *Forum) wayMark(by Channel, to string) []byte {
	h := hmac.New(sha256.New, f.keys.Secret("forum digest"))
	h.Write([]byte(string(by) + "|" + to))
	return h.Sum(nil)
}

// letterMark is what is stored of the secret in a link: too long to be guessed, so a plain hash is enough.
func letterMark(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}
