package chat

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/bus"
	"ponti/internal/pg"
	"ponti/internal/worker"
	"ponti/moderation"
	"ponti/moderation/triage"
)

const (
	workEvery = time.Second
	// Triage that still cannot read a text after this long has a human read it.
	giveUpReading = 6 * time.Second
	// comesWithin is how long a tutor who took a person over may take to come into the conversation.
	comesWithin = 2 * time.Minute
	// unreadRule names itself in an escalation that no rule raised.
	unreadRule = "unread"
)

// Start begins the work of each second: offers run out, places nobody looks at end, and so do conversations with who fell
// silent or whose time is over, the free are offered who waits and those away are told, tutors are called for who was left alone, what triage could not read
// is read again, tutors whose escalation closed leave. Every instance works; rows are shared by skipping locked ones. It goes on through panics and without a database. Starting twice is fine.
func (c *Chat) Start(ctx context.Context) {
	for i := range c.writers {
		c.writers[i].open()
	}
	c.worker.Start(ctx, func(ctx context.Context) { each(ctx, workEvery, c.Work) })
	c.waker.Start(ctx, func(ctx context.Context) { each(ctx, workEvery, c.Wake) }) // apart: a provider that hangs holds up nothing else
}

// each does something again and again until the context ends.
func each(ctx context.Context, every time.Duration, do func(context.Context)) {
	// Instances that start together should not all work at the same instant.
	timer := time.NewTimer(rand.N(every)) //nolint:gosec // jitter, not a secret
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		began := time.Now()
		do(ctx)
		timer.Reset(max(0, every-time.Since(began)))
	}
}

// Stop returns when the worker has stopped and what was posted is stored or refused; what is posted later is refused until
// Start. Stopping twice is fine.
func (c *Chat) Stop() {
	c.worker.Stop()
	c.waker.Stop()
	for i := range c.writers {
		c.writers[i].stop()
	}
}

// Work does one second's work now. A step that fails is logged and does not keep the others from being done.
func (c *Chat) Work(ctx context.Context) {
	steps := []struct {
		name string
		do   func(context.Context) error
	}{
		{"chat.read_again", c.readAgain},
		{"chat.expire_offers", c.expireOffers},
		{"chat.drop_silent", c.dropSilent},
		{"chat.end_due", c.endDue},
		{"chat.drop_places", c.dropPlaces},
		{"chat.match_places", c.matchAll},
		{"chat.call_tutors", c.callTutors},
		{"chat.dismiss_tutors", c.dismissTutors},
		{"chat.forget_heard", c.heard.sweep},
	}
	for _, s := range steps {
		c.step(ctx, s.name, s.do)
	}
}

// Wake wakes the browsers that are due now.
func (c *Chat) Wake(ctx context.Context) { c.step(ctx, "chat.wake", c.wakeDue) }

func (c *Chat) step(ctx context.Context, name string, do func(context.Context) error) {
	err := worker.Guard(func() error {
		ctx, cancel := context.WithTimeout(ctx, 10*workEvery)
		defer cancel()
		return do(ctx)
	})
	if err != nil && ctx.Err() == nil {
		c.log.Error().Err(err).Str("job", name).Msg("chat work failed")
	}
}

