package forum

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
	"ponti/internal/seal"
)

// selectWhen is what somebody chose, or what holds for who chose nothing. With lock, one window of an account changes how it is told at a time.
func selectWhen(ctx context.Context, q pg.Querier, a account.Actor, lock bool) (w When, err error) {
	if lock {
		if _, err := q.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('forum digest ' || $1::text, 0))`, a.ID); err != nil {
			return w, err
		}
	}
	err = q.QueryRow(ctx, `select every, weekday, hour, quiet_from, quiet_to from forum_digests where account_id = $1 and service_id = $2`, a.ID, a.Service).Scan(w.fields()...)
	if errors.Is(err, pgx.ErrNoRows) {
		return When{Every: EveryNever, Weekday: time.Monday, Hour: 9}, nil
	}
	return w, err
}

func (w *When) fields() []any {
	return []any{&w.Every, &w.Weekday, &w.Hour, &w.Quiet.From, &w.Quiet.To}
}

func upsertWhen(ctx context.Context, q pg.Querier, a account.Actor, w When) error {
	_, err := q.Exec(ctx, `insert into forum_digests (account_id, service_id, every, weekday, hour, quiet_from, quiet_to) values ($1, $2, $3, $4, $5, $6, $7)
		on conflict (account_id) do update set every = excluded.every, weekday = excluded.weekday, hour = excluded.hour, quiet_from = excluded.quiet_from, quiet_to = excluded.quiet_to`,
		a.ID, a.Service, w.Every, int(w.Weekday), w.Hour, w.Quiet.From, w.Quiet.To)
	return err
}

// wayRow is a way as it is stored.
type wayRow struct {
	Way
	sealed seal.Alone
	mark   []byte
	now    time.Time // of the database
}

func selectWays(ctx context.Context, q pg.Querier, a account.Actor) ([]wayRow, error) {
	rows, err := q.Query(ctx, `select id, channel, confirmed_at is not null, told_at, failed, key_id, key_wrapped, way_sealed, mark, now()
		from forum_digest_ways where account_id = $1 and service_id = $2 order by channel, asked_at, id`, a.ID, a.Service)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (r wayRow, err error) {
		return r, row.Scan(&r.ID, &r.Channel, &r.Confirmed, &r.ToldAt, &r.Failed, &r.sealed.KeyID, &r.sealed.Wrapped, &r.sealed.Text, &r.mark, &r.now)
	})
}

// newWay is a way about to be stored.
type newWay struct {
	ID             WayID
	channel        Channel
	mark           []byte
	sealed         seal.Alone
	locale         string
	confirm, leave string // of mail
}

func insertWay(ctx context.Context, q pg.Querier, a account.Actor, n newWay) error {
	var confirm, leave []byte
	if n.channel == ByMail {
		confirm, leave = letterMark(n.confirm), letterMark(n.leave)
	}
	_, err := q.Exec(ctx, `with asked as (insert into forum_digest_asked (way_id, service_id, account_id, mark) select $1, $2, $3, $5 where $10::bytea is not null)
		insert into forum_digest_ways (id, service_id, account_id, channel, mark, key_id, key_wrapped, way_sealed, locale, confirm_mark, leave_mark, confirmed_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, case when $10::bytea is null then now() end)`,
		n.ID, a.Service, a.ID, n.channel, n.mark, n.sealed.KeyID, n.sealed.Wrapped, n.sealed.Text, n.locale, confirm, leave)
	return err
}

// countAsked counts the letters of a day that asked whether an address is right: of an account, and by others to one address. One window of an account asks at a time.
func countAsked(ctx context.Context, q pg.Querier, a account.Actor, mark []byte) (own, others int, err error) {
	if _, err = q.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('forum digest ' || $1::text, 0))`, a.ID); err != nil {
		return 0, 0, err
	}
	err = q.QueryRow(ctx, `select count(*) filter (where account_id = $1), count(*) filter (where account_id <> $1) from forum_digest_asked
		where at > now() - interval '1 day' and (account_id = $1 or mark = $2)`, a.ID, mark).Scan(&own, &others)
	return own, others, err
}

