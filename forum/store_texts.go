package forum

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
)

type keptText struct {
	id            PostID
	at            time.Time
	title, source string
}

// selectTexts lists posts that stand and are not hidden, from one to older ones.
func selectTexts(ctx context.Context, q pg.Querier, service account.ServiceID, before keptText, limit int) ([]keptText, error) {
	rows, err := q.Query(ctx, `select p.id, p.created_at, case when p.number = 1 then t.title else '' end, p.source
		from forum_posts p join forum_threads t on t.service_id = p.service_id and t.id = p.thread_id
		where p.service_id = $1 and p.deleted_at is null and p.hidden_at is null and ($2::uuid is null or (p.created_at, p.id) < ($3, $2))
		order by p.created_at desc, p.id desc limit $4`, service, before.id, before.at, limit)
	if err != nil {
		return nil, fmt.Errorf("forum: select texts: %w", err)
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (k keptText, err error) {
		return k, r.Scan(&k.id, &k.at, &k.title, &k.source)
	})
}
