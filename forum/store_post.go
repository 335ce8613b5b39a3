package forum

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
	"ponti/moderation/triage"
)

// newPost is a post about to be stored.
type newPost struct {
	ID     PostID
	Thread ThreadID
	Author account.ID
	CID    string
	prepared
	Level triage.Level
	At    *time.Time // nil: now
	// Nameless: it stands without its author's name, and voice is its number then.
	Nameless bool
	voice    int
	// called is whom its text calls by name, once that is known.
	called []account.ID
}

// insertPost takes the thread's row lock, the next number and the time, and stores the post: one statement, so that the lock is held
// for no round trip but the commit's. Times in a thread never go back, whichever clock they come from.
// account.ErrNotFound when the thread is gone or locked: the caller knows which.
func insertPost(ctx context.Context, q pg.Querier, s account.ServiceID, p newPost) (number int, err error) {
	err = q.QueryRow(ctx, `with bumped as (
		update forum_threads set posts = greatest(posts, former_until) + 1, last_post_at = greatest(last_post_at, coalesce($10, clock_timestamp())), voices = greatest(voices, $12)
		where service_id = $1 and id = $3 and locked_at is null and deleted_at is null and (not closed_to_replies or posts = 0)
		returning id, posts, last_post_at)
		insert into forum_posts (id, service_id, thread_id, number, author_id, cid, source, html, renderer, level, created_at, notes, voice)
		select $2, $1, b.id, b.posts, $4, $5, $6, $7, $8, $9, coalesce($10, b.last_post_at), $11, nullif($12::int, 0) from bumped b
		returning number`,
		s, p.ID, p.Thread, p.Author, p.CID, p.Source, p.HTML, renderer, p.Level.String(), p.At, p.Notes, p.voice).Scan(&number)
	return number, one(err)
}

// postRow is a post with what decides how a reader sees it.
type postRow struct {
	ID           PostID
	Thread       ThreadID
	Number       int
	Author       account.ID
	Source, HTML string
	Version      int
	Level        triage.Level
	At           time.Time
	EditedAt     *time.Time
	Hidden       bool
	Reason       string
	Deleted      bool
	Notes        []ContentNote
	AddedNotes   []ContentNote
	Changes      int // of what hangs on it
	voice        int // 0: it has its author's name

	// Read with a page of posts alone:
	reactions reactionRow
	muted     bool // its author, by the reader
}

const postColumns = `p.id, p.thread_id, p.number, p.author_id, p.source, p.html, p.version, p.level, p.created_at, p.edited_at,
	p.hidden_at is not null, p.hidden_reason, p.deleted_at is not null, p.notes, p.added_notes, p.changes, coalesce(p.voice, 0)`

func (r *postRow) scan(row pgx.Row, more ...any) error {
	var level string
	err := row.Scan(append([]any{&r.ID, &r.Thread, &r.Number, &r.Author, &r.Source, &r.HTML, &r.Version, &level, &r.At, &r.EditedAt,
		&r.Hidden, &r.Reason, &r.Deleted, &r.Notes, &r.AddedNotes, &r.Changes, &r.voice}, more...)...)
	if err != nil {
		return err
	}
	r.Level, err = triage.ParseLevel(level)
	return err
}

// scanPosts reads a page of posts behind those that are there.
func scanPosts(rows pgx.Rows, posts *[]postRow) error {
	var r postRow
	var level string
	_, err := pgx.ForEachRow(rows, []any{&r.ID, &r.Number, &r.Author, &r.Source, &r.HTML, &r.Version, &level, &r.At, &r.EditedAt, &r.Hidden, &r.Reason, &r.Deleted,
		&r.Notes, &r.AddedNotes, &r.Changes, &r.voice, &r.reactions.Given, &r.reactions.Mine, &r.muted}, func() (err error) {
		r.Level, err = triage.ParseLevel(level)
		*posts = append(*posts, r)
		r.EditedAt, r.Notes, r.AddedNotes, r.reactions = nil, nil, nil, reactionRow{} // what the next row has is its own
		return err
	})
	return err
}

// postsSQL reads a thread forwards from a number. Its plan is held by a test. What was typed is read for those alone whose words are looked for in it.
// Lists that are empty, as most are, are not sent.
const postsSQL = `select p.id, p.number, p.author_id, case when (select f.key_id <> '' from forum_filters f where f.account_id = $5) then p.source else '' end,
		p.html, p.version, p.level, p.created_at, p.edited_at, p.hidden_at is not null, p.hidden_reason, p.deleted_at is not null, nullif(p.notes, '{}'), nullif(p.added_notes, '{}'), p.changes,
		coalesce(p.voice, 0), ` + reactionColumns + `, p.voice is null and p.author_id` + mutedBy + `$5) from forum_posts p
	where ` + onPage + `
	order by p.number`

// onPage are the posts p of a page: service, thread, the number before the first, and how many numbers.
const onPage = `p.service_id = $1 and p.thread_id = $2 and p.number > $3 and p.number <= $3::int + $4::int`

