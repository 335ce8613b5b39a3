package chat

import (
	"context"
	"errors"

	"ponti/account"
	"ponti/internal/pg"
)

// ActErase is what the register says of a conversation that was erased.
const ActErase = "conversation.erase"

// EraseAgain erases a conversation that had been erased, after a backup brought it back; one that the backup knows as open ends first. There is false when there is none; gone
// is false while somebody has to answer for it, since the backup knows their alarm as open: nobody's wish takes that away.
func (c *Chat) EraseAgain(ctx context.Context, service account.ServiceID, id RoomID) (there, gone bool, err error) {
	r, err := selectRoom(ctx, c.pool, service, id)
	if isNotFound(err) {
		return false, false, nil
	}
	if err != nil {
		return false, false, pg.Classify(err)
	}
	who, err := c.accounts.Public(ctx, c.pool, []account.ID{r.person})
	if err != nil {
		return true, false, err
	}
	person := account.Actor{Service: service, ID: r.person, Role: who[r.person].Role}
	if r.state == Waiting {
		if err := c.LeaveWaiting(ctx, person); err != nil && !errors.Is(err, ErrNoPlace) {
			return true, false, err
		}
	}
	if r.state == Open {
		if err := c.EndConversation(ctx, person, id); err != nil && !isNotFound(err) {
			return true, false, err
		}
	}
	e := ended{room: id, service: service, person: r.person, lastSeq: r.lastSeq, keptAs: r.keptAs}
	if e.keptAs == "" {
		e.keptAs = classOf(person.Role)
	}
	gone, err = c.eraseRoom(ctx, e, true)
	return true, gone, err
}
