package moderation

import (
	"context"
	"fmt"

	"ponti/account"
	"ponti/internal/pg"
)

func selectConcern(ctx context.Context, q pg.Querier, service account.ServiceID, kind SubjectKind, ids []string) (c Concern, err error) {
	err = q.QueryRow(ctx, `select coalesce(max(case when open then 2 else 1 end), 0) from (
			select state <> 'closed' as open from moderation_escalations where service_id = $1 and subject_kind = $2 and subject_id = any($3)
			union all
			select state = 'open' from moderation_cases where service_id = $1 and subject_kind = $2 and subject_id = any($3)) x`,
		service, string(kind), ids).Scan(&c)
	if err != nil {
		return NoConcern, fmt.Errorf("moderation: select concern: %w", err)
	}
	return c, nil
}

const eraseAtOnce = 500

// keptMonths is for how many months each service keeps what somebody had to look at.
type keptMonths struct {
	services []account.ServiceID
	months   []int
}

func updateEscalationsErased(ctx context.Context, q pg.Querier, kept keptMonths) error {
	_, err := q.Exec(ctx, `update moderation_escalations set erased_at = now(), note = null, note_wrapped = null, note_key_id = null, person_id = null, esp_id = null
		where id in (select e.id from moderation_escalations e join unnest($2::uuid[], $3::int[]) k (service_id, months) on k.service_id = e.service_id
			where e.erased_at is null and e.closed_at < now() - make_interval(months => k.months)
			order by e.closed_at limit $1 for update of e skip locked)`, eraseAtOnce, kept.services, kept.months)
	if err != nil {
		return fmt.Errorf("moderation: erase escalations: %w", err)
	}
	return nil
}

func deleteCases(ctx context.Context, q pg.Querier, kept keptMonths) error {
	_, err := q.Exec(ctx, `delete from moderation_cases where id in (select c.id from moderation_cases c join unnest($2::uuid[], $3::int[]) k (service_id, months) on k.service_id = c.service_id
		where c.state = 'decided' and not exists (select from moderation_cases a where a.appeal_of = c.id and a.state = 'open') and c.decided_at < now() - make_interval(months => k.months)
		order by c.decided_at limit $1 for update of c skip locked)`, eraseAtOnce, kept.services, kept.months)
	if err != nil {
		return fmt.Errorf("moderation: erase cases: %w", err)
	}
	return nil
}

func deleteNotices(ctx context.Context, q pg.Querier, who account.Actor) error {
	_, err := q.Exec(ctx, `delete from moderation_notices where account_id = $1 and service_id = $2`, who.ID, who.Service)
	if err != nil {
		return fmt.Errorf("moderation: erase notices: %w", err)
	}
	return nil
}

// updateNotesErased erases the notes of a reporter and the words of an appeal, and says whether none is left.
func updateNotesErased(ctx context.Context, q pg.Querier, who account.Actor) (all bool, err error) {
	_, err = q.Exec(ctx, `update moderation_reports r set note = null from moderation_cases c where c.id = r.case_id and c.state = 'decided'
		and r.reporter_id = $1 and r.service_id = $2`, who.ID, who.Service)
	if err == nil {
		_, err = q.Exec(ctx, `update moderation_cases set appeal = null where author_id = $1 and service_id = $2 and state = 'decided' and appeal is not null`, who.ID, who.Service)
	}
	if err == nil {
		err = q.QueryRow(ctx, `select not exists (select from moderation_reports where reporter_id = $1 and service_id = $2 and note is not null)
			and not exists (select from moderation_cases where author_id = $1 and service_id = $2 and appeal is not null)`, who.ID, who.Service).Scan(&all)
	}
	if err != nil {
		return false, fmt.Errorf("moderation: erase notes: %w", err)
	}
	return all, nil
}
