package chat

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/audit"
	"ponti/internal/bus"
	"ponti/internal/errs"
	"ponti/internal/pg"
	"ponti/moderation"
)

// How an ended conversation is kept: a guest's, a member's, or one that somebody had to look at. For how long is a setting of the service (account.Keeping), as it is
// when the conversation has ended. Months are the calendar's.
const (
	KeptGuest   = "guest"
	KeptMember  = "member"
	KeptFlagged = "flagged" // and never erased while an escalation or a report is open
)

// keptFor is for how long, as PostgreSQL reads intervals.
func (c *Chat) keptFor(ctx context.Context, service account.ServiceID, as string) (string, error) {
	s, err := c.accounts.Service(ctx, service)
	if err != nil {
		return "", fmt.Errorf("chat: service: %w", err)
	}
	switch as {
	case KeptGuest:
		return fmt.Sprintf("%d hours", s.Keeping.GuestHours), nil
	case KeptMember:
		return fmt.Sprintf("%d months", s.Keeping.MemberMonths), nil
	}
	return fmt.Sprintf("%d months", s.Keeping.FlaggedMonths), nil
}

// keep dates a conversation by how it is kept.
func (c *Chat) keep(ctx context.Context, q pg.Querier, e ended) error {
	lasts, err := c.keptFor(ctx, e.service, e.keptAs)
	if err != nil {
		return err
	}
	return updateKept(ctx, q, e, lasts)
}

// Kinds lists how conversations are kept.
var Kinds = []string{KeptGuest, KeptMember, KeptFlagged}

const (
	eraseAtOnce = 500 // bounds one pass
	// dateAtOnce bounds one transaction: a person may want to say how they feel while their conversation is held.
	dateAtOnce = 50
)

// ended is a conversation that waits for its date, or whose date has come.
type ended struct {
	room    RoomID
	service account.ServiceID
	person  account.ID
	lastSeq int64
	keptAs  string
}

