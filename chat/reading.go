package chat

import (
	"context"

	"ponti/account"
	"ponti/internal/pg"
)

// Mark says up to which sequence somebody has had a conversation before their eyes, on whichever of their devices.
type Mark struct {
	Room    RoomID
	Account account.ID
	Seq     int64
}

// MarkRead notes marks, and says which of them hold now. A mark never goes back, and none goes beyond what was said. Nothing is noted, nor does it
// hold, where the conversation is not open or the account does not take part in it. A row that somebody else works on is left out: mark it again. It
// is for the instances themselves, as StillHere is.
func (c *Chat) MarkRead(ctx context.Context, marks ...Mark) (held []Mark, err error) {
	if len(marks) == 0 {
		return nil, nil
	}
	held, err = updateRead(ctx, c.pool, marks)
	return held, pg.Classify(err)
}

// ReadUpTo tells how far each participant of these rooms has read, by their number in it. For the instances themselves.
func (c *Chat) ReadUpTo(ctx context.Context, rooms []RoomID) (map[RoomID]map[int16]int64, error) {
	marks, err := selectRead(ctx, c.pool, rooms)
	return marks, pg.Classify(err)
}
