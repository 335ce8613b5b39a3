package forum

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
)

// mergedRow is a thread that was merged into another one.
type mergedRow struct {
	ID      ThreadID
	Author  account.ID
	Title   string
	At      time.Time
	After   int // its numbers begin after this one there
	Numbers int // so many were given in it
	Posts   int // of these, so many stand there now
	// Opening is the state of its first post; empty when that stands elsewhere now.
	Opening  State
	nameless bool // its opening
}

const mergedSQL = `select g.id, g.author_id, g.merged_title, g.deleted_at, g.merged_after, greatest(g.posts, g.former_until),
		(select count(*) from forum_posts p where p.thread_id = g.merged_into and p.number > g.merged_after and p.number <= g.merged_after + greatest(g.posts, g.former_until)),
		coalesce((select case when o.deleted_at is not null then 'deleted' when o.hidden_at is not null then 'hidden' else 'shown' end
			from forum_posts o where o.thread_id = g.merged_into and o.number = g.merged_after + 1), ''), g.voice is not null
	from forum_threads g where g.service_id = $1 and g.merged_into = $2 `

func (m *mergedRow) scan(row pgx.Row) error {
	return one(row.Scan(&m.ID, &m.Author, &m.Title, &m.At, &m.After, &m.Numbers, &m.Posts, &m.Opening, &m.nameless))
}

// selectMergedInto lists what was merged into a thread, in the order in which it stands there.
func selectMergedInto(ctx context.Context, q pg.Querier, s account.ServiceID, into ThreadID) ([]mergedRow, error) {
	rows, err := q.Query(ctx, mergedSQL+`order by g.merged_after limit 100`, s, into)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (m mergedRow, err error) { return m, m.scan(row) })
}

// selectMergedOne is one of them; account.ErrNotFound when it is none.
func selectMergedOne(ctx context.Context, q pg.Querier, s account.ServiceID, into, id ThreadID) (m mergedRow, err error) {
	return m, m.scan(q.QueryRow(ctx, mergedSQL+`and g.id = $3`, s, into, id))
}

// selectMergedAny says whether something was merged into a thread.
func selectMergedAny(ctx context.Context, q pg.Querier, s account.ServiceID, into ThreadID) (any bool, err error) {
	err = q.QueryRow(ctx, `select exists (select from forum_threads where service_id = $1 and merged_into = $2)`, s, into).Scan(&any)
	return any, err
}

// updateMergedTitleDeleted takes the title of a thread away that was merged, with the post that opened it.
func updateMergedTitleDeleted(ctx context.Context, q pg.Querier, s account.ServiceID, p postRow) error {
	_, err := q.Exec(ctx, `update forum_threads set merged_title = '' where service_id = $1 and author_id = $2 and merged_opening = $3 and merged_title <> ''`, s, p.Author, p.ID)
	return err
}

// unmergeThreads moves posts back from a thread into the one that was merged into it, under the numbers they had, with what hangs on the thread.
func unmergeThreads(ctx context.Context, q pg.Querier, s account.ServiceID, from ThreadID, m mergedRow, title string) error {
	if err := lengthenStatements(ctx, q); err != nil {
		return err
	}
	posts, numbers, err := selectChosen(ctx, q, s, from, Chosen{{m.After + 1, m.After + m.Numbers}})
	if err != nil {
		return err
	}
	for _, sql := range []string{
		// What left it before, and while it was merged.
		`insert into forum_former_places (service_id, thread_id, number, post_id) select $1, $3, number - $4::int, post_id from forum_former_places
			where service_id = $1 and thread_id = $2 and number > $4::int and number <= $4::int + $5::int on conflict do nothing`,
		`update forum_posts set thread_id = $3, number = number - $4::int, words = case when number > $4::int + 1 then words end
			where service_id = $1 and thread_id = $2 and number > $4::int and number <= $4::int + $5::int`,
	} {
		if _, err := q.Exec(ctx, sql, s, from, m.ID, m.After, m.Numbers); err != nil {
			return err
		}
	}
	if err := insertFormerPlaces(ctx, q, s, from, posts, numbers); err != nil {
		return err
	}
	// It stands where its posts stood; what was said to answer there, and closed there, does and is here too.
	if _, err := q.Exec(ctx, `update forum_threads t set title = $4, deleted_at = null, merged_into = null, merged_after = null, merged_title = '', merged_opening = null, voices = greatest(t.voices, f.voices),
			moved_from = case when t.category_id <> f.category_id then t.category_id else t.moved_from end, category_id = f.category_id,
			locked_at = coalesce(t.locked_at, f.locked_at), locked_reason = case when t.locked_at is null then f.locked_reason else t.locked_reason end,
			answer = case when f.answer > $5::int + 1 and f.answer <= $5::int + $6::int then f.answer - $5::int else t.answer end
		from forum_threads f where f.service_id = $1 and f.id = $2 and t.service_id = $1 and t.id = $3`, s, from, m.ID, title, m.After, m.Numbers); err != nil {
		return err
	}
	for _, id := range []ThreadID{from, m.ID} {
		if err := updateThreadStanding(ctx, q, s, id); err != nil {
			return err
		}
		if err := updateVoices(ctx, q, s, id); err != nil {
			return err
		}
	}
	if _, err := q.Exec(ctx, `insert into forum_reads (service_id, account_id, thread_id, number, read_at) select service_id, account_id, $3, least(number - $4::int, $5::int), read_at
		from forum_reads where service_id = $1 and thread_id = $2 and number > $4::int
		on conflict on constraint forum_reads_once do update set number = excluded.number, read_at = excluded.read_at where forum_reads.number < excluded.number`,
		s, from, m.ID, m.After, m.Numbers); err != nil {
		return err
	}
	// Who said no while it was merged meant it, too.
	if _, err := q.Exec(ctx, `update forum_subscriptions b set wanted = false, at = a.at from forum_subscriptions a
		where b.service_id = $1 and b.thread_id = $3 and a.thread_id = $2 and a.account_id = b.account_id and not a.wanted and a.at > $4`, s, from, m.ID, m.At); err != nil {
		return err
	}
	for _, sql := range []string{
		// Who came along with it, and wrote nothing else, follows it alone again.
		`delete from forum_subscriptions where service_id = $1 and thread_id = $2 and through = $3 and account_id not in (select author_id from forum_posts where thread_id = $2)`,
		`update forum_held set thread_id = $3, came_from = trim_array(came_from, 1) where service_id = $1 and thread_id = $2 and came_from[cardinality(came_from)] = $3`,
		`update forum_drafts set thread_id = $3, came_from = trim_array(came_from, 1) where service_id = $1 and thread_id = $2 and came_from[cardinality(came_from)] = $3`,
	} {
		if _, err := q.Exec(ctx, sql, s, from, m.ID); err != nil {
			return err
		}
	}
	return nil
}
