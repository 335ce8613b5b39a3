package chat

import (
	"context"

	"ponti/account"
	"ponti/internal/pg"
)

func insertCard(ctx context.Context, q pg.Querier, a account.Actor, id, next RoomID, sealed []byte) error {
	_, err := q.Exec(ctx, `insert into chat_cards (room_id, service_id, next_id, esp_id, text_sealed) values ($1, $2, $3, $4, $5)`, id, a.Service, next, a.ID, sealed)
	return store("insert card", err)
}

func selectCard(ctx context.Context, q pg.Querier, next RoomID) (r cardRow, err error) {
	err = q.QueryRow(ctx, `select esp_id, text_sealed, approved from chat_cards where next_id = $1`, next).Scan(&r.esp, &r.sealed, &r.approved)
	return r, store("select card", err)
}

func updateCard(ctx context.Context, q pg.Querier, next RoomID, approved bool) (found bool, err error) {
	tag, err := q.Exec(ctx, `update chat_cards set approved = $2 where next_id = $1`, next, approved)
	return tag.RowsAffected() == 1, store("update card", err)
}
