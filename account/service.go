package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"ponti/internal/audit"
	"ponti/internal/errs"
	"ponti/internal/ids"
	"ponti/internal/pg"
)

// Service is a mental-health department or an association: the tenant that every row belongs to.
type Service struct {
	ID       ServiceID
	Name     string
	Host     string // host name without port; AnyHost takes every host no other service has
	Locale   string
	TimeZone *time.Location
	Numbers  []Number
	// NumbersConfirmedAt is nil until an administrator has confirmed the emergency numbers.
	NumbersConfirmedAt *time.Time
	// WebhookURL is where escalations that nobody answers go, or empty. Its key is the deployment's, never in this table.
	WebhookURL string
	Holding    Holding
	// Conversation is how long one lasts, and so how long before the end of cover the last person is let in.
	Conversation time.Duration
	Keeping      Keeping
}

// AnyHost is the host of the service that answers where no other does.
const AnyHost = "*"

// Number is an emergency number or helpline.
type Number struct {
	Number string `json:"number"`
	// Name and Note are said as they stand, or are keys of texts: they then begin with "numbers.".
	Name string `json:"name"`
	Note string `json:"note,omitempty"`
	// Always is true of a number that answers day and night.
	Always bool `json:"always,omitempty"`
}

// DefaultNumbers are Italy's. They are shown also while no database can be asked.
func DefaultNumbers() []Number {
	return []Number{
		{Number: "112", Name: "numbers.n112", Note: "numbers.n112_note", Always: true},
		{Number: "1522", Name: "numbers.n1522", Note: "numbers.n1522_note", Always: true},
		{Number: "19696", Name: "numbers.n19696", Note: "numbers.n19696_note", Always: true},
		{Number: "114", Name: "numbers.n114", Note: "numbers.n114_note", Always: true},
		{Number: "02 2327 2327", Name: "numbers.n0223272327", Note: "numbers.n0223272327_note"},
	}
}

// NewService is what a service begins with. Without Numbers it has the defaults.
type NewService struct {
	Name, Host, Locale string
	TimeZone           string // IANA name; empty is Europe/Rome
	Numbers            []Number
	WebhookURL         string
}

// Errors about services.
var (
	ErrHostTaken      = errs.New(errs.Conflict, "account.host_taken")
	ErrUnknownService = errs.New(errs.NotFound, "error.not_found")
)

// CreateService adds a tenant. Only Ponti itself may: the command line, the demo, the first start.
func (a *Accounts) CreateService(ctx context.Context, actor Actor, n NewService) (ServiceID, error) {
	if !actor.Is(RoleSystem) {
		return ServiceID{}, ErrForbidden
	}
	if n.TimeZone == "" {
		n.TimeZone = "Europe/Rome"
	}
	if _, err := time.LoadLocation(n.TimeZone); err != nil {
		return ServiceID{}, fmt.Errorf("account: create service: %w", err)
	}
	// "Local" would be another zone on another machine, and what PostgreSQL does not know could be asked of it nowhere.
	if known, err := selectKnowsZone(ctx, a.pool, n.TimeZone); err != nil {
		return ServiceID{}, pg.Classify(err)
	} else if !known {
		return ServiceID{}, fmt.Errorf("account: create service: PostgreSQL knows no time zone %q", n.TimeZone)
	}
	if len(n.Numbers) == 0 {
		n.Numbers = DefaultNumbers()
	}
	id := ids.New[Service]()
	err := pg.InTx(ctx, a.pool, func(ctx context.Context, tx pgx.Tx) error {
		if err := insertService(ctx, tx, id, n); err != nil {
			return err
		}
		return audit.Append(ctx, tx, audit.Entry{Service: id, Role: string(actor.Role), Action: "service.create", Object: "service:" + id.String()})
	})
	if err != nil {
		return ServiceID{}, err
	}
	a.services.forget()
	return id, nil
}

// Services lists every tenant. It is for Ponti's own workers, not for pages.
func (a *Accounts) Services(ctx context.Context) ([]Service, error) {
	return a.services.all(ctx, func(ctx context.Context) ([]Service, error) { return selectServices(ctx, a.pool) })
}

// Service is one tenant; ErrUnknownService otherwise. Up to 5 s old, and older while the database cannot be reached.
func (a *Accounts) Service(ctx context.Context, id ServiceID) (Service, error) {
	all, err := a.Services(ctx)
	if err != nil {
		return Service{}, err
	}
	if i := slices.IndexFunc(all, func(s Service) bool { return s.ID == id }); i >= 0 {
		return all[i], nil
	}
	return Service{}, ErrUnknownService
}

