package forum

import (
	"context"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
)

// selectUnanswered walks the questions of some categories backwards in time from a cursor. Its plan is held by a test.
func selectUnanswered(ctx context.Context, q pg.Querier, a account.Actor, in []CategoryID, before Cursor, limit int) (threads []threadRow, categories []Category, err error) {
	rows, err := q.Query(ctx, unansweredSQL, a.Service, a.ID, in, before.at(), before.ID.String(), limit)
	if err != nil {
		return nil, nil, err
	}
	var t threadRow
	var c Category
	_, err = pgx.ForEachRow(rows, append(t.fields(), c.fields()...), func() error {
		threads, categories = append(threads, t), append(categories, c)
		return nil
	})
	return threads, categories, err
}

const unansweredSQL = `select ` + threadColumns + `, ` + categoryColumns + `
	from forum_threads t join forum_categories c on c.id = t.category_id left join forum_posts p on p.thread_id = t.id and p.number = 1
	where t.service_id = $1 and t.kind = 'question' and t.answer is null and t.locked_at is null and t.deleted_at is null
		and t.category_id = any($3) and p.deleted_at is null and (t.created_at, t.id) < ($4, $5::uuid)
	order by t.created_at desc, t.id desc limit $6`
