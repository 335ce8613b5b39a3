package forum

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"ponti/account"
	"ponti/internal/pg"
)

// one turns "no row" into "not found": absence and another service's row look the same.
func one(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return account.ErrNotFound
	}
	return err
}

func insertCategory(ctx context.Context, q pg.Querier, s account.ServiceID, id CategoryID, c NewCategory) (CategoryID, error) {
	// The update changes nothing; it lets RETURNING answer for a category that is there already.
	err := q.QueryRow(ctx, `insert into forum_categories (id, service_id, slug, audience, title, rules, position, archived_at)
		values ($1, $2, $3, $4, $5, $6, $7, case when $8 then clock_timestamp() end)
		on conflict on constraint forum_categories_slug_once do update set slug = excluded.slug
		returning id`, id, s, c.Slug, c.Audience, c.Title, c.Rules, c.Position, c.Archived).Scan(&id)
	return id, err
}

const categoryColumns = `c.id, c.slug, c.audience, c.title, c.rules, c.nameless, c.archived_at is not null,
	exists (select from forum_moderators m where m.category_id = c.id and m.account_id = $2)`

func (c *Category) fields() []any {
	return []any{&c.ID, &c.Slug, &c.Audience, &c.Title, &c.Rules, &c.Nameless, &c.Archived, &c.Moderating}
}

func (c Category) place() place {
	return place{Category: c.ID, Audience: c.Audience, Archived: c.Archived, Moderator: c.Moderating}
}

func selectCategories(ctx context.Context, q pg.Querier, a account.Actor) ([]boardRow, error) {
	rows, err := q.Query(ctx, boardsSQL, a.Service, a.ID)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanBoard)
}

// boardRow is a category with its newest thread, if it has one.
type boardRow struct {
	Board

	title                 string
	author                account.ID
	hidden, muted, unread bool // its opening post is, its author by the reader, something in it to them
}

// boardsSQL reads the categories in the service's order.
const boardsSQL = `select ` + categoryColumns + `, t.id, coalesce(t.title, ''), t.last_post_at, t.author_id, p.hidden_at is not null, coalesce(t.voice is null and t.author_id` + mutedByReader + `, false),
		coalesce(t.posts > coalesce((select r.number from forum_reads r where r.account_id = $2 and r.thread_id = t.id), 0), false)
	from forum_categories c
	left join lateral (select id, title, last_post_at, author_id, voice, posts from forum_threads
		where category_id = c.id and deleted_at is null order by last_post_at desc, id desc limit 1) t on true
	left join forum_posts p on p.thread_id = t.id and p.number = 1
	where c.service_id = $1
	` + inOrder

func scanBoard(row pgx.CollectableRow) (b boardRow, err error) {
	return b, row.Scan(append(b.fields(), &b.Latest, &b.title, &b.LatestAt, &b.author, &b.hidden, &b.muted, &b.unread)...)
}

func selectCategory(ctx context.Context, q pg.Querier, a account.Actor, slug string) (c Category, filters filterRow, err error) {
	err = scanCategory(q.QueryRow(ctx, categorySQL, a.Service, a.ID, slug), &c, &filters)
	return c, filters, err
}

const categorySQL = `select ` + categoryColumns + `, ` + filterColumns + ` from forum_categories c left join forum_filters f on f.account_id = $2
	where c.service_id = $1 and c.slug = $3`

func scanCategory(row pgx.Row, c *Category, filters *filterRow) error {
	return one(row.Scan(append(c.fields(), filters.fields()...)...))
}

func updateRules(ctx context.Context, q pg.Querier, s account.ServiceID, c CategoryID, text string) error {
	_, err := q.Exec(ctx, `update forum_categories set rules = $3 where service_id = $1 and id = $2`, s, c, text)
	return err
}

func insertModerator(ctx context.Context, q pg.Querier, a account.Actor, c CategoryID, esp account.ID, role account.Role) error {
	_, err := q.Exec(ctx, `insert into forum_moderators (service_id, category_id, account_id, account_role, assigned_by)
		values ($1, $2, $3, $4, $5) on conflict on constraint forum_moderators_once do nothing`, a.Service, c, esp, role, a.ID)
	return err
}

func deleteModerator(ctx context.Context, q pg.Querier, s account.ServiceID, c CategoryID, esp account.ID) (bool, error) {
	tag, err := q.Exec(ctx, `delete from forum_moderators where service_id = $1 and category_id = $2 and account_id = $3`, s, c, esp)
	return tag.RowsAffected() == 1, err
}

