package chat_test

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ponti/account"
	"ponti/account/accounttest"
	"ponti/chat"
	"ponti/internal/audit"
	"ponti/internal/ids"
	"ponti/internal/pg"
	"ponti/internal/pgtest"
	"ponti/internal/seal"
	"ponti/moderation"
	"ponti/moderation/triage"
	"ponti/roster"
)

// engine is static: it never changes after New, and compiling its rules once per test would cost seconds.
var engine *triage.Engine

func TestMain(m *testing.M) {
	var err error
	if engine, err = triage.New(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := pgtest.Run(m, audit.Migrations(), account.Migrations(), roster.Migrations(), moderation.Migrations(), chat.Migrations())
	if err := goleak.Find(); code == 0 && err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// recorder keeps what was published, as an eavesdropper on Redis would.
type recorder struct {
	mu       sync.Mutex
	channels []string
	payloads [][]byte
}

func (r *recorder) Publish(channel string, payload []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.channels, r.payloads = append(r.channels, channel), append(r.payloads, payload)
}

// on gives what was published on a channel.
func (r *recorder) on(channel string) [][]byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list [][]byte
	for i, c := range r.channels {
		if c == channel {
			list = append(list, r.payloads[i])
		}
	}
	return list
}

// world is one service with Ponti's domains on a database of its own.
type world struct {
	testing.TB
	ctx        context.Context
	pool       *pgxpool.Pool
	chat       *chat.Chat
	moderation *moderation.Moderation
	roster     *roster.Roster
	hints      *recorder
	service    account.ServiceID
	ring       *seal.Keyring
	tutor      account.Actor // on call from the start
	people     int
}

func newWorld(t testing.TB, with ...func(*moderation.Options)) *world {
	t.Helper()
	w := &world{TB: t, ctx: t.Context(), pool: pgtest.New(t), hints: &recorder{}}
	keks, err := seal.ParseKEKs(seal.GenerateKEK())
	require.NoError(t, err)
	w.ring, err = seal.NewKeyring(keks[0])
	require.NoError(t, err)
	accounts := account.New(w.pool, account.Options{})
	w.roster = roster.New(w.pool, accounts, w.hints)
	options := moderation.Options{Keys: w.ring, Every: 50 * time.Millisecond, Log: zerolog.Nop()}
	for _, f := range with {
		f(&options)
	}
	w.moderation = moderation.New(w.pool, accounts, w.roster, engine, w.hints, options)
	w.chat = chat.New(w.pool, accounts, w.roster, w.moderation, w.ring, w.hints, zerolog.New(zerolog.NewTestWriter(t)))
	w.moderation.Use(moderation.SubjectRoom, w.chat.RoomContent())
	w.moderation.Use(moderation.SubjectMessage, w.chat.MessageContent())
	w.moderation.Use(moderation.SubjectParticipant, w.chat.ParticipantContent())
	w.service = w.newService("*")
	w.exec(`update chat_watch set since = now() - interval '1 h', at = now() + interval '1 h'`) // an instance was always there
	w.tutor = w.onCall(account.RoleTutor)
	return w
}

func (w *world) exec(sql string, args ...any) {
	w.Helper()
	_, err := w.pool.Exec(w.ctx, sql, args...)
	require.NoError(w, err)
}

func (w *world) count(sql string, args ...any) (n int) {
	w.Helper()
	require.NoError(w, w.pool.QueryRow(w.ctx, sql, args...).Scan(&n))
	return n
}

func (w *world) newService(host string) account.ServiceID {
	w.Helper()
	return accounttest.NewService(w, w.pool, host)
}

// someone is a new account of a role; its alias is one that would stand out in a dump.
func (w *world) someone(role account.Role) account.Actor { return w.someoneOf(w.service, role) }

func (w *world) someoneOf(service account.ServiceID, role account.Role) account.Actor {
	w.Helper()
	w.people++
	return accounttest.NewActor(w, w.pool, service, role, fmt.Sprintf("%s %d", role, w.people))
}

// onCall is someone on shift whose heartbeat was just heard; an ESP has a tutor.
func (w *world) onCall(role account.Role) account.Actor {
	w.Helper()
	a := w.someone(role)
	if a.IsPeer() {
		accounttest.AssignTutor(w, w.pool, a, w.tutor)
	}
	require.NoError(w, w.roster.GoOn(w.ctx, a))
	return a
}

// enter puts a person in the waiting room.
func (w *world) enter(person account.Actor, topic string) chat.PlaceView {
	w.Helper()
	v, err := w.chat.EnterWaiting(w.ctx, person, chat.Entry{Topic: topic})
	require.NoError(w, err)
	return v
}

func (w *world) place(person account.Actor) chat.PlaceView {
	w.Helper()
	v, err := w.chat.Place(w.ctx, person)
	require.NoError(w, err)
	return v
}

// offer is what stands on an ESP's desk; nil when nothing does.
func (w *world) offer(esp account.Actor) *chat.Offer {
	w.Helper()
	d, err := w.chat.Desk(w.ctx, esp)
	require.NoError(w, err)
	return d.Offer
}

func (w *world) accept(esp account.Actor) chat.RoomID {
	w.Helper()
	o := w.offer(esp)
	require.NotNil(w, o, "an offer")
	id, err := w.chat.AcceptOffer(w.ctx, esp, o.ID)
	require.NoError(w, err)
	return id
}

// talking is a person and an ESP in an open conversation.
func (w *world) talking() (person, esp account.Actor, room chat.RoomID) {
	w.Helper()
	person, esp = w.someone(account.RoleGuest), w.onCall(account.RoleESP)
	w.enter(person, "parlare un po'")
	return person, esp, w.accept(esp)
}

func newCID() string { return ids.New[chat.Message]().String() }

func (w *world) post(a account.Actor, room chat.RoomID, text string) chat.Receipt {
	w.Helper()
	r, err := w.chat.PostMessage(w.ctx, a, chat.Post{Room: room, CID: newCID(), Text: text})
	require.NoError(w, err)
	return r
}

func (w *world) texts(a account.Actor, room chat.RoomID) []string {
	w.Helper()
	list, err := w.chat.MessagesAfter(w.ctx, a, room, 0, 200)
	require.NoError(w, err)
	texts := make([]string, len(list))
	for i, m := range list {
		texts[i] = m.Text
	}
	return texts
}

// holds asserts every invariant.
func (w *world) holds() {
	w.Helper()
	broken, err := chat.Check(w.ctx, w.pool)
	require.NoError(w, err)
	require.Empty(w, broken)
}

// route waits until the ladder has asked the tutor on call to answer for a room.
func (w *world) route(room chat.RoomID, tutor account.Actor) {
	w.Helper()
	w.moderation.Start(w.ctx)
	w.Cleanup(w.moderation.Stop)
	require.Eventually(w, func() bool {
		routed, err := w.moderation.Routed(w.ctx, w.pool, moderation.Subject{Kind: moderation.SubjectRoom, ID: room.String()}, tutor.ID)
		return err == nil && routed
	}, 10*time.Second, 10*time.Millisecond)
}

// close has the tutor acknowledge and close every open escalation of theirs.
func (w *world) close(tutor account.Actor) {
	w.Helper()
	console, err := w.moderation.Console(w.ctx, tutor)
	require.NoError(w, err)
	require.NotEmpty(w, console.Waiting)
	for _, e := range console.Waiting {
		require.NoError(w, w.moderation.Acknowledge(w.ctx, tutor, e.ID))
		require.NoError(w, w.moderation.CloseEscalation(w.ctx, tutor, e.ID, moderation.Closing{Outcome: moderation.OutcomeNoRisk, Note: "Ne abbiamo parlato, sta meglio."}))
	}
}

// talkingWhile is talking while somebody else's place, which is ended first, would be offered before.
func (w *world) talkingWhile(waits chat.RoomID) (person, esp account.Actor, room chat.RoomID) {
	w.Helper()
	w.exec(`update chat_offers set state = 'withdrawn', answered_at = now() where state = 'open'`)
	w.exec(`update chat_places set state = 'ended', offer_id = null, ended_at = now(), end_reason = 'left' where room_id = $1`, waits)
	w.exec(`update chat_rooms set state = 'ended', ended_at = now() where id = $1`, waits)
	w.exec(`update chat_participants set left_at = now() where room_id = $1`, waits)
	return w.talking()
}

// withoutModeration is a Chat whose every call to moderation panics.
func (w *world) withoutModeration() *chat.Chat {
	return chat.New(w.pool, account.New(w.pool, account.Options{}), w.roster, nil, w.ring, w.hints, zerolog.Nop())
}

// backs takes the tables back before a migration, the newest first.
var backs = []struct {
	version int
	sql     string
}{
	{21, `alter table chat_places drop column prefers_id`},
	{20, `alter table chat_rooms drop column held; alter table chat_places drop column kept`},
	{19, `drop index chat_rooms_newest`},
	{18, `alter table chat_whispers drop column kind`},
	{17, `drop table chat_pairs; drop index chat_participants_cap; alter table chat_participants drop column slot;
		create unique index chat_participants_cap on chat_participants (account_id) where part = 'esp' and left_at is null`},
	{16, `drop table chat_wakes; alter table chat_places drop column away_at, drop column told_at, drop column was_away, drop column return_mark`},
	{15, `drop table chat_given`},
	{14, `drop table chat_prepared_versions, chat_prepared`},
	{13, `drop table chat_cards`},
	{12, `drop table chat_whispers`},
	{11, `alter table chat_participants drop column read_seq`},
	{10, `alter table chat_places drop column tutor_called_at`},
	{9, `alter table chat_rooms drop column stepped_out; drop table chat_blocks`},
	{8, `alter table chat_messages drop column about, drop column changed_seq, drop column withdrawn`},
	{7, `alter table chat_rooms drop column kept_as, drop column kept_until; drop table chat_erased, chat_waits`},
	{5, `alter table chat_rooms drop column ends_at, drop column time_up; alter table chat_participants drop column more_at; drop table chat_pauses`},
}

// migrateFrom has the tables as they were before a migration, with what is in them, and brings them up to date.
func (w *world) migrateFrom(version int) {
	w.Helper()
	for _, b := range backs {
		if b.version >= version {
			w.exec(b.sql)
		}
	}
	w.exec(`delete from chat_migrations where version_id >= $1`, version)
	require.NoError(w, pg.Migrate(w.ctx, w.pool.Config().ConnString(), chat.Migrations()))
	w.pool.Reset() // statements prepared for the old tables
}