// authorsOnPageSQL are who shows by name on it, and as who opened the thread.
const authorsOnPageSQL = `select p.author_id from forum_posts p where p.voice is null and ` + onPage + `
	union all select t.author_id from forum_threads t where t.voice is null and t.service_id = $1 and t.id = $2`

// selectPost reads a post with its thread and category. With lock, nobody else changes the post until the transaction ends.
func selectPost(ctx context.Context, q pg.Querier, a account.Actor, id PostID, lock bool) (p postRow, t threadRow, c Category, err error) {
	return selectPostWhere(ctx, q, a, id, ` and t.deleted_at is null`, lock)
}

// selectPostAnywhere is selectPost, locked, also for what stands in a thread that is gone: it is nobody's to read, and its author's to erase.
func selectPostAnywhere(ctx context.Context, q pg.Querier, a account.Actor, id PostID) (p postRow, t threadRow, c Category, err error) {
	return selectPostWhere(ctx, q, a, id, "", true)
}

func selectPostWhere(ctx context.Context, q pg.Querier, a account.Actor, id PostID, where string, lock bool) (p postRow, t threadRow, c Category, err error) {
	sql := `select ` + postColumns + `, t.id, t.title, t.kind, t.abstract, t.closed_to_replies, t.author_id, t.created_at, t.last_post_at, t.posts, t.locked_at is not null, t.locked_reason, t.pinned_at is not null, ` + readColumn + `, ` + movedColumn + `, ` + answerColumn + `, ` + splitColumns + `,
		o.hidden_at is not null, o.deleted_at is not null, o.notes || o.added_notes, t.voice is null and t.author_id` + mutedByReader + `, t.beside, coalesce(t.voice, 0), ` + categoryColumns + `
		from forum_posts p
		join forum_threads t on t.id = p.thread_id
		join forum_posts o on o.thread_id = t.id and o.number = 1
		join forum_categories c on c.id = t.category_id
		where p.service_id = $1 and p.id = $3` + where
	if lock {
		sql += ` for update of p`
	}
	fields := append(t.fields(), c.fields()...)
	err = p.scan(q.QueryRow(ctx, sql, a.Service, a.ID, id), fields...)
	if lock && errors.Is(err, pgx.ErrNoRows) { // it may have gone to another thread while its lock was waited for
		err = p.scan(q.QueryRow(ctx, sql, a.Service, a.ID, id), fields...)
	}
	return p, t, c, one(err)
}

// selectReceipt finds the post of a client id, with what it said when it was sent.
func selectReceipt(ctx context.Context, q pg.Querier, a account.Actor, cid string) (r Receipt, said newPost, err error) {
	var level string
	err = q.QueryRow(ctx, `select p.thread_id, p.id, p.number, p.level, coalesce(v.title, t.title), coalesce(v.source, p.source), p.voice is not null
		from forum_posts p join forum_threads t on t.id = p.thread_id left join forum_post_versions v on v.post_id = p.id and v.version = 1
		where p.service_id = $1 and p.author_id = $2 and p.cid = $3`, a.Service, a.ID, cid).Scan(&r.Thread, &r.Post, &r.Number, &level, &said.Title, &said.Source, &said.Nameless)
	if err != nil {
		return r, said, one(err)
	}
	r.Level, err = triage.ParseLevel(level)
	return r, said, err
}

// insertVersion keeps what a post says now, before it is changed.
func insertVersion(ctx context.Context, q pg.Querier, s account.ServiceID, p postRow, title string) error {
	_, err := q.Exec(ctx, `insert into forum_post_versions (post_id, version, service_id, title, source, level, notes)
		values ($1, $2, $3, $4, $5, $6, $7)`, p.ID, p.Version, s, title, p.Source, p.Level.String(), p.Notes)
	return err
}

func updatePostText(ctx context.Context, q pg.Querier, s account.ServiceID, id PostID, p prepared, l triage.Level) error {
	_, err := q.Exec(ctx, `update forum_posts set source = $3, html = $4, renderer = $5, level = $6, notes = $7, words = null, version = version + 1, edited_at = clock_timestamp()
		where service_id = $1 and id = $2`, s, id, p.Source, p.HTML, renderer, l.String(), p.Notes)
	return err
}

func updateAddedNotes(ctx context.Context, q pg.Querier, s account.ServiceID, id PostID, notes []ContentNote) (changed bool, err error) {
	tag, err := q.Exec(ctx, `update forum_posts set added_notes = $3, changes = changes + 1 where service_id = $1 and id = $2 and added_notes <> $3`, s, id, notes)
	return tag.RowsAffected() == 1, err
}

func updatePostDeleted(ctx context.Context, q pg.Querier, s account.ServiceID, id PostID) error {
	_, err := q.Exec(ctx, `with gone as (delete from forum_mentions where service_id = $1 and post_id = $2)
		update forum_posts set source = '', html = '', notes = '{}', added_notes = '{}', reacted = '{}', words = null, version = version + 1, deleted_at = clock_timestamp()
		where service_id = $1 and id = $2`, s, id)
	return err
}