func selectModerators(ctx context.Context, q pg.Querier, s account.ServiceID) (map[CategoryID][]account.ID, error) {
	rows, err := q.Query(ctx, `select category_id, account_id from forum_moderators where service_id = $1
		order by category_id, assigned_at, account_id`, s)
	if err != nil {
		return nil, err
	}
	out := map[CategoryID][]account.ID{}
	var c CategoryID
	var who account.ID
	_, err = pgx.ForEachRow(rows, []any{&c, &who}, func() error {
		out[c] = append(out[c], who)
		return nil
	})
	return out, err
}

// newThread is a thread about to be stored, without its opening.
type newThread struct {
	ID       ThreadID
	Category CategoryID
	Author   account.ID
	Title    string
	Kind     Kind
	At       *time.Time // nil: now
	Told     Told
	voice    int // of its opening, when that has no name
	// Of a story: the ESP who let it appear, and the other person.
	ApprovedBy, ApprovedWith account.ID
}

func insertThread(ctx context.Context, q pg.Querier, s account.ServiceID, t newThread) error {
	_, err := q.Exec(ctx, `insert into forum_threads (id, service_id, category_id, author_id, title, kind, approved_by, approved_with, abstract, closed_to_replies, voice, created_at, last_post_at)
		select $1, $2, $3, $4, $5, $6, $8, $9, $10, $11, nullif($12::int, 0), t, t from coalesce($7::timestamptz, clock_timestamp()) t`, t.ID, s, t.Category, t.Author, t.Title, t.Kind, t.At, t.ApprovedBy, t.ApprovedWith, t.Told.Abstract, t.Told.Closed, t.voice)
	return err
}

// threadRow is a thread with what decides how a reader sees it.
type threadRow struct {
	Thread
	author        account.ID
	voice         int       // of its opening, when that has no name; 0: it has one
	hidden, ended bool      // the opening post is hidden, is deleted
	muted         bool      // its author, by the reader
	beside        int       // changes of what stands beside its posts
	filters       filterRow // the reader's; read with one thread alone
}

// threadColumns wants the reader as $2 and the opening post as p.
const threadColumns = `t.id, t.title, t.kind, t.abstract, t.closed_to_replies, t.author_id, t.created_at, t.last_post_at, t.posts, t.locked_at is not null, t.locked_reason, t.pinned_at is not null, ` + readColumn + `, ` + movedColumn + `, ` + answerColumn + `, ` + splitColumns + `,
	p.hidden_at is not null, p.deleted_at is not null, coalesce(p.notes || p.added_notes, '{}'), t.voice is null and t.author_id` + mutedByReader + `, t.beside, coalesce(t.voice, 0)`

const movedColumn = `coalesce((select f.title from forum_categories f where f.id = t.moved_from), '')`

// answerColumn is zero too while the post that answers cannot be read.
const answerColumn = `coalesce((select a.number from forum_posts a where a.thread_id = t.id and a.number = t.answer and a.hidden_at is null and a.deleted_at is null), 0)`

const readColumn = `coalesce((select r.number from forum_reads r where r.account_id = $2 and r.thread_id = t.id), 0)`

func (t *threadRow) fields() []any {
	return []any{&t.ID, &t.Title, &t.Kind, &t.Told.Abstract, &t.Told.Closed, &t.author, &t.CreatedAt, &t.LastPostAt, &t.Posts, &t.Locked, &t.LockedReason, &t.Pinned, &t.Read, &t.MovedFrom, &t.Answer, &t.SplitFrom, &t.Elsewhere, &t.ElsewhereUnread, &t.FormerUntil, &t.hidden, &t.ended, &t.Notes, &t.muted, &t.beside, &t.voice}
}

func scanThreads(row pgx.CollectableRow) (t threadRow, err error) { return t, row.Scan(t.fields()...) }

// inCategory are the threads t of a service, $1, that stand in the category with a slug, which is an argument of that name.
func inCategory(slug string) string {
	return `t.service_id = $1 and t.category_id = (select c.id from forum_categories c where c.service_id = $1 and c.slug = ` + slug + `) and t.deleted_at is null`
}

