package forum

import (
	"context"
	"slices"

	"github.com/a-h/templ"

	"ponti/account"
	"ponti/forum"
	"ponti/web/page/parts"
)

// labelled is a link or a button of a post: the word on it, and what it is called among those of other posts.
type labelled struct {
	word  string
	label parts.Numbered
}

// postTexts are what stands on every post of a page.
type postTexts struct {
	history, quote, edit, remove, note, mute, report, reacted labelled
	number, permalink                                         parts.Numbered
	edited                                                    string
	reactions                                                 []string // as forum.Reactions
}

func textsOfPosts(ctx context.Context) postTexts {
	numbered := func(key string) parts.Numbered { return parts.NumberedText(ctx, key, "Number") }
	of := func(word, label string) labelled { return labelled{parts.Escaped(ctx, word), numbered(label)} }
	t := postTexts{
		history: of("forum.history", "forum.history_label"),
		quote:   of("forum.quote", "forum.quote_label"),
		edit:    of("forum.edit", "forum.edit_label"),
		remove:  of("forum.delete", "forum.delete_label"),
		note:    of("forum.note", "forum.note_label"),
		mute:    of("forum.mute", "forum.mute_label"),
		report:  of("forum.report", "forum.report_label"),
		reacted: of("forum.reacted_who", "forum.reacted_label"),
		number:  numbered("forum.number"), permalink: numbered("forum.permalink"), edited: parts.Escaped(ctx, "forum.edited"),
	}
	for _, r := range forum.Reactions() {
		t.reactions = append(t.reactions, parts.Escaped(ctx, "forum.reaction_"+string(r)))
	}
	return t
}

// posts are those of a page, and where one stood.
func posts(ctx context.Context, l *forum.PostList) templ.Component {
	all, from, texts := places(*l), l.NewFrom(), textsOfPosts(ctx)
	thread := threadPath(l.Thread.ID)
	return parts.Each(len(all), func(ctx context.Context, m *parts.Markup, i int) {
		p := all[i].post
		if p == nil {
			m.Component(ctx, former(*l, *all[i].former))
			return
		}
		if p.Number == from {
			m.Raw(`<p class="new-from-here" id="new">`)
			m.T("forum.new_from_here")
			m.Raw(`</p>`)
		}
		w := postWriter{Markup: m, l: l, p: p, texts: &texts, thread: thread, path: string(postPath(p.ID))}
		w.post(ctx)
	})
}

// postWriter writes one post.
type postWriter struct {
	*parts.Markup

	l      *forum.PostList
	p      *forum.Post
	texts  *postTexts
	thread string // its path
	path   string // the post's own
}

func (w *postWriter) post(ctx context.Context) {
	p := w.p
	w.Raw(`<article class="post`)
	if p.Mine {
		w.Raw(` post-mine`)
	}
	if p.State != forum.Shown {
		w.Raw(` post-gone`)
	}
	if isArticle(w.l, p) {
		w.Raw(` post-article`)
	}
	w.Raw(`" id="post-`)
	w.Number(p.Number)
	w.Raw(`" aria-labelledby="by-`)
	w.Number(p.Number)
	w.Raw(`">`)
	w.head(ctx)
	w.body(ctx)
	if inDanger(*p) {
		w.Component(ctx, careFor(*p))
	}
	if p.RevealedAt != nil {
		w.Component(ctx, revealed(p.RevealedAt))
	}
	w.reactions()
	if p.State != forum.Deleted {
		w.actions()
	}
	w.Raw(`</article> `)
}

func (w *postWriter) head(ctx context.Context) {
	p := w.p
	w.Raw(`<header class="post-head" id="by-`)
	w.Number(p.Number)
	w.Raw(`">`)
	writeAuthor(ctx, w.Markup, &p.Author)
	if p.Number == w.l.Thread.Answer {
		w.badge("forum.is_answer")
	}
	if what := w.l.Round.PurposeOf(p.Number); what != "" && what != forum.ForOpening {
		w.badge("round.purpose_" + string(what))
	}
	w.Raw(`<span class="muted">`)
	w.When(p.At)
	w.Raw(` `)
	if p.EditedAt != nil {
		w.Raw(w.texts.edited, ` `)
	}
	if p.History {
		w.link("/history", &w.texts.history)
	}
	w.Raw(`</span> <a class="post-number" href="`, w.thread)
	if after := forum.PageOf(p.Number); after > 0 {
		w.Raw(`?after=`)
		w.Number(after)
	}
	w.Raw(`#post-`)
	w.Number(p.Number)
	w.Raw(`" aria-label="`)
	w.Numbered(w.texts.permalink, p.Number)
	w.Raw(`">`)
	w.Numbered(w.texts.number, p.Number)
	w.Raw(`</a></header>`)
}

func (w *postWriter) badge(key string) {
	w.Raw(`<span class="badge badge-role">`)
	w.T(key)
	w.Raw(`</span>`)
}

