package account

import (
	"context"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"ponti/internal/audit"
	"ponti/internal/errs"
	"ponti/internal/ids"
	"ponti/internal/pg"
)

// How long a link may wait for its reader.
const (
	FirstAdminLife = time.Hour
	InvitationLife = 72 * time.Hour
)

// Errors about staff.
var (
	ErrTokenSpent     = errs.New(errs.NotFound, "account.link_spent")
	ErrTutorUnfit     = errs.New(errs.Invalid, "account.tutor_unfit")
	ErrNotYourself    = errs.New(errs.Forbidden, "account.not_yourself")
	ErrNoTutor        = errs.New(errs.NotFound, "account.no_tutor")
	errReasonTooShort = errs.Field("reason", "account.reason_short", map[string]any{"Min": minReason})
)

const (
	minReason = 10
	maxReason = 500
)

// FirstAdminToken gives a one-time token for the first administrator; ok is false when the service has one. Only its hash
// is kept, so every start makes another; each lives an hour and all are gone when one was used.
func (a *Accounts) FirstAdminToken(ctx context.Context, service ServiceID) (token string, ok bool, err error) {
	token, hash := newToken()
	err = pg.InTx(ctx, a.pool, func(ctx context.Context, tx pgx.Tx) error {
		has, err := hasAdminLocked(ctx, tx, service)
		if err != nil {
			return err
		}
		if ok = !has; has {
			return nil
		}
		return insertFirstAdminToken(ctx, tx, service, hash, FirstAdminLife)
	})
	if err != nil || !ok {
		return "", false, err
	}
	return token, true, nil
}

// CreateFirstAdmin makes the first administrator. ErrTokenSpent for a token that is unknown, used, an hour old or of another
// service, and when there is an administrator already.
func (a *Accounts) CreateFirstAdmin(ctx context.Context, service ServiceID, token, alias, password string) (ID, error) {
	n, err := a.newStaff(ctx, service, RoleAdmin, alias, password)
	if err != nil {
		return ID{}, err
	}
	return n.id, pg.InTx(ctx, a.pool, func(ctx context.Context, tx pgx.Tx) error {
		has, err := hasAdminLocked(ctx, tx, service) // the lock makes two at once one after the other
		if err != nil {
			return err
		}
		if has {
			return ErrTokenSpent
		}
		if err := deleteFirstAdminTokens(ctx, tx, service, hashToken(token)); err != nil {
			return err
		}
		return n.insertStaff(ctx, tx, "account.create_first_admin")
	})
}

// newStaff checks and hashes; a staff account has the service's language until its owner changes it.
func (a *Accounts) newStaff(ctx context.Context, service ServiceID, role Role, alias, password string) (*newAccount, error) {
	s, err := a.Service(ctx, service)
	if err != nil {
		return nil, err
	}
	n := &newAccount{id: ids.New[Account](), service: service, role: role, locale: knownLocale(s.Locale)}
	var bad errs.Fields
	n.checkAlias(&bad, alias)
	addField(&bad, checkPassword(password, alias, role))
	if err := bad.Err(); err != nil {
		return nil, err
	}
	n.passwordHash, err = a.passwords.hash(ctx, password)
	return n, err
}

func (n *newAccount) insertStaff(ctx context.Context, tx pgx.Tx, action string) error {
	if err := insertAccount(ctx, tx, *n); err != nil {
		return err
	}
	actor := Actor{Service: n.service, ID: n.id, Role: n.role}
	return audit.Append(ctx, tx, entry(actor, action, "account:"+n.id.String(), ""))
}

// Invite says whom an administrator wants in which role. The alias is a proposal; the invited one may change it.
type Invite struct {
	Role  Role
	Alias string
}

