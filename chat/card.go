package chat

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
	"ponti/internal/seal"
)

// MaxCard is the length of a handover card in runes.
const MaxCard = 600

// Card is a handover card: what the ESP who stepped out leaves for who comes next. Its person reads it first, and decides.
type Card struct {
	From     account.Public
	Text     string
	Approved *bool // nil: the person has not decided
}

// cardRow is a card as it is stored.
type cardRow struct {
	esp      account.ID
	sealed   []byte
	approved *bool
}

func cardAAD(next RoomID, esp account.ID, keyID string) []byte {
	return []byte("card|" + next.String() + "|" + esp.String() + "|" + keyID)
}

// leaveCard stores a card of one conversation with the next.
func leaveCard(ctx context.Context, tx pgx.Tx, actor account.Actor, id RoomID, next room, key *seal.Key, text string) error {
	return insertCard(ctx, tx, actor, id, next.id, key.Seal([]byte(text), cardAAD(next.id, actor.ID, key.ID())))
}

// cardOf is the card that came with a conversation, as far as the reader may read it; nil where there is none for them.
func (c *Chat) cardOf(ctx context.Context, q pg.Querier, r room, reader account.Actor) (*Card, error) {
	row, err := selectCard(ctx, q, r.id)
	if isNotFound(err) {
		return nil, nil //nolint:nilnil // most conversations have none
	}
	if err != nil {
		return nil, err
	}
	if r.person != reader.ID && (row.approved == nil || !*row.approved) {
		return nil, nil //nolint:nilnil // not theirs to know of
	}
	key, err := c.open(r.id, r.key)
	if err != nil {
		return nil, err
	}
	text, err := key.Open(row.sealed, cardAAD(r.id, row.esp, key.ID()))
	if err != nil {
		return nil, fmt.Errorf("chat: card: %w", err)
	}
	names, err := c.accounts.Public(ctx, q, []account.ID{row.esp})
	if err != nil {
		return nil, fmt.Errorf("chat: names: %w", err)
	}
	return &Card{From: names[row.esp], Text: string(text), Approved: row.approved}, nil
}

// AnswerCard is the person's word about the card that came with their conversation: whoever listens to them may read it, or no longer. They may change their
// mind. ErrNotFound for everybody else and where there is none, ErrEnded.
func (c *Chat) AnswerCard(ctx context.Context, actor account.Actor, id RoomID, approve bool) error {
	var r room
	err := pg.InTx(ctx, c.pool, func(ctx context.Context, tx pgx.Tx) error {
		s, err := c.stand(ctx, tx, actor, id, true)
		if err != nil {
			return err
		}
		if r = s.room; r.person != actor.ID {
			return ErrNotFound
		}
		if r.state == Ended {
			return ErrEnded
		}
		found, err := updateCard(ctx, tx, id, approve)
		if err == nil && !found {
			err = ErrNotFound
		}
		return err
	})
	if err != nil {
		return pg.Classify(err)
	}
	c.tellRoom(ctx, r)
	return nil
}
