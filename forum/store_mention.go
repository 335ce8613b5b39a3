package forum

import (
	"context"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
)

// selectShowing lists under whose names something stands in a thread, and who looks after its category; a thread that is none yet has no others.
func selectShowing(ctx context.Context, q pg.Querier, s account.ServiceID, c CategoryID, t ThreadID) (a Audience, who []account.ID, err error) {
	rows, err := q.Query(ctx, `select c.audience, w.id from forum_categories c
		left join lateral (select p.author_id as id from forum_posts p where p.service_id = $1 and p.thread_id = $3 and p.voice is null
			union select m.account_id from forum_moderators m where m.service_id = $1 and m.category_id = c.id) w on true
		where c.service_id = $1 and c.id = $2`, s, c, t)
	if err != nil {
		return a, nil, err
	}
	var id account.ID
	_, err = pgx.ForEachRow(rows, []any{&a, &id}, func() error {
		if !id.IsZero() {
			who = append(who, id)
		}
		return nil
	})
	return a, who, err
}

// countMentions counts whom somebody called within the hour, under a lock that lets one window of an account call at a time.
func countMentions(ctx context.Context, q pg.Querier, s account.ServiceID, author account.ID) (n int, err error) {
	if _, err = q.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('forum mentions ' || $1::text, 0))`, author); err != nil {
		return 0, err
	}
	err = q.QueryRow(ctx, `select count(*) from forum_mentions where service_id = $1 and author_id = $2 and at > clock_timestamp() - interval '1 hour'`, s, author).Scan(&n)
	return n, err
}

// selectCalled names who was ever called in each of some posts; standing: who is now.
func selectCalled(ctx context.Context, q pg.Querier, posts []PostID, standing bool) (map[PostID][]account.ID, error) {
	rows, err := q.Query(ctx, `select post_id, account_id from forum_mentions where post_id = any($1) and (stands or not $2)`, posts, standing)
	if err != nil {
		return nil, err
	}
	out := map[PostID][]account.ID{}
	var id PostID
	var who account.ID
	_, err = pgx.ForEachRow(rows, []any{&id, &who}, func() error {
		out[id] = append(out[id], who)
		return nil
	})
	return out, err
}

// updateMentions makes those of a post what its text says now. Who was told of it before is not told again.
func updateMentions(ctx context.Context, q pg.Querier, s account.ServiceID, id PostID, author account.ID, who []account.ID) error {
	if who == nil {
		who = []account.ID{}
	}
	_, err := q.Exec(ctx, `with gone as (update forum_mentions set stands = account_id = any($4) where service_id = $1 and post_id = $2 and stands <> (account_id = any($4)))
		insert into forum_mentions (service_id, post_id, author_id, account_id) select $1, $2, $3, id from unnest($4::uuid[]) id on conflict do nothing`, s, id, author, who)
	return err
}

// unreadMentions wants the reader as $2. Who muted the author, or may not read the post any more, is not called by it.
const unreadMentions = `forum_mentions m join forum_posts mp on mp.id = m.post_id and mp.hidden_at is null and mp.deleted_at is null
	where m.account_id = $2 and m.read_at is null and m.stands and m.author_id not` + mutedByReader

// mentionColumn is the first post of a thread t in which the reader is called and has not seen it; 0 when there is none.
const mentionColumn = `coalesce((select min(mp.number) from ` + unreadMentions + ` and mp.thread_id = t.id), 0)`

// updateMentionsRead marks as seen what calls the reader in the posts of a page.
func updateMentionsRead(ctx context.Context, q pg.Querier, a account.Actor, id ThreadID, from, to int) error {
	_, err := q.Exec(ctx, `update forum_mentions m set read_at = clock_timestamp() from forum_posts p
		where p.id = m.post_id and p.service_id = $1 and p.thread_id = $3 and p.number between $4 and $5 and m.account_id = $2 and m.read_at is null and m.stands`, a.Service, a.ID, id, from, to)
	return err
}

// deleteMentions forgets by whom somebody was called, and whom they called.
func deleteMentions(ctx context.Context, q pg.Querier, a account.Actor) error {
	_, err := q.Exec(ctx, `delete from forum_mentions where (account_id = $1 or author_id = $1) and service_id = $2`, a.ID, a.Service)
	return err
}
