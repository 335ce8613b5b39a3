package forum

import (
	"context"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
)

const pageColumns = `p.id, p.slug, v.version, v.kind, v.title, v.source, v.province, v.address, v.phone, v.mail, v.web, v.hours, v.written_at, p.removed_at is not null`

const pageNow = ` from forum_pages p join forum_page_versions v on v.page_id = p.id and v.version = p.version `

func (p *Page) scan(row pgx.Row) error {
	return one(row.Scan(&p.ID, &p.Slug, &p.Version, &p.Kind, &p.Title, &p.Source, &p.Place.Province, &p.Place.Address, &p.Place.Phone, &p.Place.Mail,
		&p.Place.Web, &p.Place.Hours, &p.At, &p.Removed))
}

func collectPages(rows pgx.Rows, err error) ([]Page, error) {
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (p Page, err error) { return p, p.scan(row) })
}

func selectPages(ctx context.Context, q pg.Querier, s account.ServiceID, removed bool) ([]Page, error) {
	return collectPages(q.Query(ctx, `select `+pageColumns+pageNow+`where p.service_id = $1 and ($2 or p.removed_at is null) order by lower(v.title), p.id limit 2000`, s, removed))
}

func selectPageBySlug(ctx context.Context, q pg.Querier, s account.ServiceID, slug string) (p Page, err error) {
	return p, p.scan(q.QueryRow(ctx, `select `+pageColumns+pageNow+`where p.service_id = $1 and p.slug = $2 and p.removed_at is null`, s, slug))
}

func selectPageVersions(ctx context.Context, q pg.Querier, s account.ServiceID, id PageID) ([]Page, error) {
	return collectPages(q.Query(ctx, `select `+pageColumns+` from forum_pages p join forum_page_versions v on v.page_id = p.id
		where p.service_id = $1 and p.id = $2 order by v.version desc limit 500`, s, id))
}

func lockPages(ctx context.Context, q pg.Querier, s account.ServiceID) error {
	_, err := q.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('forum pages ' || $1::text, 0))`, s)
	return err
}

func lockPage(ctx context.Context, q pg.Querier, s account.ServiceID, id PageID) (p Page, err error) {
	err = q.QueryRow(ctx, `select slug, version, removed_at is not null from forum_pages where service_id = $1 and id = $2 for update`, s, id).Scan(&p.Slug, &p.Version, &p.Removed)
	return p, one(err)
}

func selectSlugTaken(ctx context.Context, q pg.Querier, s account.ServiceID, slug string) (taken bool, err error) {
	err = q.QueryRow(ctx, `select exists (select from forum_pages where service_id = $1 and slug = $2)`, s, slug).Scan(&taken)
	return taken, err
}

func insertPage(ctx context.Context, q pg.Querier, s account.ServiceID, p Page) error {
	_, err := q.Exec(ctx, `insert into forum_pages (id, service_id, slug) values ($1, $2, $3)`, p.ID, s, p.Slug)
	return err
}

func insertPageVersion(ctx context.Context, q pg.Querier, a account.Actor, p Page) error {
	_, err := q.Exec(ctx, `insert into forum_page_versions (page_id, version, service_id, kind, title, source, province, address, phone, mail, web, hours, written_by)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		p.ID, p.Version, a.Service, string(p.Kind), p.Title, p.Source, p.Place.Province, p.Place.Address, p.Place.Phone, p.Place.Mail, p.Place.Web, p.Place.Hours, a.ID)
	return err
}

func updatePage(ctx context.Context, q pg.Querier, s account.ServiceID, id PageID, version int) error {
	_, err := q.Exec(ctx, `update forum_pages set version = $3, removed_at = null where service_id = $1 and id = $2`, s, id, version)
	return err
}

func updatePageRemoved(ctx context.Context, q pg.Querier, s account.ServiceID, id PageID) error {
	_, err := q.Exec(ctx, `update forum_pages set removed_at = clock_timestamp() where service_id = $1 and id = $2`, s, id)
	return err
}
