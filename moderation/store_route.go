package moderation

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
	"ponti/internal/seal"
	"ponti/moderation/triage"
	"ponti/roster"
)

// selectRouted lists to whom an open escalation is routed.
func selectRouted(ctx context.Context, q pg.Querier, id EscalationID) ([]account.ID, error) {
	rows, err := q.Query(ctx, `select account_id from moderation_routes where escalation_id = $1 and until is null order by id`, id)
	if err != nil {
		return nil, fmt.Errorf("moderation: select routes: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[account.ID])
}

func selectIsRouted(ctx context.Context, q pg.Querier, s Subject, who account.ID) (is bool, err error) {
	err = q.QueryRow(ctx, `select exists (select from moderation_escalations e join moderation_routes r on r.escalation_id = e.id
		where e.subject_kind = $1 and e.subject_id = $2 and e.state <> 'closed' and r.account_id = $3 and r.until is null)`, string(s.Kind), s.ID, who).Scan(&is)
	if err != nil {
		return false, fmt.Errorf("moderation: select is routed: %w", err)
	}
	return is, nil
}

func selectUnowned(ctx context.Context, q pg.Querier, s Subject) (triage.Level, error) {
	var name string
	err := q.QueryRow(ctx, `select coalesce((select level::text from moderation_escalations
		where subject_kind = $1 and subject_id = $2 and state in ('raised', 'offered')), 'none')`, string(s.Kind), s.ID).Scan(&name)
	if err != nil {
		return triage.None, fmt.Errorf("moderation: select unowned: %w", err)
	}
	return triage.ParseLevel(name)
}

// insertRoutes routes an escalation to those asked, each with the role they are on shift with. Who has it keeps it.
func insertRoutes(ctx context.Context, q pg.Querier, e row, asked []roster.Duty) error {
	who, roles := make([]account.ID, len(asked)), make([]string, len(asked))
	for i, d := range asked {
		who[i], roles[i] = d.Account, string(d.Role)
	}
	_, err := q.Exec(ctx, `insert into moderation_routes (service_id, escalation_id, account_id, role, level)
		select $1, $2, a.id, a.role, $5::text::moderation_level from unnest($3::uuid[], $4::text[]) as a(id, role)
		on conflict (escalation_id, account_id) where until is null do nothing`, e.Service, e.ID, who, roles, e.Level.String())
	if err != nil {
		return fmt.Errorf("moderation: insert routes: %w", err)
	}
	return nil
}

// updateRoutesEnded ends the routes of all but one account, which may be zero, and returns whose.
func updateRoutesEnded(ctx context.Context, q pg.Querier, id EscalationID, but account.ID) ([]account.ID, error) {
	rows, err := q.Query(ctx, `update moderation_routes set until = now()
		where escalation_id = $1 and until is null and account_id is distinct from $2 returning account_id`, id, but)
	if err != nil {
		return nil, fmt.Errorf("moderation: end routes: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[account.ID])
}

// updateRoutesLifted ends the routes of peers, raises those of tutors to the level and returns the tutors.
func updateRoutesLifted(ctx context.Context, q pg.Querier, id EscalationID, level triage.Level) ([]account.ID, error) {
	if _, err := q.Exec(ctx, `update moderation_routes set until = now()
		where escalation_id = $1 and until is null and role <> 'tutor'`, id); err != nil {
		return nil, fmt.Errorf("moderation: end routes of peers: %w", err)
	}
	rows, err := q.Query(ctx, `update moderation_routes set level = $2::text::moderation_level
		where escalation_id = $1 and until is null returning account_id`, id, level.String())
	if err != nil {
		return nil, fmt.Errorf("moderation: lift routes: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[account.ID])
}

// selectTold reads the escalations of a service of which everybody was told, or the actor was, on whatever rung they are now; without an id those that nobody has and that are
// not routed to the actor, the gravest first. Never what is about the actor.
func selectTold(ctx context.Context, q pg.Querier, actor account.Actor, id *EscalationID) ([]row, error) {
	const routed = `exists (select from moderation_routes r where r.escalation_id = e.id and r.account_id = $2 and r.until is null)`
	where := `e.id = $4`
	if id == nil {
		where = `$4::uuid is null and e.state in ('raised', 'offered') and not ` + routed
	}
	rows, err := q.Query(ctx, `select `+columns+`, `+routed+` from moderation_escalations e
		where e.service_id = $1 and `+where+` and e.person_id is distinct from $2
			and exists (select from moderation_notifications n where n.escalation_id = e.id and (n.rung = $3 or n.account_id = $2))
		order by e.level desc, e.raised_at, e.id limit 100`, actor.Service, actor.ID, int16(RungOutside), id)
	if err != nil {
		return nil, fmt.Errorf("moderation: select told: %w", err)
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (row, error) {
		var routed bool
		e, err := scan(r, &routed)
		e.Routed = routed
		return e, err
	})
}

// updateRoutesLeft ends the routes of who is not among those on shift, and returns whose.
func updateRoutesLeft(ctx context.Context, q pg.Querier, id EscalationID, on []account.ID) ([]account.ID, error) {
	rows, err := q.Query(ctx, `update moderation_routes set until = now()
		where escalation_id = $1 and until is null and account_id <> all($2) returning account_id`, id, on)
	if err != nil {
		return nil, fmt.Errorf("moderation: end routes of who left: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[account.ID])
}

// selectWatched lists the services with an open escalation.
func selectWatched(ctx context.Context, q pg.Querier) ([]account.ServiceID, error) {
	rows, err := q.Query(ctx, `select distinct service_id from moderation_escalations where state <> 'closed'`)
	if err != nil {
		return nil, fmt.Errorf("moderation: select watched: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[account.ServiceID])
}

// selectReady lists a service's escalations that are due, those that ask everybody but not yet all tutors on call, and those that are with somebody who left.
func selectReady(ctx context.Context, q pg.Querier, service account.ServiceID, here present) ([]row, error) {
	rows, err := q.Query(ctx, `select `+columns+` from moderation_escalations e
		where e.service_id = $1 and e.state <> 'closed' and (e.due_at <= now()
			or e.state = 'offered' and e.rung >= $3 and exists (
				select from unnest($2::uuid[]) as t(id) where t.id is distinct from e.person_id
					and not exists (select from moderation_routes r where r.escalation_id = e.id and r.account_id = t.id and r.until is null))
			or exists (select from moderation_routes r where r.escalation_id = e.id and r.until is null and r.account_id <> all($4))
			or e.state = 'acknowledged' and (e.owner_id <> all($4) or e.level > 'amber' and e.owner_id <> all($5)))
		order by e.level desc, e.due_at limit 200`, service, here.tutors, int16(RungAll), accountsOf(here.on), here.owners)
	if err != nil {
		return nil, fmt.Errorf("moderation: select ready: %w", err)
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (row, error) { return scan(r) })
}

// selectForStep locks an escalation for one step; ErrUnknown while another instance has it, or when it is over.
func selectForStep(ctx context.Context, q pg.Querier, id EscalationID) (row, error) {
	return one("lock for step", q.QueryRow(ctx, `select `+columns+` from moderation_escalations e
		where e.id = $1 and e.state <> 'closed' for update skip locked`, id))
}

func selectWebhook(ctx context.Context, q pg.Querier, service account.ServiceID) (address string, err error) {
	err = q.QueryRow(ctx, `select coalesce((select webhook_url from moderation_settings where service_id = $1), '')`, service).Scan(&address)
	if err != nil {
		return "", fmt.Errorf("moderation: select webhook: %w", pg.Classify(err))
	}
	return address, nil
}

func upsertWebhook(ctx context.Context, q pg.Querier, service account.ServiceID, url string, s seal.Alone) error {
	_, err := q.Exec(ctx, `insert into moderation_settings (service_id, webhook_url, webhook_secret, secret_wrapped, secret_key_id)
		values ($1, $2, $3, $4, nullif($5, ''))
		on conflict (service_id) do update set webhook_url = excluded.webhook_url, webhook_secret = excluded.webhook_secret,
			secret_wrapped = excluded.secret_wrapped, secret_key_id = excluded.secret_key_id`, service, url, s.Text, s.Wrapped, s.KeyID)
	if err != nil {
		return fmt.Errorf("moderation: set webhook: %w", err)
	}
	return nil
}
