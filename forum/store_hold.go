package forum

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
	"ponti/moderation/triage"
)

// heldRow is a held post as it is stored.
type heldRow struct {
	ID      PostID
	Thread  ThreadID
	Author  account.ID
	CID     string
	Title   string // of the thread it answers in, or opens
	Source  string
	HTML    string
	Notes   []ContentNote
	Level   triage.Level
	Why     Why
	At      time.Time
	Refused bool
	Kind    Kind // of the thread it opens
	Version int
	// Nameless: it appears without its author's name.
	Nameless bool

	approvals []approval // to publish it by; the ESP's first
	Category  Category
}

// heldColumns wants the reader as $2.
const heldColumns = `h.id, h.thread_id, h.author_id, h.cid, coalesce(t.title, h.title), h.source, h.html, h.notes, h.level, h.why, h.written_at, h.refused_at is not null, h.kind, h.version, h.nameless, ` + categoryColumns

const heldFrom = ` from forum_held h left join forum_threads t on t.id = h.thread_id join forum_categories c on c.id = coalesce(t.category_id, h.category_id) `

func (h *heldRow) scan(row pgx.Row) error {
	var level string
	err := row.Scan(append([]any{&h.ID, &h.Thread, &h.Author, &h.CID, &h.Title, &h.Source, &h.HTML, &h.Notes, &level, &h.Why, &h.At, &h.Refused, &h.Kind, &h.Version, &h.Nameless}, h.Category.fields()...)...)
	if err != nil {
		return one(err)
	}
	h.Level, err = triage.ParseLevel(level)
	return err
}

func insertHeld(ctx context.Context, q pg.Querier, s account.ServiceID, c CategoryID, k Kind, p newPost, why Why) error {
	_, err := q.Exec(ctx, `insert into forum_held (id, service_id, category_id, thread_id, author_id, cid, title, source, html, level, why, notes, kind, nameless)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		p.ID, s, c, p.Thread, p.Author, p.CID, p.Title, p.Source, p.HTML, p.Level.String(), string(why), p.Notes, k, p.Nameless)
	return err
}

// selectHeld reads one, locked when it is decided about.
func selectHeld(ctx context.Context, q pg.Querier, a account.Actor, id PostID, lock bool) (h heldRow, err error) {
	sql := `select ` + heldColumns + heldFrom + `where h.service_id = $1 and h.id = $3`
	if lock {
		sql += ` for update of h`
	}
	return h, h.scan(q.QueryRow(ctx, sql, a.Service, a.ID, id))
}

func selectOwnHeld(ctx context.Context, q pg.Querier, a account.Actor) ([]heldRow, error) {
	rows, err := q.Query(ctx, ownHeldSQL, a.Service, a.ID)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanHeld)
}

const ownHeldSQL = `select ` + heldColumns + heldFrom + `where h.service_id = $1 and h.author_id = $2 order by h.written_at, h.id limit 100`

func scanHeld(row pgx.CollectableRow) (h heldRow, err error) { return h, h.scan(row) }

// selectWaiting lists what waits in the categories that somebody moderates; a tutor moderates all.
func selectWaiting(ctx context.Context, q pg.Querier, a account.Actor) ([]heldRow, error) {
	rows, err := q.Query(ctx, `select `+heldColumns+heldFrom+`where h.service_id = $1 and h.refused_at is null and h.author_id <> $2
			and ($3 or exists (select from forum_moderators m where m.category_id = c.id and m.account_id = $2))
		order by h.written_at, h.id limit 100`, a.Service, a.ID, a.Is(account.RoleTutor))
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanHeld)
}

func updateHeldRefused(ctx context.Context, q pg.Querier, s account.ServiceID, id PostID, by account.ID) error {
	_, err := q.Exec(ctx, `update forum_held set refused_at = clock_timestamp(), refused_by = $3 where service_id = $1 and id = $2`, s, id, by)
	return err
}

func deleteHeld(ctx context.Context, q pg.Querier, s account.ServiceID, id PostID) error {
	_, err := q.Exec(ctx, `delete from forum_held where service_id = $1 and id = $2`, s, id)
	return err
}

func deleteRefused(ctx context.Context, q pg.Querier, months int) error {
	_, err := q.Exec(ctx, `with gone as (delete from forum_held where id in (select id from forum_held where refused_at < now() - make_interval(months => $1)
			order by refused_at limit 500 for update skip locked) returning id)
		delete from forum_round_writings where post_id in (select id from gone)`, months)
	return err
}

// selectPublished counts somebody's posts that readers see, up to a number: no further than that matters.
func selectPublished(ctx context.Context, q pg.Querier, a account.Actor, most int) (n int, err error) {
	err = q.QueryRow(ctx, `select count(*) from (select from forum_posts where author_id = $2 and service_id = $1 and hidden_at is null and deleted_at is null limit $3) x`,
		a.Service, a.ID, most).Scan(&n)
	return n, err
}

// selectWritten looks for a client id where the constraint of the table that a text goes to does not.
func selectWritten(ctx context.Context, q pg.Querier, a account.Actor, cid string, why Why) (is bool, err error) {
	table := "forum_held"
	if why != HoldNothing {
		table = "forum_posts"
	}
	err = q.QueryRow(ctx, `select exists (select from `+table+` where author_id = $1 and cid = $2)`, a.ID, cid).Scan(&is)
	return is, err
}

// selectHeldReceipt is selectReceipt for what is held.
func selectHeldReceipt(ctx context.Context, q pg.Querier, a account.Actor, cid string) (r Receipt, said newPost, err error) {
	var level string
	err = q.QueryRow(ctx, `select h.id, h.thread_id, h.level, coalesce(t.title, h.title), h.source, h.nameless from forum_held h left join forum_threads t on t.id = h.thread_id
		where h.service_id = $1 and h.author_id = $2 and h.cid = $3`, a.Service, a.ID, cid).Scan(&r.Post, &r.Thread, &level, &said.Title, &said.Source, &said.Nameless)
	if err != nil {
		return r, said, one(err)
	}
	r.Held = true
	r.Level, err = triage.ParseLevel(level)
	return r, said, err
}

func selectHeldIDs(ctx context.Context, q pg.Querier, a account.Actor) ([]PostID, error) {
	rows, err := q.Query(ctx, `select id from forum_held where service_id = $1 and author_id = $2 order by id for update`, a.Service, a.ID)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[PostID])
}

func selectHeldModerators(ctx context.Context, q pg.Querier, s account.ServiceID, id PostID) ([]account.ID, error) {
	rows, err := q.Query(ctx, `select m.account_id from forum_held h left join forum_threads t on t.id = h.thread_id
		join forum_moderators m on m.category_id = coalesce(t.category_id, h.category_id) and m.account_id <> h.author_id
		where h.service_id = $1 and h.id = $2 order by m.assigned_at, m.account_id`, s, id)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[account.ID])
}

func selectHeldFor(ctx context.Context, q pg.Querier) (d time.Duration, err error) {
	err = q.QueryRow(ctx, `select coalesce(greatest(now() - min(written_at), interval '0'), interval '0') from forum_held where refused_at is null`).Scan(&d)
	return d, err
}
