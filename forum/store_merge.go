package forum

import (
	"context"

	"ponti/account"
	"ponti/internal/pg"
)

// lockThreads locks two threads, in the order of their ids: two merges of the same threads wait for each other.
func lockThreads(ctx context.Context, q pg.Querier, s account.ServiceID, one, other ThreadID) error {
	_, err := q.Exec(ctx, `select from forum_threads where service_id = $1 and id in ($2, $3) order by id for update`, s, one, other)
	return err
}

// mergeThreads moves the posts of a thread, so many, behind the last one of another, and what hangs on the thread. Ten thousand posts take longer than any statement else may:
// it happens rarely, and somebody waits for it.
func mergeThreads(ctx context.Context, q pg.Querier, s account.ServiceID, id, into ThreadID, last, posts int) error {
	if _, err := q.Exec(ctx, `set local statement_timeout = '60s'`); err != nil {
		return err
	}
	for _, sql := range []string{
		`update forum_posts set thread_id = $3, number = number + $4::int where service_id = $1 and thread_id = $2`,
		`update forum_held set thread_id = $3 where service_id = $1 and thread_id = $2 and $4::int > 0`,
		`update forum_drafts set thread_id = $3 where service_id = $1 and thread_id = $2 and $4::int > 0`,
		`insert into forum_subscriptions (service_id, account_id, thread_id) select $1, account_id, $3 from forum_subscriptions where service_id = $1 and thread_id = $2 and wanted and $4::int > 0
			on conflict do nothing`,
		// Who had read all of both has read all of it.
		`update forum_reads r set number = $4::int + b.number from forum_reads b
			where r.service_id = $1 and r.thread_id = $3 and b.thread_id = $2 and b.account_id = r.account_id and r.number >= $4::int`,
	} {
		if _, err := q.Exec(ctx, sql, s, id, into, last); err != nil {
			return err
		}
	}
	_, err := q.Exec(ctx, `with gone as (update forum_threads set deleted_at = clock_timestamp(), merged_into = $3, merged_after = $4, pinned_at = null, title = ''
			where service_id = $1 and id = $2 returning last_post_at, answer)
		update forum_threads t set posts = $4::int + $5::int, last_post_at = greatest(t.last_post_at, gone.last_post_at), answer = coalesce(t.answer, $4::int + gone.answer)
		from gone where t.service_id = $1 and t.id = $3`, s, id, into, last, posts)
	return err
}

func selectMerged(ctx context.Context, q pg.Querier, s account.ServiceID, id ThreadID) (into ThreadID, after int, err error) {
	err = q.QueryRow(ctx, `with recursive way (id, after, steps) as (
			select merged_into, merged_after, 1 from forum_threads where service_id = $1 and id = $2 and merged_into is not null
			union all select t.merged_into, w.after + t.merged_after, w.steps + 1 from way w join forum_threads t on t.service_id = $1 and t.id = w.id and t.merged_into is not null
			where w.steps < 100)
		select id, after from way order by steps desc limit 1`, s, id).Scan(&into, &after)
	return into, after, one(err)
}
