package forum

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"ponti/account"
	"ponti/internal/pg"
)

// What a page needs is asked for in one exchange with the server: to wait and to be woken costs more than most of these statements.

// threadPage is a thread with some of its posts.
type threadPage struct {
	thread   threadRow
	category Category
	posts    []postRow
	draft    *draftRow // what the reader began to answer; nil when they did not, or nobody asked
}

// selectThreadPage reads a page of a thread and, where draft is not nil, the latest draft of an answer or the one with that id. account.ErrNotFound without the thread.
func selectThreadPage(ctx context.Context, pool *pgxpool.Pool, a account.Actor, id ThreadID, after, limit int, draft *DraftID) (p threadPage, err error) {
	found := false
	err = pg.Together(ctx, pool, func(b *pgx.Batch) {
		b.Queue(threadSQL, a.Service, a.ID, id).QueryRow(func(row pgx.Row) (err error) {
			found, err = isThere(scanThread(row, &p.thread, &p.category))
			return err
		})
		queueAll(b, &p.posts, scanPosts, postsSQL, a.Service, id, after, limit, a.ID)
		if draft == nil {
			return
		}
		b.Queue(draftOfSQL, a.Service, a.ID, id, "", *draft).QueryRow(func(row pgx.Row) error {
			r := draftRow{}
			began, err := isThere(r.scan(row))
			if began {
				p.draft = &r
			}
			return err
		})
	})
	if err == nil && !found {
		err = account.ErrNotFound
	}
	return p, err
}

// threadList is a category with some of its threads.
type threadList struct {
	category Category
	filters  filterRow
	pinned   []threadRow
	threads  []threadRow
}

// selectThreadList reads a page of a category and, on the newest, what is pinned there. The empty kind is all. account.ErrNotFound without the category.
func selectThreadList(ctx context.Context, pool *pgxpool.Pool, a account.Actor, slug string, k Kind, before Cursor, limit int) (l threadList, err error) {
	found := false
	err = pg.Together(ctx, pool, func(b *pgx.Batch) {
		b.Queue(categorySQL, a.Service, a.ID, slug).QueryRow(func(row pgx.Row) (err error) {
			found, err = isThere(scanCategory(row, &l.category, &l.filters))
			return err
		})
		args := []any{a.Service, a.ID, slug, before.at(), before.ID.String()}
		if k != "" {
			args = append(args, k)
		}
		queueAll(b, &l.threads, scanThreads, threadsSQL(k != "", limit), args...)
		if before.At.IsZero() {
			queueAll(b, &l.pinned, scanThreads, pinnedSQL, a.Service, a.ID, slug, MaxPinned, k)
		}
	})
	if err == nil && !found {
		err = account.ErrNotFound
	}
	return l, err
}

// queueAll asks for rows.
func queueAll[T any](b *pgx.Batch, into *[]T, scan pgx.RowToFunc[T], sql string, args ...any) {
	b.Queue(sql, args...).Query(func(rows pgx.Rows) (err error) {
		*into, err = pgx.CollectRows(rows, scan)
		return err
	})
}

// isThere tells a missing row, after which the other answers are read all the same, from a failure.
func isThere(err error) (bool, error) {
	if errors.Is(err, account.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}
