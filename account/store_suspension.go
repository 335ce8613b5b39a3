package account

import (
	"context"
	"time"

	"ponti/internal/pg"
)

// notSuspended is the condition on an account a.
const notSuspended = `(a.suspended_until is null or a.suspended_until <= now())`

func updateSuspended(ctx context.Context, q pg.Querier, service ServiceID, id ID, d time.Duration) error {
	_, err := q.Exec(ctx, `update account_accounts set suspended_until = case when $3::interval > interval '0' then now() + $3::interval end
		where service_id = $1 and id = $2`, service, id, d)
	return wrote(err, "suspend", nil)
}

func selectExclusion(ctx context.Context, q pg.Querier, service ServiceID, id ID, about string) (disabled bool, askedBy ID, err error) {
	err = q.QueryRow(ctx, `select a.disabled_at is not null and exists (select from account_exclusions e where e.account_id = a.id and e.about in ($4, '')), r.asked_by from account_accounts a
		left join account_requests r on r.account_id = a.id and r.about = $4 and r.asked_at > now() - $3::interval
		where a.service_id = $1 and a.id = $2`, service, id, requestLife, about).Scan(&disabled, &askedBy)
	return disabled, askedBy, read(err, ErrNotFound, "select exclusion")
}
