package account

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/internal/audit"
	"ponti/internal/errs"
	"ponti/internal/pg"
)

// Errors of signing in. Each is the same, after the same work, whether or not the account exists.
var (
	ErrWrongSignIn   = errs.New(errs.Unauthenticated, "account.wrong_sign_in")
	ErrWrongRecovery = errs.New(errs.Unauthenticated, "account.wrong_recovery")
)

// Credentials are what somebody signs in with.
type Credentials struct {
	Alias, Password string
	From            Network // see Accounts.Network; counts wrong tries
}

// SignIn tells whose credentials these are. ErrWrongSignIn for every mistake; Invalid, with "Hours", for who is
// kept out for a time; TooMany after too many, with "Seconds" to wait.
func (a *Accounts) SignIn(ctx context.Context, service ServiceID, in Credentials) (ID, error) {
	key := aliasKey(in.Alias)
	try, err := a.throttle.begin(service, key, in.From)
	if err != nil {
		return ID{}, err
	}
	c, err := selectCredentials(ctx, a.pool, service, key)
	if err != nil && !errors.Is(err, ErrNotFound) {
		try.giveBack()
		return ID{}, err
	}
	ok, err := a.passwords.matches(ctx, in.Password, c.passwordHash)
	if err != nil {
		try.giveBack()
		return ID{}, err
	}
	if !ok || c.disabled {
		return ID{}, ErrWrongSignIn
	}
	try.right()
	if c.suspended > 0 {
		return ID{}, errSuspended(c.suspended)
	}
	actor := Actor{Service: service, ID: c.id, Role: c.role}
	return c.id, audit.Append(ctx, a.pool, entry(actor, "account.sign_in", "account:"+c.id.String(), ""))
}

// Recovery is what a member who forgot the password gives.
type Recovery struct {
	Alias, Code, NewPassword string
	ConsentVersion           string // asked for of who has given none: somebody imported
	From                     Network
}

// Recover sets a new password by the recovery code, ends every session and gives the next code, shown once.
// ErrWrongRecovery for every mistake in alias or code; TooMany after too many; Invalid in "consent" for who has agreed to no notice yet and does not now.
func (a *Accounts) Recover(ctx context.Context, service ServiceID, in Recovery) (id ID, newCode string, err error) {
	if err := checkPassword(in.NewPassword, in.Alias, RoleMember); err != nil {
		return ID{}, "", err
	}
	key := aliasKey(in.Alias)
	try, err := a.throttle.begin(service, key, in.From)
	if err != nil {
		return ID{}, "", err
	}
	hash, err := a.passwords.hash(ctx, in.NewPassword) // before the code is looked at: the same work for a wrong one
	if err != nil {
		try.giveBack()
		return ID{}, "", err
	}
	code, codeHash := newRecoveryCode()
	var actor Actor
	err = pg.InTx(ctx, a.pool, func(ctx context.Context, tx pgx.Tx) error {
		var suspended time.Duration
		actor, suspended, err = updateRecovered(ctx, tx, service, key, hashRecoveryCode(in.Code), hash, codeHash)
		if err != nil {
			return err
		}
		if suspended > 0 {
			return errSuspended(suspended) // nothing is changed: the next code could not be shown
		}
		if err := consented(ctx, tx, actor, in.ConsentVersion); err != nil {
			return err
		}
		if err := deleteSessionsOf(ctx, tx, service, actor.ID); err != nil {
			return err
		}
		return audit.Append(ctx, tx, entry(actor, "account.recover", "account:"+actor.ID.String(), ""))
	})
	if errors.Is(err, ErrNotFound) {
		return ID{}, "", ErrWrongRecovery
	}
	if err != nil {
		try.giveBack()
		return ID{}, "", err
	}
	try.right()
	a.announce(actor.ID)
	return actor.ID, code, nil
}
