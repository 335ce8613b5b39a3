package account

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/internal/ids"
	"ponti/internal/pg"
)

// hasAdminLocked also locks the service's row, so that who makes its first administrator makes it alone.
func hasAdminLocked(ctx context.Context, q pg.Querier, service ServiceID) (has bool, err error) {
	var id ServiceID
	err = q.QueryRow(ctx, `select id from account_services where id = $1 for update`, service).Scan(&id)
	if err != nil {
		return false, read(err, ErrUnknownService, "lock service")
	}
	// A statement of its own: it sees what was committed while the lock was waited for.
	err = q.QueryRow(ctx, `select exists (select from account_accounts where service_id = $1 and role = 'admin')`, service).Scan(&has)
	return has, read(err, nil, "select admin")
}

func insertFirstAdminToken(ctx context.Context, q pg.Querier, service ServiceID, hash []byte, life time.Duration) error {
	_, err := q.Exec(ctx, `insert into account_first_admins (token_hash, service_id, expires_at) values ($1, $2, now() + $3::interval)`, hash, service, life)
	return wrote(err, "insert first admin token", nil)
}

// deleteFirstAdminTokens spends all of a service's tokens if this one holds; ErrTokenSpent otherwise.
func deleteFirstAdminTokens(ctx context.Context, q pg.Querier, service ServiceID, hash []byte) error {
	tag, err := q.Exec(ctx, `delete from account_first_admins where service_id = $1
		and exists (select from account_first_admins where service_id = $1 and token_hash = $2 and expires_at > now())`, service, hash)
	if err == nil && tag.RowsAffected() == 0 {
		return ErrTokenSpent
	}
	return wrote(err, "delete first admin tokens", nil)
}

func insertInvitation(ctx context.Context, q pg.Querier, id ids.ID[Invite], actor Actor, in Invite, hash []byte, life time.Duration) error {
	_, err := q.Exec(ctx, `insert into account_invitations (id, service_id, role, alias, token_hash, invited_by, expires_at)
		values ($1, $2, $3, $4, $5, $6, now() + $7::interval)`, id, actor.Service, in.Role, in.Alias, hash, actor.ID, life)
	return wrote(err, "insert invitation", nil)
}

func selectInvitation(ctx context.Context, q pg.Querier, service ServiceID, hash []byte) (in Invite, err error) {
	err = q.QueryRow(ctx, `select role, alias from account_invitations
		where service_id = $1 and token_hash = $2 and used_at is null and expires_at > now()`, service, hash).Scan(&in.Role, &in.Alias)
	return in, read(err, ErrNotFound, "select invitation")
}

// lockInvitation takes an invitation that still holds; ErrTokenSpent otherwise, also for the second of two at once.
func lockInvitation(ctx context.Context, q pg.Querier, service ServiceID, hash []byte, role Role) error {
	var id ids.ID[Invite]
	err := q.QueryRow(ctx, `select id from account_invitations
		where service_id = $1 and token_hash = $2 and role = $3 and used_at is null and expires_at > now() for update`, service, hash, role).Scan(&id)
	return read(err, ErrTokenSpent, "lock invitation")
}

func updateInvitationUsed(ctx context.Context, q pg.Querier, service ServiceID, hash []byte, by ID) error {
	_, err := q.Exec(ctx, `update account_invitations set used_by = $3, used_at = now() where service_id = $1 and token_hash = $2`, service, hash, by)
	return wrote(err, "use invitation", nil)
}

func upsertTutor(ctx context.Context, q pg.Querier, actor Actor, esp, tutor ID) error {
	tag, err := q.Exec(ctx, `insert into account_tutors (service_id, esp_id, esp_role, tutor_id, assigned_by)
		select $1, e.id, e.role, t.id, $4 from account_accounts e, account_accounts t
		where e.service_id = $1 and e.id = $2 and e.disabled_at is null and t.service_id = $1 and t.id = $3 and t.disabled_at is null
		on conflict on constraint account_tutors_one_each
		do update set tutor_id = excluded.tutor_id, assigned_by = excluded.assigned_by, assigned_at = now()`, actor.Service, esp, tutor, actor.ID)
	if err == nil && tag.RowsAffected() == 0 {
		return ErrTutorUnfit
	}
	return wrote(err, "assign tutor", map[string]error{
		"account_tutors_esp_is_peer": ErrTutorUnfit, "account_tutors_tutor": ErrTutorUnfit, "account_tutors_esp": ErrTutorUnfit,
	})
}

