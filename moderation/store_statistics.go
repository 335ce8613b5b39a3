package moderation

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
	"ponti/moderation/triage"
)

type statisticsRow struct {
	level                                   triage.Level
	raised, acknowledged, climbed, reopened int
	median, slow                            time.Duration
	outcomes                                map[string]int
}

func selectStatistics(ctx context.Context, q pg.Querier, s account.ServiceID) ([]statisticsRow, error) {
	rows, err := q.Query(ctx, `with e as (
			select e.level, e.raised_at, e.outcome, s.acknowledged_at, coalesce(s.top, 0) > 1 as climbed, coalesce(s.reopened, false) as reopened
			from moderation_escalations e left join lateral (
				select min(at) filter (where kind = 'acknowledged') as acknowledged_at, max(rung) filter (where kind = 'rung') as top, bool_or(kind = 'reopened') as reopened
				from moderation_steps where escalation_id = e.id) s on true
			where e.service_id = $1 and e.raised_at >= now() - $2::interval),
		ends as (select level, jsonb_object_agg(outcome, n) as outcomes from (select level, outcome, count(*) as n from e where outcome is not null group by level, outcome) o group by level)
		select e.level::text, count(*), count(acknowledged_at), count(*) filter (where climbed), count(*) filter (where reopened),
			coalesce(percentile_cont(0.5) within group (order by acknowledged_at - raised_at), interval '0'),
			coalesce(percentile_cont(0.95) within group (order by acknowledged_at - raised_at), interval '0'),
			coalesce((select outcomes from ends where ends.level = e.level), '{}')
		from e group by e.level order by e.level desc`, s, StatisticsFor)
	if err != nil {
		return nil, fmt.Errorf("moderation: select statistics: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (r statisticsRow, err error) {
		var level string
		if err = row.Scan(&level, &r.raised, &r.acknowledged, &r.climbed, &r.reopened, &r.median, &r.slow, &r.outcomes); err != nil {
			return r, err
		}
		r.level, err = triage.ParseLevel(level)
		return r, err
	})
}
