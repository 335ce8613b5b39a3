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

// mergeThreads moves the posts of a thread, with its former places, behind the last number of another, and what hangs on the thread.
func mergeThreads(ctx context.Context, q pg.Querier, s account.ServiceID, id, into ThreadID, last int) error {
	if err := lengthenStatements(ctx, q); err != nil {
		return err
	}
	// What is needed to take it back, before its posts are gone.
	if _, err := q.Exec(ctx, `update forum_threads t set merged_title = t.title, merged_opening = p.id, merged_into = $3, merged_after = $4, deleted_at = clock_timestamp(), pinned_at = null, title = ''
		from forum_posts p where t.service_id = $1 and t.id = $2 and p.thread_id = $2 and p.number = 1`, s, id, into, last); err != nil {
		return err
	}
	for _, sql := range []string{
		`update forum_posts set thread_id = $3, number = number + $4::int, words = case when number > 1 then words end where service_id = $1 and thread_id = $2`,
		`update forum_former_places set thread_id = $3, number = number + $4::int where service_id = $1 and thread_id = $2`,
		`update forum_held set thread_id = $3, came_from = came_from || $2 where service_id = $1 and thread_id = $2 and $4::int > 0`,
		`update forum_drafts set thread_id = $3, came_from = came_from || $2 where service_id = $1 and thread_id = $2 and $4::int > 0`,
		`insert into forum_subscriptions (service_id, account_id, thread_id, through) select $1, account_id, $3, $2 from forum_subscriptions
			where service_id = $1 and thread_id = $2 and wanted and $4::int > 0 on conflict do nothing`,
		// Who had read all of both has read all of it.
		`update forum_reads r set number = $4::int + b.number from forum_reads b, forum_threads t
			where r.service_id = $1 and r.thread_id = $3 and b.thread_id = $2 and b.account_id = r.account_id and t.id = $3 and r.number >= t.posts`,
	} {
		if _, err := q.Exec(ctx, sql, s, id, into, last); err != nil {
			return err
		}
	}
	if _, err := q.Exec(ctx, `update forum_threads t set posts = $4::int + gone.posts, voices = greatest(t.voices, gone.voices), former_until = case when gone.former_until > 0 then $4::int + gone.former_until else t.former_until end,
			last_post_at = greatest(t.last_post_at, gone.last_post_at), answer = coalesce(t.answer, $4::int + gone.answer)
		from forum_threads gone where gone.service_id = $1 and gone.id = $2 and t.service_id = $1 and t.id = $3`, s, id, into, last); err != nil {
		return err
	}
	return updateVoices(ctx, q, s, into)
}

func selectMerged(ctx context.Context, q pg.Querier, s account.ServiceID, id ThreadID) (into ThreadID, after int, err error) {
	err = q.QueryRow(ctx, `with recursive way (id, after, steps) as (
			select merged_into, merged_after, 1 from forum_threads where service_id = $1 and id = $2 and merged_into is not null
			union all select t.merged_into, w.after + t.merged_after, w.steps + 1 from way w join forum_threads t on t.service_id = $1 and t.id = w.id and t.merged_into is not null
			where w.steps < 100)
		select id, after from way order by steps desc limit 1`, s, id).Scan(&into, &after)
	return into, after, one(err)
}
