package forum

import (
	"context"

	"ponti/account"
	"ponti/internal/pg"
)

// visitSQL gives when the visit before this one ended; null on the first.
const visitSQL = `insert into forum_visits (account_id, service_id) values ($1, $2)
	on conflict (account_id) do update set seen_at = greatest(forum_visits.seen_at, now()),
		before_at = case when forum_visits.seen_at < now() - $3::interval then forum_visits.seen_at else forum_visits.before_at end
	returning before_at`

// sinceSQL reads, after it, what came since then. It looks at the newest of each category, which is enough to fill a short list of what is unread.
const sinceSQL = `select ` + threadColumns + `, ` + categoryColumns + `
	from forum_categories c
	cross join lateral (select * from forum_threads where category_id = c.id and deleted_at is null
		and last_post_at > (select before_at from forum_visits where account_id = $2) order by last_post_at desc, id desc limit 100) t
	left join forum_posts p on p.thread_id = t.id and p.number = 1
	where c.service_id = $1 and c.audience = any($3)
		and t.posts > coalesce((select r.number from forum_reads r where r.account_id = $2 and r.thread_id = t.id), 0)
		and not (t.posts = 1 and t.author_id = $2)
		and not exists (select from forum_subscriptions s where s.account_id = $2 and s.thread_id = t.id and s.wanted)
	order by t.last_post_at desc, t.id desc limit $4`

func deleteVisit(ctx context.Context, q pg.Querier, a account.Actor) error {
	_, err := q.Exec(ctx, `delete from forum_visits where account_id = $1 and service_id = $2`, a.ID, a.Service)
	return err
}