// Invite makes a link for one person of the staff: single use, 72 hours, bound to the role. The token is shown once.
func (a *Accounts) Invite(ctx context.Context, actor Actor, in Invite) (token string, err error) {
	if err := Can(actor, AccountCreateStaffByInvitation, Relation{}); err != nil {
		return "", err
	}
	if !(Actor{Role: in.Role}).IsStaff() {
		return "", errs.Field("role", "account.role_of_staff", nil)
	}
	in.Alias = strings.TrimSpace(in.Alias)
	if in.Alias != "" {
		if in.Alias, _, err = CheckAlias(in.Alias, true); err != nil {
			return "", err
		}
	}
	token, hash := newToken()
	id := ids.New[Invite]()
	err = pg.InTx(ctx, a.pool, func(ctx context.Context, tx pgx.Tx) error {
		if err := insertInvitation(ctx, tx, id, actor, in, hash, InvitationLife); err != nil {
			return err
		}
		return audit.Append(ctx, tx, entry(actor, "account.invite_"+string(in.Role), "invitation:"+id.String(), ""))
	})
	if err != nil {
		return "", err
	}
	return token, nil
}

// Invitation is what a link offers; ErrTokenSpent when it is used, too old or unknown to this service.
func (a *Accounts) Invitation(ctx context.Context, service ServiceID, token string) (Invite, error) {
	in, err := selectInvitation(ctx, a.pool, service, hashToken(token))
	if errors.Is(err, ErrNotFound) {
		return Invite{}, ErrTokenSpent
	}
	return in, err
}

// AcceptInvitation makes the staff account a link was bound to. ErrTokenSpent as for Invitation: of two at once, one wins.
func (a *Accounts) AcceptInvitation(ctx context.Context, service ServiceID, token, alias, password string) (ID, error) {
	in, err := a.Invitation(ctx, service, token)
	if err != nil {
		return ID{}, err
	}
	n, err := a.newStaff(ctx, service, in.Role, alias, password)
	if err != nil {
		return ID{}, err
	}
	return n.id, pg.InTx(ctx, a.pool, func(ctx context.Context, tx pgx.Tx) error {
		if err := lockInvitation(ctx, tx, service, hashToken(token), in.Role); err != nil {
			return err
		}
		if err := n.insertStaff(ctx, tx, "account.accept_invitation"); err != nil {
			return err
		}
		return updateInvitationUsed(ctx, tx, service, hashToken(token), n.id)
	})
}

// AssignTutor puts a tutor behind an ESP, in place of the one before. ErrTutorUnfit unless both are enabled, of the
// actor's service, and an ESP and a tutor.
func (a *Accounts) AssignTutor(ctx context.Context, actor Actor, esp, tutor ID) error {
	if err := Can(actor, AccountCreateStaffByInvitation, Relation{}); err != nil {
		return err
	}
	err := pg.InTx(ctx, a.pool, func(ctx context.Context, tx pgx.Tx) error {
		if err := upsertTutor(ctx, tx, actor, esp, tutor); err != nil {
			return err
		}
		return audit.Append(ctx, tx, entry(actor, "account.assign_tutor", "account:"+esp.String(), "tutor:"+tutor.String()))
	})
	if err != nil {
		return err
	}
	a.announce(esp, tutor)
	return nil
}

// TutorOf is the enabled tutor behind an ESP; ErrNoTutor when there is none.
func (a *Accounts) TutorOf(ctx context.Context, q pg.Querier, esp ID) (ID, error) {
	return selectTutorOf(ctx, q, esp)
}

// Member is one of the staff, as an administrator or tutor sees them.
type Member struct {
	ID         ID
	Alias      string
	Role       Role
	Tutor      ID // zero when none
	CreatedAt  time.Time
	DisabledAt *time.Time
	// Asked is "disable" or "enable" while a second person is waited for, else empty; AskedBy is who asked.
	Asked   string
	AskedBy ID
}

// Staff lists the staff of the actor's service, disabled ones last.
func (a *Accounts) Staff(ctx context.Context, actor Actor) ([]Member, error) {
	if err := Can(actor, ShiftPlan, Relation{}); err != nil {
		return nil, err
	}
	return selectStaff(ctx, a.pool, actor.Service)
}

// Public gives what others may know of accounts; unknown identifiers are left out.
func (a *Accounts) Public(ctx context.Context, q pg.Querier, accounts []ID) (map[ID]Public, error) {
	return selectPublic(ctx, q, accounts)
}

