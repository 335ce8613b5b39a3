package forum

import (
	"context"
	"fmt"

	"ponti/account"
	"ponti/internal/bus"
	"ponti/internal/pg"
)

// mark says how the posts of one page of a thread stand. Each change of what readers see there makes another one: numbers and versions only grow, and a post
// that is hidden, shown again, deleted or led elsewhere is counted.
type mark struct {
	category CategoryID
	posts    int // of the whole thread
	locked   bool
	pinned   bool
	answer   int
	standing int // posts of the page that stand in it
	beside   int // changes of what stands beside the posts
	versions int
	hidden   int
	deleted  int
	changes  int // of what hangs on the posts
}

func (m mark) String() string {
	return fmt.Sprintf("%s.%d.%t.%t.%d.%d.%d.%d.%d.%d.%d", m.category, m.posts, m.locked, m.pinned, m.answer, m.beside, m.standing, m.versions, m.hidden, m.deleted, m.changes)
}

func markOf(t threadRow, c Category, rows []postRow) string {
	m := mark{category: c.ID, posts: t.Posts, locked: t.Locked || t.Told.Closed || c.Archived, pinned: t.Pinned, answer: t.Answer, beside: t.beside, standing: len(rows)}
	for i := range rows {
		r := &rows[i]
		m.versions, m.changes = m.versions+r.Version, m.changes+r.Changes
		if r.Hidden {
			m.hidden++
		}
		if r.Deleted {
			m.deleted++
		}
	}
	return m.String()
}

// ThreadMark gives the mark of the page of a thread after a number, as PostList has it; rights as Posts.
func (f *Forum) ThreadMark(ctx context.Context, actor account.Actor, id ThreadID, after int) (string, error) {
	if err := mayEnter(actor); err != nil {
		return "", err
	}
	m, c, err := selectMark(ctx, f.pool, actor, id, min(max(after, 0), 1_000_000_000), PostsPerPage)
	if err != nil {
		return "", pg.Classify(err)
	}
	if err := mayRead(actor, c.place()); err != nil {
		return "", err
	}
	return m.String(), nil
}

// changed tells whoever follows a thread to look again; call it after the commit.
func (f *Forum) changed(id ThreadID) {
	if !id.IsZero() {
		f.hints.Publish(bus.Thread(id.String()), nil)
	}
}
