package account

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"ponti/internal/audit"
	"ponti/internal/errs"
	"ponti/internal/pg"
)

// erasedAlias is the name that stands where somebody erased their account, in the language the account had.
var erasedAlias = map[string]string{"it": "Account cancellato", "en": "Erased account"}

// ErrNotErasable says that an account of staff cannot erase itself: what they did in service is not theirs alone. Two people disable it.
var ErrNotErasable = errs.New(errs.Forbidden, "account.not_erasable")

// Erasure is the wish of somebody to be forgotten.
type Erasure struct {
	Password string // of who has one
	Posts    bool   // what they wrote in the forum goes too; otherwise only their name
	From     Network
}

// Erase shuts the actor's account for good: name, password and every session go at once; conversations and posts follow within a minute, by
// what looks at Erased. It cannot be undone. ErrWrongSignIn for a wrong password, TooMany after too many.
func (a *Accounts) Erase(ctx context.Context, actor Actor, in Erasure) error {
	if err := Can(actor, ProfileReadOwnEditOwn, Relation{Own: true}); err != nil {
		return err
	}
	if !actor.IsPerson() {
		return ErrNotErasable
	}
	if !actor.Is(RoleGuest) {
		if err := a.askAgain(ctx, actor, in.Password, in.From); err != nil {
			return err
		}
	}
	err := pg.InTx(ctx, a.pool, func(ctx context.Context, tx pgx.Tx) error {
		if err := lockAccount(ctx, tx, actor.Service, actor.ID); err != nil {
			return err
		}
		if err := updateErased(ctx, tx, actor, in.Posts); err != nil {
			return err
		}
		if err := deleteSessionsOf(ctx, tx, actor.Service, actor.ID); err != nil {
			return err
		}
		return appendErased(ctx, tx, actor, actor, in.Posts)
	})
	if err != nil {
		return err
	}
	a.announce(actor.ID)
	return nil
}

// Of what these actions of the register say, a backup that is older does not know.
const (
	ActErase  = "account.erase"
	WithPosts = "with posts" // its reason, when what they wrote goes too
)

func appendErased(ctx context.Context, q pg.Querier, by, who Actor, posts bool) error {
	reason := ""
	if posts {
		reason = WithPosts
	}
	return audit.Append(ctx, q, entry(by, ActErase, "account:"+who.ID.String(), reason))
}

// EraseAgain erases an account that its owner had erased, after a backup brought it back: as Erase, without asking for the password. False when there is
// nothing to erase.
func (a *Accounts) EraseAgain(ctx context.Context, service ServiceID, id ID, posts bool) (did bool, err error) {
	who := Actor{Service: service, ID: id}
	err = pg.InTx(ctx, a.pool, func(ctx context.Context, tx pgx.Tx) error {
		did = false
		erased, err := lockErased(ctx, tx, who)
		if errors.Is(err, ErrNotFound) || err == nil && erased {
			return nil
		}
		if err != nil {
			return err
		}
		if err := updateErased(ctx, tx, who, posts); err != nil {
			return err
		}
		if err := deleteSessionsOf(ctx, tx, service, id); err != nil {
			return err
		}
		did = true
		return appendErased(ctx, tx, System(service), who, posts)
	})
	return did, err
}

// askAgain wants the password of who is signed in already.
func (a *Accounts) askAgain(ctx context.Context, actor Actor, password string, from Network) error {
	key, hash, err := selectOwnPassword(ctx, a.pool, actor)
	if err != nil {
		return err
	}
	try, err := a.throttle.begin(actor.Service, key, from)
	if err != nil {
		return err
	}
	ok, err := a.passwords.matches(ctx, password, hash)
	if err != nil {
		try.giveBack()
		return err
	}
	if !ok {
		return errs.Field("password", "account.wrong_password", nil)
	}
	try.right()
	return nil
}

// Erased is somebody whose account was erased, and whose words must go.
type Erased struct {
	Actor
	Posts bool // the posts too
}

// Erased lists those whose words have not gone yet, who waits longest first.
func (a *Accounts) Erased(ctx context.Context) ([]Erased, error) { return selectErased(ctx, a.pool) }

// Forgotten says that everything that hung on an erased account is erased.
func (a *Accounts) Forgotten(ctx context.Context, id ID) error {
	return updateForgotten(ctx, a.pool, id)
}

// Sweep takes away the rows of guests who are gone and of erased accounts, once nothing names them any more.
func (a *Accounts) Sweep(ctx context.Context) error {
	return pg.InTx(ctx, a.pool, func(ctx context.Context, tx pgx.Tx) error {
		list, err := lockToLookAt(ctx, tx)
		if err != nil {
			return err
		}
		for _, id := range list {
			err := pgx.BeginFunc(ctx, tx, func(tx pgx.Tx) error { return deleteAccount(ctx, tx, id) })
			if errors.Is(err, errNamed) {
				err = updateLookLater(ctx, tx, id)
			}
			if err != nil {
				return fmt.Errorf("account: sweep: %w", err)
			}
		}
		return nil
	})
}
