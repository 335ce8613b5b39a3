package forum

import (
	"context"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
)

// insertCommunity stores threads and posts with their words, in a few statements.
func insertCommunity(ctx context.Context, tx pgx.Tx, s account.ServiceID, threads, posts [][]any) error {
	if _, err := tx.Exec(ctx, `set local statement_timeout = 0`); err != nil { // ten thousand posts may take their time
		return err
	}
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"forum_threads"},
		[]string{"id", "service_id", "category_id", "author_id", "title", "created_at", "last_post_at", "posts"}, pgx.CopyFromRows(threads))
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `create temporary table forum_planted (id uuid, thread_id uuid, number integer, author_id uuid, cid text, source text, html text,
		at timestamptz, words text) on commit drop`); err != nil {
		return err
	}
	if _, err := tx.CopyFrom(ctx, pgx.Identifier{"forum_planted"},
		[]string{"id", "thread_id", "number", "author_id", "cid", "source", "html", "at", "words"}, pgx.CopyFromRows(posts)); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `with words as (insert into forum_words (service_id, word)
			select distinct $1::uuid, w from forum_planted, regexp_split_to_table(lower(words), '[^[:alpha:]]+') w where char_length(w) between $3 and $4
			order by 2 on conflict do nothing)
		insert into forum_posts (id, service_id, thread_id, number, author_id, cid, source, html, renderer, level, created_at, words)
		select id, $1, thread_id, number, author_id, cid, source, html, $2, 'none', at, to_tsvector('italian', words) || to_tsvector('english', words)
		from forum_planted order by thread_id, number`, s, renderer, minKnownWord, maxKnownWord)
	return err
}

func analyze(ctx context.Context, q pg.Querier) error {
	if _, err := q.Exec(ctx, `set local statement_timeout = 0`); err != nil {
		return err
	}
	for _, table := range []string{"forum_threads", "forum_posts", "forum_words"} {
		if _, err := q.Exec(ctx, `analyze `+table); err != nil {
			return err
		}
	}
	return nil
}
