package forum

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
)

// takeDue takes digests that are due, for as long as it takes to prepare them. Others skip the rows it holds and, later, find them not due.
func takeDue(ctx context.Context, q pg.Querier, by Channel, limit int) ([]dueWay, error) {
	rows, err := q.Query(ctx, `update forum_digest_ways w set due_at = now() + $2::interval, tries = w.tries + 1 from forum_digests d
		where d.account_id = w.account_id and w.id in (select id from forum_digest_ways where channel = $1 and due_at <= now() order by due_at limit $3 for update skip locked)
		returning w.id, w.channel, w.key_id, w.key_wrapped, w.way_sealed, now(), w.service_id, w.account_id, w.locale, w.due_at, w.tries, w.told_until,
			d.every, d.weekday, d.hour, d.quiet_from, d.quiet_to`, by, digestLease, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (w dueWay, err error) {
		return w, row.Scan(append([]any{&w.ID, &w.Channel, &w.sealed.KeyID, &w.sealed.Wrapped, &w.sealed.Text, &w.now, &w.service, &w.who, &w.locale, &w.lease, &w.tries, &w.until},
			w.fields()...)...)
	})
}

// updateWayLater moves a digest that is this instance's to another time.
func updateWayLater(ctx context.Context, q pg.Querier, w dueWay, at time.Time, tries int) error {
	_, err := q.Exec(ctx, `update forum_digest_ways set due_at = $3, tries = $4 where id = $1 and due_at = $2`, w.ID, w.lease, instant(at), tries)
	return err
}

// updateWaySending says that a digest is about to leave, and is not due again within its period whatever happens now; false when it is this instance's no more.
func updateWaySending(ctx context.Context, q pg.Querier, w dueWay, next time.Time) (mine bool, err error) {
	tag, err := q.Exec(ctx, `update forum_digest_ways set due_at = $3 where id = $1 and due_at = $2`, w.ID, w.lease, instant(next))
	return tag.RowsAffected() == 1, err
}

func updateWayTold(ctx context.Context, q pg.Querier, w dueWay, until time.Time) error {
	_, err := q.Exec(ctx, `update forum_digest_ways set told_at = now(), told_until = greatest(told_until, $2), tries = 0, failed = false where id = $1`, w.ID, until)
	return err
}

// updateWayFailed lets a digest be due again within its period, or says that this one is lost; who chose anew meanwhile keeps what they chose.
func updateWayFailed(ctx context.Context, q pg.Querier, w dueWay, next, at time.Time) error {
	_, err := q.Exec(ctx, `update forum_digest_ways set failed = true, due_at = case when due_at = $2 then $3 else due_at end, tries = case when $3 = $2 then 0 else tries end where id = $1`,
		w.ID, next, at)
	return err
}

func deleteGone(ctx context.Context, q pg.Querier, id WayID) error {
	_, err := q.Exec(ctx, `delete from forum_digest_ways where id = $1`, id)
	return err
}

// newPostRow is a post that is new to somebody, with what may keep it from being told.
type newPostRow struct {
	thread threadRow
	source string
}

// selectNewPosts begins with what the reader follows and where they are called by name. Of those whom the reader muted there is nothing in it, nor of the reader.
func selectNewPosts(ctx context.Context, q pg.Querier, a account.Actor, audiences []Audience, since time.Time, limit int) ([]newPostRow, error) {
	rows, err := q.Query(ctx, `select t.title, t.author_id, t.pinned_at is not null, t.voice is null and t.author_id`+mutedByReader+`, p.source
		from (select p.id from forum_subscriptions s join forum_threads t on t.id = s.thread_id and t.last_post_at > $4
				join forum_posts p on p.thread_id = t.id and p.created_at > $4 and p.number > `+readColumn+`
				where s.account_id = $2 and s.service_id = $1 and s.wanted
			union select mp.id from `+unreadMentions+` and m.at > $4) fresh
		join forum_posts p on p.id = fresh.id join forum_threads t on t.id = p.thread_id join forum_categories c on c.id = t.category_id
		where t.service_id = $1 and t.deleted_at is null and c.audience = any($3) and p.hidden_at is null and p.deleted_at is null
			and p.author_id <> $2 and (p.voice is not null or p.author_id not`+mutedByReader+`)
		order by p.created_at desc limit $5`, a.Service, a.ID, audiences, since, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (r newPostRow, err error) {
		return r, row.Scan(&r.thread.Title, &r.thread.author, &r.thread.Pinned, &r.thread.muted, &r.source)
	})
}

func selectDigestLate(ctx context.Context, q pg.Querier, mail bool) (time.Duration, error) {
	var seconds float64
	err := q.QueryRow(ctx, `select coalesce(extract(epoch from max(now() - due_at)), 0)::float8 from forum_digest_ways where due_at <= now() and (channel <> 'mail' or $1)`, mail).Scan(&seconds)
	return time.Duration(seconds * float64(time.Second)), err
}
