package chat

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/ids"
	"ponti/internal/pg"
	"ponti/internal/seal"
)

// Given is a page of information that somebody was given in a conversation. It stays theirs when that is erased.
type Given struct {
	ID   GivenID
	Page string // as forum.Page has its slug; it may be gone since
	By   account.Public
	At   time.Time
}

// GivenID names one.
type GivenID = ids.ID[Given]

// MaxGiven is how many somebody may have; MaxGivenPage is the length of a page's name in bytes.
const (
	MaxGiven     = 50
	MaxGivenPage = 200
)

// givenToGuests is how long a guest's are kept: as long as a browser may stay theirs.
const givenToGuests = 30 * 24 * time.Hour

// ErrGivenFull says that the person has to put something away first.
var ErrGivenFull = errs.New(errs.Invalid, "chat.given_full")

// Give gives the person of a conversation that goes on a page of information, as an ESP or tutor who takes part; again is no mistake. Which pages there are is the
// caller's to know. Errors: ErrNotFound for everybody else, ErrEnded, ErrGivenFull.
func (c *Chat) Give(ctx context.Context, actor account.Actor, id RoomID, page string) error {
	if actor.IsPerson() || page == "" || len(page) > MaxGivenPage {
		return ErrNotFound
	}
	var r room
	err := pg.InTx(ctx, c.pool, func(ctx context.Context, tx pgx.Tx) error {
		s, err := c.stand(ctx, tx, actor, id, true) // two who give at once wait for each other here
		if err != nil {
			return err
		}
		if err := s.mayPost(actor); err != nil {
			return err
		}
		r = s.room
		list, err := c.givenTo(ctx, tx, r.person)
		if err != nil {
			return err
		}
		for _, g := range list {
			if g.page == page {
				return nil
			}
		}
		if len(list) >= MaxGiven {
			return ErrGivenFull
		}
		names, err := c.accounts.Public(ctx, tx, []account.ID{r.person})
		if err != nil {
			return fmt.Errorf("chat: names: %w", err)
		}
		var keep *time.Duration
		if names[r.person].Role == account.RoleGuest {
			keep = new(givenToGuests)
		}
		sealed, err := c.keyring.SealAlone([]byte(page), givenPlace(r.person))
		if err != nil {
			return err
		}
		return insertGiven(ctx, tx, r.service, ids.New[Given](), r.person, actor.ID, sealed, keep)
	})
	if err != nil {
		return pg.Classify(err)
	}
	c.tellRoom(ctx, r)
	return nil
}

// Given lists what the actor was given, the newest first. Persons may.
func (c *Chat) Given(ctx context.Context, actor account.Actor) ([]Given, error) {
	if !actor.IsPerson() {
		return nil, nil
	}
	return c.shownGiven(ctx, actor.ID, account.ID{})
}

// GivenIn lists what the actor, an ESP or tutor who takes part in a conversation, has given its person, whenever that was: not what others have.
func (c *Chat) GivenIn(ctx context.Context, actor account.Actor, id RoomID) ([]Given, error) {
	if actor.IsPerson() {
		return nil, ErrNotFound
	}
	s, err := c.stand(ctx, c.pool, actor, id, false)
	if err != nil {
		return nil, pg.Classify(err)
	}
	if err := s.mayPost(actor); err != nil {
		return nil, err
	}
	return c.shownGiven(ctx, s.room.person, actor.ID)
}

// PutAway removes something from what the actor was given. What is not theirs is not there.
func (c *Chat) PutAway(ctx context.Context, actor account.Actor, id GivenID) error {
	return pg.Classify(deleteGiven(ctx, c.pool, actor, id))
}

func givenPlace(to account.ID) string { return "given to " + to.String() }

// opened is a row with the page that it names.
type opened struct {
	givenRow

	page string
}

func (c *Chat) givenTo(ctx context.Context, q pg.Querier, to account.ID) ([]opened, error) {
	rows, err := selectGiven(ctx, q, to)
	if err != nil {
		return nil, err
	}
	list := make([]opened, len(rows))
	for i, r := range rows {
		page, err := c.keyring.OpenAlone(r.sealed, givenPlace(to))
		if err != nil {
			return nil, fmt.Errorf("chat: given: %w", err)
		}
		list[i] = opened{r, string(page)}
	}
	return list, nil
}

// shownGiven leaves out what others than by have given, if somebody is named.
func (c *Chat) shownGiven(ctx context.Context, to, by account.ID) ([]Given, error) {
	rows, err := c.givenTo(ctx, c.pool, to)
	if err != nil {
		return nil, pg.Classify(err)
	}
	who := make([]account.ID, len(rows))
	for i, r := range rows {
		who[i] = r.by
	}
	names, err := c.accounts.Public(ctx, c.pool, who)
	if err != nil {
		return nil, fmt.Errorf("chat: names: %w", err)
	}
	var list []Given
	for _, r := range rows {
		if by.IsZero() || r.by == by {
			list = append(list, Given{ID: r.id, Page: r.page, By: names[r.by], At: r.at})
		}
	}
	return list, nil
}

// givenRow is one as it is stored.
type givenRow struct {
	id     GivenID
	by     account.ID
	at     time.Time
	sealed seal.Alone
}
