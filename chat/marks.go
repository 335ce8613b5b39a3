package chat

import (
	"context"
	"fmt"

	"ponti/account"
	"ponti/internal/pg"
	"ponti/moderation"
)

// Marked is what is known of a room without reading it.
type Marked struct {
	Head
	// Mark changes whenever what Room tells its members of it does, but for how far they have read: who takes part, how long it lasts, who looks after a danger, what is
	// whispered, what was given, whether a tutor is behind it. Aliases are not part of it.
	Mark string
	Read map[int16]int64 // up to which sequence each participant has read, by their number

	service account.ServiceID
}

// Marks tells it of many rooms; those that are gone are missing from the answer. It costs two statements for any number of rooms and one for each of their services, so that an open conversation in which
// nothing happens costs next to nothing, and neither does coming back to one. It is for the instances themselves, as Heads is.
func (c *Chat) Marks(ctx context.Context, rooms []RoomID) (map[RoomID]Marked, error) {
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
	covered := map[account.ServiceID]bool{}
	for id, m := range marks {
		behind, asked := covered[m.service]
		if !asked {
			if behind, err = c.Covered(ctx, c.pool, m.service); err != nil {
				return nil, pg.Classify(err)
			}
			covered[m.service] = behind
		}
		m.Mark = fmt.Sprint(m.Mark, " ", concerns[id.String()], " ", behind)
		marks[id] = m
	}
	return marks, nil
}
