package moderation

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
)

// selectRevealNotices are those about an escalation, not a case.
func selectRevealNotices(ctx context.Context, q pg.Querier, actor account.Actor) ([]Notice, error) {
	rows, err := q.Query(ctx, `select n.id, n.kind, n.noticed_at, n.read_at is not null, e.subject_kind, e.subject_id from moderation_notices n join moderation_escalations e on e.id = n.escalation_id
		where n.service_id = $1 and n.account_id = $2 order by n.noticed_at desc, n.id limit $3`, actor.Service, actor.ID, noticesShown)
	if err != nil {
		return nil, fmt.Errorf("moderation: select notices of reveals: %w", err)
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (n Notice, err error) {
		return n, r.Scan(&n.ID, &n.Kind, &n.At, &n.Read, &n.Subject.Kind, &n.Subject.ID)
	})
}

func upsertReveal(ctx context.Context, q pg.Querier, a account.Actor, id EscalationID) error {
	_, err := q.Exec(ctx, `insert into moderation_reveals (escalation_id, account_id, service_id) values ($1, $2, $3)
		on conflict on constraint moderation_reveals_once do update set revealed_at = clock_timestamp()`, id, a.ID, a.Service)
	if err != nil {
		return fmt.Errorf("moderation: note a reveal: %w", err)
	}
	return nil
}

// selectRevealers counts the reveals of each who asked for too many, in a service; in all of them for the zero id.
func selectRevealers(ctx context.Context, q pg.Querier, s account.ServiceID) (map[account.ID]int, error) {
	rows, err := q.Query(ctx, `select account_id, count(*) from moderation_reveals where revealed_at > now() - $1::interval and ($2::uuid is null or service_id = $2)
		group by account_id having count(*) > $3`, revealsFor, s, revealsMax)
	if err != nil {
		return nil, fmt.Errorf("moderation: select revealers: %w", err)
	}
	counts := map[account.ID]int{}
	var id account.ID
	var n int
	_, err = pgx.ForEachRow(rows, []any{&id, &n}, func() error {
		counts[id] = n
		return nil
	})
	return counts, err
}

// insertRevealNotice tells the author of what an escalation is about.
func insertRevealNotice(ctx context.Context, q pg.Querier, e row) error {
	_, err := q.Exec(ctx, `insert into moderation_notices (id, service_id, account_id, escalation_id, kind) values (gen_random_uuid(), $1, $2, $3, $4)`,
		e.Service, e.Person, e.ID, string(NoticeRevealed))
	if err != nil {
		return fmt.Errorf("moderation: insert notice of a reveal: %w", err)
	}
	return nil
}

// deleteReveals erases which reveals count no more.
func deleteReveals(ctx context.Context, q pg.Querier) error {
	_, err := q.Exec(ctx, `delete from moderation_reveals where revealed_at < now() - $1::interval`, revealsFor)
	if err != nil {
		return fmt.Errorf("moderation: erase reveals: %w", err)
	}
	return nil
}

// deleteRevealNotices erases what people were told of escalations that are erased.
func deleteRevealNotices(ctx context.Context, q pg.Querier) error {
	_, err := q.Exec(ctx, `delete from moderation_notices n using moderation_escalations e where e.id = n.escalation_id and e.erased_at is not null`)
	if err != nil {
		return fmt.Errorf("moderation: erase notices of reveals: %w", err)
	}
	return nil
}
