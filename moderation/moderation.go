// Package moderation looks after people when a text or a person gives cause: it reads for risk, makes sure that a human owns
// every risk (escalations and their ladder), and lets moderators decide about reported content. It knows nothing of rooms,
// threads or pages: those give it their text through Content and raise escalations in their own transactions.
//
// Invariants: an escalation is committed with its cause; it is ended only by its owner with an outcome and a note; until then it
// is always due, and whoever was asked is asked on, rung by rung, for ever. Red and crisis are routed only to tutors. Every step
// is one numbered row and every delivery one row in the step's transaction. Who reported is shown to no moderator.
package moderation

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"ponti/account"
	"ponti/internal/audit"
	"ponti/internal/bus"
	"ponti/internal/errs"
	"ponti/internal/ids"
	"ponti/internal/mail"
	"ponti/internal/pg"
	"ponti/internal/push"
	"ponti/internal/seal"
	"ponti/internal/worker"
	"ponti/moderation/triage"
	"ponti/roster"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations is the history of this package's tables. They refer to those of account.
func Migrations() pg.Migrations {
	sub, err := fs.Sub(files, "migrations")
	if err != nil {
		panic(err) // the path is a constant of this file
	}
	return pg.Migrations{Name: "moderation", FS: sub}
}

// Identifiers of this package.
type (
	EscalationID = ids.ID[Escalation]
	CaseID       = ids.ID[Case]
	NoticeID     = ids.ID[Notice]
)

// SubjectKind says what something is about.
type SubjectKind string

// The kinds of subject.
const (
	SubjectRoom    SubjectKind = "room"
	SubjectMessage SubjectKind = "message" // its ID is "<room>/<sequence>"
	SubjectPost    SubjectKind = "post"

	SubjectParticipant SubjectKind = "participant" // somebody in a conversation; its ID is "<room>/<number>"
)

// Subject names what an escalation or a report is about.
type Subject struct {
	Kind SubjectKind
	ID   string
}

// grouped is the subject that owns escalations: messages belong to their room, so a conversation is one item with one clock.
func (s Subject) grouped() Subject {
	if s.Kind == SubjectMessage {
		room, _, _ := strings.Cut(s.ID, "/")
		return Subject{Kind: SubjectRoom, ID: room}
	}
	return s
}

// Excerpt is what a tutor or moderator is shown of a subject.
type Excerpt struct {
	Author      account.ID
	AuthorAlias string // empty too where Nameless is
	Nameless    bool   // it was written without a name: whose it is, readers of this are not told
	Text        string
	Place       string // the category's id for posts
	Title       string
	URL         string // where it stands, a local path
	Hidden      bool
	At          time.Time
}

// Content is what a domain that keeps text does for moderation. Ids are those of Subject. An unknown id, or one of
// another service, is errs.NotFound.
type Content interface {
	Excerpt(ctx context.Context, q pg.Querier, service account.ServiceID, id string) (Excerpt, error)
	// Hide keeps it from everybody but its author and who moderates it; hiding what is hidden is no error.
	Hide(ctx context.Context, q pg.Querier, service account.ServiceID, id string, reason string, by account.ID) error
	Restore(ctx context.Context, q pg.Querier, service account.ServiceID, id string) error
	// Moderators are the peers who moderate where it stands; none for conversations.
	Moderators(ctx context.Context, q pg.Querier, service account.ServiceID, id string) ([]account.ID, error)
	// MayRead is nil when the actor may read it now, else the error they would get on its page.
	MayRead(ctx context.Context, q pg.Querier, actor account.Actor, id string) error
	// Opened notes, before anything is shown, that the actor reads it because of an escalation: the person has a right to know.
	Opened(ctx context.Context, q pg.Querier, actor account.Actor, id string) error
}

// Options are what a deployment or a test sets. The zero value of each field but Keys is a usable default.
type Options struct {
	Keys       *seal.Keyring    // seals notes and statements
	Ladder     Ladder           // zero: DefaultLadder
	Every      time.Duration    // how often the worker looks; zero: 1 s
	Now        func() time.Time // the worker's own clock, for gaps in its looks alone; nil: time.Now
	Pool       *pgxpool.Pool    // the ladder's own small pool, never starved by chat; nil: the common one
	BaseURL    string           // where the site of the service with host "*" is reached, for links in webhooks and mails
	Webhook    WebhookOptions
	Classifier ClassifierOptions
	Mail       *mail.Server                                   // tells people of alerts; nil: nobody is told by mail
	Push       *push.Sender                                   // wakes browsers; nil: none
	Words      func(locale, key string, values ...any) string // texts of mails; needed with Mail
	Registerer prometheus.Registerer
	Log        zerolog.Logger
}

// WebhookOptions bound deliveries to the outside channel; Backoff and GiveUp also those by mail and push.
type WebhookOptions struct {
	Transport http.RoundTripper // nil: http.DefaultTransport
	Timeout   time.Duration     // of one attempt; zero: 5 s
	Backoff   time.Duration     // before the second attempt, doubled up to two minutes; zero: 5 s
	GiveUp    time.Duration     // after which a delivery has failed; zero: 15 min
	Plain     bool              // allows http:// addresses: tests and a relay on the same machine
}

