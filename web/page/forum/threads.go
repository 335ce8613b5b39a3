package forum

import (
	"context"

	"github.com/a-h/templ"

	"ponti/forum"
	"ponti/web/page/parts"
)

// threadRows are the threads of a list.
func threadRows(ctx context.Context, threads []forum.Thread) templ.Component {
	active := parts.Escaped(ctx, "forum.last_activity")
	return parts.Each(len(threads), func(ctx context.Context, m *parts.Markup, i int) {
		t := &threads[i]
		m.Raw(`<li class="thread"><h2><a href="`, threadPath(t.ID), `" dir="auto">`)
		if t.Title != "" && t.Muted == "" {
			m.Text(t.Title)
		} else {
			m.Component(ctx, threadTitle(*t))
		}
		m.Raw(`</a></h2>`)
		if t.Told.Abstract != "" && t.Muted == "" {
			m.Raw(`<p class="abstract" dir="auto">`)
			m.Text(t.Told.Abstract)
			m.Raw(`</p>`)
		}
		if t.Event != nil {
			m.Component(ctx, eventLine(*t))
		}
		m.Raw(`<p class="thread-meta muted">`)
		if t.Kind != forum.KindDiscussion {
			m.Component(ctx, kindBadge(t.Kind))
		}
		writeAuthor(ctx, m, &t.Author)
		m.Raw(`<span>`)
		m.N("forum.posts", t.Count())
		m.Raw(`</span> <span>`)
		if t.Kind == forum.KindPublication {
			m.When(t.CreatedAt)
		} else {
			m.Raw(active, ` `)
			m.Ago(t.LastPostAt)
		}
		m.Raw(`</span> `)
		if len(t.Notes) > 0 {
			m.Raw(`<span>`)
			m.T("forum.noted")
			m.Raw(` <b>`)
			m.Text(noteNames(ctx, t.Notes))
			m.Raw(`</b></span> `)
		}
		if t.Pinned {
			threadBadge(m, "badge badge-role", "forum.pinned")
		}
		if t.Answer > 0 {
			threadBadge(m, "badge badge-role", "forum.answered")
		}
		if t.Locked {
			threadBadge(m, "badge", "forum.locked")
		}
		writeUnread(m, t)
		m.Raw(`</p></li>`)
	})
}

func threadBadge(m *parts.Markup, class, key string) {
	m.Raw(`<span class="`, class, `">`)
	m.T(key)
	m.Raw(`</span> `)
}

// unread says how much of a thread is new to the reader, and leads to where they stopped.
func unread(t forum.Thread) templ.Component {
	return parts.Each(1, func(_ context.Context, m *parts.Markup, _ int) { writeUnread(m, &t) })
}

func writeUnread(m *parts.Markup, t *forum.Thread) {
	switch {
	case t.Read == 0:
		threadBadge(m, "badge badge-new", "forum.unread")
	case t.Posts > t.Read:
		m.Raw(`<a class="badge badge-new" href="`, forum.Path(t.ID, t.Read+1), `">`)
		m.N("forum.new_posts", t.New())
		m.Raw(`</a>`)
	}
}
