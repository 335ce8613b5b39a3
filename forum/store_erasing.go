package forum

import (
	"context"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
)

func deleteReads(ctx context.Context, q pg.Querier, a account.Actor) error {
	_, err := q.Exec(ctx, `delete from forum_reads where account_id = $1 and service_id = $2`, a.ID, a.Service)
	return err
}

// postToForget is a post of somebody, of which something is left.
type postToForget struct {
	ID      PostID
	Deleted bool
}

// lockPostsToForget takes the posts of an author, after one of them by id, that are there or have an earlier version.
func lockPostsToForget(ctx context.Context, q pg.Querier, a account.Actor, after PostID, limit int) ([]postToForget, error) {
	rows, err := q.Query(ctx, `select p.id, p.deleted_at is not null from forum_posts p
		where p.author_id = $1 and p.service_id = $2 and ($3::uuid is null or p.id > $3)
			and (p.deleted_at is null or exists (select from forum_post_versions v where v.post_id = p.id))
		order by p.id limit $4 for update of p`, a.ID, a.Service, after, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[postToForget])
}

// deleteVersions gives back what the versions of a post said.
func deleteVersions(ctx context.Context, q pg.Querier, s account.ServiceID, id PostID) ([]string, error) {
	rows, err := q.Query(ctx, `delete from forum_post_versions where service_id = $1 and post_id = $2 returning title || ' ' || source`, s, id)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// deleteWords takes words out of the vocabulary that no post holds any more, in any of their forms.
func deleteWords(ctx context.Context, q pg.Querier, s account.ServiceID, words []string) error {
	_, err := q.Exec(ctx, `delete from forum_words w using unnest($2::text[]) as said (word) where w.service_id = $1 and w.word = said.word
		and not exists (select from forum_posts p where p.service_id = $1 and p.deleted_at is null and p.hidden_at is null
			and p.words @@ (plainto_tsquery('italian', said.word) || plainto_tsquery('english', said.word)))`, s, words)
	return err
}
