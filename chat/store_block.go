package chat

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
)

func upsertBlock(ctx context.Context, q pg.Querier, by account.Actor, who account.ID, reason BlockReason) error {
	_, err := q.Exec(ctx, `insert into chat_blocks (account_id, service_id, by_id, reason, until) values ($1, $2, $3, $4, now() + $5::interval)
		on conflict (account_id) do update set by_id = excluded.by_id, reason = excluded.reason, since = now(), until = excluded.until`,
		who, by.Service, by.ID, reason, blockedFor)
	return store("insert block", err)
}

// selectBlockedUntil is zero for who is not blocked.
func selectBlockedUntil(ctx context.Context, q pg.Querier, actor account.Actor) (until time.Time, err error) {
	err = q.QueryRow(ctx, `select until from chat_blocks where account_id = $1 and service_id = $2 and until > now()`, actor.ID, actor.Service).Scan(&until)
	if errors.Is(err, pgx.ErrNoRows) {
		return time.Time{}, nil
	}
	return until, store("select block", err)
}

func selectBlocks(ctx context.Context, q pg.Querier, s account.ServiceID) (list []Block, by []account.ID, err error) {
	rows, err := q.Query(ctx, `select account_id, by_id, reason, since, until from chat_blocks where service_id = $1 and until > now() order by since desc limit 200`, s)
	if err != nil {
		return nil, nil, store("select blocks", err)
	}
	var b Block
	var who account.ID
	_, err = pgx.ForEachRow(rows, []any{&b.Account, &who, &b.Reason, &b.Since, &b.Until}, func() error {
		list, by = append(list, b), append(by, who)
		return nil
	})
	return list, by, store("select blocks", err)
}

func deleteBlock(ctx context.Context, q pg.Querier, s account.ServiceID, who account.ID) (bool, error) {
	tag, err := q.Exec(ctx, `delete from chat_blocks where service_id = $1 and account_id = $2`, s, who)
	return tag.RowsAffected() == 1, store("delete block", err)
}

// deleteBlocksOver takes away the blocks whose time has passed.
func deleteBlocksOver(ctx context.Context, q pg.Querier) error {
	_, err := q.Exec(ctx, `delete from chat_blocks where until <= now()`)
	return store("delete blocks", err)
}
