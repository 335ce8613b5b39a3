// Package account knows the people of Ponti and the services they belong to: signing up and in, roles, consent,
// invitations, sessions, and who may do what. It knows nothing of conversations, posts or shifts.
//
// Invariants: an account belongs to one service and never leaves it; an alias is unique in its service; tokens, codes and
// passwords are stored only as hashes; every act is decided by Can, on facts the use-case established.
package account

import (
	"slices"

	"ponti/internal/ids"
)

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

// Service is a mental-health department or an association: the tenant that every row belongs to.
type Service struct {
	ID     ServiceID
	Name   string
	Host   string
	Locale string
}
