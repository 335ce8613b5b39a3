package chat

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
)

// selectLastESP is the ESP of the last conversation of a person that was not erased; zero when there is none.
func selectLastESP(ctx context.Context, q pg.Querier, actor account.Actor) (esp account.ID, err error) {
	err = q.QueryRow(ctx, `select e.account_id from chat_rooms r join chat_participants e on e.room_id = r.id and e.part = 'esp'
		where r.person_id = $1 and r.service_id = $2 and r.started_at is not null
		order by r.started_at desc, e.number desc limit 1`, actor.ID, actor.Service).Scan(&esp)
	if errors.Is(err, pgx.ErrNoRows) {
		return account.ID{}, nil
	}
	return esp, store("select last esp", err)
}
