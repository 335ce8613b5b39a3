package forum

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
)

// upsertVisit gives when the visit before this one ended; nil on the first.
func upsertVisit(ctx context.Context, q pg.Querier, a account.Actor) (before *time.Time, err error) {
	err = q.QueryRow(ctx, `insert into forum_visits (account_id, service_id) values ($1, $2)
		on conflict (account_id) do update set seen_at = greatest(forum_visits.seen_at, now()),
			before_at = case when forum_visits.seen_at < now() - $3::interval then forum_visits.seen_at else forum_visits.before_at end
		returning before_at`, a.ID, a.Service, visitGap).Scan(&before)
	return before, err
}

// selectSince looks at the newest of each category, which is enough to fill a short list of what is unread.
func selectSince(ctx context.Context, q pg.Querier, a account.Actor, audiences []Audience, since time.Time, limit int) (threads []threadRow, categories []Category, err error) {
	rows, err := q.Query(ctx, `select `+threadColumns+`, `+categoryColumns+`
		from forum_categories c
		cross join lateral (select * from forum_threads where category_id = c.id and deleted_at is null and last_post_at > $4 order by last_post_at desc, id desc limit 100) t
		left join forum_posts p on p.thread_id = t.id and p.number = 1
		where c.service_id = $1 and c.audience = any($3)
			and t.posts > coalesce((select r.number from forum_reads r where r.account_id = $2 and r.thread_id = t.id), 0)
			and not (t.posts = 1 and t.author_id = $2)
			and not exists (select from forum_subscriptions s where s.account_id = $2 and s.thread_id = t.id and s.wanted)
		order by t.last_post_at desc, t.id desc limit $5`, a.Service, a.ID, audiences, since, limit)
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

func deleteVisit(ctx context.Context, q pg.Querier, a account.Actor) error {
	_, err := q.Exec(ctx, `delete from forum_visits where account_id = $1 and service_id = $2`, a.ID, a.Service)
	return err
}
