package roster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/ids"
	"ponti/internal/pg"
)

func insertDuty(ctx context.Context, q pg.Querier, a account.Actor) error {
	_, err := q.Exec(ctx, `insert into roster_duties (id, service_id, account_id, role) values ($1, $2, $3, $4)`,
		ids.New[Duty](), a.Service, a.ID, string(a.Role))
	if pg.Constraint(err) == "roster_duties_one_open" {
		return ErrAlreadyOn
	}
	if err != nil {
		return fmt.Errorf("roster: insert duty: %w", err)
	}
	return nil
}

func updateDutyEnded(ctx context.Context, q pg.Querier, who account.ID) error {
	tag, err := q.Exec(ctx, `update roster_duties set ended_at = now(), ended_by = 'self'
		where account_id = $1 and ended_at is null`, who)
	if err != nil {
		return fmt.Errorf("roster: end duty: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return ErrNotOn
	}
	return nil
}

func updateHeartbeats(ctx context.Context, q pg.Querier, beats []Beat) error {
	who, ago := make([]account.ID, len(beats)), make([]float64, len(beats))
	for i, b := range beats {
		who[i], ago[i] = b.Account, b.Ago.Seconds()
	}
	_, err := q.Exec(ctx, `with heard as (
			select d.id, b.ago from unnest($1::uuid[], $2::float8[]) as b (account_id, ago)
				join roster_duties d on d.account_id = b.account_id and d.ended_at is null and d.heartbeat_at > now() - make_interval(secs => $3)
			for update of d skip locked)
		update roster_duties d set heartbeat_at = greatest(d.heartbeat_at, now() - make_interval(secs => heard.ago)) from heard where d.id = heard.id`,
		who, ago, silentFor.Seconds())
	if err != nil {
		return fmt.Errorf("roster: heartbeat: %w", err)
	}
	return nil
}

func updateSilentDutyOf(ctx context.Context, q pg.Querier, who account.ID) error {
	_, err := q.Exec(ctx, `update roster_duties set ended_at = heartbeat_at, ended_by = 'silence'
		where account_id = $1 and ended_at is null and heartbeat_at <= now() - make_interval(secs => $2)`, who, silentFor.Seconds())
	if err != nil {
		return fmt.Errorf("roster: end own silent duty: %w", err)
	}
	return nil
}

// updateSilentDuties ends what no heartbeat was heard of, as of the last heartbeat, and returns the services concerned.
func updateSilentDuties(ctx context.Context, q pg.Querier) ([]account.ServiceID, error) {
	rows, err := q.Query(ctx, `update roster_duties set ended_at = heartbeat_at, ended_by = 'silence'
		where id in (select id from roster_duties where ended_at is null and heartbeat_at <= now() - make_interval(secs => $1)
			order by heartbeat_at limit 100 for update skip locked)
		returning service_id`, silentFor.Seconds())
	if err != nil {
		return nil, fmt.Errorf("roster: end silent duties: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[account.ServiceID])
}

func selectOpenDuty(ctx context.Context, q pg.Querier, who account.ID) (since time.Time, err error) {
	err = q.QueryRow(ctx, `select started_at from roster_duties
		where account_id = $1 and ended_at is null and heartbeat_at > now() - make_interval(secs => $2)`, who, silentFor.Seconds()).Scan(&since)
	if errors.Is(err, pgx.ErrNoRows) {
		return since, ErrNotOn
	}
	return since, err
}

func selectOpenDuties(ctx context.Context, q pg.Querier, service account.ServiceID) ([]Duty, error) {
	rows, err := q.Query(ctx, `select account_id, role, started_at, heartbeat_at > now() - make_interval(secs => $2) from roster_duties
		where service_id = $1 and ended_at is null and heartbeat_at > now() - make_interval(secs => $3)
		order by started_at, account_id`, service, onCallFor.Seconds(), silentFor.Seconds())
	if err != nil {
		return nil, fmt.Errorf("roster: select duties: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (d Duty, err error) {
		return d, row.Scan(&d.Account, &d.Role, &d.Since, &d.OnCall)
	})
}

func insertShift(ctx context.Context, q pg.Querier, by account.Actor, s Shift) error {
	_, err := q.Exec(ctx, `insert into roster_shifts (id, service_id, account_id, role, starts_at, ends_at, planned_by)
		values ($1, $2, $3, $4, $5, $6, $7)`, s.ID, by.Service, s.Account, string(s.Role), s.From, s.To, by.ID)
	switch pg.Constraint(err) {
	case "roster_shifts_one_start":
		return ErrSameStart
	case "roster_shifts_account": // an account of another service
		return ErrNotStaff
	}
	if err != nil {
		return fmt.Errorf("roster: insert shift: %w", err)
	}
	return nil
}

func deleteShift(ctx context.Context, q pg.Querier, service account.ServiceID, id ShiftID) error {
	tag, err := q.Exec(ctx, `delete from roster_shifts where service_id = $1 and id = $2`, service, id)
	if err != nil {
		return fmt.Errorf("roster: delete shift: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return ErrShiftUnknown
	}
	return nil
}

const shiftColumns = `id, account_id, role, starts_at, ends_at`

func collectShifts(rows pgx.Rows) ([]Shift, error) {
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (s Shift, err error) {
		return s, row.Scan(&s.ID, &s.Account, &s.Role, &s.From, &s.To)
	})
}

func selectShiftsBetween(ctx context.Context, q pg.Querier, service account.ServiceID, from, to time.Time) ([]Shift, error) {
	rows, err := q.Query(ctx, `select `+shiftColumns+` from roster_shifts
		where service_id = $1 and ends_at > $2 and starts_at < $3 order by starts_at, id limit 1000`, service, from, to)
	if err != nil {
		return nil, fmt.Errorf("roster: select shifts: %w", err)
	}
	return collectShifts(rows)
}

// selectShiftsAround reads the shifts that ended within the last day or have not ended, within the next two months, by their
// start, and the database's now.
func selectShiftsAround(ctx context.Context, q pg.Querier, service account.ServiceID) (now time.Time, list []Shift, err error) {
	rows, err := q.Query(ctx, `select `+shiftColumns+`, now() from roster_shifts
		where service_id = $1 and ends_at > now() - interval '24 hours' and starts_at < now() + interval '62 days' order by starts_at, id limit 1000`, service)
	if err != nil {
		return now, nil, fmt.Errorf("roster: select shifts around: %w", err)
	}
	list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (s Shift, err error) {
		return s, row.Scan(&s.ID, &s.Account, &s.Role, &s.From, &s.To, &now)
	})
	return now, list, err
}

// selectShiftsOf reads an account's shifts that have not ended, the next few, and the database's now.
func selectShiftsOf(ctx context.Context, q pg.Querier, who account.ID) (now time.Time, list []Shift, err error) {
	rows, err := q.Query(ctx, `select `+shiftColumns+`, now() from roster_shifts
		where account_id = $1 and ends_at > now() order by starts_at, id limit 5`, who)
	if err != nil {
		return now, nil, fmt.Errorf("roster: select own shifts: %w", err)
	}
	list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (s Shift, err error) {
		return s, row.Scan(&s.ID, &s.Account, &s.Role, &s.From, &s.To, &now)
	})
	return now, list, err
}
