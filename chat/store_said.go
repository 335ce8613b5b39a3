package chat

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/internal/pg"
)

// selectSaidBefore lists the last texts before a sequence that are young enough, in order: each message once, with the text that was put last in its place, and
// none of the message about. Whole is true when there are no others.
func selectSaidBefore(ctx context.Context, q pg.Querier, id RoomID, before, about int64, young time.Duration, limit int) (list []messageRow, whole bool, err error) {
	rows, err := q.Query(ctx, `select `+messageColumns+` from chat_messages
		where room_id = $1 and seq < $2 and kind in ('text', 'edited') and at > now() - $4::interval and coalesce(about, seq) <> $3
			and (withdrawn or changed_seq is null) and not (kind = 'edited' and withdrawn)
		order by seq desc limit $5`, id, before, about, young, limit)
	if err != nil {
		return nil, false, store("select said before", err)
	}
	list, err = pgx.CollectRows(rows, scanMessage)
	slices.Reverse(list)
	return list, len(list) < limit, store("select said before", err)
}
