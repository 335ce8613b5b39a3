package forum

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
	"ponti/internal/seal"
)

// draftRow is a draft as it is stored, with where it would stand.
type draftRow struct {
	Draft

	sealed     seal.Alone
	thread     threadRow
	threadGone bool
}

// lockDrafts lets one window of an account keep at a time: how many drafts there are is counted before one is added.
func lockDrafts(ctx context.Context, q pg.Querier, a account.Actor) error {
	_, err := q.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('forum drafts ' || $1::text, 0))`, a.ID)
	return err
}

// selectDraftMark reads which version is stored under a client id, and locks it; the zero mark is none.
func selectDraftMark(ctx context.Context, q pg.Querier, a account.Actor, cid string) (m DraftMark, err error) {
	err = q.QueryRow(ctx, `select version, writer from forum_drafts where service_id = $1 and account_id = $2 and cid = $3 for update`, a.Service, a.ID, cid).
		Scan(&m.Version, &m.Writer)
	if errors.Is(err, pgx.ErrNoRows) {
		err = nil
	}
	return m, err
}

// selectPublishedCID says whether a text was sent with a client id, whether readers see it yet or not.
func selectPublishedCID(ctx context.Context, q pg.Querier, a account.Actor, cid string) (is bool, err error) {
	err = q.QueryRow(ctx, `select exists (select from forum_posts where author_id = $1 and cid = $2) or exists (select from forum_held where author_id = $1 and cid = $2)`,
		a.ID, cid).Scan(&is)
	return is, err
}

func countDrafts(ctx context.Context, q pg.Querier, a account.Actor) (n int, err error) {
	err = q.QueryRow(ctx, draftCountSQL, a.Service, a.ID).Scan(&n)
	return n, err
}

const draftCountSQL = `select count(*) from forum_drafts where service_id = $1 and account_id = $2`

func insertDraft(ctx context.Context, q pg.Querier, a account.Actor, c CategoryID, id DraftID, k Keep, s seal.Alone) error {
	_, err := q.Exec(ctx, `insert into forum_drafts (id, service_id, account_id, cid, category_id, thread_id, writer, key_id, key_wrapped, text_sealed, post_id, post_version)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, nullif($12::int, 0))`, id, a.Service, a.ID, k.CID, c, k.Thread, k.Writer, s.KeyID, s.Wrapped, s.Text, k.Post, k.Base)
	return err
}

func updateDraft(ctx context.Context, q pg.Querier, a account.Actor, c CategoryID, k Keep, version int, s seal.Alone) error {
	_, err := q.Exec(ctx, `update forum_drafts set category_id = $4, thread_id = $5, version = $6, writer = $7, key_id = $8, key_wrapped = $9, text_sealed = $10,
		post_id = $11, post_version = nullif($12::int, 0), came_from = '{}', kept_at = clock_timestamp() where service_id = $1 and account_id = $2 and cid = $3`, a.Service, a.ID, k.CID, c, k.Thread, version, k.Writer, s.KeyID, s.Wrapped, s.Text, k.Post, k.Base)
	return err
}

func updateDraftCID(ctx context.Context, q pg.Querier, a account.Actor, cid, fresh string) error {
	_, err := q.Exec(ctx, `update forum_drafts set cid = $4 where service_id = $1 and account_id = $2 and cid = $3`, a.Service, a.ID, cid, fresh)
	return err
}

func deleteDraftOf(ctx context.Context, q pg.Querier, a account.Actor, cid string) error {
	_, err := q.Exec(ctx, `delete from forum_drafts where service_id = $1 and account_id = $2 and cid = $3`, a.Service, a.ID, cid)
	return err
}

func deleteDraft(ctx context.Context, q pg.Querier, a account.Actor, id DraftID) error {
	_, err := q.Exec(ctx, `delete from forum_drafts where service_id = $1 and account_id = $2 and id = $3`, a.Service, a.ID, id)
	return err
}

func deleteDrafts(ctx context.Context, q pg.Querier, a account.Actor) error {
	_, err := q.Exec(ctx, `delete from forum_drafts where service_id = $1 and account_id = $2`, a.Service, a.ID)
	return err
}

func deleteOldDrafts(ctx context.Context, q pg.Querier, months int) error {
	_, err := q.Exec(ctx, `delete from forum_drafts where id in (select id from forum_drafts where kept_at < now() - make_interval(months => $1)
		order by kept_at limit 500 for update skip locked)`, months)
	return err
}

// draftsSQL wants the service as $1 and the writer as $2.
const draftsSQL = `select d.id, d.cid, d.version, d.kept_at, d.thread_id, d.text_sealed, d.key_wrapped, d.key_id,
		t.author_id, t.title, coalesce(t.locked_at is not null or t.closed_to_replies, false), coalesce(t.deleted_at is not null, false), coalesce(p.hidden_at is not null, false),
		coalesce(p.deleted_at is not null, false), ` + draftedColumns + `, ` + categoryColumns + `
	from forum_drafts d left join forum_posts e on e.id = d.post_id left join forum_threads t on t.id = coalesce(e.thread_id, d.thread_id) left join forum_posts p on p.thread_id = t.id and p.number = 1
	join forum_categories c on c.id = coalesce(t.category_id, d.category_id)
	where d.service_id = $1 and d.account_id = $2 `

func (r *draftRow) scan(row pgx.Row) error {
	var title *string
	err := row.Scan(append([]any{
		&r.ID, &r.CID, &r.Version, &r.KeptAt, &r.Thread, &r.sealed.Text, &r.sealed.Wrapped, &r.sealed.KeyID,
		&r.thread.author, &title, &r.thread.Locked, &r.threadGone, &r.thread.hidden, &r.thread.ended,
		&r.Edit.Post, &r.Edit.Number, &r.Edit.Base, &r.Edit.Version, &r.Edit.Gone, &r.Edit.Hidden,
	}, r.Category.fields()...)...)
	if title != nil {
		r.thread.Title = *title
	}
	return one(err)
}

func selectDrafts(ctx context.Context, q pg.Querier, a account.Actor) ([]draftRow, error) {
	rows, err := q.Query(ctx, draftsSQL+`order by d.kept_at desc, d.id limit $3`, a.Service, a.ID, MaxDrafts)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (r draftRow, err error) { return r, r.scan(row) })
}

// draftOfSQL reads the latest draft of a place, or the one with an id.
const draftOfSQL = draftsSQL + `and d.post_id is null and d.thread_id is not distinct from $3 and ($3 is not null or c.slug = $4) and ($5::uuid is null or d.id = $5)
	order by d.kept_at desc, d.id limit 1`

func selectDraftOf(ctx context.Context, q pg.Querier, a account.Actor, thread ThreadID, slug string, id DraftID) (r draftRow, err error) {
	return r, r.scan(q.QueryRow(ctx, draftOfSQL, a.Service, a.ID, thread, slug, id))
}
