package moderation

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"ponti/internal/pg"
)

// selectViolations looks at every escalation there ever was, or at those that are open or were closed within a day.
func selectViolations(ctx context.Context, q pg.Querier, whole bool) ([]Violation, error) {
	rows, err := q.Query(ctx, `
		with late as (select id, state, owner_id, fence, level from moderation_escalations where state <> 'closed' union all
				select id, state, owner_id, fence, level from moderation_escalations where erased_at is null and closed_at > now() - interval '1 day'),
			looked as (select * from late union all
				select id, state, owner_id, fence, level from moderation_escalations where $1 and state = 'closed' and (erased_at is not null or closed_at <= now() - interval '1 day'))
		select 'overdue', 'escalation:' || id from moderation_escalations
			where state <> 'closed' and (due_at is null or due_at < now() - interval '10 seconds')
		union all
		select 'ownerless', 'escalation:' || e.id from moderation_escalations e where e.state = 'offered'
			and not exists (select from moderation_routes r where r.escalation_id = e.id and r.until is null)
			and not exists (select from moderation_notifications n where n.escalation_id = e.id and n.channel <> 'console')
		union all
		select 'ownerless', 'escalation:' || e.id from looked e where e.state in ('acknowledged', 'closed') and e.owner_id is null
		union all
		select 'undelivered', 'escalation:' || n.escalation_id from late join moderation_notifications n on n.escalation_id = late.id
			where n.state <> 'unconfigured' and n.channel in ('console', 'webhook')
			group by n.escalation_id, n.level, n.channel having count(*) filter (where n.state = 'sent') = 0 and min(n.created_at) < now() - interval '60 seconds'
		union all
		select distinct 'unreachable', 'service:' || n.service_id from moderation_notifications n
			join moderation_escalations e on e.id = n.escalation_id and e.state <> 'closed' where n.state = 'unconfigured'
		union all
		select 'history', 'escalation:' || e.id from looked e
			where e.fence <> (select coalesce(max(s.fence), 0) from moderation_steps s where s.escalation_id = e.id)
				or e.fence <> (select count(*) from moderation_steps s where s.escalation_id = e.id)
		union all
		select 'causeless', 'escalation:' || e.id from looked e
			where not exists (select from moderation_causes c where c.escalation_id = e.id)
		union all
		select 'too_low', 'escalation:' || e.id from looked e
			where exists (select from moderation_causes c where c.escalation_id = e.id and c.level > e.level)
		union all
		select 'unclaimed', 'case:' || c.id from moderation_cases c where c.state = 'open' and coalesce(c.claimed_until, c.opened_at) <= now()
			and (c.due_at < now() - interval '10 seconds'
				or c.level >= 'red' and c.due_at is null and not exists (select from moderation_causes k where k.service_id = c.service_id and k.kind = 'moderator' and k.ref = 'case/' || c.id))
		order by 1, 2`, whole)
	if err != nil {
		return nil, fmt.Errorf("moderation: check: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Violation])
}
