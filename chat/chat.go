// Package chat knows the waiting room and the conversations: places, offers, rooms, messages, who takes part and who may read.
// It knows nothing of HTTP, sockets or how an escalation is answered.
//
// Invariants: the messages of a room are numbered 1 to n without holes, in the order in which they were committed; a message
// is stored at most once per sender and client id; a person has at most one open place, which is waiting, offered, in session
// or ended and never two of these; a place and an ESP have at most one open offer; what triage flags is committed together
// with its escalation; what an edit or a removal changes stays where it was said, for who answers for an alarm; what an ESP and the tutors whisper is in no room, and a
// handover card is read by its person before anybody else. Most of these are constraints of the tables; Check asks for all of them.
package chat

import (
	"embed"
	"io/fs"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rs/zerolog"

	"ponti/account"
	"ponti/internal/bus"
	"ponti/internal/errs"
	"ponti/internal/ids"
	"ponti/internal/pg"
	"ponti/internal/seal"
	"ponti/internal/worker"
	"ponti/moderation"
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
	return pg.Migrations{Name: "chat", FS: sub}
}

// Identifiers of this package. A RoomID grants nothing.
type (
	RoomID  = ids.ID[room]
	PlaceID = ids.ID[place]
	OfferID = ids.ID[Offer]
)

type place struct{}

// Times of the waiting room.
const (
	offerFor   = 20 * time.Second // an ESP has this long to accept
	entriesFor = 10 * time.Minute // in which a person may enter maxEntries times
	placeFor   = 5 * time.Minute  // a place nobody looks at is kept this long
	passFor    = time.Minute      // an ESP that let a person pass is asked again only after this, if somebody else is free
	breathFor  = 10 * time.Second // and after this if nobody else is
	openingFor = time.Hour        // one audited opening of a conversation by a tutor
	peerReads  = 24 * time.Hour   // an ESP may read a conversation this long after its end

	usualFor   = 30 * 24 * time.Hour // waits of this long ago tell what is usual
	usualLeast = 20                  // and fewer of them tell nothing
)

// maxEntries is how often a person may begin to wait within entriesFor.
const maxEntries = 6

// maxPage is the most messages one call returns.
const maxPage = 200

// Errors that people meet.
var (
	ErrNotFound   = account.ErrNotFound
	ErrClosed     = errs.New(errs.Unavailable, "chat.closed")
	ErrNoPlace    = errs.New(errs.NotFound, "chat.no_place")
	ErrTaken      = errs.New(errs.Conflict, "chat.taken")
	ErrBusy       = errs.New(errs.Conflict, "chat.busy")
	ErrUncovered  = errs.New(errs.Conflict, "chat.uncovered")
	ErrNotStarted = errs.New(errs.Conflict, "chat.not_started")
	ErrEnded      = errs.New(errs.Conflict, "chat.ended")
	ErrCIDReused  = errs.New(errs.Conflict, "chat.cid_reused")
	ErrInSession  = errs.New(errs.Conflict, "chat.in_session")
)

// Chat runs the waiting room and the conversations. Safe for concurrent use.
type Chat struct {
	pool       *pgxpool.Pool
	accounts   *account.Accounts
	roster     *roster.Roster
	moderation *moderation.Moderation
	keyring    *seal.Keyring
	keys       *keyCache
	seats      *seatCache
	heard      *heardCache
	hints      bus.Publisher
	log        zerolog.Logger
	worker     worker.Worker
	waker      worker.Worker
	writers    [writers]writer
	matching   matching
	sentAgain  atomic.Int64 // when a message was last found that had been sent before, in Unix nanoseconds
}

// New makes a Chat. Start begins its worker.
func New(pool *pgxpool.Pool, accounts *account.Accounts, r *roster.Roster, m *moderation.Moderation, k *seal.Keyring, hints bus.Publisher, log zerolog.Logger) *Chat {
	c := &Chat{pool: pool, accounts: accounts, roster: r, moderation: m, keyring: k, keys: newKeyCache(), seats: newSeatCache(), heard: newHeardCache(), hints: hints, log: log,
		matching: matching{turns: map[account.ServiceID]*matchTurn{}}}
	for i := range c.writers {
		c.writers[i].chat, c.writers[i].turns = c, map[RoomID][]*posting{}
	}
	return c
}

// tell sends one word to an account's sockets. It comes after the commit and may be lost: sockets look again by themselves.
func (c *Chat) tell(word string, who ...account.ID) {
	for _, id := range who {
		if !id.IsZero() {
			c.hints.Publish(bus.Account(id.String()), []byte(word))
		}
	}
}