func selectTutorOf(ctx context.Context, q pg.Querier, esp ID) (tutor ID, err error) {
	err = q.QueryRow(ctx, `select t.tutor_id from account_tutors t join account_accounts a on a.id = t.tutor_id
		where t.esp_id = $1 and a.disabled_at is null`, esp).Scan(&tutor)
	return tutor, read(err, ErrNoTutor, "select tutor")
}

func selectStaff(ctx context.Context, q pg.Querier, service ServiceID) ([]Member, error) {
	rows, err := q.Query(ctx, `select a.id, a.alias, a.role, t.tutor_id, a.created_at, a.disabled_at, coalesce(r.kind, ''), r.asked_by
		from account_accounts a
		left join account_tutors t on t.esp_id = a.id
		left join account_requests r on r.account_id = a.id and r.about = '' and r.asked_at > now() - $2::interval
		where a.service_id = $1 and a.role in ('esp', 'senior', 'tutor', 'admin', 'auditor')
		order by a.disabled_at is not null, a.role, a.alias_key`, service, requestLife)
	if err != nil {
		return nil, read(err, nil, "select staff")
	}
	staff, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (m Member, err error) {
		return m, row.Scan(&m.ID, &m.Alias, &m.Role, &m.Tutor, &m.CreatedAt, &m.DisabledAt, &m.Asked, &m.AskedBy)
	})
	return staff, read(err, nil, "select staff")
}

func selectWithRole(ctx context.Context, q pg.Querier, service ServiceID, role Role) ([]ID, error) {
	rows, err := q.Query(ctx, `select id from account_accounts where service_id = $1 and role = $2 and disabled_at is null order by id`, service, role)
	if err != nil {
		return nil, read(err, nil, "select with role")
	}
	who, err := pgx.CollectRows(rows, pgx.RowTo[ID])
	return who, read(err, nil, "select with role")
}

// change is what two people ask for.
type change struct {
	id    ID
	kind  string // "disable" or "enable"
	about string // the case because of which; empty: none
}

// selectRequestBy is who asked for this change first and not too long ago; zero when nobody has.
func selectRequestBy(ctx context.Context, q pg.Querier, service ServiceID, c change, life time.Duration) (by ID, err error) {
	err = q.QueryRow(ctx, `select (select asked_by from account_requests
		where service_id = $1 and account_id = $2 and kind = $3 and about = $5 and asked_at > now() - $4::interval)`, service, c.id, c.kind, life, c.about).Scan(&by)
	return by, read(err, nil, "select request")
}

func upsertRequest(ctx context.Context, q pg.Querier, actor Actor, c change, reason string) error {
	_, err := q.Exec(ctx, `insert into account_requests (account_id, service_id, kind, reason, asked_by, about) values ($1, $2, $3, $4, $5, $6)
		on conflict on constraint account_requests_once
		do update set kind = excluded.kind, reason = excluded.reason, asked_by = excluded.asked_by, asked_at = now()`,
		c.id, actor.Service, c.kind, reason, actor.ID, c.about)
	return wrote(err, "ask", map[string]error{"account_requests_not_oneself": ErrNotYourself})
}

// updateDisabled does what two people asked for, and forgets that it was asked. An account stays disabled while another case has it so.
func updateDisabled(ctx context.Context, q pg.Querier, service ServiceID, c change) error {
	_, err := q.Exec(ctx, `delete from account_requests where service_id = $1 and account_id = $2 and about = $3`, service, c.id, c.about)
	if err == nil && c.kind == "disable" {
		_, err = q.Exec(ctx, `insert into account_exclusions (service_id, account_id, about) values ($1, $2, $3) on conflict do nothing`, service, c.id, c.about)
	} else if err == nil {
		_, err = q.Exec(ctx, `delete from account_exclusions where service_id = $1 and account_id = $2 and about in ($3, '')`, service, c.id, c.about)
	}
	if err == nil {
		_, err = q.Exec(ctx, `update account_accounts a set disabled_at = case when exists (select from account_exclusions e where e.account_id = a.id) then coalesce(disabled_at, now()) end
			where service_id = $1 and id = $2`, service, c.id)
	}
	return wrote(err, "update disabled", map[string]error{"account_accounts_erased_whole": ErrNotFound}) // its owner has erased it
}
