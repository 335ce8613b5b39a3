package forum

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
)

// reactionColumns tells what the post p was given; the reader is $5. Most posts were given nothing, and are not looked for.
const reactionColumns = `nullif(p.reacted, '{}'), case when p.reacted <> '{}' then (select array_agg(r.kind) from forum_reactions r where r.post_id = p.id and r.account_id = $5) end`

func insertReaction(ctx context.Context, q pg.Querier, a account.Actor, id PostID, r Reaction) (changed bool, err error) {
	tag, err := q.Exec(ctx, `insert into forum_reactions (post_id, account_id, service_id, kind) values ($1, $2, $3, $4)
		on conflict on constraint forum_reactions_once do nothing`, id, a.ID, a.Service, r)
	return tag.RowsAffected() == 1, err
}

func deleteReaction(ctx context.Context, q pg.Querier, a account.Actor, id PostID, r Reaction) (changed bool, err error) {
	tag, err := q.Exec(ctx, `delete from forum_reactions where post_id = $1 and account_id = $2 and service_id = $3 and kind = $4`, id, a.ID, a.Service, r)
	return tag.RowsAffected() == 1, err
}

// updateReacted notes on a post what it was given; its row is locked.
func updateReacted(ctx context.Context, q pg.Querier, s account.ServiceID, id PostID) error {
	_, err := q.Exec(ctx, `update forum_posts p set reacted = r.given, changes = changes + 1
		from (select coalesce(array_agg(distinct kind), '{}') as given from forum_reactions where post_id = $1) r
		where p.id = $1 and p.service_id = $2`, id, s)
	return err
}

func deleteReactionsTo(ctx context.Context, q pg.Querier, s account.ServiceID, id PostID) error {
	_, err := q.Exec(ctx, `delete from forum_reactions where post_id = $1 and service_id = $2`, id, s)
	return err
}

func selectReactedBy(ctx context.Context, q pg.Querier, a account.Actor) ([]PostID, error) {
	rows, err := q.Query(ctx, `select distinct post_id from forum_reactions where account_id = $1 and service_id = $2`, a.ID, a.Service)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[PostID])
}

func lockPost(ctx context.Context, q pg.Querier, s account.ServiceID, id PostID) error {
	_, err := q.Exec(ctx, `select from forum_posts where id = $1 and service_id = $2 for update`, id, s)
	return err
}

func deleteReactionsOn(ctx context.Context, q pg.Querier, a account.Actor, id PostID) error {
	_, err := q.Exec(ctx, `delete from forum_reactions where post_id = $1 and account_id = $2 and service_id = $3`, id, a.ID, a.Service)
	return err
}

// reacted is who gave a reaction.
type reacted struct {
	By       account.ID
	Reaction Reaction
	At       time.Time
}

func selectReactions(ctx context.Context, q pg.Querier, s account.ServiceID, id PostID, limit int) ([]reacted, error) {
	rows, err := q.Query(ctx, `select account_id, kind, given_at from forum_reactions where post_id = $1 and service_id = $2 order by given_at, account_id limit $3`, id, s, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[reacted])
}