// deleteWaiting forgets an address that waits to be confirmed: its letter's link is of no use any more.
func deleteWaiting(ctx context.Context, q pg.Querier, a account.Actor) error {
	_, err := q.Exec(ctx, `delete from forum_digest_ways where account_id = $1 and service_id = $2 and confirm_mark is not null`, a.ID, a.Service)
	return err
}

// deleteAskedWay takes back what no mail server took.
func deleteAskedWay(ctx context.Context, q pg.Querier, a account.Actor, id WayID) error {
	_, err := q.Exec(ctx, `with asked as (delete from forum_digest_asked where way_id = $1 and account_id = $2)
		delete from forum_digest_ways where id = $1 and account_id = $2 and service_id = $3`, id, a.ID, a.Service)
	return err
}

// selectAsking is whose address waits for a link.
func selectAsking(ctx context.Context, q pg.Querier, s account.ServiceID, mark []byte) (who account.Actor, err error) {
	who.Service = s
	err = q.QueryRow(ctx, `select account_id from forum_digest_ways where service_id = $1 and confirm_mark = $2 and asked_at > now() - $3::interval`, s, mark, confirmFor).Scan(&who.ID)
	return who, one(err)
}

// updateWayConfirmed takes a link once. What is written from now on is new to it.
func updateWayConfirmed(ctx context.Context, q pg.Querier, who account.Actor, mark []byte) (r wayRow, err error) {
	err = q.QueryRow(ctx, `update forum_digest_ways set confirm_mark = null, confirmed_at = now(), told_until = now()
		where service_id = $1 and account_id = $2 and confirm_mark = $3 returning id, now()`, who.Service, who.ID, mark).Scan(&r.ID, &r.now)
	return r, one(err)
}

func deleteOtherMail(ctx context.Context, q pg.Querier, a account.Actor, but WayID) error {
	_, err := q.Exec(ctx, `delete from forum_digest_ways where account_id = $1 and service_id = $2 and channel = 'mail' and id <> $3`, a.ID, a.Service, but)
	return err
}

func deleteWayByLeave(ctx context.Context, q pg.Querier, s account.ServiceID, mark []byte) error {
	_, err := q.Exec(ctx, `delete from forum_digest_ways where service_id = $1 and leave_mark = $2`, s, mark)
	return err
}

func deleteWay(ctx context.Context, q pg.Querier, a account.Actor, id WayID) error {
	_, err := q.Exec(ctx, `delete from forum_digest_ways where id = $1 and account_id = $2 and service_id = $3`, id, a.ID, a.Service)
	return err
}

// updateWayDue says when a way is told next; the zero time: not at all. To one that was told nothing, only what is written from now on is new.
func updateWayDue(ctx context.Context, q pg.Querier, id WayID, due time.Time) error {
	_, err := q.Exec(ctx, `update forum_digest_ways set due_at = $2, tries = 0, told_until = case when due_at is null then now() else told_until end where id = $1`, id, instant(due))
	return err
}

// instant is nil for the zero time.
func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func selectNow(ctx context.Context, q pg.Querier) (now time.Time, err error) {
	err = q.QueryRow(ctx, `select now()`).Scan(&now)
	return now, err
}

func deleteUnconfirmed(ctx context.Context, q pg.Querier) error {
	_, err := q.Exec(ctx, `with old as (delete from forum_digest_asked where at < now() - interval '1 day')
		delete from forum_digest_ways where confirm_mark is not null and asked_at < now() - $1::interval`, confirmFor)
	return err
}

// deleteDigests forgets how somebody was told.
func deleteDigests(ctx context.Context, q pg.Querier, a account.Actor) error {
	_, err := q.Exec(ctx, `with ways as (delete from forum_digest_ways where account_id = $1 and service_id = $2),
			asked as (delete from forum_digest_asked where account_id = $1 and service_id = $2)
		delete from forum_digests where account_id = $1 and service_id = $2`, a.ID, a.Service)
	return err
}
