package moderation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
	"ponti/moderation/triage"
)

// selectQuiet reads the quiet hours of some.
func selectQuiet(ctx context.Context, q pg.Querier, who []account.ID) (list []quietOf, err error) {
	rows, err := q.Query(ctx, `select account_id, from_min, to_min, zone from moderation_quiet where account_id = any($1)`, who)
	if err != nil {
		return nil, fmt.Errorf("moderation: select quiet: %w", err)
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (o quietOf, err error) {
		return o, r.Scan(&o.who, &o.From, &o.To, &o.zone)
	})
}

// insertNotifications writes that the consoles of those who are asked are to be told of the escalation's last step, and they themselves, but for those who are left in quiet,
// where they want to be reached.
func insertNotifications(ctx context.Context, q pg.Querier, e row, who, quiet []account.ID) error {
	_, err := q.Exec(ctx, `insert into moderation_notifications (service_id, escalation_id, fence, level, rung, channel, account_id, reach_id)
		select $1, $2, $3, $4::text::moderation_level, $5, t.channel, t.account_id, t.reach_id from (
			select 'console', a.id, null::uuid from unnest($6::uuid[]) as a(id)
			union all
			select r.channel, r.account_id, r.id from moderation_reaches r
				where r.service_id = $1 and r.account_id = any($6) and r.confirmed_at is not null and r.account_id <> all($7)) as t(channel, account_id, reach_id)`,
		e.Service, e.ID, e.Fence, e.Level.String(), int16(e.Rung), who, quiet)
	if err != nil {
		return fmt.Errorf("moderation: insert notifications: %w", err)
	}
	return nil
}

// insertOutside writes that the outside channel is to be told, and everybody given wherever they can be reached at any hour. It tells whether there is any such way.
func insertOutside(ctx context.Context, q pg.Querier, e row, everybody []account.ID) (configured bool, err error) {
	tag, err := q.Exec(ctx, `insert into moderation_notifications (service_id, escalation_id, fence, level, rung, channel, account_id, reach_id)
		select $1, $2, $3, $4::text::moderation_level, $5, t.channel, t.account_id, t.reach_id from (
			select 'webhook', null::uuid, null::uuid from moderation_settings where service_id = $1 and webhook_url <> ''
			union all
			select channel, account_id, id from moderation_reaches where service_id = $1 and account_id = any($6) and account_id is distinct from $7
				and confirmed_at is not null) as t(channel, account_id, reach_id)
		on conflict on constraint moderation_notifications_once do nothing`, e.Service, e.ID, e.Fence, e.Level.String(), int16(e.Rung), everybody, e.Person)
	if err != nil {
		return false, fmt.Errorf("moderation: insert outside: %w", err)
	}
	if tag.RowsAffected() > 0 {
		return true, nil
	}
	err = q.QueryRow(ctx, `insert into moderation_notifications (service_id, escalation_id, fence, level, rung, channel, state, ended_at)
		select $1, $2, $3, $4::text::moderation_level, $5, 'webhook', 'unconfigured', now()
			where not exists (select from moderation_notifications where escalation_id = $2 and fence = $3 and channel <> 'console')
		returning false`, e.Service, e.ID, e.Fence, e.Level.String(), int16(e.Rung)).Scan(&configured)
	if errors.Is(err, pgx.ErrNoRows) {
		return true, nil // whoever is asked is reached already
	}
	if err != nil {
		return false, fmt.Errorf("moderation: insert outside: %w", err)
	}
	return configured, nil
}

// selectPendingConsole locks deliveries to consoles that are to be made.
func selectPendingConsole(ctx context.Context, q pg.Querier) (deliveries []int64, who []account.ID, err error) {
	rows, err := q.Query(ctx, `select id, account_id from moderation_notifications
		where state = 'pending' and channel = 'console' and next_at <= now() order by id limit 500 for update skip locked`)
	if err != nil {
		return nil, nil, fmt.Errorf("moderation: select pending: %w", err)
	}
	var id int64
	var to account.ID
	_, err = pgx.ForEachRow(rows, []any{&id, &to}, func() error {
		deliveries, who = append(deliveries, id), append(who, to)
		return nil
	})
	return deliveries, who, err
}

