package account

import (
	"slices"

	"ponti/internal/errs"
)

// Action is one row of the authorization matrix.
type Action string

// Errors of Can.
var (
	ErrSignInFirst = errs.New(errs.Unauthenticated, "error.sign_in_first")
	ErrForbidden   = errs.New(errs.Forbidden, "error.forbidden")
	ErrNotFound    = errs.New(errs.NotFound, "error.not_found")
)

// Relation holds the facts about an actor and an object that the use-case established before it asked: Can looks
// nothing up. Unset facts are false, so forgetting one denies.
type Relation struct {
	Object         bool // there is an object: a refusal then looks as if it did not exist
	Own            bool // it is the actor's own
	Participant    bool // the actor takes part in it now
	Assigned       bool // a routed escalation, a claimed item, or the actor is the named tutor
	BrokeGlass     bool // reading was opened for the actor by rule R6 and that was audited
	InCategory     bool // it stands in a forum category assigned to the actor
	OnShift        bool // the actor is on shift and certified
	WithinDayOfEnd bool // the actor took part, and the end is less than 24 h ago
	SecondPerson   bool // another person has agreed to the same act (R13)
}

// cell is what the matrix says of one role: see SECURITY rules R1 to R15.
type cell byte

// columns are the roles in the order of the matrix.
var columns = []Role{RoleVisitor, RoleGuest, RoleMember, RoleFamily, RoleESP, RoleSenior, RoleTutor, RoleAdmin, RoleAuditor}

// Can is the one function that decides. It returns nil, or ErrSignInFirst for a visitor where somebody with an account may,
// ErrNotFound for an object that is not the actor's to see, ErrForbidden for a function that is not for their role.
// Ponti itself may do everything it is programmed to. An act that is not in the matrix is denied.
//
// The cell D (counts without text) is granted here: what is shown is the use-case's to reduce.
func Can(a Actor, act Action, rel Relation) error {
	if a.Role == RoleSystem {
		return nil
	}
	i := slices.Index(columns, a.Role)
	row, known := matrix[act]
	if known && i >= 0 && row[i].grants(rel) {
		return nil
	}
	if known && a.Role == RoleVisitor && slices.ContainsFunc(row[1:], func(c cell) bool { return c != '-' }) {
		return ErrSignInFirst
	}
	if rel.Object {
		return ErrNotFound
	}
	return ErrForbidden
}

func (c cell) grants(rel Relation) bool {
	switch c {
	case 'Y', 'D':
		return true
	case 'O':
		return rel.Own
	case 'P':
		return rel.Participant
	case 'A':
		return rel.Assigned
	case 'B':
		return rel.BrokeGlass
	case 'C':
		return rel.InCategory
	case 'S':
		return rel.OnShift
	case 'W':
		return rel.Participant || rel.WithinDayOfEnd
	case '2':
		return rel.SecondPerson
	}
	return false
}
