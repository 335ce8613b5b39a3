package chat

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/bus"
	"ponti/internal/pg"
	"ponti/moderation"
	"ponti/moderation/triage"
)

// aloneFor is how long somebody who was left in mid-conversation waits for another ESP before tutors are called for them.
const aloneFor = time.Minute

// alone is a place whose person nobody has taken on in time.
type alone struct {
	place   PlaceID
	room    RoomID
	person  account.ID
	service account.ServiceID
}

// callTutors calls them for everybody who was left in mid-conversation and not taken on in time. They are told so, and keep their place: who is
// free first meets them, an ESP or the tutor. Where a danger has a tutor already, nobody is called twice.
func (c *Chat) callTutors(ctx context.Context) error {
	list, err := selectAlone(ctx, c.pool)
	if err != nil {
		return err
	}
	var faults []error // one faulty place keeps nobody else from being called for
	for _, a := range list {
		faults = append(faults, c.callTutorFor(ctx, a))
	}
	return errors.Join(faults...)
}

func (c *Chat) callTutorFor(ctx context.Context, a alone) error {
	called := false
	announce := func() {}
	err := pg.InTx(ctx, c.pool, func(ctx context.Context, tx pgx.Tx) error {
		called, announce = false, func() {}
		if err := lockPlaceOf(ctx, tx, a.service, a.room); err != nil {
			return err
		}
		var err error
		if called, err = updateTutorCalled(ctx, tx, a.place); err != nil || !called {
			return err
		}
		d, err := c.dangerIn(ctx, tx, a.room)
		if err != nil || d.level >= triage.Red {
			return err
		}
		raised, err := c.moderation.Raise(ctx, tx, moderation.Raise{
			Service: a.service, Subject: subject(a.room), Level: triage.Red, Category: triage.CategoryNone,
			Cause: moderation.Cause{Kind: moderation.CauseAlone, Ref: a.place.String()}, Person: a.person,
		})
		announce = raised.Announce
		return err
	})
	if err != nil || !called {
		return err
	}
	announce()
	c.tell(bus.Place, a.person)
	return nil
}