// Erase gives every conversation that has ended the date on which it goes, and erases those whose date has come: what was said, the topic,
// who took part, and the key, so that no backup older than the oldest one kept can be read either. Any number of instances may call it at once.
func (c *Chat) Erase(ctx context.Context) error {
	if err := errors.Join(deleteBlocksOver(ctx, c.pool), deleteGivenOver(ctx, c.pool), c.dateAll(ctx)); err != nil {
		return err
	}
	list, err := selectPastKeeping(ctx, c.pool)
	if err != nil {
		return err
	}
	var faults []error // one faulty room keeps none of the others
	for _, e := range list {
		if _, err := c.eraseRoom(ctx, e, false); err != nil && ctx.Err() == nil {
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}

// Forget erases every conversation of somebody who asked to be forgotten, whatever its date, and what they were given: their place in the waiting room goes and what is
// open ends first. What somebody answers for just now stays until they have closed it; done is false until then, and this is called again.
func (c *Chat) Forget(ctx context.Context, actor account.Actor) (done bool, err error) {
	if err := c.LeaveWaiting(ctx, actor); err != nil && !errors.Is(err, ErrNoPlace) && !errors.Is(err, ErrInSession) {
		return false, err
	}
	list, err := selectRoomsToForget(ctx, c.pool, actor)
	if err != nil {
		return false, err
	}
	if err := deleteGivenTo(ctx, c.pool, actor); err != nil {
		return false, err
	}
	done = true
	for _, e := range list {
		if err := c.EndConversation(ctx, actor, e.room); err != nil && !isNotFound(err) { // it may be erased since
			return false, err
		}
		if e.keptAs == "" {
			e.keptAs = classOf(actor.Role)
		}
		gone, err := c.eraseRoom(ctx, e, true)
		if err != nil {
			return false, err
		}
		done = done && gone
	}
	return done, nil
}

// Errors of EraseConversation.
var (
	ErrNotOver = errs.New(errs.Conflict, "chat.not_over")
	ErrKept    = errs.New(errs.Conflict, "chat.kept")
)

// EraseConversation erases an ended conversation because its person wants it gone before its date. ErrNotOver before the end, ErrKept for one that
// somebody had or has to look at: that is kept for KeptFlagged, unless the account goes as a whole.
func (c *Chat) EraseConversation(ctx context.Context, actor account.Actor, id RoomID) error {
	s, err := c.stand(ctx, c.pool, actor, id, false)
	if err != nil {
		return pg.Classify(err)
	}
	if err := s.mayRead(actor); err != nil {
		return err
	}
	if s.room.person != actor.ID {
		return ErrNotFound
	}
	if s.room.state != Ended {
		return ErrNotOver
	}
	e := ended{room: id, service: actor.Service, person: actor.ID, lastSeq: s.room.lastSeq, keptAs: classOf(actor.Role)}
	concern, err := c.concernOf(ctx, c.pool, e)
	if err != nil {
		return pg.Classify(err)
	}
	if concern != moderation.NoConcern {
		return ErrKept
	}
	gone, err := c.eraseRoom(ctx, e, true)
	if err == nil && !gone {
		return ErrKept // since then
	}
	return err
}

// classOf is how an ended conversation is kept that nobody had to look at.
func classOf(person account.Role) string {
	if person == account.RoleGuest {
		return KeptGuest
	}
	return KeptMember
}

// dateAll says of the conversations that have ended how they are kept.
func (c *Chat) dateAll(ctx context.Context) error {
	for {
		n, err := c.date(ctx)
		if err != nil || n < dateAtOnce {
			return err
		}
	}
}

func (c *Chat) date(ctx context.Context) (n int, err error) {
	err = pg.InTx(ctx, c.pool, func(ctx context.Context, tx pgx.Tx) error {
		list, err := lockUndated(ctx, tx)
		if n = len(list); err != nil || n == 0 {
			return err
		}
		people := make([]account.ID, len(list))
		for i, e := range list {
			people[i] = e.person
		}
		who, err := c.accounts.Public(ctx, tx, people)
		if err != nil {
			return fmt.Errorf("chat: roles: %w", err)
		}
		for _, e := range list {
			e.keptAs = classOf(who[e.person].Role)
			concern, err := c.concernOf(ctx, tx, e)
			if err != nil {
				return err
			}
			if concern != moderation.NoConcern {
				e.keptAs = KeptFlagged
			}
			if err := c.keep(ctx, tx, e); err != nil {
				return err
			}
		}
		return nil
	})
	return n, err
}

// eraseRoom erases a conversation whose date has come, or whose person asked for it. One that somebody had to look at meanwhile gets a later
// date instead, unless its person asked; nobody's wish takes away what somebody answers for just now. gone: it is not there any more.
func (c *Chat) eraseRoom(ctx context.Context, e ended, asked bool) (gone bool, err error) {
	var people []participantRow
	err = pg.InTx(ctx, c.pool, func(ctx context.Context, tx pgx.Tx) error {
		people, gone = nil, true
		err := lockPastKeeping(ctx, tx, &e, asked)
		if isNotFound(err) {
			return nil // another instance was quicker
		}
		if err != nil {
			return err
		}
		gone = false
		concern, err := c.concernOf(ctx, tx, e)
		switch {
		case err != nil:
			return err
		case concern == moderation.OpenConcern:
			lasts, err := c.keptFor(ctx, e.service, KeptFlagged)
			if err != nil {
				return err
			}
			return updateKeptLonger(ctx, tx, e.room, lasts)
		case concern == moderation.PastConcern && e.keptAs != KeptFlagged && !asked:
			e.keptAs = KeptFlagged
			return c.keep(ctx, tx, e)
		}
		if people, err = selectParticipants(ctx, tx, e.room); err != nil {
			return err
		}
		if err := deleteRoom(ctx, tx, e); err != nil {
			return err
		}
		gone = true
		return audit.Append(ctx, tx, entry(account.System(e.service), ActErase, e.room, e.keptAs))
	})
	if err != nil || !gone {
		return gone, err
	}
	c.keys.drop(e.room)
	for _, p := range people {
		c.tell(bus.Rooms, p.account)
	}
	return true, nil
}

// concernOf tells whether anybody had or has to look at a conversation: by an escalation of it, or a report of something in it. What triage has
// not read yet may still ask for somebody.
func (c *Chat) concernOf(ctx context.Context, q pg.Querier, e ended) (moderation.Concern, error) {
	if unread, err := selectIsUnread(ctx, q, e.room); err != nil {
		return moderation.NoConcern, err
	} else if unread {
		return moderation.OpenConcern, nil
	}
	concern, err := c.moderation.ConcernOf(ctx, q, e.service, moderation.SubjectRoom, []string{e.room.String()})
	if err != nil || concern == moderation.OpenConcern {
		return concern, err
	}
	messages := make([]string, e.lastSeq)
	for i := range messages {
		messages[i] = messageRef(e.room, int64(i)+1)
	}
	within, err := c.moderation.ConcernOf(ctx, q, e.service, moderation.SubjectMessage, messages)
	if err != nil || within == moderation.OpenConcern {
		return within, err
	}
	people, err := selectParticipants(ctx, q, e.room)
	if err != nil {
		return moderation.NoConcern, err
	}
	who := make([]string, len(people))
	for i, p := range people {
		who[i] = messageRef(e.room, int64(p.number))
	}
	about, err := c.moderation.ConcernOf(ctx, q, e.service, moderation.SubjectParticipant, who)
	return max(concern, within, about), err
}

// Kept is what one class of conversations holds. Service is not part of it: it is counted over all.
type Kept struct {
	As       string
	Rooms    int
	Oldest   time.Duration // since its end; 0 when there is none
	Late     int           // that should have been erased over an hour ago
	Erased   int           // conversations of the last 30 days
	Messages int           // and messages in them
}

// KeptBy tells for each of Kinds, in that order, what is kept of a service's conversations and what was erased; the zero service means all.
func (c *Chat) KeptBy(ctx context.Context, service account.ServiceID) ([]Kept, error) {
	return KeptBy(ctx, c.pool, service)
}

// KeptBy is Chat.KeptBy for who has only a database.
func KeptBy(ctx context.Context, q pg.Querier, service account.ServiceID) ([]Kept, error) {
	list, err := selectKept(ctx, q, service)
	return list, pg.Classify(err)
}
