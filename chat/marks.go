package chat

import (
	"context"
	"fmt"

	"ponti/internal/pg"
	"ponti/moderation"
)

// Marks gives for each room a mark that changes whenever what Room tells its members of it does: who takes part and how far they have read, how long it lasts, who looks
// after a danger, what is whispered, what was given. Rooms that are gone have none. It costs two statements for any number of rooms, so that an open conversation in which nothing
// happens costs next to nothing. Aliases are not part of it.
func (c *Chat) Marks(ctx context.Context, rooms []RoomID) (map[RoomID]string, error) {
	marks, err := selectMarks(ctx, c.pool, rooms)
	if err != nil {
		return nil, pg.Classify(err)
	}
	ids := make([]string, len(rooms))
	for i, id := range rooms {
		ids[i] = id.String()
	}
	concerns, err := c.moderation.MarksFor(ctx, c.pool, moderation.SubjectRoom, ids)
	if err != nil {
		return nil, fmt.Errorf("chat: marks: %w", err)
	}
	for id, mark := range marks {
		marks[id] = mark + " " + concerns[id.String()]
	}
	return marks, nil
}
