package forum

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
)

// lockDesk lets one transaction at a time change the categories of a service.
func lockDesk(ctx context.Context, q pg.Querier, s account.ServiceID) error {
	_, err := q.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('forum desk ' || $1::text, 0))`, s.String())
	return err
}

// selectDesk lists the categories of a service in its order. It counts no further than MaxCounted.
func selectDesk(ctx context.Context, q pg.Querier, s account.ServiceID) ([]DeskCategory, error) {
	rows, err := q.Query(ctx, `select c.id, c.slug, c.audience, c.title, c.rules, c.nameless, c.archived_at,
			(select count(*) from (select from forum_threads t where t.category_id = c.id and t.deleted_at is null limit $2) x),
			(select count(*) from (select from forum_held h left join forum_threads t on t.id = h.thread_id
				where h.service_id = $1 and h.refused_at is null and coalesce(t.category_id, h.category_id) = c.id limit $2) x)
		from forum_categories c where c.service_id = $1 `+inOrder, s, MaxCounted)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (c DeskCategory, err error) {
		return c, row.Scan(&c.ID, &c.Slug, &c.Audience, &c.Title, &c.Rules, &c.Nameless, &c.ArchivedAt, &c.Threads, &c.Waiting)
	})
}

// inOrder is how categories follow one another for everybody: those in the archive last.
const inOrder = `order by c.archived_at is not null, c.position, c.title, c.id`

// lockCategory reads one, and lets nobody else change it until the transaction ends.
func lockCategory(ctx context.Context, q pg.Querier, s account.ServiceID, slug string) (c DeskCategory, err error) {
	err = q.QueryRow(ctx, `select id, slug, audience, title, rules, archived_at from forum_categories where service_id = $1 and slug = $2 for no key update`, s, slug).
		Scan(&c.ID, &c.Slug, &c.Audience, &c.Title, &c.Rules, &c.ArchivedAt)
	return c, one(err)
}

func updateCategoryTitle(ctx context.Context, q pg.Querier, s account.ServiceID, c CategoryID, title string) error {
	_, err := q.Exec(ctx, `update forum_categories set title = $3 where service_id = $1 and id = $2`, s, c, title)
	return err
}

// updateArchived stops the clocks of the category's round tables, or lets them go on with the time that was left.
func updateArchived(ctx context.Context, q pg.Querier, s account.ServiceID, c CategoryID, archived bool) (changed bool, err error) {
	if !archived {
		if err := updateRoundClocks(ctx, q, s, c); err != nil {
			return false, err
		}
	}
	tag, err := q.Exec(ctx, `update forum_categories set archived_at = case when $3 then clock_timestamp() end
		where service_id = $1 and id = $2 and (archived_at is not null) <> $3`, s, c, archived)
	return tag.RowsAffected() == 1, err
}

func selectOrder(ctx context.Context, q pg.Querier, s account.ServiceID) (o order, err error) {
	rows, err := q.Query(ctx, `select c.id, c.archived_at is not null from forum_categories c where c.service_id = $1 `+inOrder, s)
	if err != nil {
		return o, err
	}
	var id CategoryID
	var archived bool
	_, err = pgx.ForEachRow(rows, []any{&id, &archived}, func() error {
		if archived {
			o.archived = append(o.archived, id)
		} else {
			o.open = append(o.open, id)
		}
		return nil
	})
	return o, err
}

// updateOrder gives every category of a service a place of its own.
func updateOrder(ctx context.Context, q pg.Querier, s account.ServiceID, o order) error {
	all := append(append([]CategoryID{}, o.open...), o.archived...)
	_, err := q.Exec(ctx, `update forum_categories c set position = n.place from unnest($2::uuid[]) with ordinality n (id, place)
		where c.service_id = $1 and c.id = n.id and c.position <> n.place`, s, all)
	return err
}

// insertProposed makes the category that a proposal describes.
func insertProposed(ctx context.Context, q pg.Querier, s account.ServiceID, p Proposal) error {
	_, err := q.Exec(ctx, `insert into forum_categories (id, service_id, slug, audience, title, rules, position) values ($1, $2, $3, $4, $5, $6, $7)`,
		p.Category, s, p.Slug, p.Audience, p.Title, p.Rules, p.Place)
	return err
}

// proposalRow is a proposal with whose it is.
type proposalRow struct {
	Proposal
	askedBy, settledBy account.ID
}

// proposalColumns wants as $2 how long a proposal is waited with.
const proposalColumns = `select p.id, p.kind, case when p.state = 'asked' and p.asked_at < now() - $2::interval then 'lapsed' else p.state end, p.category_id,
	case when p.kind = 'create' then p.slug else c.slug end, case when p.kind = 'create' then p.audience else c.audience end,
	case when p.kind = 'create' then p.title else c.title end, p.rules, p.place, p.why, p.asked_by, p.asked_at, p.settled_by, coalesce(p.settled_at, '0001-01-01Z'), p.reason
	from forum_proposals p left join forum_categories c on c.id = p.category_id `

func (r *proposalRow) scan(row pgx.Row) error {
	return one(row.Scan(&r.ID, &r.Kind, &r.State, &r.Category, &r.Slug, &r.Audience, &r.Title, &r.Rules, &r.Place, &r.Why, &r.askedBy, &r.AskedAt, &r.settledBy, &r.SettledAt, &r.Reason))
}

// selectProposals lists all that wait and the latest of the others, the latest first.
func selectProposals(ctx context.Context, q pg.Querier, s account.ServiceID, life time.Duration) ([]proposalRow, error) {
	rows, err := q.Query(ctx, proposalColumns+`where p.service_id = $1 and (p.state = 'asked'
			or p.id in (select id from forum_proposals where service_id = $1 and state <> 'asked' order by asked_at desc, id limit $3))
		order by p.asked_at desc, p.id`, s, life, maxProposals)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (r proposalRow, err error) { return r, r.scan(row) })
}

func selectProposal(ctx context.Context, q pg.Querier, s account.ServiceID, id ProposalID, life time.Duration) (r proposalRow, err error) {
	return r, r.scan(q.QueryRow(ctx, proposalColumns+`where p.service_id = $1 and p.id = $3`, s, life, id))
}

func insertProposal(ctx context.Context, q pg.Querier, a account.Actor, p Proposal) error {
	_, err := q.Exec(ctx, `insert into forum_proposals (id, service_id, kind, category_id, slug, audience, title, rules, place, why, asked_by)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`, p.ID, a.Service, p.Kind, p.Category, p.Slug, p.Audience, p.Title, p.Rules, p.Place, p.Why, a.ID)
	return err
}

func updateProposal(ctx context.Context, q pg.Querier, a account.Actor, p Proposal, state ProposalState, reason string) error {
	_, err := q.Exec(ctx, `update forum_proposals set state = $4, settled_by = $3, settled_at = clock_timestamp(), reason = $5, category_id = $6 where service_id = $1 and id = $2`,
		a.Service, p.ID, a.ID, state, reason, p.Category)
	return err
}

// updateProposalsLapsed ends those that nobody answered in time, and those of who is no administrator any more.
func updateProposalsLapsed(ctx context.Context, q pg.Querier, s account.ServiceID, life time.Duration, admins []account.ID) error {
	_, err := q.Exec(ctx, `update forum_proposals set state = 'lapsed' where service_id = $1 and state = 'asked'
		and (asked_at < now() - $2::interval or not asked_by = any($3))`, s, life, admins)
	return err
}
