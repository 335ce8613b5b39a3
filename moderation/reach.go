package moderation

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/audit"
	"ponti/internal/errs"
	"ponti/internal/ids"
	"ponti/internal/mail"
	"ponti/internal/pg"
)

// ReachID names an address or a device.
type ReachID = ids.ID[Reach]

// Reach is one way to tell somebody of alerts while they do not look at the console.
type Reach struct {
	ID        ReachID
	Channel   Channel // mail or push
	Address   string  // of mail, for its owner alone
	Device    string  // of push: a few letters that tell one device from another
	Confirmed bool    // mail: who reads it typed the code; nothing but the code is sent before
	AddedAt   time.Time
	ToldAt    time.Time // of the last delivery that ended; zero before
	Failed    bool      // the last one did
}

// Quiet are the hours of every day in which somebody is not told by mail or push, as minutes of the day in the service's time zone. Both zero: none. They may go over
// midnight. The last rung of the ladder does not heed them.
type Quiet struct{ From, To int }

// at says whether they are going on. In a zone that nobody knows they never are: somebody in danger is not to wait for a setting.
func (q Quiet) at(now time.Time, zone string) bool {
	place, err := time.LoadLocation(zone)
	if err != nil {
		return false
	}
	local := now.In(place)
	m := local.Hour()*60 + local.Minute()
	if q.From < q.To {
		return q.From <= m && m < q.To
	}
	return q.From <= m || m < q.To
}

// quietOf are the quiet hours of one.
type quietOf struct {
	Quiet
	who  account.ID
	zone string
}

// insertNotifications owes the escalation's last step to those who are asked, at their consoles, and away from them outside of their quiet hours.
func (m *Moderation) insertNotifications(ctx context.Context, q pg.Querier, e row, who []account.ID) error {
	list, err := selectQuiet(ctx, q, who)
	if err != nil {
		return err
	}
	quiet := []account.ID{} // SQL compares with them: null is no list
	for _, o := range list {
		if o.at(e.Now, o.zone) {
			quiet = append(quiet, o.who)
		}
	}
	return insertNotifications(ctx, q, e, who, quiet)
}

// Reaches is how somebody may be told.
type Reaches struct {
	List    []Reach
	Quiet   Quiet
	Mail    bool   // the installation has a mail server
	PushKey string // what a browser needs to be woken; empty when the installation wakes none
}

// Bounds of reaches.
const (
	maxReaches   = 5 // addresses and devices of one person, together
	codeTries    = 5
	codeValid    = 30 * time.Minute
	minutesOfDay = 24 * 60
)

// Errors that people meet.
var (
	ErrNoMail    = errs.New(errs.Invalid, "moderation.no_mail")
	ErrNotSent   = errs.New(errs.Invalid, "moderation.not_sent")
	ErrReachFull = errs.New(errs.Invalid, "moderation.reach_full")
	errGone      = errors.New("moderation: nobody is there any more")
)

// mayReach lets in who may be asked about an escalation.
func mayReach(actor account.Actor) error {
	if err := account.Can(actor, account.ProfileReadOwnEditOwn, account.Relation{Own: true}); err != nil {
		return err
	}
	if !actor.Is(account.RoleTutor, account.RoleESP, account.RoleSenior) {
		return account.ErrForbidden
	}
	return nil
}

// Reaches lists how the actor may be told.
func (m *Moderation) Reaches(ctx context.Context, actor account.Actor) (Reaches, error) {
	if err := mayReach(actor); err != nil {
		return Reaches{}, err
	}
	r := Reaches{Mail: m.options.Mail != nil}
	rows, quiet, err := selectReaches(ctx, m.pool, actor)
	if err != nil {
		return Reaches{}, pg.Classify(err)
	}
	r.Quiet = quiet
	for _, row := range rows {
		address, err := m.open(row.sealed, reachPlace(row.ID))
		if err != nil {
			return Reaches{}, err
		}
		if row.Channel == ChannelMail {
			row.Address = address
		} else {
			row.Device = strings.ToUpper(row.ID.String()[len(row.ID.String())-4:])
		}
		r.List = append(r.List, row.Reach)
	}
	r.PushKey, err = m.PushKey(ctx, actor.Service)
	return r, err
}

// AddMail keeps an address and sends it a code of six digits, which Confirm takes for half an hour. Whatever address waited for a code before waits no more. ErrNotSent when the
// mail server did not take it: nothing is kept then.
func (m *Moderation) AddMail(ctx context.Context, actor account.Actor, address, locale string) error {
	if err := mayReach(actor); err != nil {
		return err
	}
	if m.options.Mail == nil {
		return ErrNoMail
	}
	address, ok := mail.Address(address)
	if !ok {
		return errs.Field("address", "moderation.mail_address", nil)
	}
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return fmt.Errorf("moderation: code: %w", err)
	}
	code := fmt.Sprintf("%06d", n)
	id, err := m.addReach(ctx, actor, ChannelMail, address, locale, m.mark("code", code))
	if err != nil {
		return err
	}
	subject, body := m.options.Words(locale, "moderation.mail_code_subject"), m.options.Words(locale, "moderation.mail_code", "Code", code)
	if err := m.options.Mail.Send(ctx, address, subject, body); err != nil {
		m.log.Warn().Msg("a code could not be sent by mail")
		return errors.Join(ErrNotSent, deleteReach(ctx, m.pool, actor, id))
	}
	return nil
}