// ServiceByHost is the tenant that answers on a host name, which has no port. As fresh as Service.
func (a *Accounts) ServiceByHost(ctx context.Context, host string) (Service, error) {
	all, err := a.Services(ctx)
	if err != nil {
		return Service{}, err
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	for _, want := range []string{host, AnyHost} {
		if i := slices.IndexFunc(all, func(s Service) bool { return s.Host == want }); i >= 0 {
			return all[i], nil
		}
	}
	return Service{}, ErrUnknownService
}

const (
	maxNumbers    = 20
	maxNumberText = 80 // runes of a name or note
)

// ChangeNumbers replaces the emergency numbers. It does not confirm them: somebody reads them again and does.
func (a *Accounts) ChangeNumbers(ctx context.Context, actor Actor, numbers []Number) error {
	if err := canSetService(actor); err != nil {
		return err
	}
	if err := checkNumbers(numbers); err != nil {
		return err
	}
	return a.changeService(ctx, actor, "settings.change_numbers", func(ctx context.Context, tx pgx.Tx) error {
		return updateNumbers(ctx, tx, actor.Service, numbers)
	})
}

// ConfirmNumbers says that somebody has called or checked every number and that it is right.
func (a *Accounts) ConfirmNumbers(ctx context.Context, actor Actor) error {
	if err := canSetService(actor); err != nil {
		return err
	}
	return a.changeService(ctx, actor, "settings.confirm_numbers", func(ctx context.Context, tx pgx.Tx) error {
		return updateNumbersConfirmed(ctx, tx, actor.Service)
	})
}

// canSetService allows what the matrix does, less the auditor, for whom it means reading.
func canSetService(actor Actor) error {
	if actor.Is(RoleAuditor) {
		return ErrForbidden
	}
	return Can(actor, SettingsService, Relation{})
}

func (a *Accounts) changeService(ctx context.Context, actor Actor, action string, f func(context.Context, pgx.Tx) error) error {
	err := pg.InTx(ctx, a.pool, func(ctx context.Context, tx pgx.Tx) error {
		if err := f(ctx, tx); err != nil {
			return err
		}
		return audit.Append(ctx, tx, entry(actor, action, "service:"+actor.Service.String(), ""))
	})
	if err != nil {
		return err
	}
	a.services.forget()
	return nil
}

func checkNumbers(numbers []Number) error {
	if len(numbers) == 0 || len(numbers) > maxNumbers {
		return errs.Field("numbers", "account.numbers_count", map[string]any{"Max": maxNumbers})
	}
	var bad errs.Fields
	for i, n := range numbers {
		field := fmt.Sprintf("numbers[%d]", i) // as forms name it
		digits := strings.Map(func(r rune) rune {
			if r == ' ' || r == '+' {
				return -1
			}
			return r
		}, n.Number)
		if len(digits) < 3 || len(digits) > 15 || strings.Trim(digits, "0123456789") != "" {
			bad.Add(field+".number", "account.number_digits", nil)
		}
		if name := strings.TrimSpace(n.Name); name == "" || utf8.RuneCountInString(name) > maxNumberText || utf8.RuneCountInString(n.Note) > maxNumberText {
			bad.Add(field+".name", "account.number_name", map[string]any{"Max": maxNumberText})
		}
	}
	return bad.Err()
}

// entry is an audit entry of an actor.
func entry(actor Actor, action, object, reason string) audit.Entry {
	return audit.Entry{Service: actor.Service, Actor: actor.ID, Role: string(actor.Role), Action: action, Object: object, Reason: reason}
}

// Every request asks for its service, and must get an answer while the database is down.
const (
	servicesFresh = 5 * time.Second        // how old an answer may be
	servicesRetry = time.Second            // pause after a failed question
	servicesWait  = 500 * time.Millisecond // longest a question may take when there is an older answer
)

// serviceCache keeps the last known good list. One caller asks, the others take what there is.
type serviceCache struct {
	asking sync.Mutex // held by the one who asks
	mu     sync.Mutex // guards the rest
	list   []Service
	known  bool
	next   time.Time // when to ask again
}

func (c *serviceCache) forget() {
	c.mu.Lock()
	c.next = time.Time{}
	c.mu.Unlock()
}

func (c *serviceCache) get() (list []Service, known, fresh bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.list, c.known, time.Now().Before(c.next)
}

func (c *serviceCache) all(ctx context.Context, ask func(context.Context) ([]Service, error)) ([]Service, error) {
	list, known, fresh := c.get()
	if known && fresh {
		return list, nil
	}
	if !known {
		c.asking.Lock()
	} else if !c.asking.TryLock() {
		return list, nil
	}
	defer c.asking.Unlock()
	// Somebody else may have asked while this one waited for the lock.
	if list, known, fresh = c.get(); known && fresh {
		return list, nil
	}
	if known {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, servicesWait)
		defer cancel()
	}
	asked := time.Now()
	got, err := ask(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		if c.known && !errors.Is(err, context.Canceled) {
			c.next = asked.Add(servicesRetry)
			return c.list, nil
		}
		return nil, err
	}
	c.list, c.known, c.next = got, true, asked.Add(servicesFresh)
	return got, nil
}
