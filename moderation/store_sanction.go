package moderation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
)

func insertSanction(ctx context.Context, q pg.Querier, c caseRow, by account.Actor, s Sanction) error {
	_, err := q.Exec(ctx, `insert into moderation_sanctions (case_id, service_id, account_id, by_id, kind, until)
		values ($1, $2, $3, $4, $5, case when $5 <> 'warn' then now() + $6::interval end)`, c.ID, c.Service, c.Author, by.ID, string(s), sanctionFor)
	if err != nil {
		return fmt.Errorf("moderation: insert sanction: %w", err)
	}
	return nil
}

// selectInDanger is true of somebody for whom an alarm of red or above is open.
func selectInDanger(ctx context.Context, q pg.Querier, who account.ID) (is bool, err error) {
	err = q.QueryRow(ctx, `select exists (select from moderation_escalations where person_id = $1 and state <> 'closed' and level >= 'red')`, who).Scan(&is)
	if err != nil {
		return false, fmt.Errorf("moderation: select in danger: %w", err)
	}
	return is, nil
}

// lockDanger has who bans somebody and who raises a danger to them wait for one another until their transactions end. Many may raise at once, one alone bans. It is
// taken before any escalation is locked.
func lockDanger(ctx context.Context, q pg.Querier, who account.ID, bans bool) error {
	lock := `pg_advisory_xact_lock_shared`
	if bans {
		lock = `pg_advisory_xact_lock`
	}
	_, err := q.Exec(ctx, `select `+lock+`(hashtextextended('moderation danger ' || $1::uuid, 0))`, who)
	if err != nil {
		return fmt.Errorf("moderation: lock danger: %w", err)
	}
	return nil
}

// updateBansLifted ends all bans of somebody that hold, by nobody, and says of which cases.
func updateBansLifted(ctx context.Context, q pg.Querier, service account.ServiceID, who account.ID) ([]CaseID, error) {
	rows, err := q.Query(ctx, `update moderation_sanctions set lifted_at = now()
		where service_id = $1 and account_id = $2 and kind = 'ban' and lifted_at is null and until > now() returning case_id`, service, who)
	if err != nil {
		return nil, fmt.Errorf("moderation: lift bans: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[CaseID])
}

// selectHeldOff is how long the last of somebody's sanctions of a kind holds yet; 0 when none does.
func selectHeldOff(ctx context.Context, q pg.Querier, service account.ServiceID, who account.ID, kind Sanction) (left time.Duration, err error) {
	err = q.QueryRow(ctx, `select coalesce(max(until) - now(), interval '0') from moderation_sanctions
		where account_id = $1 and service_id = $2 and kind = $3 and lifted_at is null and until > now()`, who, service, string(kind)).Scan(&left)
	if err != nil {
		return 0, fmt.Errorf("moderation: select sanction: %w", err)
	}
	return left, nil
}

type inForceRow struct {
	InForce
	Of caseRow
}

// selectInForce lists what holds; a ban stays on the list for a month, for those who exclude somebody or let them back in.
func selectInForce(ctx context.Context, q pg.Querier, actor account.Actor) ([]inForceRow, error) {
	rows, err := q.Query(ctx, `select s.case_id, s.kind, s.since, s.until, `+caseColumns+` from moderation_sanctions s join moderation_cases c on c.id = s.case_id
		where s.service_id = $1 and s.account_id <> $2 and s.lifted_at is null and s.until > now() - case s.kind when 'ban' then interval '30 days' else interval '0' end
		order by s.until desc, s.case_id limit 100`, actor.Service, actor.ID)
	if err != nil {
		return nil, fmt.Errorf("moderation: select in force: %w", err)
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (f inForceRow, err error) {
		return f, r.Scan(append([]any{&f.Case, &f.Kind, &f.Since, &f.Until}, f.Of.fields()...)...)
	})
}

// updateReleased ends what holds, and says what it was; nothing when nothing did.
func updateReleased(ctx context.Context, q pg.Querier, id CaseID, by account.ID) (kind Sanction, err error) {
	err = q.QueryRow(ctx, `update moderation_sanctions set lifted_at = now(), lifted_by = $2
		where case_id = $1 and lifted_at is null and until > now() returning kind`, id, by).Scan(&kind)
	if errors.Is(err, pgx.ErrNoRows) {
		return SanctionNone, nil
	}
	if err != nil {
		return SanctionNone, fmt.Errorf("moderation: lift: %w", err)
	}
	return kind, nil
}

func insertNotice(ctx context.Context, q pg.Querier, c caseRow, who account.ID, kind NoticeKind) ([]account.ID, error) {
	_, err := q.Exec(ctx, `insert into moderation_notices (id, service_id, account_id, case_id, kind) values (gen_random_uuid(), $1, $2, $3, $4)
		on conflict on constraint moderation_notices_once do nothing`, c.Service, who, c.ID, string(kind))
	if err != nil {
		return nil, fmt.Errorf("moderation: insert notice: %w", err)
	}
	return []account.ID{who}, nil
}