// Confirm takes the code that was sent to an address. Invalid for another, for one that is old, and after five wrong ones.
func (m *Moderation) Confirm(ctx context.Context, actor account.Actor, id ReachID, code string) error {
	if err := mayReach(actor); err != nil {
		return err
	}
	code = strings.Join(strings.Fields(code), "")
	right := false
	err := pg.InTx(ctx, m.pool, func(ctx context.Context, tx pgx.Tx) (err error) {
		if right, err = updateReachTried(ctx, tx, actor, id, m.mark("code", code)); err != nil || !right {
			return err // a wrong one is counted
		}
		return audit.Append(ctx, tx, entry(actor, "reach.add", "account:"+actor.ID.String(), string(ChannelMail)))
	})
	if err == nil && !right {
		err = errs.Field("code", "moderation.mail_code_wrong", nil)
	}
	return err
}

// AddPush keeps a browser that asked to be woken, by the JSON it made of its subscription. The same browser again is no error.
func (m *Moderation) AddPush(ctx context.Context, actor account.Actor, subscription, locale string) error {
	if err := mayReach(actor); err != nil {
		return err
	}
	browser, err := m.ReadBrowser(subscription)
	if err != nil {
		return err
	}
	_, err = m.addReach(ctx, actor, ChannelPush, browser, locale, nil)
	return err
}

func (m *Moderation) addReach(ctx context.Context, actor account.Actor, by Channel, address, locale string, code []byte) (ReachID, error) {
	mark := address
	if by == ChannelPush {
		s, _ := m.options.Push.Parse(address)
		mark = s.Endpoint()
	}
	id := ids.New[Reach]()
	s, err := m.seal(address, reachPlace(id))
	if err != nil {
		return id, err
	}
	err = pg.InTx(ctx, m.pool, func(ctx context.Context, tx pgx.Tx) error {
		n, err := deleteSameReach(ctx, tx, actor, m.mark(string(by), mark))
		switch {
		case err != nil:
			return err
		case n >= maxReaches:
			return ErrReachFull
		}
		if err := insertReach(ctx, tx, actor, id, by, m.mark(string(by), mark), s, locale, code); err != nil || code != nil {
			return err // an address counts when it is confirmed
		}
		return audit.Append(ctx, tx, entry(actor, "reach.add", "account:"+actor.ID.String(), string(by)))
	})
	return id, err
}

// RemoveReach forgets an address or a device of the actor's own; ErrUnknown for any other.
func (m *Moderation) RemoveReach(ctx context.Context, actor account.Actor, id ReachID) error {
	if err := mayReach(actor); err != nil {
		return err
	}
	return pg.InTx(ctx, m.pool, func(ctx context.Context, tx pgx.Tx) error {
		if err := deleteReach(ctx, tx, actor, id); err != nil {
			return err
		}
		return audit.Append(ctx, tx, entry(actor, "reach.remove", "account:"+actor.ID.String(), ""))
	})
}

// TryReach sends what an alert would be told by, now. ErrNotSent when it was not taken; the list says so too.
func (m *Moderation) TryReach(ctx context.Context, actor account.Actor, id ReachID) error {
	if err := mayReach(actor); err != nil {
		return err
	}
	rows, _, err := selectReaches(ctx, m.pool, actor)
	if err != nil {
		return pg.Classify(err)
	}
	i := slices.IndexFunc(rows, func(r reachRow) bool { return r.ID == id && r.Confirmed })
	if i < 0 {
		return ErrUnknown
	}
	r := rows[i]
	_, sent := m.tellBy(ctx, actor.Service, r.Channel, r.ID, r.sealed, letter{locale: r.locale, key: "moderation.mail_try", url: m.siteURL(ctx, actor.Service) + "/reach"})
	if err := updateReachTold(ctx, m.pool, id, sent == nil); err != nil {
		return pg.Classify(err)
	}
	if sent != nil {
		m.log.Warn().Str("channel", string(r.Channel)).Msg("a trial could not be delivered")
		return ErrNotSent
	}
	return nil
}

// ChangeQuiet sets the hours in which the actor is told only what the last rung tells everybody.
func (m *Moderation) ChangeQuiet(ctx context.Context, actor account.Actor, q Quiet) error {
	if err := mayReach(actor); err != nil {
		return err
	}
	if min(q.From, q.To) < 0 || max(q.From, q.To) >= minutesOfDay {
		return errs.Field("from", "moderation.quiet_hours", nil)
	}
	service, err := m.accounts.Service(ctx, actor.Service)
	if err != nil {
		return err
	}
	return pg.Classify(upsertQuiet(ctx, m.pool, actor, q, service.TimeZone.String()))
}

// mark is a keyed hash: it tells whether two texts are the same and nothing else.
func (m *Moderation) mark(kind, text string) []byte {
	h := hmac.New(sha256.New, m.options.Keys.Secret("reach"))
	h.Write([]byte(kind + "|" + text))
	return h.Sum(nil)
}

func reachPlace(id ReachID) string { return "reach|" + id.String() }
