// Package account knows the people of Ponti and the services they belong to: signing up and in, roles, consent,
// invitations, sessions, and who may do what. It knows nothing of conversations, posts or shifts.
//
// Invariants: an account belongs to one service and never leaves it; an alias is unique in its service; tokens, codes and
// passwords are stored only as hashes; every act is decided by Can, on facts the use-case established.
package account

import (
	"embed"
	"io/fs"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"ponti/internal/bus"
	"ponti/internal/ids"
	"ponti/internal/pg"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations is the history of this package's tables.
func Migrations() pg.Migrations {
	sub, err := fs.Sub(files, "migrations")
	if err != nil {
		panic(err) // the path is a constant of this file
	}
	return pg.Migrations{Name: "account", FS: sub}
}

// Identifiers of this package.
type (
	ServiceID = ids.ID[Service]
	ID        = ids.ID[Account]
	SessionID = ids.ID[Session]
)

// Role is the one hat an account wears. Somebody who is both an ESP and a member has two accounts, with no link between them.
type Role string

// The roles, as in the authorization matrix. RoleSystem is Ponti itself: workers, the demo, the command line.
const (
	RoleVisitor Role = ""
	RoleGuest   Role = "guest"
	RoleMember  Role = "member"
	RoleFamily  Role = "family"
	RoleESP     Role = "esp"
	RoleSenior  Role = "senior"
	RoleTutor   Role = "tutor"
	RoleAdmin   Role = "admin"
	RoleAuditor Role = "auditor"
	RoleSystem  Role = "system"
)

// Actor is who asks: every use-case takes it as a parameter, none reads it from a context.
type Actor struct {
	Service ServiceID
	ID      ID
	Role    Role
	Alias   string // never logged
	Session SessionID
	Locale  string
}

// System is Ponti itself, acting for a service.
func System(s ServiceID) Actor { return Actor{Service: s, Role: RoleSystem} }

// Visitor is somebody who has not entered.
func Visitor(s ServiceID) Actor { return Actor{Service: s} }

// Is tells whether the actor has one of the roles.
func (a Actor) Is(roles ...Role) bool { return slices.Contains(roles, a.Role) }

// IsPerson is true of those who seek support.
func (a Actor) IsPerson() bool { return a.Is(RoleGuest, RoleMember, RoleFamily) }

// IsPeer is true of certified peer supporters.
func (a Actor) IsPeer() bool { return a.Is(RoleESP, RoleSenior) }

// IsStaff is true of those who work for the service.
func (a Actor) IsStaff() bool {
	return a.Is(RoleESP, RoleSenior, RoleTutor, RoleAdmin, RoleAuditor)
}

// Account is one person's or staff member's account.
type Account struct {
	ID     ID
	Role   Role
	Alias  string
	Locale string
}

// Session is one sign-in on one device. It is never a conversation.
type Session struct{}

// Public is what others may know of an account.
type Public struct {
	Alias string
	Role  Role
}

// ConsentVersion names the notice people agree to now. It changes whenever the notice does.
const ConsentVersion = "2026-11"

// Options are what an Accounts needs beside its database.
type Options struct {
	// Hints tells every instance that an account's sessions must be looked at again. Nil: nobody listens.
	Hints bus.Publisher
}

// Accounts is the use-cases of this package. Safe for concurrent use.
type Accounts struct {
	pool      *pgxpool.Pool
	hints     bus.Publisher
	passwords *passwords
	throttle  *throttle
	services  serviceCache
	imports   struct {
		sync.Mutex
		hash string // of the password of all who are imported; guarded
	}
}

// New makes the use-cases. It asks nothing of the database yet.
func New(pool *pgxpool.Pool, o Options) *Accounts {
	return &Accounts{pool: pool, hints: o.Hints, passwords: newPasswords(), throttle: newThrottle(time.Now)}
}

// announce tells every instance to look again at who may do what under this account. Call it after commit only.
func (a *Accounts) announce(ids ...ID) {
	if a.hints == nil {
		return
	}
	for _, id := range ids {
		a.hints.Publish(bus.Account(id.String()), []byte(bus.Session))
	}
}