// updatePostHidden hides a post; one that is hidden already keeps its first reason. False: there is no such post.
// It is no answer any more.
func updatePostHidden(ctx context.Context, q pg.Querier, s account.ServiceID, id PostID, reason string, by account.ID) (bool, error) {
	tag, err := q.Exec(ctx, `with answered as (update forum_threads t set answer = null from forum_posts p where p.service_id = $1 and p.id = $2 and t.id = p.thread_id and t.answer = p.number)
		update forum_posts set hidden_reason = case when hidden_at is null then $3 else hidden_reason end,
		hidden_by = case when hidden_at is null then $4::uuid else hidden_by end, hidden_at = coalesce(hidden_at, clock_timestamp())
		where service_id = $1 and id = $2`, s, id, reason, by)
	return tag.RowsAffected() == 1, err
}

func updatePostRestored(ctx context.Context, q pg.Querier, s account.ServiceID, id PostID) (bool, error) {
	tag, err := q.Exec(ctx, `update forum_posts set hidden_at = null, hidden_reason = '', hidden_by = null
		where service_id = $1 and id = $2`, s, id)
	return tag.RowsAffected() == 1, err
}

// evidence is a post as moderation needs it: deleted text is read from its last version.
type evidence struct {
	Author   account.ID
	Text     string
	Category CategoryID
	Title    string
	Thread   ThreadID
	Number   int
	Hidden   bool
	At       time.Time
	voice    int
}

func selectEvidence(ctx context.Context, q pg.Querier, s account.ServiceID, id PostID) (e evidence, err error) {
	err = q.QueryRow(ctx, `select p.author_id, coalesce(v.source, p.source), t.category_id, coalesce(nullif(v.title, ''), t.title), t.id, p.number,
		p.hidden_at is not null, p.created_at, coalesce(p.voice, 0)
		from forum_posts p join forum_threads t on t.id = p.thread_id
		left join forum_post_versions v on v.post_id = p.id and v.version = p.version - 1 and p.deleted_at is not null
		where p.service_id = $1 and p.id = $2`, s, id).
		Scan(&e.Author, &e.Text, &e.Category, &e.Title, &e.Thread, &e.Number, &e.Hidden, &e.At, &e.voice)
	return e, one(err)
}

// selectModeratorsOf names those who look after the category of a post, but never its author.
func selectModeratorsOf(ctx context.Context, q pg.Querier, s account.ServiceID, id PostID) (who []account.ID, err error) {
	rows, err := q.Query(ctx, `select m.account_id from forum_posts p
		join forum_threads t on t.id = p.thread_id
		left join forum_moderators m on m.category_id = t.category_id and m.account_id <> p.author_id
		where p.service_id = $1 and p.id = $2
		order by m.assigned_at, m.account_id`, s, id)
	if err != nil {
		return nil, err
	}
	var one account.ID
	tag, err := pgx.ForEachRow(rows, []any{&one}, func() error {
		if !one.IsZero() { // the one row of a post that nobody moderates
			who = append(who, one)
		}
		return nil
	})
	if err == nil && tag.RowsAffected() == 0 {
		return nil, account.ErrNotFound
	}
	return who, err
}

// selectStale takes posts that older rules rendered; other instances skip those it holds.
func selectStale(ctx context.Context, q pg.Querier, limit int) (ids []PostID, sources []string, shapes []shape, err error) {
	rows, err := q.Query(ctx, `select p.id, p.source, p.number, t.kind from forum_posts p join forum_threads t on t.id = p.thread_id where p.renderer < $1 and p.deleted_at is null
		order by p.renderer, p.id limit $2 for update of p skip locked`, renderer, limit)
	if err != nil {
		return nil, nil, nil, err
	}
	var id PostID
	var source string
	var number int
	var kind Kind
	_, err = pgx.ForEachRow(rows, []any{&id, &source, &number, &kind}, func() error {
		ids, sources, shapes = append(ids, id), append(sources, source), append(shapes, shapeOf(kind, number))
		return nil
	})
	return ids, sources, shapes, err
}

func updateRendered(ctx context.Context, q pg.Querier, ids []PostID, htmls []string) error {
	_, err := q.Exec(ctx, `update forum_posts p set html = n.html, renderer = $3
		from unnest($1::uuid[], $2::text[]) as n(id, html) where p.id = n.id`, ids, htmls, renderer)
	return err
}

// selectVersions lists what a post said before, the latest first.
func selectVersions(ctx context.Context, q pg.Querier, s account.ServiceID, id PostID) ([]Version, error) {
	rows, err := q.Query(ctx, `select version, title, source, notes, replaced_at from forum_post_versions where service_id = $1 and post_id = $2
		order by version desc limit 200`, s, id)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (v Version, err error) {
		return v, row.Scan(&v.Number, &v.Title, &v.Text, &v.Notes, &v.Until)
	})
}