// walkSQL walks a category backwards in time from a cursor. Its arguments begin with the one of a number: slug, the cursor's time and id, and the kind where it is of one. The limit is
// written into it: of one that comes with the arguments PostgreSQL believes that it is a tenth of the category, and plans anew each time. It would do that too if it saw how far
// back the cursor is, which says nothing here: so that is asked for as if it had to be found out.
func walkSQL(columns string, number int, ofKind bool, limit int) string {
	arg := func(i int) string { return "$" + strconv.Itoa(number+i) }
	kind := ""
	if ofKind {
		kind = ` and t.kind = ` + arg(3)
	}
	return `select ` + columns + ` from forum_threads t where ` + inCategory(arg(0)) + ` and t.pinned_at is null
		and (t.last_post_at, t.id) < ((select ` + arg(1) + `::timestamptz), (select ` + arg(2) + `::uuid))` + kind + `
		order by t.last_post_at desc, t.id desc limit ` + strconv.Itoa(limit)
}

// threadsSQL is one page of that. Its plan is held by a test.
func threadsSQL(ofKind bool, limit int) string {
	return `select ` + threadColumns + ` from (` + walkSQL("*", 3, ofKind, limit) + `) t
		left join forum_posts p on p.thread_id = t.id and p.number = 1
		order by t.last_post_at desc, t.id desc`
}

// pinnedSQL reads the few threads that stand first in a category, the longest there before the others. The empty kind is all.
var pinnedSQL = `select ` + threadColumns + `
	from forum_threads t left join forum_posts p on p.thread_id = t.id and p.number = 1
	where ` + inCategory("$3") + ` and t.pinned_at is not null and ($5 = '' or t.kind = $5)
	order by t.pinned_at, t.id limit $4`

// openersSQL are who opened the threads of a page and shows by name, on the newest page also of all that are pinned.
func openersSQL(ofKind, newest bool, limit int) string {
	sql := `select l.author_id from (` + walkSQL("t.author_id, t.voice", 2, ofKind, limit) + `) l where l.voice is null`
	if newest {
		sql += ` union all select t.author_id from forum_threads t where ` + inCategory("$2") + ` and t.pinned_at is not null and t.voice is null`
	}
	return sql
}

// countPinned counts the others that stand first. The category's row is locked until the transaction ends: two who pin at once are counted.
func countPinned(ctx context.Context, q pg.Querier, s account.ServiceID, c CategoryID, but ThreadID) (n int, err error) {
	if _, err = q.Exec(ctx, `select from forum_categories where service_id = $1 and id = $2 for no key update`, s, c); err != nil {
		return 0, err
	}
	err = q.QueryRow(ctx, `select count(*) from forum_threads
		where service_id = $1 and category_id = $2 and pinned_at is not null and deleted_at is null and id <> $3`, s, c, but).Scan(&n)
	return n, err
}

func updateThreadMoved(ctx context.Context, q pg.Querier, s account.ServiceID, id ThreadID, to CategoryID) (changed bool, err error) {
	tag, err := q.Exec(ctx, `update forum_threads set moved_from = category_id, category_id = $3, pinned_at = null
		where service_id = $1 and id = $2 and category_id <> $3`, s, id, to)
	return tag.RowsAffected() == 1, err
}

func updateThreadPinned(ctx context.Context, q pg.Querier, s account.ServiceID, id ThreadID, pinned bool) (changed bool, err error) {
	tag, err := q.Exec(ctx, `update forum_threads set pinned_at = case when $3 then clock_timestamp() end
		where service_id = $1 and id = $2 and (pinned_at is not null) <> $3`, s, id, pinned)
	return tag.RowsAffected() == 1, err
}

func updateThreadAnswer(ctx context.Context, q pg.Querier, s account.ServiceID, id ThreadID, number int, is bool) (changed bool, err error) {
	tag, err := q.Exec(ctx, `update forum_threads set answer = case when $4 then $3::int end
		where service_id = $1 and id = $2 and (answer is not distinct from $3) <> $4`, s, id, number, is)
	return tag.RowsAffected() == 1, err
}

// at is the cursor's instant; the zero cursor stands before everything.
func (c Cursor) at() pgtype.Timestamptz {
	if c.At.IsZero() {
		return pgtype.Timestamptz{InfinityModifier: pgtype.Infinity, Valid: true}
	}
	return pgtype.Timestamptz{Time: c.At, Valid: true}
}

func selectThread(ctx context.Context, q pg.Querier, a account.Actor, id ThreadID) (t threadRow, c Category, err error) {
	err = scanThread(q.QueryRow(ctx, threadSQL, a.Service, a.ID, id), &t, &c)
	return t, c, err
}

