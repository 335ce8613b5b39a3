package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/internal/pg"
)

// read gives the one row a query finds, or missing when it finds none.
func read(err, missing error, op string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, pgx.ErrNoRows):
		return missing
	}
	return fmt.Errorf("account: %s: %w", op, pg.Classify(err))
}

// wrote wraps the error of a write, and gives the domain error of a constraint that refused.
func wrote(err error, op string, refused map[string]error) error {
	if err == nil {
		return nil
	}
	if domain, ok := refused[pg.Constraint(err)]; ok {
		return domain
	}
	return fmt.Errorf("account: %s: %w", op, pg.Classify(err))
}

func selectKnowsZone(ctx context.Context, q pg.Querier, name string) (is bool, err error) {
	err = q.QueryRow(ctx, `select exists (select from pg_timezone_names where name = $1)`, name).Scan(&is)
	return is, read(err, ErrNotFound, "select zone")
}

func insertService(ctx context.Context, q pg.Querier, id ServiceID, n NewService) error {
	_, err := q.Exec(ctx, `insert into account_services (id, name, host, locale, time_zone, numbers, webhook_url)
		values ($1, $2, lower($3), $4, $5, $6, $7)`, id, n.Name, n.Host, n.Locale, n.TimeZone, n.Numbers, n.WebhookURL)
	return wrote(err, "insert service", map[string]error{"account_services_host_once": ErrHostTaken})
}

func selectServices(ctx context.Context, q pg.Querier) ([]Service, error) {
	rows, err := q.Query(ctx, `select id, name, host, locale, time_zone, numbers, numbers_confirmed_at, webhook_url, hold_first, hold_uncovered, conversation_minutes,
			keep_guest_hours, keep_member_months, keep_flagged_months
		from account_services order by created_at, id`)
	if err != nil {
		return nil, read(err, nil, "select services")
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (s Service, err error) {
		var zone string
		var minutes int
		if err := row.Scan(&s.ID, &s.Name, &s.Host, &s.Locale, &zone, &s.Numbers, &s.NumbersConfirmedAt, &s.WebhookURL, &s.Holding.First, &s.Holding.Uncovered, &minutes,
			&s.Keeping.GuestHours, &s.Keeping.MemberMonths, &s.Keeping.FlaggedMonths); err != nil {
			return s, err
		}
		s.Conversation = time.Duration(minutes) * time.Minute
		s.TimeZone, err = time.LoadLocation(zone)
		return s, err
	})
	return list, read(err, nil, "select services")
}

func updateConversation(ctx context.Context, q pg.Querier, service ServiceID, minutes int) error {
	_, err := q.Exec(ctx, `update account_services set conversation_minutes = $2 where id = $1`, service, minutes)
	return wrote(err, "update conversation", nil)
}

func selectConversation(ctx context.Context, q pg.Querier, service ServiceID) (time.Duration, error) {
	var minutes int
	err := q.QueryRow(ctx, `select conversation_minutes from account_services where id = $1`, service).Scan(&minutes)
	return time.Duration(minutes) * time.Minute, read(err, ErrUnknownService, "select conversation")
}

func updateKeeping(ctx context.Context, q pg.Querier, service ServiceID, k Keeping) error {
	_, err := q.Exec(ctx, `update account_services set keep_guest_hours = $2, keep_member_months = $3, keep_flagged_months = $4 where id = $1`,
		service, k.GuestHours, k.MemberMonths, k.FlaggedMonths)
	return wrote(err, "update keeping", nil)
}

func updateHolding(ctx context.Context, q pg.Querier, service ServiceID, h Holding) error {
	_, err := q.Exec(ctx, `update account_services set hold_first = $2, hold_uncovered = $3 where id = $1`, service, h.First, h.Uncovered)
	return wrote(err, "update holding", nil)
}

func updateNumbers(ctx context.Context, q pg.Querier, service ServiceID, numbers []Number) error {
	_, err := q.Exec(ctx, `update account_services set numbers = $2, numbers_confirmed_at = null where id = $1`, service, numbers)
	return wrote(err, "update numbers", nil)
}

func updateNumbersConfirmed(ctx context.Context, q pg.Querier, service ServiceID) error {
	_, err := q.Exec(ctx, `update account_services set numbers_confirmed_at = now() where id = $1`, service)
	return wrote(err, "confirm numbers", nil)
}

