package forum

import (
	"context"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
	"ponti/moderation/triage"
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

// selectOpening finds the first post of a thread.
func selectOpening(ctx context.Context, q pg.Querier, s account.ServiceID, t ThreadID) (id PostID, err error) {
	err = q.QueryRow(ctx, `select id from forum_posts where service_id = $1 and thread_id = $2 and number = 1`, s, t).Scan(&id)
	return id, one(err)
}

// selectApprovals are the yeses to some held posts, in the order in which they were said.
func selectApprovals(ctx context.Context, q pg.Querier, s account.ServiceID, posts []PostID) (map[PostID][]approval, error) {
	rows, err := q.Query(ctx, `select held_id, account_id, account_role from forum_approvals where service_id = $1 and held_id = any($2) order by approved_at, account_id`, s, posts)
	if err != nil {
		return nil, err
	}
	all := map[PostID][]approval{}
	var id PostID
	var a approval
	_, err = pgx.ForEachRow(rows, []any{&id, &a.who, &a.role}, func() error {
		all[id] = append(all[id], a)
		return nil
	})
	return all, err
}

func insertApproval(ctx context.Context, q pg.Querier, a account.Actor, h heldRow) error {
	_, err := q.Exec(ctx, `insert into forum_approvals (held_id, account_id, service_id, author_id, account_role) values ($1, $2, $3, $4, $5)`, h.ID, a.ID, a.Service, h.Author, a.Role)
	return err
}

func deleteApprovals(ctx context.Context, q pg.Querier, s account.ServiceID, id PostID) error {
	_, err := q.Exec(ctx, `delete from forum_approvals where service_id = $1 and held_id = $2`, s, id)
	return err
}

func updateHeldText(ctx context.Context, q pg.Querier, s account.ServiceID, id PostID, p prepared, l triage.Level) error {
	_, err := q.Exec(ctx, `update forum_held set title = $3, source = $4, html = $5, level = $6, notes = $7, version = version + 1 where service_id = $1 and id = $2`,
		s, id, p.Title, p.Source, p.HTML, l.String(), p.Notes)
	return err
}

// updateHeldWaiting has a refused post wait again. Who had said yes to it as it stands has: they are asked anew about a new version only.
func updateHeldWaiting(ctx context.Context, q pg.Querier, s account.ServiceID, id PostID) error {
	_, err := q.Exec(ctx, `update forum_held set refused_at = null, refused_by = null where service_id = $1 and id = $2`, s, id)
	return err
}
