package moderation_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ponti/account"
	"ponti/account/accounttest"
	"ponti/internal/audit"
	"ponti/internal/ids"
	"ponti/internal/pg"
	"ponti/internal/pgtest"
	"ponti/internal/seal"
	"ponti/moderation"
	"ponti/moderation/triage"
	"ponti/roster"
)

// engine is read by every test and never changes.
var engine *triage.Engine

func TestMain(m *testing.M) {
	var err error
	if engine, err = triage.New(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := pgtest.Run(m, audit.Migrations(), account.Migrations(), roster.Migrations(), moderation.Migrations())
	if err := goleak.Find(); code == 0 && err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// recorder keeps the hints that were published.
type recorder struct {
	mu  sync.Mutex
	got []string
}

func (r *recorder) Publish(channel string, payload []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got = append(r.got, channel+" "+string(payload))
}

func (r *recorder) has(channel, payload string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Contains(r.got, channel+" "+payload)
}

// board is a keeper of texts, as the chat and the forum are: the smallest one that meets Content.
type board struct {
	mu         sync.Mutex
	texts      map[string]moderation.Excerpt
	moderators []account.ID
	unreadable map[account.ID]bool
	opened     []string // who and what
}

func (b *board) Excerpt(_ context.Context, _ pg.Querier, _ account.ServiceID, id string) (moderation.Excerpt, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e, ok := b.texts[id]
	if !ok {
		return e, moderation.ErrUnknown
	}
	return e, nil
}

func (b *board) setHidden(id string, hidden bool) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	e, ok := b.texts[id]
	if !ok {
		return moderation.ErrUnknown
	}
	e.Hidden = hidden
	b.texts[id] = e
	return nil
}

func (b *board) Hide(_ context.Context, _ pg.Querier, _ account.ServiceID, id, _ string, _ account.ID) error {
	return b.setHidden(id, true)
}

func (b *board) Restore(_ context.Context, _ pg.Querier, _ account.ServiceID, id string) error {
	return b.setHidden(id, false)
}

func (b *board) Moderators(context.Context, pg.Querier, account.ServiceID, string) ([]account.ID, error) {
	return b.moderators, nil
}

func (b *board) MayRead(_ context.Context, _ pg.Querier, actor account.Actor, id string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.texts[id]; !ok || b.unreadable[actor.ID] {
		return moderation.ErrUnknown
	}
	return nil
}

func (b *board) Opened(_ context.Context, _ pg.Querier, actor account.Actor, id string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.opened = append(b.opened, actor.Alias+" "+id)
	return nil
}

type world struct {
	*moderation.Moderation
	t       *testing.T
	url     string
	pool    *pgxpool.Pool
	roster  *roster.Roster
	hints   *recorder
	board   *board
	keys    *seal.Keyring
	service account.ServiceID
	options moderation.Options
}

// newWorld has one service and no people. The ladder's worker is not started.
func newWorld(t *testing.T, o moderation.Options) *world {
	t.Helper()
	t.Parallel()
	url := pgtest.URL(t)
	kek := make([]byte, seal.KeySize)
	_, _ = rand.Read(kek)
	keys, err := seal.NewKeyring(kek)
	require.NoError(t, err)
	o.Keys = keys
	w := &world{t: t, url: url, hints: &recorder{}, keys: keys, options: o,
		board: &board{texts: map[string]moderation.Excerpt{}, unreadable: map[account.ID]bool{}}}
	w.pool = w.newPool()
	w.Moderation = w.newInstance(w.pool)
	w.roster = roster.New(w.pool, account.New(w.pool, account.Options{}), w.hints)
	w.service = w.newService("*")
	return w
}

func (w *world) newPool() *pgxpool.Pool {
	w.t.Helper()
	pool, err := pg.Open(w.t.Context(), w.url, pg.Options{Name: "moderation test", MaxConns: 8})
	require.NoError(w.t, err)
	w.t.Cleanup(pool.Close)
	return pool
}

// newInstance is another process's view of the same world.
func (w *world) newInstance(pool *pgxpool.Pool) *moderation.Moderation {
	accounts := account.New(pool, account.Options{})
	m := moderation.New(pool, accounts, roster.New(pool, accounts, w.hints), engine, w.hints, w.options)
	for _, kind := range []moderation.SubjectKind{moderation.SubjectRoom, moderation.SubjectMessage, moderation.SubjectPost} {
		m.Use(kind, w.board)
	}
	return m
}

func (w *world) exec(sql string, args ...any) {
	w.t.Helper()
	_, err := w.pool.Exec(w.t.Context(), sql, args...)
	require.NoError(w.t, err)
}

func scalar[T any](w *world, sql string, args ...any) (v T) {
	w.t.Helper()
	require.NoError(w.t, w.pool.QueryRow(w.t.Context(), sql, args...).Scan(&v))
	return v
}

func (w *world) newService(host string) account.ServiceID {
	w.t.Helper()
	return accounttest.NewService(w.t, w.pool, host)
}

func (w *world) newActor(role account.Role, alias string) account.Actor {
	w.t.Helper()
	return w.newActorOf(w.service, role, alias)
}

func (w *world) newActorOf(service account.ServiceID, role account.Role, alias string) account.Actor {
	w.t.Helper()
	return accounttest.NewActor(w.t, w.pool, service, role, alias)
}

// newTutor is a tutor on call.
func (w *world) newTutor(alias string) account.Actor {
	w.t.Helper()
	a := w.newActor(account.RoleTutor, alias)
	require.NoError(w.t, w.roster.GoOn(w.t.Context(), a))
	return a
}

// newESP is a peer on call whose own tutor is given.
func (w *world) newESP(alias string, tutor account.Actor) account.Actor {
	w.t.Helper()
	a := w.newActor(account.RoleESP, alias)
	accounttest.AssignTutor(w.t, w.pool, a, tutor)
	require.NoError(w.t, w.roster.GoOn(w.t.Context(), a))
	return a
}

// flagged is a message that triage read at a level.
func (w *world) flagged(room string, seq int, level triage.Level, person, esp account.Actor) moderation.Raise {
	ref := fmt.Sprintf("%s/%d", room, seq)
	w.board.mu.Lock()
	defer w.board.mu.Unlock()
	w.board.texts[ref] = moderation.Excerpt{Author: person.ID, AuthorAlias: person.Alias, Text: "testo " + ref, At: time.Now()}
	w.board.texts[room] = moderation.Excerpt{Author: person.ID, AuthorAlias: person.Alias, Title: "stanza"}
	return moderation.Raise{Service: w.service, Subject: moderation.Subject{Kind: moderation.SubjectMessage, ID: ref}, Cause: moderation.Cause{Kind: moderation.CauseMessage, Ref: ref},
		Level: level, Category: triage.CategorySuicide, Rules: []string{"it.prova"}, Person: person.ID, ESP: esp.ID}
}

// newPost is a post on the board.
func (w *world) newPost(author account.Actor) moderation.Subject {
	s := moderation.Subject{Kind: moderation.SubjectPost, ID: ids.New[moderation.Excerpt]().String()}
	w.board.mu.Lock()
	defer w.board.mu.Unlock()
	w.board.texts[s.ID] = moderation.Excerpt{Author: author.ID, AuthorAlias: author.Alias, Text: "un testo", Title: "Un titolo", URL: "/forum/x", At: time.Now()}
	return s
}

// raise raises in a transaction of its own and announces.
func (w *world) raise(r moderation.Raise) moderation.Raised {
	w.t.Helper()
	var got moderation.Raised
	require.NoError(w.t, pg.InTx(w.t.Context(), w.pool, func(ctx context.Context, tx pgx.Tx) (err error) {
		got, err = w.Raise(ctx, tx, r)
		return err
	}))
	got.Announce()
	return got
}

func newRoom() string { return ids.New[world]().String() }

// until waits for what other goroutines do.
func (w *world) until(what string, f func() bool) {
	w.t.Helper()
	require.Eventually(w.t, f, time.Minute, 2*time.Millisecond, what)
}

func (w *world) state(id moderation.EscalationID) string {
	w.t.Helper()
	return scalar[string](w, `select state from moderation_escalations where id = $1`, id)
}

func (w *world) routed(id moderation.EscalationID) []account.ID {
	w.t.Helper()
	rows, err := w.pool.Query(w.t.Context(), `select account_id from moderation_routes where escalation_id = $1 and until is null order by id`, id)
	require.NoError(w.t, err)
	list, err := pgx.CollectRows(rows, pgx.RowTo[account.ID])
	require.NoError(w.t, err)
	return list
}

// silence makes somebody's heartbeat too old to be on call.
func (w *world) silence(who account.Actor) {
	w.t.Helper()
	w.exec(`update roster_duties set started_at = now() - interval '1 hour', heartbeat_at = now() - interval '61 seconds' where account_id = $1 and ended_at is null`, who.ID)
}

// fast is a ladder of milliseconds, each level at its own pace.
func fast() moderation.Options {
	return moderation.Options{Every: 5 * time.Millisecond, Log: zerolog.Nop(), Ladder: moderation.Ladder{
		Crisis: moderation.Times{Within: 60 * time.Millisecond, Idle: 150 * time.Millisecond},
		Red:    moderation.Times{Within: 60 * time.Millisecond, Idle: 300 * time.Millisecond},
		Amber:  moderation.Times{Within: 60 * time.Millisecond},
	}, Webhook: moderation.WebhookOptions{Timeout: 200 * time.Millisecond, Backoff: 20 * time.Millisecond, GiveUp: 15 * time.Minute, Plain: true}}
}
