package audit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/internal/pg"
)

const entryColumns = `e.service_id, e.at, e.actor_id, e.actor_role, e.action, e.object, e.reason`

// selectHead is the end of the chain, and the time of this transaction.
func selectHead(ctx context.Context, q pg.Querier, now *time.Time) (h Head, err error) {
	var hash []byte
	err = q.QueryRow(ctx, `select now(), coalesce(l.n, 0), l.hash from (select) x left join
		(select n, hash from audit_links order by n desc limit 1) l on true`).Scan(now, &h.N, &hash)
	copy(h.Hash[:], hash)
	return h, err
}

// selectPending locks nothing: who links is alone, and nobody else takes a row away.
func selectPending(ctx context.Context, q pg.Querier, after int64) ([]record, error) {
	rows, err := q.Query(ctx, `select e.id, `+entryColumns+` from audit_pending p join audit_entries e on e.id = p.entry_id
		where p.entry_id > $1 order by p.entry_id limit $2`, after, page)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (r record, err error) {
		err = row.Scan(&r.id, &r.service, &r.at, &r.actor, &r.texts[0], &r.texts[1], &r.texts[2], &r.texts[3])
		return r, err
	})
}

func insertLinks(ctx context.Context, q pg.Querier, now time.Time, heads []Head, entries []int64) error {
	numbers, hashes := make([]int64, len(heads)), make([][]byte, len(heads))
	for i, h := range heads {
		numbers[i], hashes[i] = h.N, h.Hash[:]
	}
	_, err := q.Exec(ctx, `insert into audit_links (n, entry_id, hash, linked_at) select n, entry_id, hash, $4
		from unnest($1::bigint[], $2::bigint[], $3::bytea[]) x (n, entry_id, hash)`, numbers, entries, hashes, now)
	if err == nil {
		_, err = q.Exec(ctx, `delete from audit_pending where entry_id = any($1)`, entries)
	}
	return err
}

// link is one place of the chain with what it holds.
type link struct {
	head     Head
	entry    int64
	linkedAt time.Time
	record   *record // nil: not there
}

func selectLinks(ctx context.Context, q pg.Querier, after int64) ([]link, error) {
	rows, err := q.Query(ctx, `select l.n, l.hash, l.linked_at, l.entry_id, e.id is not null, coalesce(e.service_id, gen_random_uuid()),
		coalesce(e.at, now()), e.actor_id, coalesce(e.actor_role, ''), coalesce(e.action, ''), coalesce(e.object, ''), coalesce(e.reason, '')
		from audit_links l left join audit_entries e on e.id = l.entry_id where l.n > $1 order by l.n limit $2`, after, page)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (l link, err error) {
		var r record
		var hash []byte
		var there bool
		err = row.Scan(&l.head.N, &hash, &l.linkedAt, &l.entry, &there, &r.service, &r.at, &r.actor, &r.texts[0], &r.texts[1], &r.texts[2], &r.texts[3])
		copy(l.head.Hash[:], hash)
		if there {
			r.id, l.record = l.entry, &r
		}
		return l, err
	})
}

// selectLinkHash is nil when there is no such link.
func selectLinkHash(ctx context.Context, q pg.Querier, n int64) (hash []byte, err error) {
	err = q.QueryRow(ctx, `select hash from audit_links where n = $1`, n).Scan(&hash)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return hash, err
}

// selectUnlinked is what waits for too long, or waits and is gone.
func selectUnlinked(ctx context.Context, q pg.Querier) ([]Fault, error) {
	rows, err := q.Query(ctx, `select case when e.id is null then 'dropped' else 'unlinked' end, 'entry:' || p.entry_id
		from audit_pending p left join audit_entries e on e.id = p.entry_id
		where e.id is null or e.at < now() - interval '1 min' order by p.entry_id limit $1`, mostFaults)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Fault])
}

// selectUnchained looks at a page of entries for those that neither wait nor are linked; last is 0 behind the last page.
func selectUnchained(ctx context.Context, q pg.Querier, after int64) (ids []int64, last int64, err error) {
	rows, err := q.Query(ctx, `select id, e.at < now() - interval '1 min' and not exists (select from audit_links l where l.entry_id = e.id)
			and not exists (select from audit_pending p where p.entry_id = e.id)
		from audit_entries e where id > $1 order by id limit $2`, after, page)
	if err != nil {
		return nil, 0, err
	}
	var lost bool
	_, err = pgx.ForEachRow(rows, []any{&last, &lost}, func() error {
		if lost {
			ids = append(ids, last)
		}
		return nil
	})
	if err != nil {
		return nil, 0, fmt.Errorf("unchained: %w", err)
	}
	return ids, last, nil
}

func selectLines(ctx context.Context, q pg.Querier, service, of [16]byte, before int64, limit int) ([]Line, error) {
	var who *[16]byte
	object := ""
	if of != [16]byte{} {
		who, object = &of, "account:"+uuid(of)
	}
	rows, err := q.Query(ctx, `select e.id, e.at, e.actor_id, e.actor_role, e.action, e.object, e.reason from audit_entries e
		where e.service_id = $1 and ($2 = 0 or e.id < $2) and ($3::uuid is null or e.actor_id = $3 or e.object = $4)
		order by e.id desc limit $5`, service, before, who, object, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (l Line, err error) {
		var actor *[16]byte
		err = row.Scan(&l.ID, &l.At, &actor, &l.Role, &l.Action, &l.Object, &l.Reason)
		if actor != nil {
			l.Actor = *actor
		}
		l.Service = service
		return l, err
	})
}

func selectLinked(ctx context.Context, q pg.Querier, n int64, limit int, actions []string) ([]Linked, error) {
	rows, err := q.Query(ctx, `select l.n, e.service_id, e.at, e.actor_id, e.actor_role, e.action, e.object, e.reason
		from audit_links l join audit_entries e on e.id = l.entry_id where l.n > $1 and e.action = any($2) order by l.n limit $3`, n, actions, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (l Linked, err error) {
		var actor *[16]byte
		err = row.Scan(&l.N, &l.Service, &l.At, &actor, &l.Role, &l.Action, &l.Object, &l.Reason)
		if actor != nil {
			l.Actor = *actor
		}
		return l, err
	})
}

func selectObjects(ctx context.Context, q pg.Querier, service, actor [16]byte, since time.Time, actions []string) (n int, err error) {
	err = q.QueryRow(ctx, `select count(distinct object) from audit_entries where service_id = $1 and actor_id = $2 and at >= $3 and action = any($4)`,
		service, actor, since, actions).Scan(&n)
	return n, err
}

// uuid is an identifier as objects name it.
func uuid(id [16]byte) string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}
