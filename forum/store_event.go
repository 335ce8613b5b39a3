package forum

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
)

const eventColumns = `starts_at, ends_at, online, place, sequence, changed_at, cancelled_at is not null, cancelled_reason`

func (e *Event) fields() []any {
	return []any{&e.StartsAt, &e.EndsAt, &e.Online, &e.Place, &e.Sequence, &e.ChangedAt, &e.Cancelled, &e.Reason}
}

func insertEvent(ctx context.Context, q pg.Querier, s account.ServiceID, id ThreadID, e Event) error {
	_, err := q.Exec(ctx, `insert into forum_events (thread_id, service_id, starts_at, ends_at, online, place, sequence, cancelled_at, cancelled_reason)
		values ($1, $2, $3, $4, $5, $6, $7, case when $8 then clock_timestamp() end, $9)`, id, s, e.StartsAt, e.EndsAt, e.Online, e.Place, e.Sequence, e.Cancelled, e.Reason)
	return err
}

func lockEvent(ctx context.Context, q pg.Querier, s account.ServiceID, id ThreadID) (e Event, err error) {
	err = q.QueryRow(ctx, `select `+eventColumns+` from forum_events where service_id = $1 and thread_id = $2 for update`, s, id).Scan(e.fields()...)
	return e, one(err)
}

func selectEvents(ctx context.Context, q pg.Querier, s account.ServiceID, list []ThreadID) (map[ThreadID]Event, error) {
	rows, err := q.Query(ctx, `select thread_id, `+eventColumns+` from forum_events where service_id = $1 and thread_id = any($2)`, s, list)
	if err != nil {
		return nil, err
	}
	events := make(map[ThreadID]Event, len(list))
	var id ThreadID
	var e Event
	_, err = pgx.ForEachRow(rows, append([]any{&id}, e.fields()...), func() error {
		events[id] = e
		return nil
	})
	return events, err
}

func updateEvent(ctx context.Context, q pg.Querier, s account.ServiceID, id ThreadID, e Event) error {
	_, err := q.Exec(ctx, `update forum_events set starts_at = $3, ends_at = $4, online = $5, place = $6, sequence = sequence + 1, changed_at = clock_timestamp()
		where service_id = $1 and thread_id = $2`, s, id, e.StartsAt, e.EndsAt, e.Online, e.Place)
	return err
}

func updateEventCancelled(ctx context.Context, q pg.Querier, s account.ServiceID, id ThreadID, reason string) error {
	_, err := q.Exec(ctx, `update forum_events set cancelled_at = clock_timestamp(), cancelled_reason = $3, sequence = sequence + 1, changed_at = clock_timestamp()
		where service_id = $1 and thread_id = $2`, s, id, reason)
	return err
}

// updateThreadBeside has whoever has a thread open look again.
func updateThreadBeside(ctx context.Context, q pg.Querier, s account.ServiceID, id ThreadID) error {
	_, err := q.Exec(ctx, `update forum_threads set beside = beside + 1 where service_id = $1 and id = $2`, s, id)
	return err
}

// upcomingSQL leaves out what was deleted or hidden, for whomever, and, unless $6, what was cancelled. It reads no more than what is not over yet.
const upcomingSQL = `select ` + threadColumns + `, ` + categoryColumns + `
	from forum_events e join forum_threads t on t.id = e.thread_id join forum_categories c on c.id = t.category_id
	join forum_posts p on p.thread_id = t.id and p.number = 1
	where e.service_id = $1 and e.ends_at > now() - $4::interval and t.deleted_at is null and p.deleted_at is null and p.hidden_at is null and c.audience = any($3)
		and ($6 or e.cancelled_at is null)
	order by e.starts_at, e.thread_id limit $5`

func selectUpcoming(ctx context.Context, q pg.Querier, a account.Actor, audiences []Audience, which ahead) (p placedThreads, err error) {
	rows, err := q.Query(ctx, upcomingSQL, a.Service, a.ID, audiences, which.past, which.limit, which.cancelled)
	if err != nil {
		return p, err
	}
	return p, p.scan(rows, nil)
}

// upsertFeed puts a new address in the place of an earlier one.
func upsertFeed(ctx context.Context, q pg.Querier, a account.Actor, hash []byte) error {
	_, err := q.Exec(ctx, `insert into forum_feeds (account_id, service_id, token_hash) values ($1, $2, $3)
		on conflict (account_id) do update set token_hash = excluded.token_hash, made_at = excluded.made_at`, a.ID, a.Service, hash)
	return err
}

func deleteFeed(ctx context.Context, q pg.Querier, a account.Actor) (gone bool, err error) {
	tag, err := q.Exec(ctx, `delete from forum_feeds where account_id = $1 and service_id = $2`, a.ID, a.Service)
	return tag.RowsAffected() == 1, err
}

// selectFeedOwner is whose address it is.
func selectFeedOwner(ctx context.Context, q pg.Querier, s account.ServiceID, hash []byte) (id account.ID, err error) {
	err = q.QueryRow(ctx, `select account_id from forum_feeds where service_id = $1 and token_hash = $2`, s, hash).Scan(&id)
	return id, one(err)
}

func selectFeedMade(ctx context.Context, q pg.Querier, a account.Actor) (at time.Time, err error) {
	err = q.QueryRow(ctx, `select made_at from forum_feeds where account_id = $1 and service_id = $2`, a.ID, a.Service).Scan(&at)
	return at, one(err)
}
