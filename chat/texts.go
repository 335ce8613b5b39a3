package chat

import (
	"context"

	"ponti/account"
	"ponti/internal/pg"
	"ponti/moderation"
)

// Texts gives what persons said, for rules to be tried on.
func (c *Chat) Texts() moderation.Texts { return texts{c} }

type texts struct{ c *Chat }

// roomsAtOnce bounds what is unsealed at a time.
const roomsAtOnce = 50

// EachText goes through the conversations from the newest to the oldest. What cannot be opened any more, since its key was destroyed, is not kept.
func (t texts) EachText(ctx context.Context, service account.ServiceID, most int, give func(moderation.Subject, string)) (whole bool, err error) {
	var last room
	for {
		rooms, err := selectRoomsBefore(ctx, t.c.pool, service, last, roomsAtOnce)
		if err != nil || len(rooms) == 0 {
			return err == nil, pg.Classify(err)
		}
		list := make([]RoomID, len(rooms))
		for i, r := range rooms {
			list[i] = r.id
		}
		said, err := selectSaidByPersons(ctx, t.c.pool, list)
		if err != nil {
			return false, pg.Classify(err)
		}
		for _, r := range rooms {
			for _, text := range t.opened(r, said[r.id]) {
				if most == 0 {
					return false, nil
				}
				most--
				give(subject(r.id), text)
			}
		}
		last = rooms[len(rooms)-1]
	}
}

func (t texts) opened(r room, said []messageRow) (list []string) {
	key, err := t.c.open(r.id, r.key)
	if err != nil {
		return nil
	}
	for _, row := range said {
		if text, err := openBody(key, row); err == nil {
			list = append(list, text)
		}
	}
	return list
}
