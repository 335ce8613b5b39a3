package forum

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
)

// insertImportedThread stores a thread without its opening; false when it is here already, or was merged or deleted since.
func insertImportedThread(ctx context.Context, q pg.Querier, s account.ServiceID, t newThread, locked, pinned bool) (bool, error) {
	tag, err := q.Exec(ctx, `insert into forum_threads (id, service_id, category_id, author_id, title, created_at, last_post_at, locked_at, pinned_at, kind, abstract, closed_to_replies, voice)
		values ($1, $2, $3, $4, $5, $6, $6, case when $7 then now() end, case when $8 then now() end, $9, $10, $11, nullif($12::int, 0)) on conflict (id) do nothing`, t.ID, s, t.Category, t.Author, t.Title, t.At, locked, pinned, t.Kind, t.Told.Abstract, t.Told.Closed, t.voice)
	return tag.RowsAffected() == 1, err
}

// insertImportedPost stores a post as the next of its thread, locked or not; false when it is here already, or its thread is not.
func insertImportedPost(ctx context.Context, q pg.Querier, s account.ServiceID, p newPost, state State, reason string) (bool, error) {
	tag, err := q.Exec(ctx, `with bumped as (
			update forum_threads set posts = greatest(posts, former_until) + 1, last_post_at = greatest(last_post_at, $10), voices = greatest(voices, $14)
			where service_id = $1 and id = $3 and deleted_at is null and not exists (select from forum_posts where id = $2)
			returning posts)
		insert into forum_posts (id, service_id, thread_id, number, author_id, cid, source, html, renderer, level, created_at, notes, deleted_at, hidden_at, hidden_reason, voice)
		select $2, $1, $3, b.posts, $4, $5, $6, $7, $8, $9, $10, $11, case when $12 = 'deleted' then now() end, case when $12 = 'hidden' then now() end, $13, nullif($14::int, 0) from bumped b`,
		s, p.ID, p.Thread, p.Author, p.CID, p.Source, p.HTML, renderer, p.Level.String(), p.At, p.Notes, string(state), reason, p.voice)
	return tag.RowsAffected() == 1, err
}

// selectCategoryIDs are the categories of a service by slug.
func selectCategoryIDs(ctx context.Context, q pg.Querier, s account.ServiceID) (map[string]CategoryID, error) {
	rows, err := q.Query(ctx, `select slug, id from forum_categories where service_id = $1`, s)
	if err != nil {
		return nil, err
	}
	all := map[string]CategoryID{}
	var slug string
	var id CategoryID
	_, err = pgx.ForEachRow(rows, []any{&slug, &id}, func() error {
		all[slug] = id
		return nil
	})
	return all, err
}

// selectAuthors are those who wrote under their name what can be exported, by id.
func selectAuthors(ctx context.Context, q pg.Querier, s account.ServiceID, after account.ID, limit int) ([]account.ID, error) {
	rows, err := q.Query(ctx, `select distinct p.author_id from forum_posts p join forum_threads t on t.id = p.thread_id
		where p.service_id = $1 and t.deleted_at is null and p.voice is null and ($2::uuid is null or p.author_id > $2) order by p.author_id limit $3`, s, after, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[account.ID])
}

// exportedThread is a thread as it leaves.
type exportedThread struct {
	ID             ThreadID
	Title          string
	Locked, Pinned bool
	Kind           Kind
	Told           Told
}

func selectThreadsToExport(ctx context.Context, q pg.Querier, s account.ServiceID, c CategoryID, after ThreadID, limit int) ([]exportedThread, error) {
	rows, err := q.Query(ctx, `select id, title, locked_at is not null, pinned_at is not null, kind, abstract, closed_to_replies from forum_threads
		where service_id = $1 and category_id = $2 and deleted_at is null and ($3::uuid is null or id > $3) order by id limit $4`, s, c, after, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (t exportedThread, err error) {
		return t, row.Scan(&t.ID, &t.Title, &t.Locked, &t.Pinned, &t.Kind, &t.Told.Abstract, &t.Told.Closed)
	})
}

// exportedPost is a post as it leaves; a reason says that it is hidden.
type exportedPost struct {
	ID      PostID
	Number  int
	Author  account.ID
	Source  string
	At      time.Time
	Notes   []ContentNote
	Reason  string
	Deleted bool
	Voice   int // 0: under its author's name
}

func selectPostsToExport(ctx context.Context, q pg.Querier, s account.ServiceID, t ThreadID, after, limit int) ([]exportedPost, error) {
	rows, err := q.Query(ctx, `select id, number, author_id, source, created_at, notes || added_notes, hidden_reason, deleted_at is not null, coalesce(voice, 0) from forum_posts
		where service_id = $1 and thread_id = $2 and number > $3 order by number limit $4`, s, t, after, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[exportedPost])
}