func (o Options) withDefaults(pool *pgxpool.Pool) Options {
	if o.Ladder == (Ladder{}) {
		o.Ladder = DefaultLadder()
	}
	if o.Every == 0 {
		o.Every = time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Pool == nil {
		o.Pool = pool
	}
	if o.Webhook.Timeout == 0 {
		o.Webhook.Timeout = 5 * time.Second
	}
	if o.Webhook.Backoff == 0 {
		o.Webhook.Backoff = 5 * time.Second
	}
	if o.Webhook.GiveUp == 0 {
		o.Webhook.GiveUp = 15 * time.Minute
	}
	return o
}

// Errors that people meet.
var (
	ErrUnknown    = errs.New(errs.NotFound, "error.not_found")
	ErrTaken      = errs.New(errs.Conflict, "moderation.taken")
	ErrNotOwner   = errs.New(errs.Forbidden, "moderation.not_owner")
	ErrClosed     = errs.New(errs.Conflict, "moderation.already_closed")
	ErrClaimFirst = errs.New(errs.Conflict, "moderation.claim_first")
	ErrNotAsked   = errs.New(errs.Conflict, "moderation.not_asked")
	ErrDecided    = errs.New(errs.Conflict, "moderation.already_decided")
	ErrInvolved   = errs.New(errs.Conflict, "moderation.involved")
)

// Moderation is the domain. Safe for concurrent use after Use and before Stop.
type Moderation struct {
	pool       *pgxpool.Pool
	accounts   *account.Accounts
	roster     *roster.Roster
	rules      *rules
	hints      bus.Publisher
	options    Options
	contents   map[SubjectKind]Content // static after Start
	texts      []Texts                 // static after Start
	classifier *classifier
	trying     sync.Mutex // held while rules are tried
	metrics    *metrics
	log        zerolog.Logger
	ladder     ladder
	cases      worker.Worker // looks for cases that lie
	client     *http.Client
}

// New makes the domain. Register contents with Use, then Start the ladder.
func New(pool *pgxpool.Pool, accounts *account.Accounts, rost *roster.Roster, engine *triage.Engine, hints bus.Publisher, o Options) *Moderation {
	o = o.withDefaults(pool)
	m := &Moderation{
		pool: pool, accounts: accounts, roster: rost, rules: newRules(engine), classifier: newClassifier(o.Classifier), hints: hints, options: o,
		contents: make(map[SubjectKind]Content),
		metrics:  newMetrics(o.Registerer),
		log:      o.Log.With().Str("part", "moderation").Logger(),
		ladder:   ladder{wake: make(chan struct{}, 1), couriers: make(map[Channel]chan struct{})},
		client:   newClient(o.Webhook),
	}
	for _, by := range outside {
		m.ladder.couriers[by] = make(chan struct{}, couriers)
	}
	return m
}

// Use says who keeps the text of a kind of subject. Call it before Start.
func (m *Moderation) Use(kind SubjectKind, c Content) { m.contents[kind] = c }

// content is who keeps subjects of a kind; ErrUnknown when nobody does.
func (m *Moderation) content(kind SubjectKind) (Content, error) {
	c, ok := m.contents[kind]
	if !ok {
		return nil, fmt.Errorf("moderation: nobody keeps %q: %w", kind, ErrUnknown)
	}
	return c, nil
}

// Read reads a text for risk, by the rules of a service. It never fails: a text that broke the rules' budget, or the reader, is Unscored and its
// keeper has it read again within ten seconds. It logs nothing of the text.
func (m *Moderation) Read(service account.ServiceID, text string) triage.Verdict {
	return m.reading(func() (triage.Verdict, error) { return m.rules.of(service).engine.Read(text) })
}

// Listen begins to read a conversation, by the rules that a service has now.
func (m *Moderation) Listen(service account.ServiceID) *triage.Window {
	return m.rules.of(service).engine.Listen()
}

// ListensStill says whether a conversation is read by the rules that the service has now.
func (m *Moderation) ListensStill(service account.ServiceID, w *triage.Window) bool {
	return w.By(m.rules.of(service).engine)
}

// Next reads the next turn of a conversation that Listen began. It fails as little as Read does, but after Unscored the window is of no use.
func (m *Moderation) Next(w *triage.Window, t triage.Turn) triage.Verdict {
	return m.reading(func() (triage.Verdict, error) { return w.Next(t) })
}

// ReadLast reads the last turn of a conversation with what was said before it. It fails as little as Read does.
func (m *Moderation) ReadLast(service account.ServiceID, turns []triage.Turn) triage.Verdict {
	return m.reading(func() (triage.Verdict, error) { return m.rules.of(service).engine.ReadLast(turns) })
}

func (m *Moderation) reading(read func() (triage.Verdict, error)) (v triage.Verdict) {
	unscored := triage.Verdict{Level: triage.Unscored, Category: triage.CategoryNone}
	defer func() {
		if r := recover(); r != nil {
			m.metrics.unscored.Inc()
			v = unscored
		}
	}()
	v, err := read()
	if err != nil {
		m.metrics.unscored.Inc()
		return unscored
	}
	return v
}

func entry(actor account.Actor, action, object, reason string) audit.Entry {
	return audit.Entry{Service: actor.Service, Actor: actor.ID, Role: string(actor.Role), Action: action, Object: object, Reason: reason}
}