const threadSQL = `select ` + threadColumns + `, ` + categoryColumns + `,
		coalesce((select s.wanted from forum_subscriptions s where s.account_id = $2 and s.thread_id = t.id), false), ` + mentionColumn + `,
		` + filterColumns + `
	from forum_threads t join forum_categories c on c.id = t.category_id
	left join forum_posts p on p.thread_id = t.id and p.number = 1
	left join forum_filters f on f.account_id = $2
	where t.service_id = $1 and t.id = $3 and t.deleted_at is null`

func scanThread(row pgx.Row, t *threadRow, c *Category) error {
	return one(row.Scan(append(append(append(t.fields(), c.fields()...), &t.Followed, &t.Mentioned), t.filters.fields()...)...))
}

// selectMark reads no more than one page's rows.
func selectMark(ctx context.Context, q pg.Querier, a account.Actor, id ThreadID, after, limit int) (m mark, c Category, err error) {
	err = q.QueryRow(ctx, markSQL, a.Service, a.ID, id, after, limit).Scan(append(c.fields(), &m.posts, &m.locked, &m.pinned, &m.answer, &m.beside, &m.standing, &m.versions, &m.hidden, &m.deleted, &m.changes)...)
	m.category = c.ID
	return m, c, one(err)
}

const markSQL = `select ` + categoryColumns + `, t.posts, t.locked_at is not null or t.closed_to_replies or c.archived_at is not null, t.pinned_at is not null, ` + answerColumn + `, t.beside, p.standing, p.versions, p.hidden, p.deleted, p.changes
	from forum_threads t join forum_categories c on c.id = t.category_id
	cross join lateral (select count(*) as standing, coalesce(sum(version), 0) as versions, count(hidden_at) as hidden, count(deleted_at) as deleted, coalesce(sum(changes), 0) as changes
		from forum_posts where service_id = $1 and thread_id = $3 and number > $4 and number <= $4::int + $5::int) p
	where t.service_id = $1 and t.id = $3 and t.deleted_at is null`

// upsertRead moves a reader's mark on, never back and not beyond the last number, and says whether the thread is there for readers of some audiences.
func upsertRead(ctx context.Context, q pg.Querier, a account.Actor, id ThreadID, number int, readable []Audience) (found bool, err error) {
	err = q.QueryRow(ctx, `with thread as materialized (select t.id, case when $4::int < t.posts then $4 else greatest(t.posts, t.former_until) end as number from forum_threads t join forum_categories c on c.id = t.category_id
			where t.service_id = $1 and t.id = $3 and t.deleted_at is null and c.audience = any($5)),
		marked as (insert into forum_reads (service_id, account_id, thread_id, number) select $1, $2, id, number from thread where number > 0
			on conflict on constraint forum_reads_once do update set number = excluded.number, read_at = excluded.read_at
			where forum_reads.number < excluded.number)
		select exists (select from thread)`, a.Service, a.ID, id, number, readable).Scan(&found)
	return found, err
}

func updateThreadTitle(ctx context.Context, q pg.Querier, s account.ServiceID, id ThreadID, title string, told Told) error {
	_, err := q.Exec(ctx, `update forum_threads set title = $3, abstract = $4, closed_to_replies = $5 where service_id = $1 and id = $2`, s, id, title, told.Abstract, told.Closed)
	return err
}

// updateThreadOpeningDeleted takes the title away, and the whole thread when nobody has answered, not even where it stands elsewhere now, or when what its author takes back is all of it.
func updateThreadOpeningDeleted(ctx context.Context, q pg.Querier, s account.ServiceID, id ThreadID, whole bool) error {
	_, err := q.Exec(ctx, `update forum_threads set title = '', abstract = '', deleted_at = case when posts = 1 and former_until = 0 or $3 then clock_timestamp() end
		where service_id = $1 and id = $2`, s, id, whole)
	return err
}

func updateThreadLocked(ctx context.Context, q pg.Querier, s account.ServiceID, id ThreadID, locked bool, reason string) (changed bool, err error) {
	tag, err := q.Exec(ctx, `update forum_threads set locked_at = case when $3 then clock_timestamp() end, locked_reason = $4
		where service_id = $1 and id = $2 and (locked_at is not null) <> $3`, s, id, locked, reason)
	return tag.RowsAffected() == 1, err
}
