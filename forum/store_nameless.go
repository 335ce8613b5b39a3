package forum

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
)

// updateNameless waits for nobody: who writes meanwhile was allowed to, or is told that it is over.
func updateNameless(ctx context.Context, q pg.Querier, s account.ServiceID, c CategoryID, allow bool) (changed bool, err error) {
	tag, err := q.Exec(ctx, `update forum_categories set nameless = $3 where service_id = $1 and id = $2 and nameless <> $3 and archived_at is null`, s, c, allow)
	return tag.RowsAffected() == 1, err
}

// selectVoice locks the thread, so that one person who writes in two windows has one voice, and two people two.
func selectVoice(ctx context.Context, q pg.Querier, s account.ServiceID, t ThreadID, author account.ID) (voice int, err error) {
	if _, err = q.Exec(ctx, `select from forum_threads where service_id = $1 and id = $2 for no key update`, s, t); err != nil {
		return 0, err
	}
	err = q.QueryRow(ctx, `select coalesce((select p.voice from forum_posts p where p.thread_id = t.id and p.author_id = $3 and p.voice is not null order by p.number desc limit 1), t.voices + 1)
		from forum_threads t where t.service_id = $1 and t.id = $2`, s, t, author).Scan(&voice)
	return voice, one(err)
}

// updateVoices numbers the voices of a thread anew, in the order in which they came, after posts came or went: one person has one, and what they were elsewhere says nothing here. It holds the thread's lock.
func updateVoices(ctx context.Context, q pg.Querier, s account.ServiceID, id ThreadID) error {
	_, err := q.Exec(ctx, `with came as (
			select author_id, row_number() over (order by min(number)) as voice from forum_posts where service_id = $1 and thread_id = $2 and voice is not null group by author_id),
		anew as (update forum_posts p set voice = c.voice from came c where p.service_id = $1 and p.thread_id = $2 and p.author_id = c.author_id and p.voice <> c.voice)
		update forum_threads t set voices = (select count(*) from came), voice = case when voice is not null then 1 end where service_id = $1 and id = $2 and voices > 0`, s, id)
	return err
}

// selectUnnamed: true of those that the actor was told of lately. What is gone has no name either.
func selectUnnamed(ctx context.Context, q pg.Querier, a account.Actor, posts []PostID) (map[string]bool, error) {
	rows, err := q.Query(ctx, `select n.id, exists (select from forum_reveals r where r.post_id = n.id and r.account_id = $2 and r.revealed_at > now() - $4::interval)
		from unnest($3::uuid[]) n (id) where not exists (select from forum_posts p where p.service_id = $1 and p.id = n.id and p.voice is null)
			and not exists (select from forum_held h where h.service_id = $1 and h.id = n.id and not h.nameless)`,
		a.Service, a.ID, posts, revealedFor)
	if err != nil {
		return nil, err
	}
	unnamed := map[string]bool{}
	var id PostID
	var known bool
	_, err = pgx.ForEachRow(rows, []any{&id, &known}, func() error {
		unnamed[id.String()] = known
		return nil
	})
	return unnamed, err
}

func upsertReveal(ctx context.Context, q pg.Querier, a account.Actor, id PostID) error {
	_, err := q.Exec(ctx, `insert into forum_reveals (post_id, account_id, service_id) values ($1, $2, $3)
		on conflict on constraint forum_reveals_once do update set revealed_at = clock_timestamp()`, id, a.ID, a.Service)
	return err
}

func selectReveals(ctx context.Context, q pg.Querier, s account.ServiceID, posts []PostID) (map[PostID]time.Time, error) {
	rows, err := q.Query(ctx, `select post_id, max(revealed_at) from forum_reveals where service_id = $1 and post_id = any($2) group by post_id`, s, posts)
	if err != nil {
		return nil, err
	}
	at := map[PostID]time.Time{}
	var id PostID
	var when time.Time
	_, err = pgx.ForEachRow(rows, []any{&id, &when}, func() error {
		at[id] = when
		return nil
	})
	return at, err
}

func deleteReveals(ctx context.Context, q pg.Querier, s account.ServiceID, id PostID) error {
	_, err := q.Exec(ctx, `delete from forum_reveals where service_id = $1 and post_id = $2`, s, id)
	return err
}