func (w *postWriter) body(ctx context.Context) {
	p := w.p
	switch {
	case p.State == forum.Deleted:
		w.Raw(`<p class="muted"><i>`)
		w.T("forum.deleted_post")
		w.Raw(`</i></p>`)
		return
	case p.State == forum.Hidden:
		w.Component(ctx, hiddenPost(*p))
		return
	case len(p.Notes) == 0 && p.Muted == "":
		w.Raw(`<div class="post-text">`, p.HTML, `</div>`)
	default:
		text := templ.Raw(`<div class="post-text">` + p.HTML + `</div>`)
		w.Component(templ.WithChildren(ctx, text), folded(p.Notes, p.Muted, p.Mine || w.l.OpenNoted))
	}
	if p.Mine && len(p.AddedNotes) > 0 {
		w.Raw(`<p class="muted">`)
		w.T("forum.note_mine")
		w.Raw(`</p>`)
	}
}

// reactions are the kind words that a post was given, and for others than its author the buttons to give them. Nobody is told how many.
func (w *postWriter) reactions() {
	p := w.p
	switch {
	case p.State == forum.Shown && w.l.MayReact && !p.Mine:
		w.Raw(`<form class="reactions" method="post" action="`, w.path, `/reactions">`)
		for i, r := range forum.Reactions() {
			w.Raw(`<button class="reaction`)
			if slices.Contains(p.Reactions, r) {
				w.Raw(` reaction-given`)
			}
			w.Raw(`" id="`, string(r), `-`)
			w.Number(p.Number)
			give, pressed := "give", "false"
			if slices.Contains(p.MyReactions, r) { // it is taken back
				give, pressed = "take", "true"
			}
			w.Raw(`" name="`, give, `" value="`, string(r), `" aria-pressed="`, pressed, `">`, w.texts.reactions[i], `</button>`)
		}
		w.reactedLink()
		w.Raw(`</form>`)
	case len(p.Reactions) > 0:
		w.Raw(`<p class="reactions">`)
		for _, r := range p.Reactions {
			w.Raw(`<span class="reaction reaction-given">`)
			w.T("forum.reaction_" + string(r))
			w.Raw(`</span> `)
		}
		w.reactedLink()
		w.Raw(`</p>`)
	}
}

func (w *postWriter) reactedLink() {
	if len(w.p.Reactions) > 0 {
		w.Raw(`<a class="reacted-link" href="`, w.path, `/reactions`)
		w.labelled(&w.texts.reacted)
	}
}

// actions are what the reader may do with a post.
func (w *postWriter) actions() {
	p, l := w.p, w.l
	w.Raw(`<ul class="post-actions">`)
	if l.MayWrite && p.State == forum.Shown {
		w.Raw(`<li><a href="`, w.thread, `/reply?quote=`, p.ID.String())
		w.labelled(&w.texts.quote)
		w.Raw(`</li>`)
	}
	if l.CanAnswer(p) {
		if p.Number == l.Thread.Answer {
			w.answerButton("no-answer", "forum.unmark_answer")
		} else {
			w.answerButton("answer", "forum.mark_answer")
		}
	}
	switch {
	case p.Mine:
		if l.CanEdit(p) {
			w.item("/edit", &w.texts.edit)
		}
		if l.CanDelete(p) {
			w.item("/delete", &w.texts.remove)
		}
	case p.HTML != "":
		if l.MayNote {
			w.item("/notes", &w.texts.note)
		}
		if !p.Author.Nameless {
			w.item("/mute", &w.texts.mute)
		}
		w.Raw(`<li><a href="`, string(reportURL(p.ID)))
		w.labelled(&w.texts.report)
		w.Raw(`</li>`)
	}
	w.Raw(`</ul>`)
}

// item is a link of the list to a page of the post.
func (w *postWriter) item(to string, texts *labelled) {
	w.Raw(`<li>`)
	w.link(to, texts)
	w.Raw(`</li>`)
}

func (w *postWriter) link(to string, texts *labelled) {
	w.Raw(`<a href="`, w.path, to)
	w.labelled(texts)
}

// labelled ends a link that is open in its address.
func (w *postWriter) labelled(texts *labelled) {
	w.Raw(`" aria-label="`)
	w.Numbered(texts.label, w.p.Number)
	w.Raw(`">`, texts.word, `</a>`)
}

// answerButton says of a post that it answers, or does not any more.
func (w *postWriter) answerButton(act, key string) {
	w.Raw(`<li><form method="post" action="`, w.path, `/`, act, `"><button class="quiet" type="submit" aria-label="`)
	w.T(key)
	w.Raw(`, `)
	w.Numbered(w.texts.number, w.p.Number)
	w.Raw(`">`)
	w.T(key)
	w.Raw(`</button></form></li>`)
}

// author is who wrote something.
func author(a authorOf) templ.Component {
	return parts.Each(1, func(ctx context.Context, m *parts.Markup, _ int) { writeAuthor(ctx, m, &a) })
}

func writeAuthor(ctx context.Context, m *parts.Markup, a *authorOf) {
	m.Raw(`<span class="who`)
	if a.Nameless {
		m.Raw(` who-nameless`)
	}
	m.Raw(`"><b dir="auto">`)
	m.Text(alias(ctx, *a))
	m.Raw(`</b>`)
	if (account.Actor{Role: a.Role}).IsStaff() {
		m.Component(ctx, parts.RoleBadge(a.Role))
	}
	m.Raw(`</span>`)
}
