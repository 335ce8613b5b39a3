package forum

import (
	"context"

	"ponti/account"
	"ponti/internal/pg"
)

func upsertSubscription(ctx context.Context, q pg.Querier, a account.Actor, id ThreadID, wanted bool) error {
	_, err := q.Exec(ctx, `insert into forum_subscriptions (service_id, account_id, thread_id, wanted) values ($1, $2, $3, $4)
		on conflict on constraint forum_subscriptions_once do update set wanted = excluded.wanted, at = excluded.at, through = null`, a.Service, a.ID, id, wanted)
	return err
}

// insertSubscription leaves alone what somebody decided themselves.
func insertSubscription(ctx context.Context, q pg.Querier, s account.ServiceID, who account.ID, id ThreadID) error {
	_, err := q.Exec(ctx, `insert into forum_subscriptions (service_id, account_id, thread_id) values ($1, $2, $3) on conflict do nothing`, s, who, id)
	return err
}

// newsSQL begins with what the reader follows and where they are called by name, which is little beside what there is.
const newsSQL = `select ` + threadColumns + `, ` + categoryColumns + `, s.mentioned
	from (select thread_id, max(mentioned) as mentioned from (
			select thread_id, 0 as mentioned from forum_subscriptions where account_id = $2 and service_id = $1 and wanted
			union all select mp.thread_id, min(mp.number) from ` + unreadMentions + ` and m.service_id = $1 group by mp.thread_id) theirs group by thread_id) s
	join forum_threads t on t.id = s.thread_id join forum_categories c on c.id = t.category_id
	left join forum_posts p on p.thread_id = t.id and p.number = 1
	where t.service_id = $1 and t.deleted_at is null and c.audience = any($3)
		and (s.mentioned > 0 or t.posts > coalesce((select r.number from forum_reads r where r.account_id = $2 and r.thread_id = t.id), 0))
	order by t.last_post_at desc, t.id desc limit $4`

func deleteSubscriptions(ctx context.Context, q pg.Querier, a account.Actor) error {
	_, err := q.Exec(ctx, `delete from forum_subscriptions where account_id = $1 and service_id = $2`, a.ID, a.Service)
	return err
}
