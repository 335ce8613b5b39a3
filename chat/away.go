package chat

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/bus"
	"ponti/internal/errs"
	"ponti/internal/pg"
	"ponti/internal/worker"
	"ponti/moderation"
)

// Who waits may do something else meanwhile, and be told when it is their turn. Their place stays where it is in the queue, and no ESP is offered somebody who is
// not there: the ESP is offered the next who is, and who comes back is the first to be met.
const (
	awayFor    = 3 * time.Hour    // a place is kept so long for who is away
	returnFor  = 15 * time.Minute // and so long once it was their turn
	expectFor  = 3 * time.Minute  // so long an ESP is counted on for who was told, before the next is told too
	wakeTries  = 5
	wakeAgain  = 30 * time.Second // after a try that failed
	wakesAtOne = 10               // of one second's work
)

// Errors of who comes back.
var (
	ErrNotWaiting = errs.New(errs.Conflict, "chat.not_waiting")
	ErrNoReturn   = errs.Field("code", "chat.return_unknown", nil)
)

// StepAway keeps the actor's place while they do something else: no ESP is offered them until they say that they are back. A guest gets a code, shown this once, by which
// they find the place from another device; the code of before is of no use any more. A member signs in as always. ErrNoPlace without a place, ErrInSession when the conversation has begun.
func (c *Chat) StepAway(ctx context.Context, actor account.Actor) (code string, err error) {
	if err := account.Can(actor, account.ConversationAskForOne, account.Relation{}); err != nil {
		return "", err
	}
	var mark []byte
	if actor.Is(account.RoleGuest) {
		code = rand.Text()[:16]
		mark = c.returnMark(actor.Service, code)
	}
	var esp account.ID
	err = pg.InTx(ctx, c.pool, func(ctx context.Context, tx pgx.Tx) error {
		p, err := lockOpenPlace(ctx, tx, actor)
		if err != nil {
			return err
		}
		if p.state == PlaceInSession {
			return ErrInSession
		}
		if esp, err = updateOfferWithdrawn(ctx, tx, p.id); err != nil {
			return err
		}
		return updatePlaceAway(ctx, tx, p.id, mark)
	})
	if err != nil {
		return "", err
	}
	c.tell(bus.Place, actor.ID)
	c.tell(bus.Desk, esp)
	c.Match(ctx, actor.Service)
	return code, nil
}

// StepBack lets ESPs be offered the actor again. Who is not away is told nothing else; ErrNoPlace without a place.
func (c *Chat) StepBack(ctx context.Context, actor account.Actor) error {
	if err := account.Can(actor, account.ConversationAskForOne, account.Relation{}); err != nil {
		return err
	}
	err := pg.InTx(ctx, c.pool, func(ctx context.Context, tx pgx.Tx) error {
		p, err := lockOpenPlace(ctx, tx, actor)
		if err != nil {
			return err
		}
		return updatePlaceBack(ctx, tx, p.id)
	})
	if err != nil {
		return err
	}
	c.tell(bus.Place, actor.ID)
	c.Match(ctx, actor.Service)
	return nil
}

// WakeMe has a browser woken when it is the turn of the actor, who is away; another one instead of it later is fine. moderation.ErrNoBrowser for what is no subscription,
// ErrNotWaiting for who is not away.
func (c *Chat) WakeMe(ctx context.Context, actor account.Actor, subscription string) error {
	if err := account.Can(actor, account.ConversationAskForOne, account.Relation{}); err != nil {
		return err
	}
	browser, err := c.moderation.ReadBrowser(subscription)
	if err != nil {
		return err
	}
	return pg.InTx(ctx, c.pool, func(ctx context.Context, tx pgx.Tx) error {
		p, err := lockOpenPlace(ctx, tx, actor)
		if isNotFound(err) || err == nil && !p.away {
			return ErrNotWaiting
		}
		if err != nil {
			return err
		}
		s, err := c.keyring.SealAlone([]byte(browser), wakePlace(p.id))
		if err != nil {
			return fmt.Errorf("chat: seal: %w", err)
		}
		return upsertWake(ctx, tx, p.id, s)
	})
}

// ReturnBy is the guest whose code it is. ErrNoReturn, at the field of the code, when it is nobody's: their place ended, they came back, or it was never given.
func (c *Chat) ReturnBy(ctx context.Context, service account.ServiceID, code string) (account.ID, error) {
	code = strings.NewReplacer("0", "O", "1", "I").Replace(strings.ToUpper(strings.Join(strings.FieldsFunc(code, isNotCode), "")))
	id, err := selectReturn(ctx, c.pool, service, c.returnMark(service, code))
	if isNotFound(err) {
		return id, ErrNoReturn
	}
	return id, pg.Classify(err)
}

func isNotCode(r rune) bool { return r == ' ' || r == '-' || r == '.' || r == '\t' }

func (c *Chat) returnMark(service account.ServiceID, code string) []byte {
	h := hmac.New(sha256.New, c.keyring.Secret("return"))
	h.Write([]byte(service.String() + "|" + code))
	return h.Sum(nil)
}

func wakePlace(id PlaceID) string { return "wake|" + id.String() }

// wakeDue wakes the browsers of those whose turn it is, all at once: a provider that hangs takes no other's time.
func (c *Chat) wakeDue(ctx context.Context) error {
	list, err := takeWakes(ctx, c.pool)
	if err != nil {
		return err
	}
	faults := make([]error, len(list))
	var all sync.WaitGroup
	for i, w := range list {
		all.Go(func() { faults[i] = worker.Guard(func() error { return c.wakeOne(ctx, w) }) })
	}
	all.Wait()
	return errors.Join(faults...)
}

func (c *Chat) wakeOne(ctx context.Context, w wakeRow) error {
	if err := c.wake(ctx, w); err != nil && !errors.Is(err, moderation.ErrBrowserGone) {
		c.log.Warn().Int("try", w.tries).Msg("somebody whose turn it is could not be woken") // not the error: it may quote an address
		return nil
	}
	return updateWoken(ctx, c.pool, w)
}

func (c *Chat) wake(ctx context.Context, w wakeRow) error {
	browser, err := c.keyring.OpenAlone(w.sealed, wakePlace(w.place))
	if err != nil {
		return fmt.Errorf("chat: open: %w", err)
	}
	return c.moderation.Wake(ctx, w.service, string(browser), returnFor)
}
