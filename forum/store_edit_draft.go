package forum

import (
	"context"

	"ponti/account"
	"ponti/internal/pg"
)

// draftedColumns are those of DraftedEdit; e is the post, where there is one.
const draftedColumns = `d.post_id, coalesce(e.number, 0), coalesce(d.post_version, 0), coalesce(e.version, 0), coalesce(e.deleted_at is not null, false), coalesce(e.hidden_at is not null, false)`

// draftedRow is what an edit begins with.
type draftedRow struct {
	Category Category
	Number   int
	Version  int
	Gone     bool
	Title    string
	Source   string
	Notes    []ContentNote
}

// selectDrafted reads the actor's own post, also when it is deleted, with its whole thread; account.ErrNotFound for anybody else's.
func selectDrafted(ctx context.Context, q pg.Querier, a account.Actor, id PostID) (p draftedRow, err error) {
	err = q.QueryRow(ctx, `select e.number, e.version, e.deleted_at is not null, t.title, e.source, e.notes, `+categoryColumns+`
		from forum_posts e join forum_threads t on t.id = e.thread_id join forum_categories c on c.id = t.category_id
		where e.service_id = $1 and e.author_id = $2 and e.id = $3`, a.Service, a.ID, id).
		Scan(append([]any{&p.Number, &p.Version, &p.Gone, &p.Title, &p.Source, &p.Notes}, p.Category.fields()...)...)
	return p, one(err)
}

// selectEditDraft reads the latest draft of an edit of a post, or the one with an id.
func selectEditDraft(ctx context.Context, q pg.Querier, a account.Actor, post PostID, id DraftID) (r draftRow, err error) {
	return r, r.scan(q.QueryRow(ctx, draftsSQL+`and d.post_id = $3 and ($4::uuid is null or d.id = $4) order by d.kept_at desc, d.id limit 1`, a.Service, a.ID, post, id))
}

// updateVersionCID notes by which form a version was replaced.
func updateVersionCID(ctx context.Context, q pg.Querier, s account.ServiceID, id PostID, version int, cid string) error {
	_, err := q.Exec(ctx, `update forum_post_versions set cid = $4 where service_id = $1 and post_id = $2 and version = $3`, s, id, version, cid)
	return err
}

// selectSavedCID says whether a form has replaced a version of a post.
func selectSavedCID(ctx context.Context, q pg.Querier, s account.ServiceID, id PostID, cid string) (is bool, err error) {
	err = q.QueryRow(ctx, `select exists (select from forum_post_versions where service_id = $1 and post_id = $2 and cid = $3)`, s, id, cid).Scan(&is)
	return is, err
}
