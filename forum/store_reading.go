package forum

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
)

// What a page needs is asked for in one exchange with the server: to wait and to be woken costs more than most of these statements.

// threadPage is a thread with some of its posts.
type threadPage struct {
	thread   threadRow
	category Category
	posts    []postRow
	names    map[account.ID]account.Public
	draft    *draftRow // what the reader began to answer; nil when they did not, or nobody asked
}

// selectThreadPage reads a page of a thread and, where draft is not nil, the latest draft of an answer or the one with that id. account.ErrNotFound without the thread.
func (f *Forum) selectThreadPage(ctx context.Context, a account.Actor, id ThreadID, after, limit int, draft *DraftID) (p threadPage, err error) {
	found := false
	p.posts, p.names = make([]postRow, 0, limit), map[account.ID]account.Public{}
	err = pg.Together(ctx, f.pool, func(b *pgx.Batch) {
		b.Queue(threadSQL, a.Service, a.ID, id).QueryRow(func(row pgx.Row) (err error) {
			found, err = isThere(scanThread(row, &p.thread, &p.category))
			return err
		})
		b.Queue(postsSQL, a.Service, id, after, limit, a.ID).Query(func(rows pgx.Rows) error { return scanPosts(rows, &p.posts) })
		f.accounts.PublicOf(b, p.names, authorsOnPageSQL, a.Service, id, after, limit)
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
	names    map[account.ID]account.Public
}

// selectThreadList reads a page of a category and, on the newest, what is pinned there. The empty kind is all. account.ErrNotFound without the category.
func (f *Forum) selectThreadList(ctx context.Context, a account.Actor, slug string, k Kind, before Cursor, limit int) (l threadList, err error) {
	found, newest := false, before.At.IsZero()
	l.threads, l.names = make([]threadRow, 0, limit), map[account.ID]account.Public{}
	err = pg.Together(ctx, f.pool, func(b *pgx.Batch) {
		b.Queue(categorySQL, a.Service, a.ID, slug).QueryRow(func(row pgx.Row) (err error) {
			found, err = isThere(scanCategory(row, &l.category, &l.filters))
			return err
		})
		args := []any{slug, before.at(), before.ID.String()}
		if k != "" {
			args = append(args, k)
		}
		queueAll(b, &l.threads, scanThreads, threadsSQL(k != "", limit), append([]any{a.Service, a.ID}, args...)...)
		f.accounts.PublicOf(b, l.names, openersSQL(k != "", newest, limit), append([]any{a.Service}, args...)...)
		if newest {
			queueAll(b, &l.pinned, scanThreads, pinnedSQL, a.Service, a.ID, slug, MaxPinned, k)
		}
	})
	if err == nil && !found {
		err = account.ErrNotFound
	}
	return l, err
}

// nameAll adds to names those of accounts that are not among them: their texts came while a page was read.
func (f *Forum) nameAll(ctx context.Context, names map[account.ID]account.Public, accounts []account.ID) error {
	missing := slices.DeleteFunc(accounts, func(id account.ID) bool {
		_, known := names[id]
		return known || id.IsZero()
	})
	if len(missing) == 0 {
		return nil
	}
	more, err := f.accounts.Public(ctx, f.pool, missing)
	maps.Copy(names, more)
	return err
}

// queueAll asks for rows, and puts them behind those that are there.
func queueAll[T any](b *pgx.Batch, into *[]T, scan pgx.RowToFunc[T], sql string, args ...any) {
	b.Queue(sql, args...).Query(func(rows pgx.Rows) (err error) {
		*into, err = pgx.AppendRows(*into, rows, scan)
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
