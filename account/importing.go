package account

import (
	"context"
	"crypto/rand"
	"errors"

	"github.com/jackc/pgx/v5"

	"ponti/internal/audit"
	"ponti/internal/errs"
	"ponti/internal/pg"
)

// Imported is a member of a community that moves to Ponti.
type Imported struct {
	ID     ID // the same each time the same person comes
	Alias  string
	Family bool
	Erased bool // they were forgotten where they come from, and what they wrote stayed: nobody can ever sign in
	Locale string
}

func (in Imported) role() Role {
	if in.Family {
		return RoleFamily
	}
	return RoleMember
}

// CheckImported says what keeps somebody from being imported: an alias that breaks the rules, or that somebody else has. Nil for who was imported before.
func (a *Accounts) CheckImported(ctx context.Context, service ServiceID, in Imported) error {
	_, key, err := CheckAlias(in.Alias, false)
	if err != nil {
		return err
	}
	owner, _, err := selectByAlias(ctx, a.pool, service, key)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err == nil && owner != in.ID {
		err = ErrAliasTaken
	}
	return err
}

// Import makes a member whose password nobody knows. Keep is given the recovery code with which that person, and nobody else, takes the account; they are asked for their
// consent then. It is called before the account is there for good, so that no code is lost: one may be kept that opens nothing. For Ponti itself only. Who was imported before is not made again, also when they were erased since: nobody is brought back. ErrAliasTaken, Invalid for an alias.
func (a *Accounts) Import(ctx context.Context, actor Actor, in Imported, keep func(code string) error) (made bool, err error) {
	if !actor.Is(RoleSystem) {
		return false, ErrForbidden
	}
	n := newAccount{id: in.ID, service: actor.Service, role: in.role(), locale: knownLocale(in.Locale)}
	if !in.Erased {
		if n.alias, n.aliasKey, err = CheckAlias(in.Alias, false); err != nil {
			return false, err
		}
		if n.passwordHash, err = a.unknowable(ctx); err != nil {
			return false, err
		}
	}
	err = pg.InTx(ctx, a.pool, func(ctx context.Context, tx pgx.Tx) (err error) {
		if made, err = insertImport(ctx, tx, actor.Service, in.ID); err != nil || !made {
			return err
		}
		if in.Erased {
			err = insertErased(ctx, tx, n)
		} else {
			var code string
			code, n.recoveryHash = newRecoveryCode()
			if err = insertAccount(ctx, tx, n); err == nil {
				err = keep(code)
			}
		}
		if err != nil {
			return err
		}
		return audit.Append(ctx, tx, entry(actor, "account.import", "account:"+in.ID.String(), ""))
	})
	return made && err == nil, err
}

// Remaining are those of some accounts that were neither erased nor taken away.
func (a *Accounts) Remaining(ctx context.Context, service ServiceID, some []ID) ([]ID, error) {
	return selectRemaining(ctx, a.pool, service, some)
}

// unknowable is the hash of a password that nobody has, made once: to make one takes as long as to try one.
func (a *Accounts) unknowable(ctx context.Context) (string, error) {
	a.imports.Lock()
	defer a.imports.Unlock()
	if a.imports.hash == "" {
		hash, err := a.passwords.hash(ctx, rand.Text()+rand.Text())
		if err != nil {
			return "", err
		}
		a.imports.hash = hash
	}
	return a.imports.hash, nil
}

// StaffByAlias finds somebody who works in a service; ErrNotFound for everybody else.
func (a *Accounts) StaffByAlias(ctx context.Context, service ServiceID, alias string) (ID, error) {
	_, key, err := CheckAlias(alias, true)
	if err != nil {
		return ID{}, ErrNotFound
	}
	id, role, err := selectByAlias(ctx, a.pool, service, key)
	if err == nil && !(Actor{Role: role}).IsStaff() {
		err = ErrNotFound
	}
	if err != nil {
		return ID{}, err
	}
	return id, nil
}

// consented makes sure that who comes by a recovery code has agreed to the notice: an imported member has not yet.
func consented(ctx context.Context, tx pgx.Tx, actor Actor, version string) error {
	if !actor.IsPerson() {
		return nil
	}
	given, err := selectAnyConsent(ctx, tx, actor)
	if err != nil || given {
		return err
	}
	if version != ConsentVersion {
		return errs.Field("consent", "account.consent_needed", nil)
	}
	return insertConsent(ctx, tx, actor.Service, actor.ID, version)
}
