package account

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"ponti/internal/audit"
	"ponti/internal/errs"
	"ponti/internal/ids"
	"ponti/internal/pg"
)

// Locales are the languages an account may have.
var Locales = []string{"it", "en"}

// ErrAdultsOnly is kind on purpose: the page that shows it gives the numbers for minors.
var ErrAdultsOnly = errs.New(errs.Forbidden, "account.adults_only")

// Entry is how a guest enters: anonymous, for one conversation.
type Entry struct {
	Adult          bool
	ConsentVersion string // the notice they agreed to; must be ConsentVersion
	Alias          string
	Locale         string
}

// Enter makes a guest. Errors: ErrAdultsOnly, ErrAliasTaken, Invalid fields.
func (a *Accounts) Enter(ctx context.Context, service ServiceID, in Entry) (ID, error) {
	if !in.Adult {
		return ID{}, ErrAdultsOnly
	}
	n := newAccount{id: ids.New[Account](), service: service, role: RoleGuest, locale: knownLocale(in.Locale)}
	var bad errs.Fields
	n.checkAlias(&bad, in.Alias)
	checkConsent(&bad, in.ConsentVersion)
	if err := bad.Err(); err != nil {
		return ID{}, err
	}
	return n.id, pg.InTx(ctx, a.pool, func(ctx context.Context, tx pgx.Tx) error { return n.insertPerson(ctx, tx) })
}

// SignUp is what a member or family member gives: no mail address, no name.
type SignUp struct {
	Alias, Password string
	Adult           bool
	ConsentVersion  string
	Family          bool // there for a relative
	Locale          string
}

func (in SignUp) role() Role {
	if in.Family {
		return RoleFamily
	}
	return RoleMember
}

// Mistakes are all that is wrong with the fields, so that a form can tell of them together with its own.
func (in SignUp) Mistakes() (bad errs.Fields) {
	_, _, err := CheckAlias(in.Alias, false)
	addField(&bad, err)
	addField(&bad, checkPassword(in.Password, in.Alias, in.role()))
	checkConsent(&bad, in.ConsentVersion)
	return bad
}

// SignUp makes a member and a recovery code. The code is shown once: only its hash is kept.
// Errors: ErrAdultsOnly, ErrAliasTaken, Invalid fields.
func (a *Accounts) SignUp(ctx context.Context, service ServiceID, in SignUp) (id ID, recoveryCode string, err error) {
	if !in.Adult {
		return ID{}, "", ErrAdultsOnly
	}
	if err := in.Mistakes().Err(); err != nil {
		return ID{}, "", err
	}
	n := newAccount{id: ids.New[Account](), service: service, role: in.role(), locale: knownLocale(in.Locale)}
	if n.alias, n.aliasKey, err = CheckAlias(in.Alias, false); err != nil {
		return ID{}, "", err
	}
	if n.passwordHash, err = a.passwords.hash(ctx, in.Password); err != nil {
		return ID{}, "", err
	}
	recoveryCode, n.recoveryHash = newRecoveryCode()
	err = pg.InTx(ctx, a.pool, func(ctx context.Context, tx pgx.Tx) error { return n.insertPerson(ctx, tx) })
	if err != nil {
		return ID{}, "", err
	}
	return n.id, recoveryCode, nil
}

// newAccount is a row about to be made.
type newAccount struct {
	id              ID
	service         ServiceID
	role            Role
	alias, aliasKey string
	passwordHash    string // empty for a guest
	recoveryHash    []byte // empty when there is none
	locale          string
}

func (n *newAccount) checkAlias(bad *errs.Fields, raw string) {
	var err error
	n.alias, n.aliasKey, err = CheckAlias(raw, Actor{Role: n.role}.IsStaff())
	addField(bad, err)
}

// insertPerson stores the account, the consent and the audit entry together.
func (n *newAccount) insertPerson(ctx context.Context, tx pgx.Tx) error {
	if err := insertAccount(ctx, tx, *n); err != nil {
		return err
	}
	if err := insertConsent(ctx, tx, n.service, n.id, ConsentVersion); err != nil {
		return err
	}
	return audit.Append(ctx, tx, audit.Entry{
		Service: n.service, Actor: n.id, Role: string(n.role), Action: "account.enter", Object: "account:" + n.id.String(),
	})
}

func checkConsent(bad *errs.Fields, version string) {
	if version != ConsentVersion {
		bad.Add("consent", "account.consent_needed", nil)
	}
}

// addField collects the mistake of one field.
func addField(bad *errs.Fields, err error) {
	if e, ok := err.(*errs.Error); ok && e != nil { //nolint:errorlint // made a line above, never wrapped
		*bad = append(*bad, e)
	}
}

func knownLocale(l string) string {
	if slices.Contains(Locales, l) {
		return l
	}
	return Locales[0]
}