func insertAccount(ctx context.Context, q pg.Querier, n newAccount) error {
	_, err := q.Exec(ctx, `insert into account_accounts (id, service_id, role, alias, alias_key, password_hash, recovery_hash, locale)
		values ($1, $2, $3, $4, $5, nullif($6, ''), $7, $8)`,
		n.id, n.service, n.role, n.alias, n.aliasKey, n.passwordHash, n.recoveryHash, n.locale)
	return wrote(err, "insert account", map[string]error{"account_accounts_alias_once": ErrAliasTaken})
}

func insertConsent(ctx context.Context, q pg.Querier, service ServiceID, id ID, version string) error {
	_, err := q.Exec(ctx, `insert into account_consents (account_id, service_id, version) values ($1, $2, $3)`, id, service, version)
	return wrote(err, "insert consent", nil)
}

func selectAliasKeys(ctx context.Context, q pg.Querier, service ServiceID, keys []string) ([]string, error) {
	rows, err := q.Query(ctx, `select alias_key from account_accounts where service_id = $1 and alias_key = any($2)`, service, keys)
	if err != nil {
		return nil, read(err, nil, "select aliases")
	}
	taken, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return taken, read(err, nil, "select aliases")
}

func selectPublic(ctx context.Context, q pg.Querier, accounts []ID) (map[ID]Public, error) {
	rows, err := q.Query(ctx, `select id, alias, role from account_accounts where id = any($1)`, accounts)
	if err != nil {
		return nil, read(err, nil, "select public")
	}
	found := make(map[ID]Public, len(accounts))
	return found, read(scanPublic(rows, found), nil, "select public")
}

// queuePublic is selectPublic of the accounts that a query gives. They are made an array first, so that each is looked for once, by the index.
func queuePublic(b *pgx.Batch, into map[ID]Public, named string, args []any) {
	b.Queue(`select id, alias, role from account_accounts where id = any(array(`+named+`))`, args...).Query(func(rows pgx.Rows) error {
		return scanPublic(rows, into)
	})
}

func scanPublic(rows pgx.Rows, into map[ID]Public) error {
	var id ID
	var p Public
	_, err := pgx.ForEachRow(rows, []any{&id, &p.Alias, &p.Role}, func() error {
		into[id] = p
		return nil
	})
	return err
}

// lockAccount takes the row of an account of the service; ErrNotFound otherwise.
func lockAccount(ctx context.Context, q pg.Querier, service ServiceID, id ID) error {
	var got ID
	err := q.QueryRow(ctx, `select id from account_accounts where service_id = $1 and id = $2 for update`, service, id).Scan(&got)
	return read(err, ErrNotFound, "lock account")
}

type credentials struct {
	id           ID
	role         Role
	passwordHash string
	disabled     bool
	suspended    time.Duration // for so long; 0 when not
}

// selectCredentials gives ErrNotFound with empty credentials: the caller goes on as if it had found some.
func selectCredentials(ctx context.Context, q pg.Querier, service ServiceID, aliasKey string) (c credentials, err error) {
	err = q.QueryRow(ctx, `select id, role, coalesce(password_hash, ''), disabled_at is not null, greatest(coalesce(suspended_until - now(), interval '0'), interval '0')
		from account_accounts where service_id = $1 and alias_key = $2`, service, aliasKey).
		Scan(&c.id, &c.role, &c.passwordHash, &c.disabled, &c.suspended)
	return c, read(err, ErrNotFound, "select credentials")
}

// updateRecovered swaps password and recovery code of the account whose alias and code these are; ErrNotFound otherwise.
func updateRecovered(ctx context.Context, q pg.Querier, service ServiceID, aliasKey string, code []byte, passwordHash string, nextCode []byte) (actor Actor, suspended time.Duration, err error) {
	actor.Service = service
	err = q.QueryRow(ctx, `update account_accounts set password_hash = $4, recovery_hash = $5
		where service_id = $1 and alias_key = $2 and recovery_hash = $3 and disabled_at is null
		returning id, role, greatest(coalesce(suspended_until - now(), interval '0'), interval '0')`,
		service, aliasKey, code, passwordHash, nextCode).Scan(&actor.ID, &actor.Role, &suspended)
	return actor, suspended, read(err, ErrNotFound, "recover")
}