func updateDelivered(ctx context.Context, q pg.Querier, deliveries []int64) error {
	_, err := q.Exec(ctx, `update moderation_notifications set state = 'sent', attempts = attempts + 1, ended_at = now()
		where id = any($1) and state = 'pending'`, deliveries)
	if err != nil {
		return fmt.Errorf("moderation: mark delivered: %w", err)
	}
	return nil
}

// claimDelivery leases one delivery outside that is due, so that no other instance makes the same attempt; ErrUnknown when there is none. It is the last one when another would
// not have ended in time.
func claimDelivery(ctx context.Context, q pg.Querier, by Channel, longest time.Duration, w WebhookOptions) (d delivery, err error) {
	d.channel = by
	var level string
	err = q.QueryRow(ctx, `with n as (
			update moderation_notifications set attempts = attempts + 1,
				next_at = now() + make_interval(secs => $2::float8 + $3::float8)
			where id = (select id from moderation_notifications
				where state = 'pending' and channel = $1 and next_at <= now() order by level desc, next_at limit 1 for update skip locked)
			returning *)
		select n.id, n.service_id, n.escalation_id, n.level::text, n.rung, n.created_at, now(), n.created_at + make_interval(secs => $4::float8) <= now() + make_interval(secs => $2::float8 * 2 + least(120::float8, $3::float8 * 2 ^ least(n.attempts - 1, 10))),
			coalesce(s.webhook_url, ''), r.id, coalesce(r.locale, ''), coalesce(r.address, s.webhook_secret, ''), coalesce(r.wrapped, s.secret_wrapped, ''),
			coalesce(r.key_id, s.secret_key_id, '')
		from n left join moderation_settings s on s.service_id = n.service_id and n.channel = 'webhook' left join moderation_reaches r on r.id = n.reach_id`,
		string(by), longest.Seconds(), w.Backoff.Seconds(), w.GiveUp.Seconds()).Scan(&d.id, &d.service, &d.escalation, &level, &d.rung, &d.createdAt, &d.now,
		&d.last, &d.url, &d.reach, &d.locale, &d.sealed.Text, &d.sealed.Wrapped, &d.sealed.KeyID)
	if errors.Is(err, pgx.ErrNoRows) {
		return d, ErrUnknown
	}
	if err != nil {
		return d, fmt.Errorf("moderation: claim delivery: %w", err)
	}
	d.level, err = triage.ParseLevel(level)
	return d, err
}

// updateDeliveryLater ends the lease of a delivery that was not taken, with pauses that grow from backoff to two minutes.
func updateDeliveryLater(ctx context.Context, q pg.Querier, d delivery, backoff time.Duration) error {
	_, err := q.Exec(ctx, `update moderation_notifications set next_at = now() + make_interval(secs => least(120::float8, $2::float8 * 2 ^ least(attempts - 1, 10)))
		where id = $1 and state = 'pending'`, d.id, backoff.Seconds())
	if err != nil {
		return fmt.Errorf("moderation: put off delivery: %w", err)
	}
	return nil
}

// updateDeliveryEnded writes how a delivery ended, and with the address how the last one to it did.
func updateDeliveryEnded(ctx context.Context, q pg.Querier, d delivery, state string) error {
	_, err := q.Exec(ctx, `with n as (update moderation_notifications set state = $2, ended_at = now() where id = $1 and state = 'pending')
		update moderation_reaches set told = $2, told_at = now() where id = $3 and $2 in ('sent', 'failed')`, d.id, state, d.reach)
	if err != nil {
		return fmt.Errorf("moderation: end delivery: %w", err)
	}
	return nil
}