// PublicOf is Public beside other statements of one exchange, for the accounts that named, a query of the caller's own tables, lists: what they are is not known
// before it is asked. Into is filled when the exchange is over.
func (*Accounts) PublicOf(b *pgx.Batch, into map[ID]Public, named string, args ...any) {
	queuePublic(b, into, named, args)
}

// RoleOf is the role of an account; ErrNotFound when there is none.
func (a *Accounts) RoleOf(ctx context.Context, id ID) (Role, error) {
	known, err := a.Public(ctx, a.pool, []ID{id})
	if err != nil {
		return RoleVisitor, err
	}
	public, ok := known[id]
	if !ok {
		return RoleVisitor, ErrNotFound
	}
	return public.Role, nil
}

// WithRole lists who has a role in a service and is not shut out.
func (a *Accounts) WithRole(ctx context.Context, q pg.Querier, service ServiceID, role Role) ([]ID, error) {
	return selectWithRole(ctx, q, service, role)
}

// requestLife is how long the first of two people is waited for.
const requestLife = 24 * time.Hour

// Disable shuts an account out, once two different people have asked for it within a day: done tells whether it has happened.
// The first asking already ends the account's sessions, if the actor may do that alone.
func (a *Accounts) Disable(ctx context.Context, actor Actor, id ID, reason string) (done bool, err error) {
	return a.change(ctx, actor, change{id: id, kind: "disable"}, reason)
}

// Enable lets a disabled account in again, by two people like Disable.
func (a *Accounts) Enable(ctx context.Context, actor Actor, id ID, reason string) (done bool, err error) {
	return a.change(ctx, actor, change{id: id, kind: "enable"}, reason)
}

// DisableBecause is Disable because of a case, by two who decide about that one: who asks because of another is told nothing of it, since one of them may be about somebody without a name.
func (a *Accounts) DisableBecause(ctx context.Context, actor Actor, id ID, about string) (done bool, err error) {
	return a.change(ctx, actor, change{id: id, kind: "disable", about: about}, about)
}

// EnableBecause takes DisableBecause back; somebody whom another case shuts out stays out.
func (a *Accounts) EnableBecause(ctx context.Context, actor Actor, id ID, about string) (done bool, err error) {
	return a.change(ctx, actor, change{id: id, kind: "enable", about: about}, about)
}

func (a *Accounts) change(ctx context.Context, actor Actor, c change, reason string) (done bool, err error) {
	// To ask is to act with a second person to come: whoever may not even then is refused here.
	if err := Can(actor, AccountSuspendLongerEnd, Relation{SecondPerson: true}); err != nil {
		return false, err
	}
	if actor.ID == c.id {
		return false, ErrNotYourself
	}
	reason = strings.TrimSpace(reason)
	if n := utf8.RuneCountInString(reason); n < minReason || n > maxReason {
		return false, errReasonTooShort
	}
	endsSessions := c.kind == "disable" && Can(actor, AccountEndAnotherSessions, Relation{}) == nil
	err = pg.InTx(ctx, a.pool, func(ctx context.Context, tx pgx.Tx) error {
		if err := lockAccount(ctx, tx, actor.Service, c.id); err != nil {
			return err
		}
		first, err := selectRequestBy(ctx, tx, actor.Service, c, requestLife)
		if err != nil {
			return err
		}
		second := !first.IsZero() && first != actor.ID
		if second {
			done, endsSessions = true, true
			if err := updateDisabled(ctx, tx, actor.Service, c); err != nil {
				return err
			}
		} else if err := upsertRequest(ctx, tx, actor, c, reason); err != nil {
			return err
		}
		if endsSessions {
			if err := deleteSessionsOf(ctx, tx, actor.Service, c.id); err != nil {
				return err
			}
		}
		action := "account.ask_to_" + c.kind
		if done {
			action = "account." + c.kind
		}
		return audit.Append(ctx, tx, entry(actor, action, "account:"+c.id.String(), reason))
	})
	if err != nil {
		return false, err
	}
	if endsSessions {
		a.announce(c.id)
	}
	return done, nil
}
