package account

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/internal/pg"
)

// A session s of account a holds while this is true.
const sessionHolds = `s.ends_at > now() and s.seen_at + s.idle > now() and a.disabled_at is null and ` + notSuspended

type sessionRow struct {
	actor  Actor
	data   map[string]string
	endsAt time.Time
}

// selectSessionByToken also notes that the session was seen, at most once a minute so that reading a page seldom writes.
func selectSessionByToken(ctx context.Context, q pg.Querier, tokenHash []byte) (r sessionRow, err error) {
	a := &r.actor
	err = q.QueryRow(ctx, `with found as (
			select s.id, s.service_id, s.account_id, s.data, s.ends_at, s.seen_at, a.role, a.alias, a.locale
			from account_sessions s join account_accounts a on a.id = s.account_id
			where s.token_hash = $1 and `+sessionHolds+`
		), seen as (
			update account_sessions s set seen_at = now() from found f where s.id = f.id and f.seen_at < now() - interval '1 minute'
		)
		select id, service_id, account_id, data, ends_at, role, alias, locale from found`, tokenHash).
		Scan(&a.Session, &a.Service, &a.ID, &r.data, &r.endsAt, &a.Role, &a.Alias, &a.Locale)
	return r, read(err, ErrSessionOver, "select session")
}

func selectLiveSessions(ctx context.Context, q pg.Querier, sessions []SessionID) (map[SessionID]Actor, error) {
	rows, err := q.Query(ctx, `with found as (
			select s.id, s.service_id, s.account_id, s.seen_at, a.role, a.alias, a.locale
			from account_sessions s join account_accounts a on a.id = s.account_id
			where s.id = any($1) and `+sessionHolds+`
		), seen as (
			update account_sessions s set seen_at = now() from found f where s.id = f.id and f.seen_at < now() - interval '1 minute'
		)
		select id, service_id, account_id, role, alias, locale from found`, sessions)
	if err != nil {
		return nil, read(err, nil, "select live sessions")
	}
	living := make(map[SessionID]Actor, len(sessions))
	var a Actor
	_, err = pgx.ForEachRow(rows, []any{&a.Session, &a.Service, &a.ID, &a.Role, &a.Alias, &a.Locale}, func() error {
		living[a.Session] = a
		return nil
	})
	return living, read(err, nil, "select live sessions")
}

// insertSession makes a session of an enabled account; ErrSessionOver when it is disabled, suspended or gone.
func insertSession(ctx context.Context, q pg.Querier, s SessionID, account ID, role Role, tokenHash []byte, data map[string]string) error {
	l := lifetimeOf(role)
	tag, err := q.Exec(ctx, `insert into account_sessions (id, service_id, account_id, token_hash, data, idle, ends_at)
		select $1, a.service_id, a.id, $4, $5, $6, now() + $7::interval
		from account_accounts a where a.id = $2 and a.role = $3 and a.disabled_at is null and `+notSuspended,
		s, account, role, tokenHash, data, l.idle, l.whole)
	if err == nil && tag.RowsAffected() == 0 {
		return ErrSessionOver
	}
	return wrote(err, "insert session", nil)
}

func selectRole(ctx context.Context, q pg.Querier, account ID) (role Role, err error) {
	err = q.QueryRow(ctx, `select role from account_accounts where id = $1`, account).Scan(&role)
	return role, read(err, ErrSessionOver, "select role")
}

func updateSessionData(ctx context.Context, q pg.Querier, tokenHash []byte, data map[string]string) error {
	_, err := q.Exec(ctx, `update account_sessions set data = $2 where token_hash = $1`, tokenHash, data)
	return wrote(err, "update session", nil)
}

func deleteSession(ctx context.Context, q pg.Querier, id SessionID) (account ID, err error) {
	err = q.QueryRow(ctx, `delete from account_sessions where id = $1 returning account_id`, id).Scan(&account)
	return account, read(err, ErrSessionOver, "delete session")
}

func deleteSessionByToken(ctx context.Context, q pg.Querier, tokenHash []byte) (account ID, err error) {
	err = q.QueryRow(ctx, `delete from account_sessions where token_hash = $1 returning account_id`, tokenHash).Scan(&account)
	return account, read(err, ErrSessionOver, "delete session")
}

func deleteSessionsOf(ctx context.Context, q pg.Querier, service ServiceID, account ID) error {
	_, err := q.Exec(ctx, `delete from account_sessions where service_id = $1 and account_id = $2`, service, account)
	return wrote(err, "delete sessions", nil)
}

// deleteSessionsOver clears some that have ended. Others may be clearing too: nobody waits.
func deleteSessionsOver(ctx context.Context, q pg.Querier) error {
	_, err := q.Exec(ctx, `delete from account_sessions where id in (
		select id from account_sessions where ends_at < now() order by ends_at limit 20 for update skip locked)`)
	return wrote(err, "delete ended sessions", nil)
}
