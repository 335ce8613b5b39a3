package forum

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
)

// frontRows are what the forum's front page is made of.
type frontRows struct {
	filters filterRow
	boards  []boardRow
	held    []heldRow // the reader's own
	drafts  int
	news    placedThreads
	before  *time.Time // when the visit before this one ended; nil on the first
	since   placedThreads
	ahead   placedThreads
}

// placedThreads are threads, each with its category.
type placedThreads struct {
	threads    []threadRow
	categories []Category
}

// scan reads threads with what t and c were given as fields, and what more says of each.
func (p *placedThreads) scan(rows pgx.Rows, more func(*threadRow) []any) error {
	var t threadRow
	var c Category
	fields := append(t.fields(), c.fields()...)
	if more != nil {
		fields = append(fields, more(&t)...)
	}
	_, err := pgx.ForEachRow(rows, fields, func() error {
		p.threads, p.categories = append(p.threads, t), append(p.categories, c)
		return nil
	})
	return err
}

// selectFront reads the front page in one exchange; with visiting it also notes that the reader is there, and reads what came since they were before.
func (f *Forum) selectFront(ctx context.Context, a account.Actor, visiting bool, events int) (r frontRows, err error) {
	audiences := readable(a)
	err = pg.Together(ctx, f.pool, func(b *pgx.Batch) {
		b.Queue(filtersSQL, a.ID, a.Service).QueryRow(func(row pgx.Row) error {
			if err := row.Scan(r.filters.fields()...); !errors.Is(err, pgx.ErrNoRows) {
				return err
			}
			return nil
		})
		queueAll(b, &r.boards, scanBoard, boardsSQL, a.Service, a.ID)
		queueAll(b, &r.held, scanHeld, ownHeldSQL, a.Service, a.ID)
		b.Queue(draftCountSQL, a.Service, a.ID).QueryRow(func(row pgx.Row) error { return row.Scan(&r.drafts) })
		b.Queue(newsSQL, a.Service, a.ID, audiences, NewsLength).Query(func(rows pgx.Rows) error {
			return r.news.scan(rows, func(t *threadRow) []any { return []any{&t.Mentioned} })
		})
		b.Queue(upcomingSQL, a.Service, a.ID, audiences, time.Duration(0), events, false).Query(func(rows pgx.Rows) error { return r.ahead.scan(rows, nil) })
		if !visiting {
			return
		}
		b.Queue(visitSQL, a.ID, a.Service, visitGap).QueryRow(func(row pgx.Row) error { return row.Scan(&r.before) })
		b.Queue(sinceSQL, a.Service, a.ID, audiences, VisitLength+1).Query(func(rows pgx.Rows) error { return r.since.scan(rows, nil) })
	})
	return r, err
}