func (c *Chat) expireOffers(ctx context.Context) error {
	var over []expired
	err := pg.InTx(ctx, c.pool, func(ctx context.Context, tx pgx.Tx) error {
		var err error
		if over, err = lockExpired(ctx, tx); err != nil {
			return err
		}
		for _, e := range over {
			if err := updateOfferExpired(ctx, tx, e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, e := range over {
		c.tell(bus.Desk, e.esp)
		c.tell(bus.Place, e.person)
	}
	return nil
}

// dropPlaces ends the places that nobody has looked at for too long, but never one whose person somebody has to answer for: who takes the alarm finds them where they are.
func (c *Chat) dropPlaces(ctx context.Context) error {
	var who, esps []account.ID
	var failed error
	err := pg.InTx(ctx, c.pool, func(ctx context.Context, tx pgx.Tx) error {
		who, esps, failed = nil, nil, nil
		places, err := lockUnseenPlaces(ctx, tx)
		if err != nil {
			return err
		}
		for _, p := range places {
			// A savepoint each: a place that cannot be ended must not keep the others.
			err := pgx.BeginFunc(ctx, tx, func(tx pgx.Tx) error {
				if danger, err := c.dangerIn(ctx, tx, p.room); err != nil {
					return err
				} else if danger.level >= triage.Red {
					return updatePlaceKept(ctx, tx, p.id)
				}
				reason := endUnseen
				if p.away {
					reason = endAway
				}
				esp, err := c.endPlace(ctx, tx, p, reason)
				if err == nil {
					who, esps = append(who, p.person), append(esps, esp)
				}
				return err
			})
			failed = errors.Join(failed, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	c.tell(bus.Place, who...)
	c.tell(bus.Desk, esps...)
	return failed
}

func (c *Chat) matchAll(ctx context.Context) error {
	services, err := selectServicesWaiting(ctx, c.pool)
	if err != nil {
		return err
	}
	var faults []error // what is wrong in one service keeps nobody of another from being met
	for _, s := range services {
		faults = append(faults, c.match(ctx, s))
	}
	return errors.Join(faults...)
}

// dismissTutors ends the part of tutors whose escalation was closed or went to somebody else. They cannot read or write from
// that moment on; this also tells the sockets.
func (c *Chat) dismissTutors(ctx context.Context) error {
	here, err := selectTutorsHere(ctx, c.pool)
	if err != nil {
		return err
	}
	var faults []error // one faulty room leaves nobody in another with a tutor who may not write
	for _, t := range here {
		faults = append(faults, c.dismiss(ctx, t.actor, t.room))
	}
	return errors.Join(faults...)
}

// dismiss lets a tutor go who has no escalation there any more. Where nobody else would stay with the person, the conversation
// ends with them: a person is told so and can ask for another, or, while there is a danger to them, is offered another, and is never left alone in a room that looks open.
// Who handed it to another tutor goes once that one is there, and no later than comesWithin.
func (c *Chat) dismiss(ctx context.Context, tutor account.Actor, id RoomID) error {
	var gone departure
	var r room
	left := false
	err := pg.InTx(ctx, c.pool, func(ctx context.Context, tx pgx.Tx) error {
		gone, left = departure{announce: func() {}}, false
		if err := lockPlaceOf(ctx, tx, tutor.Service, id); err != nil { // a place is always locked before its room
			return err
		}
		s, err := c.stand(ctx, tx, tutor, id, true)
		if err != nil || s.routed || !s.here {
			return err
		}
		left, r = true, s.room
		people, err := selectParticipants(ctx, tx, id)
		if err != nil {
			return err
		}
		others := slices.ContainsFunc(people, func(p participantRow) bool {
			return p.part != "person" && !p.left && p.account != tutor.ID
		})
		if r.state == Open && !others {
			// Another tutor who has just taken it over is about to come: the person is not left before.
			coming, err := c.moderation.TakenSince(ctx, tx, subject(id), tutor.ID, comesWithin)
			if err != nil {
				return err
			}
			if coming {
				left = false
				return nil
			}
			danger, err := c.dangerIn(ctx, tx, id)
			if err != nil {
				return err
			}
			if danger.level >= triage.Red { // whoever has it does not come: the person is offered somebody, and the danger goes with them
				gone, err = c.depart(ctx, tx, &r, tutor, "tutor", s.number, SteppedOut, danger)
				return err
			}
			if gone.outcome, err = c.finish(ctx, tx, &r, tutor, s.number); err != nil {
				return err
			}
		}
		if r.state == Open && others && r.endsAt != nil {
			if over, _, err := selectIsOver(ctx, tx, id); err != nil {
				return err
			} else if over { // the tutor kept it open
				if err := updateLastWhile(ctx, tx, id); err != nil {
					return err
				}
			}
		}
		return updateParticipantLeft(ctx, tx, id, tutor.ID)
	})
	if err != nil || !left {
		return err
	}
	if gone.key == nil {
		c.tellRoom(ctx, r)
		return nil
	}
	c.departed(ctx, r, gone)
	return nil
}

// unscored is a message, or a place with its topic, that triage has not read.
type unscored struct {
	message messageRow
	place   *placeRow
	late    bool // for too long
}

// readAgain reads what triage failed on.
func (c *Chat) readAgain(ctx context.Context) error {
	return errors.Join(c.readAgainFrom(ctx, lockUnscoredMessages), c.readAgainFrom(ctx, lockUnscoredPlaces))
}

func (c *Chat) readAgainFrom(ctx context.Context, next func(context.Context, pg.Querier) ([]unscored, error)) error {
	var announce []func()
	var people []account.ID
	var failed error
	err := pg.InTx(ctx, c.pool, func(ctx context.Context, tx pgx.Tx) error {
		announce, people, failed = nil, nil, nil
		list, err := next(ctx, tx)
		if err != nil {
			return err
		}
		for _, u := range list {
			// A savepoint each: a text that cannot be read must not hold up those behind it.
			err := pgx.BeginFunc(ctx, tx, func(tx pgx.Tx) error {
				r, err := c.roomOfUnscored(ctx, tx, u)
				if err != nil {
					return err
				}
				raised, err := c.score(ctx, tx, r, u)
				if err == nil && raised != nil {
					announce, people = append(announce, raised), append(people, r.person, r.esp)
				}
				return err
			})
			failed = errors.Join(failed, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, f := range announce {
		f()
	}
	c.tell(bus.Rooms, people...)
	return failed
}

func (c *Chat) roomOfUnscored(ctx context.Context, q pg.Querier, u unscored) (room, error) {
	if u.place != nil {
		return selectRoom(ctx, q, u.place.service, u.place.room)
	}
	return selectRoom(ctx, q, u.message.service, u.message.room)
}

// score gives an unread text its level and raises what it asks for. A text that cannot be read at all, or not even be
// opened, becomes amber: a human looks.
func (c *Chat) score(ctx context.Context, tx pgx.Tx, r room, u unscored) (announce func(), err error) {
	v, err := c.readUnscored(ctx, tx, r, u)
	rules := v.Rules()
	if v.Level == triage.Unscored {
		if !u.late {
			return nil, err
		}
		v.Level, v.Category, rules = triage.Amber, triage.CategoryNone, []string{unreadRule}
	}
	raise := raiseOf(r, u.message.message.Seq, v)
	if u.place != nil {
		raise = raiseOfPlace(*u.place, v)
	}
	raise.Rules = rules
	now, err := c.whereabouts(ctx, tx, r)
	if err != nil {
		return nil, err
	}
	raise.Subject, raise.ESP = subject(now.id), now.esp
	var raised moderation.Raised
	if v.Level > triage.None {
		if raised, err = c.moderation.Raise(ctx, tx, raise); err != nil {
			return nil, fmt.Errorf("chat: raise: %w", err)
		}
		if err := updatePlaceAtLeast(ctx, tx, now.id, v.Level, raised.ID); err != nil {
			return nil, err
		}
	}
	if u.place != nil {
		u.place.level, u.place.escalation = v.Level, raised.ID
		return raised.Announce, updatePlaceLevel(ctx, tx, *u.place)
	}
	u.message.level, u.message.escalation = v.Level, raised.ID
	return raised.Announce, updateMessageLevel(ctx, tx, u.message)
}

func (c *Chat) readUnscored(ctx context.Context, q pg.Querier, r room, u unscored) (triage.Verdict, error) {
	unread := triage.Verdict{Level: triage.Unscored}
	if u.place != nil {
		text, err := c.topic(r)
		if err != nil {
			return unread, err
		}
		return c.moderation.Read(r.service, text), nil
	}
	key, err := c.open(r.id, r.key)
	if err != nil {
		return unread, err
	}
	text, err := openBody(key, u.message)
	if err != nil {
		return unread, err
	}
	said := triage.Turn{Author: triage.AuthorUser, Text: text, At: u.message.message.At}
	return c.inContext(ctx, q, r, key, u.message.message.Seq, u.message.message.About, said, c.moderation.Read(r.service, text))
}
